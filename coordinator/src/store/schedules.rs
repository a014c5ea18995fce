//! Which connections are due by themselves.
//!
//! Not here: when they are (`domain::schedule`), or who runs next (the queue's).

use async_trait::async_trait;
use domain::challenge::AuthenticatorState;
use domain::connection::ConnectionState;
use domain::history::{LastRun, Past};
use domain::id::{ConnectionId, EntityId, RunId};
use domain::repair::LastTried;
use domain::run::RunClass;
use domain::schedule::AttendedHours;
use jiff::Timestamp;

use super::{QueuedRun, Refused, StoreError};

/// Connections' schedules.
#[async_trait]
pub trait Schedules {
    /// Active connections of which nobody has said yet when they are due, at most so many.
    async fn unplanned(&self, limit: u32) -> Result<Vec<PlannedConnection>, StoreError>;
    /// Connections that their last run stopped, of which nobody has said yet whether they are tried again by themselves; at
    /// most so many.
    async fn stopped(&self, limit: u32) -> Result<Vec<StoppedConnection>, StoreError>;
    /// Makes those unplanned again that aren't due by themselves: it may be otherwise now.
    async fn reconsider(&self) -> Result<(), StoreError>;
    /// Says when connections are due; none: not by themselves.
    async fn plan(&self, plans: &[(ConnectionId, Option<Timestamp>)]) -> Result<(), StoreError>;
    /// Connections that are due, the one that waits longest first, at most so many.
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<PlannedConnection>, StoreError>;
    /// Adds a run for a connection that is due, unless another was faster or one is under
    /// way. When it ends, the connection is unplanned.
    async fn begin_due(
        &self,
        id: ConnectionId,
        run: RunId,
        class: RunClass,
        now: Timestamp,
    ) -> Result<Option<QueuedRun>, StoreError>;
    /// Lets a connection that is due be planned anew.
    async fn put_off(&self, id: ConnectionId, now: Timestamp) -> Result<(), StoreError>;
    /// When a connection is synced next, and what was read of its lists so far.
    async fn next_sync(&self, id: ConnectionId) -> Result<(NextSync, Past), Refused>;
    /// Makes a connection due that is planned for later; [`Refused::NotFound`] if
    /// none is.
    async fn bring_forward(&self, id: ConnectionId, now: Timestamp) -> Result<(), Refused>;
    /// How many connections are due by then, by institution; it counts no further than 100,000.
    async fn due_by(&self, then: Timestamp) -> Result<Vec<(String, u64)>, StoreError>;
}

/// A connection, and what its schedule hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedConnection {
    /// The connection.
    pub id: ConnectionId,
    /// Whose it is; whoever attends for an entity attends for all that it has.
    pub entity_id: EntityId,
    /// Its bank.
    pub institution_id: String,
    /// When somebody attends, where the entity or its organization says so.
    pub attended: Option<AttendedHours>,
    /// What was read of its lists.
    pub past: Past,
    /// How its last run went.
    pub last_run: LastRun,
    /// How its own authenticator fares, where it has one.
    pub authenticator: Option<AuthenticatorState>,
}

/// A connection that its last run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedConnection {
    /// What its schedule hangs on.
    pub planned: PlannedConnection,
    /// What stopped it.
    pub state: ConnectionState,
    /// By what it was tried last.
    pub last: LastTried,
}

/// When a connection is synced next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextSync {
    /// Its run is under way.
    UnderWay,
    /// By itself at this moment.
    At(Timestamp),
    /// Not by itself: it isn't active, or nobody attends.
    OnDemand,
    /// Nobody has said yet.
    Unplanned,
}
