//! Links to the set-up pages of connections. What a link says is in the link; kept is only the number under which those
//! of a connection are good.
//!
//! Not here: making and reading links; `fleet` does both.

use async_trait::async_trait;
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;

use super::{Refused, StoreError};

/// Links to the set-up pages of connections.
#[async_trait]
pub trait SetupLinks {
    /// Writes down that a link is made, and says under which number; refused of a connection that isn't being set up.
    async fn create_setup_link(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        link: &str,
        now: Timestamp,
    ) -> Result<i64, Refused>;
    /// Moves the number on, so that no link from before is good any more.
    async fn revoke_setup_links(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<(), Refused>;
    /// The number under which the links of a connection are good; none where there is no such connection.
    async fn setup_links_number(&self, id: ConnectionId) -> Result<Option<i64>, StoreError>;
}
