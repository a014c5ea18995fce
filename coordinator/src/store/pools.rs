//! Addresses and numbers that connections get of their own, and go back where they came from a while after a connection
//! has ended.
//!
//! Not here: which there are; the settings say that.

use async_trait::async_trait;
use domain::challenge::Medium;
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;

use super::StoreError;

/// Addresses and numbers of connections.
#[async_trait]
pub trait Pools {
    /// Gives numbers to connections that wait for one, those that wait longest first; how many got one.
    async fn allocate_awaited(&self, supply: &Supply, limit: u32, now: Timestamp) -> Result<u64, StoreError>;
    /// How the pool of numbers fares.
    async fn pool_counts(&self) -> Result<PoolCounts, StoreError>;
    /// Whose an address or a number is right now.
    async fn reached_at(&self, address: &str) -> Result<Option<Reached>, StoreError>;
}

/// What a connection may be given.
#[derive(Clone, Debug, Default)]
pub struct Supply {
    /// An e-mail alias that was made for it.
    pub alias: Option<String>,
    /// Every number of the pool; none where there is no pool.
    pub numbers: Vec<String>,
    /// What was given back before may be given again.
    pub given_back_before: Timestamp,
}

/// How the pool of numbers fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolCounts {
    /// How many are some connection's.
    pub allocated: u64,
    /// How many were given back and aren't given again yet, or are free again.
    pub released: u64,
    /// How many connections wait for one.
    pub awaited: u64,
}

/// Whose an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The connection's owner.
    pub organization_id: OrganizationId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// Its bank, where the catalog knows it.
    pub institution_id: Option<String>,
    /// By which way it is reached there.
    pub medium: Medium,
}
