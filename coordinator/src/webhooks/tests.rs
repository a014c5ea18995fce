//! The dispatcher against real receivers: good, slow, dead, refusing and gone ones, on
//! a real store.
//!
//! Not here: what the store keeps of each outcome; its own tests have that.

use std::sync::Arc;

use ::tests::patience::eventually;
use ::tests::receiver::{Manner, Receiver};
use domain::anchor::Loopback;
use domain::event::DeliveryState;
use domain::id::{OrganizationId, WebhookId};
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Dispatcher, Sender, client, new_secret, webhook_secret_context};
use crate::clock;
use crate::config::{self, Config};
use crate::sealer::Sealer;
use crate::store::{
    DeliveryRecord, Metadata, NewOrganization, NewTenant, NewWebhook, PageRequest, Store, StoreUrl, Tables, Webhook,
    WebhookPatch, open,
};
use crate::vault::Vault;

/// A dispatcher with a store of its own.
struct Bench {
    store: Arc<dyn Store>,
    sealer: Sealer,
    organization: OrganizationId,
    dispatcher: Dispatcher,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(change: impl FnOnce(&mut config::Webhooks)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let store =
            open(&StoreUrl::Sqlite(folder.path().join("t.sqlite")), Tables::BroughtUpToDate).await.expect("a store");
        let none = Secret::new(String::new());
        let vault = Arc::new(Vault::open(&none, &folder.path().join("master.key")).expect("a vault"));
        let organization = OrganizationId(Uuid::now_v7());
        let tenant = |id: OrganizationId| {
            let data_key = vault.new_data_key(&id.to_string()).expect("a key");
            NewTenant { id, data_key }
        };
        let test = tenant(OrganizationId(Uuid::now_v7()));
        let new = NewOrganization { slug: "default".into(), live: tenant(organization), test };
        store.create_organization(new, clock::now()).await.expect("an organization");
        let sealer = Sealer::new(Arc::clone(&store), vault);
        let mut settings = Config::load(None).expect("the defaults").webhooks;
        settings.retry_base = std::time::Duration::from_millis(20);
        change(&mut settings);
        let client = client(settings.timeout, Loopback::Allowed).expect("a client");
        let sender = Sender::new(sealer.clone(), client, settings, Loopback::Allowed);
        let dispatcher = Dispatcher::new(Arc::clone(&store), sender);
        Self { store, sealer, organization, dispatcher, _folder: folder }
    }

    /// Adds an endpoint; its secret with it.
    async fn endpoint(&self, url: &str) -> (WebhookId, Secret) {
        let (id, secret) = (WebhookId(Uuid::now_v7()), new_secret().expect("a secret"));
        let new = NewWebhook {
            id,
            organization_id: self.organization,
            url: url.parse().expect("a URL"),
            events: vec!["test".into(), "webhook.disabled".into()],
            secret_sealed: self.seal(id, &secret).await,
            metadata: Metadata::new(),
        };
        self.store.create_webhook(new, 50, clock::now()).await.expect("a webhook");
        (id, secret)
    }

    /// Adds an endpoint with a receiver that trusts it.
    async fn receiver(&self) -> (WebhookId, Receiver) {
        let receiver = Receiver::start().await.expect("a receiver");
        let (id, secret) = self.endpoint(receiver.url()).await;
        receiver.trust(secret.expose());
        (id, receiver)
    }

    async fn seal(&self, id: WebhookId, secret: &Secret) -> Vec<u8> {
        self.sealer.seal(self.organization, &webhook_secret_context(id), secret).await.expect("sealed")
    }

    async fn queue(&self, id: WebhookId, count: usize) {
        for _ in 0..count {
            self.store.test_webhook(self.organization, id, clock::now()).await.expect("queued");
        }
    }

    async fn webhook(&self, id: WebhookId) -> Webhook {
        self.store.webhook(self.organization, id).await.expect("a webhook")
    }

    async fn deliveries(&self, id: WebhookId) -> Vec<DeliveryRecord> {
        let page = PageRequest { after: None, limit: 500 };
        self.store.deliveries(self.organization, id, page).await.expect("deliveries")
    }

    async fn count(&self, id: WebhookId, state: DeliveryState) -> usize {
        self.deliveries(id).await.iter().filter(|delivery| delivery.state == state).count()
    }

    /// Plays the dispatcher until `done` says so.
    async fn play_until(&mut self, mut done: impl AsyncFnMut(&Bench) -> bool) {
        let played = eventually(async || {
            self.dispatcher.run_once(clock::now()).await.expect("a round");
            if done(self).await {
                return Some(());
            }
            self.dispatcher.wait().await;
            None
        })
        .await;
        played.expect("it came about in time");
    }
}

#[tokio::test]
async fn a_dead_and_a_slow_endpoint_delay_nobody() {
    const MANY: usize = 200;
    // Nobody gives up on the one that holds before the test lets it go.
    let patient = |settings: &mut config::Webhooks| {
        settings.at_once = 16;
        settings.timeout = std::time::Duration::from_mins(10);
    };
    let mut bench = Bench::new(patient).await;
    let (dead, _) = bench.endpoint(&Receiver::dead().await.expect("an address")).await;
    let (slow, slow_receiver) = bench.receiver().await;
    slow_receiver.behave(Manner::Hold);
    // The good one is the last in every order.
    let (good, good_receiver) = bench.receiver().await;
    for id in [dead, slow, good] {
        bench.queue(id, MANY).await;
    }
    bench.play_until(async |_| good_receiver.received().len() == MANY).await;
    assert_eq!(slow_receiver.held(), 4, "the slow one holds what may be sent to one at once, and no more");
    assert_eq!(slow_receiver.attempts(), 4);
    bench.play_until(async |bench| bench.count(good, DeliveryState::Delivered).await == MANY).await;
    assert!(good_receiver.received().iter().all(|received| received.is_verified));
    let tried = bench.deliveries(dead).await.iter().filter(|delivery| delivery.attempts > 0).count();
    assert!(tried < 30, "{tried} of {MANY} were spent on the dead one");

    slow_receiver.behave(Manner::Take);
    bench.play_until(async |bench| bench.count(slow, DeliveryState::Delivered).await == MANY).await;
    assert_eq!(slow_receiver.received().len(), MANY, "and none of them twice");
}

#[tokio::test]
async fn an_endpoint_that_recovers_gets_everything_that_waited() {
    const MANY: usize = 50;
    let mut bench = Bench::new(|settings| settings.probe_cap = std::time::Duration::from_millis(50)).await;
    let (id, receiver) = bench.receiver().await;
    receiver.behave(Manner::Refuse(503));
    bench.queue(id, MANY).await;
    bench.play_until(async |_| receiver.attempts() > 6).await;
    assert!(receiver.received().is_empty());
    receiver.behave(Manner::Take);
    bench.play_until(async |bench| bench.count(id, DeliveryState::Delivered).await == MANY).await;
    assert_eq!(receiver.received().len(), MANY);
    assert!(bench.webhook(id).await.last_delivered_at.is_some());
}

#[tokio::test]
async fn one_event_that_is_refused_holds_the_others_up_for_nothing() {
    let mut bench = Bench::new(|settings| settings.retry_base = std::time::Duration::from_secs(3600)).await;
    let (id, receiver) = bench.receiver().await;
    receiver.refuse_next(1);
    bench.queue(id, 20).await;
    bench.play_until(async |bench| bench.count(id, DeliveryState::Delivered).await == 19).await;
    assert_eq!(bench.count(id, DeliveryState::Pending).await, 1);
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let mut bench = Bench::new(|_| {}).await;
    let (id, receiver) = bench.receiver().await;
    receiver.behave(Manner::AskForTime(600));
    bench.queue(id, 2).await;
    bench
        .play_until(async |bench| bench.deliveries(id).await.iter().any(|delivery| delivery.last_status == Some(429)))
        .await;
    let asked = |delivery: &DeliveryRecord| delivery.last_status == Some(429);
    let at: Option<Timestamp> =
        bench.deliveries(id).await.iter().find(|delivery| asked(delivery)).and_then(|it| it.due_at);
    let wait = at.expect("it is tried again").duration_since(clock::now());
    assert!(wait > SignedDuration::from_mins(9) && wait <= SignedDuration::from_mins(10), "{wait:?}");
    let due = bench.store.due_endpoints(None, 10, clock::now()).await.expect("an answer");
    assert!(due.is_empty(), "nothing else is sent meanwhile: {due:?}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_switched_off_and_the_others_hear_of_it() {
    let mut bench = Bench::new(|_| {}).await;
    let ((gone, gone_receiver), (_, other)) = (bench.receiver().await, bench.receiver().await);
    gone_receiver.behave(Manner::Refuse(410));
    bench.queue(gone, 10).await;
    bench.play_until(async |_| !other.received().is_empty()).await;
    let told = other.received();
    assert_eq!((told.len(), told[0].is_verified), (1, true));
    assert_eq!(told[0].event["type"], "webhook.disabled");
    assert_eq!(told[0].event["data"]["webhookId"], gone.to_string());
    assert_eq!(told[0].event["data"]["reason"], "gone");
    let webhook = bench.webhook(gone).await;
    assert!(!webhook.active && webhook.disabled_at.is_some());
    assert_eq!(bench.count(gone, DeliveryState::Failed).await, 10);
    assert!(gone_receiver.attempts() <= 4, "{}", gone_receiver.attempts());
}

#[tokio::test]
async fn an_endpoint_where_nothing_arrives_for_days_is_switched_off() {
    let mut bench = Bench::new(|settings| settings.give_up_after = std::time::Duration::from_millis(1)).await;
    let (dead, _) = bench.endpoint(&Receiver::dead().await.expect("an address")).await;
    bench.queue(dead, 5).await;
    bench.play_until(async |bench| !bench.webhook(dead).await.active).await;
    assert_eq!(bench.count(dead, DeliveryState::Failed).await, 5);
    let errors: Vec<_> = bench.deliveries(dead).await.into_iter().filter_map(|delivery| delivery.last_error).collect();
    assert!(errors.iter().all(|error| !error.contains("127.0.0.1")), "no address in {errors:?}");
    assert!(errors.iter().any(|error| error.contains("switched off")), "{errors:?}");
}

#[tokio::test]
async fn after_a_rotation_a_receiver_with_either_secret_is_served() {
    let mut bench = Bench::new(|_| {}).await;
    let (id, receiver) = bench.receiver().await;
    let fresh = new_secret().expect("a secret");
    let (sealed, until) = (bench.seal(id, &fresh).await, clock::now() + SignedDuration::from_hours(1));
    let rotated = bench.store.rotate_webhook_secret(bench.organization, id, sealed, until, clock::now()).await;
    rotated.expect("rotated");
    bench.queue(id, 1).await;
    bench.play_until(async |bench| bench.count(id, DeliveryState::Delivered).await == 1).await;
    receiver.trust(fresh.expose());
    bench.queue(id, 1).await;
    bench.play_until(async |bench| bench.count(id, DeliveryState::Delivered).await == 2).await;
    assert!(receiver.received().iter().all(|received| received.is_verified));
}

#[tokio::test]
async fn what_an_endpoint_that_moved_waited_for_goes_to_its_new_address() {
    let mut bench = Bench::new(|settings| settings.probe_cap = std::time::Duration::from_secs(3600)).await;
    let (id, secret) = bench.endpoint(&Receiver::dead().await.expect("an address")).await;
    bench.queue(id, 20).await;
    bench
        .play_until(async |bench| bench.deliveries(id).await.iter().any(|delivery| delivery.last_error.is_some()))
        .await;
    let receiver = Receiver::start().await.expect("a receiver");
    receiver.trust(secret.expose());
    let patch = WebhookPatch { url: receiver.url().parse().ok(), ..WebhookPatch::default() };
    bench.store.change_webhook(bench.organization, id, patch, clock::now()).await.expect("changed");
    bench.play_until(async |bench| bench.count(id, DeliveryState::Delivered).await == 20).await;
}
