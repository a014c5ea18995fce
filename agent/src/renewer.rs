//! The renewer of one lease: says every quarter of the term that the holder is still
//! there, and tells the gate what it hears.
//!
//! An error changes nothing: the trust window runs on, and ends by itself. Not here:
//! what happens then ([`crate::watchdog`]).

use std::sync::Arc;
use std::time::Duration;

use protocol::lease::{Advice, Renewed};
use tokio::time::{Instant, sleep};

use crate::coordinator::CallError;
use crate::gate::{Gate, Shut, TrustWindow};
use crate::holding::Holding;
use crate::member::Member;

/// In how many parts a term is divided: one renewal in each, and after an error one
/// in a quarter of each.
const RENEWALS: u32 = 4;
/// However short a term is, a renewal has this long.
const SHORTEST_PATIENCE: Duration = Duration::from_millis(250);

/// Renews one lease until its gate is shut.
pub struct Renewer {
    member: Arc<Member>,
    holding: Holding,
    gate: Gate,
    term: Duration,
}

impl Renewer {
    /// For the lease of `member` that `holding` describes.
    #[must_use]
    pub fn new(member: Arc<Member>, holding: Holding, gate: Gate) -> Self {
        let term = holding.term;
        Self { member, holding, gate, term }
    }

    /// Renews until the gate is shut.
    pub async fn run(mut self) {
        let mut pause = self.term / RENEWALS;
        loop {
            tokio::select! {
                () = sleep(pause) => {}
                _ = self.gate.until_shut() => return,
            }
            pause = match self.run_once().await {
                Ok(()) => self.term / RENEWALS,
                Err(_) => self.term / RENEWALS / RENEWALS,
            };
        }
    }

    /// Renews once.
    ///
    /// # Errors
    /// What the coordinator said, or that it is away.
    pub async fn run_once(&mut self) -> Result<(), CallError> {
        let _alone = self.holding.alone().await;
        let asked_at = Instant::now();
        let (run_id, proof, margin) = (self.holding.run_id, self.holding.proof(), self.holding.margin);
        let patience = (self.term / RENEWALS).max(SHORTEST_PATIENCE);
        match self.member.coordinator.renew(run_id, &self.member.renewal(proof), patience).await {
            Ok(Renewed { term_ms, advice }) => {
                self.term = Duration::from_millis(term_ms);
                let window = TrustWindow::new(asked_at, self.term, margin);
                // Too late is for the gate to know; it is shut then.
                let _ = self.gate.renew(window);
                if advice == Advice::Cancel {
                    self.gate.shut(Shut::Cancelled);
                }
                Ok(())
            }
            Err(CallError::LeaseLost) => {
                self.gate.shut(Shut::Lost);
                Err(CallError::LeaseLost)
            }
            Err(error) => {
                tracing::warn!(%error, left_ms = self.gate.left().as_millis() as u64, "the lease wasn't renewed");
                Err(error)
            }
        }
    }
}
