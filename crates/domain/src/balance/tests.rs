//! What has to hold of balances by day, and a bank that books late.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::{Strategy, prop, proptest};
use rust_decimal::Decimal;

use super::{
    BalanceOverflow, BalanceSource, Booking, DailyBalance, ObservedBalance, ReadBalance, daily_balances,
    observed_balances,
};

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
    check("1 10.00,3 99.00", "2 1.00", "1 10.00 0.00 bankProvided, 2 99.00 1.00 derived, 3 99.00 0.00 bankProvided");
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

/// `read` is `day balance moment [from]` and `bookings` is `day amount moment`, each
/// separated by commas; `expected` is `day late`, with `-` where nothing came late.
fn check_late(read_balances: &str, bookings: &str, expected: &str) {
    let moment = |text: &str| Timestamp::from_second(text.parse().expect("a moment")).expect("a moment");
    let day = |text: &str| date(2026, 10, text.parse().expect("a day"));
    let read_balances = read_balances.split(',').map(|one| {
        let mut words = one.split(' ');
        let mut next = || words.next();
        let date = day(next().expect("a day"));
        let ledger_balance = next().expect("a balance").parse().expect("a decimal");
        let read_at = moment(next().expect("a moment"));
        (date, ReadBalance { ledger_balance, read_at, read_from: next().map(day) })
    });
    let bookings = bookings.split(',').filter(|one| !one.is_empty()).map(|one| {
        let words: Vec<&str> = one.split(' ').collect();
        let [date, amount, seen_at] = words.as_slice() else { unreachable!("three words") };
        Booking { date: day(date), amount: amount.parse().expect("a decimal"), seen_at: moment(seen_at) }
    });
    let observed = observed_balances(&read_balances.collect(), &bookings.collect::<Vec<_>>()).expect("they fit");
    let late = |(date, one): (&Date, &ObservedBalance)| {
        format!("{} {}", date.day(), one.late.map_or_else(|| "-".to_owned(), |late| late.to_string()))
    };
    assert_eq!(observed.iter().map(late).collect::<Vec<_>>().join(","), expected);
}

#[test]
fn what_was_seen_with_a_balance_or_before_is_in_it() {
    check_late("5 10.00 100", "4 1.00 90,5 2.00 100", "5 -");
    check_late("5 10.00 100", "", "5 -");
}

#[test]
fn what_is_dated_up_to_the_day_and_seen_after_the_balance_is_late() {
    check_late("5 10.00 100", "1 9.00 90,5 -4.00 110,4 -0.50 120", "5 -4.50");
    check_late("5 10.00 100", "1 9.00 90,6 -4.00 110", "5 -");
}

#[test]
fn a_later_balance_has_what_was_seen_before_it() {
    check_late("5 10.00 100,6 9.00 200", "1 9.00 90,4 -1.00 200", "5 -1.00,6 -");
    check_late("5 10.00 100,6 9.00 200", "1 9.00 90,4 -1.00 300", "5 -1.00,6 -1.00");
    // The balance of an earlier day may be read later, as on a statement.
    check_late("5 10.00 300,6 9.00 200", "1 9.00 90,4 -1.00 250", "5 -,6 -1.00");
}

#[test]
fn what_a_backfill_brings_is_not_late() {
    check_late("5 10.00 100", "3 9.00 90,1 -4.00 110,3 -2.00 110", "5 -");
    check_late("5 10.00 100 3", "3 9.00 90,2 -4.00 110,3 -2.00 110", "5 -2.00");
    // Nothing is known of what had been read: the day itself alone is sure.
    check_late("5 10.00 100", "4 -4.00 110,5 -2.00 110", "5 -2.00");
}

/// A row of a bank that books late: booked on one day, dated on it or some days before.
#[derive(Clone, Copy, Debug)]
struct LateRow {
    booked_on: i64,
    hour: i64,
    days_before: i64,
    amount: Decimal,
}

impl LateRow {
    fn date(self) -> Date {
        first_day().saturating_add((self.booked_on - self.days_before).days())
    }
}

fn first_day() -> Date {
    date(2026, 9, 1)
}

fn late_rows() -> impl Strategy<Value = Vec<LateRow>> {
    let row = (0_i64..50, 0_i64..24, 0_i64..8, cents()).prop_map(|(booked_on, hour, days_before, amount)| LateRow {
        booked_on,
        hour,
        days_before,
        amount,
    });
    prop::collection::vec(row, 0..60)
}

proptest! {
    /// Each reading sees what the bank has booked by then, from twelve days before the first
    /// reading on, and the balance of its own day by the same bookings. A backfill at the end
    /// brings all that is older. The bank dates no row back further than the readings reach;
    /// of one that it did, nobody could know.
    #[test]
    fn days_of_a_bank_that_books_late_end_as_they_truly_did(
        rows in late_rows(),
        readings in prop::collection::btree_map(20_i64..60, 0_i64..24, 1..15),
        opening in cents(),
        is_backfilled: bool,
    ) {
        let hours = |day: i64, hour: i64| Timestamp::from_second((day * 24 + hour) * 3600).expect("a moment");
        let mut seen: Vec<Option<Timestamp>> = vec![None; rows.len()];
        let mut read = BTreeMap::new();
        let mut read_from = None;
        for (&day, &hour) in &readings {
            let today = first_day().saturating_add(day.days());
            let now = hours(day, hour);
            let from: Date = *read_from.get_or_insert(today.saturating_sub(12.days()));
            let is_booked = |row: &LateRow| hours(row.booked_on, row.hour) <= now;
            for (row, seen) in rows.iter().zip(&mut seen) {
                if is_booked(row) && row.date() >= from && seen.is_none() {
                    *seen = Some(now);
                }
            }
            let sum: Decimal = rows.iter().filter(|row| is_booked(row) && row.date() <= today).map(|row| row.amount).sum();
            read.insert(today, ReadBalance { ledger_balance: opening + sum, read_at: now, read_from });
        }
        let (&last, &hour) = readings.last_key_value().expect("at least one");
        let end = hours(last, hour);
        if is_backfilled {
            for (row, seen) in rows.iter().zip(&mut seen) {
                if hours(row.booked_on, row.hour) <= end && seen.is_none() {
                    *seen = Some(hours(last, hour + 1));
                }
            }
        }
        let bookings: Vec<Booking> = rows
            .iter()
            .zip(&seen)
            .filter_map(|(row, seen)| seen.map(|seen_at| Booking { date: row.date(), amount: row.amount, seen_at }))
            .collect();
        let mut posted: BTreeMap<Date, Decimal> = BTreeMap::new();
        for booking in &bookings {
            *posted.entry(booking.date).or_default() += booking.amount;
        }
        let observed = observed_balances(&read, &bookings).expect("they fit");
        let from = read_from.expect("at least one");
        let truth = |day: Date| -> Decimal {
            let by_then = rows.iter().filter(|row| row.date() <= day && hours(row.booked_on, row.hour) <= end);
            opening + by_then.map(|row| row.amount).sum::<Decimal>()
        };
        for day in daily_balances(&observed, &posted).expect("they fit") {
            if is_backfilled || day.date >= from.yesterday().expect("a day before") {
                assert_eq!(day.ledger_balance, truth(day.date), "{}", day.date);
            }
        }
    }
}
