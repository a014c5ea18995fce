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
//! | the agent says | then |
//! |---|---|
//! | that it gives it | it is written down as taken, and the page steers |
//! | that it doesn't | whoever held it before holds it still, or nobody |
//! | nothing | whoever held it before holds it still; if nobody did, it is handed back, and so taken from whoever has it |
//! | nothing, and there was no line to ask on | nothing is otherwise |
//!
//! Not here: pictures and what is done at the wheel (`live`).

use domain::id::{ChallengeId, RunId};
use jiff::{SignedDuration, Timestamp};
use protocol::lease::Proof;
use protocol::live::{Refenced, ToCoordinator};
use uuid::Uuid;

use super::acquire::milliseconds;
use super::live::{Asked, Standing};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{Confirmed, HandsBack, Over, Refused, StoreError, Taken, User, Wheel};

/// Why nobody gets the wheel.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The store says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no line to the agent: nothing was asked, and nothing is otherwise.
    #[error("there is no line to the agent")]
    NoLine,
    /// The agent doesn't give it: the run went on, or has no page. Whoever held it before holds it still.
    #[error("the agent didn't give the wheel")]
    NotGiven,
    /// The agent didn't say whether it gives it: the run has the wheel again, unless somebody held it before, who keeps it.
    #[error("the agent didn't say whether it gave the wheel")]
    Unanswered,
    /// Somebody asked later, and has it.
    #[error("somebody else has the wheel by now")]
    Overtaken,
    /// The challenge was closed meanwhile, so the run has the wheel again.
    #[error("what the run waited for is closed by now")]
    Closed,
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Refused(Refused::Store(error))
    }
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
        page: Uuid,
        over: Over,
    ) -> Result<(), NotTaken> {
        if !self.live.has_line(run) {
            return Err(NotTaken::NoLine);
        }
        let until = self.held_until();
        let wheel = Wheel { user: user.id, name: user.display_name.clone(), seat: page, until };
        let Taken { turn, before, .. } = self.store.take_wheel(challenge, wheel, over, clock::now()).await?;
        let asked = self.live.take(run, challenge, turn).await;
        tracing::info!(%run, %challenge, turn, ?asked, "somebody asked for the wheel");
        match (asked, before) {
            (Asked::Given, before) => {
                let from = before.filter(|before| before.user != user.id).map(|before| before.name);
                let confirmed = self.store.confirm_wheel(challenge, page, from, clock::now()).await;
                match confirmed {
                    Ok(Confirmed::Given) => {
                        self.live.seat(run, challenge, turn, page);
                        Ok(())
                    }
                    Ok(Confirmed::Overtaken) => Err(NotTaken::Overtaken),
                    Ok(Confirmed::Closed) => Err(NotTaken::Closed),
                    Err(error) => {
                        // Nobody holds what isn't written down. Where this fails too, nobody is heard of at that page.
                        let _ = self.give_back(challenge, page, HandsBack::Unanswered).await;
                        Err(error.into())
                    }
                }
            }
            (Asked::Refused, before) => {
                self.store.return_wheel(challenge, page, before).await?;
                Err(NotTaken::NotGiven)
            }
            // The agent had given it to them already, so the run waits for them, whatever it makes of this.
            (Asked::Unknown, Some(before)) => {
                self.store.return_wheel(challenge, page, Some(before)).await?;
                Err(NotTaken::Unanswered)
            }
            // It may have given it, or do so yet: answered, the challenge has the run take it back.
            (Asked::Unknown, None) => {
                self.give_back(challenge, page, HandsBack::Unanswered).await?;
                Err(NotTaken::Unanswered)
            }
        }
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
    pub async fn hand_back(&self, challenge: ChallengeId, page: Uuid) -> Result<bool, Error> {
        Ok(self.give_back(challenge, page, HandsBack::Holder).await?)
    }

    async fn give_back(&self, challenge: ChallengeId, page: Uuid, how: HandsBack) -> Result<bool, StoreError> {
        let is_done = self.store.hand_back(challenge, page, how, clock::now()).await?;
        self.answered.notify_waiters();
        Ok(is_done)
    }

    /// An agent says something on its line. What it says of runs that it doesn't hold is passed over: every agent has the
    /// same token, and the fence of a lease is known to its holder alone.
    pub async fn heard(&self, standing: &Standing, said: &ToCoordinator) {
        let agent_id = standing.agent();
        let holds = match standing.claim(said) {
            Some((run, fence)) => match self.store.holds(run, Proof { agent_id, fence }).await {
                Ok(holds) => holds,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "nobody knows whether an agent holds a run"
                    );
                    return;
                }
            },
            None => false,
        };
        if holds { standing.proven(said) } else { standing.unproven(said) }
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
