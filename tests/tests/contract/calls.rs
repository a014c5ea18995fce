//! What holds for every call: a key, its scope, cursors, and how problems look.
//!
//! Not here: whose things a key sees (`ownership`).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::integrator::{Answer, Integrator};

use crate::Outcome;
use crate::document::{Call, calls};
use crate::world::{World, worlds};

/// Cursors that nobody was given.
const HOSTILE: [&str; 5] =
    ["x", "%27%20OR%201=1--", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%F0%9F%92%B3", "bnVsbA=="];

#[tokio::test]
async fn no_call_is_answered_without_a_key_that_is_in_force() -> Outcome {
    let [world, _] = worlds().await?;
    let revoked = world.key("default", &["entities:read"]).await?;
    let id = revoked.key().split('_').nth(2).unwrap_or_default().to_owned();
    world.fleet.succeed(&["key", "revoke", &id]).await?;
    let token = std::fs::read_to_string(world.fleet.folder().join("data/agent.token"))?;
    let right = world.owner.key();
    let wrong = format!("{}x", &right[..right.len() - 1]);
    for key in ["", "x", "way_live_0_0", revoked.key(), token.trim(), &wrong] {
        let stranger = Integrator::new(world.fleet.address(), key);
        for call in calls(&world.document) {
            let answer = send(&stranger, &call, &world).await?;
            assert_eq!(answer.status, 401, "{} with `{key}`: {}", call.operation, answer.body);
            assert_is_problem(&answer, "unauthorized");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_call_needs_the_scope_that_the_document_names_and_no_other() -> Outcome {
    for world in worlds().await? {
        let calls = calls(&world.document);
        let scopes: BTreeSet<&str> = calls.iter().map(|call| call.scope.as_str()).collect();
        for scope in &scopes {
            let others: Vec<&str> = scopes.iter().copied().filter(|other| other != scope).collect();
            let (without, alone) = (world.key("default", &others).await?, world.key("default", &[scope]).await?);
            for call in calls.iter().filter(|call| call.scope == *scope) {
                let answer = send(&without, call, &world).await?;
                assert_eq!(answer.status, 403, "{} without {scope}: {}", call.operation, answer.body);
                assert_is_problem(&answer, "scope_missing");
            }
            // Reading changes nothing that the other calls need.
            for call in calls.iter().filter(|call| call.scope == *scope && call.method == reqwest::Method::GET) {
                let answer = send(&alone, call, &world).await?;
                assert_eq!(answer.status, 200, "{} with {scope} alone: {}", call.operation, answer.body);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_cursor_that_was_not_given_for_this_very_list_is_refused() -> Outcome {
    for world in worlds().await? {
        let other = world.fleet.integrator("other").await?;
        let lists: Vec<Call> = calls(&world.document).into_iter().filter(Call::is_list).collect();
        assert!(lists.len() > 8, "the document has lists");
        let mut cursors: Vec<(String, String)> = Vec::new();
        for call in &lists {
            let path = call.filled(|place| world.id(place));
            for cursor in HOSTILE {
                let answer = world.owner.call(reqwest::Method::GET, &format!("{path}?cursor={cursor}"), None).await?;
                assert_eq!(answer.status, 400, "{} with {cursor}: {}", call.operation, answer.body);
                assert_is_problem(&answer, "invalid_cursor");
            }
            let page = world.owner.get(&format!("{path}?limit=1")).await?;
            let next = page["pagination"]["nextCursor"].as_str().or(page["nextCursor"].as_str());
            cursors.extend(next.map(|cursor| (call.operation.clone(), cursor.to_owned())));
        }
        assert!(cursors.len() > 3, "lists go on");
        for call in &lists {
            let path = call.filled(|place| world.id(place));
            for (from, cursor) in &cursors {
                let at = format!("{path}?cursor={cursor}");
                let mine = world.owner.call(reqwest::Method::GET, &at, None).await?;
                let expected = if *from == call.operation { 200 } else { 400 };
                assert_eq!(mine.status, expected, "{} with a cursor of {from}: {}", call.operation, mine.body);
                let theirs = other.call(reqwest::Method::GET, &at, None).await?;
                assert!([400, 404].contains(&theirs.status), "{} took a cursor of mine", call.operation);
            }
        }
        let narrowed = "/v1/transactions?limit=1&status=posted";
        let page = world.owner.get(narrowed).await?;
        let cursor = page["pagination"]["nextCursor"].as_str().ok_or("a cursor")?;
        for path in
            ["/v1/transactions?", "/v1/transactions?status=pending&", "/v1/transactions?status=posted&sort=updatedAt&"]
        {
            let answer = world.owner.call(reqwest::Method::GET, &format!("{path}cursor={cursor}"), None).await?;
            assert_is_problem(&answer, "invalid_cursor");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_list_walked_item_by_item_is_the_list() -> Outcome {
    for world in worlds().await? {
        for call in calls(&world.document).iter().filter(|call| call.is_list()) {
            let path = call.filled(|place| world.id(place));
            let whole = world.owner.get(&path).await?;
            let Some(whole) = whole["data"].as_array() else { continue };
            let walked = world.owner.list(&format!("{path}?limit=7")).await?;
            assert_eq!(&walked, whole, "{}", call.operation);
            for limit in ["0", "501", "-1", "x", ""] {
                let answer = world.owner.call(reqwest::Method::GET, &format!("{path}?limit={limit}"), None).await?;
                assert_is_problem(&answer, "invalid_parameter");
            }
            let unknown = world.owner.call(reqwest::Method::GET, &format!("{path}?nothing=1"), None).await?;
            assert_is_problem(&unknown, "invalid_parameter");
        }
    }
    Ok(())
}

#[tokio::test]
async fn fields_narrow_an_object_and_leave_what_tells_it_from_others() -> Outcome {
    let [world, _] = worlds().await?;
    for call in calls(&world.document).iter().filter(|call| call.query.contains_key("fields")) {
        let names: Vec<String> = serde_json::from_value(call.query["fields"]["items"]["enum"].clone())?;
        let path = call.filled(|place| world.id(place));
        let show = async |fields: &str| world.owner.get(&format!("{path}?fields={fields}")).await;
        let first = |answer: Value| if answer["data"].is_array() { answer["data"][0].clone() } else { answer };
        let narrow = first(show("updatedAt").await?);
        if narrow["events"].is_array() {
            // A stream's head; the stream has tests of its own.
            continue;
        }
        let shown: Vec<&String> = narrow.as_object().ok_or("an object")?.keys().collect();
        assert!(shown.iter().all(|name| *name == "updatedAt" || *name == "id" || name.ends_with("Id")), "{narrow}");
        assert!(narrow["id"].is_string() && narrow["updatedAt"].is_string(), "{narrow}");
        let all = first(show(&names.join(",")).await?);
        assert_eq!(all, first(world.owner.get(&path).await?), "{}", call.operation);
        let unknown = world.owner.call(reqwest::Method::GET, &format!("{path}?fields=id,secret"), None).await?;
        assert_is_problem(&unknown, "invalid_parameter");
    }
    Ok(())
}

async fn send(integrator: &Integrator, call: &Call, world: &World) -> Result<Answer, Box<dyn std::error::Error>> {
    let body = Some(&call.body).filter(|body| !body.is_null());
    let path = call.filled(|place| world.id(place));
    Ok(integrator.call(call.method.clone(), &path, body).await?)
}

fn assert_is_problem(answer: &Answer, code: &str) {
    let told = json!([answer.media, answer.body["code"], answer.body["status"]]);
    assert_eq!(told, json!(["application/problem+json", code, answer.status]), "{}", answer.body);
    assert_eq!(answer.header("x-request-id"), answer.body["requestId"].as_str().unwrap_or_default());
}
