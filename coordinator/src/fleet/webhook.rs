//! A new webhook endpoint, with a secret that is shown this once.
//!
//! Not here: delivering to it.

use domain::anchor::normalize_portal_url;
use domain::id::{OrganizationId, WebhookId};
use domain::secret::Secret;
use url::Url;
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{Metadata, NewWebhook, Webhook};
use crate::webhooks::{new_secret, webhook_secret_context};
use domain::event::EventType;

/// What is asked for.
pub struct WebhookRequest {
    /// Where to deliver.
    pub url: String,
    /// What to deliver.
    pub events: Vec<String>,
    /// The integrator's values.
    pub metadata: Metadata,
}

impl Fleet {
    /// Adds an endpoint; returns it with its secret.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that isn't https or an event that isn't known.
    pub async fn create_webhook(
        &self,
        organization_id: OrganizationId,
        request: WebhookRequest,
    ) -> Result<(Webhook, Secret), Error> {
        // The same rules as for portals; what the name resolves to is checked at each
        // delivery. Unlike a portal's, a receiver's query is part of its address.
        normalize_portal_url(&request.url, self.config.loopback())
            .map_err(|error| Error::Invalid { field: "/url", reason: format!("the receiver's address {error}") })?;
        let malformed = |_| Error::Invalid { field: "/url", reason: "isn't an address".into() };
        let url: Url = request.url.trim().parse().map_err(malformed)?;
        let known = |name: &String| EventType::ALL.iter().any(|event| event.as_str() == name);
        if request.events.is_empty() || !request.events.iter().all(known) {
            let names: Vec<&str> = EventType::ALL.iter().map(|event| event.as_str()).collect();
            let reason = format!("give one or more of {}", names.join(", "));
            return Err(Error::Invalid { field: "/events", reason });
        }
        let mut events = request.events;
        events.sort_unstable();
        events.dedup();
        let id = WebhookId(Uuid::now_v7());
        let secret = new_secret()?;
        let secret_sealed = self.sealer.seal(organization_id, &webhook_secret_context(id), &secret).await?;
        let new = NewWebhook { id, organization_id, url, events, secret_sealed, metadata: request.metadata };
        Ok((self.store.create_webhook(new, clock::now()).await?, secret))
    }
}
