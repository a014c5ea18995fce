//! Control tokens: what operators show.
//!
//! Not here: how one is made or checked; the fleet does that. The token of the settings
//! isn't kept in the store.

use async_trait::async_trait;
use domain::role::Role;
use jiff::Timestamp;

use super::{Refused, StoreError};

/// Control tokens.
#[async_trait]
pub trait ControlTokens {
    /// Keeps a new one.
    async fn create_control_token(&self, token: NewControlToken, now: Timestamp) -> Result<ControlToken, StoreError>;
    /// All of them, oldest first.
    async fn control_tokens(&self) -> Result<Vec<ControlToken>, StoreError>;
    /// One of them.
    async fn control_token(&self, id: &str) -> Result<Option<ControlToken>, StoreError>;
    /// Notes that one was used.
    async fn touch_control_token(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Ends one; a second time changes nothing.
    async fn revoke_control_token(&self, id: &str, now: Timestamp) -> Result<ControlToken, Refused>;
}

/// A control token, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlToken {
    /// The part of the token that names it.
    pub id: String,
    /// Who or what has it, in the words of whoever made it.
    pub name: String,
    /// What it opens.
    pub role: Role,
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

impl ControlToken {
    /// Whether it opens anything.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A control token to be kept.
#[derive(Clone, Debug)]
pub struct NewControlToken {
    /// The part of the token that names it.
    pub id: String,
    /// Who or what has it.
    pub name: String,
    /// What it opens.
    pub role: Role,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}
