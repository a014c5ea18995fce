//! Another organization's things aren't there: not to be read, changed, listed or named.
//!
//! Not here: two environments of one organization; the keys' tests have those.

use serde_json::Value;

use crate::Outcome;
use crate::document::calls;
use crate::world::worlds;

/// What in a path is nobody's own.
const SHARED: [&str; 1] = ["institutionId"];

#[tokio::test]
async fn a_call_that_names_a_thing_of_another_organization_does_not_find_it() -> Outcome {
    for world in worlds().await? {
        let other = world.fleet.integrator("other").await?;
        let before = everything(&world.owner, &world.document, &world.ids).await?;
        for call in calls(&world.document) {
            let owned = call.places().iter().any(|place| !SHARED.contains(&place.as_str()));
            let names_mine = call.body.get("entityId").is_some();
            if !owned && !names_mine {
                continue;
            }
            let mut body = call.body.clone();
            if names_mine {
                body["entityId"] = world.id("entityId").into();
            }
            let path = call.filled(|place| world.id(place));
            let answer = other.call(call.method.clone(), &path, Some(&body).filter(|body| !body.is_null())).await?;
            assert_eq!(answer.status, 404, "{}: {}", call.operation, answer.body);
            assert_eq!(answer.body["code"], "not_found", "{}", call.operation);
        }
        assert_eq!(before, everything(&world.owner, &world.document, &world.ids).await?, "nothing has changed");
    }
    Ok(())
}

#[tokio::test]
async fn a_list_shows_nothing_of_another_organization_whatever_it_is_asked_for() -> Outcome {
    for world in worlds().await? {
        let other = world.fleet.integrator("other").await?;
        let mine = world.ids.iter().filter(|(name, _)| !SHARED.contains(*name));
        let mine: Vec<&String> = mine.map(|(_, id)| id).collect();
        for call in calls(&world.document).iter().filter(|call| call.is_list() && call.places().is_empty()) {
            let filters = call.query.keys().filter(|name| world.ids.contains_key(name.as_str()));
            let filtered = filters.map(|name| format!("{}?{name}={}", call.path, world.id(name)));
            for path in std::iter::once(call.path.clone()).chain(filtered) {
                let shown = other.get(&path).await?.to_string();
                assert!(!mine.iter().any(|id| shown.contains(id.as_str())), "{path} shows {shown}");
            }
        }
    }
    Ok(())
}

/// What every GET shows its owner.
async fn everything(
    owner: &tests::integrator::Integrator,
    document: &Value,
    ids: &std::collections::BTreeMap<&'static str, String>,
) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let mut shown = Vec::new();
    for call in calls(document).iter().filter(|call| call.method == reqwest::Method::GET) {
        let mut answer = owner.get(&call.filled(|place| ids[place].clone())).await?;
        // These name the request, and the moment in which it was made.
        for moving in ["meta", "nextCursor", "pagination"] {
            answer.as_object_mut().map(|fields| fields.remove(moving));
        }
        shown.push(answer);
    }
    Ok(shown)
}
