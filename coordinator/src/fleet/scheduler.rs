//! The scheduler: plans when each active connection is synced next, and queues those that
//! are due.
//!
//! ```text
//! a run ends ─▶ unplanned ── next_run ─▶ due at ── its time comes ─▶ a run is queued
//! ```
//!
//! A connection that a fault of its script's has stopped is due as soon as it would be worked by another revision, or read by
//! one beside.
//!
//! While lists weren't read to their end, the next run is a backfill, after a pause; one that
//! failed is followed by the next sync in its time, and tried again after that.
//!
//! Not here: when that is (`domain::schedule`), or who runs first (the queue).

use std::sync::Arc;
use std::time::Duration;

use domain::challenge::AuthenticatorState;
use domain::history::History;
use domain::id::RunId;
use domain::institution::Institution;
use domain::repair::is_tried_again;
use domain::run::RunClass;
use domain::schedule::{Attendance, earliest_start, next_run};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{PlannedConnection, StoppedConnection};

/// How many connections are looked at in one step.
const AT_ONCE: u32 = 500;

/// How often those are looked at again that aren't due by themselves: hours in which
/// somebody attends, or a record, may have come since.
const RECONSIDER: Duration = Duration::from_secs(3600);

/// Plans syncs and queues those that are due.
pub struct Scheduler {
    fleet: Arc<Fleet>,
    reconsidered: Option<Instant>,
}

impl Scheduler {
    /// One that has planned nothing yet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, reconsidered: None }
    }

    /// One round; how many runs it queued.
    ///
    /// # Errors
    /// [`Error`]; the next round begins where this one ended.
    pub async fn run_once(&mut self) -> Result<usize, Error> {
        if self.reconsidered.is_none_or(|at| at.elapsed() >= RECONSIDER) {
            self.fleet.store.reconsider().await?;
            self.reconsidered = Some(Instant::now());
        }
        self.plan().await?;
        let (fleet, mut queued) = (&self.fleet, 0);
        loop {
            let now = clock::now();
            let due = fleet.store.due(now, AT_ONCE).await?;
            let is_last = due.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
            let mut failed = 0;
            for connection in due {
                match self.begin(&connection, now).await {
                    Ok(begun) => queued += usize::from(begun),
                    // It keeps none of the others back.
                    Err(error) => {
                        failed += 1;
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(connection_id = %connection.id, error, "a connection that is due waits");
                    }
                }
            }
            if is_last || failed > 0 {
                return Ok(queued);
            }
        }
    }

    /// Queues a run for a connection that is due; false if it got none. One whose bank asks
    /// for a code while nobody attends any more is planned anew.
    async fn begin(&self, connection: &PlannedConnection, now: Timestamp) -> Result<bool, Error> {
        let (fleet, catalog) = (&self.fleet, self.fleet.catalog());
        let institution = catalog.institution(&connection.institution_id);
        let attendance = institution.map(|known| self.attendance(connection, known));
        if attendance.is_some_and(|attendance| !attendance.holds(now)) {
            fleet.store.put_off(connection.id, now).await?;
            return Ok(false);
        }
        let (run, class) = (RunId(Uuid::now_v7()), self.class(connection));
        let Some(run) = fleet.store.begin_due(connection.id, run, class, now).await? else {
            return Ok(false);
        };
        fleet.enqueue(&run).await;
        Ok(true)
    }

    async fn plan(&self) -> Result<(), Error> {
        let store = &self.fleet.store;
        loop {
            let unplanned = store.unplanned(AT_ONCE).await?;
            let plans: Vec<_> =
                unplanned.iter().map(|connection| (connection.id, self.next(connection, clock::now()))).collect();
            store.plan(&plans).await?;
            if plans.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
                return self.plan_stopped().await;
            }
        }
    }

    /// Plans connections that their script stopped, and that another revision may read.
    async fn plan_stopped(&self) -> Result<(), Error> {
        let store = &self.fleet.store;
        loop {
            let stopped = store.stopped(AT_ONCE).await?;
            if stopped.is_empty() {
                return Ok(());
            }
            let (rollouts, now) = (store.rollouts().await?, clock::now());
            let plan = |one: &StoppedConnection| {
                let (institution, id) = (&one.planned.institution_id, one.planned.id);
                let kept = rollouts.iter().find(|kept| kept.institution_id == *institution);
                let assigned = kept.map(|kept| kept.rollout.assigned(id.0));
                let is_tried = assigned.is_some_and(|assigned| is_tried_again(&one.state, &one.last, &assigned));
                (id, if is_tried { self.soonest(&one.planned, now) } else { None })
            };
            let plans: Vec<_> = stopped.iter().map(plan).collect();
            store.plan(&plans).await?;
        }
    }

    /// When a connection may be synced that is due as soon as that goes.
    fn soonest(&self, connection: &PlannedConnection, now: Timestamp) -> Option<Timestamp> {
        let catalog = self.fleet.catalog();
        let institution = catalog.institution(&connection.institution_id)?;
        let (attendance, zone) = (self.attendance(connection, institution), catalog.zone(&connection.institution_id));
        earliest_start(&institution.schedule, zone, &attendance, now)
    }

    /// When a connection is due; none if it isn't by itself.
    fn next(&self, connection: &PlannedConnection, now: Timestamp) -> Option<Timestamp> {
        let catalog = self.fleet.catalog();
        let institution = catalog.institution(&connection.institution_id)?;
        let attendance = self.attendance(connection, institution);
        let zone = catalog.zone(&connection.institution_id);
        // Half of the id is as good as random.
        let (_, spread) = connection.id.0.as_u64_pair();
        if self.class(connection) == RunClass::Backfill {
            return earliest_start(&institution.schedule, zone, &attendance, now + History::BACKFILL_PAUSE);
        }
        next_run(&institution.schedule, zone, &attendance, now, spread)
    }

    /// Whether somebody has to be there: nobody has to where the connection answers by itself.
    fn attendance(&self, connection: &PlannedConnection, institution: &Institution) -> Attendance {
        if connection.authenticator == Some(AuthenticatorState::Ready) {
            return Attendance::NotNeeded;
        }
        let (_, people) = connection.entity_id.0.as_u64_pair();
        let fleet = &self.fleet.config.attendance;
        let Some(own) = &connection.attended else {
            return Attendance::of(institution.mfa, &fleet.windows, &fleet.zone, people);
        };
        match TimeZone::get(own.zone()) {
            Ok(zone) => Attendance::of(institution.mfa, own.windows(), &zone, people),
            Err(error) => {
                let hint = "install the machine's time zones";
                tracing::warn!(connection_id = %connection.id, zone = own.zone(), error = &error as &dyn std::error::Error, hint, "attended hours are on no clock of this machine");
                Attendance::of(institution.mfa, &[], &fleet.zone, people)
            }
        }
    }

    /// Which run of a connection comes next by itself.
    fn class(&self, connection: &PlannedConnection) -> RunClass {
        let catalog = self.fleet.catalog();
        let institution = catalog.institution(&connection.institution_id);
        let history = institution.and_then(Institution::steps_back);
        history.map_or(RunClass::Scheduled, |history| history.next_class(connection.past, connection.last_run))
    }
}
