//! API keys.
//!
//! Not here: how a key is made or checked; the fleet does that.

use async_trait::async_trait;
use domain::environment::Environment;
use domain::id::OrganizationId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refused, StoreError};

/// API keys.
#[async_trait]
pub trait Keys {
    /// Keeps a new API key.
    async fn create_key(&self, key: NewApiKey, now: Timestamp) -> Result<ApiKey, Refused>;
    /// A page of keys, oldest first.
    async fn keys(&self, filter: KeyFilter, page: KeyPageRequest) -> Result<Vec<ApiKey>, StoreError>;
    /// One key.
    async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError>;
    /// Notes that a key was used.
    async fn touch_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Keeps a new key in place of one that is in force and wasn't replaced before; the
    /// old one ends at `old_ends_at`, unless it would have ended earlier. What the new
    /// one is for stays the same, and so does for how long it lasts.
    async fn rotate_key(
        &self,
        id: &str,
        new: RotatedKey,
        old_ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<ApiKey, Refused>;
    /// Sets when a key that is in force stops working.
    async fn expire_key(&self, id: &str, at: Timestamp, now: Timestamp) -> Result<ApiKey, Refused>;
    /// Ends a key; a second time changes nothing.
    async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<ApiKey, Refused>;
}

/// An API key, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The part of the key that names it.
    pub id: String,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What that organization is called.
    pub organization_slug: String,
    /// The tenant that it reaches: the organization itself, or its test tenant.
    pub tenant_id: OrganizationId,
    /// What the key is for.
    pub environment: Environment,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// The key that it took over from.
    pub replaces: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// An API key to be kept.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The part of the key that names it.
    pub id: String,
    /// The tenant that it reaches.
    pub tenant_id: OrganizationId,
    /// What the key is for.
    pub environment: Environment,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// What a key that takes over from another has of its own.
#[derive(Clone, Debug)]
pub struct RotatedKey {
    /// The part of the key that names it.
    pub id: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
}

/// Which keys are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFilter {
    /// Of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Of this environment.
    pub environment: Option<Environment>,
}

/// Which part of a list of keys is wanted.
#[derive(Clone, Debug)]
pub struct KeyPageRequest {
    /// From after this one.
    pub after: Option<KeyPosition>,
    /// At most so many.
    pub limit: u32,
}

/// Where a key stands in the list: when it was made, in milliseconds since 1970, and its
/// id, which decides between equals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPosition(pub i64, pub String);

impl ApiKey {
    /// Where it stands in the list.
    #[must_use]
    pub fn position(&self) -> KeyPosition {
        KeyPosition(self.created_at.as_millisecond(), self.id.clone())
    }
}
