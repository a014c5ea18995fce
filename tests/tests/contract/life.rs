//! What changes, and what is told of it: entities that change and go, connections that
//! are paused, the stream, daily balances, and a webhook's own calls.
//!
//! Not here: a portal; the fleet's tests drive one.

use reqwest::Method;
use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::receiver::Receiver;

use crate::Outcome;
use crate::world::{World, worlds};

#[tokio::test]
async fn an_entity_is_changed_and_goes_with_all_that_is_its_own() -> Outcome {
    for world in worlds().await? {
        let owner = &world.owner;
        let entity = owner.post("/v1/entities", &json!({ "externalEntityId": "to go", "name": "Old" })).await?;
        let path = format!("/v1/entities/{}", text(&entity["entityId"]));
        let emails = json!({ "contactEmails": ["b@x.example", "A@x.example", "B@X.example"], "name": null });
        let changed = owner.call(Method::PATCH, &path, Some(&emails)).await?;
        assert_eq!(changed.body["contactEmails"], json!(["b@x.example", "A@x.example"]), "order kept, repetition gone");
        assert_eq!((&changed.body["name"], changed.body["externalEntityId"].as_str()), (&Value::Null, Some("to go")));
        let same = owner.call(Method::PATCH, &path, Some(&json!({}))).await?;
        assert_eq!(same.body, changed.body, "nothing given, nothing changed");
        let cleared = owner.call(Method::PATCH, &path, Some(&json!({ "contactEmails": [] }))).await?;
        assert_eq!(cleared.body["contactEmails"], json!([]));
        for wrong in [json!({ "contactEmails": vec!["a@b.example"; 101] }), json!({ "contactEmails": ["nobody"] })] {
            assert_eq!(owner.call(Method::PATCH, &path, Some(&wrong)).await?.status, 422);
        }

        let connection = onboard(&world, &text(&entity["entityId"])).await?;
        let cursor = head(owner).await?;
        let busy = owner.call(Method::PUT, &format!("/v1/connections/{connection}/sync"), None).await?;
        assert_eq!(busy.status, 202);
        let refused = owner.call(Method::DELETE, &path, None).await?;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("run_under_way")));
        owner.post(&format!("/v1/connections/{connection}/pause"), &Value::Null).await?;
        assert_eq!(owner.call(Method::DELETE, &path, None).await?.status, 204);
        assert_eq!(owner.call(Method::DELETE, &path, None).await?.status, 404);
        assert_eq!(owner.call(Method::GET, &format!("/v1/connections/{connection}"), None).await?.status, 404);
        assert!(owner.list(&format!("/v1/accounts?connectionId={connection}")).await?.is_empty());
        let (events, _) = changes(owner, &cursor).await?;
        assert_eq!(events.len(), 20);
        assert!(events.iter().all(|event| event["type"] == "removed" && event["transactionId"].is_string()));

        let default = owner.default_entity().await?;
        let refused = owner.call(Method::DELETE, &format!("/v1/entities/{default}"), None).await?;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("default_entity")));
    }
    Ok(())
}

#[tokio::test]
async fn a_paused_connection_gives_its_run_up_and_resumes_with_another() -> Outcome {
    for world in worlds().await? {
        let owner = &world.owner;
        let entity = owner.post("/v1/entities", &json!({ "externalEntityId": "paused" })).await?;
        let connection = onboard(&world, &text(&entity["entityId"])).await?;
        let path = format!("/v1/connections/{connection}");
        owner.put(&format!("{path}/sync"), &Value::Null).await?;
        let agent = BareAgent::of(&world.fleet)?;
        let held = agent.acquire(20_000).await?.ok_or("the sync")?;
        let paused = owner.post(&format!("{path}/pause"), &Value::Null).await?;
        assert_eq!((paused["status"].as_str(), paused["syncStatus"].as_str()), (Some("paused"), Some("idle")));
        assert!(agent.complete(&held, &accounts(1, 1, "late")).await.is_err(), "the run is over");
        for verb in ["pause", "setupCompletion", "sync"] {
            let method = if verb == "pause" { Method::POST } else { Method::PUT };
            let refused = owner.call(method, &format!("{path}/{verb}"), None).await?;
            assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("illegal_state")), "{verb}");
        }
        let resumed = owner.post(&format!("{path}/resume"), &Value::Null).await?;
        assert_eq!((resumed["status"].as_str(), resumed["syncStatus"].as_str()), (Some("active"), Some("syncing")));
        let held = agent.acquire(20_000).await?.ok_or("the sync after the pause")?;
        assert_eq!(held.connection_id, connection);
        agent.complete(&held, &accounts(1, 20, "life")).await?;
        let events = owner.list(&format!("{path}/events")).await?;
        let told: Vec<(&str, &str)> =
            events.iter().filter_map(|event| Some((event["cause"].as_str()?, event["status"].as_str()?))).collect();
        assert!(told.ends_with(&[("paused", "paused"), ("resumed", "active"), ("runSucceeded", "active")]), "{told:?}");
        assert!(events.iter().all(|event| event["actor"].is_string() && event["createdAt"].is_string()));
    }
    Ok(())
}

#[tokio::test]
async fn the_stream_begins_at_its_head_and_tells_of_what_came_after() -> Outcome {
    for world in worlds().await? {
        let owner = &world.owner;
        let before = head(owner).await?;
        assert!(changes(owner, &before).await?.0.is_empty(), "what was there before is in the lists");
        let entity = owner.post("/v1/entities", &json!({ "externalEntityId": "stream" })).await?;
        let connection = onboard(&world, &text(&entity["entityId"])).await?;
        let (events, after) = changes(owner, &before).await?;
        assert_eq!(events.len(), 20);
        let listed = owner.list(&format!("/v1/transactions?connectionId={connection}")).await?;
        for event in &events {
            assert_eq!(event["type"], "added");
            assert!(listed.contains(&event["transaction"]), "{event}");
        }
        assert!(changes(owner, &after).await?.0.is_empty(), "each is told once");
        let again = changes(owner, &before).await?.0;
        assert_eq!(again, events, "a cursor gives the same as often as it is asked");

        let account = text(&listed[0]["accountId"]);
        let narrow = format!("/v1/transactions/sync?accountId={account}");
        let mine = owner.get(&narrow).await?;
        let other = format!("{narrow}&cursor={}", text(&mine["nextCursor"]));
        assert_eq!(owner.get(&other).await?["events"], json!([]));
        let crossed = format!("/v1/transactions/sync?cursor={}", text(&mine["nextCursor"]));
        let refused = owner.call(Method::GET, &crossed, None).await?;
        assert_eq!((refused.status, refused.body["code"].as_str()), (400, Some("invalid_cursor")));
        let fields = owner.get("/v1/transactions/sync?fields=amount").await?;
        assert!(fields["nextCursor"].is_string() && fields["hasMore"] == false);
    }
    Ok(())
}

#[tokio::test]
async fn daily_balances_add_up_to_what_the_bank_shows() -> Outcome {
    for world in worlds().await? {
        let account = world.id("accountId");
        let path = format!("/v1/balances?accountId={account}&dateGte=2025-01-01&limit=500");
        let days = world.owner.list(&path).await?;
        let cents = |value: &Value| text(value).replace('.', "").parse::<i64>().expect("two decimals");
        assert_eq!((text(&days[0]["date"]), text(&days[0]["source"])), ("2026-11-20".into(), "bankProvided".into()));
        assert_eq!(text(&days[0]["ledgerBalance"]), "1000.00");
        for pair in days.windows(2) {
            let [day, before] = pair else { continue };
            assert!(text(&day["date"]) > text(&before["date"]), "latest first");
            let sum = cents(&before["ledgerBalance"]) + cents(&day["postedTransactionDelta"]);
            assert_eq!(cents(&day["ledgerBalance"]), sum, "{day}");
        }
        let posted = world.owner.list(&format!("/v1/transactions?accountId={account}")).await?;
        let moved: i64 = posted.iter().map(|transaction| cents(&transaction["amount"])).sum();
        let told: i64 = days.iter().map(|day| cents(&day["postedTransactionDelta"])).sum();
        assert_eq!(told, moved, "every booking is in some day");
        let narrow = format!("/v1/balances?accountId={account}&dateGte=2025-01-05&dateLt=2025-01-08");
        let dates: Vec<String> = world.owner.list(&narrow).await?.iter().map(|day| text(&day["date"])).collect();
        assert_eq!(dates, ["2025-01-07", "2025-01-06", "2025-01-05"]);
        for (filter, id) in [("entityId", "webhookId"), ("connectionId", "accountId")] {
            assert!(world.owner.list(&format!("/v1/balances?{filter}={}", world.id(id))).await?.is_empty());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_webhook_is_tested_rotated_switched_off_and_redelivered() -> Outcome {
    for world in worlds().await? {
        let owner = &world.owner;
        let receiver = Receiver::start().await?;
        let asked = json!({ "url": receiver.url(), "events": ["test"] });
        let made = owner.post("/v1/webhooks", &asked).await?["webhook"].clone();
        let (path, old) = (format!("/v1/webhooks/{}", text(&made["id"])), text(&made["secret"]));
        receiver.trust(&old);
        let first = owner.post(&format!("{path}/test"), &Value::Null).await?;
        arrived(&receiver, 1).await?;

        let rotated = owner.post(&format!("{path}/rotate-secret"), &Value::Null).await?;
        let new = text(&rotated["webhook"]["secret"]);
        assert_ne!(new, old);
        assert!(!owner.get(&path).await?.to_string().contains(&new), "shown this once");
        for (count, secret) in [(2, &old), (3, &new)] {
            receiver.trust(secret);
            owner.post(&format!("{path}/test"), &Value::Null).await?;
            arrived(&receiver, count).await?;
        }

        let redeliver = format!("{path}/deliveries/{}/redeliver", text(&first["id"]));
        let again = owner.post(&redeliver, &Value::Null).await?;
        assert_eq!((&again["redelivers"], &again["eventId"]), (&first["id"], &first["eventId"]));
        arrived(&receiver, 4).await?;
        let deliveries = eventually(async || {
            let deliveries = owner.list(&format!("{path}/deliveries")).await.ok()?;
            deliveries.iter().all(|delivery| delivery["status"] == "delivered").then_some(deliveries)
        });
        let deliveries = deliveries.await.ok_or("all are settled")?;
        assert_eq!(deliveries.len(), 4);
        assert_eq!(deliveries[0]["id"], again["id"], "latest first");

        let off = owner.call(Method::PATCH, &path, Some(&json!({ "active": false }))).await?;
        assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
        for call in [&format!("{path}/test"), &redeliver] {
            let refused = owner.call(Method::POST, call, None).await?;
            assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("webhook_inactive")));
        }
        let other = json!({ "active": true, "events": ["account.created"], "metadata": { "a": 1 } });
        let changed = owner.call(Method::PATCH, &path, Some(&other)).await?;
        assert_eq!((&changed.body["events"], &changed.body["metadata"]), (&other["events"], &other["metadata"]));
        let refused = owner.call(Method::POST, &format!("{path}/test"), None).await?;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("not_subscribed")));
        for wrong in [json!({ "url": "http://x.example/#f" }), json!({ "events": [] }), json!({ "events": ["x"] })] {
            assert_eq!(owner.call(Method::PATCH, &path, Some(&wrong)).await?.status, 422, "{wrong}");
        }
        assert!(receiver.received().iter().all(|delivery| delivery.is_verified));
    }
    Ok(())
}

/// An active connection of an entity with one account and 20 transactions.
async fn onboard(world: &World, entity: &str) -> Result<String, Box<dyn std::error::Error>> {
    let asked = json!({ "entityId": entity, "institutionId": "harbour" });
    let connection = text(&world.owner.post("/v1/connections", &asked).await?["id"]);
    let path = format!("/v1/connections/{connection}");
    world.owner.put(&format!("{path}/credentials"), &json!({ "bankUsername": "a", "password": "b" })).await?;
    world.owner.put(&format!("{path}/setupCompletion"), &Value::Null).await?;
    let agent = BareAgent::of(&world.fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("the activation")?;
    agent.complete(&held, &accounts(1, 20, "life")).await?;
    Ok(connection)
}

async fn head(owner: &Integrator) -> Result<String, Box<dyn std::error::Error>> {
    let head = owner.get("/v1/transactions/sync").await?;
    assert_eq!((&head["events"], &head["hasMore"]), (&json!([]), &json!(false)), "just the head");
    Ok(text(&head["nextCursor"]))
}

/// Everything after a cursor, page by page, and the cursor after it.
async fn changes(owner: &Integrator, cursor: &str) -> Result<(Vec<Value>, String), Box<dyn std::error::Error>> {
    let (mut events, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = owner.get(&format!("/v1/transactions/sync?limit=7&cursor={cursor}")).await?;
        events.extend(page["events"].as_array().cloned().unwrap_or_default());
        cursor = text(&page["nextCursor"]);
        if page["hasMore"] == false {
            return Ok((events, cursor));
        }
    }
}

async fn arrived(receiver: &Receiver, count: usize) -> Outcome {
    let arrived = eventually(async || (receiver.received().len() >= count).then_some(())).await;
    Ok(arrived.ok_or_else(|| format!("delivery {count} arrives"))?)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
