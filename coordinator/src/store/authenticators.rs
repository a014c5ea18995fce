//! The secrets of connections' authenticators, and which of their codes were used.
//!
//! Not here: what a secret says; only sealed bytes come here.

use async_trait::async_trait;
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;

use super::{Refused, StoreError};

/// After how many refused codes, one after the other, a secret isn't tried any more.
pub const REFUSALS_ALLOWED: i64 = 2;

/// The secrets of connections' authenticators.
#[async_trait]
pub trait Authenticators {
    /// Keeps a sealed secret in place of the one before; refused where the connection takes no
    /// credentials.
    async fn give_authenticator(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), Refused>;
    /// What is kept of a connection's secret: of the one that is being enrolled, or else of the one that was given.
    async fn authenticator(&self, id: ConnectionId) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keeps that the code of a secret is used that is good until then, in seconds of the epoch.
    /// False if it was used before, or a later one was.
    async fn use_authenticator(&self, fingerprint: [u8; 32], good_until: i64) -> Result<bool, StoreError>;
}
