//! What each way to find something came to, where there are several: a way that is lost breaks
//! nothing yet, and is told, so that it is mended before the others are lost too.
//!
//! Not here: the vote itself.

use serde::Deserialize;

/// What a way came to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Vote {
    /// The selector, or the words.
    pub way: String,
    /// What it came to.
    pub seen: WaySeen,
}

/// What a way came to, beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaySeen {
    /// It found what was acted on.
    Found,
    /// It found nothing.
    Missing,
    /// It found something else, several things, or what can't be acted on; or nothing was
    /// agreed on at all.
    Disagreed,
}
