//! By which revision of its script an institution's connections are worked: the one that is current, and
//! beside it a candidate that is tried.
//!
//! ```text
//!              begin (shadow)          begin (canary)
//!   Settled ─────────────────▶ Shadow ────────────────▶ Canary ─┐ a greater or smaller share
//!     ▲  ▲ │ begin (canary) ───────────────────────────▶   ▲ └──┘
//!     │  │ │                     │ halt                    │ halt
//!     │  │ │                     ▼                         │
//!     │  │ └── promote ──┐     Halted ◀────────────────────┘
//!     │  │               │       │ begin: it is tried again
//!     │  └───────────────┘       │
//!     └── promote, roll back ────┘ also from Shadow and Canary
//! ```
//!
//! | event | does |
//! |---|---|
//! | deployed | a revision that the catalog's folder has and that nobody knew: current, **while the current one is the folder's, too**; a candidate beside it is promoted by itself no longer |
//! | begin | a candidate is read by beside the current one, or given to a share of the connections; a canary's promotion by itself stays as it was asked for unless another is |
//! | promote | the candidate is current, and what was current is kept to roll back to |
//! | roll back | the candidate is dropped; where there is none, what was current before is current again, and nothing leads back to what is left but promoting it |
//! | halt | no connection works by the candidate any more, which stays to be looked at |
//!
//! Who asks names the revision that they mean. If another one is tried by then, or it is done already, they
//! aren't obeyed blindly: the first is a [`Stale`] value, the second changes nothing.
//!
//! Not here: sources, who asked, and counting how a candidate fares ([`trial`]).

pub mod difference;
pub mod trial;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::FailureCode;
use crate::word::words;
use trial::Strayed;

words! {
    /// Where a revision of a script came from.
    pub enum Origin {
        /// It was in the catalog's folder when a coordinator started or read it again.
        Folder = "folder",
        /// Somebody published it.
        Published = "published",
    }
}

words! {
    /// How far a rollout is.
    pub enum StageName {
        /// Every connection works by the current revision.
        Settled = "settled",
        /// The candidate reads beside the current revision, and nothing of it is kept.
        Shadow = "shadow",
        /// A share of the connections works by the candidate.
        Canary = "canary",
        /// The candidate was taken back from every connection.
        Halted = "halted",
    }
}

words! {
    /// Which part a revision has in a run.
    pub enum Part {
        /// It is the institution's current one.
        Current = "current",
        /// It is the candidate of a canary.
        Canary = "canary",
    }
}

/// A revision, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// The revision.
    pub revision: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Of how many connections in a hundred: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Share(u32);

/// A share that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share is a number of percent from 1 to 100")]
pub struct NoShare;

impl Share {
    /// All of them.
    pub const ALL: Self = Self(100);

    /// So many in a hundred.
    #[must_use]
    pub const fn percent(self) -> u32 {
        self.0
    }

    /// Whether a connection is one of them. Those of a share are in each greater one, too, and which they are
    /// differs from candidate to candidate, so that it isn't always the same who go first.
    #[must_use]
    pub fn has(self, connection: Uuid, candidate: &str) -> bool {
        // FNV-1a, mixed once more since its upper bits hardly depend on the last bytes.
        let bytes = connection.as_bytes().iter().chain(candidate.as_bytes());
        let mut hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        (hash ^ (hash >> 33)) % 100 < u64::from(self.0)
    }
}

impl TryFrom<u32> for Share {
    type Error = NoShare;

    fn try_from(percent: u32) -> Result<Self, NoShare> {
        if (1..=100).contains(&percent) { Ok(Self(percent)) } else { Err(NoShare) }
    }
}

impl From<Share> for u32 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// By what an institution's connections are worked, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// What whoever isn't told otherwise works by.
    pub current: Named,
    /// What was current before; none once it was gone back to, as what was left then is nothing to go back to.
    pub previous: Option<Named>,
    /// What was left so, by which whoever asks once more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<String>,
    /// What is tried.
    pub stage: Stage,
}

/// What is tried beside the current revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Stage {
    /// Nothing.
    Settled,
    /// It reads beside the current one, and nothing of it is kept.
    Shadow {
        /// What is tried.
        candidate: Named,
        /// In the sessions of so many connections.
        share: Share,
    },
    /// Some connections work by it.
    Canary {
        /// What is tried.
        candidate: Named,
        /// So many.
        share: Share,
        /// After so many clean runs in a row it is promoted.
        promote_after: Option<NonZeroU32>,
    },
    /// Nobody works by it any more.
    Halted {
        /// What was tried.
        candidate: Named,
        /// Why not any longer.
        why: Halt,
    },
}

/// Why a candidate was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Halt {
    /// A run by it failed for a reason of the script's.
    Failure {
        /// With what.
        code: FailureCode,
    },
    /// What a run by it read isn't what was settled; that run was taken back whole.
    Strayed(Strayed),
    /// An agent that worked by it went silent in the middle of a run.
    Silent,
    /// Somebody said so.
    Asked,
}

impl std::fmt::Display for Halt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure { code } => write!(formatter, "a run by it failed with `{code}`"),
            Self::Strayed(strayed) => write!(formatter, "a run by it was taken back: {strayed}"),
            Self::Silent => formatter.write_str("an agent went silent in a run by it"),
            Self::Asked => formatter.write_str("an operator halted it"),
        }
    }
}

/// What happens to a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The folder has a revision that nobody knew before.
    Deployed(Named),
    /// A candidate is to be tried.
    Begin(Named, Try),
    /// It is to be current.
    Promote(Named),
    /// It is to be taken back: the candidate of this name, or the current revision.
    RollBack(String),
    /// It is to be tried no longer.
    Halt(String, Halt),
}

/// How a candidate is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// Beside the current one, in the sessions of so many connections.
    Shadow(Share),
    /// In place of the current one.
    Canary {
        /// For so many connections.
        share: Share,
        /// After so many clean runs in a row it is promoted; as it was asked for before, unless given.
        promote_after: Option<NonZeroU32>,
    },
}

/// What was asked of a rollout that has gone on since, or makes no sense where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Another candidate is tried.
    #[error("another revision is being tried; roll that one back or promote it first")]
    OtherCandidate,
    /// It is current already.
    #[error("this revision is the current one, and can't be tried beside itself")]
    IsCurrent,
    /// What was named is neither tried nor current.
    #[error("this revision is neither the candidate nor the current one any more")]
    Neither,
    /// Nothing was current before.
    #[error("there is no revision from before to go back to")]
    NoneBefore,
}

/// What a connection is worked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned<'a> {
    /// The revision.
    pub revision: &'a str,
    /// Which part it has.
    pub part: Part,
    /// What reads beside it.
    pub shadow: Option<&'a str>,
}

impl Rollout {
    /// That of an institution whose first revision this is.
    #[must_use]
    pub const fn of(current: Named) -> Self {
        Self { current, previous: None, rolled_back: None, stage: Stage::Settled }
    }

    /// The rollout after an event.
    ///
    /// # Errors
    /// [`Stale`], where the event doesn't go with it.
    pub fn on(&self, event: Event) -> Result<Self, Stale> {
        let candidate = self.candidate().map(|named| named.revision.as_str());
        match event {
            Event::Deployed(deployed) => Ok(self.deployed(deployed)),
            Event::Begin(wanted, _) if wanted.revision == self.current.revision => Err(Stale::IsCurrent),
            Event::Begin(wanted, how) => match &self.stage {
                Stage::Shadow { .. } | Stage::Canary { .. } if candidate != Some(wanted.revision.as_str()) => {
                    Err(Stale::OtherCandidate)
                }
                Stage::Settled | Stage::Shadow { .. } | Stage::Canary { .. } | Stage::Halted { .. } => {
                    Ok(self.with(Stage::of(wanted, how, self.promote_after())))
                }
            },
            Event::Promote(wanted) => match &self.stage {
                _ if wanted.revision == self.current.revision && candidate.is_none() => Ok(self.clone()),
                Stage::Settled => Ok(self.moved_to(wanted)),
                Stage::Shadow { .. } | Stage::Canary { .. } | Stage::Halted { .. } => {
                    if candidate == Some(wanted.revision.as_str()) {
                        Ok(self.moved_to(wanted))
                    } else {
                        Err(Stale::OtherCandidate)
                    }
                }
            },
            Event::RollBack(from) => match &self.stage {
                Stage::Shadow { .. } | Stage::Canary { .. } | Stage::Halted { .. } => {
                    if candidate == Some(from.as_str()) {
                        Ok(self.with(Stage::Settled))
                    } else {
                        Err(Stale::OtherCandidate)
                    }
                }
                Stage::Settled if from == self.current.revision => match &self.previous {
                    Some(before) => Ok(Self { rolled_back: Some(from), ..Self::of(before.clone()) }),
                    None => Err(Stale::NoneBefore),
                },
                Stage::Settled if self.rolled_back.as_ref() == Some(&from) => Ok(self.clone()),
                Stage::Settled => Err(Stale::Neither),
            },
            Event::Halt(named, why) => match &self.stage {
                Stage::Shadow { candidate, .. } | Stage::Canary { candidate, .. } if candidate.revision == named => {
                    Ok(self.with(Stage::Halted { candidate: candidate.clone(), why }))
                }
                // What halted it first stands.
                Stage::Halted { candidate, .. } if candidate.revision == named => Ok(self.clone()),
                Stage::Settled => Err(Stale::Neither),
                Stage::Shadow { .. } | Stage::Canary { .. } | Stage::Halted { .. } => Err(Stale::OtherCandidate),
            },
        }
    }

    /// What is tried, or was until it was halted.
    #[must_use]
    pub const fn candidate(&self) -> Option<&Named> {
        match &self.stage {
            Stage::Settled => None,
            Stage::Shadow { candidate, .. } | Stage::Canary { candidate, .. } | Stage::Halted { candidate, .. } => {
                Some(candidate)
            }
        }
    }

    /// What a connection is worked by.
    #[must_use]
    pub fn assigned(&self, connection: Uuid) -> Assigned<'_> {
        let current = Assigned { revision: &self.current.revision, part: Part::Current, shadow: None };
        match &self.stage {
            Stage::Settled | Stage::Halted { .. } => current,
            Stage::Shadow { candidate, share } => {
                let shadow = share.has(connection, &candidate.revision).then_some(candidate.revision.as_str());
                Assigned { shadow, ..current }
            }
            Stage::Canary { candidate, share, .. } if share.has(connection, &candidate.revision) => {
                Assigned { revision: &candidate.revision, part: Part::Canary, shadow: None }
            }
            Stage::Canary { .. } => current,
        }
    }

    /// How far it is.
    #[must_use]
    pub const fn stage(&self) -> StageName {
        match self.stage {
            Stage::Settled => StageName::Settled,
            Stage::Shadow { .. } => StageName::Shadow,
            Stage::Canary { .. } => StageName::Canary,
            Stage::Halted { .. } => StageName::Halted,
        }
    }

    /// After how many clean runs in a row the candidate of a canary is promoted, where that was asked for.
    #[must_use]
    pub const fn promote_after(&self) -> Option<NonZeroU32> {
        match self.stage {
            Stage::Canary { promote_after, .. } => promote_after,
            Stage::Settled | Stage::Shadow { .. } | Stage::Halted { .. } => None,
        }
    }

    /// A revision of the folder's leads while the current one is of the folder's; a person's choice stands until
    /// a person chooses again. What is tried goes on being tried beside it, and isn't promoted by itself any more:
    /// that was asked for beside what was current then.
    fn deployed(&self, deployed: Named) -> Self {
        if self.current.origin != Origin::Folder || self.current.revision == deployed.revision {
            return self.clone();
        }
        let stage = match self.candidate() {
            Some(candidate) if candidate.revision == deployed.revision => Stage::Settled,
            _ => match self.stage.clone() {
                Stage::Canary { candidate, share, .. } => Stage::Canary { candidate, share, promote_after: None },
                same @ (Stage::Settled | Stage::Shadow { .. } | Stage::Halted { .. }) => same,
            },
        };
        Self { stage, ..self.moved_to(deployed) }
    }

    fn moved_to(&self, current: Named) -> Self {
        Self { previous: Some(self.current.clone()), ..Self::of(current) }
    }

    fn with(&self, stage: Stage) -> Self {
        Self { stage, ..self.clone() }
    }
}

impl Stage {
    /// That in which a candidate is tried; `before` is what was asked for of it until now.
    fn of(candidate: Named, how: Try, before: Option<NonZeroU32>) -> Self {
        match how {
            Try::Shadow(share) => Self::Shadow { candidate, share },
            Try::Canary { share, promote_after } => {
                Self::Canary { candidate, share, promote_after: promote_after.or(before) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
