//! A run says why nothing could be read: what passes by itself is tried again after a
//! growing delay, what doesn't ends the run and moves the connection.

use std::time::Duration;

use domain::failure::{Failure, Retry};
use domain::id::RunId;
use domain::rollout::Part;
use domain::rollout::trial::Seen;
use domain::run::attempts_allowed;
use jiff::{SignedDuration, Timestamp};
use protocol::lease::Fail;

use super::canary::{is_of_trial, said_of_bank};
use super::complete::{bounded, seen_beside};
use super::drift::Came;
use super::{Error, Fleet};
use crate::backoff::backoff;
use crate::clock;
use crate::config;
use crate::store::{AfterFailure, Kept, Told};

/// The longest text that is kept with a failure, in characters.
const LONGEST_TEXT: usize = 500;

/// The longest that is waited because the bank says so.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The largest page that is kept as evidence, in bytes.
const LARGEST_PAGE: usize = 512 * 1024;

impl Fleet {
    /// Ends a run with a failure, or puts it off.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::store::Refused::LeaseLost) under a stale fence.
    pub async fn fail(&self, run_id: RunId, fail: Fail) -> Result<(), Error> {
        let Fail { proof, failure, evidence, ways, steps, page, pages, shadow } = fail;
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
        let worked = self.worked(run_id).await?;
        let delay = match is_of_trial(worked.part, failure.code, attempt) {
            true => Some(Duration::ZERO),
            false => delay(&self.config.retry, &failure, attempt, now),
        };
        let then = match delay {
            None => AfterFailure::End,
            Some(delay) => AfterFailure::TryAgain {
                not_before: now + SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX),
            },
        };
        let (code, stage) = (failure.code, failure.stage);
        let happened = said_of_bank(worked.part, code, failure.until);
        let ticket = match then {
            AfterFailure::End => self.ticket_of(&worked, &failure, page.as_deref(), evidence.as_ref()).await,
            AfterFailure::TryAgain { .. } => None,
        };
        let kept = Kept { page: evidence, steps: bounded(&steps), ticket };
        let told = self.store.fail(run_id, proof, failure, kept, then, now).await?;
        let delay = if told == Told::TriedAgain { Some(Duration::ZERO) } else { delay };
        tracing::warn!(%run_id, code = %code, stage = %stage, again = delay.is_some(), "a run failed");
        // Told again after an answer that was lost, it is the same one.
        if told != Told::Before {
            metrics::counter!("bursar_runs_total", "outcome" => code.as_str()).increment(1);
        }
        if told != Told::Before && !worked.institution.is_empty() {
            let institution = worked.institution.as_str();
            if delay.is_none() {
                self.outcomes.note(institution, Some(code.fault()));
            }
            self.tell_breaker(institution, happened).await;
            self.count_ways(institution, &worked.revision, &ways).await;
            self.note_pages(&worked, pages, Came::Short).await;
            if worked.part == Part::Canary {
                self.note_trial(institution, &worked.revision, &Seen::Failed(code)).await;
            }
            if let Some(shadow) = shadow.filter(|shadow| worked.shadow.as_ref() == Some(&shadow.revision)) {
                let seen = seen_beside(&shadow, Some(code));
                self.note_trial(institution, &shadow.revision, &seen).await;
            }
        }
        match delay {
            None => self.forget(run_id).await,
            // Where the queue doesn't know the lease any more, or can't be told, the run comes
            // back by its lapse.
            Some(delay) => {
                if let Err(error) = self.queue.requeue(run_id, proof, delay).await {
                    tracing::warn!(%run_id, error = &error as &dyn std::error::Error, "a run waits for its lapse");
                }
            }
        }
        Ok(())
    }
}

/// After how long the run is tried again; none where it has ended.
fn delay(settings: &config::Retry, failure: &Failure, attempt: u32, now: Timestamp) -> Option<Duration> {
    let code = failure.code;
    if attempt >= attempts_allowed(code) {
        return None;
    }
    let base = if code.waits_long() { settings.cap } else { settings.base };
    match code.retry() {
        Retry::AtOnce => Some(Duration::ZERO),
        Retry::Backoff => {
            let until = failure.until.map(|until| until.duration_since(now));
            let until = until.and_then(|span| Duration::try_from(span).ok()).unwrap_or_default();
            Some(backoff(base, settings.cap, attempt).max(until.min(LONGEST_WAIT)))
        }
        Retry::Never | Retry::AfterUser | Retry::NextSchedule | Retry::AfterScriptChange => None,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::failure::{FailureCode, Stage};

    /// A failure on an attempt, and within which seconds the next is made; the first delay is
    /// 8 seconds, the longest an hour.
    fn check(code: FailureCode, until: Option<i64>, attempt: u32, expected: Option<(u64, u64)>) {
        let settings = config::Retry { base: Duration::from_secs(8), cap: Duration::from_secs(3600) };
        let now = Timestamp::UNIX_EPOCH;
        let until = until.map(|seconds| now + SignedDuration::from_secs(seconds));
        let failure = Failure { until, ..Failure::new(code, Stage::Login) };
        let waits = delay(&settings, &failure, attempt, now).map(|delay| delay.as_secs());
        let fits = match (waits, expected) {
            (Some(waits), Some((least, most))) => (least..=most).contains(&waits),
            (waits, expected) => waits.is_none() && expected.is_none(),
        };
        assert!(fits, "{code}, attempt {attempt}: {waits:?}");
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_in_its_time() {
        check(FailureCode::PortalUnavailable, None, 1, Some((4, 8)));
        check(FailureCode::PortalUnavailable, None, 7, Some((256, 512)));
        check(FailureCode::PortalUnavailable, None, 8, None);
        check(FailureCode::PortalMaintenance, Some(600), 1, Some((600, 600)));
        check(FailureCode::PortalMaintenance, Some(-600), 1, Some((4, 8)));
        check(FailureCode::PortalMaintenance, Some(1_000_000), 1, Some((86_400, 86_400)));
        check(FailureCode::SessionConflict, None, 1, Some((1800, 3600)));
        check(FailureCode::SessionExpired, None, 1, Some((4, 8)));
        check(FailureCode::SessionExpired, None, 2, None);
        check(FailureCode::BrowserCrashed, None, 7, Some((0, 0)));
        check(FailureCode::CredentialsInvalid, Some(600), 1, None);
        check(FailureCode::MfaTimeout, None, 1, None);
        check(FailureCode::Unknown, None, 1, None);
    }
}
