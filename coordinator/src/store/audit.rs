//! The audit trail: who acts, what is written of it, and what is read back.
//!
//! Who acts goes along with the task that does the work ([`acting`]), so that whatever the store
//! changes on the way can write it down in the same transaction. Work that was begun for nobody is
//! Bursar's own.
//!
//! Not here: what an entry says and what is hashed (`domain::audit`), or walking through the whole
//! chain (`verify_audit`).

use async_trait::async_trait;
use domain::audit::{Action, Actor, AuditEntry};
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::StoreError;

tokio::task_local! {
    static ACTOR: Actor;
}

/// The same work, done by `actor`.
pub fn acting<F: Future>(actor: Actor, work: F) -> impl Future<Output = F::Output> {
    ACTOR.scope(actor, work)
}

/// Who acts in this task.
#[must_use]
pub fn actor() -> Actor {
    ACTOR.try_with(Clone::clone).unwrap_or(Actor::SYSTEM)
}

/// What an entry's hash is: SHA-256 of its canonical form, in hexadecimal.
#[must_use]
pub fn audit_hash(entry: &AuditEntry) -> String {
    hex(&Sha256::digest(entry.canonical().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The audit trail.
#[async_trait]
pub trait Audit {
    /// Writes down an act that changes nothing in the store. Written before the act: one that
    /// then comes to nothing is in the trail, and none is left out.
    async fn note_act(&self, act: Act, now: Timestamp) -> Result<(), StoreError>;
    /// Entries, the latest first, from before a position.
    async fn audit_entries(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HashedEntry>, StoreError>;
    /// Entries in the order of the chain, from after a position.
    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<HashedEntry>, StoreError>;
    /// Where the chain ends.
    async fn audit_head(&self) -> Result<AuditHead, StoreError>;
}

/// Something that is about to be written down.
#[derive(Clone, Debug)]
pub struct Act {
    pub(super) action: Action,
    pub(super) organization: Option<Uuid>,
    pub(super) connection: Option<Uuid>,
    pub(super) subject: Option<String>,
    pub(super) detail: Value,
}

impl Act {
    /// Something that was done.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { action, organization: None, connection: None, subject: None, detail: json!({}) }
    }

    /// Whose thing it is.
    #[must_use]
    pub fn of(self, organization: OrganizationId) -> Self {
        Self { organization: Some(organization.0), ..self }
    }

    /// Which connection it is about.
    #[must_use]
    pub fn on(self, connection: ConnectionId) -> Self {
        Self { connection: Some(connection.0), ..self }
    }

    /// What it is done to, where that isn't the connection.
    #[must_use]
    pub fn to(self, subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()).filter(|subject| !subject.is_empty()), ..self }
    }

    /// More about it; never a secret.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

/// An entry with the hash that is kept with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashedEntry {
    /// What it says.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// In hexadecimal.
    pub hash: String,
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The last position; 0 of an empty chain.
    pub position: i64,
    /// The hash there; zeros of an empty chain.
    pub hash: String,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of these tenants.
    pub organizations: Option<Vec<OrganizationId>>,
    /// About this connection.
    pub connection: Option<ConnectionId>,
    /// By the actor of this id.
    pub actor: Option<String>,
    /// Which say this.
    pub action: Option<Action>,
    /// From this moment on.
    pub since: Option<Timestamp>,
}
