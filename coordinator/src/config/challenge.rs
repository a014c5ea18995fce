//! The settings of what banks ask.
//!
//! Not here: what becomes of an answer.

use std::time::Duration;

use serde::Deserialize;

use super::values::span;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    #[serde(deserialize_with = "span")]
    pub term: Duration,
    pub resends: u32,
    #[serde(deserialize_with = "span")]
    pub resend_every: Duration,
    #[serde(deserialize_with = "span")]
    pub people_after: Duration,
    pub unknown_pages: TakeoverOffer,
}

impl Challenge {
    /// How long a code that may come in by itself is waited for: people have half of the term at least.
    pub fn people_called_after(&self) -> Duration {
        self.people_after.min(self.term / 2)
    }
}

/// To whom a page is offered that shows during a sign-in and that the script doesn't know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TakeoverOffer {
    /// To nobody.
    Never,
    /// To whoever looks at the run at that moment.
    Watched,
    /// At a first sign-in to any operator; otherwise as above.
    Activation,
    /// To any operator.
    Always,
}
