//! The pruner: a background role that forgets what was kept long enough, in batches
//! that keep nobody waiting.
//!
//! Every coordinator plays it; what another has removed already isn't there.
//!
//! Not here: how a batch is removed; the store does that.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Error, Fleet};
use crate::clock;

/// How many rows go at once.
const BATCH: u32 = 1_000;

/// Forgets what is old.
pub struct Pruner(pub Arc<Fleet>);

impl Pruner {
    /// One round: everything that is too old by now.
    ///
    /// # Errors
    /// [`Error`]; the next round begins where this one ended.
    pub async fn run_once(&self) -> Result<(), Error> {
        let (store, settings, now) = (&self.0.store, &self.0.config.retention, clock::now());
        let mut deliveries = 0;
        loop {
            let removed = store.prune_deliveries(before(now, settings.deliveries), BATCH).await?;
            deliveries += removed;
            if removed < BATCH.into() {
                break;
            }
        }
        let mut evidence = 0;
        loop {
            let removed = store.prune_evidence(before(now, settings.evidence), BATCH).await?;
            evidence += removed;
            if removed < BATCH.into() {
                break;
            }
        }
        let secrets = store.forget_previous_secrets(now).await?;
        if deliveries + evidence + secrets > 0 {
            tracing::info!(deliveries, evidence, secrets, "forgot what was kept long enough");
        }
        Ok(())
    }
}

/// The moment that lies `kept` back.
fn before(now: Timestamp, kept: Duration) -> Timestamp {
    now.checked_sub(SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MIN)
}
