//! What is being set at banks and isn't known to be taken.
//!
//! Not here: making it; only sealed bytes come here.

use async_trait::async_trait;
use domain::id::{ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use protocol::lease::Proof;
use protocol::sealed::PublicKey;

use super::{Fingerprints, Refused, StoreError};

/// What is being set at banks and isn't known to be taken. It is kept with the intent that sets it
/// ([`Intents::declare_intent`](super::Intents::declare_intent)).
#[async_trait]
pub trait Candidates {
    /// What something that a run sets is made from.
    async fn setting(&self, run_id: RunId, proof: Proof) -> Result<Setting, Refused>;
    /// The answers to security questions of a connection: those that are being set, or else those that were. None where
    /// the bank refused too many of them.
    async fn security_answers(&self, id: ConnectionId) -> Result<Option<Vec<u8>>, StoreError>;
}

/// What something that a run sets is made from.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The run's connection.
    pub connection_id: ConnectionId,
    /// The bank.
    pub institution_id: String,
    /// What secrets for the run's agent are sealed to.
    pub agent_key: PublicKey,
    /// The credentials that the run was given.
    pub credentials: Option<Vec<u8>>,
    /// Other connections of the organization that have the same credentials.
    pub siblings: Vec<ConnectionId>,
}

/// Something that is about to be set.
#[derive(Clone, Debug)]
pub struct NewCandidate {
    /// What takes the place of what is kept, sealed for each connection that it is for; the run's own is the first.
    pub sealed: Vec<(ConnectionId, Vec<u8>)>,
    /// Of credentials with another password: what they are, and what those were that the run was given.
    pub fingerprints: Option<(Fingerprints, Fingerprints)>,
    /// When it was made.
    pub made_at: Timestamp,
}
