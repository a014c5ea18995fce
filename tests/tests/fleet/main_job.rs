//! The loop that must work.
//!
//! Not here: what happens when something goes wrong.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use tests::patience::eventually;
use tests::receiver::Receiver;
use tests::world::Plan;

use crate::{Outcome, active, answer, set_up, verdict};

#[tokio::test]
async fn a_connection_goes_from_a_bank_to_its_records() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;

    let entity = integrator.default_entity().await?;
    let asked = json!({ "entityId": entity, "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    assert_eq!(connection["kind"], "setup");
    assert_eq!(connection["setup"]["status"], "awaitingDelegatedUserCreation");
    assert_eq!(connection["setup"]["nextAction"], "createDelegatedUser");
    assert_eq!(connection["setup"]["actionRequiredBy"], "endUser");
    assert_eq!(connection["setup"]["credentialsPresent"], false);
    assert!(connection["setup"]["instructions"]["guide"]["steps"].as_array().is_some_and(|steps| steps.len() > 3));

    let id = set_up(&fleet, &integrator).await?;
    assert_eq!(json!(id), connection["id"], "the same entity and bank give the same connection");
    let asks = |now: &Value| now["setup"]["nextAction"] == "answerChallenge";
    let connection = integrator.connection(&id, "a challenge", asks).await?;
    assert_eq!(connection["setup"]["status"], "awaitingActivation");
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!(challenge["kind"], "oneTimeCode");
    assert_eq!(challenge["medium"], "sms");
    assert_eq!(challenge["maskedTarget"], "(•••) •••-0142");
    answer(&fleet, &integrator, &id, None, 1).await?;

    let connection = active(&integrator, &id).await?;
    assert_eq!(connection["kind"], "ready");
    assert_eq!(connection["syncStatus"], "idle");
    assert!(connection.get("setup").is_none());
    let verdict = verdict(&fleet, &integrator).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");

    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    let causes: Vec<&str> = events.iter().filter_map(|event| event["cause"].as_str()).collect();
    assert_eq!(causes, ["created", "credentialsGiven", "setupCompleted", "runSucceeded"]);

    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.code_submits), (1, 1, 1));
    assert_eq!(oracle.sign_outs, 1, "a run signs out");
    Ok(())
}

#[tokio::test]
async fn another_organization_reads_no_record_of_mine() -> Outcome {
    let fleet = Plan::new().start().await?;
    let (mine, theirs) = (fleet.integrator("default").await?, fleet.integrator("other").await?);
    let id = set_up(&fleet, &mine).await?;
    let challenge = answer(&fleet, &mine, &id, None, 1).await?;
    active(&mine, &id).await?;
    let account = mine.list("/v1/accounts").await?.remove(0)["id"].as_str().unwrap_or_default().to_owned();
    let transaction = mine.list("/v1/transactions").await?.remove(0)["id"].as_str().unwrap_or_default().to_owned();
    for path in [
        format!("/v1/accounts/{account}"),
        format!("/v1/transactions/{transaction}"),
        format!("/v1/connections/{id}/events"),
        format!("/v1/connections/{id}/challenges"),
    ] {
        assert!(mine.call(Method::GET, &path, None).await?.status == 200, "{path}");
        assert_eq!(theirs.call(Method::GET, &path, None).await?.status, 404, "{path}");
    }
    let path = format!("/v1/connections/{id}/challenges/{challenge}/answer");
    let body = json!({ "answer": "123456" });
    assert_eq!(mine.call(Method::POST, &path, Some(&body)).await?.status, 409, "it is closed");
    assert_eq!(theirs.call(Method::POST, &path, Some(&body)).await?.status, 404);
    for path in [
        format!("/v1/accounts?connectionId={id}"),
        format!("/v1/transactions?connectionId={id}"),
        format!("/v1/transactions?accountId={account}"),
        "/v1/accounts".to_owned(),
        "/v1/transactions".to_owned(),
    ] {
        assert!(!mine.list(&path).await?.is_empty(), "{path}");
        assert!(theirs.list(&path).await?.is_empty(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_walked_whole() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let ids = |rows: Vec<Value>| rows.iter().map(|row| row["id"].to_string()).collect::<Vec<_>>();
    let all = integrator.list("/v1/transactions?limit=500").await?;
    let mut forth = ids(integrator.list("/v1/transactions?sort=postedDate&limit=7").await?);
    forth.reverse();
    assert_eq!(forth, ids(all.clone()), "forth and back, in pages of any size, are the same rows");
    let dates: Vec<&str> = all.iter().filter_map(|row| row["postedDate"].as_str()).collect();
    assert!(dates.is_sorted_by(|one, other| one >= other), "latest first");

    let within =
        |row: &&Value| row["postedDate"].as_str().is_some_and(|date| ("2026-10-01".."2026-11-01").contains(&date));
    let october = integrator.list("/v1/transactions?postedDateGte=2026-10-01&postedDateLt=2026-11-01").await?;
    assert_eq!(ids(october.clone()), ids(all.iter().filter(within).cloned().collect()));
    assert!(!october.is_empty());
    for (filter, field, value) in [
        ("status=pending", "status", "pending"),
        ("rail=wire", "rail", "wire"),
        ("rail=card&status=posted", "rail", "card"),
    ] {
        let some = integrator.list(&format!("/v1/transactions?{filter}")).await?;
        assert!(!some.is_empty() && some.iter().all(|row| row[field] == value), "{filter}");
    }
    let savings = integrator.list("/v1/accounts?type=savings&currency=USD&status=open").await?;
    assert_eq!(savings.iter().map(|account| &account["name"]).collect::<Vec<_>>(), ["Reserve Savings"]);
    assert!(integrator.list("/v1/accounts?currency=EUR").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn reading_everything_again_adds_nothing() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let before = integrator.list("/v1/transactions?sort=updatedAt").await?;

    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    let again = integrator.call(Method::PUT, &format!("/v1/connections/{id}/sync"), None).await?;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("run_under_way")));
    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;

    assert_eq!(integrator.list("/v1/transactions?sort=updatedAt").await?, before, "same ids, nothing updated");
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.concurrent_sessions_max), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_person_can_answer_on_the_command_line() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;

    let listed: Value = serde_json::from_str(&fleet.succeed(&["challenge", "list", "--json"]).await?)?;
    assert_eq!(listed[0]["connectionId"], json!(id));
    let challenge = listed[0]["id"].as_str().unwrap_or_default();
    let answered = fleet.run(&["challenge", "answer", challenge], &format!("{code}\n")).await?;
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    active(&integrator, &id).await?;

    let late = fleet.run(&["challenge", "answer", challenge], "123456\n").await?;
    assert_eq!(late.code, Some(3), "{}", late.stderr);
    assert!(late.stderr.contains("hint:"), "{}", late.stderr);
    Ok(())
}

#[tokio::test]
async fn webhooks_tell_of_every_change_signed_and_again_if_refused() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let receiver = Receiver::start().await?;
    let events = ["connection.status_changed", "transactions.sync_available", "account.created", "challenge.opened"];
    let made = integrator.post("/v1/webhooks", &json!({ "url": receiver.url(), "events": events })).await?;
    let secret = made["webhook"]["secret"].as_str().unwrap_or_default();
    receiver.trust(secret);
    let listed = integrator.list("/v1/webhooks").await?;
    assert!(!listed.iter().any(|webhook| webhook.to_string().contains(secret)), "a secret is shown once");
    // The first deliveries are refused; nothing may be lost for that.
    receiver.refuse_next(2);

    let started = Instant::now();
    let id = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;

    let all = eventually(async || Some(receiver.received()).filter(|all| all.len() >= 7)).await;
    let all = all.unwrap_or_else(|| receiver.received());
    assert!(all.iter().all(|received| received.is_verified), "{all:#?}");
    let count = |kind: &str| all.iter().filter(|received| received.event["type"] == kind).count();
    assert_eq!(events.map(count), [2, 1, 3, 1], "status changes, fresh records, new accounts, challenges in {all:#?}");
    let fresh = receiver.first("transactions.sync_available", started).ok_or("no webhook")?;
    let data = &fresh.event["data"];
    assert_eq!((&data["connectionId"], &data["accountId"]), (&json!(id), &Value::Null));
    let grades: Vec<&Value> =
        data["accounts"].as_array().into_iter().flatten().map(|one| &one["completeness"]).collect();
    assert_eq!(grades, ["proven"; 3], "the portal shows a balance beside each row");
    assert!(fresh.event["id"].as_str().is_some_and(|id| id.starts_with("evt_")));
    Ok(())
}
