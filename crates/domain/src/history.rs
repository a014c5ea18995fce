//! How far back transactions are read: recent ones in every sync, what is long past once, in
//! backfills that each go one step further until a list's end.
//!
//! ```yaml
//! history: { recentDays: 90, stepDays: 365 }   # where a record says nothing, a sync reads whole lists
//! ```
//!
//! ```text
//! Unread ──a sync──▶ Since(today − recent) ──a backfill───▶ Since(… − step) ─ ─▶ Whole
//!    └───────────────────── a list's end ──────────────────────────────────────────▲
//! ```
//!
//! A step that came to nothing is done again; those before it stand. A bank that asks a person
//! at every sign-in is read whole at once: nobody answers a question for each step.
//!
//! Not here: turning pages (`script`), or when a backfill runs (the coordinator's scheduler).

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::account::ObservedAccount;
use crate::observation::Window;
use crate::run::RunClass;

/// How far back an institution's lists are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct History {
    recent_days: u16,
    step_days: u16,
}

/// A history that can't be read so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Syncs would read too little or too much.
    #[error("history.recentDays is {given}; it has to be from {} to {}", History::FEWEST_DAYS, History::MOST_DAYS)]
    RecentDays {
        /// As given.
        given: u16,
    },
    /// Backfills would read too little or too much.
    #[error("history.stepDays is {given}; it has to be from {} to {}", History::FEWEST_DAYS, History::MOST_DAYS)]
    StepDays {
        /// As given.
        given: u16,
    },
}

/// How a connection's last run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRun {
    /// All was read.
    Whole,
    /// It failed, or not all was read.
    Wanting,
}

/// What was read of the lists of a connection. Of several accounts the least counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Past {
    /// Nothing yet.
    #[default]
    Unread,
    /// All that was booked from this day on.
    Since(Date),
    /// Every list to its end.
    Whole,
}

impl History {
    /// The fewest days of a sync or a step: bookings are dated back, and people go on holiday.
    pub const FEWEST_DAYS: u16 = 30;
    /// The most days of a sync or a step.
    pub const MOST_DAYS: u16 = 3_660;
    /// How many days before the last sync the next one reads again.
    const OVERLAP_DAYS: i32 = 14;

    /// One within its bounds.
    ///
    /// # Errors
    /// [`HistoryError`] says which number is out of them.
    pub const fn new(recent_days: u16, step_days: u16) -> Result<Self, HistoryError> {
        if recent_days < Self::FEWEST_DAYS || recent_days > Self::MOST_DAYS {
            return Err(HistoryError::RecentDays { given: recent_days });
        }
        if step_days < Self::FEWEST_DAYS || step_days > Self::MOST_DAYS {
            return Err(HistoryError::StepDays { given: step_days });
        }
        Ok(Self { recent_days, step_days })
    }

    /// How long after a run the next backfill follows.
    pub const BACKFILL_PAUSE: SignedDuration = SignedDuration::from_mins(10);

    /// From which day on a run reads, every account having been read last on `all_read`.
    #[must_use]
    pub fn since(self, class: RunClass, past: Past, all_read: Option<Date>, today: Date) -> Date {
        let sync = self.sync_since(all_read, today);
        let backfill = self.backfill_since(past).filter(|_| class == RunClass::Backfill);
        backfill.map_or(sync, |backfill| backfill.min(sync))
    }

    /// Which run comes next by itself. Where the last one was wanting, what is recent comes
    /// first again.
    #[must_use]
    pub fn next_class(self, past: Past, last_run: LastRun) -> RunClass {
        match (self.backfill_since(past), last_run) {
            (Some(_), LastRun::Whole) => RunClass::Backfill,
            _ => RunClass::Scheduled,
        }
    }

    /// From which day on a sync reads, the last one having been on `last_synced`.
    fn sync_since(self, last_synced: Option<Date>, today: Date) -> Date {
        let recent = today.saturating_sub(i32::from(self.recent_days).days());
        let again = last_synced.map_or(recent, |last| last.saturating_sub(Self::OVERLAP_DAYS.days()));
        recent.min(again)
    }

    /// From which day on the next backfill reads; none where there is nothing to fill.
    fn backfill_since(self, past: Past) -> Option<Date> {
        match past {
            Past::Since(since) => Some(since.saturating_sub(i32::from(self.step_days).days())),
            Past::Unread | Past::Whole => None,
        }
    }
}

impl Past {
    /// After a run of the class handed in `accounts`; `known` are the portal's keys of those of
    /// which something was read before. Where one couldn't be read nothing more is claimed, and
    /// of one that is new nobody has read further back. A backfill that came no further is at
    /// the end of what there is to read.
    #[must_use]
    pub fn after_reading(self, class: RunClass, known: &HashSet<String>, accounts: &[ObservedAccount]) -> Self {
        if accounts.iter().any(|account| account.failure.is_some()) {
            return self;
        }
        let is_new = |account: &ObservedAccount| !known.contains(&account.portal_key);
        let before = if accounts.iter().any(is_new) { Self::Unread } else { self };
        let after = before.after(accounts.iter().filter_map(|account| account.window.as_ref()));
        if class == RunClass::Backfill && after == self { Self::Whole } else { after }
    }

    /// After lists with these windows were read.
    fn after<'w>(self, windows: impl IntoIterator<Item = &'w Window>) -> Self {
        let read = windows.into_iter().map(|window| window.from.map_or(Self::Whole, Self::Since));
        let Some(least) = read.reduce(Self::lesser) else { return self };
        self.greater(least)
    }

    fn lesser(self, other: Self) -> Self {
        if self.reaches_back_to() >= other.reaches_back_to() { self } else { other }
    }

    fn greater(self, other: Self) -> Self {
        if self.reaches_back_to() <= other.reaches_back_to() { self } else { other }
    }

    fn reaches_back_to(self) -> Date {
        match self {
            Self::Unread => Date::MAX,
            Self::Since(since) => since,
            Self::Whole => Date::MIN,
        }
    }
}

/// As records have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    recent_days: u16,
    step_days: u16,
}

impl TryFrom<Written> for History {
    type Error = HistoryError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        Self::new(written.recent_days, written.step_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Failure, FailureCode, Stage};
    use crate::observation::{Extent, Source};

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn window(from: Option<&str>) -> Window {
        let from = from.map(day);
        Window { source: Source::Pages, extent: Extent::Whole, from, to: None, pages: 1, rows_announced: None }
    }

    #[test]
    fn a_sync_reads_what_is_recent_and_leaves_no_gap_after_a_long_pause() {
        let history = History::new(90, 365).expect("a history");
        let check = |last: Option<&str>, expected: &str| {
            assert_eq!(history.sync_since(last.map(day), day("2026-10-01")), day(expected), "{last:?}");
        };
        check(None, "2026-07-03");
        check(Some("2026-09-30"), "2026-07-03");
        check(Some("2026-01-31"), "2026-01-17");
    }

    #[test]
    fn backfills_go_on_where_the_last_one_came_to_until_the_end_of_every_list() {
        let history = History::new(90, 365).expect("a history");
        assert_eq!(history.backfill_since(Past::Unread), None, "a sync comes first");
        let past = Past::Unread.after(&[window(Some("2026-07-03")), window(None)]);
        assert_eq!(past, Past::Since(day("2026-07-03")), "the least that was read counts");
        assert_eq!(history.backfill_since(past), Some(day("2025-07-03")));
        let past = past.after(&[window(Some("2025-07-03")), window(None)]);
        assert_eq!(past, Past::Since(day("2025-07-03")));
        assert_eq!(past.after(&[window(Some("2026-08-01"))]), past, "a later sync takes nothing away");
        assert_eq!(past.after(&[]), past);
        let past = past.after(&[window(None), window(None)]);
        assert_eq!((past, history.backfill_since(past)), (Past::Whole, None));
    }

    #[test]
    fn what_is_claimed_of_the_past_holds_for_every_account() {
        let known = HashSet::from(["a".to_owned()]);
        let account = |key: &str, from: Option<&str>| ObservedAccount {
            portal_key: key.into(),
            window: Some(window(from)),
            ..serde_json::from_str(
                r#"{"portalKey": "", "type": "checking", "currency": "USD", "name": "", "status": "open",
                    "transactions": []}"#,
            )
            .expect("an account")
        };
        let (scheduled, backfill) = (RunClass::Scheduled, RunClass::Backfill);
        let since = |text| Past::Since(day(text));
        let check = |past: Past, class, accounts: &[ObservedAccount], expected| {
            assert_eq!(past.after_reading(class, &known, accounts), expected, "{past:?} {class}");
        };
        check(Past::Unread, scheduled, &[account("a", Some("2026-07-03"))], since("2026-07-03"));
        check(since("2026-07-03"), scheduled, &[account("a", Some("2026-08-01"))], since("2026-07-03"));
        check(since("2026-07-03"), backfill, &[account("a", Some("2025-07-03"))], since("2025-07-03"));
        check(since("2026-07-03"), backfill, &[account("a", None)], Past::Whole);
        // Nothing is claimed where one couldn't be read, and of a new one no more than was read of it.
        let failure = Failure::new(FailureCode::DataIncomplete, Stage::Transactions);
        let failed = ObservedAccount { failure: Some(failure), window: None, ..account("b", None) };
        check(since("2026-07-03"), backfill, &[account("a", None), failed], since("2026-07-03"));
        check(Past::Whole, scheduled, &[account("b", Some("2026-08-01"))], since("2026-08-01"));
        // Where there is nothing further to read it isn't tried again and again.
        check(since("2026-07-03"), backfill, &[], Past::Whole);
        check(since("2026-07-03"), scheduled, &[], since("2026-07-03"));
    }

    #[test]
    fn a_backfill_follows_a_run_that_read_all_and_is_a_sync_as_well() {
        let history = History::new(90, 365).expect("a history");
        let (today, since) = (day("2026-10-01"), Past::Since(day("2026-07-03")));
        let check = |class, past, last: &str, expected: &str| {
            assert_eq!(history.since(class, past, Some(day(last)), today), day(expected), "{class} {past:?}");
        };
        check(RunClass::Scheduled, since, "2026-09-30", "2026-07-03");
        check(RunClass::Backfill, since, "2026-09-30", "2025-07-03");
        check(RunClass::Backfill, since, "2024-09-30", "2024-09-16");
        check(RunClass::Backfill, Past::Whole, "2026-09-30", "2026-07-03");
        assert_eq!(history.next_class(since, LastRun::Whole), RunClass::Backfill);
        assert_eq!(history.next_class(since, LastRun::Wanting), RunClass::Scheduled);
        assert_eq!(history.next_class(Past::Whole, LastRun::Whole), RunClass::Scheduled);
        assert_eq!(history.next_class(Past::Unread, LastRun::Whole), RunClass::Scheduled);
    }

    #[test]
    fn a_record_says_both_numbers_within_bounds() {
        let check = |json: &str, expected: Result<(u16, u16), &str>| match serde_json::from_str::<History>(json) {
            Ok(history) => assert_eq!(Ok((history.recent_days, history.step_days)), expected, "{json}"),
            Err(error) => {
                let said = error.to_string();
                assert!(expected.is_err_and(|expected| said.contains(expected)), "{json}: {said}");
            }
        };
        check(r#"{"recentDays": 30, "stepDays": 3660}"#, Ok((30, 3_660)));
        check(r#"{"recentDays": 29, "stepDays": 30}"#, Err("history.recentDays is 29; it has to be from 30 to 3660"));
        check(r#"{"recentDays": 30, "stepDays": 3661}"#, Err("history.stepDays is 3661"));
        check(r#"{"recentDays": 30}"#, Err("missing field `stepDays`"));
    }
}
