//! What operators do to the fleet by the console's buttons, held against the API and the trail.
//!
//! Not here: who may press them (`roles`), and what is done to people and keys (`people_and_keys`).

use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::integrator::{CallError, Integrator};
use tests::patience::eventually;
use tests::receiver::Receiver;
use tests::world::{Fleet, Plan};

use crate::pressing::{is_written, written};
use crate::visitor::Visitor;
use crate::{Outcome, add_user};

/// Longer than any of these tests.
const LONG: u64 = 20_000;

/// What is told of what is gone, or was never there.
const GONE: &str = "There is no such thing, or it isn't yours to see.";

/// Two operators of the whole fleet, and one of another organization than the usual.
async fn operators(fleet: &Fleet) -> Result<[Visitor; 3], Box<dyn std::error::Error>> {
    fleet.integrator("other").await?;
    let mut visitors = Vec::new();
    for (login, organization) in [("ada", None), ("bob", None), ("eve", Some("other"))] {
        add_user(fleet, login, "operator", organization).await?;
        visitors.push(Visitor::signed_in(fleet.address(), login).await);
    }
    visitors.try_into().map_err(|_| "three".into())
}

/// A connection whose activation waits for an agent.
async fn waiting(fleet: &Fleet) -> Result<(Integrator, String), Box<dyn std::error::Error>> {
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", "clerk", "a password").await?;
    Ok((integrator, id))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_agent_is_drained_and_undrained_by_its_button() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let [ada, bob, _] = operators(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    assert!(agent.acquire(0).await?.is_none(), "there is nothing to do yet");
    let state = async || operator.list("/control/v1/agents").await.map(|agents| agents[0].clone());
    let id = text(&state().await?["id"]);
    let drain = ada.shown("/console/agents", "/drain").await;
    let old = bob.shown("/console/agents", "/drain").await;
    ada.is_refused_without_token(&drain).await;
    assert_eq!(state().await?["state"], "ready");

    let page = ada.presses(&drain, "It gets no further lease; what it works on goes on.").await;
    assert!(page.contains("Drained"), "{page}");
    assert_eq!(state().await?["state"], "drained");
    assert!(!ada.is_offered("/console/agents", "/drain").await);
    bob.presses(&old, "It gets no further lease").await;
    assert_eq!(state().await?["state"], "drained", "pressed on an old page it stays as it is");
    waiting(&fleet).await?;
    assert!(agent.acquire(0).await?.is_none());

    let undrain = ada.shown("/console/agents", "/undrain").await;
    ada.presses(&undrain, "It gets leases again.").await;
    assert_eq!(state().await?["state"], "ready");
    assert!(agent.acquire(LONG).await?.is_some());
    // One that has ended while the page was open.
    let gone = drain.to(&format!("/console/agents/{}/drain", uuid::Uuid::now_v7()));
    ada.is_refused(&gone, 404, GONE).await;
    is_written(&fleet, "agent.drained", &[("ada", &id), ("bob", &id)]).await?;
    is_written(&fleet, "agent.undrained", &[("ada", &id)]).await
}

#[tokio::test]
async fn a_run_that_was_set_aside_is_let_go_on_once_by_its_button() -> Outcome {
    let fleet = Plan::new().agents(0).with("lease.term", "500ms").start().await?;
    let operator = fleet.operator()?;
    let [ada, bob, eve] = operators(&fleet).await?;
    let (integrator, connection) = waiting(&fleet).await?;
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": "second" })).await?;
    let ended = integrator.set_up_for(&text(&entity["entityId"]), "harbour", "clerk", "a password").await?;
    let agent = BareAgent::of(&fleet)?;
    let set_aside = async || {
        agent.acquire(500).await.ok()?;
        operator.list("/control/v1/dead-letters").await.ok().filter(|letters| letters.len() == 2)
    };
    let letters = eventually(set_aside).await.ok_or("two runs were to be set aside")?;
    let of = |id: &str| letters.iter().find(|letter| letter["connectionId"] == id).map(|letter| text(&letter["runId"]));
    let (run, of_ended) = (of(&connection).ok_or("a letter")?, of(&ended).ok_or("a letter")?);
    let revive = ada.shown("/console/dead-letters", &format!("/{run}/revive")).await;
    let old = bob.shown("/console/dead-letters", &format!("/{run}/revive")).await;

    assert!(!eve.get("/console/dead-letters").await.text.contains(&run), "it is another organization's");
    assert_eq!(eve.post(&revive.action, &[]).await.status, 404);
    ada.is_refused_without_token(&revive).await;
    assert_eq!(operator.list("/control/v1/dead-letters").await?, letters, "both are still there");

    let page = ada.presses(&revive, "Its connection goes on, by a run of its own.").await;
    assert!(!page.contains(&run) && page.contains(&of_ended), "{page}");
    bob.is_refused(&old, 404, GONE).await;
    // Nothing goes on where the connection ended meanwhile.
    integrator.post(&format!("/v1/connections/{ended}/revoke"), &Value::Null).await?;
    let late = ada.shown("/console/dead-letters", &format!("/{of_ended}/revive")).await;
    ada.is_refused(&late, 409, "The connection is revoked and not active.").await;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    assert_eq!(held.connection_id, connection);
    assert_ne!(held.run_id, run);
    is_written(&fleet, "run.revived", &[("ada", &run)]).await?;
    assert_eq!(written(&fleet, "run.revived").await?[0][2], json!({ "newRun": held.run_id }));
    Ok(())
}

#[tokio::test]
async fn an_institution_is_paused_and_resumed_and_its_breaker_closed_by_buttons() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let [ada, bob, _] = operators(&fleet).await?;
    let page = "/console/institutions/harbour";
    let state = async || {
        let states = operator.list("/control/v1/institutions").await?;
        Ok::<_, CallError>(states.into_iter().find(|one| one["id"] == "harbour").unwrap_or_default())
    };
    let pause = ada.shown(page, "/pause").await;
    let old = bob.shown(page, "/pause").await;
    ada.is_refused_without_token(&pause).await;
    let long = pause.clone().with("reason", &"x".repeat(501));
    ada.is_refused(&long, 422, "A reason has 500 characters at most.").await;
    assert!(state().await?["pausedAt"].is_null());
    let told = ada.presses(&pause.with("reason", "they <called>"), "No run starts there until it is resumed.").await;
    assert!(told.contains("they &lt;called&gt;"), "{told}");
    bob.presses(&old, "No run starts there").await;
    let paused = state().await?;
    assert_eq!((paused["pausedAt"].is_string(), &paused["pauseReason"]), (true, &json!("they <called>")));
    waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    assert!(agent.acquire(0).await?.is_none());

    let resume = ada.shown(page, "/resume").await;
    ada.presses(&resume, "Runs start there again.").await;
    assert!(state().await?["pausedAt"].is_null());
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    assert!(!ada.is_offered(page, "/reset").await, "the breaker is closed");
    agent.fail(&held, "portal.blocked").await?;
    assert_eq!(state().await?["breaker"], "open");
    let reset = ada.shown(page, "/reset").await;
    ada.is_refused_without_token(&reset).await;
    assert_eq!(state().await?["breaker"], "open");
    ada.presses(&reset, "The breaker is closed.").await;
    assert_eq!(state().await?["breaker"], "closed");
    for old in [&reset, &resume] {
        assert_eq!(bob.post(&old.action, &[]).await.status, 303, "it is so already");
    }
    is_written(&fleet, "institution.paused", &[("ada", "harbour"), ("bob", "harbour")]).await?;
    is_written(&fleet, "institution.resumed", &[("ada", "harbour"), ("bob", "harbour")]).await?;
    is_written(&fleet, "institution.breakerReset", &[("ada", "harbour"), ("bob", "harbour")]).await
}

#[tokio::test]
async fn a_connection_is_synced_paused_and_resumed_by_its_buttons() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, bob, eve] = operators(&fleet).await?;
    let (integrator, id) = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("the activation")?;
    agent.complete(&held, &[]).await?;
    let status = async || integrator.get(&format!("/v1/connections/{id}")).await.map(|now| text(&now["status"]));
    assert_eq!(status().await?, "active");
    let page = format!("/console/connections/{id}");
    let (sync, pause) = (ada.shown(&page, "/sync").await, ada.shown(&page, "/pause").await);
    assert_eq!(eve.get(&page).await.status, 404);
    for form in [&sync, &pause] {
        ada.is_refused_without_token(form).await;
        assert_eq!(eve.post(&form.action, &[]).await.status, 404, "it is another organization's");
    }
    assert!(agent.acquire(0).await?.is_none(), "nothing was queued");

    let told = ada.presses(&sync, "A sync is queued.").await;
    assert!(told.contains("Run under way"), "{told}");
    assert!(!ada.is_offered(&page, "/sync").await);
    ada.is_refused(&sync, 409, "A run of this connection is under way.").await;
    let synced = agent.acquire(LONG).await?.ok_or("the sync")?;
    assert_eq!(synced.connection_id, id);

    let old = bob.shown(&page, "/pause").await;
    let told = ada.presses(&pause, "The connection is paused.").await;
    assert!(!told.contains("Run under way"), "{told}");
    assert_eq!(status().await?, "paused");
    assert!(agent.complete(&synced, &[]).await.is_err(), "its run is over");
    bob.is_refused(&old, 409, "paused").await;
    bob.is_refused(&sync, 403, "Nothing was changed.").await;
    ada.is_refused(&sync, 409, "The connection is paused and not active.").await;
    assert!(agent.acquire(0).await?.is_none());

    let resume = bob.shown(&page, "/resume").await;
    bob.presses(&resume, "The connection goes on; a sync is queued.").await;
    assert_eq!(status().await?, "active");
    bob.is_refused(&resume, 409, "active").await;
    let resumed = agent.acquire(LONG).await?.ok_or("the sync")?;
    assert_eq!(resumed.connection_id, id);
    agent.complete(&resumed, &[]).await?;
    is_written(&fleet, "connection.syncRequested", &[("ada", &synced.run_id)]).await?;
    is_written(&fleet, "connection.paused", &[("ada", &id)]).await?;
    is_written(&fleet, "connection.resumed", &[("bob", &resumed.run_id)]).await
}

#[tokio::test]
async fn attended_hours_are_set_and_cleared_by_their_form() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let [ada, _, eve] = operators(&fleet).await?;
    let page = "/console/attendance";
    let kept = async || {
        let organizations = operator.list("/control/v1/organizations").await?;
        let default = organizations.into_iter().find(|one| one["slug"] == "default");
        default.ok_or(Box::<dyn std::error::Error>::from("the organization"))
    };
    let id = text(&kept().await?["id"]);
    let form = ada.shown(page, page).await;
    let attends =
        |hours: &str, zone: &str| form.clone().with("organization", "default").with("hours", hours).with("zone", zone);
    let office = attends("mon-fri 09:00-17:00", "Europe/Berlin");
    ada.is_refused_without_token(&office).await;
    for (hours, zone, said) in [
        ("mon-fri 09:00-17:00", "", "name its time zone"),
        ("mon-fri 09:00-17:00", "Mars/Olympus", "`Mars/Olympus` is no time zone"),
        ("whenever", "Europe/Berlin", "whenever"),
    ] {
        ada.is_refused(&attends(hours, zone), 422, said).await;
    }
    assert!(kept().await?["attendance"].is_null(), "nothing was kept");

    let told = ada.presses(&office, "Kept.").await;
    assert!(told.contains("<td>mon-fri 09:00-17:00 <span class=\"quiet\">Europe/Berlin"), "{told}");
    let hours = json!({ "hours": "mon-fri 09:00-17:00", "zone": "Europe/Berlin" });
    assert_eq!(kept().await?["attendance"], hours);
    // Whoever sees one organization alone neither sees nor changes the others' hours.
    assert!(!eve.get(page).await.text.contains("default"));
    let foreign = eve.shown(page, page).await.with("organization", "default").with("zone", "UTC");
    eve.is_refused(&foreign, 404, GONE).await;
    assert_eq!(kept().await?["attendance"], hours);

    let told = ada.presses(&attends("", "Europe/Berlin"), "Kept.").await;
    assert!(told.contains("never"), "{told}");
    assert_eq!(kept().await?["attendance"]["hours"], "");
    for _ in 0..2 {
        ada.presses(&attends("", ""), "Kept.").await;
        assert!(kept().await?["attendance"].is_null(), "the fleet's settings count again");
    }
    is_written(&fleet, "organization.attendanceSet", &[("ada", id.as_str()); 4]).await?;
    let said: Vec<_> =
        written(&fleet, "organization.attendanceSet").await?.into_iter().map(|[.., said]| said).collect();
    assert_eq!((&said[0]["attendance"], &said[3]["attendance"]), (&hours, &Value::Null));
    Ok(())
}

#[tokio::test]
async fn a_delivery_is_sent_again_by_its_button() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, _, eve] = operators(&fleet).await?;
    let integrator = fleet.integrator("default").await?;
    let receiver = Receiver::start().await?;
    let made = integrator.post("/v1/webhooks", &json!({ "url": receiver.url(), "events": ["test"] })).await?;
    let made = &made["webhook"];
    receiver.trust(&text(&made["secret"]));
    let webhook = format!("/v1/webhooks/{}", text(&made["id"]));
    let first = integrator.post(&format!("{webhook}/test"), &Value::Null).await?;
    let arrived = async |count: usize| eventually(async || (receiver.received().len() == count).then_some(())).await;
    arrived(1).await.ok_or("the first delivery")?;
    let organizations = fleet.operator()?.list("/control/v1/organizations").await?;
    let tenant = organizations.iter().find(|one| one["slug"] == "default").ok_or("the organization")?;
    let page = format!("/console/webhooks/{}/{}", text(&tenant["id"]), text(&made["id"]));
    let repeat = ada.shown(&page, &format!("/deliveries/{}/repeat", text(&first["id"]))).await;
    ada.is_refused_without_token(&repeat).await;
    assert_eq!(eve.post(&repeat.action, &[]).await.status, 404, "it is another organization's");

    // Each press is a delivery of its own, of the same event.
    for count in [2, 3] {
        let told = ada.presses(&repeat, "It is sent once more, as a delivery of its own.").await;
        assert!(told.contains("once more"), "{told}");
        arrived(count).await.ok_or("it is sent again")?;
    }
    let received = receiver.received();
    assert!(received.iter().all(|one| one.is_verified && one.event["id"] == received[0].event["id"]));
    let deliveries = integrator.list(&format!("{webhook}/deliveries")).await?;
    let again: Vec<_> = deliveries.iter().map(|one| one["redelivers"].clone()).collect();
    assert_eq!(again, [first["id"].clone(), first["id"].clone(), Value::Null]);

    integrator.patch(&webhook, &json!({ "active": false })).await?;
    ada.is_refused(&repeat, 409, "This endpoint is switched off.").await;
    assert!(!ada.is_offered(&page, "/repeat").await);
    integrator.call(reqwest::Method::DELETE, &webhook, None).await?;
    ada.is_refused(&repeat, 404, GONE).await;
    assert_eq!(receiver.attempts(), 3);
    let delivery = text(&first["id"]);
    is_written(&fleet, "delivery.repeated", &[("ada", &delivery), ("ada", &delivery)]).await?;
    assert_eq!(written(&fleet, "delivery.repeated").await?[0][2], json!({ "webhookId": made["id"] }));
    Ok(())
}
