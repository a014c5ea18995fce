//! What a reading proves of rows that it doesn't hold: that the bank no longer shows them.
//!
//! A list that was walked to its end holds every booking of the days that it covers. Where
//! a portal cuts it is not known, and it may be in the middle of a day, so the oldest day
//! that is shown counts as covered only where it was asked for by date. A row that is
//! missing from what is covered is gone; of anything else nothing follows.
//!
//! Not here: whether balances add up (`completeness`); a reading whose balances don't is
//! to be taken as [`Coverage::NOTHING`].

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Entry;
use crate::observation::{Extent, Source, Window};
use crate::transaction::{ObservedTransaction, TransactionStatus};

/// Of which rows a reading says that they are gone, if it doesn't hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Those that were booked from the one day to the other, both included.
    pub posted: Option<(Date, Date)>,
    /// Whether those that are announced and not booked.
    pub pending: bool,
    /// The oldest day of a list that was walked to its end, where no day was asked for: it
    /// may have been cut, unless it holds as many rows as are known of it.
    pub edge: Option<Date>,
}

impl Coverage {
    /// Nothing follows from what is missing.
    pub const NOTHING: Self = Self { posted: None, pending: false, edge: None };

    /// What follows from a window and the rows in it.
    #[must_use]
    pub fn of(window: Option<&Window>, rows: &[ObservedTransaction]) -> Self {
        let Some(window) = window else { return Self::NOTHING };
        let read = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let is_whole = window.extent == Extent::Whole && window.rows_announced.is_none_or(|rows| rows == read);
        if !is_whole {
            return Self::NOTHING;
        }
        let last = window.to.unwrap_or(Date::MAX);
        let oldest = || rows.iter().filter_map(|row| row.posted_date).min();
        let first = window.from.or_else(|| oldest()?.tomorrow().ok());
        // Files hold what is booked; what is announced they needn't hold.
        let shows_pending = window.source == Source::Pages && (window.to.is_none() || rows.iter().any(is_pending));
        let edge = if window.from.is_none() { oldest() } else { None };
        Self { posted: first.filter(|first| *first <= last).map(|first| (first, last)), pending: shows_pending, edge }
    }

    /// Whether a row is gone from its place if it isn't in the reading.
    #[must_use]
    pub fn covers(&self, row: &ObservedTransaction) -> bool {
        match row.posted_date {
            _ if is_pending(row) => self.pending,
            Some(date) => self.posted.is_some_and(|(first, last)| first <= date && date <= last),
            None => false,
        }
    }

    /// Whether an entry is gone for good if it isn't in the reading: it can't have moved out
    /// of what is covered either, as a booking whose day was corrected, or an announcement
    /// that was booked with a day before.
    pub(super) fn proves_gone(&self, entry: &Entry) -> bool {
        let since =
            |day: Date, moved: i32| self.posted.is_some_and(|(first, _)| first.saturating_add(moved.days()) <= day);
        self.covers(&entry.row)
            && match entry.row.posted_date {
                _ if is_pending(&entry.row) => since(entry.row.transaction_date.unwrap_or(entry.first_seen), 1),
                Some(date) => since(date, MOVED),
                None => false,
            }
    }
}

/// How far a booking may move, in days.
const MOVED: i32 = 3;

fn is_pending(row: &ObservedTransaction) -> bool {
    row.status == TransactionStatus::Pending
}

#[cfg(test)]
mod tests {
    use super::Coverage;
    use crate::ledger::tests::{row, rows};
    use crate::observation::{Extent, Source, Window};

    fn whole() -> Window {
        Window { source: Source::Pages, extent: Extent::Whole, from: None, to: None, pages: 1, rows_announced: None }
    }

    fn check(window: &Window, shown: &str, row_of: &str, expected: bool) {
        let coverage = Coverage::of(Some(window), &rows(shown));
        assert_eq!(coverage.covers(&row(row_of)), expected, "{window:?} with {shown} covers {row_of}");
    }

    #[test]
    fn a_whole_list_covers_what_is_younger_than_its_oldest_day() {
        let shown = "2026-10-05 -1 a, 2026-10-03 -1 b";
        check(&whole(), shown, "2026-10-04 -9 gone", true);
        check(&whole(), shown, "2026-10-09 -9 gone", true);
        check(&whole(), shown, "2026-10-03 -9 cut", false);
        check(&whole(), shown, "2026-10-01 -9 older", false);
        check(&whole(), shown, "pending -9 gone", true);
        check(&whole(), "", "2026-10-04 -9 unknown", false);
    }

    #[test]
    fn days_that_were_asked_for_are_covered_whole() {
        let window = Window { from: "2026-10-03".parse().ok(), to: "2026-10-05".parse().ok(), ..whole() };
        check(&window, "2026-10-05 -1 a", "2026-10-03 -9 gone", true);
        check(&window, "2026-10-05 -1 a", "2026-10-06 -9 later", false);
        check(&window, "", "2026-10-04 -9 gone", true);
    }

    #[test]
    fn a_part_of_a_list_or_one_that_lacks_announced_rows_covers_nothing() {
        let shown = "2026-10-05 -1 a, 2026-10-03 -1 b";
        check(&Window { extent: Extent::Partial, ..whole() }, shown, "2026-10-04 -9 gone", false);
        check(&Window { rows_announced: Some(3), ..whole() }, shown, "2026-10-04 -9 gone", false);
        check(&Window { rows_announced: Some(2), ..whole() }, shown, "2026-10-04 -9 gone", true);
        assert!(!Coverage::of(None, &rows(shown)).covers(&row("2026-10-04 -9 gone")));
    }

    #[test]
    fn a_file_says_nothing_of_what_is_not_booked() {
        let window = Window { source: Source::File, ..whole() };
        check(&window, "2026-10-05 -1 a, 2026-10-03 -1 b", "pending -9 gone", false);
        check(&window, "2026-10-05 -1 a, 2026-10-03 -1 b", "2026-10-04 -9 gone", true);
    }
}
