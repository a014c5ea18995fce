//! One script, whichever driver its portal is driven by: the same records, and the same
//! ends.
//!
//! Not here: each verb of a driver; the agent's own tests have those.

use std::time::Duration;

use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::{eventually, within};
use tests::programs::{Sighting, descendants, freeze_process};
use tests::tools::geckodriver;
use tests::verdict::Verdict;
use tests::world::{Fleet, Plan};

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

const BY_CHROMEDRIVER: [&str; 4] = ["--drivers", "webdriver", "--webdriver", "chromedriver"];

/// Answers the `count`th text message of the bank; returns the challenge's id.
async fn answer(
    fleet: &Fleet,
    integrator: &Integrator,
    connection: &str,
    seen: Option<&str>,
    count: usize,
) -> Result<String, Box<dyn std::error::Error>> {
    let challenge = integrator.open_challenge(connection, seen).await?;
    let code = fleet.code(count).await.ok_or("no text message came")?;
    integrator.answer(connection, &challenge, &code).await?;
    Ok(challenge["id"].as_str().unwrap_or_default().to_owned())
}

/// Waits for the connection to be active, and holds what was read against the truth.
async fn read(fleet: &Fleet, integrator: &Integrator, connection: &str) -> Outcome {
    let ended = |now: &Value| now["status"] != "pendingActivation";
    let connection = integrator.connection(connection, "the end of the activation", ended).await?;
    assert_eq!(connection["status"], "active", "{connection}\n{}", fleet.talk());
    let accounts = integrator.list("/v1/accounts").await?;
    let transactions = integrator.list("/v1/transactions?limit=77").await?;
    assert!(transactions.len() > 250, "{} transactions", transactions.len());
    let verdict = Verdict::of(&json!(fleet.portal.truth()), &accounts, &transactions);
    assert!(verdict.is_clean(), "{verdict:#?}");
    Ok(())
}

/// Reads the harbour by an agent that is told this.
async fn harbour_is_read(arguments: &[&str]) -> Outcome {
    let fleet = Plan::new().agents_are_told(arguments).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    read(&fleet, &integrator, &id).await?;
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.code_submits), (1, 1, 1));
    assert_eq!(oracle.sign_outs, 1, "a run signs out");
    assert!(!fleet.talk().contains(fleet.portal.password()), "the password is in a log");
    Ok(())
}

#[tokio::test]
async fn the_harbour_is_read_whole_over_devtools() -> Outcome {
    harbour_is_read(&["--drivers", "cdp,webdriver", "--webdriver", "chromedriver"]).await
}

#[tokio::test]
async fn the_harbour_is_read_whole_by_chromedriver() -> Outcome {
    harbour_is_read(&BY_CHROMEDRIVER).await
}

#[tokio::test]
async fn the_harbour_is_read_whole_by_geckodriver_in_firefox() -> Outcome {
    let geckodriver = geckodriver();
    let program = geckodriver.to_str().ok_or("a plain path")?;
    harbour_is_read(&["--drivers", "webdriver", "--webdriver", program]).await
}

/// What runs below the fleet's only agent, drivers and browsers among it.
fn below(fleet: &Fleet) -> Result<Vec<Sighting>, Box<dyn std::error::Error>> {
    let pid = fleet.agents[0].pid().ok_or("the agent has ended")?;
    Ok(descendants(pid).into_iter().filter_map(Sighting::of).collect())
}

fn is_named(sighting: &Sighting, name: &str) -> bool {
    let comm = std::fs::read_to_string(format!("/proc/{}/comm", sighting.pid)).unwrap_or_default();
    comm.trim() == name
}

#[tokio::test]
async fn a_killed_agent_leaves_neither_driver_nor_browser() -> Outcome {
    let geckodriver = geckodriver();
    let program = geckodriver.to_str().ok_or("a plain path")?;
    for (name, browser, arguments) in [
        ("chromedriver", "chromium", BY_CHROMEDRIVER),
        ("geckodriver", "firefox-esr", ["--drivers", "webdriver", "--webdriver", program]),
    ] {
        let mut fleet = Plan::new().agents_are_told(&arguments).start().await?;
        let integrator = fleet.integrator("default").await?;
        let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
        let first = answer_is_asked_for(&integrator, &id).await?;
        let family = below(&fleet)?;
        assert!(family.iter().any(|one| is_named(one, name)), "no {name}");
        assert!(family.iter().any(|one| is_named(one, browser)), "no {browser}");
        fleet.agents.remove(0).kill_hard().await;
        let is_gone = async || (!family.iter().any(|one| one.is_alive())).then_some(());
        let gone = within(Duration::from_secs(4), is_gone).await;
        assert!(gone.is_some(), "left of {name}: {:?}", family.iter().filter(|one| one.is_alive()).collect::<Vec<_>>());
        let profiles = fleet.folder().join("agent-1/profiles");
        let left = async || std::fs::read_dir(&profiles).map_or(true, |mut left| left.next().is_none()).then_some(());
        assert!(within(Duration::from_secs(4), left).await.is_some(), "a profile was left");

        fleet.start_agent()?;
        answer(&fleet, &integrator, &id, Some(&first), 2).await?;
        read(&fleet, &integrator, &id).await?;
        assert_eq!(fleet.portal.oracle().concurrent_sessions_max, 1);
    }
    Ok(())
}

/// Waits until a person is asked for a code; the challenge's id.
async fn answer_is_asked_for(integrator: &Integrator, connection: &str) -> Result<String, Box<dyn std::error::Error>> {
    let challenge = integrator.open_challenge(connection, None).await?;
    Ok(challenge["id"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_driver_that_freezes_while_a_person_thinks_is_noticed() -> Outcome {
    // A lease that outlasts the test: it isn't by its lapse that anybody notices.
    let fleet = Plan::new().with("lease.term", "5m").agents_are_told(&BY_CHROMEDRIVER).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
    let first = answer_is_asked_for(&integrator, &id).await?;
    let family = below(&fleet)?;
    let driver = family.iter().find(|one| is_named(one, "chromedriver")).ok_or("no chromedriver")?;
    freeze_process(driver.pid);

    let second = answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    assert_ne!(first, second);
    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    assert!(events.iter().any(|event| event["failure"]["code"] == "platform.browser.crashed"), "{events:#?}");
    assert!(!family.iter().any(|one| one.is_alive() && is_named(one, "chromedriver")), "it is still there");
    read(&fleet, &integrator, &id).await
}

#[tokio::test]
async fn a_lease_that_ends_stops_what_a_driver_does() -> Outcome {
    let mut fleet = Plan::new().agents_are_told(&BY_CHROMEDRIVER).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
    answer_is_asked_for(&integrator, &id).await?;
    let before = fleet.portal.oracle();
    assert_eq!(before.active_sessions, 1);
    // Nobody renews the lease any more.
    fleet.coordinator.take().ok_or("there is a coordinator")?.kill_hard().await;
    let stopped = async || fleet.agents[0].talk().contains("stopped; nothing is sent").then_some(());
    eventually(stopped).await.ok_or("the agent goes on")?;
    let family = below(&fleet)?;
    let is_driven = |one: &Sighting| is_named(one, "chromedriver") || is_named(one, "chromium");
    assert!(!family.iter().any(is_driven), "something goes on");
    assert_eq!(fleet.portal.oracle().log.len(), before.log.len(), "the bank heard something after that");
    Ok(())
}
