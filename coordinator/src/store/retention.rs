//! What isn't kept for ever.
//!
//! Not here: how long anything is kept; the settings say that, and the pruner asks.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;

/// Forgetting what is old, a bounded batch for each call. Each returns how many rows
/// went; less than `limit` means that there are no more.
#[async_trait]
pub trait Retention {
    /// Removes deliveries that were settled before `before`, and events of before then
    /// that have no delivery. Counts whichever were more.
    async fn prune_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Removes evidence of before `before`.
    async fn prune_evidence(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Removes what runs did before `before`.
    async fn prune_steps(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Removes readings of before `before`, but for the latest of each account.
    async fn prune_observations(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Removes what banks refused before `before`, and logins that nobody used since then and
    /// no bank locked.
    async fn prune_lockouts(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Forgets webhook secrets whose time beside a newer one is over.
    async fn forget_previous_secrets(&self, now: Timestamp) -> Result<u64, StoreError>;
}
