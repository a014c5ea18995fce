//! Tenants and their API keys.
//!
//! Not here: how a key is made or checked; the fleet does that.

use async_trait::async_trait;
use domain::environment::Environment;
use domain::id::OrganizationId;
use jiff::Timestamp;

use super::{Refused, StoreError};

/// Tenants and their API keys.
#[async_trait]
pub trait Organizations {
    /// Adds an organization with its default entity.
    async fn create_organization(&self, new: NewOrganization, now: Timestamp) -> Result<(), Refused>;
    /// All of them, oldest first.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    /// The organization's wrapped data key.
    async fn data_key(&self, organization: OrganizationId) -> Result<Vec<u8>, Refused>;
    /// Keeps a new API key.
    async fn create_key(&self, key: ApiKey) -> Result<(), StoreError>;
    /// All keys, oldest first.
    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError>;
    /// One key.
    async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError>;
    /// Notes that a key was used.
    async fn touch_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Ends a key; a second time changes nothing.
    async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<(), Refused>;
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name on the command line.
    pub slug: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// An organization to be added.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name on the command line.
    pub slug: String,
    /// Its data key, wrapped by the vault.
    pub data_key: Vec<u8>,
}

/// An API key, without the secret.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The part of the key that names it.
    pub id: String,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What the key is for.
    pub environment: Environment,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}
