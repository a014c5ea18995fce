//! Webhook endpoints, and the outbox with its deliveries.
//!
//! Not here: sending; the dispatcher takes what is due from here.

use async_trait::async_trait;
use domain::event::{DeliveryState, DisabledReason, EventType};
use domain::id::{OrganizationId, WebhookId};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{Metadata, PageRequest, Refused, StoreError};

/// Endpoints.
#[async_trait]
pub trait Webhooks {
    /// Adds an endpoint; [`Refused::WebhookLimit`] where the organization has `at_most`
    /// already.
    async fn create_webhook(&self, new: NewWebhook, at_most: u32, now: Timestamp) -> Result<Webhook, Refused>;
    /// A page of endpoints, oldest first.
    async fn webhooks(&self, organization: OrganizationId, page: PageRequest) -> Result<Vec<Webhook>, StoreError>;
    /// One endpoint.
    async fn webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<Webhook, Refused>;
    /// Changes what the patch names. An endpoint that is switched off gets nothing more:
    /// what was pending fails. One that is switched on begins anew.
    async fn change_webhook(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        patch: WebhookPatch,
        now: Timestamp,
    ) -> Result<Webhook, Refused>;
    /// Takes another secret; the one before signs beside it until `overlap_until`, and
    /// the one before that is forgotten.
    async fn rotate_webhook_secret(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        secret_sealed: Vec<u8>,
        overlap_until: Timestamp,
        now: Timestamp,
    ) -> Result<Webhook, Refused>;
    /// Removes an endpoint with its deliveries.
    async fn delete_webhook(&self, organization: OrganizationId, id: WebhookId, now: Timestamp) -> Result<(), Refused>;
    /// Puts a `test` event for this endpoint alone into the outbox;
    /// [`Refused::WebhookInactive`] or [`Refused::NotSubscribed`] where it would get none.
    async fn test_webhook(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        now: Timestamp,
    ) -> Result<DeliveryRecord, Refused>;
    /// A page of an endpoint's deliveries, newest first.
    async fn deliveries(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        page: PageRequest,
    ) -> Result<Vec<DeliveryRecord>, Refused>;
    /// Queues another delivery of the same event to the same endpoint, which must be
    /// active.
    async fn redeliver(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        delivery: Uuid,
        now: Timestamp,
    ) -> Result<DeliveryRecord, Refused>;
}

/// What the dispatcher takes from the outbox, and brings back.
#[async_trait]
pub trait Outbox {
    /// Active endpoints with something due that aren't left alone right now, in the order
    /// of ids from after `after`, at most `limit`.
    async fn due_endpoints(
        &self,
        after: Option<WebhookId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<DueEndpoint>, StoreError>;
    /// Takes deliveries that are due, each for one worker: they are due again at `until`
    /// unless they are settled before. What another worker holds is passed over, and so is
    /// an endpoint that fails and that another is probing. A delivery that can't be read
    /// fails and keeps no other back.
    async fn claim_deliveries(
        &self,
        claims: &[Claim],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError>;
    /// Keeps what came of deliveries, in the order in which it came; returns the endpoints
    /// that were switched off for it. Settling one again, or late, changes nothing.
    async fn settle_deliveries(&self, settled: &[Settled], now: Timestamp) -> Result<Vec<DisabledWebhook>, StoreError>;
    /// When the oldest delivery that is pending was queued.
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, StoreError>;
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
    /// When a delivery last arrived, to the second.
    pub last_delivered_at: Option<Timestamp>,
    /// When Bursar switched it off; none once somebody switched it on again.
    pub disabled_at: Option<Timestamp>,
    /// Until when the secret before the last rotation signs as well.
    pub previous_secret_until: Option<Timestamp>,
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

/// What is to be changed of an endpoint; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookPatch {
    /// Where to deliver.
    pub url: Option<Url>,
    /// What to deliver.
    pub events: Option<Vec<String>>,
    /// Whether to deliver.
    pub active: Option<bool>,
    /// The integrator's values, all of them.
    pub metadata: Option<Metadata>,
}

/// A delivery as an integrator sees it.
#[derive(Clone, Debug)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: Uuid,
    /// The event; [`event_name`] is how receivers see it.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: EventType,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// The last answer's HTTP status, if there was an answer.
    pub last_status: Option<u16>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next, while it is pending.
    pub due_at: Option<Timestamp>,
    /// When it was delivered or failed.
    pub settled_at: Option<Timestamp>,
    /// The delivery that somebody wanted sent once more.
    pub redelivers: Option<Uuid>,
}

/// An endpoint with something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueEndpoint {
    /// Which.
    pub webhook_id: WebhookId,
    /// How many tries in a row came to nothing; above zero it is probed, by one delivery
    /// at a time.
    pub failures: u32,
}

/// How much is wanted for an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The endpoint, as it was last seen.
    pub endpoint: DueEndpoint,
    /// How many deliveries; one at most where the endpoint fails.
    pub at_most: u32,
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
    /// What signs beside it for now, sealed by the vault.
    pub previous_secret_sealed: Option<Vec<u8>>,
    /// The event, the same for every endpoint and every attempt.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: String,
    /// What the event says.
    pub data: Value,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When this delivery of it was queued.
    pub queued_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// How many tries at the endpoint had come to nothing in a row when it was claimed.
    pub failures: u32,
}

/// A delivery with what came of it.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The delivery as it was claimed.
    pub delivery: Delivery,
    /// What came of it.
    pub outcome: DeliveryOutcome,
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
        /// What went wrong.
        refusal: Refusal,
    },
    /// It isn't tried again. If nothing arrived at the endpoint since it was queued, the
    /// endpoint is switched off.
    GivenUp {
        /// What went wrong.
        refusal: Refusal,
    },
    /// The receiver is gone for good: the endpoint is switched off.
    Gone {
        /// What went wrong.
        refusal: Refusal,
    },
    /// It wasn't tried after all, and is due as before.
    Untried,
}

/// A try that came to nothing.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The receiver's answer, if it gave one.
    pub status: Option<u16>,
    /// What went wrong; never what the receiver said, and never its address.
    pub error: String,
    /// Until when the endpoint is left alone.
    pub quiet_until: Timestamp,
}

/// An endpoint that was switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisabledWebhook {
    /// Which.
    pub webhook_id: WebhookId,
    /// Why.
    pub reason: DisabledReason,
}

/// The id of an event as receivers see it.
#[must_use]
pub fn event_name(id: Uuid) -> String {
    format!("evt_{}", id.simple())
}
