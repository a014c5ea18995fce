//! The wheel of a run that waits for a person.
//!
//! Not here: what is done at it.

use async_trait::async_trait;
use domain::fence::Fence;
use domain::id::{ChallengeId, RunId, UserId};
use jiff::Timestamp;
use protocol::lease::Proof;
use uuid::Uuid;

use super::{Refused, StoreError};

/// The wheels of runs.
#[async_trait]
pub trait Wheels {
    /// Notes that somebody asks for the wheel of the run while the challenge is open; [`Refused::WheelHeld`] if another
    /// holds it. It is theirs once [`Wheels::confirm_wheel`] says that the agent gave it.
    async fn take_wheel(&self, id: ChallengeId, wheel: Wheel, over: Over, now: Timestamp) -> Result<Taken, Refused>;
    /// The agent gave the wheel to a page, and it is written down that it was taken; or why the page doesn't hold it.
    async fn confirm_wheel(
        &self,
        id: ChallengeId,
        seat: Uuid,
        from: Option<String>,
        now: Timestamp,
    ) -> Result<Confirmed, StoreError>;
    /// Notes that the holder is still there; false if they hold it no more.
    async fn keep_wheel(&self, id: ChallengeId, seat: Uuid, until: Timestamp) -> Result<bool, StoreError>;
    /// Takes back a wheel that the agent didn't give: whoever held it before has it again.
    async fn return_wheel(&self, id: ChallengeId, seat: Uuid, before: Option<Wheel>) -> Result<(), StoreError>;
    /// The wheel of a page is handed back, which answers the challenge without words; false if it holds it no more.
    async fn hand_back(&self, id: ChallengeId, seat: Uuid, how: HandsBack, now: Timestamp) -> Result<bool, StoreError>;
    /// Hands back the wheels of those who weren't heard of for long; how many.
    async fn hand_back_lapsed(&self, now: Timestamp) -> Result<u64, StoreError>;
    /// Whether a run is held under that proof.
    async fn holds(&self, run_id: RunId, proof: Proof) -> Result<bool, StoreError>;
    /// Takes another fence for a run that is held, greater than the one in the proof. Doing it again changes nothing.
    async fn refence(&self, run_id: RunId, proof: Proof, fence: Fence) -> Result<(), Refused>;
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

/// That somebody asks for the wheel, and that nobody who asked later has it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The how manieth time it is asked for: the latest counts.
    pub turn: u64,
    /// Who held it until now, by the agent's word.
    pub before: Option<Wheel>,
}

/// Whether a page has the wheel that the agent gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It has.
    Given,
    /// Another asked later.
    Overtaken,
    /// The challenge is open no more.
    Closed,
}

/// How the wheel comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandsBack {
    /// Its holder hands it back, or may hold it no more.
    Holder,
    /// Nobody heard of the holder.
    Silence,
    /// The agent didn't say whether it gave it.
    Unanswered,
}

impl HandsBack {
    /// As it stands in the audit trail.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Silence => "silence",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Whether the wheel may be taken from somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Only from oneself, at another page.
    Oneself,
    /// From whoever holds it.
    Anybody,
}
