//! Operators' calls, from outside.
//!
//! Not here: the same on the command line (`environments.rs`).

use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::world::Plan;

use crate::Outcome;

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

#[tokio::test]
async fn each_credential_opens_its_own_doors_alone() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let operator = fleet.operator()?;
    let agent = std::fs::read_to_string(fleet.folder().join("data/agent.token"))?;
    let agent = Integrator::new(fleet.address(), agent.trim());
    let stranger = Integrator::new(fleet.address(), &format!("{}x", operator.key()));
    let nobody = Integrator::new(fleet.address(), "");
    let lease = json!({});
    let doors = [
        ("/v1", Method::GET, "/v1/entities", None),
        ("/agent/v1", Method::POST, "/agent/v1/leases", Some(&lease)),
        ("/control/v1", Method::GET, "/control/v1/organizations", None),
        ("/control/v1", Method::GET, "/control/v1/keys", None),
        ("/control/v1", Method::POST, "/control/v1/organizations", Some(&lease)),
    ];
    let callers = [
        ("integrator", &integrator, "/v1"),
        ("agent", &agent, "/agent/v1"),
        ("operator", &operator, "/control/v1"),
        ("stranger", &stranger, ""),
        ("nobody", &nobody, ""),
    ];
    for (who, caller, own) in callers {
        for (door, method, path, body) in &doors {
            let answer = caller.call(method.clone(), path, *body).await?;
            assert_eq!(answer.status == 401, own != *door, "{who} at {path}: {} {}", answer.status, answer.body);
        }
    }
    assert!(!fleet.talk().contains(operator.key()), "the token is printed nowhere");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(fleet.folder().join("data/control.token"))?.permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    Ok(())
}

#[tokio::test]
async fn an_operator_makes_organizations_and_leads_keys_through_their_life() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let acme = operator.post("/control/v1/organizations", &json!({ "slug": "acme" })).await?;
    let listed = operator.list("/control/v1/organizations?limit=1").await?;
    assert_eq!(listed.iter().map(|one| text(one, "slug")).collect::<Vec<_>>(), ["default", "acme"]);
    assert_eq!(listed[1], acme);
    let twice = operator.call(Method::POST, "/control/v1/organizations", Some(&json!({ "slug": "acme" }))).await?;
    assert_eq!((twice.status, text(&twice.body, "code")), (409, "duplicate"));

    let wanted = |environment: &str| json!({ "organizationId": acme["id"], "environment": environment, "name": "erp", "scopes": ["entities:read"] });
    let live = operator.post("/control/v1/keys", &wanted("live")).await?;
    let test = operator.post("/control/v1/keys", &wanted("test")).await?;
    let entities = async |key: &Value| {
        Integrator::new(fleet.address(), text(key, "key")).call(Method::GET, "/v1/entities", None).await
    };
    let (of_live, of_test) = (entities(&live).await?, entities(&test).await?);
    assert_eq!((of_live.status, of_test.status), (200, 200));
    assert_ne!(of_live.body["data"][0]["entityId"], of_test.body["data"][0]["entityId"]);
    for (key, environment) in [(&live, "live"), (&test, "test")] {
        assert_eq!((text(key, "organization"), text(key, "environment")), ("acme", environment));
        assert_eq!(key["organizationId"], acme["id"]);
        let path = format!("/control/v1/keys?organizationId={}&environment={environment}&limit=1", text(&acme, "id"));
        let listed = operator.list(&path).await?;
        assert_eq!(listed.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&key["id"]]);
        assert!(listed[0].get("key").is_none(), "a key is shown once");
    }

    let path = format!("/control/v1/keys/{}", text(&live, "id"));
    let second = operator.post(&format!("{path}/rotate"), &json!({ "overlapSeconds": 0 })).await?;
    assert_eq!(second["replaces"], live["id"]);
    assert_eq!((entities(&live).await?.status, entities(&second).await?.status), (401, 200));
    let again = operator.call(Method::POST, &format!("{path}/rotate"), None).await?;
    assert_eq!((again.status, text(&again.body, "code")), (409, "key_ended"));
    let third = operator.post(&format!("/control/v1/keys/{}/rotate", text(&test, "id")), &Value::Null).await?;
    assert_eq!((entities(&test).await?.status, entities(&third).await?.status), (200, 200), "a day's overlap");
    let again = operator.call(Method::POST, &format!("/control/v1/keys/{}/rotate", text(&test, "id")), None).await?;
    assert_eq!((again.status, text(&again.body, "code")), (409, "key_replaced"));

    let path = format!("/control/v1/keys/{}", text(&second, "id"));
    let ended = operator.post(&format!("{path}/expire"), &json!({ "at": "2099-01-01T00:00:00Z" })).await?;
    assert_eq!(text(&ended, "expiresAt"), "2099-01-01T00:00:00Z");
    operator.post(&format!("{path}/revoke"), &Value::Null).await?;
    assert_eq!(entities(&second).await?.status, 401);
    assert!(operator.get(&path).await?["revokedAt"].is_string());
    Ok(())
}

#[tokio::test]
async fn operators_mistakes_are_named_by_pointer() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let id = operator.list("/control/v1/organizations").await?.remove(0)["id"].clone();
    let key = |field: &str, value: Value| {
        let mut body =
            json!({ "organizationId": id, "environment": "live", "name": "erp", "scopes": ["entities:read"] });
        body[field] = value;
        body
    };
    for (path, body, status, pointer) in [
        ("/organizations", json!({ "slug": "No Slug" }), 422, "/slug"),
        ("/organizations", json!({ "slug": "default/test" }), 422, "/slug"),
        ("/keys", key("scopes", json!([])), 422, "/scopes"),
        ("/keys", key("scopes", json!(["entities:burn"])), 422, "/scopes"),
        ("/keys", key("environment", json!("production")), 422, "/environment"),
        ("/keys", key("name", json!(" ")), 422, "/name"),
        ("/keys", key("expiresAt", json!("2020-01-01T00:00:00Z")), 422, "/expiresAt"),
        ("/keys", key("organizationId", json!("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")), 404, ""),
        ("/keys/none/rotate", json!({ "overlapSeconds": -1 }), 422, "/overlapSeconds"),
        ("/keys/none/rotate", json!({ "overlapSeconds": 31_536_001 }), 422, "/overlapSeconds"),
        ("/keys/none/rotate", json!({}), 404, ""),
        ("/keys/none/expire", json!({ "at": "2020-01-01T00:00:00Z" }), 422, "/at"),
        ("/keys/none/expire", json!({ "at": "2099-01-01T00:00:00Z" }), 404, ""),
        ("/keys/a%00b/revoke", json!({}), 404, ""),
    ] {
        let answer = operator.call(Method::POST, &format!("/control/v1{path}"), Some(&body)).await?;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.body);
        assert_eq!(answer.media, "application/problem+json");
        assert_eq!(answer.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{}", answer.body);
    }
    for path in ["/keys?environment=both", "/keys?organizationId=default", "/keys?colour=red", "/organizations?limit=0"]
    {
        let answer = operator.call(Method::GET, &format!("/control/v1{path}"), None).await?;
        assert_eq!((answer.status, text(&answer.body, "code")), (400, "invalid_parameter"), "{path}");
    }
    let foreign = operator.call(Method::GET, "/control/v1/keys?cursor=made-up", None).await?;
    assert_eq!((foreign.status, text(&foreign.body, "code")), (400, "invalid_cursor"));
    Ok(())
}

#[tokio::test]
async fn operators_calls_have_a_document_of_their_own() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let anyone = Integrator::new(fleet.address(), "");
    let served = anyone.get("/control/openapi.json").await?;
    let printed: Value = serde_json::from_str(&fleet.succeed(&["openapi", "--control"]).await?)?;
    assert_eq!(served, printed);
    let paths: Vec<&str> = served["paths"].as_object().into_iter().flatten().map(|(path, _)| path.as_str()).collect();
    assert!(paths.contains(&"/control/v1/keys/{keyId}/rotate"), "{paths:?}");
    assert!(paths.iter().all(|path| path.starts_with("/control/v1/")), "{paths:?}");
    assert!(!served.to_string().contains("Idempotency-Key"));
    let public = anyone.get("/openapi.json").await?;
    assert!(!public.to_string().contains("/control/"), "integrators are told of their own calls alone");
    Ok(())
}

#[tokio::test]
async fn portals_that_wait_for_a_script_are_listed_by_how_long_they_wait() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (operator, first, second) =
        (fleet.operator()?, fleet.integrator("default").await?, fleet.integrator("other").await?);
    assert!(operator.list("/control/v1/scripts/wanted").await?.is_empty());
    for (integrator, portal) in [
        (&first, "https://online.meadow.example/login?branch=1"),
        (&first, "https://www.bigbank.example/"),
        (&second, "https://www.bigbank.example/business"),
    ] {
        let entity = integrator.default_entity().await?;
        integrator.post("/v1/connections", &json!({ "entityId": entity, "portalUrl": portal })).await?;
    }
    let wanted = operator.list("/control/v1/scripts/wanted?limit=1").await?;
    let rows =
        wanted.iter().map(|row| (text(row, "origin"), row["connections"].as_u64(), row["organizations"].as_u64()));
    let expected =
        [("https://online.meadow.example", Some(1), Some(1)), ("https://www.bigbank.example", Some(2), Some(2))];
    assert_eq!(rows.collect::<Vec<_>>(), expected);
    let printed: Vec<Value> = serde_json::from_str(&fleet.succeed(&["script", "wanted", "--json"]).await?)?;
    assert_eq!(printed, wanted);
    Ok(())
}

/// The least role that a call needs, by what it is about.
fn needed(method: &str, path: &str, call: &Value) -> usize {
    match (call["tags"][0].as_str(), method) {
        (Some("Fleet"), "get") => 0,
        (Some("Fleet"), _) => 1,
        // How a script stands is the fleet's; what is in it, and which one drives portals, isn't.
        (Some("Scripts"), "get") if !path.contains("/revisions") => 0,
        // A ticket is closed by whoever steers the fleet; what a page is taught is a script.
        (Some("Scripts"), "post") if path.ends_with("/repair-tickets/{ticketId}/close") => 1,
        _ => 2,
    }
}

#[tokio::test]
async fn a_control_token_opens_what_its_role_may_and_nothing_once_it_is_ended() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let roles = ["viewer", "operator", "administrator"];
    let mut tokens = Vec::new();
    for role in roles {
        let made = fleet.succeed(&["control-token", "create", "--name", role, "--role", role, "--json"]).await?;
        let made: Value = serde_json::from_str(&made)?;
        assert_eq!(made["role"], role);
        tokens.push((text(&made, "id").to_owned(), Integrator::new(fleet.address(), text(&made, "token"))));
    }
    let document = tokens[0].1.get("/control/openapi.json").await?;
    let paths = document["paths"].as_object().ok_or("no paths")?;
    let mut refused = [0; 3];
    for (path, calls) in paths {
        let address = path.replace("{id}", "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").replace(['{', '}'], "");
        for (method, call) in calls.as_object().ok_or("no calls")? {
            for (rank, (_, token)) in tokens.iter().enumerate() {
                let answer = token.call(method.to_uppercase().parse()?, &address, None).await?;
                let is_refused = (answer.status, text(&answer.body, "code")) == (403, "role_missing");
                assert_eq!(
                    is_refused,
                    rank < needed(method, path, call),
                    "{} {method} {path}: {}",
                    roles[rank],
                    answer.body
                );
                refused[rank] += usize::from(is_refused);
            }
        }
    }
    assert!(refused[0] > refused[1] && refused[1] > 10 && refused[2] == 0, "{refused:?}");

    let (id, viewer) = &tokens[0];
    assert_eq!(viewer.call(Method::GET, "/v1/entities", None).await?.status, 401, "it opens no other door");
    assert_eq!(viewer.call(Method::GET, "/control/v1/queue", None).await?.status, 200);
    let file = fleet.folder().join("viewer.token");
    std::fs::write(&file, viewer.key())?;
    let file = file.display().to_string();
    let pause = ["fleet", "--coordinator", fleet.address(), "--token-file", &file, "pause", "harbour", "--reason", "x"];
    let ran = fleet.run(&pause, "").await?;
    assert!(ran.code != Some(0) && ran.stderr.contains("needs `operator`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    fleet.succeed(&["control-token", "revoke", id]).await?;
    assert_eq!(viewer.call(Method::GET, "/control/v1/queue", None).await?.status, 401);
    let listed: Value = serde_json::from_str(&fleet.succeed(&["control-token", "list", "--json"]).await?)?;
    let listed = listed.as_array().ok_or("no list")?;
    assert_eq!(listed.len(), 3);
    assert!(listed[0]["revokedAt"].is_string() && listed[1]["revokedAt"].is_null(), "{listed:?}");
    assert!(listed.iter().all(|token| token.get("token").is_none() && token["lastUsedAt"].is_string()), "{listed:?}");
    assert!(!fleet.talk().contains(viewer.key()), "a token is printed nowhere");
    Ok(())
}
