//! Answers that are given again: an attempt that lost its key to a later one leaves the
//! later one's alone.
//!
//! Not here: which answers are kept (`http::idempotency`).

use super::*;

#[tokio::test]
async fn an_attempt_that_was_taken_for_lost_neither_answers_nor_frees_the_next() {
    for bench in benches().await {
        let key = NewApiKey {
            id: "key".into(),
            tenant_id: bench.organization,
            environment: domain::environment::Environment::Live,
            name: "key".into(),
            scopes: Vec::new(),
            secret_hash: vec![1],
            expires_at: None,
        };
        bench.store.create_key(key, now()).await.expect("a key");
        let start = now();
        let request = |seconds: i64| IdempotentRequest {
            key_id: "key".into(),
            idempotency_key: "once".into(),
            fingerprint: vec![7],
            begun_at: start + SignedDuration::from_secs(seconds),
        };
        let begin = async |request: &IdempotentRequest| {
            let stale = request.begun_at - SignedDuration::from_secs(60);
            let kept = request.begun_at - SignedDuration::from_hours(24);
            bench.store.begin_idempotent(request, stale, kept).await.expect("begun")
        };
        let answer = |status| IdempotentAnswer { status, sealed: vec![9] };
        let (slow, next) = (request(0), request(61));
        assert_eq!(begin(&slow).await, Begun::First);
        assert_eq!(begin(&request(59)).await, Begun::UnderWay);
        assert_eq!(begin(&next).await, Begun::First, "the slow one is taken for lost");
        bench.store.abandon_idempotent(&slow).await.expect("nothing to free");
        bench.store.answer_idempotent(&slow, answer(200)).await.expect("nothing to keep");
        assert_eq!(begin(&request(62)).await, Begun::UnderWay, "{}", bench.name);
        bench.store.answer_idempotent(&next, answer(201)).await.expect("kept");
        assert_eq!(begin(&request(63)).await, Begun::Answered(answer(201)));
        let other = IdempotentRequest { fingerprint: vec![8], ..request(64) };
        assert_eq!(begin(&other).await, Begun::Different);
        let late = request(63 + 24 * 3_600);
        assert_eq!(begin(&late).await, Begun::First, "a day later it is free");
        assert_eq!(bench.store.prune_idempotent(late.begun_at, 10).await.expect("pruned"), 0);
        let later = late.begun_at + SignedDuration::from_secs(1);
        assert_eq!(bench.store.prune_idempotent(later, 10).await.expect("pruned"), 1);
    }
}
