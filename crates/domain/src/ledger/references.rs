//! How far a bank's own reference tells transactions apart, by measuring it.
//!
//! Some banks give a row one reference for good. Others number the rows of a page, or make
//! new ones at every look. So each reading that shows a row again, recognised by its face
//! alone, is a measurement: the reference is the same, or it isn't. A reference is trusted
//! while enough of them were kept and hardly any was broken. A kind that was found broken
//! stays demoted until a person says otherwise.
//!
//! Not here: where the counts are kept; the store has them for each institution and source.

use serde::{Deserialize, Serialize};

/// What was measured of one institution's references, in one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceRecord {
    /// How often a row that was shown again had its reference still.
    pub kept: u64,
    /// How often it had another.
    pub broken: u64,
    /// Whether they were found broken once; that stays.
    pub demoted: bool,
}

/// How many have to be kept before references are trusted.
const ENOUGH: u64 = 20;

/// One in so many may be broken, as where a bank mends a row.
const RARELY: u64 = 100;

/// Whether references are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// They tell transactions apart.
    Trusted,
    /// They are one more word.
    Untrusted,
}

impl ReferenceRecord {
    /// With what one more reading showed.
    #[must_use]
    pub const fn with(self, measured: Self) -> Self {
        let kept = self.kept.saturating_add(measured.kept);
        let broken = self.broken.saturating_add(measured.broken);
        let fails = broken.saturating_mul(RARELY) > kept.saturating_add(broken);
        Self { kept, broken, demoted: self.demoted || fails }
    }

    /// Whether they are believed now.
    #[must_use]
    pub const fn trust(self) -> Trust {
        if !self.demoted && self.kept >= ENOUGH { Trust::Trusted } else { Trust::Untrusted }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReferenceRecord, Trust};

    fn check(readings: &[(u64, u64)], trust: Trust, demoted: bool) {
        let record = readings.iter().fold(ReferenceRecord::default(), |record, (kept, broken)| {
            record.with(ReferenceRecord { kept: *kept, broken: *broken, demoted: false })
        });
        assert_eq!((record.trust(), record.demoted), (trust, demoted), "{readings:?}");
    }

    #[test]
    fn references_are_trusted_after_enough_were_kept() {
        check(&[], Trust::Untrusted, false);
        check(&[(19, 0)], Trust::Untrusted, false);
        check(&[(19, 0), (1, 0)], Trust::Trusted, false);
    }

    #[test]
    fn a_violation_demotes_them_for_good_unless_it_is_one_in_a_hundred() {
        check(&[(50, 1)], Trust::Untrusted, true);
        check(&[(50, 1), (100_000, 0)], Trust::Untrusted, true);
        check(&[(1_000, 0), (30, 1)], Trust::Trusted, false);
        check(&[(0, 1)], Trust::Untrusted, true);
    }
}
