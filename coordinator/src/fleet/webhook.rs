//! What an integrator does with webhook endpoints: add, change, test, rotate the secret,
//! send something once more. A secret is shown when it is made, and never again.
//!
//! Not here: delivering to them.

use domain::anchor::normalize_portal_url;
use domain::event::EventType;
use domain::id::{OrganizationId, WebhookId};
use domain::secret::Secret;
use jiff::SignedDuration;
use url::Url;
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{DeliveryRecord, Metadata, NewWebhook, Webhook, WebhookPatch};
use crate::webhooks::{new_secret, webhook_secret_context};

/// What is asked for.
pub struct WebhookRequest {
    /// Where to deliver.
    pub url: String,
    /// What to deliver.
    pub events: Vec<String>,
    /// The integrator's values.
    pub metadata: Metadata,
}

/// What is to be changed; the rest stays.
#[derive(Default)]
pub struct WebhookChange {
    /// Where to deliver.
    pub url: Option<String>,
    /// What to deliver.
    pub events: Option<Vec<String>>,
    /// Whether to deliver.
    pub active: Option<bool>,
    /// The integrator's values, all of them.
    pub metadata: Option<Metadata>,
}

impl Fleet {
    /// Adds an endpoint; returns it with its secret.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that isn't https or an event that isn't known,
    /// `Refused::WebhookLimit` where there are as many as there may be.
    pub async fn create_webhook(
        &self,
        organization_id: OrganizationId,
        request: WebhookRequest,
    ) -> Result<(Webhook, Secret), Error> {
        let url = self.receiver_url(&request.url)?;
        let events = known_events(request.events)?;
        let id = WebhookId(Uuid::now_v7());
        let secret = new_secret()?;
        let secret_sealed = self.sealer.seal(organization_id, &webhook_secret_context(id), &secret).await?;
        let new = NewWebhook { id, organization_id, url, events, secret_sealed, metadata: request.metadata };
        let at_most = self.config.webhooks.endpoints;
        Ok((self.store.create_webhook(new, at_most, clock::now()).await?, secret))
    }

    /// Changes an endpoint. One that is switched off gets nothing of what was pending; one
    /// that is switched on begins anew.
    ///
    /// # Errors
    /// [`Error::Invalid`] as from [`Fleet::create_webhook`].
    pub async fn change_webhook(
        &self,
        organization_id: OrganizationId,
        id: WebhookId,
        change: WebhookChange,
    ) -> Result<Webhook, Error> {
        let patch = WebhookPatch {
            url: change.url.as_deref().map(|url| self.receiver_url(url)).transpose()?,
            events: change.events.map(known_events).transpose()?,
            active: change.active,
            metadata: change.metadata,
        };
        Ok(self.store.change_webhook(organization_id, id, patch, clock::now()).await?)
    }

    /// Queues a `test` event for this endpoint alone.
    ///
    /// # Errors
    /// `Refused::WebhookInactive` and `Refused::NotSubscribed` where it would get none.
    pub async fn test_webhook(&self, organization_id: OrganizationId, id: WebhookId) -> Result<DeliveryRecord, Error> {
        Ok(self.store.test_webhook(organization_id, id, clock::now()).await?)
    }

    /// Makes another secret; returns it with the endpoint. The one before signs beside it
    /// for `webhooks.rotation_overlap`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn rotate_webhook_secret(
        &self,
        organization_id: OrganizationId,
        id: WebhookId,
    ) -> Result<(Webhook, Secret), Error> {
        let secret = new_secret()?;
        let sealed = self.sealer.seal(organization_id, &webhook_secret_context(id), &secret).await?;
        let now = clock::now();
        let overlap = SignedDuration::try_from(self.config.webhooks.rotation_overlap).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(overlap).unwrap_or(now);
        Ok((self.store.rotate_webhook_secret(organization_id, id, sealed, until, now).await?, secret))
    }

    /// Queues another delivery of the same event to the same endpoint.
    ///
    /// # Errors
    /// `Refused::WebhookInactive`; `Refused::NotFound` for another endpoint's delivery.
    pub async fn redeliver(
        &self,
        organization_id: OrganizationId,
        id: WebhookId,
        delivery: Uuid,
    ) -> Result<DeliveryRecord, Error> {
        Ok(self.store.redeliver(organization_id, id, delivery, clock::now()).await?)
    }

    /// The same rules as for portals; what the name resolves to is checked at each
    /// delivery. Unlike a portal's, a receiver's query is part of its address; a fragment
    /// would never reach it.
    fn receiver_url(&self, text: &str) -> Result<Url, Error> {
        let invalid = |reason: String| Error::Invalid { field: "/url", reason };
        normalize_portal_url(text, self.config.loopback())
            .map_err(|error| invalid(format!("the receiver's address {error}")))?;
        let url: Url = text.trim().parse().map_err(|_| invalid("isn't an address".into()))?;
        if url.fragment().is_some() {
            return Err(invalid("the receiver's address carries a fragment".into()));
        }
        Ok(url)
    }
}

/// At least one event, each of them known, each once.
fn known_events(mut events: Vec<String>) -> Result<Vec<String>, Error> {
    if events.is_empty() || !events.iter().all(|name| name.parse::<EventType>().is_ok()) {
        let names: Vec<&str> = EventType::ALL.iter().map(|event| event.as_str()).collect();
        let reason = format!("give one or more of {}", names.join(", "));
        return Err(Error::Invalid { field: "/events", reason });
    }
    events.sort_unstable();
    events.dedup();
    Ok(events)
}
