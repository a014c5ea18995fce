//! Webhook endpoints, their deliveries, and how long those are kept.
//!
//! Not here: sending; the dispatcher's own tests have a receiver.

use std::collections::BTreeSet;

use domain::event::{DeliveryState, DisabledReason, EventType};
use domain::run::Step;
use protocol::lease::RunStep;

use super::*;

const ALL: PageRequest = PageRequest { after: None, limit: 500 };

impl Bench {
    pub(super) async fn webhook(&self, events: &[&str]) -> WebhookId {
        self.try_webhook(events, 50).await.expect("a webhook").id
    }

    async fn try_webhook(&self, events: &[&str], at_most: u32) -> Result<Webhook, Refused> {
        let new = NewWebhook {
            id: WebhookId(Uuid::now_v7()),
            organization_id: self.organization,
            url: "https://hooks.example/in".parse().expect("a URL"),
            events: events.iter().map(ToString::to_string).collect(),
            secret_sealed: vec![1],
            metadata: Metadata::new(),
        };
        self.store.create_webhook(new, at_most, now()).await
    }

    async fn change(&self, id: WebhookId, patch: WebhookPatch) -> Webhook {
        self.store.change_webhook(self.organization, id, patch, now()).await.expect("changed")
    }

    /// Queues test deliveries.
    async fn queue(&self, id: WebhookId, count: usize) -> Vec<Uuid> {
        let mut queued = Vec::new();
        for _ in 0..count {
            queued.push(self.store.test_webhook(self.organization, id, now()).await.expect("queued").id);
        }
        queued
    }

    /// Claims up to so many for every endpoint that has something due.
    pub(super) async fn claim_due(&self, at_most: u32) -> Vec<Delivery> {
        let due = self.store.due_endpoints(None, 100, now()).await.expect("an answer");
        let claims: Vec<Claim> = due.into_iter().map(|endpoint| Claim { endpoint, at_most }).collect();
        let until = now() + SignedDuration::from_mins(1);
        self.store.claim_deliveries(&claims, until, now()).await.expect("claimed")
    }

    pub(super) async fn settle_as(&self, delivery: &Delivery, outcome: DeliveryOutcome) -> Vec<DisabledWebhook> {
        let settled = Settled { delivery: delivery.clone(), outcome };
        self.store.settle_deliveries(&[settled], now()).await.expect("settled")
    }

    async fn deliveries(&self, id: WebhookId) -> Vec<DeliveryRecord> {
        self.store.deliveries(self.organization, id, ALL).await.expect("deliveries")
    }

    async fn states(&self, id: WebhookId) -> Vec<DeliveryState> {
        self.deliveries(id).await.into_iter().map(|delivery| delivery.state).collect()
    }
}

fn refusal(quiet_until: Timestamp) -> Refusal {
    Refusal { status: Some(500), error: "the receiver answered 500".into(), quiet_until }
}

fn far() -> Timestamp {
    now() + SignedDuration::from_hours(1)
}

const TAKEN: DeliveryOutcome = DeliveryOutcome::Delivered { status: 204 };

#[tokio::test]
async fn a_change_touches_what_it_names_and_nothing_else() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        let url: url::Url = "https://hooks.example/other?a=1".parse().expect("a URL");
        let changed = bench.change(id, WebhookPatch { url: Some(url.clone()), ..WebhookPatch::default() }).await;
        assert_eq!((&changed.url, &changed.events, changed.active), (&url, &vec!["test".to_owned()], true));
        let events = Some(vec!["account.created".to_owned(), "test".to_owned()]);
        let metadata = serde_json::from_str("{\"a\":1}").ok();
        let patch = WebhookPatch { events: events.clone(), metadata, active: Some(false), ..WebhookPatch::default() };
        let changed = bench.change(id, patch).await;
        assert_eq!(
            (&changed.url, Some(changed.events.clone()), changed.active),
            (&url, events, false),
            "{}",
            bench.name
        );
        assert_eq!(changed.metadata["a"], 1);
        let read = bench.store.webhook(bench.organization, id).await.expect("read");
        assert_eq!((read.events, read.active, read.disabled_at), (changed.events, false, None));
        let other = OrganizationId(Uuid::now_v7());
        let theirs = bench.store.change_webhook(other, id, WebhookPatch::default(), now()).await;
        assert!(matches!(theirs, Err(Refused::NotFound)), "{theirs:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_gets_nothing_of_what_was_pending() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        bench.queue(id, 2).await;
        bench.change(id, WebhookPatch { active: Some(false), ..WebhookPatch::default() }).await;
        assert_eq!(bench.states(id).await, [DeliveryState::Failed; 2], "{}", bench.name);
        let refused = bench.store.test_webhook(bench.organization, id, now()).await;
        assert!(matches!(refused, Err(Refused::WebhookInactive)), "{refused:?}");
        bench.change(id, WebhookPatch { active: Some(true), ..WebhookPatch::default() }).await;
        assert!(bench.claim_due(10).await.is_empty());
        bench.queue(id, 1).await;
        assert_eq!(bench.claim_due(10).await.len(), 1);
    }
}

#[tokio::test]
async fn an_organization_has_no_more_endpoints_than_it_may() {
    for bench in benches().await {
        let (one, two, three) = tokio::join!(
            bench.try_webhook(&["test"], 2),
            bench.try_webhook(&["test"], 2),
            bench.try_webhook(&["test"], 2)
        );
        let made = [&one, &two, &three].iter().filter(|made| made.is_ok()).count();
        let refused = [&one, &two, &three].iter().filter(|made| matches!(made, Err(Refused::WebhookLimit))).count();
        assert_eq!((made, refused), (2, 1), "{}: {one:?} {two:?} {three:?}", bench.name);
    }
}

#[tokio::test]
async fn a_test_goes_to_the_one_endpoint_and_only_if_it_wants_tests() {
    for bench in benches().await {
        let (mine, other) = (bench.webhook(&["test"]).await, bench.webhook(&["test"]).await);
        let deaf = bench.webhook(&["account.created"]).await;
        let queued = bench.store.test_webhook(bench.organization, mine, now()).await.expect("queued");
        assert_eq!((queued.event_type, queued.state, queued.attempts), (EventType::Test, DeliveryState::Pending, 0));
        assert!(queued.due_at.is_some() && queued.settled_at.is_none());
        assert!(bench.deliveries(other).await.is_empty(), "{}", bench.name);
        let refused = bench.store.test_webhook(bench.organization, deaf, now()).await;
        assert!(matches!(refused, Err(Refused::NotSubscribed(EventType::Test))), "{refused:?}");
        let theirs = bench.store.test_webhook(OrganizationId(Uuid::now_v7()), mine, now()).await;
        assert!(matches!(theirs, Err(Refused::NotFound)), "{theirs:?}");
    }
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_new_one_until_its_time_is_over() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        let rotate = async |secret: u8, until| {
            let rotated = bench.store.rotate_webhook_secret(bench.organization, id, vec![secret], until, now()).await;
            assert_eq!(rotated.expect("rotated").previous_secret_until, Some(until), "{}", bench.name);
        };
        let signed_with = async || {
            bench.queue(id, 1).await;
            let claimed = bench.claim_due(1).await;
            let secrets = (claimed[0].secret_sealed.clone(), claimed[0].previous_secret_sealed.clone());
            bench.settle_as(&claimed[0], TAKEN).await;
            secrets
        };
        let later: Timestamp = far().round(jiff::Unit::Millisecond).expect("a moment");
        rotate(2, later).await;
        assert_eq!(signed_with().await, (vec![2], Some(vec![1])));
        rotate(3, later).await;
        assert_eq!(signed_with().await, (vec![3], Some(vec![2])), "the last two, and no third");
        let over = (now() - SignedDuration::from_secs(1)).round(jiff::Unit::Millisecond).expect("a moment");
        rotate(4, over).await;
        assert_eq!(signed_with().await, (vec![4], None), "its time is over");
        assert_eq!(bench.store.forget_previous_secrets(now()).await.expect("forgotten"), 1);
        let read = bench.store.webhook(bench.organization, id).await.expect("read");
        assert_eq!(read.previous_secret_until, None);
    }
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_sent_once_more_by_another() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        let queued = bench.queue(id, 3).await;
        let ids = |page: Vec<DeliveryRecord>| page.into_iter().map(|delivery| delivery.id).collect::<Vec<_>>();
        assert_eq!(ids(bench.deliveries(id).await), [queued[2], queued[1], queued[0]], "{}", bench.name);
        let page = PageRequest { after: Some(queued[2]), limit: 1 };
        let page = bench.store.deliveries(bench.organization, id, page).await.expect("a page");
        assert_eq!(ids(page), [queued[1]]);

        let claimed = bench.claim_due(10).await;
        let first = claimed.iter().find(|delivery| delivery.id == queued[0]).expect("the first");
        bench.settle_as(first, TAKEN).await;
        let old = bench.deliveries(id).await.pop().expect("the first");
        assert_eq!((old.state, old.attempts, old.last_status), (DeliveryState::Delivered, 1, Some(204)));
        assert!(old.settled_at.is_some() && old.due_at.is_none());
        let again = bench.store.redeliver(bench.organization, id, queued[0], now()).await.expect("queued");
        assert_eq!((again.redelivers, again.event_id, again.attempts), (Some(queued[0]), old.event_id, 0));
        assert_eq!(bench.claim_due(10).await.len(), 1);

        let other = bench.webhook(&["test"]).await;
        let not_its = bench.store.redeliver(bench.organization, other, queued[0], now()).await;
        assert!(matches!(not_its, Err(Refused::NotFound)), "{not_its:?}");
        let stranger = OrganizationId(Uuid::now_v7());
        let theirs = bench.store.redeliver(stranger, id, queued[0], now()).await;
        assert!(matches!(theirs, Err(Refused::NotFound)), "{theirs:?}");
        let theirs = bench.store.deliveries(stranger, id, ALL).await;
        assert!(matches!(theirs, Err(Refused::NotFound)), "{theirs:?}");
        bench.change(id, WebhookPatch { active: Some(false), ..WebhookPatch::default() }).await;
        let off = bench.store.redeliver(bench.organization, id, queued[0], now()).await;
        assert!(matches!(off, Err(Refused::WebhookInactive)), "{off:?}");
    }
}

#[tokio::test]
async fn two_claimers_never_get_the_same_delivery() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        let queued: BTreeSet<Uuid> = bench.queue(id, 60).await.into_iter().collect();
        let claim = async || {
            let mut mine = Vec::new();
            while mine.len() < queued.len() {
                // Another may hold what is left for a moment; then there is nothing to do.
                let claimed = bench.claim_due(7).await;
                if claimed.is_empty() && bench.store.due_endpoints(None, 1, now()).await.expect("an answer").is_empty()
                {
                    break;
                }
                mine.extend(claimed.into_iter().map(|delivery| delivery.id));
            }
            mine
        };
        let (one, two, three) = tokio::join!(claim(), claim(), claim());
        let all = [one, two, three].concat();
        assert_eq!(all.len(), queued.len(), "{}: none twice", bench.name);
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), queued, "{}: none left", bench.name);
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_is_probed_by_one_delivery_at_a_time() {
    for bench in benches().await {
        let (id, good) = (bench.webhook(&["test"]).await, bench.webhook(&["test"]).await);
        bench.queue(id, 20).await;
        let claimed = bench.claim_due(3).await;
        assert_eq!(claimed.len(), 3, "{}", bench.name);
        // All three were under way at once, and count as one failure.
        for delivery in &claimed {
            bench.settle_as(delivery, DeliveryOutcome::TryAgain { at: far(), refusal: refusal(now()) }).await;
        }
        let due = bench.store.due_endpoints(None, 10, now()).await.expect("an answer");
        assert_eq!(due, [DueEndpoint { webhook_id: id, failures: 1 }]);

        let probe = bench.claim_due(10).await;
        assert_eq!(probe.len(), 1, "one alone");
        let stale = Claim { endpoint: DueEndpoint { webhook_id: id, failures: 1 }, at_most: 10 };
        let other = bench.store.claim_deliveries(&[stale], far(), now()).await.expect("an answer");
        assert!(other.is_empty(), "while another probes it");
        bench.settle_as(&probe[0], DeliveryOutcome::TryAgain { at: far(), refusal: refusal(far()) }).await;
        bench.queue(good, 1).await;
        let due = bench.store.due_endpoints(None, 10, now()).await.expect("an answer");
        assert_eq!(due, [DueEndpoint { webhook_id: good, failures: 0 }], "the one that fails is left alone");

        let late = far() + SignedDuration::from_secs(1);
        let due = bench.store.due_endpoints(None, 10, late).await.expect("an answer");
        assert_eq!(due[0], DueEndpoint { webhook_id: id, failures: 2 });
        let claim = Claim { endpoint: due[0], at_most: 1 };
        let probe = bench.store.claim_deliveries(&[claim], late + SignedDuration::from_mins(1), late).await;
        bench.settle_as(&probe.expect("claimed")[0], TAKEN).await;
        let due = bench.store.due_endpoints(None, 10, now()).await.expect("an answer");
        assert_eq!(due[0], DueEndpoint { webhook_id: id, failures: 0 }, "one arrival opens it again");
    }
}

#[tokio::test]
async fn what_was_claimed_and_not_tried_is_due_as_before() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        bench.queue(id, 1).await;
        let claimed = bench.claim_due(1).await;
        bench.settle_as(&claimed[0], DeliveryOutcome::Untried).await;
        let again = bench.claim_due(1).await;
        assert_eq!((again[0].id, again[0].attempt), (claimed[0].id, 1), "{}", bench.name);
    }
}

#[tokio::test]
async fn an_endpoint_where_nothing_arrives_is_switched_off_and_the_others_hear_of_it() {
    for bench in benches().await {
        let dead = bench.webhook(&["test", "webhook.disabled"]).await;
        let other = bench.webhook(&["webhook.disabled"]).await;
        let deaf = bench.webhook(&["test"]).await;
        bench.queue(dead, 3).await;
        let claimed = bench.claim_due(1).await;
        let disabled = bench.settle_as(&claimed[0], DeliveryOutcome::GivenUp { refusal: refusal(now()) }).await;
        assert_eq!(disabled, [DisabledWebhook { webhook_id: dead, reason: DisabledReason::GivenUp }], "{}", bench.name);
        let read = bench.store.webhook(bench.organization, dead).await.expect("read");
        assert!(!read.active && read.disabled_at.is_some());
        assert_eq!(bench.states(dead).await, [DeliveryState::Failed; 3], "what was pending fails with it");
        let told = bench.claim_due(10).await;
        assert_eq!(told.len(), 1, "{}: {told:?}", bench.name);
        assert_eq!((told[0].webhook_id, told[0].event_type.as_str()), (other, "webhook.disabled"));
        assert_eq!(told[0].data["webhookId"], dead.to_string());
        assert_eq!(told[0].data["reason"], "givenUp");
        assert!(told[0].data["disabledAt"].is_string());
        assert!(bench.deliveries(deaf).await.is_empty());

        let on = bench.change(dead, WebhookPatch { active: Some(true), ..WebhookPatch::default() }).await;
        assert!(on.active && on.disabled_at.is_none());
        bench.queue(dead, 1).await;
        let due = bench.store.due_endpoints(None, 10, now()).await.expect("an answer");
        assert_eq!(due, [DueEndpoint { webhook_id: dead, failures: 0 }], "it begins anew");
    }
}

#[tokio::test]
async fn a_delivery_that_is_given_up_while_others_arrive_switches_nothing_off() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        bench.queue(id, 2).await;
        let claimed = bench.claim_due(2).await;
        bench.settle_as(&claimed[0], TAKEN).await;
        let disabled = bench.settle_as(&claimed[1], DeliveryOutcome::GivenUp { refusal: refusal(now()) }).await;
        assert!(disabled.is_empty(), "{}: {disabled:?}", bench.name);
        let read = bench.store.webhook(bench.organization, id).await.expect("read");
        assert!(read.active && read.last_delivered_at.is_some());
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_switched_off_at_once_unless_it_has_moved() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        bench.queue(id, 2).await;
        let claimed = bench.claim_due(2).await;
        bench.settle_as(&claimed[0], TAKEN).await;
        let gone = || DeliveryOutcome::Gone { refusal: refusal(now()) };
        let moved = Delivery { url: "https://hooks.example/before".parse().expect("a URL"), ..claimed[1].clone() };
        assert!(bench.settle_as(&moved, gone()).await.is_empty(), "{}: its old address said so", bench.name);
        bench.queue(id, 1).await;
        let claimed = bench.claim_due(1).await;
        let disabled = bench.settle_as(&claimed[0], gone()).await;
        assert_eq!(disabled, [DisabledWebhook { webhook_id: id, reason: DisabledReason::Gone }]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_off_and_settling_at_once_never_wait_for_each_other() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        let switch = async |active| {
            let patch = WebhookPatch { active: Some(active), ..WebhookPatch::default() };
            bench.store.change_webhook(bench.organization, id, patch, now()).await
        };
        for round in 0..15 {
            switch(true).await.expect("switched on");
            bench.queue(id, 12).await;
            let settle = async |settled: Vec<Settled>| bench.store.settle_deliveries(&settled, now()).await;
            let settled = |delivery, outcome| Settled { delivery, outcome };
            let mut first: Vec<Settled> =
                bench.claim_due(6).await.into_iter().map(|delivery| settled(delivery, TAKEN)).collect();
            let mut second: Vec<Settled> =
                bench.claim_due(6).await.into_iter().map(|delivery| settled(delivery, TAKEN)).collect();
            for batch in [&mut first, &mut second] {
                if let Some(last) = batch.last_mut() {
                    last.outcome = DeliveryOutcome::Gone { refusal: refusal(now()) };
                }
            }
            let (off, one, two) = tokio::join!(switch(false), settle(first), settle(second));
            assert!(off.is_ok() && one.is_ok() && two.is_ok(), "{}, {round}: {off:?} {one:?} {two:?}", bench.name);
        }
    }
}

#[tokio::test]
async fn what_is_settled_long_enough_is_forgotten_in_batches() {
    for bench in benches().await {
        let id = bench.webhook(&["test"]).await;
        bench.queue(id, 5).await;
        for delivery in bench.claim_due(4).await {
            bench.settle_as(&delivery, TAKEN).await;
        }
        let past = now() - SignedDuration::from_hours(1);
        assert_eq!(bench.store.prune_deliveries(past, 10).await.expect("pruned"), 0, "{}", bench.name);
        let removed = async || bench.store.prune_deliveries(far(), 3).await.expect("pruned");
        assert_eq!((removed().await, removed().await, removed().await), (3, 1, 0), "{}", bench.name);
        assert_eq!(bench.states(id).await, [DeliveryState::Pending], "what is pending stays, with its event");
    }
}

#[tokio::test]
async fn evidence_is_forgotten_in_its_time() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let (failure, then) = (Failure::new(FailureCode::CredentialsInvalid, Stage::Login), AfterFailure::End);
        let steps = [RunStep {
            at_ms: 5,
            took_ms: 40,
            stage: Stage::Login,
            step: Step::Watch,
            page: Some("refused".into()),
            effect: None,
        }];
        let evidence = protocol::lease::Evidence { url: "https://bank.example/".into(), html: "<p></p>".into() };
        bench
            .store
            .fail(run, proof(1), failure, Kept { page: Some(evidence), steps: &steps, ticket: None }, then, now())
            .await
            .expect("failed");
        let events = bench.store.connection_events(bench.organization, id, ALL).await.expect("events");
        let kept = events.iter().find_map(|event| event.failure.as_ref()?.evidence_id).expect("evidence");
        let past = now() - SignedDuration::from_hours(1);
        assert_eq!(bench.store.prune_evidence(past, 10).await.expect("pruned"), 0, "{}", bench.name);
        assert_eq!(bench.store.prune_steps(past, 10).await.expect("pruned"), 0, "{}", bench.name);
        assert_eq!(bench.store.steps_of(run).await.expect("steps"), steps, "{}", bench.name);
        assert_eq!(bench.store.prune_steps(far(), 10).await.expect("pruned"), 1, "{}", bench.name);
        assert_eq!(bench.store.steps_of(run).await.expect("steps"), [], "{}", bench.name);
        assert!(bench.store.evidence(kept).await.expect("an answer").is_some());
        assert_eq!(bench.store.prune_evidence(far(), 10).await.expect("pruned"), 1, "{}", bench.name);
        assert!(bench.store.evidence(kept).await.expect("an answer").is_none());
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_fails_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("t.sqlite");
    let sqlite = open(&StoreUrl::Sqlite(file.clone()), Tables::BroughtUpToDate).await.expect("SQLite");
    let server = Database::create().await.expect("PostgreSQL");
    let postgres = open(&StoreUrl::Postgres(domain::secret::Secret::new(server.url())), Tables::BroughtUpToDate)
        .await
        .expect("PostgreSQL");
    let damage = "UPDATE webhook_events SET data = 'not JSON' WHERE id = $1";
    let damage_sqlite = async |event: Uuid| {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.expect("SQLite");
        sqlx::query(damage).bind(event).execute(&pool).await.expect("damaged");
        pool.close().await;
    };
    let damage_postgres = async |event: Uuid| {
        let pool = sqlx::PgPool::connect(&server.url()).await.expect("PostgreSQL");
        sqlx::query(damage).bind(event).execute(&pool).await.expect("damaged");
        pool.close().await;
    };
    for (name, store) in [("sqlite", sqlite), ("postgres", postgres)] {
        let organization = add_organization(&*store, "default").await;
        let bench = Bench { store, organization, name, _ground: Box::new(()) };
        let id = bench.webhook(&["test"]).await;
        bench.queue(id, 2).await;
        let newest = bench.deliveries(id).await.remove(0);
        if name == "sqlite" {
            damage_sqlite(newest.event_id).await;
        } else {
            damage_postgres(newest.event_id).await;
        }
        assert_eq!(bench.claim_due(10).await.len(), 1, "{name}: the other one is sent");
        assert_eq!(bench.states(id).await, [DeliveryState::Failed, DeliveryState::Pending], "{name}");
    }
}
