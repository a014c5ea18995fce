//! How the ways to find things fared in one session: of each target that has several, how often each
//! of them found it, found nothing, or found something else.
//!
//! Not here: the vote (the language), or what a fleet makes of the counts (the coordinator).

use std::collections::BTreeMap;

use protocol::lease::WayCount;
use script::command::{Vote, WaySeen};

/// How many ways are counted; a script has fewer.
const WAYS_LIMIT: usize = 500;

/// The counts of one session.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(String, String), WayCount>,
}

impl Tally {
    /// Counts what a way to a target came to; says so where it is lost: the others found it, but
    /// each that is lost makes it likelier that the next change of the portal ends it.
    pub fn count(&mut self, target: &str, vote: Vote) {
        let Vote { way, seen } = vote;
        if seen != WaySeen::Found {
            let hint = "see what the portal calls it now, and mend the script";
            let what = if seen == WaySeen::Missing { "nothing" } else { "something else" };
            tracing::warn!(target, way, found = what, hint, "a way to find something is lost");
        }
        let mut lost = WayCount { target: target.to_owned(), way: way.clone(), ..WayCount::default() };
        match seen {
            WaySeen::Found => lost.found = 1,
            WaySeen::Missing => lost.missing = 1,
            WaySeen::Disagreed => lost.disagreed = 1,
        }
        self.add(lost);
    }

    /// Adds the counts of another session of the same run.
    pub fn add_all(&mut self, counts: Vec<WayCount>) {
        counts.into_iter().for_each(|count| self.add(count));
    }

    fn add(&mut self, more: WayCount) {
        let key = (more.target.clone(), more.way.clone());
        if self.counts.len() >= WAYS_LIMIT && !self.counts.contains_key(&key) {
            return;
        }
        let count = self.counts.entry(key).or_insert_with(|| WayCount {
            target: more.target,
            way: more.way,
            ..WayCount::default()
        });
        count.found = count.found.saturating_add(more.found);
        count.missing = count.missing.saturating_add(more.missing);
        count.disagreed = count.disagreed.saturating_add(more.disagreed);
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Vec<WayCount> {
        self.counts.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use protocol::lease::WayCount;
    use script::command::{Vote, WaySeen};

    use super::Tally;

    #[test]
    fn each_way_of_each_target_is_counted_by_itself() {
        let mut tally = Tally::default();
        for (target, way, seen) in [
            ("#user", "#user", WaySeen::Found),
            ("#user", "user id", WaySeen::Missing),
            ("#user", "#user", WaySeen::Found),
            ("#user", "user id", WaySeen::Disagreed),
            ("#go", "#user", WaySeen::Found),
        ] {
            tally.count(target, Vote { way: way.into(), seen });
        }
        let mut other = Tally::default();
        other.add_all(tally.counts());
        other.add_all(tally.counts());
        let count = |target: &str, way: &str, found, missing, disagreed| WayCount {
            target: target.into(),
            way: way.into(),
            found,
            missing,
            disagreed,
        };
        let expected =
            [count("#go", "#user", 2, 0, 0), count("#user", "#user", 4, 0, 0), count("#user", "user id", 0, 2, 2)];
        assert_eq!(other.counts(), expected);
    }
}
