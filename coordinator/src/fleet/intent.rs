//! An effect is about to happen at a bank: it is kept before, and settled after, so
//! that whoever takes over from a dead agent knows to look first.

use domain::id::{IntentId, RunId};
use domain::run::{Effect, EffectOutcome};
use protocol::intent::DeclaredIntent;
use protocol::lease::Proof;
use uuid::Uuid;

use super::first_login::bare;
use super::{Error, Fleet};
use crate::clock;
use crate::store::{Declared, NewCandidate, Refused};

impl Fleet {
    /// Keeps that an effect is about to happen.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`], also where the same bank user is signed in for another
    /// connection: then the run is given back and waits for `retry.base`.
    /// [`Refused::BudgetSpent`] where the bank refused these credentials before,
    /// [`Refused::IntentOpen`] while another is unsettled.
    pub async fn declare_intent(&self, run_id: RunId, proof: Proof, effect: Effect) -> Result<DeclaredIntent, Error> {
        if effect.sets_something() {
            let reason = format!("`{effect}` says what is to be set");
            return Err(Error::Invalid { field: "/making", reason });
        }
        Ok(bare(self.declare(run_id, proof, effect, None).await?.intent_id))
    }

    /// The same, with what is to be set.
    pub(super) async fn declare(
        &self,
        run_id: RunId,
        proof: Proof,
        effect: Effect,
        candidate: Option<NewCandidate>,
    ) -> Result<Declared, Error> {
        // Only who holds the lease in the queue, too, may touch the bank.
        if !self.queue.renew(run_id, proof, self.config.lease.term).await? {
            return Err(Refused::LeaseLost.into());
        }
        let id = IntentId(Uuid::now_v7());
        match self.store.declare_intent(run_id, proof, id, effect, candidate, clock::now()).await {
            Err(Refused::LoginInUse) => {
                // It is ours, and soon over: the run waits a little, and it costs no attempt. Its agent
                // has nothing to decide, and an older one wouldn't know the answer.
                tracing::info!(%run_id, "the same bank user is signed in for another connection; the run waits");
                self.store.release(run_id, proof, clock::now()).await?;
                self.queue.requeue(run_id, proof, self.config.retry.base).await?;
                Err(Refused::LeaseLost.into())
            }
            declared => {
                let declared = declared?;
                tracing::info!(%run_id, fence = %proof.fence, %effect, "an effect is about to happen");
                Ok(declared)
            }
        }
    }

    /// Keeps what became of the run's open intents.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`].
    pub async fn settle_intents(&self, run_id: RunId, proof: Proof, outcome: EffectOutcome) -> Result<(), Error> {
        tracing::info!(%run_id, fence = %proof.fence, %outcome, "looked at the portal for what became of an effect");
        Ok(self.store.settle_intents(run_id, proof, outcome, clock::now()).await?)
    }
}
