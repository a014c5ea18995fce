//! `cargo xtask bench api`: reads with a full ledger on each store, and deliveries with a
//! dead endpoint.
//!
//! Not here: how fast records are taken in; it is shown, and the bench of ledgers looks into it.

use std::time::Duration;

use tests::integrator::Integrator;
use tests::postgres::Postgres;
use tests::world::{Fleet, Plan};
use tokio::net::TcpListener;

use crate::Failure;
use crate::deliveries::deliver;
use crate::fill::fill;
use crate::load::{at_rate, one_by_one};
use crate::peer::Datasette;
use crate::progress::Progress;
use ::tests::rows::{Look, Row, print_json, print_table};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of a table.
    #[arg(long)]
    json: bool,
    /// How many transactions the ledger holds.
    #[arg(long, default_value_t = 1_000_000)]
    transactions: usize,
    /// How many requests are sent in a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// For how many seconds each kind of request is sent.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// How many deliveries are made.
    #[arg(long, default_value_t = 10_000)]
    deliveries: usize,
}

/// A read may take this long at the 99th percentile, in milliseconds.
const SLOWEST: f64 = 20.0;

/// What a dead endpoint may cost a good one.
const DEAD_COST: f64 = 1.2;

/// How often the peer is asked.
const PEER_ROUNDS: usize = 60;

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress::new();
    let mut rows = Vec::new();
    measure("SQLite", plan(), &arguments, &progress, &mut rows).await?;
    let postgres = Postgres::start().await?;
    let plan = plan().with("store.url", &postgres.url());
    measure("PostgreSQL", plan, &arguments, &progress, &mut rows).await?;
    if arguments.json {
        print_json(&rows)?;
    } else {
        print_table(&rows, Look::Plain);
    }
    Ok(())
}

fn plan() -> Plan {
    let plenty = "1000000";
    Plan::new()
        .agents(0)
        .with("rate_limit.requests_per_second", plenty)
        .with("rate_limit.burst", plenty)
        .with("lease.term", "60s")
        .with("log.filter", "warn")
}

async fn measure(
    store: &str,
    plan: Plan,
    arguments: &Arguments,
    progress: &Progress,
    rows: &mut Vec<Row>,
) -> Result<(), Failure> {
    let fleet = plan.start().await?;
    let integrator = fleet.integrator("default").await?;
    let taken_in = fill(&fleet, &integrator, arguments.transactions, progress).await?;
    rows.push(Row::new(format!("{store}: transactions handed in"), taken_in, "rows/s"));
    reads(store, &fleet, &integrator, arguments, progress, rows).await?;
    progress.say(format!("{store}: deliveries"));
    let alone = deliver(&fleet, &integrator, arguments.deliveries, None, progress).await?;
    let dead = TcpListener::bind("127.0.0.1:0").await?;
    let beside = deliver(&fleet, &integrator, arguments.deliveries, Some(&dead), progress).await?;
    let count = arguments.deliveries as f64;
    let row = Row::new(format!("{store}: {count} deliveries beside a dead endpoint"), count / beside, "s");
    rows.push(row.beside("beside a good one", count / alone).ratio_at_most(DEAD_COST));
    Ok(())
}

/// Each kind of read, at the rate that is asked for, and one by one beside the peer.
async fn reads(
    store: &str,
    fleet: &Fleet,
    integrator: &Integrator,
    arguments: &Arguments,
    progress: &Progress,
    rows: &mut Vec<Row>,
) -> Result<(), Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let kinds = kinds(integrator).await?;
    for (kind, paths) in &kinds {
        progress.say(format!("{store}: {kind}, {} requests a second", arguments.rate));
        let build =
            |path: &String| client.get(format!("{}{path}", fleet.address())).bearer_auth(integrator.key()).build();
        let requests = paths.iter().map(build).collect::<Result<Vec<_>, _>>()?;
        let latencies = at_rate(&client, &requests, arguments.rate, Duration::from_secs(arguments.seconds)).await?;
        rows.push(Row::new(format!("{store}: {kind}, p50"), latencies.percentile(50), "ms"));
        rows.push(Row::new(format!("{store}: {kind}, p99"), latencies.percentile(99), "ms").at_most(SLOWEST));
    }
    if store != "SQLite" {
        return Ok(());
    }
    progress.say("Datasette, on the same file");
    let datasette = Datasette::start(&fleet.folder().join("data/bursar.sqlite"), &client).await?;
    let page = "/v1/transactions?limit=100";
    let ours = client.get(format!("{}{page}", fleet.address())).bearer_auth(integrator.key()).build()?;
    let sql = "select * from transactions order by sort_date desc, id desc limit 100";
    let theirs = datasette.request(&client, "bursar", sql)?;
    // Once each before it counts.
    one_by_one(&client, &ours, 5).await?;
    one_by_one(&client, &theirs, 1).await?;
    let ours = one_by_one(&client, &ours, PEER_ROUNDS).await?;
    let theirs = one_by_one(&client, &theirs, PEER_ROUNDS.min(10)).await?;
    let row = Row::new("SQLite: 100 latest transactions, one by one, p50", ours.percentile(50), "ms");
    rows.push(row.beside(format!("Datasette, {sql}"), theirs.percentile(50)));
    Ok(())
}

/// The reads that integrators make most, with addresses to go through in turn.
async fn kinds(integrator: &Integrator) -> Result<Vec<(&'static str, Vec<String>)>, Failure> {
    let accounts = integrator.get("/v1/accounts?limit=20").await?;
    let ids = |list: &serde_json::Value| -> Vec<String> {
        let items = list["data"].as_array().into_iter().flatten();
        items.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    };
    let accounts = ids(&accounts);
    let mut pages = vec!["/v1/transactions?limit=100".to_owned()];
    let mut page = integrator.get(&pages[0]).await?;
    let transactions = ids(&page);
    for _ in 0..20 {
        let Some(cursor) = page["pagination"]["nextCursor"].as_str() else { break };
        pages.push(format!("/v1/transactions?limit=100&cursor={cursor}"));
        page = integrator.get(&pages[pages.len() - 1]).await?;
    }
    let head = integrator.get("/v1/transactions/sync").await?;
    let head = head["nextCursor"].as_str().unwrap_or_default().to_owned();
    let of_accounts = |tail: &str| accounts.iter().map(|id| format!("{tail}{id}")).collect();
    Ok(vec![
        ("100 transactions, page after page", pages),
        (
            "100 transactions of an account since a day",
            of_accounts("/v1/transactions?postedDateGte=2026-03-01&accountId="),
        ),
        ("one transaction", transactions.iter().map(|id| format!("/v1/transactions/{id}")).collect()),
        ("100 accounts", vec!["/v1/accounts".to_owned()]),
        ("100 daily balances of an account", of_accounts("/v1/balances?accountId=")),
        ("the stream from its head", vec![format!("/v1/transactions/sync?cursor={head}")]),
    ])
}
