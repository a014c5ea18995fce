//! A run by a candidate that went wrong by the candidate's own fault is tried again by the current revision, so that no
//! customer pays for the trial: the candidate is halted first, and whatever the run would have changed was never kept.
//!
//! Not here: what is wrong (`store`), or what is counted of it (`rollout`).

use std::time::Duration;

use domain::failure::{Failure, FailureCode, Fault, Stage};
use domain::id::RunId;
use domain::rollout::Part;
use domain::rollout::trial::{Seen, Strayed};
use domain::run::ATTEMPTS_ALLOWED;
use protocol::lease::{Proof, RunStep};

use super::complete::{Worked, bounded};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{AfterFailure, Kept};

impl Fleet {
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
        let kept = Kept { page: None, steps: bounded(steps) };
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

#[cfg(test)]
mod tests {
    use domain::failure::FailureCode;
    use domain::rollout::Part;
    use domain::run::ATTEMPTS_ALLOWED;

    use super::is_of_trial;

    #[test]
    fn what_a_canary_does_wrong_is_tried_again_by_the_current_revision_and_not_for_ever() {
        assert!(is_of_trial(Part::Canary, FailureCode::ElementMissing, 1));
        assert!(!is_of_trial(Part::Canary, FailureCode::ElementMissing, ATTEMPTS_ALLOWED));
        assert!(!is_of_trial(Part::Canary, FailureCode::CredentialsInvalid, 1));
        assert!(!is_of_trial(Part::Current, FailureCode::ElementMissing, 1));
    }
}
