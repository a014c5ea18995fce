//! A run says why nothing could be read: what passes by itself is tried again after a
//! growing delay, what doesn't ends the run and moves the connection.

use std::time::Duration;

use domain::failure::{Failure, Retry};
use domain::id::RunId;
use domain::run::attempts_allowed;
use jiff::{SignedDuration, Timestamp};
use protocol::lease::{Evidence, Proof};

use super::{Error, Fleet};
use crate::backoff::backoff;
use crate::clock;
use crate::store::AfterFailure;

/// The longest text that is kept with a failure, in characters.
const LONGEST_TEXT: usize = 500;

/// The largest page that is kept as evidence, in bytes.
const LARGEST_PAGE: usize = 512 * 1024;

impl Fleet {
    /// Ends a run with a failure, or puts it off.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::store::Refused::LeaseLost) under a stale fence.
    pub async fn fail(
        &self,
        run_id: RunId,
        proof: Proof,
        failure: Failure,
        evidence: Option<Evidence>,
    ) -> Result<(), Error> {
        let now = clock::now();
        let failure = Failure {
            message: cut(&failure.message),
            institution_message: failure.institution_message.as_deref().map(cut),
            // Only the store says which evidence there is.
            evidence_id: None,
            ..failure
        };
        let evidence = evidence.filter(|evidence| evidence.html.len() <= LARGEST_PAGE);
        let attempt = self.store.attempt(run_id).await?;
        let delay = self.delay(&failure, attempt, now);
        let then = match delay {
            None => AfterFailure::End,
            Some(delay) => AfterFailure::TryAgain {
                not_before: now + SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX),
            },
        };
        let (code, stage) = (failure.code, failure.stage);
        self.store.fail(run_id, proof, failure, evidence, then, now).await?;
        tracing::warn!(%run_id, code = %code, stage = %stage, again = delay.is_some(), "a run failed");
        metrics::counter!("bursar_runs_total", "outcome" => code.as_str()).increment(1);
        match delay {
            None => self.forget(run_id).await,
            // Where the queue doesn't know the lease any more, the run comes back by
            // its lapse.
            Some(delay) => drop(self.queue.requeue(run_id, proof, delay).await?),
        }
        Ok(())
    }

    fn delay(&self, failure: &Failure, attempt: u32, now: Timestamp) -> Option<Duration> {
        let code = failure.code;
        if attempt >= attempts_allowed(code) {
            return None;
        }
        let settings = &self.config.retry;
        let base = if code.waits_long() { settings.cap } else { settings.base };
        let backoff = backoff(base, settings.cap, attempt);
        match code.retry() {
            Retry::AtOnce => Some(Duration::ZERO),
            Retry::Backoff => {
                let until = failure.until.map(|until| until.duration_since(now));
                let until = until.and_then(|span| Duration::try_from(span).ok()).unwrap_or_default();
                Some(backoff.max(until.min(Duration::from_secs(24 * 3600))))
            }
            Retry::Never | Retry::AfterUser | Retry::NextSchedule | Retry::AfterScriptChange => None,
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
