//! What operators and runs do to an institution: it is paused and resumed, and its breaker is
//! told how runs went, or closed. The queue hears of it at once.
//!
//! Not here: saying it again to a queue that was lost (`gatekeeper`), or what a breaker does
//! (`domain::breaker`).

use domain::breaker::{Breaker, BreakerEvent};
use domain::schedule::{Attendance, earliest_start};
use jiff::Timestamp;

use super::gatekeeper::{LONG, gate};
use super::{Error, Fleet};
use crate::clock;
use crate::queue::Gate;
use crate::store::Refused;

impl Fleet {
    /// When the institution's portal opens, if it is shut.
    pub(super) fn opens_at(&self, id: &str, now: Timestamp) -> Option<Timestamp> {
        let catalog = self.catalog();
        let institution = catalog.institution(id)?;
        earliest_start(&institution.schedule, catalog.zone(id), &Attendance::NotNeeded, now)
            .filter(|opens| *opens > now)
    }

    /// Starts nothing at an institution until it is resumed.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that the catalog doesn't know.
    pub async fn pause_institution(&self, id: &str, reason: Option<&str>) -> Result<(), Error> {
        self.catalog().institution(id).ok_or(Refused::NotFound)?;
        self.store.pause_institution(id, reason, clock::now()).await?;
        tracing::warn!(institution = id, "an operator paused an institution");
        Ok(self.queue.gate(id, Gate::Closed(LONG)).await?)
    }

    /// Lets runs start at an institution again, as far as its breaker does.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that the catalog doesn't know.
    pub async fn resume_institution(&self, id: &str) -> Result<(), Error> {
        self.catalog().institution(id).ok_or(Refused::NotFound)?;
        self.store.resume_institution(id, clock::now()).await?;
        tracing::info!(institution = id, "an operator resumed an institution");
        self.regate(id).await
    }

    /// Closes an institution's breaker.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that the catalog doesn't know.
    pub async fn reset_breaker(&self, id: &str) -> Result<(), Error> {
        self.catalog().institution(id).ok_or(Refused::NotFound)?;
        self.store.tell_breaker(id, BreakerEvent::Reset, clock::now()).await?;
        tracing::info!(institution = id, "an operator closed a breaker");
        self.regate(id).await
    }

    /// Tells the queue what holds for an institution now.
    async fn regate(&self, id: &str) -> Result<(), Error> {
        let (now, states) = (clock::now(), self.store.institution_states().await?);
        let state = states.iter().find(|state| state.institution_id == id);
        let paused = state.and_then(|state| state.pause.as_ref()).map(|_| LONG);
        let breaker = state.map_or(Breaker::NEW, |state| state.breaker);
        Ok(self.queue.gate(id, gate(paused, breaker, self.opens_at(id, now), now)).await?)
    }

    /// Tells an institution's breaker how a run went there, and the queue if that changes
    /// something. What can't be told now is learned from the next run.
    pub(super) async fn tell_breaker(&self, institution: &str, event: BreakerEvent) {
        let now = clock::now();
        let change = match self.store.tell_breaker(institution, event, now).await {
            Ok(change) => change,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                return tracing::warn!(institution, error, "a breaker wasn't told how a run went");
            }
        };
        if change.after.admission() == change.before.admission() {
            return;
        }
        match change.after {
            Breaker::Open { until, times } => {
                tracing::warn!(institution, %until, times, "a bank is left alone: its breaker opens");
                metrics::counter!("bursar_breakers_opened_total", "institution" => institution.to_owned()).increment(1);
            }
            Breaker::Closed { .. } => tracing::info!(institution, "a bank is well again: its breaker closes"),
            Breaker::HalfOpen { .. } => {}
        }
        if let Err(error) = self.regate(institution).await {
            tracing::warn!(institution, error = &error as &dyn std::error::Error, "a gate waits for the queue");
        }
    }
}
