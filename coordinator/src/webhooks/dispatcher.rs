//! The dispatcher: takes deliveries that are due from the outbox and sends them, at
//! least once, each endpoint in a lane of its own, so that a dead one delays nobody.
//!
//! It claims in batches and settles in batches, each a transaction; what is sent at once
//! is bounded for each endpoint and for all of them.
//!
//! Not here: one try (`sender`), and whose turn it is (`lanes`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::id::WebhookId;
use jiff::{SignedDuration, Timestamp};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::lanes::{Lanes, Went};
use super::sender::{Sender, later, signed};
use crate::clock;
use crate::store::{Delivery, DeliveryOutcome, Settled, Store, StoreError};

/// How many endpoints one look at the outbox sees.
const ENDPOINTS: u32 = 1_000;

/// How long a claim outlives the time that a receiver may take. What waits in a lane for
/// longer is given back.
const CLAIM_SLACK: SignedDuration = SignedDuration::from_secs(20);

/// How long before its end a claim isn't good for a try any more.
const SETTLE_SLACK: SignedDuration = SignedDuration::from_secs(5);

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long what was tried waits for more to be settled with.
const GATHER: Duration = Duration::from_millis(20);

/// How many are settled at once without waiting for more.
const BATCH: usize = 64;

/// How often the oldest delivery's age is measured.
const MEASURE: SignedDuration = SignedDuration::from_secs(5);

/// Sends what is due.
pub struct Dispatcher {
    store: Arc<dyn Store>,
    sender: Arc<Sender>,
    lanes: Lanes,
    tries: JoinSet<DeliveryOutcome>,
    under_way: HashMap<Id, Arc<Delivery>>,
    unsettled: Vec<Settled>,
    /// Where the next look at the outbox begins.
    after: Option<WebhookId>,
    measured_at: Timestamp,
}

impl Dispatcher {
    /// A dispatcher on one store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sender: Sender) -> Self {
        let lanes = Lanes::new(sender.settings().per_endpoint, sender.settings().at_once);
        Self {
            store,
            sender: Arc::new(sender),
            lanes,
            tries: JoinSet::new(),
            under_way: HashMap::new(),
            unsettled: Vec::new(),
            after: None,
            measured_at: Timestamp::MIN,
        }
    }

    /// Settles what was tried, claims what is due at `now`, and begins to send it; returns
    /// how many were claimed.
    ///
    /// # Errors
    /// [`StoreError`]; what a receiver does wrong is kept with the delivery.
    pub async fn run_once(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.settle().await?;
        let claimed = self.claim(now).await?;
        self.lanes.tidy();
        self.begin_tries(now);
        if now.duration_since(self.measured_at) >= MEASURE {
            self.measured_at = now;
            let oldest = self.store.oldest_pending().await?;
            let age = oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64());
            metrics::gauge!("bursar_webhook_oldest_pending_seconds").set(age);
        }
        Ok(claimed)
    }

    /// Goes on sending what was claimed, until there is enough to settle or it is time to
    /// look at the outbox again.
    pub async fn wait(&mut self) {
        let mut until = Instant::now() + LOOK;
        // What couldn't be settled before is no reason to hurry.
        let before = self.unsettled.len();
        while self.unsettled.len() < before + BATCH {
            tokio::select! {
                Some(ended) = self.tries.join_next_with_id() => {
                    self.take(ended);
                    self.begin_tries(clock::now());
                    until = until.min(Instant::now() + GATHER);
                }
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    async fn claim(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        if self.lanes.room() == 0 {
            return Ok(0);
        }
        let due = self.store.due_endpoints(self.after, ENDPOINTS, now).await?;
        let claims = self.lanes.wanted(&due);
        let wanted: usize = claims.iter().map(|claim| claim.at_most as usize).sum();
        // Where room or page ended, others come first the next time.
        self.after = if wanted == self.lanes.room() {
            claims.last().map(|claim| claim.endpoint.webhook_id)
        } else {
            due.last().filter(|_| due.len() == ENDPOINTS as usize).map(|endpoint| endpoint.webhook_id)
        };
        if claims.is_empty() {
            return Ok(0);
        }
        let until = later(now, signed(self.sender.settings().timeout) + CLAIM_SLACK);
        let deliveries = self.store.claim_deliveries(&claims, until, now).await?;
        let claimed = deliveries.len();
        self.lanes.take_in(deliveries, until);
        Ok(claimed)
    }

    fn begin_tries(&mut self, now: Timestamp) {
        let needed = later(now, signed(self.sender.settings().timeout) + SETTLE_SLACK);
        let overdue = self.lanes.overdue(needed);
        self.give_back(overdue);
        while let Some(delivery) = self.lanes.next() {
            let (delivery, sender) = (Arc::new(delivery), Arc::clone(&self.sender));
            let sent = Arc::clone(&delivery);
            let task = self.tries.spawn(async move { sender.deliver(&sent).await });
            self.under_way.insert(task.id(), delivery);
        }
        self.show_sending();
    }

    fn take(&mut self, ended: Result<(Id, DeliveryOutcome), JoinError>) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, Some(outcome)),
            Err(error) => (error.id(), None),
        };
        let Some(delivery) = self.under_way.remove(&id) else { return };
        let outcome = outcome.unwrap_or_else(|| {
            let error = "the try broke off inside of Bursar".to_owned();
            self.sender.after_refusal(&delivery, None, SignedDuration::ZERO, error, clock::now())
        });
        let (label, went) = match &outcome {
            DeliveryOutcome::Delivered { .. } => ("delivered", Went::Well),
            DeliveryOutcome::TryAgain { .. } => ("refused", Went::Badly),
            DeliveryOutcome::GivenUp { .. } => ("given_up", Went::Badly),
            DeliveryOutcome::Gone { .. } => ("gone", Went::Badly),
            DeliveryOutcome::Untried => ("untried", Went::Badly),
        };
        metrics::counter!("bursar_webhook_deliveries_total", "outcome" => label).increment(1);
        tracing::info!(
            webhook_id = %delivery.webhook_id, event = delivery.event_type, attempt = delivery.attempt,
            outcome = label, "tried to deliver a webhook",
        );
        let waiting = self.lanes.finish(delivery.webhook_id, went);
        self.unsettled.push(Settled { delivery: Arc::unwrap_or_clone(delivery), outcome });
        self.give_back(waiting);
        self.show_sending();
    }

    fn give_back(&mut self, deliveries: Vec<Delivery>) {
        let untried = |delivery| Settled { delivery, outcome: DeliveryOutcome::Untried };
        self.unsettled.extend(deliveries.into_iter().map(untried));
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        match self.store.settle_deliveries(&self.unsettled, clock::now()).await {
            Ok(disabled) => {
                for endpoint in disabled {
                    tracing::warn!(
                        webhook_id = %endpoint.webhook_id, reason = %endpoint.reason,
                        "a webhook endpoint was switched off; its owner can switch it on again",
                    );
                }
            }
            // They are settled with the next round.
            Err(error) if error.passes() => return Err(error),
            // Each is due again when its claim ends.
            Err(error) => {
                let count = self.unsettled.len();
                tracing::error!(count, error = &error as &dyn std::error::Error, "couldn't settle deliveries");
            }
        }
        for Settled { delivery, .. } in self.unsettled.drain(..) {
            self.lanes.settled(delivery.webhook_id);
        }
        Ok(())
    }

    fn show_sending(&self) {
        let sending = u32::try_from(self.lanes.sending()).unwrap_or(u32::MAX);
        metrics::gauge!("bursar_webhook_deliveries_in_flight").set(sending);
    }
}
