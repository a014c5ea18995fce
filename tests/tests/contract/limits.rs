//! How often a key may ask, and how large a body may be.
//!
//! Not here: how long a page is; that holds for every list (`calls`).

use reqwest::Method;
use serde_json::json;
use tests::world::Plan;

use crate::Outcome;

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() -> Outcome {
    let plan = Plan::new().agents(0).with("rate_limit.requests_per_second", "1").with("rate_limit.burst", "3");
    let fleet = plan.start().await?;
    let (hasty, patient) = (fleet.integrator("default").await?, fleet.integrator("default").await?);
    let mut refused = None;
    for _ in 0..50 {
        let answer = hasty.call(Method::GET, "/v1/entities", None).await?;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200);
    }
    let refused = refused.ok_or("50 requests within a second are too many for this key")?;
    assert_eq!(refused.body["code"], "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=3).contains(&seconds)));
    assert_eq!(patient.call(Method::GET, "/v1/entities", None).await?.status, 200, "another key isn't delayed");
    let come_back = tests::patience::eventually(async || {
        let answer = hasty.call(Method::GET, "/v1/entities", None).await.ok()?;
        (answer.status == 200).then_some(())
    });
    come_back.await.ok_or("whoever waits is served again")?;
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whole() -> Outcome {
    let fleet = Plan::new().agents(0).with("http.body_limit", "2000").start().await?;
    let integrator = fleet.integrator("default").await?;
    let body = json!({ "externalEntityId": "large", "metadata": { "text": "x".repeat(3_000) } });
    for headers in [&[][..], &[("idempotency-key", "large")]] {
        let answer = integrator.call_with(Method::POST, "/v1/entities", Some(&body), headers).await?;
        assert_eq!((answer.status, answer.body["code"].as_str()), (413, Some("body_too_large")));
    }
    assert_eq!(integrator.list("/v1/entities").await?.len(), 1, "the default entity alone");
    Ok(())
}
