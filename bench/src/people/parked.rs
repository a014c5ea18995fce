//! Runs that wait for a person: what they cost, and how soon a question and its answer are through.

use std::time::Duration;

use fixtures::harbour::{Harbour, HarbourSettings};
use fixtures::oracle::Act;
use fixtures::portal::{RunningPortal, User};
use serde_json::json;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::person::{Browser, Person, Sight};
use tests::usage::{cpu_seconds, own_cpu_seconds};
use tokio::time::{Instant, sleep};

use super::{Arguments, PASSWORD, add_operator, plan, sign_in};
use crate::Failure;
use crate::load::Latencies;
use crate::processes::{Held, held};
use crate::progress::Progress;
use ::tests::rows::Row;

/// How often it is looked whether a question is there, or its answer.
const LOOK: Duration = Duration::from_millis(2);

/// For how long the bank takes its codes, with room for what is done until the last is given.
const BANK_WAITS: Duration = Duration::from_secs(240);

/// The most CPU that one more parked run may take, in milliseconds a minute: half a hundredth of a core.
const MOST_CPU: f64 = 300.0;

/// The most memory that one more parked run may take, in MB: a page that stays open, and what the agent keeps of it.
const MOST_MEMORY: f64 = 100.0;

/// How late a question may stand at the API, in milliseconds after the bank's message: half of them.
const AT_API: f64 = 1_000.0;

/// The same for its card in an inbox that is open, however slow: pages are told once a second.
const IN_INBOX: f64 = 3_000.0;

/// How late an answer may be with the bank, in milliseconds, however slow.
const ANSWERED: f64 = 2_000.0;

pub(super) async fn measure(arguments: &Arguments, progress: &Progress, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let user = |number: usize| User { username: format!("clerk.{number}"), password: format!("Harbour-{number}-pass") };
    let further_users = (1..=arguments.parked).map(user).collect();
    let portal = Harbour::start(HarbourSettings { further_users, ..HarbourSettings::default() }).await?;
    let parked = format!("{}", arguments.parked + 1);
    // The banks' questions outlast whatever is looked at.
    let term = format!("{}s", arguments.seconds + 3_600);
    let plan = plan().with("development.portal_urls.harbour", portal.url()).with("challenge.term", &term);
    let plan = plan.agents_are_told(&["--parked", &parked]);
    let fleet = plan.start().await?;
    let agent = fleet.agents.first().and_then(tests::programs::Program::pid).ok_or("no agent runs")?;
    let integrator = fleet.integrator("default").await?;
    add_operator(&fleet, "ada").await?;
    let said = |error: tests::person::Trouble| error.to_string();
    let browser = Browser::start(fleet.address()).await.map_err(said)?;
    let ada = browser.person("ada", Sight::default()).await.map_err(said)?;
    ada.signs_in("ada", PASSWORD).await.map_err(said)?;
    ada.opens("/console/challenges").await.map_err(said)?;
    let (mut shown, mut seen) = (Vec::new(), Vec::new());
    let mut ids = Vec::new();
    let mut before = Cost { a_minute: 0.0, held: Held { client: 0.0, browser: 0.0 } };
    let asked_at = Instant::now();
    for (number, user) in portal.users().enumerate() {
        progress.say(format!("{} parked", number + 1));
        let id = sign_in(&integrator, user).await?;
        let (at_api, at_console) = until_shown(&portal, &integrator, &id, &ada, number).await?;
        shown.push(at_api);
        seen.push(at_console);
        ids.push(id);
        if number == 0 {
            // A page of the console that is open costs the coordinator and its own browser, not the agent.
            before = cost(agent, 1, arguments.seconds.min(60), rows).await?;
        }
    }
    let all = cost(agent, ids.len(), arguments.seconds, rows).await?;
    let more = f64::from(u32::try_from(ids.len().saturating_sub(1).max(1)).unwrap_or(u32::MAX));
    let memory = all.held.client - before.held.client + all.held.browser - before.held.browser;
    rows.push(Row::new("parked run: memory of each further one", memory / more, "MB").at_most(MOST_MEMORY));
    let cpu = (all.a_minute - before.a_minute) / more;
    rows.push(Row::new("parked run: CPU of each further one", cpu, "ms/min").at_most(MOST_CPU));
    let (shown, seen) = (Latencies::new(shown), Latencies::new(seen));
    rows.push(Row::new("challenge: the bank's message to the API, p50", shown.percentile(50), "ms").at_most(AT_API));
    rows.push(Row::new("challenge: the bank's message to the console's inbox, p50", seen.percentile(50), "ms"));
    rows.push(
        Row::new("challenge: the bank's message to the console's inbox, slowest", seen.percentile(100), "ms")
            .at_most(IN_INBOX),
    );
    if asked_at.elapsed() > BANK_WAITS {
        progress.say("the bank's sessions are over by now, so nothing is answered");
        return Ok(());
    }
    let mut typed = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let challenge = integrator.open_challenge(id, None).await?;
        let code = portal.phone().messages.get(number).map(|message| message.code.clone()).ok_or("no code came")?;
        let answered = Instant::now();
        integrator.answer(id, &challenge, &code).await?;
        let accepted = async || {
            let log = portal.oracle().log;
            (log.iter().filter(|entry| entry.act == Act::CodeAccepted).count() > number).then_some(())
        };
        wait(accepted).await.ok_or("the code didn't reach the bank")?;
        typed.push(answered.elapsed().as_secs_f64() * 1_000.0);
    }
    let typed = Latencies::new(typed);
    rows.push(Row::new("challenge: answer to the bank's having it, p50", typed.percentile(50), "ms"));
    rows.push(
        Row::new("challenge: answer to the bank's having it, slowest", typed.percentile(100), "ms").at_most(ANSWERED),
    );
    Ok(())
}

/// From the bank's text message to the open challenge at the API, and to its card in an inbox that was open before, in
/// milliseconds.
async fn until_shown(
    portal: &RunningPortal,
    integrator: &Integrator,
    id: &str,
    ada: &Person<'_>,
    before: usize,
) -> Result<(f64, f64), Failure> {
    let sent = wait(async || (portal.phone().messages.len() > before).then_some(())).await;
    sent.ok_or("no text message came")?;
    let since = Instant::now();
    let path = format!("/v1/connections/{id}/challenges");
    let at_api = async {
        let open = wait(async || {
            let challenges = integrator.list(&path).await.ok()?;
            challenges.iter().any(|challenge| challenge["status"] == "open").then_some(())
        });
        open.await.map(|()| since.elapsed().as_secs_f64() * 1_000.0)
    };
    let at_console = async {
        let card = format!(":nth-match(li.card, {})", before + 1);
        ada.does("see", json!({ "on": card })).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(since.elapsed().as_secs_f64() * 1_000.0)
    };
    let (at_api, at_console) = tokio::join!(at_api, at_console);
    Ok((at_api.ok_or("no challenge opened")?, at_console?))
}

/// What parked runs cost.
struct Cost {
    /// CPU of the agent and its browser, in milliseconds a minute.
    a_minute: f64,
    held: Held,
}

/// What so many parked runs cost: CPU over a while, and memory.
async fn cost(agent: u32, count: usize, seconds: u64, rows: &mut Vec<Row>) -> Result<Cost, Failure> {
    // What the sign-in left to be done is done by then.
    sleep(Duration::from_secs(3)).await;
    let (began, own, since) = (cpu_seconds(agent), own_cpu_seconds(agent), Instant::now());
    sleep(Duration::from_secs(seconds)).await;
    let a_minute = |spent: f64| spent / since.elapsed().as_secs_f64() * 60.0 * 1_000.0;
    let (own, all) = (a_minute(own_cpu_seconds(agent) - own), a_minute(cpu_seconds(agent) - began));
    let held = held(agent);
    let name = |what: &str| format!("{count} parked: {what}");
    rows.push(Row::new(name("CPU of agent and browser"), all, "ms/min"));
    rows.push(Row::new(name("CPU of the agent alone"), own, "ms/min"));
    rows.push(Row::new(name("memory of the agent"), own_memory(agent), "MB"));
    rows.push(Row::new(name("memory of its browser"), held.browser, "MB"));
    Ok(Cost { a_minute: all, held })
}

/// What the agent itself holds, in MB.
fn own_memory(agent: u32) -> f64 {
    crate::processes::memory_alone_mb(agent)
}

async fn wait(look: impl AsyncFn() -> Option<()>) -> Option<()> {
    eventually(async || {
        let seen = look().await;
        if seen.is_none() {
            sleep(LOOK).await;
        }
        seen
    })
    .await
}
