//! A lease goes on, or is given back.
//!
//! Not here: leases that lapse; the reaper takes those back.

use std::time::Duration;

use domain::id::RunId;
use protocol::lease::{Advice, Proof, Renew, Renewed};

use super::acquire::milliseconds;
use super::{Error, Fleet};
use crate::clock;
use crate::store::Refused;

impl Fleet {
    /// Makes a lease last for another term.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`] if it isn't held under that proof any more, which is
    /// also how an agent hears that the run was ended.
    pub async fn renew(&self, run_id: RunId, request: Renew) -> Result<Renewed, Error> {
        let (proof, term) = (request.proof(), self.config.lease.term);
        if !self.queue.renew(run_id, proof, term).await? {
            return Err(Refused::LeaseLost.into());
        }
        self.note_agent(proof.agent_id, None, request.seats).await;
        // The store may have ended the run while the queue couldn't be told.
        let advice = if self.store.is_open(run_id).await? { Advice::GoOn } else { Advice::Cancel };
        Ok(Renewed { term_ms: milliseconds(term), advice })
    }

    /// Gives a lease back unfinished; the run goes on elsewhere at once. Doing it again
    /// changes nothing.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`].
    pub async fn release(&self, run_id: RunId, proof: Proof) -> Result<(), Error> {
        self.store.release(run_id, proof, clock::now()).await?;
        self.queue.requeue(run_id, proof, Duration::ZERO).await?;
        Ok(())
    }
}
