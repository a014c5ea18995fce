//! What integrators can be told of, by the names that webhooks and the stream of
//! changes carry.
//!
//! Not here: how it is delivered, or who has asked for it.

use crate::word::words;

words! {
    /// A kind of webhook event.
    pub enum EventType {
        /// A connection moved from one status to another.
        ConnectionStatusChanged = "connection.status_changed",
        /// A connection's records were read.
        TransactionsSyncAvailable = "transactions.sync_available",
        /// An account was seen for the first time.
        AccountCreated = "account.created",
        /// Something that is shown of an account changed.
        AccountUpdated = "account.updated",
        /// A bank asks something that a person has to answer.
        ChallengeOpened = "challenge.opened",
        /// Reserved for moving money, which Bursar doesn't do; never sent.
        TransferStatusChanged = "transfer.status_changed",
        /// Sent when an integrator asks for it.
        Test = "test",
    }
}

words! {
    /// What became of a transaction, as the stream of changes tells it.
    pub enum ChangeKind {
        /// It wasn't known before.
        Added = "added",
        /// Something that is shown of it changed.
        Modified = "modified",
        /// It is gone.
        Removed = "removed",
    }
}
