//! Counting how the ways to find things fared, so that an author sees that one is lost before the
//! others are.
//!
//! It is for looking at: a run that is told twice is counted once, and what can't be counted is passed over.
//!
//! Not here: what a way is, or which run is over.

use jiff::tz::TimeZone;
use protocol::lease::WayCount;

use super::Fleet;
use crate::clock;
use crate::store::WaysOf;

/// How many ways one run tells of.
const WAYS_LIMIT: usize = 500;

/// How long a way may be, in bytes.
const WAY_LIMIT: usize = 1_000;

impl Fleet {
    /// Counts what a run of an institution, by a revision of its script, tells of its ways.
    pub(super) async fn count_ways(&self, institution: &str, revision: &str, ways: &[WayCount]) {
        if ways.is_empty() || revision.is_empty() {
            return;
        }
        let is_sound = |way: &&WayCount| way.target.len() <= WAY_LIMIT && way.way.len() <= WAY_LIMIT;
        let ways: Vec<WayCount> = ways.iter().filter(is_sound).take(WAYS_LIMIT).cloned().collect();
        let sum = |count: fn(&WayCount) -> u32| ways.iter().map(|way| u64::from(count(way))).sum::<u64>();
        for (outcome, count) in [
            ("found", sum(|way| way.found)),
            ("missing", sum(|way| way.missing)),
            ("disagreed", sum(|way| way.disagreed)),
        ] {
            let labels = [("institution", institution.to_owned()), ("outcome", outcome.to_owned())];
            metrics::counter!("bursar_script_ways_total", &labels).increment(count);
        }
        let day = clock::now().to_zoned(TimeZone::UTC).date();
        let of = WaysOf { institution, revision, day };
        if let Err(error) = self.store.count_ways(of, &ways).await {
            tracing::warn!(institution, error = &error as &dyn std::error::Error, "how ways fared isn't counted");
        }
    }
}
