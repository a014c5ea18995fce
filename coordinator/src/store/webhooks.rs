//! Webhook endpoints, and the outbox with its deliveries.
//!
//! Not here: sending; the dispatcher takes what is due from here.

use async_trait::async_trait;
use domain::id::{OrganizationId, WebhookId};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{Metadata, PageRequest, Refused, StoreError};

/// Endpoints and the outbox.
#[async_trait]
pub trait Webhooks {
    /// Adds an endpoint.
    async fn create_webhook(&self, new: NewWebhook, now: Timestamp) -> Result<Webhook, Refused>;
    /// A page of endpoints, oldest first.
    async fn webhooks(&self, organization: OrganizationId, page: PageRequest) -> Result<Vec<Webhook>, StoreError>;
    /// One endpoint.
    async fn webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<Webhook, Refused>;
    /// Removes an endpoint with its deliveries.
    async fn delete_webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<(), Refused>;
    /// Takes deliveries that are due, each for one worker: they are due again at
    /// `until` unless they are settled before.
    async fn claim_deliveries(&self, limit: u32, until: Timestamp, now: Timestamp)
    -> Result<Vec<Delivery>, StoreError>;
    /// Keeps what came of a delivery.
    async fn settle_delivery(
        &self,
        delivery: &Delivery,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// When the next delivery is due.
    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError>;
}

/// A webhook endpoint, without its secret.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where to deliver.
    pub url: Url,
    /// What to deliver.
    pub events: Vec<String>,
    /// Whether to deliver.
    pub active: bool,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An endpoint to be added.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where to deliver.
    pub url: Url,
    /// What to deliver.
    pub events: Vec<String>,
    /// What to sign with, sealed by the vault.
    pub secret_sealed: Vec<u8>,
    /// The integrator's values.
    pub metadata: Metadata,
}

/// Something to be delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Where to.
    pub url: Url,
    /// What to sign with, sealed by the vault.
    pub secret_sealed: Vec<u8>,
    /// The event, the same for every endpoint and every attempt.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: String,
    /// What the event says.
    pub data: Value,
    /// When the event happened.
    pub created_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempt: u32,
}

/// What came of a delivery.
#[derive(Clone, Debug)]
pub enum DeliveryOutcome {
    /// The receiver took it.
    Delivered {
        /// Its answer.
        status: u16,
    },
    /// It is tried again.
    TryAgain {
        /// When.
        at: Timestamp,
        /// Its answer, if it gave one.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
    /// It isn't tried again.
    GivenUp {
        /// Its answer, if it gave one.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
}
