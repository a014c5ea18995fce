//! Somebody has a rollout take a step: a revision is tried in a shadow or a canary, promoted, rolled back or halted;
//! and a candidate is told how its runs went, which may have it take a step by itself.
//!
//! Not here: which step goes with which stage (`domain::rollout`), or publishing what is tried (`publish`).

use domain::rollout::trial::Seen;
use domain::rollout::{Rollout, Stage, Try};

use super::{Error, Fleet};
use crate::catalog::KnownScript;
use crate::clock;
use crate::store::{KeptRollout, Refused, RolloutStep};

impl Fleet {
    /// The rollout of an institution that has a script.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that has none.
    pub async fn rollout(&self, institution: &str) -> Result<KeptRollout, Error> {
        self.catalog().institution(institution).ok_or(Refused::NotFound)?;
        let found = self.store.rollouts().await?.into_iter().find(|kept| kept.institution_id == institution);
        Ok(found.ok_or(Refused::NotFound)?)
    }

    /// Has a rollout take a step with a revision that is kept; `expected`, where it is given, has to be current. The
    /// runs that are under way go on by what they have.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a revision that isn't kept, [`Refused::StaleRollout`] and [`Refused::Changed`]
    /// where the rollout has gone on since.
    pub async fn steer_rollout(
        &self,
        institution: &str,
        revision: &str,
        step: RolloutStep,
        expected: Option<&str>,
    ) -> Result<KeptRollout, Error> {
        self.catalog().institution(institution).ok_or(Refused::NotFound)?;
        if matches!(step, RolloutStep::Begin(Try::Shadow(_))) {
            self.check_shadow(institution, revision).await?;
        }
        let rollout = self.store.steer_rollout(institution, revision, step, expected, clock::now()).await?;
        let current = rollout.current.revision.as_str();
        tracing::info!(institution, revision, stage = %rollout.stage(), current, "a rollout took a step");
        self.follow().await?;
        self.rollout(institution).await
    }

    /// A shadow reads in the session of the current revision, which reaches that one's hosts alone.
    async fn check_shadow(&self, institution: &str, revision: &str) -> Result<(), Error> {
        self.follow().await?;
        let source = self.store.revision_source(institution, revision).await?.ok_or(Refused::NotFound)?;
        let catalog = self.catalog();
        let reached = catalog.known_script(institution).map_or(&[][..], |current| &current.hosts);
        let invalid = |reason: String| Err(Error::Invalid { field: "/revision", reason });
        match KnownScript::read(source) {
            Ok((candidate, _)) => match candidate.hosts.iter().find(|host| !reached.contains(host)) {
                Some(host) => invalid(format!(
                    "it reads from `{host}`, which the session of the current revision doesn't reach; begin with a small canary"
                )),
                None => Ok(()),
            },
            Err(_) => invalid("this version can't read it any more".into()),
        }
    }

    /// Counts what a candidate did. What can't be counted now is learned from the next run.
    pub(super) async fn note_trial(&self, institution: &str, revision: &str, seen: &Seen) {
        match self.store.note_trial(institution, revision, seen, clock::now()).await {
            Ok(None) => {}
            Ok(Some(rollout)) => self.say_step(institution, revision, &rollout),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(institution, revision, error, "how a candidate fares isn't counted");
            }
        }
    }

    fn say_step(&self, institution: &str, revision: &str, rollout: &Rollout) {
        let step = match &rollout.stage {
            Stage::Halted { why, .. } => {
                let hint = "`coordinator script list` shows how it fared; connections are back at the current revision";
                tracing::error!(institution, revision, %why, hint, "a canary was halted");
                "halted"
            }
            Stage::Settled | Stage::Shadow { .. } | Stage::Canary { .. } => {
                tracing::info!(institution, revision, "a canary was promoted after its clean runs");
                "promoted"
            }
        };
        let labels = [("institution", institution.to_owned()), ("step", step.to_owned())];
        metrics::counter!("bursar_canaries_ended_total", &labels).increment(1);
    }
}
