//! The dispatcher: takes deliveries that are due from the outbox and sends them, at
//! least once, each endpoint on its own, so that a dead one delays nobody.
//!
//! Not here: which addresses may be reached (`egress`), and how to sign (`signature`).

use std::sync::Arc;
use std::time::Duration;

use domain::anchor::Loopback;
use domain::id::WebhookId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::egress;
use super::signature::sign;
use crate::clock;
use crate::config;
use crate::sealer::Sealer;
use crate::store::{Delivery, DeliveryOutcome, Store, StoreError};

/// How many deliveries one round takes.
const AT_ONCE: u32 = 64;

/// How long a claim outlives the time that a receiver may take.
const CLAIM_SLACK: Duration = Duration::from_secs(5);

/// Sends what is due.
pub struct Dispatcher {
    store: Arc<dyn Store>,
    sealer: Sealer,
    client: reqwest::Client,
    settings: config::Webhooks,
    loopback: Loopback,
}

impl Dispatcher {
    /// A dispatcher on one store.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        sealer: Sealer,
        client: reqwest::Client,
        settings: config::Webhooks,
        loopback: Loopback,
    ) -> Self {
        Self { store, sealer, client, settings, loopback }
    }

    /// Takes what is due now and sends each on its own, so that a dead or slow endpoint
    /// delays no other; returns how many were taken.
    ///
    /// # Errors
    /// [`StoreError`]; what a receiver does wrong is kept with the delivery.
    pub async fn run_once(self: &Arc<Self>, now: Timestamp) -> Result<usize, StoreError> {
        if self.store.next_delivery_at().await?.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let until = now + SignedDuration::try_from(self.settings.timeout + CLAIM_SLACK).unwrap_or(SignedDuration::MAX);
        let deliveries = self.store.claim_deliveries(AT_ONCE, until, now).await?;
        let taken = deliveries.len();
        for delivery in deliveries {
            let dispatcher = Arc::clone(self);
            tokio::spawn(async move {
                // What can't be settled is due again when its claim ends.
                if let Err(error) = dispatcher.deliver(&delivery).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "couldn't settle a delivery");
                }
            });
        }
        Ok(taken)
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let now = clock::now();
        let outcome = match self.send(delivery, now).await {
            Ok(status) if (200..300).contains(&status) => DeliveryOutcome::Delivered { status },
            Ok(status) => self.after_refusal(delivery, Some(status), format!("the receiver answered {status}"), now),
            Err(error) => self.after_refusal(delivery, None, error, now),
        };
        let label = match &outcome {
            DeliveryOutcome::Delivered { .. } => "delivered",
            DeliveryOutcome::TryAgain { .. } => "refused",
            DeliveryOutcome::GivenUp { .. } => "given_up",
        };
        metrics::counter!("bursar_webhook_deliveries_total", "outcome" => label).increment(1);
        tracing::info!(
            webhook_id = %delivery.webhook_id, event = delivery.event_type, attempt = delivery.attempt,
            outcome = label, "delivered a webhook",
        );
        self.store.settle_delivery(delivery, outcome, clock::now()).await
    }

    async fn send(&self, delivery: &Delivery, now: Timestamp) -> Result<u16, String> {
        if !egress::may_reach(&delivery.url, self.loopback) {
            return Err("the address isn't https to a public host".into());
        }
        let context = webhook_secret_context(delivery.webhook_id);
        let secret = self.sealer.open(delivery.organization_id, &context, &delivery.secret_sealed).await;
        let secret = secret.map_err(|_| "the endpoint's secret can't be opened".to_owned())?;
        let id = format!("evt_{}", delivery.event_id.simple());
        let body = json!({
            "id": id,
            "type": delivery.event_type,
            "createdAt": delivery.created_at,
            "data": delivery.data,
        })
        .to_string();
        let signatures = sign(&secret, &id, now, body.as_bytes());
        let request = self
            .client
            .post(delivery.url.clone())
            .header("content-type", "application/json")
            .header(self.settings.signature_header.as_str(), signatures.documented)
            .header("webhook-id", id)
            .header("webhook-timestamp", signatures.timestamp)
            .header("webhook-signature", signatures.standard)
            .body(body);
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if error.is_timeout() => Err("the receiver took too long".into()),
            Err(error) if error.is_connect() => Err("no connection to the receiver could be made".into()),
            Err(_) => Err("the receiver broke the connection off".into()),
        }
    }

    fn after_refusal(
        &self,
        delivery: &Delivery,
        status: Option<u16>,
        error: String,
        now: Timestamp,
    ) -> DeliveryOutcome {
        let delay = crate::backoff::backoff(self.settings.retry_base, self.settings.retry_cap, delivery.attempt);
        let at = now + SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        let tried_for = at.duration_since(delivery.created_at);
        if tried_for > SignedDuration::try_from(self.settings.give_up_after).unwrap_or(SignedDuration::MAX) {
            return DeliveryOutcome::GivenUp { status, error };
        }
        DeliveryOutcome::TryAgain { at, status, error }
    }
}

/// What an endpoint's secret is sealed for.
#[must_use]
pub fn webhook_secret_context(id: WebhookId) -> String {
    format!("secret of webhook {id}")
}
