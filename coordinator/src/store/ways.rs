//! How the ways to find things fared in the runs of each day.
//!
//! Not here: what a way is; scripts say that.

use async_trait::async_trait;
use jiff::civil::Date;
use protocol::lease::WayCount;

use super::StoreError;

/// How ways fared.
#[async_trait]
pub trait Ways {
    /// Adds the counts of a run. Of an institution that has very many rows on that day already
    /// none is added.
    async fn count_ways(&self, at: WaysOf<'_>, counts: &[WayCount]) -> Result<(), StoreError>;
    /// How each fared from a day on, at one institution or all.
    async fn ways(&self, institution: Option<&str>, since: Date) -> Result<Vec<WaySum>, StoreError>;
    /// Forgets days before `before`.
    async fn prune_ways(&self, before: Date, limit: u32) -> Result<u64, StoreError>;
}

/// What counts belong to.
#[derive(Clone, Copy, Debug)]
pub struct WaysOf<'a> {
    /// The bank.
    pub institution: &'a str,
    /// The script's revision.
    pub revision: &'a str,
    /// The day of the run.
    pub day: Date,
}

/// How one way fared over some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaySum {
    /// The bank.
    pub institution_id: String,
    /// The script's revision.
    pub revision: String,
    /// How often it found what was acted on.
    pub found: u64,
    /// How often it found nothing.
    pub missing: u64,
    /// How often it found something else.
    pub disagreed: u64,
    /// What is to be found, by its first way.
    pub target: String,
    /// The selector, or the words.
    pub way: String,
    /// The last day on which it found what was acted on.
    pub last_found_on: Option<Date>,
    /// The last day on which it didn't.
    pub last_lost_on: Option<Date>,
}
