//! Effects at a bank, of which each declaration may happen once.
//!
//! Not here: which effects there are; `domain::run` names them.

use async_trait::async_trait;
use domain::id::{IntentId, RunId};
use domain::run::{Effect, EffectOutcome};
use jiff::Timestamp;
use protocol::lease::Proof;

use super::{NewCandidate, Refused};

/// Effects at a bank, of which each declaration may happen once.
#[async_trait]
pub trait Intents {
    /// Keeps that an effect is about to happen, and what is to be set by it. The same effect under the same fence,
    /// while it is unsettled, is the same intent with what was kept for it then.
    async fn declare_intent(
        &self,
        run_id: RunId,
        proof: Proof,
        intent_id: IntentId,
        effect: Effect,
        candidate: Option<NewCandidate>,
        now: Timestamp,
    ) -> Result<Declared, Refused>;
    /// Keeps what became of the open intents of the run's connection, whichever run
    /// declared them.
    async fn settle_intents(
        &self,
        run_id: RunId,
        proof: Proof,
        outcome: EffectOutcome,
        now: Timestamp,
    ) -> Result<(), Refused>;
}

/// An intent that is kept.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its id.
    pub intent_id: IntentId,
    /// What the run's connection is to set by it.
    pub candidate: Option<Vec<u8>>,
}
