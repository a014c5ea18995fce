//! Webhook endpoints that don't behave, seen by integrators.
//!
//! Not here: what a delivery says; the main job has that.

use serde_json::json;
use tests::integrator::{CallError, Integrator};
use tests::patience::eventually;
use tests::receiver::{Manner, Receiver};
use tests::world::Plan;

use crate::{Outcome, set_up};

/// Registers a receiver for two kinds of events; the endpoint's id.
async fn registered(integrator: &Integrator, url: &str, receiver: Option<&Receiver>) -> Result<String, CallError> {
    let events = ["connection.status_changed", "webhook.disabled"];
    let made = integrator.post("/v1/webhooks", &json!({ "url": url, "events": events })).await?;
    if let Some(receiver) = receiver {
        receiver.trust(made["webhook"]["secret"].as_str().unwrap_or_default());
    }
    Ok(made["webhook"]["id"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_dead_a_slow_and_a_gone_receiver_keep_nothing_from_a_good_one() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let (slow, gone, good) = (Receiver::start().await?, Receiver::start().await?, Receiver::start().await?);
    slow.behave(Manner::Hold);
    gone.behave(Manner::Refuse(410));
    registered(&integrator, &Receiver::dead().await?, None).await?;
    registered(&integrator, slow.url(), Some(&slow)).await?;
    let gone_id = registered(&integrator, gone.url(), Some(&gone)).await?;
    registered(&integrator, good.url(), Some(&good)).await?;

    let id = set_up(&fleet, &integrator).await?;
    let told = async |kind: &str| {
        let found = || good.received().into_iter().find(|received| received.event["type"] == kind);
        eventually(async || found()).await.ok_or_else(|| format!("no {kind}"))
    };
    let changed = told("connection.status_changed").await?;
    assert!(changed.is_verified);
    assert_eq!(changed.event["data"]["connectionId"], id.as_str());
    let disabled = told("webhook.disabled").await?;
    assert_eq!(disabled.event["data"]["webhookId"], gone_id.as_str());
    let webhook = integrator.get(&format!("/v1/webhooks/{gone_id}")).await?;
    assert_eq!(webhook["active"], false);
    let held = eventually(async || (slow.held() > 0).then_some(())).await;
    assert!(held.is_some(), "the slow one holds its first");
    assert!(slow.received().is_empty());
    slow.behave(Manner::Take);
    let released = eventually(async || (!slow.received().is_empty()).then_some(())).await;
    assert!(released.is_some());
    Ok(())
}
