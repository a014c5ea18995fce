//! Webhooks: what is told, how it is signed, and how it is delivered.
//!
//! Not here: when something is told; the store writes the outbox in the transaction
//! that changes something.

mod dispatcher;
mod egress;
mod signature;

pub use dispatcher::{Dispatcher, webhook_secret_context};
pub use egress::client;
pub use signature::new_secret;

/// What an endpoint can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// A connection moved from one status to another.
    ConnectionStatusChanged,
    /// A connection's records were read.
    TransactionsSyncAvailable,
    /// An account was seen for the first time.
    AccountCreated,
    /// Something that is shown of an account changed.
    AccountUpdated,
    /// A bank asks something that a person has to answer.
    ChallengeOpened,
    /// Reserved for moving money, which Bursar doesn't do; never sent.
    TransferStatusChanged,
    /// Sent when an integrator asks for it.
    Test,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ConnectionStatusChanged,
        Self::TransactionsSyncAvailable,
        Self::AccountCreated,
        Self::AccountUpdated,
        Self::ChallengeOpened,
        Self::TransferStatusChanged,
        Self::Test,
    ];

    /// The type's name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionStatusChanged => "connection.status_changed",
            Self::TransactionsSyncAvailable => "transactions.sync_available",
            Self::AccountCreated => "account.created",
            Self::AccountUpdated => "account.updated",
            Self::ChallengeOpened => "challenge.opened",
            Self::TransferStatusChanged => "transfer.status_changed",
            Self::Test => "test",
        }
    }
}
