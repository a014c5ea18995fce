//! New codes that persons have banks send.
//!
//! Not here: the question that they are for (`challenges`).

use async_trait::async_trait;
use domain::challenge::{Medium, Question};
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use protocol::lease::Proof;

use super::{Challenge, Refused};

/// New codes for open challenges.
#[async_trait]
pub trait Resends {
    /// Goes on with a challenge of the run after the bank sent a new code: if it is still open, what the bank
    /// says now is kept in place of what it said. None where the bank asks for something else now: whoever
    /// is to answer that was never told of it, and what answers the one before doesn't answer it.
    async fn continue_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        question: Question,
        now: Timestamp,
    ) -> Result<Option<Challenge>, Refused>;
    /// Keeps that the bank is to send a new code, if one may be asked for by now, and when the next may be. By what is heard at
    /// connections' own addresses it may come in by itself.
    async fn request_resend(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
        heard: &[Medium],
        next: Timestamp,
        now: Timestamp,
    ) -> Result<Challenge, Refused>;
}
