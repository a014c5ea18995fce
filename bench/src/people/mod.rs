//! `cargo xtask bench people`: what it takes to bring a person in: how soon they see a run as it goes on, how soon what
//! they do shows, what a run costs that waits for them, and how soon a question and its answer are through.
//!
//! The peer is puppeteer with Chromium's own screencast, on the same page in the same browser: it looks at a browser of its own,
//! so nothing lies between but a socket, and nobody draws what it is shown.
//!
//! The person sits at a browser of their own, which Playwright drives, on the same machine; so what their browser
//! costs is in the figures.
//!
//! Not here: whether what they do is right; the console's tests have that.

mod live;
mod parked;
mod peer;

use fixtures::portal::User;
use serde_json::json;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::world::{Fleet, Plan};

use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::{Look, print_json, print_table};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of a table.
    #[arg(long)]
    json: bool,
    /// How often a live view is opened, and how often it is clicked on.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// How many runs wait beside the first.
    #[arg(long, default_value_t = 4)]
    parked: usize,
    /// For how many seconds it is looked what they cost; with one, for a minute at most.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// What everybody here signs in with.
const PASSWORD: &str = "correct horse battery";

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress::new();
    let mut rows = Vec::new();
    live::measure(arguments.rounds, &progress, &mut rows).await?;
    parked::measure(&arguments, &progress, &mut rows).await?;
    if arguments.json {
        print_json(&rows)?;
    } else {
        print_table(&rows, Look::Plain);
    }
    Ok(())
}

/// A fleet whose leases outlast whatever is looked at.
fn plan() -> Plan {
    Plan::new().with("lease.term", "20s").with("challenge.term", "1h").with("log.filter", "warn")
}

/// Adds an operator.
async fn add_operator(fleet: &Fleet, login: &str) -> Result<(), Failure> {
    let ran = fleet.run(&["user", "create", login, "--role", "operator"], &format!("{PASSWORD}\n")).await?;
    if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr.into()) }
}

/// Has a run of one more entity sign in as one of the bank's users, to where the bank asks for a code; its connection.
async fn sign_in(integrator: &Integrator, user: &User) -> Result<String, Failure> {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": user.username })).await?;
    let entity = entity["entityId"].as_str().unwrap_or_default().to_owned();
    let credentials = json!({ "bankUsername": user.username, "password": user.password });
    Ok(integrator.set_up_with(&entity, "harbour", &credentials).await?)
}

/// The page of the run of a connection.
async fn page_of(fleet: &Fleet, connection: &str) -> Result<String, Failure> {
    let operator = fleet.operator()?;
    let run = eventually(async || {
        let leases = operator.list("/control/v1/leases").await.ok()?;
        let own = leases.iter().find(|lease| lease["connectionId"] == connection)?;
        own["runId"].as_str().map(str::to_owned)
    });
    Ok(format!("/console/runs/{}", run.await.ok_or("no run was leased")?))
}
