//! What has to be shown and known to keep a lease, apart from the work that it is for.
//!
//! Not here: the right to use it at this moment; that is the gate's to give.

use std::time::Duration;

use domain::id::{AgentId, RunId};
use protocol::lease::{Lease, Proof};

/// One lease in the agent's hands.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// The run that is leased.
    pub run_id: RunId,
    /// Who holds it, under which fence.
    pub proof: Proof,
    /// How long each renewal lasts.
    pub term: Duration,
    /// How long before its end the agent stops by itself.
    pub margin: Duration,
}

impl Holding {
    /// The lease that this agent was given.
    #[must_use]
    pub fn new(agent_id: AgentId, lease: &Lease) -> Self {
        Self {
            run_id: lease.run_id,
            proof: Proof { agent_id, fence: lease.fence },
            term: Duration::from_millis(lease.term_ms),
            margin: Duration::from_millis(lease.margin_ms),
        }
    }
}
