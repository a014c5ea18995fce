//! The pruner: a background role that forgets what was kept long enough, in batches
//! that keep nobody waiting.
//!
//! Every coordinator plays it; what another has removed already isn't there.
//!
//! Not here: how a batch is removed; the store does that.

use std::sync::Arc;
use std::time::Duration;

use domain::sign_in::FORGIVEN_AFTER;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::inbound::{CODES_KEPT, MESSAGES_KEPT};
use super::{Error, Fleet, hour_of};
use crate::clock;
use crate::store::StoreError;

/// How many rows go at once.
const BATCH: u32 = 1_000;

/// How long the answer to a request with an `Idempotency-Key` is kept.
pub const ANSWERS_KEPT: Duration = Duration::from_hours(24);

/// How long it is kept which credentials banks refused, beyond the connections that had them.
const REFUSALS_KEPT: Duration = Duration::from_hours(365 * 24);

/// How long it is kept how ways fared on a day.
const WAYS_KEPT: Duration = Duration::from_hours(30 * 24);

/// How long it is kept how far pages were on a day.
const DISTANCES_KEPT: Duration = Duration::from_hours(90 * 24);

/// How long a repair ticket is kept that ended.
const TICKETS_KEPT: Duration = Duration::from_hours(90 * 24);

/// How long it is kept how runs ended in an hour.
const OUTCOMES_KEPT: Duration = Duration::from_hours(8 * 24);

/// Forgets what is old.
pub struct Pruner(pub Arc<Fleet>);

impl Pruner {
    /// One round: everything that is too old by now.
    ///
    /// # Errors
    /// [`Error`]; the next round begins where this one ended.
    pub async fn run_once(&self) -> Result<(), Error> {
        let (store, settings, now) = (&self.0.store, &self.0.config.retention, clock::now());
        let at = before(now, settings.deliveries);
        let deliveries = in_batches(|| store.prune_deliveries(at, BATCH)).await?;
        let at = before(now, settings.evidence);
        let evidence = in_batches(|| store.prune_evidence(at, BATCH)).await?;
        let steps = in_batches(|| store.prune_steps(at, BATCH)).await?;
        let at = before(now, settings.stream);
        let events = in_batches(|| store.prune_stream(at, BATCH)).await?;
        let at = before(now, ANSWERS_KEPT);
        let answers = in_batches(|| store.prune_idempotent(at, BATCH)).await?;
        let at = before(now, settings.observations);
        let observations = in_batches(|| store.prune_observations(at, BATCH)).await?;
        let at = before(now, REFUSALS_KEPT);
        let lockouts = in_batches(|| store.prune_lockouts(at, BATCH)).await?;
        let day = before(now, WAYS_KEPT).to_zoned(TimeZone::UTC).date();
        let ways = in_batches(|| store.prune_ways(day, BATCH)).await?;
        let day = before(now, DISTANCES_KEPT).to_zoned(TimeZone::UTC).date();
        let distances = in_batches(|| store.prune_page_days(day, BATCH)).await?;
        let at = before(now, TICKETS_KEPT);
        let tickets = in_batches(|| store.prune_tickets(at, BATCH)).await?;
        let hour = hour_of(before(now, OUTCOMES_KEPT));
        let people = store.prune_outcomes(hour).await? + store.prune_people(now - FORGIVEN_AFTER, now).await?;
        let secrets = store.forget_previous_secrets(now).await?;
        let (codes, messages) = (now - CODES_KEPT, now - MESSAGES_KEPT);
        let inbound = in_batches(|| store.prune_inbound(codes, messages, BATCH)).await?;
        let of_runs = deliveries + evidence + steps + events + answers + observations + lockouts + ways;
        if of_runs + people + secrets + inbound + distances + tickets > 0 {
            tracing::info!(
                deliveries,
                evidence,
                steps,
                events,
                answers,
                observations,
                lockouts,
                ways,
                distances,
                tickets,
                people,
                secrets,
                inbound,
                "forgot what was kept long enough"
            );
        }
        Ok(())
    }
}

/// Removes batches until there is nothing left to remove; how much that was.
async fn in_batches<F>(batch: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut removed = 0;
    loop {
        match batch().await? {
            0 => return Ok(removed),
            more => removed += more,
        }
    }
}

/// The moment that lies `kept` back.
fn before(now: Timestamp, kept: Duration) -> Timestamp {
    now.checked_sub(SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MIN)
}
