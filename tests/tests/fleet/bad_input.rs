//! What strangers and mistakes get: a clear problem, and nothing changed.

use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::{Answer, Integrator};
use tests::world::{Fleet, Plan};

use crate::Outcome;

/// A fleet without agents: nothing here comes to a run.
async fn fleet() -> Result<Fleet, Box<dyn std::error::Error>> {
    Ok(Plan::new().agents(0).start().await?)
}

/// Sends bytes as they are.
async fn send(fleet: &Fleet, key: &str, media: &str, body: Vec<u8>) -> Result<Answer, Box<dyn std::error::Error>> {
    let url = format!("{}/v1/connections", fleet.address());
    let client = tests::client::client().build()?;
    let answer = client.post(url).bearer_auth(key).header("content-type", media).body(body).send().await?;
    let status = answer.status().as_u16();
    let media = answer.headers()["content-type"].to_str()?.to_owned();
    let headers = answer.headers().clone();
    Ok(Answer { status, media, headers, body: answer.json().await? })
}

fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{}", answer.body);
    assert_eq!(answer.media, "application/problem+json");
    for field in ["type", "title", "detail", "requestId"] {
        assert!(answer.body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {}", answer.body);
    }
    assert_eq!(answer.body["status"], status);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_with_the_place() -> Outcome {
    let fleet = fleet().await?;
    let integrator = fleet.integrator("default").await?;
    let key = integrator.key();
    let json_media = "application/json";
    let answer = send(&fleet, key, json_media, b"{\"entityId\": ".to_vec()).await?;
    check(&answer, 400, "malformed_json");
    assert!(answer.body["detail"].as_str().unwrap_or_default().contains("line 1"), "{}", answer.body);
    check(&send(&fleet, key, json_media, b"{} {}".to_vec()).await?, 422, "validation_failed");
    check(&send(&fleet, key, json_media, b"\xff\xfe".to_vec()).await?, 400, "malformed_json");
    check(&send(&fleet, key, "text/plain", b"{}".to_vec()).await?, 415, "unsupported_media_type");
    check(&send(&fleet, key, json_media, vec![b'['; 60_000]).await?, 422, "validation_failed");
    check(&send(&fleet, key, json_media, vec![b' '; 10_000_000]).await?, 413, "body_too_large");
    Ok(())
}

#[tokio::test]
async fn fields_that_cannot_be_are_named_by_pointer() -> Outcome {
    let fleet = fleet().await?;
    let integrator = fleet.integrator("default").await?;
    let entity = integrator.default_entity().await?;
    let post = async |body: Value| integrator.call(Method::POST, "/v1/connections", Some(&body)).await;
    for (body, pointer) in [
        (json!({ "entityId": 7 }), "/entityId"),
        (json!({ "entityId": "not-a-uuid" }), "/entityId"),
        (json!({ "entityId": entity, "institution": "harbour" }), "/institution"),
        (json!({ "entityId": entity, "institutionId": "no-such-bank" }), "/institutionId"),
        (json!({ "entityId": entity, "institutionId": "harbour", "portalUrl": "https://evil.example/" }), "/portalUrl"),
        (json!({ "entityId": entity, "institutionId": "har\u{0}bour" }), ""),
        (json!({ "entityId": entity, "portalUrl": "http://bank.example/" }), "/portalUrl"),
        (json!({ "entityId": entity, "portalUrl": "https://u:p@bank.example/" }), "/portalUrl"),
        (json!({ "entityId": entity, "portalUrl": "file:///etc/passwd" }), "/portalUrl"),
        (json!({ "entityId": entity }), ""),
    ] {
        let answer = post(body).await?;
        check(&answer, 422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.body);
    }
    for path in [
        "/v1/accounts?limit=0",
        "/v1/accounts?limit=501",
        "/v1/accounts?colour=red",
        "/v1/transactions?sort=amount",
        "/v1/entities?externalEntityId=a%00b",
    ] {
        check(&integrator.call(Method::GET, path, None).await?, 400, "invalid_parameter");
    }
    check(&integrator.call(Method::GET, "/v1/accounts?cursor=made-up", None).await?, 400, "invalid_cursor");
    check(&integrator.call(Method::GET, "/v1/nowhere", None).await?, 404, "not_found");
    check(&integrator.call(Method::PATCH, "/v1/accounts", None).await?, 405, "method_not_allowed");
    Ok(())
}

#[tokio::test]
async fn a_refusal_never_repeats_what_was_sent() -> Outcome {
    let fleet = fleet().await?;
    let integrator = fleet.integrator("default").await?;
    let entity = integrator.default_entity().await?;
    let asked = json!({ "entityId": entity, "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let path = format!("/v1/connections/{}/credentials", connection["id"].as_str().unwrap_or_default());
    for body in [json!({ "password": 8_675_309 }), json!({ "password": ["8675309"] }), json!("8675309")] {
        let answer = integrator.call(Method::PUT, &path, Some(&body)).await?;
        check(&answer, 422, "validation_failed");
        assert!(!answer.body.to_string().contains("8675309"), "{}", answer.body);
    }
    assert!(!fleet.talk().contains("8675309"));
    Ok(())
}

#[tokio::test]
async fn another_organization_finds_nothing_of_mine() -> Outcome {
    let fleet = fleet().await?;
    let mine = fleet.integrator("default").await?;
    let theirs = fleet.integrator("other").await?;
    let entity = mine.default_entity().await?;
    assert_ne!(entity, theirs.default_entity().await?);
    let asked = json!({ "entityId": entity, "institutionId": "harbour" });
    let connection = mine.post("/v1/connections", &asked).await?;
    let id = connection["id"].as_str().unwrap_or_default();
    let hook = json!({ "url": "https://hooks.example/in", "events": ["test"] });
    let webhook = mine.post("/v1/webhooks", &hook).await?;
    let webhook = webhook["webhook"]["id"].as_str().unwrap_or_default().to_owned();

    let credentials = json!({ "password": "theirs" });
    let answer_body = json!({ "answer": "123456" });
    for (method, path, body) in [
        (Method::GET, format!("/v1/entities/{entity}"), None),
        (Method::POST, "/v1/connections".into(), Some(&asked)),
        (Method::GET, format!("/v1/connections/{id}"), None),
        (Method::PUT, format!("/v1/connections/{id}/credentials"), Some(&credentials)),
        (Method::PUT, format!("/v1/connections/{id}/setupCompletion"), None),
        (Method::PUT, format!("/v1/connections/{id}/sync"), None),
        (Method::POST, format!("/v1/connections/{id}/revoke"), None),
        (Method::GET, format!("/v1/connections/{id}/events"), None),
        (Method::GET, format!("/v1/connections/{id}/challenges"), None),
        (Method::POST, format!("/v1/connections/{id}/challenges/{id}/answer"), Some(&answer_body)),
        (Method::GET, format!("/v1/accounts/{id}"), None),
        (Method::GET, format!("/v1/transactions/{id}"), None),
        (Method::GET, format!("/v1/webhooks/{webhook}"), None),
        (Method::DELETE, format!("/v1/webhooks/{webhook}"), None),
    ] {
        let answer = theirs.call(method.clone(), &path, body).await?;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        check(&answer, 404, "not_found");
    }
    assert!(theirs.list("/v1/connections").await?.is_empty());
    assert!(theirs.list("/v1/webhooks").await?.is_empty());
    assert_eq!(mine.get(&format!("/v1/connections/{id}")).await?, connection, "nothing was changed");

    let page = mine.get("/v1/connections?limit=1").await?;
    assert_eq!(page["pagination"]["hasMore"], false);
    Ok(())
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_alone() -> Outcome {
    let fleet = fleet().await?;
    let (mine, theirs) = (fleet.integrator("default").await?, fleet.integrator("other").await?);
    for number in 0..3 {
        mine.post("/v1/entities", &json!({ "externalEntityId": format!("e{number}") })).await?;
    }
    assert_eq!(mine.list("/v1/entities?limit=2").await?.len(), 4);
    let page = mine.get("/v1/entities?limit=2").await?;
    let cursor = page["pagination"]["nextCursor"].as_str().unwrap_or_default();
    assert_eq!(
        mine.get(&format!("/v1/entities?limit=1&cursor={cursor}")).await?["data"].as_array().map(Vec::len),
        Some(1)
    );
    for (integrator, path) in [
        (&mine, format!("/v1/webhooks?cursor={cursor}")),
        (&mine, format!("/v1/entities?externalEntityId=e1&cursor={cursor}")),
        (&theirs, format!("/v1/entities?cursor={cursor}")),
    ] {
        check(&integrator.call(Method::GET, &path, None).await?, 400, "invalid_cursor");
    }
    let twice = mine.call(Method::POST, "/v1/entities", Some(&json!({ "externalEntityId": "e1" }))).await?;
    check(&twice, 409, "duplicate");
    Ok(())
}

#[tokio::test]
async fn keys_open_what_their_scopes_say_until_they_are_revoked() -> Outcome {
    let fleet = fleet().await?;
    let made = fleet.succeed(&["key", "create", "--scopes", "connections:read", "--json"]).await?;
    let made: Value = serde_json::from_str(&made)?;
    let (id, key) = (made["id"].as_str().unwrap_or_default(), made["key"].as_str().unwrap_or_default());
    assert!(key.starts_with(&format!("way_live_{id}_")), "{key}");
    let reader = Integrator::new(fleet.address(), key);
    assert_eq!(reader.call(Method::GET, "/v1/connections", None).await?.status, 200);
    check(&reader.call(Method::GET, "/v1/accounts", None).await?, 403, "scope_missing");

    let listed = fleet.succeed(&["key", "list", "--json"]).await?;
    assert!(listed.contains(id) && !listed.contains(key));
    assert!(!serde_json::from_str::<Value>(&listed)?[0]["lastUsedAt"].is_null(), "the last use shows: {listed}");
    fleet.succeed(&["key", "revoke", id]).await?;
    check(&reader.call(Method::GET, "/v1/connections", None).await?, 401, "unauthorized");
    assert_eq!(fleet.run(&["key", "revoke", "no-such-key"], "").await?.code, Some(3));

    for wrong in ["", "way_live_x_y", &format!("{key}x"), &key.replace("live", "test")] {
        let stranger = Integrator::new(fleet.address(), wrong);
        check(&stranger.call(Method::GET, "/v1/connections", None).await?, 401, "unauthorized");
    }
    Ok(())
}

#[tokio::test]
async fn keys_and_agents_tokens_do_not_open_each_others_doors() -> Outcome {
    let fleet = fleet().await?;
    let integrator = fleet.integrator("default").await?;
    let acquire = json!({});
    check(&integrator.call(Method::POST, "/agent/v1/leases", Some(&acquire)).await?, 401, "unauthorized");
    let token = std::fs::read_to_string(fleet.folder().join("data/agent.token"))?;
    let agent = Integrator::new(fleet.address(), token.trim());
    check(&agent.call(Method::GET, "/v1/connections", None).await?, 401, "unauthorized");
    check(&agent.call(Method::POST, "/agent/v1/leases", Some(&acquire)).await?, 422, "validation_failed");
    Ok(())
}

#[tokio::test]
async fn many_at_once_get_one_connection() -> Outcome {
    let fleet = fleet().await?;
    let integrator = fleet.integrator("default").await?;
    let entity = integrator.default_entity().await?;
    let asked = json!({ "entityId": entity, "institutionId": "harbour" });
    let calls = (0..20).map(|_| integrator.call(Method::POST, "/v1/connections", Some(&asked)));
    let answers = futures::future::try_join_all(calls).await?;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    assert!(answers.iter().all(|answer| answer.body["id"] == answers[0].body["id"]));
    Ok(())
}

#[tokio::test]
async fn settings_that_cannot_be_used_end_the_coordinator_with_a_hint() -> Outcome {
    let fleet = fleet().await?;
    let file = fleet.folder().join("wrong.toml");
    std::fs::write(&file, "[lease]\nterms = \"1s\"\n")?;
    let ran = fleet.run(&["--config", &file.display().to_string(), "serve"], "").await?;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("terms") && ran.stderr.contains("hint:"), "{}", ran.stderr);
    let printed = fleet.succeed(&["serve", "--print-config"]).await?;
    assert!(printed.contains("[lease]"), "{printed}");
    let second = fleet.run(&["serve"], "").await?;
    assert_eq!(second.code, Some(4), "two with a private queue on one folder: {}", second.stderr);

    std::fs::remove_file(fleet.folder().join("data/master.key"))?;
    let keyless = fleet.run(&["key", "list"], "").await?;
    assert_eq!(keyless.code, Some(2), "another master key: {}", keyless.stderr);
    assert!(keyless.stderr.contains("vault.master_key"), "{}", keyless.stderr);
    Ok(())
}
