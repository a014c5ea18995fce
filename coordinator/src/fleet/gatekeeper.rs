//! The gatekeeper: tells the queue how much may go on at each institution, and closes the
//! gate of one that an operator paused, whose breaker is open, or whose portal is shut.
//!
//! ```text
//! paused? ─▶ closed ── breaker open? ─▶ closed, then probing ── portal shut? ─▶ closed
//!    └─ no ──────▲         └─ no ────────────▲                     └─ no ─▶ open
//! ```
//!
//! What is said is said again now and then, so that a queue that was lost hears of it.
//!
//! Not here: what a breaker does (`domain::breaker`), or what operators do about an
//! institution (`institution`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::breaker::{Admission, Breaker, BreakerEvent};
use domain::limits::Limits;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Error, Fleet};
use crate::clock;
use crate::queue::{Gate, Limit};
use crate::store::InstitutionState;

/// After so long everything is said again.
const SAY_AGAIN: Duration = Duration::from_secs(5);

/// For how long a gate is closed that somebody has to open; it is said again before.
pub(super) const LONG: Duration = Duration::from_secs(24 * 3600);

/// By so much a gate that was said may differ from what it is now, beside what time takes.
const SLACK: Duration = Duration::from_millis(1_500);

/// Opens and closes the gates.
pub struct Gatekeeper {
    fleet: Arc<Fleet>,
    /// What was said last, and when all of it was.
    said: BTreeMap<String, Gate>,
    said_all: Option<Instant>,
}

impl Gatekeeper {
    /// One that has said nothing yet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, said: BTreeMap::new(), said_all: None }
    }

    /// One round.
    ///
    /// # Errors
    /// [`Error`]; the next round says what this one didn't.
    pub async fn run_once(&mut self) -> Result<(), Error> {
        let fleet = Arc::clone(&self.fleet);
        let catalog = fleet.catalog();
        let now = clock::now();
        let states = fleet.store.institution_states().await?;
        let is_again = self.said_all.is_none_or(|at| at.elapsed() >= SAY_AGAIN);
        for institution in catalog.institutions() {
            let id = institution.id.as_str();
            let state = states.iter().find(|state| state.institution_id == id);
            let breaker = match state {
                Some(state) => self.after_time(id, state, now).await?,
                None => Breaker::NEW,
            };
            let is_paused = state.is_some_and(|state| state.pause.is_some());
            let gate = gate(is_paused.then_some(LONG), breaker, fleet.opens_at(id, now), now);
            if is_again {
                fleet.queue.limit(id, limit(institution.limits)).await?;
            }
            if is_again || self.said.get(id).is_none_or(|said| !is_near(*said, gate)) {
                fleet.queue.gate(id, gate).await?;
                self.said.insert(id.to_owned(), gate);
            }
        }
        if is_again {
            self.said_all = Some(Instant::now());
        }
        Ok(())
    }

    /// A breaker whose time is up is half open; whoever keeps that first has said so.
    async fn after_time(&self, id: &str, state: &InstitutionState, now: Timestamp) -> Result<Breaker, Error> {
        if state.breaker.at(now) == state.breaker {
            return Ok(state.breaker);
        }
        let change = self.fleet.store.tell_breaker(id, BreakerEvent::TimePassed, now).await?;
        if change.after != change.before {
            tracing::info!(institution = id, "a bank that was left alone is tried by one run");
        }
        Ok(change.after)
    }
}

/// Which gate follows from a pause, a breaker and when the portal opens.
pub(super) fn gate(paused: Option<Duration>, breaker: Breaker, opens_at: Option<Timestamp>, now: Timestamp) -> Gate {
    let until = |moment: Timestamp| Duration::try_from(moment.duration_since(now)).unwrap_or_default();
    let shut = opens_at.map(until);
    match (paused, breaker.admission()) {
        (Some(span), _) => Gate::Closed(span),
        (None, Admission::NoneUntil(moment)) => Gate::ClosedThenProbing(until(moment).max(shut.unwrap_or_default())),
        (None, Admission::Probe) => Gate::ClosedThenProbing(shut.unwrap_or_default()),
        (None, Admission::All) => shut.map_or(Gate::Open, Gate::Closed),
    }
}

/// Whether two gates are the same but for the time that has passed since.
fn is_near(said: Gate, now: Gate) -> bool {
    match (said, now) {
        (Gate::Open, Gate::Open) => true,
        (Gate::Closed(said), Gate::Closed(now)) => said.abs_diff(now) < SAY_AGAIN + SLACK,
        (Gate::ClosedThenProbing(said), Gate::ClosedThenProbing(now)) => said.abs_diff(now) < SAY_AGAIN + SLACK,
        _ => false,
    }
}

/// What the queue is told of an institution's limits.
pub(super) fn limit(limits: Limits) -> Limit {
    Limit { at_once: limits.at_once(), interval: Duration::from_secs(60) / limits.starts_per_minute() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::breaker::Breaker;
    use jiff::{SignedDuration, Timestamp};

    use super::gate;
    use crate::queue::Gate;

    #[test]
    fn what_closes_a_gate_for_longest_counts_and_a_pause_before_all() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |seconds| now + SignedDuration::from_secs(seconds);
        let open = Breaker::Open { until: after(60), times: 1 };
        let half_open = Breaker::HalfOpen { since: now, times: 1 };
        let span = Duration::from_secs;
        let check = |paused, breaker, opens_at, expected| {
            assert_eq!(gate(paused, breaker, opens_at, now), expected, "{paused:?} {breaker:?} {opens_at:?}");
        };
        check(None, Breaker::NEW, None, Gate::Open);
        check(None, Breaker::NEW, Some(after(9)), Gate::Closed(span(9)));
        check(None, open, None, Gate::ClosedThenProbing(span(60)));
        check(None, open, Some(after(90)), Gate::ClosedThenProbing(span(90)));
        check(None, half_open, None, Gate::ClosedThenProbing(span(0)));
        check(None, half_open, Some(after(9)), Gate::ClosedThenProbing(span(9)));
        check(Some(span(5)), open, Some(after(90)), Gate::Closed(span(5)));
    }
}
