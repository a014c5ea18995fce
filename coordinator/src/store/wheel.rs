//! The wheel of a run that waits for a person.
//!
//! Not here: what is done at it.

use async_trait::async_trait;
use domain::fence::Fence;
use domain::id::{ChallengeId, RunId, UserId};
use jiff::Timestamp;
use protocol::lease::Proof;
use uuid::Uuid;

use super::{Challenge, Refused, StoreError};

/// The wheels of runs.
#[async_trait]
pub trait Wheels {
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

/// Whether the wheel may be taken from somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Only from oneself, at another page.
    Oneself,
    /// From whoever holds it.
    Anybody,
}
