//! SimpleFIN tokens: each is claimed once, and opens reading for whoever claimed it.
//!
//! Not here: how a token is made or checked; the fleet does that. Only hashes come here.

use async_trait::async_trait;
use domain::id::{EntityId, OrganizationId};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Refused, StoreError};

/// SimpleFIN tokens.
#[async_trait]
pub trait SimpleFin {
    /// Keeps a token that can be claimed. [`Refused::NotFound`] if the entity isn't the
    /// tenant's.
    async fn create_simplefin_token(&self, new: NewSimpleFinToken, now: Timestamp) -> Result<SimpleFinToken, Refused>;
    /// Every token, oldest first.
    async fn simplefin_tokens(&self) -> Result<Vec<SimpleFinToken>, StoreError>;
    /// One token, with the hash of the secret that its claim gave.
    async fn simplefin_token(&self, id: Uuid) -> Result<Option<(SimpleFinToken, Vec<u8>)>, StoreError>;
    /// Keeps the secret of whoever claims. [`Refused::NotFound`] if there is nothing to
    /// claim: of many at once one alone succeeds.
    async fn claim_simplefin_token(
        &self,
        claim_hash: &[u8],
        secret_hash: &[u8],
        now: Timestamp,
    ) -> Result<Uuid, Refused>;
    /// Notes that a token was used.
    async fn touch_simplefin_token(&self, id: Uuid, now: Timestamp) -> Result<(), StoreError>;
    /// Ends a token, claimed or not; a second time changes nothing.
    async fn revoke_simplefin_token(&self, id: Uuid, now: Timestamp) -> Result<SimpleFinToken, Refused>;
}

/// A token, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleFinToken {
    /// Its id, the user name in an access URL.
    pub id: Uuid,
    /// The tenant that it reads.
    pub tenant_id: OrganizationId,
    /// What that tenant is called; a test tenant ends in `/test`.
    pub tenant_slug: String,
    /// The entity that it is narrowed to.
    pub entity_id: Option<EntityId>,
    /// What it is for.
    pub name: String,
    /// Until when it can be claimed.
    pub claim_expires_at: Timestamp,
    /// When it was claimed.
    pub claimed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token to be kept.
#[derive(Clone, Debug)]
pub struct NewSimpleFinToken {
    /// Its id.
    pub id: Uuid,
    /// The tenant that it reads.
    pub tenant_id: OrganizationId,
    /// The entity that it is narrowed to.
    pub entity_id: Option<EntityId>,
    /// What it is for.
    pub name: String,
    /// SHA-256 of what claims it.
    pub claim_hash: Vec<u8>,
    /// Until when it can be claimed.
    pub claim_expires_at: Timestamp,
}
