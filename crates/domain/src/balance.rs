//! The balance of an account at the end of each day, from the balances that the bank
//! showed and the transactions that it booked.
//!
//! A day on which the bank showed a balance has that one. Every other day is derived: from
//! the next day that has one, less what was booked after it, or, where no later day has
//! one, from the last, plus what was booked since.
//!
//! Banks book late: after a balance was read, rows come that are dated on its day, or
//! before it. A balance says what was booked by the moment at which it was read, so it
//! lacks exactly the rows that are dated up to its day and were first seen as posted
//! after that moment: they are added, and the day counts as derived. A later balance was
//! read after they were seen, so it has them, and nothing is added to that one. It takes
//! for granted that a bank's list and its balance, read in one run, tell of the same
//! bookings. Rows that are new to us but were out of reach of what had been read by then
//! (a backfill brings them) were in the balance all along, and are not late.
//!
//! Not here: balances out of nothing. Without any that the bank showed there are none at
//! all; where there is one, nothing says that an account began with zero.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
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
    /// What is dated up to that day and was first seen as posted after the balance was
    /// read: the sum, or none where nothing was. [`observed_balances`] finds it.
    pub late: Option<Decimal>,
}

/// A balance that was read, before anything is said of what came late for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBalance {
    /// The booked balance, in the account's currency.
    pub ledger_balance: Decimal,
    /// When it was read, by the clock that says when rows were seen.
    pub read_at: Timestamp,
    /// The first day of which all bookings had been read by then. None where nobody noted
    /// it: then it is the day after the oldest booking that had been seen, since the rows
    /// of that one's own day may have been cut off by the end of a list.
    pub read_from: Option<Date>,
}

/// A booking, as far as balances need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The bank's calendar date.
    pub date: Date,
    /// A signed amount in the account's currency; money in is positive.
    pub amount: Decimal,
    /// When it was first seen as posted, which for a row that was pending before is not
    /// when it was first seen.
    pub seen_at: Timestamp,
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

/// What came late for each balance. For one of the day D that was read at the moment T
/// these are the bookings dated up to D, but not before the days that had been read by
/// then, that were first seen as posted after T.
///
/// # Errors
/// [`BalanceOverflow`] if a sum doesn't fit.
pub fn observed_balances(
    read: &BTreeMap<Date, ReadBalance>,
    bookings: &[Booking],
) -> Result<BTreeMap<Date, ObservedBalance>, BalanceOverflow> {
    let oldest_seen = oldest_seen(bookings);
    let read_from = |date: Date, one: &ReadBalance| {
        let seen = oldest_seen.range(..=one.read_at).next_back();
        let after_oldest = seen.and_then(|(_, oldest)| oldest.tomorrow().ok());
        one.read_from.or(after_oldest).map_or(date, |from| from.min(date))
    };
    let mut balances: Vec<Late> = read
        .iter()
        .map(|(date, one)| Late {
            date: *date,
            read_from: read_from(*date, one),
            read: *one,
            from_here: one.read_at,
            late: None,
        })
        .collect();
    let mut from_here = Timestamp::MAX;
    for one in balances.iter_mut().rev() {
        from_here = from_here.min(one.read.read_at);
        one.from_here = from_here;
    }
    for booking in bookings {
        let first = balances.partition_point(|one| one.date < booking.date);
        // Hardly any booking is late for more than a few balances; the rest isn't looked at.
        let not_before = balances.iter_mut().skip(first).take_while(|one| one.from_here < booking.seen_at);
        for one in not_before.filter(|one| one.read.read_at < booking.seen_at && one.read_from <= booking.date) {
            one.late = Some(add(one.late.unwrap_or_default(), booking.amount)?);
        }
    }
    let observed = |one: Late| (one.date, ObservedBalance { ledger_balance: one.read.ledger_balance, late: one.late });
    Ok(balances.into_iter().map(observed).collect())
}

/// A balance while what came late for it is added up.
struct Late {
    date: Date,
    read_from: Date,
    read: ReadBalance,
    /// The earliest moment at which it or one of a later day was read.
    from_here: Timestamp,
    late: Option<Decimal>,
}

/// For each moment at which bookings were seen the oldest day that had been seen by then.
fn oldest_seen(bookings: &[Booking]) -> BTreeMap<Timestamp, Date> {
    let mut oldest_seen: BTreeMap<Timestamp, Date> = BTreeMap::new();
    for booking in bookings {
        let oldest = oldest_seen.entry(booking.seen_at).or_insert(booking.date);
        *oldest = booking.date.min(*oldest);
    }
    let mut oldest = Date::MAX;
    for date in oldest_seen.values_mut() {
        oldest = oldest.min(*date);
        *date = oldest;
    }
    oldest_seen
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
mod tests;
