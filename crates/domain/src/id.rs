//! The identifiers of everything that Bursar keeps, one type each, so that the
//! id of a run can't be handed over where a connection's is wanted.
//!
//! Not here: how ids are made. Callers make them (UUID version 7, RFC 9562) and
//! pass them in.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// An organization: the tenant that owns keys, entities and all below them.
    OrganizationId,
    /// An entity: the business on whose behalf connections are made.
    EntityId,
    /// A connection of one entity to one portal.
    ConnectionId,
    /// One attempt to do something with a connection.
    RunId,
    /// One process that holds leases.
    AgentId,
    /// A question that only a person or their device can answer.
    ChallengeId,
    /// A declared effect that was about to happen at a portal.
    IntentId,
    /// An account of a connection.
    AccountId,
    /// A transaction of an account.
    TransactionId,
    /// A webhook endpoint.
    WebhookId,
    /// A scrubbed page kept with a failure.
    EvidenceId,
    /// A script that fits its portal no more.
    RepairTicketId,
    /// A person who signs in to the console.
    UserId,
    /// A sign-in to the console that lasts.
    SessionId,
}
