//! Questions of banks.
//!
//! Not here: which states a question goes through; `domain::challenge` says that.

use async_trait::async_trait;
use domain::challenge::{AnswerSource, ChallengeState, ClosingReason, Medium, Question};
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use protocol::lease::{Proof, Verdict};
use protocol::sealed::PublicKey;

use super::{PageRequest, Refused, StoreError, Wheel};

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
    /// A page of a connection's challenges, oldest first: of those in one of the states, or of all where none is named.
    async fn challenges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        states: &[ChallengeState],
        page: PageRequest,
    ) -> Result<Vec<Challenge>, Refused>;
    /// One challenge of a connection.
    async fn challenge(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
    ) -> Result<Challenge, Refused>;
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
    /// Calls people to the challenges that no message answered in time; returns to how many.
    async fn call_people(&self, now: Timestamp) -> Result<u64, StoreError>;
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
    /// How many new codes a run may ask for, whatever its script allows.
    pub resends_a_run: u32,
    /// When the first may be asked for.
    pub resend_after: Timestamp,
    /// By which ways codes come in at connections' own addresses.
    pub heard: Vec<Medium>,
    /// When people are called to what such a code may answer.
    pub people_at: Timestamp,
    /// Whether its answer was agreed on with the bank.
    pub agreed: Agreed,
}

/// Whether the answer to a question was agreed on with the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// It was.
    Known,
    /// It wasn't, or nothing is asked that could be.
    Unknown,
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
    /// How many new codes were asked for.
    pub resends: u32,
    /// How many more may be.
    pub resends_left: u32,
    /// Not before when; none where none may be.
    pub resend_after: Option<Timestamp>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// When people are called to it unless a message answers it before; none once they were, or where nobody is.
    pub people_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who holds the wheel of the run meanwhile, or did until they weren't heard of any more.
    pub wheel: Option<Wheel>,
}

impl Challenge {
    /// Whether a person has to come: nothing answers it for sure, and nothing that may come in is waited for first.
    pub fn waits_for_person(&self) -> bool {
        let is_sure = self.may_answer.iter().any(|source| source.is_sure());
        self.state == ChallengeState::Open && self.people_at.is_none() && !is_sure
    }

    /// Who holds the wheel, and alone is heard.
    pub fn held_by(&self, now: Timestamp) -> Option<&Wheel> {
        self.wheel.as_ref().filter(|wheel| self.state == ChallengeState::Open && wheel.until > now)
    }
}
