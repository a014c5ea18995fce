//! What is written into the audit trail, and what is shown of it.
//!
//! Not here: the chain itself; the store's tests tamper with it.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::{Fleet, Plan};

use crate::visitor::Visitor;
use crate::{Outcome, add_user, draft};

async fn entries(fleet: &Fleet) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let mut entries: Vec<Value> = serde_json::from_str(&fleet.succeed(&["audit", "list", "--json"]).await?)?;
    entries.reverse();
    Ok(entries)
}

#[tokio::test]
async fn who_did_what_is_written_with_it_whichever_way_they_came() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let connection = draft(&integrator).await?;
    let path = format!("/v1/connections/{connection}");
    let credentials = json!({ "bankUsername": "u", "password": "hunter2 hunter2" });
    integrator.put(&format!("{path}/credentials"), &credentials).await?;
    // The same under a key that can be sent again, which is carried out in a task of its own.
    let webhook = json!({ "url": "https://hooks.example/", "events": ["test"] });
    let again = [("idempotency-key", "1")];
    assert_eq!(integrator.call_with(Method::POST, "/v1/webhooks", Some(&webhook), &again).await?.status, 201);
    operator.post("/control/v1/institutions/harbour/pause", &json!({ "reason": "they asked" })).await?;
    let token = fleet.succeed(&["control-token", "create", "--name", "robot", "--role", "operator"]).await?;
    let robot = tests::integrator::Integrator::new(fleet.address(), token.trim());
    robot.post("/control/v1/institutions/harbour/resume", &json!({})).await?;
    add_user(&fleet, "ada", "administrator", None).await?;
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    assert_eq!(ada.post(&format!("/console/connections/{connection}/revoke"), &[]).await.status, 303);
    let refused = ada.post(&format!("/console/connections/{connection}/pause"), &[]).await;
    assert_eq!(refused.status, 409, "what comes to nothing isn't written");
    let said: Vec<_> = entries(&fleet)
        .await?
        .into_iter()
        .map(|entry| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&entry["action"]), text(&entry["actor"]["kind"]), text(&entry["actor"]["name"]))
        })
        .collect();
    let expected = [
        ("organization.created", "", ""),
        ("key.created", "commandLine", ""),
        ("connection.created", "apiKey", ""),
        ("connection.credentialsGiven", "apiKey", ""),
        ("webhook.created", "apiKey", ""),
        ("institution.paused", "settingsToken", ""),
        ("controlToken.created", "commandLine", ""),
        ("institution.resumed", "controlToken", "robot"),
        ("user.created", "commandLine", ""),
        ("session.opened", "consoleUser", "ada"),
        ("connection.revoked", "consoleUser", "ada"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for ((action, kind, name), (wanted, by, called)) in said.iter().zip(expected) {
        assert_eq!(action, wanted);
        assert!(by.is_empty() || kind == by, "{action} by {kind}");
        assert!(called.is_empty() || name == called, "{action} by {name}");
    }
    let whole = fleet.succeed(&["audit", "list", "--json"]).await?;
    assert!(!whole.contains("hunter2") && !whole.contains("whsec"), "{whole}");
    Ok(())
}

#[tokio::test]
async fn the_trail_is_walked_by_hand_shown_to_administrators_and_narrowed_to_what_they_reach() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (mine, theirs) = (fleet.integrator("default").await?, fleet.integrator("other").await?);
    let (own, other) = (draft(&mine).await?, draft(&theirs).await?);
    let head = fleet.succeed(&["audit", "verify"]).await?;
    assert!(head.trim().contains('@'), "{head}");
    draft(&mine).await?;
    fleet.succeed(&["audit", "verify", "--head", head.trim()]).await?;
    let elsewhere = format!("{}@2", "ab".repeat(32));
    let ran = fleet.run(&["audit", "verify", "--json", "--head", &elsewhere], "").await?;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout)?["fault"], "headGone");
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);

    add_user(&fleet, "ada", "administrator", Some("default")).await?;
    let page = Visitor::signed_in(fleet.address(), "ada").await.get("/console/audit").await.text;
    assert!(page.contains(&own) && !page.contains(&other));
    let listed = fleet.operator()?.list(&format!("/control/v1/audit?connectionId={other}")).await?;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["action"], "connection.created");
    let token = fleet.succeed(&["control-token", "create", "--name", "robot", "--role", "operator"]).await?;
    let robot = tests::integrator::Integrator::new(fleet.address(), token.trim());
    assert_eq!(robot.call(Method::GET, "/control/v1/audit", None).await?.status, 403);
    Ok(())
}
