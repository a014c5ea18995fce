//! The use cases: what integrators, agents and operators can do, each in one file.
//! A use case decides nothing that the domain can decide; it brings the store, the
//! queue, the vault and the catalog together.
//!
//! Not here: HTTP (`http`), SQL (`store`) or Lua (`queue`).

mod acquire;
mod answer_challenge;
mod challenge;
mod complete;
mod create_connection;
mod create_organization;
mod fail;
mod give_credentials;
mod intent;
mod key;
mod renew;
pub mod roles;
mod sealer;
mod start_run;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::queue::{Queue, QueueError};
use crate::store::{QueuedRun, Refused, Store, StoreError};
use crate::vault::{Vault, VaultError};

pub use answer_challenge::answer_challenge;
pub use create_connection::ConnectionRequest;
pub use create_organization::create_organization;
pub use key::{Caller, KeyRefused, NewKey, Scope};
pub use sealer::Sealer;
pub use webhook::WebhookRequest;

/// Everything that the use cases work with; one a coordinator.
pub struct Fleet {
    pub store: Arc<dyn Store>,
    pub queue: Queue,
    pub vault: Arc<Vault>,
    pub sealer: Sealer,
    pub catalog: Catalog,
    pub config: Config,
    /// Told whenever a person answered, so that the agent that waits here hears at once.
    pub answered: Notify,
}

/// Why a use case came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It isn't allowed, or there is no such thing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What was asked for makes no sense.
    #[error("{field}: {reason}")]
    Invalid {
        /// JSON pointer into what was asked.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// No script describes the portal yet.
    #[error("no script describes this portal yet")]
    ScriptMissing,
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Refused(Refused::Store(error))
    }
}

impl Fleet {
    /// Puts a run that the store has into the queue. When Redis is away the run isn't
    /// lost: the rebuilder puts it in later.
    async fn enqueue(&self, run: &QueuedRun) {
        if let Err(error) = self.queue.enqueue(run, Timestamp::now()).await {
            tracing::warn!(run_id = %run.id, error = &error as &dyn std::error::Error, "a run waits for the queue");
        }
    }

    /// Takes a run that the store has ended out of the queue; when Redis is away, the
    /// store refuses to grant it later.
    async fn forget(&self, run: domain::id::RunId) {
        if let Err(error) = self.queue.forget(run).await {
            tracing::warn!(run_id = %run, error = &error as &dyn std::error::Error, "an ended run is still in the queue");
        }
    }
}

/// The delay before the next try: `base`, doubled with each attempt, at most `cap`,
/// of which a random part of up to a half is taken off, so that many don't return at
/// once.
#[must_use]
pub fn backoff(base: Duration, cap: Duration, attempt: u32) -> Duration {
    let doubled = base.saturating_mul(1_u32 << attempt.saturating_sub(1).min(20)).min(cap);
    let random = crate::vault::random::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let share = random % 1_000;
    doubled - doubled.saturating_mul(share) / 2_000
}

#[cfg(test)]
mod tests {
    use super::backoff;
    use std::time::Duration;

    #[test]
    fn delays_double_up_to_the_cap_and_keep_half_at_least() {
        let (base, cap) = (Duration::from_secs(1), Duration::from_secs(60));
        for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (7, 60), (4_000_000_000, 60)] {
            let delay = backoff(base, cap, attempt);
            let whole = Duration::from_secs(whole);
            assert!(delay <= whole && delay >= whole / 2, "{attempt}: {delay:?}");
        }
    }
}
