//! A person takes the wheel of a run that waits for one, keeps it, and hands it back.
//!
//! ```text
//! open challenge ──take──▶ held by one ──hand back──▶ answered without words ─▶ new fence ─▶ the run looks
//!                            │ nobody heard of them for a while ──▲
//! ```
//!
//! The store says who holds it, so that it makes no difference which coordinator is asked; the agent refuses the run's own
//! commands from the moment on at which it says that it does. While somebody holds it nothing else answers the challenge.
//!
//! Not here: pictures and what is done at the wheel (`live`).

use domain::id::{ChallengeId, RunId};
use jiff::{SignedDuration, Timestamp};
use protocol::lease::Proof;
use protocol::live::{Refenced, Taking};
use uuid::Uuid;

use super::acquire::milliseconds;
use super::{Error, Fleet};
use crate::clock;
use crate::store::{Challenge, Over, Refused, User, Wheel};

/// Why nobody gets the wheel.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The store says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The agent doesn't give it: the run went on, or has no page, or its line is gone.
    #[error("the agent didn't give the wheel")]
    NotGiven,
}

impl Fleet {
    /// Gives the wheel of a run to somebody at one of their pages while a challenge is open.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn take_wheel(
        &self,
        run: RunId,
        challenge: ChallengeId,
        user: &User,
        seat: Uuid,
        over: Over,
    ) -> Result<Challenge, NotTaken> {
        let until = self.held_until();
        let wheel = Wheel { user: user.id, name: user.display_name.clone(), seat, until };
        let taken = self.store.take_wheel(challenge, wheel, over, clock::now()).await?;
        if self.live.take(run, challenge, seat).await == Taking::Held {
            return Ok(taken);
        }
        self.store.drop_wheel(challenge, seat).await.map_err(Refused::Store)?;
        Err(NotTaken::NotGiven)
    }

    /// Notes that the holder is still there; false if they hold it no more.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn keep_wheel(&self, challenge: ChallengeId, seat: Uuid) -> Result<bool, Error> {
        Ok(self.store.keep_wheel(challenge, seat, self.held_until()).await?)
    }

    /// Hands the wheel back; false if this page holds it no more.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn hand_back(&self, challenge: ChallengeId, seat: Uuid) -> Result<bool, Error> {
        let is_done = self.store.hand_back(challenge, seat, clock::now()).await?;
        self.answered.notify_waiters();
        Ok(is_done)
    }

    /// Gives the run of a lease another fence, after a person had the wheel: what was said under the one before is refused
    /// from then on. It renews the lease, too. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`] if it isn't held under that proof any more.
    pub async fn refence(&self, run_id: RunId, proof: Proof) -> Result<Refenced, Error> {
        let term = self.config.lease.term;
        let fence = self.queue.refence(run_id, proof, term).await?.ok_or(Refused::LeaseLost)?;
        self.store.refence(run_id, proof, fence).await?;
        tracing::info!(%run_id, before = %proof.fence, %fence, "a person had the wheel; the run goes on under a new fence");
        Ok(Refenced { fence, term_ms: milliseconds(term) })
    }

    /// Until when the wheel is kept for somebody who isn't heard of any more.
    fn held_until(&self) -> Timestamp {
        let kept = SignedDuration::try_from(self.config.console.wheel_kept).unwrap_or(SignedDuration::from_mins(1));
        clock::now() + kept
    }
}
