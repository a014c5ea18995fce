//! The member: one agent process with its seats, its browser and its end.
//!
//! ```text
//! working ──signal──▶ draining ──all slots empty, or time is up──▶ ended
//!                        └────────────signal──────────────────────▶ ended at once
//! ```
//!
//! Not here: asking for leases ([`crate::asker`]), and what a slot does ([`crate::slot`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::id::AgentId;
use protocol::lease::{Proof, Renew};
use protocol::sealed::PrivateKey;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::admission::Limits;
use crate::asker::Asker;
use crate::coordinator::{CallError, Coordinator};
use crate::drain::Drain;
use crate::live::{Line, LiveRuns};
use crate::openers::Openers;
use crate::pace::Paces;
use crate::seats::Seats;
use crate::sizing::{Machine, Room};
use crate::surveyor::Surveyor;

/// What the asker and the slots of one agent share.
pub struct Member {
    pub(crate) agent_id: AgentId,
    pub(crate) name: String,
    pub(crate) coordinator: Coordinator,
    pub(crate) openers: Openers,
    /// Made at start, forgotten at the end.
    pub(crate) key: PrivateKey,
    pub(crate) drain: Drain,
    pub(crate) seats: Seats,
    pub(crate) paces: Paces,
    pub(crate) live: LiveRuns,
    machine: Machine,
    room: Room,
    is_away: AtomicBool,
}

/// How a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Drained: every lease was completed, failed or given back.
    Drained,
    /// At once, since it was asked twice.
    AtOnce,
}

/// Why a member ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The coordinator doesn't take its token.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A task that it lives by ended by a fault of the agent's own.
    #[error("the agent can't go on by a fault of its own")]
    Fault,
    /// The system won't tell about signals.
    #[error("could not listen for signals")]
    Signals(#[source] std::io::Error),
}

impl Member {
    /// One that hasn't started, on `machine`, where it has `room`.
    #[must_use]
    pub fn new(
        name: String,
        coordinator: Coordinator,
        openers: Openers,
        drain: Drain,
        machine: Machine,
        room: Room,
    ) -> Self {
        Self {
            agent_id: AgentId(Uuid::now_v7()),
            name,
            coordinator,
            openers,
            key: PrivateKey::generate(),
            drain,
            seats: Seats::new(room.at_first(machine)),
            paces: Paces::default(),
            live: LiveRuns::default(),
            machine,
            room,
            is_away: AtomicBool::new(false),
        }
    }

    /// Works until a signal ends it.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn run(self) -> Result<Ended, MemberError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(MemberError::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(MemberError::Signals)?;
        let member = Arc::new(self);
        let drain = member.drain.clone();
        member.say_ready();
        // In a set, as the asker and all slots: they end when this does.
        let mut surveying = JoinSet::new();
        if member.room.seats.is_none() {
            surveying.spawn(Surveyor::new(member.seats.clone(), member.room).await.run());
        }
        let mut live = JoinSet::new();
        live.spawn(Line::new(Arc::clone(&member)).run());
        let mut asking = JoinSet::new();
        asking.spawn(Asker::new(Arc::clone(&member)).run());
        // A drain may have begun without a signal; it is the second signal that hurries.
        let mut was_signalled = false;
        let outcome = loop {
            tokio::select! {
                asked = asking.join_next() => match asked {
                    None | Some(Ok(Ok(()))) => break Ok(Ended::Drained),
                    Some(Ok(Err(error))) => break Err(error.into()),
                    Some(Err(error)) => {
                        tracing::error!(is_panic = error.is_panic(), "the asker ended; the agent ends too");
                        break Err(MemberError::Fault);
                    }
                },
                _ = async { tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} } } => {
                    if std::mem::replace(&mut was_signalled, true) {
                        return Ok(Ended::AtOnce);
                    }
                    tracing::info!("drains: no further lease; runs that are under way may finish");
                    drain.begin();
                }
            }
        };
        member.openers.end().await;
        // Nobody depends on it: who hears nothing waits until the agent was silent for long.
        if let Err(error) = member.coordinator.leave(member.agent_id).await {
            tracing::debug!(%error, "nobody hears that the agent ended");
        }
        outcome
    }

    /// Says what was measured and what was chosen.
    fn say_ready(&self) {
        let Limits { seats, parked } = self.seats.now().limits();
        let machine = self.machine;
        tracing::info!(
            agent_id = %self.agent_id,
            name = self.name,
            seats,
            parked,
            sized_by = if self.room.seats.is_none() { "measure" } else { "setting" },
            drivers = %self.openers.drivers(),
            browser_memory_mib = self.openers.browser_memory() >> 20,
            cpus = machine.cpus,
            memory_mib = machine.memory >> 20,
            available_mib = machine.available >> 20,
            "ready"
        );
    }

    /// What renews a lease of this agent.
    pub(crate) fn renewal(&self, proof: Proof) -> Renew {
        Renew::new(proof, Some(self.seats.told(&self.drain)))
    }

    /// Says once that the coordinator went away.
    pub(crate) fn coordinator_is_away(&self, error: &CallError) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the coordinator is away; leases are asked for again and again");
        }
    }

    /// Says once that it is back.
    pub(crate) fn coordinator_answers(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("the coordinator is back");
        }
    }
}
