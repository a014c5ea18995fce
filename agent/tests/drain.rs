//! The end of an agent, announced: whatever it is doing then, it ends within its bound,
//! gives back what it holds, and leaves nothing behind.
//!
//! Not here: an end that nobody announced (`agent.rs`).

use std::time::Duration;

use rustix::process::Signal;

use crate::world::Portal;
use crate::world::coordinator::{Coordinator, Renewals};
use crate::world::process::{processes_in, until};
use crate::world::stage::{ACCOUNTS, BEATING, CODE, LOGIN, SCRIPT, Stage, patient};

/// A bound that is up at once, for whom it is up.
const SHORT: [&str; 2] = ["--drain-seconds", "1"];
/// A bound that no test reaches: its agent ends before, or the test fails.
const LONG: [&str; 2] = ["--drain-seconds", "600"];

/// Sends the signal and waits for the end; the agent was told to give back this much.
async fn drains(mut stage: Stage, expected: &[&str]) {
    let told = stage.coordinator.names().len();
    stage.agent.signal(Signal::TERM);
    assert!(stage.agent.ended().await.success(), "{}", stage.agent.said());
    assert_eq!(stage.coordinator.names()[told..], *expected, "{}", stage.agent.said());
    assert_eq!(processes_in(stage.data.path()), Vec::<u32>::new());
    assert_eq!(stage.profiles(), 0, "a profile folder is left");
}

#[tokio::test]
async fn an_idle_agent_ends_long_before_its_bound() {
    let stage = Stage::with(Portal::default(), Coordinator::new(), &LONG).await;
    stage.coordinator.told("acquire").await;
    drains(stage, &[]).await;
}

#[tokio::test]
async fn an_agent_that_was_busy_leaves_no_browser_when_it_ends_idle() {
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let stage = Stage::with(portal, Coordinator::new(), &LONG).await;
    stage.enqueue(SCRIPT);
    stage.coordinator.told("complete").await;
    drains(stage, &[]).await;
}

#[tokio::test]
async fn a_busy_agent_releases_what_does_not_end_in_time() {
    let stage = Stage::with(Portal::default().page("login", BEATING), Coordinator::new(), &SHORT).await;
    stage.enqueue(&patient());
    stage.beating().await;
    drains(stage, &["release"]).await;
}

#[tokio::test]
async fn an_agent_that_drains_takes_no_further_lease() {
    let coordinator = Coordinator::new().term(Duration::from_secs(4));
    let options = ["--slots", "2", "--drain-seconds", "600"];
    let mut stage = Stage::with(Portal::default().page("login", BEATING), coordinator, &options).await;
    stage.enqueue(&patient());
    stage.beating().await;
    let asks = || stage.coordinator.all_told("acquire").len() == 2;
    assert!(until(crate::world::PATIENCE, asks).await, "it has a free seat: {}", stage.agent.said());
    stage.agent.signal(Signal::TERM);
    let drains = || stage.coordinator.seats()["state"] == "draining";
    assert!(until(crate::world::PATIENCE, drains).await, "{}", stage.coordinator.seats());
    let renewals = || stage.coordinator.all_told("renew").len();
    let so_far = renewals();
    assert!(until(crate::world::PATIENCE, || renewals() > so_far).await);
    stage.enqueue(&patient());
    stage.coordinator.renewals(Renewals::Cancelled);
    stage.coordinator.told("release").await;
    assert!(stage.agent.ended().await.success(), "{}", stage.agent.said());
    assert_eq!(stage.coordinator.left(), 1, "the second lease is for another");
}

#[tokio::test]
async fn a_busy_agent_completes_what_ends_in_time() {
    // The table comes a while after the page.
    let late = ACCOUNTS.replace("id=\"accounts\"", "id=\"accounts\" hidden")
        + "<script>setTimeout(() => { accounts.hidden = false }, 1500)</script>";
    let stage = Stage::with(Portal::default().page("login", LOGIN).page("next", &late), Coordinator::new(), &LONG);
    let mut stage = stage.await;
    stage.enqueue(SCRIPT);
    let is_in = || stage.portal.asked().iter().any(|asked| asked.starts_with("POST next"));
    assert!(until(crate::world::PATIENCE, is_in).await, "{}", stage.agent.said());
    stage.agent.signal(Signal::TERM);
    assert!(stage.agent.ended().await.success(), "{}", stage.agent.said());
    assert_eq!(stage.coordinator.names(), ["intents", "settle intents", "complete"]);
    assert_eq!(processes_in(stage.data.path()), Vec::<u32>::new());
    assert_eq!(stage.profiles(), 0, "a profile folder is left");
}

#[tokio::test]
async fn an_agent_that_waits_for_a_person_waits_no_longer_than_its_bound() {
    let portal = Portal::default().page("login", LOGIN).page("next", CODE);
    let coordinator = Coordinator::new().term(Duration::from_secs(2));
    let stage = Stage::with(portal, coordinator, &["--slots", "1", "--drain-seconds", "2"]).await;
    stage.enqueue(SCRIPT);
    stage.coordinator.told("challenges").await;
    let coordinator = stage.coordinator.clone();
    drains(stage, &["release"]).await;
    // It went on renewing, and said that it drains.
    assert_eq!(coordinator.seats()["state"], "draining", "{}", coordinator.seats());
    assert_eq!(coordinator.seats()["parked"], 1, "{}", coordinator.seats());
}

#[tokio::test]
async fn an_answer_that_comes_in_time_is_still_of_use() {
    let portal = Portal::default().page("login", LOGIN).page("next", CODE).page("accounts", ACCOUNTS);
    let coordinator = Coordinator::new().term(Duration::from_secs(2));
    let mut stage = Stage::with(portal, coordinator, &LONG).await;
    stage.enqueue(SCRIPT);
    stage.coordinator.told("challenges").await;
    stage.agent.signal(Signal::TERM);
    let drains = || stage.coordinator.seats()["state"] == "draining";
    assert!(until(crate::world::PATIENCE, drains).await, "{}", stage.coordinator.seats());
    stage.coordinator.answer("135790");
    assert!(stage.agent.ended().await.success(), "{}", stage.agent.said());
    assert_eq!(stage.coordinator.names().last().map(String::as_str), Some("complete"));
    assert_eq!((processes_in(stage.data.path()).len(), stage.profiles()), (0, 0));
}

#[tokio::test]
async fn an_agent_whose_browser_froze_kills_it_and_releases() {
    let stage = Stage::with(Portal::default().page("login", BEATING), Coordinator::new(), &SHORT).await;
    stage.enqueue(&patient());
    stage.beating().await;
    stage.freeze_browser();
    drains(stage, &["release"]).await;
}

#[tokio::test]
async fn an_agent_whose_idle_browser_froze_ends_all_the_same() {
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let stage = Stage::with(portal, Coordinator::new(), &LONG).await;
    stage.enqueue(SCRIPT);
    stage.coordinator.told("complete").await;
    stage.freeze_browser();
    drains(stage, &[]).await;
}

#[tokio::test]
async fn an_agent_with_two_sessions_in_a_frozen_browser_releases_both() {
    let more = [&SHORT[..], &["--slots", "2"]].concat();
    let stage = Stage::with(Portal::default().page("login", BEATING), Coordinator::new(), &more).await;
    let other = Portal::default().page("login", BEATING);
    let other_url = other.serve().await;
    stage.enqueue(&patient());
    stage.coordinator.enqueue(&other_url, &patient());
    stage.beating().await;
    let beats = || other.asked().contains(&"GET beat".to_owned());
    assert!(until(crate::world::PATIENCE, beats).await, "{}", stage.agent.said());
    stage.freeze_browser();
    drains(stage, &["release", "release"]).await;
}
