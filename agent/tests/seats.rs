//! How many runs an agent works on at once, and what it says of that.
//!
//! Not here: the rules by themselves; those are tested beside them.

use std::time::Duration;

use serde_json::json;

use crate::world::Portal;
use crate::world::coordinator::Coordinator;
use crate::world::process::until;
use crate::world::stage::{ACCOUNTS, CODE, LOGIN, SCRIPT, Stage};

fn asking() -> Portal {
    Portal::default().page("login", LOGIN).page("next", CODE).page("accounts", ACCOUNTS)
}

/// A coordinator that hears of an agent's seats often.
fn attentive() -> Coordinator {
    Coordinator::new().term(Duration::from_secs(4))
}

#[tokio::test]
async fn while_a_person_is_waited_for_the_seat_is_another_leases() {
    let stage = Stage::with(asking(), attentive(), &["--slots", "1", "--parked", "2"]).await;
    let first = stage.coordinator.told("acquire").await;
    let free = json!({ "total": 1, "busy": 0, "parked": 0, "parkedLimit": 2, "state": "ready" });
    assert_eq!(first["seats"], free);
    stage.enqueue(SCRIPT);
    stage.coordinator.told("challenges").await;
    let quick = Portal::default().page("login", LOGIN).page("next", ACCOUNTS).serve().await;
    stage.coordinator.enqueue(&quick, SCRIPT);
    stage.coordinator.told("complete").await;
    // The first one still waits, without a seat.
    let parked = json!({ "total": 1, "busy": 0, "parked": 1, "parkedLimit": 2, "state": "ready" });
    assert!(
        until(crate::world::PATIENCE, || stage.coordinator.seats() == parked).await,
        "{}",
        stage.coordinator.seats()
    );
    stage.coordinator.answer("135790");
    let completed = || stage.coordinator.all_told("complete").len() == 2;
    assert!(until(crate::world::PATIENCE, completed).await, "{}", stage.agent.said());
}

#[tokio::test]
async fn with_as_many_parked_as_may_be_no_lease_is_asked_for() {
    let stage = Stage::with(asking(), attentive(), &["--slots", "1", "--parked", "1"]).await;
    stage.enqueue(SCRIPT);
    stage.coordinator.told("challenges").await;
    let quick = Portal::default().page("login", LOGIN).page("next", ACCOUNTS).serve().await;
    stage.coordinator.enqueue(&quick, SCRIPT);
    let is_parked = || stage.coordinator.seats()["parked"] == 1;
    assert!(until(crate::world::PATIENCE, is_parked).await, "{}", stage.coordinator.seats());
    assert_eq!(stage.coordinator.all_told("acquire").len(), 1);
    assert_eq!(stage.coordinator.left(), 1);
    stage.coordinator.answer("135790");
    let completed = || stage.coordinator.all_told("complete").len() == 2;
    assert!(until(crate::world::PATIENCE, completed).await, "{}", stage.agent.said());
    let read = ["intents", "settle intents"];
    let asked = ["challenges", "intents", "settle intents", "settle", "complete"];
    let expected: Vec<&str> = read.into_iter().chain(asked).chain(read).chain(["complete"]).collect();
    assert_eq!(stage.coordinator.names(), expected);
}
