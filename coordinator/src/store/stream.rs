//! The stream of changes: every change of a transaction once, in one order for each
//! organization, never skipping one.
//!
//! Not here: cursors; those are `http`'s. Nor lists, which show what is there now.

use async_trait::async_trait;
use domain::event::ChangeKind;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Refused, StoreError, Transaction};

/// The stream of changes. A position is a whole number from 0; whoever has read up to
/// one has been given every change up to it.
#[async_trait]
pub trait Stream {
    /// The position that the stream has come to; 0 where nothing ever happened.
    async fn head(&self, organization: OrganizationId) -> Result<i64, StoreError>;
    /// At most `limit` changes after the position `after`, oldest first.
    ///
    /// Refused as [`Refused::PositionGone`] if changes after `after` were pruned, or if
    /// the stream hasn't come to `after` at all, as when an older database was restored.
    /// The latter isn't noticed any more once the restored stream has grown past it.
    async fn changes(
        &self,
        organization: OrganizationId,
        filter: StreamFilter,
        after: i64,
        limit: u32,
    ) -> Result<Changes, Refused>;
    /// Deletes up to `limit` events from before `before` and says how many; to be called
    /// until there are none. Only the oldest of a stream go, so what is kept has no gaps.
    async fn prune_stream(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Which changes are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamFilter {
    /// Of this account.
    pub account_id: Option<AccountId>,
    /// Of this connection.
    pub connection_id: Option<ConnectionId>,
}

/// A part of the stream.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The changes, oldest first.
    pub events: Vec<Change>,
    /// Where the next read begins: it has moved on also where no change passed the
    /// filter.
    pub position: i64,
    /// Whether more changes are known to follow.
    pub has_more: bool,
}

/// A change of one transaction.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its id, the same at every read.
    pub id: Uuid,
    /// When it happened. The stream's order isn't that of these moments: writers have
    /// clocks of their own.
    pub at: Timestamp,
    /// What happened. A change to a transaction that is gone by now is given as
    /// [`ChangeKind::Removed`], whatever it was: there is nothing else to show.
    pub kind: ChangeKind,
    /// Which transaction.
    pub transaction_id: TransactionId,
    /// The transaction as it is now, not as it was then; none exactly where it was
    /// removed.
    pub transaction: Option<Transaction>,
}
