//! `Idempotency-Key`: a POST that is sent again changes nothing and is answered as the
//! first was.
//!
//! Not here: calls that can be repeated as they are.

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::Outcome;
use crate::world::worlds;

#[tokio::test]
async fn a_repeated_post_is_answered_as_the_first_was_secret_and_all() -> Outcome {
    for world in worlds().await? {
        let body = json!({ "url": "https://hooks.example.com/in", "events": ["test"] });
        let key = [("idempotency-key", "a key of 23 characters")];
        let count = world.owner.list("/v1/webhooks").await?.len();
        let first = world.owner.call_with(Method::POST, "/v1/webhooks", Some(&body), &key).await?;
        let again = world.owner.call_with(Method::POST, "/v1/webhooks", Some(&body), &key).await?;
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""));
        assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
        assert_eq!(first.body, again.body);
        assert!(first.body["webhook"]["secret"].as_str().is_some_and(|secret| secret.len() > 30));
        assert_eq!(world.owner.list("/v1/webhooks").await?.len(), count + 1);

        let other = json!({ "url": "https://hooks.example.com/other", "events": ["test"] });
        let refused = world.owner.call_with(Method::POST, "/v1/webhooks", Some(&other), &key).await?;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("idempotency_key_reused")));
        // Another API key of the same organization has keys of its own.
        let colleague = world.fleet.integrator("default").await?;
        let theirs = colleague.call_with(Method::POST, "/v1/webhooks", Some(&other), &key).await?;
        assert_eq!((theirs.status, theirs.header("idempotent-replayed")), (201, ""));
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_replayed_too_and_what_may_pass_is_not() -> Outcome {
    for world in worlds().await? {
        let key = [("idempotency-key", "refused")];
        let body = json!({ "externalEntityId": "contract" });
        for replayed in ["", "true"] {
            let answer = world.owner.call_with(Method::POST, "/v1/entities", Some(&body), &key).await?;
            assert_eq!((answer.status, answer.header("idempotent-replayed")), (409, replayed), "{}", answer.body);
            assert_eq!(answer.media, "application/problem+json");
        }
        let reader = world.key("default", &["entities:read"]).await?;
        for _ in 0..2 {
            let answer = reader.call_with(Method::POST, "/v1/entities", Some(&body), &key).await?;
            assert_eq!((answer.status, answer.header("idempotent-replayed")), (403, ""));
        }
        for malformed in ["", &"k".repeat(256)] {
            let key = [("idempotency-key", malformed)];
            let answer = world.owner.call_with(Method::POST, "/v1/entities", Some(&body), &key).await?;
            assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some("invalid_idempotency_key")));
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_post_that_is_sent_by_many_at_once_is_carried_out_once() -> Outcome {
    for world in worlds().await? {
        let body = json!({ "url": "https://hooks.example.com/many", "events": ["test"] });
        let key = [("idempotency-key", "many")];
        let calls = (0..20).map(|_| world.owner.call_with(Method::POST, "/v1/webhooks", Some(&body), &key));
        let mut ids = Vec::new();
        for answer in join_all(calls).await {
            let answer = answer?;
            if answer.status == 201 {
                ids.push(answer.body["webhook"]["id"].clone());
            } else {
                assert_eq!((answer.status, &answer.body["code"]), (409, &json!("idempotency_under_way")));
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "one webhook was made");
        let made = world.owner.list("/v1/webhooks").await?;
        assert_eq!(made.iter().filter(|webhook| webhook["url"] == body["url"]).count(), 1);
    }
    Ok(())
}
