//! Revisions of scripts, and by which of them an institution's connections are worked.
//!
//! Not here: what follows from what is asked (`domain::rollout`), or whether a source is a script.

use async_trait::async_trait;
use domain::id::{RepairTicketId, RunId};
use domain::rollout::trial::{Seen, Trial};
use domain::rollout::{Halt, Origin, Part, Rollout, Try};
use jiff::Timestamp;

use super::{Refused, StoreError};

/// How many revisions of an institution's are kept; of more, the oldest go that nobody works by.
pub const REVISIONS_KEPT: usize = 100;

/// Revisions of scripts.
#[async_trait]
pub trait Revisions {
    /// Keeps what the catalog's folder has, and makes it current if the folder leads. One that is known changes
    /// nothing: an older folder beside a newer one, as while coordinators are replaced one by one, takes nothing back.
    async fn deploy_revision(&self, new: NewRevision<'_>, now: Timestamp) -> Result<Deployed, StoreError>;
    /// Keeps what somebody publishes. It is current at once where the institution had no script. One that is known
    /// changes nothing.
    ///
    /// Refused as [`Refused::Changed`] if `expected` isn't current, and as [`Refused::NotFound`] if the ticket that it
    /// mends isn't open there.
    async fn publish_revision(
        &self,
        new: NewRevision<'_>,
        expected: Option<&str>,
        now: Timestamp,
    ) -> Result<Published, Refused>;
    /// Has a rollout take a step; one that was taken changes nothing.
    ///
    /// Refused as [`Refused::Changed`] if `expected` isn't current.
    async fn steer_rollout(
        &self,
        institution: &str,
        revision: &str,
        step: RolloutStep,
        expected: Option<&str>,
        now: Timestamp,
    ) -> Result<Rollout, Refused>;
    /// Counts what a candidate did, and has the rollout take the step that follows from it, if one does. What isn't
    /// tried any more is only counted.
    async fn note_trial(
        &self,
        institution: &str,
        revision: &str,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<Option<Rollout>, StoreError>;
    /// The bank that a run is about, and by which revision it was given out last.
    async fn place_of_run(&self, run_id: RunId) -> Result<Option<RunPlace>, StoreError>;
    /// Every rollout, by institution.
    async fn rollouts(&self) -> Result<Vec<KeptRollout>, StoreError>;
    /// An institution's revisions, the latest first.
    async fn revisions(&self, institution: &str) -> Result<Vec<Revision>, StoreError>;
    /// The source of a revision.
    async fn revision_source(&self, institution: &str, revision: &str) -> Result<Option<String>, StoreError>;
}

/// A revision that is to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    /// The bank.
    pub institution: &'a str,
    /// The revision.
    pub revision: &'a str,
    /// The text.
    pub source: &'a str,
    /// The hosts that it may reach beside the portal's own.
    pub hosts: &'a [String],
    /// What whoever publishes it says of it.
    pub note: Option<&'a str>,
    /// The open ticket that it is to mend.
    pub mends: Option<RepairTicketId>,
}

/// A revision that is kept, but for its source.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The revision.
    pub revision: String,
    /// Where it came from.
    pub origin: Origin,
    /// The hosts that it may reach beside the portal's own.
    pub hosts: Vec<String>,
    /// What whoever published it said of it.
    pub note: Option<String>,
    /// Who published it; nobody where a coordinator found it in the folder.
    pub published_by: Option<String>,
    /// When.
    pub published_at: Timestamp,
    /// How it has fared since it was last begun to be tried; none if it never was.
    pub trial: Option<Trial>,
}

/// A rollout as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRollout {
    /// The bank.
    pub institution_id: String,
    /// By what its connections are worked.
    pub rollout: Rollout,
    /// When that changed last.
    pub changed_at: Timestamp,
}

/// What became of what the folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// It is the institution's first, or current now.
    IsCurrent,
    /// It was known before, whether or not it is current.
    WasKnown,
    /// It is kept, and what somebody chose stays current.
    IsKept,
}

/// What became of what somebody published.
#[derive(Clone, Debug)]
pub struct Published {
    /// By what the institution's connections are worked now.
    pub rollout: Rollout,
    /// Whether it is told for the first time.
    pub told: super::Told,
}

/// A step that a rollout takes because somebody says so.
#[derive(Clone, Debug)]
pub enum RolloutStep {
    /// The revision is tried.
    Begin(Try),
    /// It is current.
    Promote,
    /// It is taken back.
    RollBack,
    /// It is tried no longer.
    Halt(Halt),
}

/// By which revision a run was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRevision {
    /// The revision.
    pub revision: String,
    /// Which part it has.
    pub part: Part,
    /// What reads beside it.
    pub shadow: Option<String>,
}

/// Which run is about which bank, by which revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPlace {
    /// The bank.
    pub institution_id: String,
    /// The revision; none of a run that an older coordinator gave out.
    pub by: Option<RunRevision>,
}
