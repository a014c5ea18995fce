//! Things that happen to fleets: agents, coordinators and Redis go away in mid-run.
//!
//! Not here: what a bank does wrong.

use std::time::{Duration, Instant};

use fixtures::faults::Faults;
use fixtures::oracle::Act;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::patience::{eventually, within};
use tests::programs::{browsers_below, descendants, freeze_process, is_alive, kill_process_hard, thaw_process};
use tests::redis::Redis;
use tests::world::{Fleet, Plan};

use crate::{Outcome, active, answer, set_up, verdict};

/// Waits until the bank has served a page of transactions.
async fn reading(fleet: &Fleet) -> Outcome {
    let reads = async || {
        let log = fleet.portal.oracle().log;
        log.iter().any(|entry| entry.act == Act::TransactionsRead).then_some(())
    };
    Ok(eventually(reads).await.ok_or("nothing was read")?)
}

#[tokio::test]
async fn an_agent_that_is_killed_leaves_nothing_and_another_finishes_its_run() -> Outcome {
    let mut fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    // Slow enough that there is a middle to be killed in.
    fleet.portal.set_faults(Faults { slow_ms: 150, ..Faults::default() });
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    reading(&fleet).await?;

    let agent = fleet.agents.remove(0);
    let below = descendants(agent.pid().ok_or("the agent has ended")?);
    assert!(below.len() > 2, "a browser runs below the agent: {below:?}");
    agent.kill_hard().await;
    let gone = within(Duration::from_secs(2), async || (!below.iter().any(|&pid| is_alive(pid))).then_some(())).await;
    assert!(gone.is_some(), "left: {:?}", below.iter().filter(|&&pid| is_alive(pid)).collect::<Vec<_>>());
    let profiles = fleet.folder().join("agent-1/profiles");
    let left = async || std::fs::read_dir(&profiles).map_or(true, |mut left| left.next().is_none()).then_some(());
    assert!(within(Duration::from_secs(2), left).await.is_some(), "a profile was left");

    fleet.start_agent()?;
    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    active(&integrator, &id).await?;
    let verdict = verdict(&fleet, &integrator).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");

    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.concurrent_sessions_max), (2, 2, 1));
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(challenges.len(), 2, "a dead session's code isn't used in another: {challenges:#?}");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_is_killed_between_password_and_code_is_followed_by_a_look() -> Outcome {
    let mut fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    // The bank takes its time over the password; the agent dies before it hears.
    fleet.portal.set_faults(Faults { slow_ms: 1_500, ..Faults::default() });
    let id = set_up(&fleet, &integrator).await?;
    let submitted = async || (fleet.portal.oracle().password_submits == 1).then_some(());
    eventually(submitted).await.ok_or("no password was submitted")?;
    fleet.agents.remove(0).kill_hard().await;
    fleet.portal.set_faults(Faults::default());

    fleet.start_agent()?;
    let count = fleet.portal.oracle().codes_sent + 1;
    answer(&fleet, &integrator, &id, None, count).await?;
    active(&integrator, &id).await?;

    let talk = fleet.talk();
    let said: Vec<&str> = talk
        .lines()
        .filter(|line| line.contains("an effect is about to happen") || line.contains("looked at the portal"))
        .map(|line| {
            if line.contains("effect=password") {
                "password"
            } else if line.contains("outcome=absent") {
                "absent"
            } else {
                "other"
            }
        })
        .collect();
    assert_eq!(said.first(), Some(&"password"), "{talk}");
    assert_eq!(said.get(1), Some(&"absent"), "the second agent looked before it did anything: {talk}");
    assert_eq!(said.get(2), Some(&"password"), "{talk}");
    assert!(talk.contains("fence=1.1") && talk.contains("fence=1.2"), "a new fence: {talk}");
    assert_eq!(fleet.portal.oracle().password_submits, 2);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_is_asked_to_end_gives_its_run_back_and_leaves_nothing() -> Outcome {
    let mut fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    fleet.portal.set_faults(Faults { slow_ms: 100, ..Faults::default() });
    let id = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    reading(&fleet).await?;
    let agent = fleet.agents.remove(0);
    let below = descendants(agent.pid().ok_or("the agent has ended")?);
    let (code, said) = agent.end().await;
    assert_eq!(code, Some(0), "it ends well: {said}");
    let gone = within(Duration::from_secs(2), async || (!below.iter().any(|&pid| is_alive(pid))).then_some(())).await;
    assert!(gone.is_some(), "something outlived it: {said}");
    // It was in the middle of a run and had the time to finish it.
    assert!(said.contains("completed"), "{said}");
    active(&integrator, &id).await?;
    assert_eq!(fleet.portal.oracle().sessions, 1);
    Ok(())
}

#[tokio::test]
async fn a_browser_that_dies_while_a_person_thinks_is_noticed_at_once() -> Outcome {
    // A lease that outlasts the test: it isn't by its lapse that anybody notices.
    let fleet = Plan::new().with("lease.term", "5m").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let browsers = browsers_below(fleet.agents[0].pid().ok_or("the agent has ended")?);
    assert!(!browsers.is_empty(), "{:?}", descendants(fleet.agents[0].pid().unwrap_or_default()));
    browsers.into_iter().for_each(kill_process_hard);

    let seen = challenge["id"].as_str();
    let again = integrator.open_challenge(&id, seen).await?;
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!((&challenges[0]["status"], &challenges[1]["id"]), (&json!("cancelled"), &again["id"]));
    assert_eq!(challenges[0]["closedFor"], "sessionEnded");
    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    assert!(events.iter().any(|event| event["failure"]["code"] == "platform.browser.crashed"), "{events:#?}");
    answer(&fleet, &integrator, &id, seen, 2).await?;
    active(&integrator, &id).await?;
    Ok(())
}

#[tokio::test]
async fn a_question_of_an_agent_that_is_gone_is_closed_before_anybody_takes_over() -> Outcome {
    let mut fleet = Plan::new().with("lease.term", "3s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    fleet.agents.remove(0).kill_hard().await;

    // There is no other agent: it isn't by a new holder that anybody notices.
    let closed = async || {
        let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await.ok()?;
        challenges.into_iter().find(|one| one["closedFor"] == "agentGone")
    };
    let closed = eventually(closed).await.ok_or("the question of a dead agent stayed open")?;
    assert_eq!((&closed["id"], &closed["status"]), (&challenge["id"], &json!("cancelled")));
    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    let told = events.iter().find(|event| event["cause"] == "challengeClosed").ok_or("nothing was told")?;
    assert_eq!(told["failure"]["code"], "platform.agent_gone");
    let late = integrator.answer(&id, &challenge, "123456").await;
    assert!(late.is_err_and(|error| error.to_string().contains("409")), "nobody waits for it any more");

    fleet.start_agent()?;
    answer(&fleet, &integrator, &id, challenge["id"].as_str(), 2).await?;
    active(&integrator, &id).await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_revoked_in_mid_run_stops_its_session_and_makes_way() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let revoked = integrator.post(&format!("/v1/connections/{id}/revoke"), &Value::Null).await?;
    assert_eq!(revoked["status"], "revoked");
    let late = integrator.answer(&id, &challenge, "123456").await;
    assert!(late.is_err_and(|error| error.to_string().contains("409")), "nobody waits for it any more");
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(challenges[0]["closedFor"], "runCancelled");

    // The one slot is free again, and the bank is asked anew for a connection of its own.
    let other = set_up(&fleet, &integrator).await?;
    assert_ne!(other, id);
    answer(&fleet, &integrator, &other, None, 2).await?;
    active(&integrator, &other).await?;
    let old = integrator.get(&format!("/v1/connections/{id}")).await?;
    assert_eq!(old["status"], "revoked");
    assert_eq!(fleet.portal.oracle().code_submits, 1);
    Ok(())
}

#[tokio::test]
async fn a_coordinator_that_is_killed_loses_nothing() -> Outcome {
    let mut fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    fleet.portal.set_faults(Faults { slow_ms: 100, ..Faults::default() });
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    reading(&fleet).await?;

    let coordinator = fleet.coordinator.take().ok_or("no coordinator")?;
    let below = descendants(coordinator.pid().ok_or("it has ended")?);
    assert!(!below.is_empty(), "its private Redis runs below it");
    coordinator.kill_hard().await;
    let gone = within(Duration::from_secs(2), async || (!below.iter().any(|&pid| is_alive(pid))).then_some(())).await;
    assert!(gone.is_some(), "its private Redis outlived it");
    fleet.start_coordinator().await?;

    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    active(&integrator, &id).await?;
    let verdict = verdict(&fleet, &integrator).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    assert_eq!(fleet.portal.oracle().concurrent_sessions_max, 1);
    Ok(())
}

#[tokio::test]
async fn a_redis_that_is_wiped_is_rebuilt_from_the_store() -> Outcome {
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    // Two agents: one idle, who mustn't begin while the other's session may still live.
    let term = Duration::from_secs(3);
    let fleet = Plan::new().agents(2).with("redis.url", &redis.url()).with("lease.term", "3s").start().await?;
    let integrator = fleet.integrator("default").await?;
    fleet.portal.set_faults(Faults { slow_ms: 100, ..Faults::default() });
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    reading(&fleet).await?;
    assert!(redis.wipe().await);
    let wiped = Instant::now();

    integrator.open_challenge(&id, Some(&first)).await?;
    assert!(wiped.elapsed() >= term, "the next began {:?} after the loss", wiped.elapsed());
    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    active(&integrator, &id).await?;
    let verdict = verdict(&fleet, &integrator).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    assert!(fleet.talk().contains("fence=2.1"), "the fence of the next generation: {}", fleet.talk());
    assert_eq!(fleet.portal.oracle().concurrent_sessions_max, 1, "the first session ended before the second began");
    Ok(())
}

#[tokio::test]
async fn what_an_agent_tells_counts_though_it_hangs_up_meanwhile() -> Outcome {
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    let fleet = Plan::new().agents(0).with("redis.url", &redis.url()).with("lease.term", "10m").start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let id = set_up(&fleet, &integrator).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("the activation")?;
    // The store hears of it, and the queue can't yet.
    let queue = redis.pid().ok_or("Redis has ended")?;
    freeze_process(queue);
    let telling = tokio::spawn(async move { agent.fail(&held, "auth.locked").await });
    let over = |now: &Value| now["setup"]["lastFailure"]["code"] == "auth.locked";
    let heard = integrator.connection(&id, "the end of the activation", over).await;
    telling.abort();
    let hung_up = telling.await;
    let shown = integrator.get(&format!("/v1/connections/{id}")).await;
    thaw_process(queue);
    heard?;
    shown?;
    assert!(hung_up.is_err_and(|ended| ended.is_cancelled()), "it was answered before it hung up");
    let given_back = async || operator.list("/control/v1/leases").await.ok()?.is_empty().then_some(());
    eventually(given_back).await.ok_or("the lease is kept for a run that is over")?;
    Ok(())
}
