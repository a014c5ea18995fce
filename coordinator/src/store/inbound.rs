//! What came in at the addresses and numbers of connections: which messages were taken in, and codes that wait for a run.
//!
//! Not here: messages themselves; only sealed codes come here.

use async_trait::async_trait;
use domain::challenge::Medium;
use domain::id::{ChallengeId, ConnectionId};
use jiff::Timestamp;

use super::StoreError;

/// Messages and codes that came in.
#[async_trait]
pub trait Inbound {
    /// Keeps that a message was taken in, with what it came to; false if it was before, and then nothing is kept.
    async fn take_in(&self, fingerprint: [u8; 32], what: TakenIn, now: Timestamp) -> Result<bool, StoreError>;
    /// The codes that came for an open challenge: by these ways, since its session began and not before `since`, the
    /// latest first.
    async fn codes_for(
        &self,
        challenge: ChallengeId,
        media: &[Medium],
        since: Timestamp,
    ) -> Result<WaitingCodes, StoreError>;
    /// Forgets codes and messages that came before, a batch of each; how many rows.
    async fn prune_inbound(&self, codes: Timestamp, messages: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// What a message came to.
#[derive(Clone, Debug)]
pub enum TakenIn {
    /// A code for a connection.
    Code {
        /// Whose.
        connection: ConnectionId,
        /// Which way it came.
        medium: Medium,
        /// Sealed by the vault.
        sealed: Vec<u8>,
    },
    /// Nothing, and its connection's history says so.
    Ignored {
        /// Whose.
        connection: ConnectionId,
    },
    /// Nothing, and it is nobody's.
    Nobodys,
}

/// The codes that wait for a challenge, among those that its bank was asked for since it last took one in that session.
#[derive(Clone, Debug)]
pub struct WaitingCodes {
    /// The latest first.
    pub codes: Vec<WaitingCode>,
    /// How many it was asked for: one, and each new one.
    pub sent: usize,
    /// How many that came in it refused.
    pub refused: usize,
}

/// A code that waits.
#[derive(Clone, Debug)]
pub struct WaitingCode {
    /// Which way it came.
    pub medium: Medium,
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}
