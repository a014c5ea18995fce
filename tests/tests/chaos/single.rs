//! One fault at a time, at the moment at which it is worst.
//!
//! Not here: many at once (`seeds`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use fixtures::faults::Faults;
use fixtures::oracle::{Act, LogEntry};
use serde_json::{Value, json};
use tests::chaos::auditor::Auditor;
use tests::chaos::chronicle::{Chronicle, What};
use tests::chaos::people::{Crowd, Person};
use tests::chaos::timeline::{Telling, now_ms};
use tests::chaos::world::{Clock, Settings, TERM, World};
use tests::chaos::{Failure, settle};
use tests::patience::{eventually, within};
use tests::programs::{Sighting, descendants};

use crate::Outcome;

/// What was on its way to the bank when somebody was stopped arrives within this.
const ON_ITS_WAY_MS: u64 = 250;

/// Within this a run knows that its browser is of no use any more, and nothing of that is left.
const FOUND_OUT: Duration = Duration::from_secs(5);
/// Within this its slot works on a run again.
const OF_USE: Duration = Duration::from_secs(8);

/// A small world, in which everybody has begun to ask.
async fn world(agents: usize, people: usize) -> Result<(Arc<World>, Crowd), Failure> {
    world_with(agents, 2, people).await
}

async fn world_with(agents: usize, slots: usize, people: usize) -> Result<(Arc<World>, Crowd), Failure> {
    let world = start(settings(agents, slots, people)).await?;
    let crowd = Crowd::of(&world);
    Ok((world, crowd))
}

fn settings(agents: usize, slots: usize, people: usize) -> Settings {
    Settings { seed: 1, agents, slots, people, erring: 0, term: TERM, telling: Telling::Afterwards }
}

async fn start(settings: Settings) -> Result<Arc<World>, Failure> {
    let world = World::start(settings).await?;
    // Slow enough that there is a middle.
    world.portal.set_faults(Faults { slow_ms: 150, ..Faults::default() });
    Ok(Arc::new(world))
}

/// What the bank was asked in the sessions of a user.
fn asked(world: &World, person: &Person) -> Vec<LogEntry> {
    let log = world.portal.oracle().log.into_iter();
    log.filter(|entry| entry.user.as_ref() == Some(&person.user)).collect()
}

/// Waits until the bank is being read in a session of the person; its name, and where the
/// agent is that reads.
async fn reading(world: &World, person: &Person) -> Result<(String, usize), Failure> {
    let found = eventually(async || {
        let place = place(world, &lease(world, person).await?).await?;
        let last = asked(world, person).pop()?;
        (last.act == Act::TransactionsRead).then_some((last.session?, place))
    });
    Ok(found.await.ok_or("nothing was read")?)
}

async fn lease(world: &World, person: &Person) -> Option<Value> {
    let leases = world.operator.list("/control/v1/leases").await.ok()?;
    leases.into_iter().find(|lease| lease["connectionId"] == person.connection.as_str())
}

/// Where the agent is that has a lease.
async fn place(world: &World, lease: &Value) -> Option<usize> {
    let agents = world.operator.list("/control/v1/agents").await.ok()?;
    let agent = agents.iter().find(|agent| agent["id"] == lease["agentId"])?;
    let name = agent["name"].as_str()?;
    world.seats.iter().position(|seat| seat.kept.lives().last().is_some_and(|life| life.name == name))
}

/// Waits until a session begins that isn't `session`.
async fn another(world: &World, person: &Person, session: &str) -> Result<String, Failure> {
    let begun = eventually(async || {
        let log = asked(world, person);
        let mut sessions = log.into_iter().filter(|entry| entry.act == Act::PasswordAccepted);
        let at = |name: &str| name.trim_start_matches('s').parse::<u32>().ok();
        sessions.find(|entry| entry.session.as_deref().and_then(at) > at(session))?.session
    });
    Ok(begun.await.ok_or("no other session began")?)
}

/// What was asked in a session after a moment, in milliseconds of the Unix epoch.
fn asked_after(world: &World, person: &Person, session: &str, at_ms: u64) -> Vec<LogEntry> {
    let log = asked(world, person).into_iter();
    log.filter(|entry| entry.session.as_deref() == Some(session) && entry.at_ms > at_ms).collect()
}

#[tokio::test]
async fn an_agent_that_is_frozen_past_its_term_asks_the_bank_nothing_when_it_thaws() -> Outcome {
    let (world, crowd) = world(2, 1).await?;
    let person = &world.people[0];
    let (session, frozen) = reading(&world, person).await?;
    assert!(world.freeze(frozen));
    let at = now_ms();
    let other = another(&world, person, &session).await?;
    world.thaw(frozen);
    let life = world.seats[frozen].kept.lives().pop().ok_or("a life")?;
    let noticed = async || life.talk.text().contains("the session is ended").then_some(());
    eventually(noticed).await.ok_or_else(|| life.talk.text())?;
    // The other session reads on, and the run ends.
    let completed = async || {
        asked(&world, person)
            .iter()
            .any(|entry| entry.session.as_ref() == Some(&other) && entry.act == Act::SignedOut)
            .then_some(())
    };
    eventually(completed).await.ok_or("the other session was never signed out")?;
    assert_eq!(asked_after(&world, person, &session, at + ON_ITS_WAY_MS), Vec::new());
    crowd.go().await;
    Ok(())
}

#[tokio::test]
async fn a_run_whose_agent_hears_nothing_more_goes_elsewhere_once_its_session_has_ended() -> Outcome {
    let (world, crowd) = world(2, 1).await?;
    let person = &world.people[0];
    let (session, stalled) = reading(&world, person).await?;
    assert!(world.stall(stalled));
    let at = now_ms();
    another(&world, person, &session).await?;
    let term = u64::try_from(TERM.as_millis())?;
    assert_eq!(asked_after(&world, person, &session, at + term), Vec::new(), "it is believed in for a term at most");
    assert_eq!(world.portal.oracle().overlaps, 0);
    crowd.go().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_for_whom_time_is_slow_overstays_and_the_oracle_sees_it() -> Outcome {
    // It renews in time on a busy machine, too, and the other one signs in before it gives up.
    let world = start(Settings { term: TERM * 4, ..settings(2, 1, 1) }).await?;
    eventually(async || world.set_clock(0, Clock::Slow).then_some(())).await.ok_or("the agent lives")?;
    eventually(async || (world.seats[0].kept.lives().len() > 1).then_some(())).await.ok_or("it comes back")?;
    // The other one is away, and what it asked before waits for no run any more.
    eventually(async || (world.freeze(1) && world.cut(1)).then_some(())).await.ok_or("the other one lives")?;
    // Whoever reads still does when it is stopped.
    world.portal.set_faults(Faults { slow_ms: 300, ..Faults::default() });
    let crowd = Crowd::of(&world);
    let person = &world.people[0];
    let (session, reader) = reading(&world, person).await?;
    assert_eq!(reader, 0, "the other one can't");
    assert!(world.stall(0) && world.freeze(0), "it isn't told that its lease lapses");
    world.thaw(1);
    another(&world, person, &session).await?;
    let of_session = |entry: &LogEntry| entry.session.as_ref() == Some(&session);
    let has_ended = asked(&world, person).iter().any(|entry| of_session(entry) && entry.act == Act::SignedOut);
    assert!(!has_ended, "it was stopped too late");
    world.thaw(0);
    let seen = async || (world.portal.oracle().overlaps > 0).then_some(());
    within(world.term, seen).await.ok_or_else(|| world.timeline.text())?;
    crowd.go().await;
    Ok(())
}

#[tokio::test]
async fn a_dead_agents_run_is_elsewhere_within_a_term_and_two_seconds() -> Outcome {
    let (world, crowd) = world(2, 1).await?;
    let person = &world.people[0];
    let (_, killed) = reading(&world, person).await?;
    let held = lease(&world, person).await.ok_or("a lease")?;
    assert!(world.kill_hard(killed));
    let died = Instant::now();
    let elsewhere = within(TERM + Duration::from_secs(2), async || {
        let now = lease(&world, person).await?;
        (now["agentId"] != held["agentId"] && now["runId"] == held["runId"]).then_some(())
    });
    elsewhere.await.ok_or_else(|| format!("{:?} after the death: {}", died.elapsed(), world.timeline.text()))?;
    crowd.go().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_takes_every_agent_down_is_set_aside_and_harms_nobody_else() -> Outcome {
    // A run that is in the same agent goes down with it, and is counted for it.
    let (world, crowd) = world_with(2, 1, 2).await?;
    let auditor = Auditor::of(&world);
    assert!(world.poison(0));
    let (poisoned, other) = (&world.people[0], &world.people[1]);
    let set_aside = async || world.timeline.text().contains("the poison run is set aside").then_some(());
    eventually(set_aside).await.ok_or_else(|| world.timeline.text())?;
    let at = now_ms();
    // The audit's operator revives it.
    let synced = async |person: &Person| {
        let synced = person.seen()["lastSyncedAt"].as_str()?.parse::<jiff::Timestamp>().ok()?;
        (synced.as_millisecond() > i64::try_from(at).ok()?).then_some(())
    };
    eventually(async || synced(poisoned).await).await.ok_or_else(|| world.timeline.text())?;
    eventually(async || synced(other).await).await.ok_or_else(|| world.timeline.text())?;
    let poisoned = poisoned.connection.clone();
    let outcome = settle(world, crowd, auditor).await?;
    assert!(outcome.holds(), "{}{}", outcome.story, outcome.findings.text());
    let letters: Vec<_> =
        outcome.set_aside.iter().map(|letter| (letter["connectionId"].clone(), letter["crashes"].clone())).collect();
    assert_eq!(letters, [(json!(poisoned), json!(3))], "{}", outcome.story);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_whose_clocks_are_hours_ahead_read_as_others_do() -> Outcome {
    let (world, crowd) = world(2, 2).await?;
    let auditor = Auditor::of(&world);
    for (place, seconds) in [(0, 4_000), (1, 40_000)] {
        eventually(async || world.skew_clock(place, seconds).then_some(())).await.ok_or("the agents live")?;
    }
    let others = async || world.seats.iter().all(|seat| seat.kept.lives().len() > 1).then_some(());
    eventually(others).await.ok_or("the agents come back")?;
    let completed = async || {
        let has_completed = |seat: &tests::chaos::world::Seat| {
            seat.kept.lives().last().is_some_and(|life| life.talk.text().contains("completed accounts="))
        };
        world.seats.iter().all(has_completed).then_some(())
    };
    eventually(completed).await.ok_or_else(|| world.timeline.text())?;
    let outcome = settle(world, crowd, auditor).await?;
    assert!(outcome.holds(), "{}{}", outcome.story, outcome.findings.text());
    assert!(!outcome.talks.iter().any(|(_, talk)| talk.contains("went silent") && talk.contains("crashes=2")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_whose_clock_is_behind_its_browsers_lets_its_leases_go() -> Outcome {
    let (world, crowd) = world(1, 1).await?;
    let auditor = Auditor::of(&world);
    eventually(async || world.skew_clock(0, -40_000).then_some(())).await.ok_or("the agent lives")?;
    let person = &world.people[0];
    let let_go = async || {
        let life = world.seats[0].kept.lives().into_iter().nth(1)?;
        life.talk.text().contains("the session is ended").then_some(())
    };
    eventually(let_go).await.ok_or_else(|| world.timeline.text())?;
    assert!(asked(&world, person).is_empty(), "nothing was submitted");
    world.skew_clock(0, 0);
    let outcome = settle(world, crowd, auditor).await?;
    assert!(outcome.holds(), "{}{}", outcome.story, outcome.findings.text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_older_costs_time_and_nothing_else() -> Outcome {
    let (world, crowd) = world(2, 1).await?;
    let auditor = Auditor::of(&world);
    let person = &world.people[0];
    let (mut session, _) = reading(&world, person).await?;
    assert!(world.remember_redis().await);
    // Redis forgets more than one fence.
    for _ in 0..2 {
        session = another(&world, person, &session).await?;
    }
    reading(&world, person).await?;
    world.roll_back_redis().await;
    another(&world, person, &session).await?;
    let outcome = settle(world, crowd, auditor).await?;
    assert!(outcome.holds(), "{}{}", outcome.story, outcome.findings.text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_devtools_socket_is_found_out_and_its_browser_ends() -> Outcome {
    found_out(World::stall_devtools).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_devtools_socket_is_found_out_and_its_browser_ends() -> Outcome {
    found_out(World::cut_devtools).await
}

/// Has a fault come between the only agent and its browser while it reads, whose run then has to
/// go on in another browser.
async fn found_out(fault: impl Fn(&World, usize) -> bool) -> Outcome {
    let (world, crowd) = world_with(1, 1, 1).await?;
    let auditor = Auditor::of(&world);
    let person = &world.people[0];
    let (session, place) = reading(&world, person).await?;
    let held = lease(&world, person).await.ok_or("a lease")?;
    let agent = world.seats[place].kept.pid().ok_or("the agent lives")?;
    let below: Vec<_> = descendants(agent).into_iter().filter_map(Sighting::of).collect();
    let crashes = || Chronicle::of(&world).failures.get("platform.browser.crashed").copied().unwrap_or(0);
    let leases = || {
        let entries = Chronicle::of(&world).entries.into_iter();
        entries.filter(|it| held["runId"] == it.run.as_str() && matches!(it.what, What::Leased { .. })).count()
    };
    let before = (crashes(), leases());
    assert!(fault(&world, place));
    let at = Instant::now();
    let told = |what: &str| format!("{what} {:?} after the fault:\n{}", at.elapsed(), world.timeline.text());

    let is_gone = async || (crashes() > before.0 && !below.iter().any(|it| it.is_alive())).then_some(());
    within(FOUND_OUT, is_gone).await.ok_or_else(|| told("it isn't found out"))?;
    let again = async || (leases() > before.1).then_some(());
    within(OF_USE.saturating_sub(at.elapsed()), again).await.ok_or_else(|| told("the slot isn't of use"))?;
    another(&world, person, &session).await?;

    assert_eq!(world.seats[place].kept.pid(), Some(agent), "the agent itself lives on");
    let outcome = settle(world, crowd, auditor).await?;
    assert!(outcome.holds(), "{}{}", outcome.story, outcome.findings.text());
    Ok(())
}
