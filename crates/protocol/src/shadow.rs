//! What an agent tells of a revision that read beside a run's own, in the same session.
//!
//! Not here: when one does; the lease says so, and [`Complete`](crate::lease::Complete) or [`Fail`](crate::lease::Fail)
//! carries what came of it.

use domain::failure::Failure;
use domain::rollout::difference::Difference;
use domain::rollout::trial::Extent;
use serde::{Deserialize, Serialize};

/// What came of a revision that read beside the run's own. What it read isn't in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShadowReading {
    /// Which revision.
    pub revision: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What came of it.
    pub outcome: ShadowOutcome,
}

/// What came of a shadow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ShadowOutcome {
    /// It read everything; in what that differs from what the run read.
    Read(Difference),
    /// It read everything where the run itself came to nothing.
    ReadAlone(Extent),
    /// It came to nothing.
    Failed(Failure),
}
