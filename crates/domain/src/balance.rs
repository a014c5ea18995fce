//! The balance of an account at the end of each day, from the balances that the bank
//! showed and the transactions that it booked.
//!
//! A day on which the bank showed a balance has that one. Every other day is derived: from
//! the next day that has one, less what was booked after it, or, where no later day has
//! one, from the last, plus what was booked since. A balance that was shown before the
//! day's last booking isn't the one that the day ended with, so what came later is
//! added, and the day counts as derived.
//!
//! Not here: balances out of nothing. Without any that the bank showed there are none at
//! all; where there is one, nothing says that an account began with zero.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::word::words;

/// How far from the balances that the bank showed days are derived, in days (40 years):
/// a date that was misread must not become a million rows.
pub const REACH_DAYS: i32 = 14_610;

words! {
    /// Where a day's balance comes from.
    pub enum BalanceSource {
        /// The bank showed it.
        BankProvided = "bankProvided",
        /// From another day's balance and the transactions in between.
        Derived = "derived",
    }
}

/// A balance that the bank showed for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedBalance {
    /// The booked balance, in the account's currency.
    pub ledger_balance: Decimal,
    /// What was booked on that day and seen for the first time after the balance was:
    /// the sum, or none where nothing was.
    pub late: Option<Decimal>,
}

/// The balance of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyBalance {
    /// The bank's calendar date.
    pub date: Date,
    /// The booked balance at its end, in the account's currency.
    pub ledger_balance: Decimal,
    /// The sum of what was booked on it; zero where nothing was.
    pub posted_delta: Decimal,
    /// Where the balance comes from.
    pub source: BalanceSource,
}

/// Sums beyond what a [`Decimal`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sums have too many digits")]
pub struct BalanceOverflow;

/// Every day from the first that has a balance or a booking to the last, oldest first.
/// `posted` holds the sum of the bookings of each day, in the account's currency. All
/// amounts come with the most decimals that any of the given ones has.
///
/// # Errors
/// [`BalanceOverflow`] if a sum doesn't fit; no bank's own do that.
pub fn daily_balances(
    observed: &BTreeMap<Date, ObservedBalance>,
    posted: &BTreeMap<Date, Decimal>,
) -> Result<Vec<DailyBalance>, BalanceOverflow> {
    let (Some(first_observed), Some(last_observed)) = (first(observed), last(observed)) else { return Ok(Vec::new()) };
    let earliest = first_observed.saturating_sub(REACH_DAYS.days());
    let latest = last_observed.saturating_add(REACH_DAYS.days());
    let mut within = posted.range(earliest..=latest).map(|(date, _)| *date);
    let first_posted = within.next();
    let last_posted = within.next_back().or(first_posted);
    let start = first_posted.map_or(first_observed, |date| date.min(first_observed));
    let end = last_posted.map_or(last_observed, |date| date.max(last_observed));

    let amounts = observed.values().flat_map(|one| [Some(one.ledger_balance), one.late]).flatten();
    let scale = amounts.chain(posted.values().copied()).map(|amount| amount.scale()).max().unwrap_or_default();
    let delta_of = |date: Date| posted.get(&date).copied().unwrap_or_default();

    // Latest day first: `balance` is what the day before the one at hand ended with, as
    // far as a later day says.
    let (mut days, mut balance) = (Vec::new(), None);
    let mut after_last = Vec::new();
    let mut day = Some(end);
    while let Some(date) = day.filter(|date| *date >= start) {
        let posted_delta = delta_of(date);
        let known = match observed.get(&date) {
            Some(ObservedBalance { ledger_balance, late: None }) => {
                Some((*ledger_balance, BalanceSource::BankProvided))
            }
            Some(ObservedBalance { ledger_balance, late: Some(late) }) => {
                Some((add(*ledger_balance, *late)?, BalanceSource::Derived))
            }
            None => balance.map(|balance| (balance, BalanceSource::Derived)),
        };
        match known {
            Some((ledger_balance, source)) => {
                days.push(DailyBalance { date, ledger_balance, posted_delta, source });
                balance = Some(add(ledger_balance, -posted_delta)?);
            }
            None => after_last.push(date),
        }
        day = date.yesterday().ok();
    }
    days.reverse();

    // Days that no later one says anything of go on from the last that has a balance.
    let mut balance = days.last().map(|day| day.ledger_balance).unwrap_or_default();
    for date in after_last.into_iter().rev() {
        let posted_delta = delta_of(date);
        balance = add(balance, posted_delta)?;
        days.push(DailyBalance { date, ledger_balance: balance, posted_delta, source: BalanceSource::Derived });
    }
    for day in &mut days {
        day.ledger_balance = shown(day.ledger_balance, scale);
        day.posted_delta = shown(day.posted_delta, scale);
    }
    Ok(days)
}

/// Adds up amounts of one day.
///
/// # Errors
/// [`BalanceOverflow`] if the sum doesn't fit.
pub fn add(one: Decimal, other: Decimal) -> Result<Decimal, BalanceOverflow> {
    one.checked_add(other).ok_or(BalanceOverflow)
}

fn first<T>(days: &BTreeMap<Date, T>) -> Option<Date> {
    days.first_key_value().map(|(date, _)| *date)
}

fn last<T>(days: &BTreeMap<Date, T>) -> Option<Date> {
    days.last_key_value().map(|(date, _)| *date)
}

fn shown(mut amount: Decimal, scale: u32) -> Decimal {
    amount.rescale(scale);
    // A negative zero would be written as `-0.00`.
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
    amount
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::ToSpan as _;
    use jiff::civil::{Date, date};
    use proptest::prelude::{Strategy, prop, proptest};
    use rust_decimal::Decimal;

    use super::{BalanceOverflow, BalanceSource, DailyBalance, ObservedBalance, daily_balances};

    fn read(text: &str) -> (Date, &str) {
        let (day, amounts) = text.trim().split_once(' ').expect("a day and its amounts");
        (date(2026, 10, day.parse().expect("a day")), amounts)
    }

    /// `observed` is `day balance [late]` and `posted` is `day sum`, each separated by
    /// commas; so is `expected`, as `day balance delta source`.
    fn check(observed: &str, posted: &str, expected: &str) {
        let decimal = |text: &str| text.parse::<Decimal>().expect("a decimal");
        let observed = observed.split(',').filter(|one| !one.is_empty()).map(read).map(|(day, amounts)| {
            let mut amounts = amounts.split(' ').map(decimal);
            let ledger_balance = amounts.next().expect("a balance");
            (day, ObservedBalance { ledger_balance, late: amounts.next() })
        });
        let posted = posted.split(',').filter(|one| !one.is_empty()).map(read).map(|(day, sum)| (day, decimal(sum)));
        let days = daily_balances(&observed.collect(), &posted.collect()).expect("they fit");
        let days: Vec<String> = days
            .iter()
            .map(|day| format!("{} {} {} {}", day.date.day(), day.ledger_balance, day.posted_delta, day.source))
            .collect();
        assert_eq!(days.join(", "), expected);
    }

    #[test]
    fn without_a_balance_of_the_banks_there_are_no_days() {
        check("", "", "");
        check("", "1 5.00,2 -1.00", "");
    }

    #[test]
    fn days_before_are_derived_from_the_next_balance() {
        check("4 10.00", "2 -4.50", "2 10.00 -4.50 derived, 3 10.00 0.00 derived, 4 10.00 0.00 bankProvided");
        check("3 10.00", "2 5.00,3 -4.50", "2 14.50 5.00 derived, 3 10.00 -4.50 bankProvided");
    }

    #[test]
    fn days_after_the_last_balance_go_on_from_it() {
        check("1 10.00", "2 -4.50,3 1.00", "1 10.00 0.00 bankProvided, 2 5.50 -4.50 derived, 3 6.50 1.00 derived");
    }

    #[test]
    fn between_two_balances_the_later_one_counts() {
        // The bank's own balances needn't fit what was read; what it says last is nearer to the truth.
        check(
            "1 10.00,3 99.00",
            "2 1.00",
            "1 10.00 0.00 bankProvided, 2 99.00 1.00 derived, 3 99.00 0.00 bankProvided",
        );
    }

    #[test]
    fn what_was_booked_after_the_bank_showed_a_balance_is_added_to_its_day() {
        check("2 10.00 -4.50", "2 -5.50", "2 5.50 -5.50 derived");
        check("2 10.00 -4.50", "1 1.00,2 -5.50", "1 11.00 1.00 derived, 2 5.50 -5.50 derived");
    }

    #[test]
    fn amounts_keep_the_decimals_that_are_shown() {
        check("1 1000", "2 -40", "1 1000 0 bankProvided, 2 960 -40 derived");
        check("1 10", "2 -0.50", "1 10.00 0.00 bankProvided, 2 9.50 -0.50 derived");
        check("1 1.00", "2 -1.00", "1 1.00 0.00 bankProvided, 2 0.00 -1.00 derived");
    }

    #[test]
    fn a_misread_date_is_not_a_million_days() {
        let observed = ObservedBalance { ledger_balance: Decimal::ONE, late: None };
        let observed = BTreeMap::from([(date(2026, 10, 3), observed)]);
        let posted = BTreeMap::from([(date(1, 1, 1), Decimal::ONE), (date(9999, 12, 31), Decimal::ONE)]);
        assert_eq!(daily_balances(&observed, &posted).expect("it fits").len(), 1);
    }

    #[test]
    fn sums_that_do_not_fit_are_refused() {
        let observed = ObservedBalance { ledger_balance: Decimal::MAX, late: None };
        let observed = BTreeMap::from([(date(2026, 10, 3), observed)]);
        let posted = BTreeMap::from([(date(2026, 10, 4), Decimal::MAX)]);
        assert_eq!(daily_balances(&observed, &posted), Err(BalanceOverflow));
    }

    fn cents() -> impl Strategy<Value = Decimal> {
        (-100_000_000_i64..100_000_000).prop_map(|cents| Decimal::new(cents, 2))
    }

    fn days<T: std::fmt::Debug>(
        amounts: impl Strategy<Value = T>,
        most: usize,
    ) -> impl Strategy<Value = BTreeMap<Date, T>> {
        let day = (0_i64..60).prop_map(|day| date(2026, 9, 1).saturating_add(day.days()));
        prop::collection::btree_map(day, amounts, 0..most)
    }

    fn observed() -> impl Strategy<Value = ObservedBalance> {
        (cents(), prop::option::of(cents())).prop_map(|(ledger_balance, late)| ObservedBalance { ledger_balance, late })
    }

    proptest! {
        #[test]
        fn every_day_ends_as_the_day_before_and_its_own_bookings_say(
            observed in days(observed(), 6),
            posted in days(cents(), 30),
        ) {
            let balances = daily_balances(&observed, &posted).expect("they fit");
            assert_eq!(balances.is_empty(), observed.is_empty());
            for pair in balances.windows(2) {
                let [before, day] = pair else { unreachable!("two of them") };
                assert_eq!(before.date.tomorrow().ok(), Some(day.date), "no day is left out");
                // Only from a day that has a balance of its own to the next may the bank disagree.
                if !observed.contains_key(&before.date) || observed.range(day.date..).next().is_none() {
                    assert_eq!(day.ledger_balance, before.ledger_balance + day.posted_delta, "{}", day.date);
                }
            }
        }

        #[test]
        fn every_day_says_where_its_balance_comes_from(
            observed in days(observed(), 6),
            posted in days(cents(), 30),
        ) {
            for DailyBalance { date, ledger_balance, posted_delta, source } in
                daily_balances(&observed, &posted).expect("they fit")
            {
                let shown = observed.get(&date);
                let is_whole = shown.is_some_and(|shown| shown.late.is_none());
                assert_eq!(source == BalanceSource::BankProvided, is_whole, "{date}");
                if let Some(ObservedBalance { ledger_balance: shown, late }) = shown {
                    assert_eq!(ledger_balance, shown + late.unwrap_or_default());
                }
                assert_eq!(posted_delta, posted.get(&date).copied().unwrap_or_default());
                assert_eq!((ledger_balance.scale(), posted_delta.scale()), (2, 2));
            }
        }
    }
}
