//! Dead letters: runs on which agent after agent went silent, set aside for an operator.
//!
//! Not here: when a run is one; the reaper counts crashes.

use async_trait::async_trait;
use domain::failure::Failure;
use domain::id::{ConnectionId, OrganizationId, RunId};
use domain::run::RunKind;
use jiff::Timestamp;

use super::{PageRequest, QueuedRun, Reach, Refused, StoreError};

/// Runs that were set aside.
#[async_trait]
pub trait DeadLetters {
    /// Those that nobody revived, in the order of their ids.
    async fn dead_letters(&self, reach: &Reach, page: PageRequest) -> Result<Vec<DeadLetter>, StoreError>;
    /// Lets a run's connection go on: with a run of its own, `new_run`. Refused if nobody
    /// set the run aside or it was revived, or where the connection can't have a run.
    async fn revive(&self, run: RunId, new_run: RunId, now: Timestamp) -> Result<QueuedRun, Refused>;
}

/// A run that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The run.
    pub run_id: RunId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it was about.
    pub connection_id: ConnectionId,
    /// The bank.
    pub institution_id: String,
    /// What it was for.
    pub kind: RunKind,
    /// How many agents went silent on it.
    pub crashes: u32,
    /// How many leases of it lapsed that nobody ever renewed.
    pub lapses: u32,
    /// What it was ended with.
    pub failure: Option<Failure>,
    /// When it was set aside.
    pub dead_at: Timestamp,
}
