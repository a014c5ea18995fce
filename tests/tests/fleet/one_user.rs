//! One bank user for two connections: they sign in one after the other.
//!
//! Not here: which passwords may be submitted at all; the store's own tests have that.

use tests::world::Plan;

use crate::{Outcome, active, answer, set_up};

#[tokio::test]
async fn two_connections_of_one_bank_user_never_sign_in_at_once() -> Outcome {
    let fleet = Plan::new().agents(2).start().await?;
    let (ours, theirs) = (fleet.integrator("default").await?, fleet.integrator("other").await?);
    let first = set_up(&fleet, &ours).await?;
    let challenge = ours.open_challenge(&first, None).await?;
    // While a person is waited for, the other one waits, too.
    let second = set_up(&fleet, &theirs).await?;
    let waits = async || fleet.talk().contains("is signed in for another connection; the run waits").then_some(());
    tests::patience::eventually(waits).await.ok_or("the other run doesn't wait")?;
    // Nobody works at it meanwhile, so that the bank's page isn't opened for nothing again and again.
    let is_lease_of_second = |line: &&str| line.contains("leased a run") && line.contains(&second);
    assert_eq!(fleet.talk().lines().filter(is_lease_of_second).count(), 0);
    let code = fleet.code(1).await.ok_or("no text message came")?;
    ours.answer(&first, &challenge, &code).await?;
    active(&ours, &first).await?;
    answer(&fleet, &theirs, &second, None, 2).await?;
    active(&theirs, &second).await?;
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.password_submits, oracle.sessions, oracle.concurrent_sessions_max), (2, 2, 1));
    let events = theirs.list(&format!("/v1/connections/{second}/events")).await?;
    assert!(events.iter().all(|event| event["failure"].is_null()), "to wait is no failure: {events:?}");
    Ok(())
}
