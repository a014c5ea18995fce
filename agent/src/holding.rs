//! What has to be shown and known to keep a lease, apart from the work that it is for.
//!
//! Not here: the right to use it at this moment; that is the gate's to give.

use std::sync::Arc;
use std::time::Duration;

use domain::fence::Fence;
use domain::id::{AgentId, RunId};
use protocol::lease::{Lease, Proof};
use tokio::sync::{Mutex, MutexGuard, watch};

/// One lease in the agent's hands. Clones are the same.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The run that is leased.
    pub run_id: RunId,
    /// How long each renewal lasts.
    pub term: Duration,
    /// How long before its end the agent stops by itself.
    pub margin: Duration,
    /// Who holds it, under which fence: another one once a person had the wheel.
    proof: watch::Sender<Proof>,
    speaking: Arc<Mutex<()>>,
}

impl Holding {
    /// The lease that this agent was given.
    #[must_use]
    pub fn new(agent_id: AgentId, lease: &Lease) -> Self {
        let proof = Proof { agent_id, fence: lease.fence };
        let (term, margin) = (Duration::from_millis(lease.term_ms), Duration::from_millis(lease.margin_ms));
        Self::of(lease.run_id, proof, term, margin)
    }

    /// A lease that is held under `proof`.
    #[must_use]
    pub fn of(run_id: RunId, proof: Proof, term: Duration, margin: Duration) -> Self {
        Self { run_id, term, margin, proof: watch::Sender::new(proof), speaking: Arc::default() }
    }

    /// Who holds it, under which fence.
    #[must_use]
    pub fn proof(&self) -> Proof {
        *self.proof.borrow()
    }

    /// The same whenever it changes.
    #[must_use]
    pub fn proofs(&self) -> watch::Receiver<Proof> {
        self.proof.subscribe()
    }

    /// From now on it is held under this fence.
    pub fn refence(&self, fence: Fence) {
        self.proof.send_modify(|proof| proof.fence = fence);
    }

    /// Waits until nobody else speaks of the lease to the coordinator: whoever renews it under a fence that is just being
    /// replaced would hear that it is lost.
    pub async fn alone(&self) -> MutexGuard<'_, ()> {
        self.speaking.lock().await
    }
}
