//! The member: one agent process with its slots, its browser and its end.
//!
//! ```text
//! working ──signal──▶ draining ──all slots empty, or time is up──▶ ended
//!                        └────────────signal──────────────────────▶ ended at once
//! ```
//!
//! Not here: what a slot does ([`crate::slot`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::id::AgentId;
use protocol::sealed::PrivateKey;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::cdp::Browsers;
use crate::coordinator::{CallError, Coordinator};
use crate::drain::Drain;
use crate::slot::Slot;

/// What the slots of one agent share.
pub struct Member {
    pub(crate) agent_id: AgentId,
    pub(crate) name: String,
    pub(crate) coordinator: Coordinator,
    pub(crate) browsers: Browsers,
    /// Made at start, forgotten at the end.
    pub(crate) key: PrivateKey,
    pub(crate) drain: Drain,
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
    /// A slot ended by a fault of the agent's own.
    #[error("a slot ended by a fault of the agent's own")]
    Slot,
    /// The system won't tell about signals.
    #[error("could not listen for signals")]
    Signals(#[source] std::io::Error),
}

impl Member {
    /// One that hasn't started.
    #[must_use]
    pub fn new(name: String, coordinator: Coordinator, browsers: Browsers, drain: Drain) -> Self {
        Self {
            agent_id: AgentId(Uuid::now_v7()),
            name,
            coordinator,
            browsers,
            key: PrivateKey::generate(),
            drain,
            is_away: AtomicBool::new(false),
        }
    }

    /// Works in so many slots until a signal ends it.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn run(self, slots: usize) -> Result<Ended, MemberError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(MemberError::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(MemberError::Signals)?;
        let member = Arc::new(self);
        let drain = member.drain.clone();
        tracing::info!(agent_id = %member.agent_id, name = member.name, slots, "ready");
        let mut seats = JoinSet::new();
        for _ in 0..slots {
            seats.spawn(Slot::new(Arc::clone(&member)).run());
        }
        let mut outcome = Ok(Ended::Drained);
        // A drain may have begun without a signal; it is the second signal that hurries.
        let mut was_signalled = false;
        loop {
            tokio::select! {
                ended = seats.join_next() => match ended {
                    None => break,
                    Some(Ok(Ok(()))) => {}
                    Some(Ok(Err(error))) => {
                        // The other slots may finish what they began.
                        outcome = Err(error.into());
                        drain.begin();
                    }
                    Some(Err(error)) => {
                        tracing::error!(is_panic = error.is_panic(), "a slot ended; the agent ends too");
                        outcome = Err(MemberError::Slot);
                        drain.begin();
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
        }
        member.browsers.end().await;
        outcome
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
