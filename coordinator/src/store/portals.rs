//! Portals that no institution of the catalog stands for, and the connections that wait there.
//!
//! Not here: which institution stands for which portal (the catalog).

use async_trait::async_trait;
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;
use url::Url;

use super::{StoreError, UnknownPortal};

/// Portals without an institution.
#[async_trait]
pub trait Portals {
    /// The portals that connections were made for and no catalog record knows, of all organizations: most connections first.
    async fn portals_without_institution(&self) -> Result<Vec<UnknownPortal>, StoreError>;
    /// The connections that wait for an institution, by id, from after one.
    async fn connections_without_institution(
        &self,
        after: Option<ConnectionId>,
        limit: u32,
    ) -> Result<Vec<WaitingConnection>, StoreError>;
    /// Gives a connection its institution, and tells of it; false if it has one by now, or its entity has another
    /// connection there.
    async fn give_institution(
        &self,
        waiting: &WaitingConnection,
        institution: &str,
        anchor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// A connection that waits for an institution.
#[derive(Clone, Debug)]
pub struct WaitingConnection {
    /// Which.
    pub id: ConnectionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where its portal is.
    pub portal_url: Url,
}
