//! Questions of banks.
//!
//! Not here: which states a question goes through; `domain::challenge` says that.

use async_trait::async_trait;
use domain::challenge::{AnswerSource, ChallengeState, ClosingReason, Question};
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId, UserId};
use jiff::Timestamp;
use protocol::lease::{Proof, Verdict};
use protocol::sealed::PublicKey;
use uuid::Uuid;

use super::{PageRequest, Refused, StoreError};

/// Questions of banks.
#[async_trait]
pub trait Challenges {
    /// Opens a challenge for a run. The same question under the same fence, while it is
    /// open, is the same challenge.
    async fn open_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        new: NewChallenge,
        now: Timestamp,
    ) -> Result<Challenge, Refused>;
    /// A challenge as the run that asked sees it.
    async fn challenge_of_run(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
    ) -> Result<(Challenge, Option<Vec<u8>>, PublicKey), Refused>;
    /// Keeps what the portal made of the answer, and forgets the answer.
    async fn settle_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), Refused>;
    /// A page of a connection's challenges, oldest first.
    async fn challenges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<Challenge>, Refused>;
    /// Every challenge that waits for a person, oldest first, at most 1,000.
    async fn waiting_challenges(&self) -> Result<Vec<Challenge>, StoreError>;
    /// Keeps a sealed answer.
    async fn answer_challenge(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
        sealed: Vec<u8>,
        source: AnswerSource,
        now: Timestamp,
    ) -> Result<Challenge, Refused>;
    /// Closes the challenge of a run whose agent went silent, if it waits, and tells the
    /// connection's history.
    async fn close_challenge_of_silent(&self, run_id: RunId, now: Timestamp) -> Result<(), StoreError>;
    /// Gives the wheel of the run to somebody while the challenge is open; [`Refused::WheelHeld`] if another holds it.
    async fn take_wheel(&self, id: ChallengeId, wheel: Wheel, over: Over, now: Timestamp)
    -> Result<Challenge, Refused>;
    /// Notes that the holder is still there; false if they hold it no more.
    async fn keep_wheel(&self, id: ChallengeId, seat: Uuid, until: Timestamp) -> Result<bool, StoreError>;
    /// Takes back a wheel that the agent didn't give.
    async fn drop_wheel(&self, id: ChallengeId, seat: Uuid) -> Result<(), StoreError>;
    /// The holder hands the wheel back, which answers the challenge without words; false if they hold it no more.
    async fn hand_back(&self, id: ChallengeId, seat: Uuid, now: Timestamp) -> Result<bool, StoreError>;
    /// Hands back the wheels of those who weren't heard of for long; how many.
    async fn hand_back_lapsed(&self, now: Timestamp) -> Result<u64, StoreError>;
    /// Closes challenges whose time is up; returns how many.
    async fn expire_challenges(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// A challenge to be opened.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// What the bank asks.
    pub question: Question,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// A question of a bank.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// The run that waits.
    pub run_id: RunId,
    /// What the bank asks.
    pub question: Question,
    /// Where it stands.
    pub state: ChallengeState,
    /// What may answer it, what is tried first before.
    pub may_answer: Vec<AnswerSource>,
    /// What answered it.
    pub source: Option<AnswerSource>,
    /// Why it closed without a verdict on an answer.
    pub closed_for: Option<ClosingReason>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who holds the wheel of the run meanwhile.
    pub wheel: Option<Wheel>,
}

/// Who holds the wheel of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// Who.
    pub user: UserId,
    /// What they are called.
    pub name: String,
    /// At which of their pages.
    pub seat: Uuid,
    /// Until when, unless they are heard of again.
    pub until: Timestamp,
}

/// Whether the wheel may be taken from somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Only from oneself, at another page.
    Oneself,
    /// From whoever holds it.
    Anybody,
}
