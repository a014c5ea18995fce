//! A run by a candidate that went wrong by the candidate's own fault is tried again by the current revision, so that no
//! customer pays for the trial: the candidate is halted first, and whatever the run would have changed was never kept.
//!
//! Not here: what is wrong (`store`), or what is counted of it (`rollout`).

use std::time::Duration;

use domain::breaker::BreakerEvent;
use domain::failure::{Failure, FailureCode, Fault, Stage};
use domain::id::RunId;
use domain::rollout::Part;
use domain::rollout::trial::{Seen, Strayed};
use domain::run::ATTEMPTS_ALLOWED;
use jiff::Timestamp;
use protocol::lease::{Proof, RunStep};

use super::complete::{Worked, bounded};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{AfterFailure, Kept};

impl Fleet {
    /// Counts a run whose agent went silent against the candidate that it was worked by, if it was.
    pub(super) async fn note_silence(&self, run_id: RunId) -> Result<(), Error> {
        let Worked { institution, revision, part, .. } = self.worked(run_id).await?;
        if part == Part::Canary {
            self.note_trial(&institution, &revision, &Seen::Silent).await;
        }
        Ok(())
    }

    /// Puts a run off that read something else than was settled, until the current revision tries it again: at once.
    pub(super) async fn put_off_strayed(
        &self,
        (run_id, proof): (RunId, Proof),
        worked: &Worked,
        strayed: Strayed,
        steps: &[RunStep],
    ) -> Result<(), Error> {
        tracing::warn!(%run_id, revision = worked.revision, %strayed, "what a canary read was taken back");
        let message =
            format!("What a revision on trial read isn't what was settled: {strayed}. Nothing of it was kept.");
        let failure = Failure::new(FailureCode::ScriptParse, Stage::Transactions).with_message(message);
        // Only once it is halted is the run anybody's again.
        self.note_trial(&worked.institution, &worked.revision, &Seen::Strayed(strayed)).await;
        let now = clock::now();
        let is_last = self.store.attempt(run_id).await? >= ATTEMPTS_ALLOWED;
        let then = if is_last { AfterFailure::End } else { AfterFailure::TryAgain { not_before: now } };
        let kept = Kept { page: None, steps: bounded(steps), ticket: None };
        self.store.fail(run_id, proof, failure, kept, then, now).await?;
        if is_last {
            self.forget(run_id).await;
        } else if let Err(error) = self.queue.requeue(run_id, proof, Duration::ZERO).await {
            tracing::warn!(%run_id, error = &error as &dyn std::error::Error, "a run waits for its lapse");
        }
        Ok(())
    }
}

/// Whether a failure is that of a revision on trial, so that the run is tried again by the current one.
pub(super) fn is_of_trial(part: Part, code: FailureCode, attempt: u32) -> bool {
    part == Part::Canary && code.fault() == Fault::Script && attempt < ATTEMPTS_ALLOWED
}

/// What a failure says of its bank. A candidate that waits for what no page shows fails as if the bank were ill, so what
/// may be its own doing is told as one of ours, after which a probe is made again; that the bank refuses or announces, it
/// says itself.
pub(super) fn said_of_bank(part: Part, code: FailureCode, until: Option<Timestamp>) -> BreakerEvent {
    let may_be_its_own = matches!(code.fault(), Fault::Script | Fault::Network | Fault::Unknown)
        || matches!(code, FailureCode::PortalUnavailable);
    match part {
        Part::Canary if may_be_its_own => BreakerEvent::Failed { code: FailureCode::AgentsGone, until: None },
        Part::Canary | Part::Current => BreakerEvent::Failed { code, until },
    }
}

#[cfg(test)]
mod tests {
    use domain::breaker::{Breaker, FAILURES_ALLOWED};
    use domain::failure::FailureCode;
    use domain::rollout::Part;
    use domain::run::ATTEMPTS_ALLOWED;
    use jiff::Timestamp;

    use super::{is_of_trial, said_of_bank};

    #[test]
    fn what_a_canary_does_wrong_is_tried_again_by_the_current_revision_and_not_for_ever() {
        assert!(is_of_trial(Part::Canary, FailureCode::ElementMissing, 1));
        assert!(!is_of_trial(Part::Canary, FailureCode::ElementMissing, ATTEMPTS_ALLOWED));
        assert!(!is_of_trial(Part::Canary, FailureCode::CredentialsInvalid, 1));
        assert!(!is_of_trial(Part::Current, FailureCode::ElementMissing, 1));
    }

    #[test]
    fn what_may_be_a_canary_s_own_doing_tells_nothing_of_the_bank() {
        let after = |part, code| {
            let failed = (0..FAILURES_ALLOWED).map(|_| said_of_bank(part, code, None));
            failed.fold(Breaker::NEW, |breaker, event| breaker.on(event, Timestamp::UNIX_EPOCH))
        };
        for code in [FailureCode::ElementMissing, FailureCode::NetTimeout, FailureCode::PortalUnavailable] {
            assert_eq!(after(Part::Canary, code), Breaker::NEW, "{code}");
        }
        assert!(matches!(after(Part::Current, FailureCode::PortalUnavailable), Breaker::Open { .. }));
        for code in [FailureCode::PortalMaintenance, FailureCode::PortalBlocked] {
            assert!(matches!(after(Part::Canary, code), Breaker::Open { .. }), "{code}: the bank says it itself");
        }
        let probed = Breaker::HalfOpen { since: Timestamp::UNIX_EPOCH, times: 1 };
        let after = probed.on(said_of_bank(Part::Canary, FailureCode::NetTimeout, None), Timestamp::MAX);
        assert_eq!(after, Breaker::HalfOpen { since: Timestamp::MAX, times: 1 }, "another run finds out");
    }
}
