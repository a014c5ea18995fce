//! Dates that are shown without a year: the order of the list tells it.
//!
//! Each row alone would be the last such day up to now, which is wrong for a list of
//! several years. In a list that has the newest first no row is later than those before
//! it, in one that has the oldest first none is earlier; the last year of the list is
//! the one up to now. Which of the two it is, the list tells itself: read in the wrong
//! direction it takes a year for almost every row.
//!
//! Rows that are slightly out of order, such as those of a weekend, stay where they are.
//!
//! Not here: dates with a year, also one of two digits: those need no order.

use domain::calendar::DateFormat;
use domain::transaction::ObservedTransaction;
use jiff::Span;
use jiff::civil::Date;

/// How much later than the row before it a row may be in a list that has the newest first.
const DISORDER_DAYS: i32 = 14;

/// How far after today a row may be, as everywhere dates are read.
const AHEAD_DAYS: i32 = 7;

/// How many times as long the wrong direction takes at least, if the order is clear.
const CLEARLY: i32 = 2;

/// A direction that takes longer is wrong: nobody shows 20 years without saying which.
const LONGEST_DAYS: i32 = 20 * 366;

/// The list could have the newest first or the oldest first, and the years would differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoOrder;

impl NoOrder {
    /// For people.
    pub(crate) const fn text(self) -> &'static str {
        "the dates have no year, and the order of the rows doesn't tell it"
    }
}

/// Gives the dates of a whole list their years. Each was read as the last such day up
/// to `today`.
pub(crate) fn settle(
    transactions: &mut [ObservedTransaction],
    format: Option<&DateFormat>,
    today: Date,
) -> Result<(), NoOrder> {
    if format.is_none_or(has_year) {
        return Ok(());
    }
    let latest = later(today, AHEAD_DAYS);
    let seen: Vec<Date> = transactions.iter().filter_map(|transaction| transaction.posted_date).collect();
    let mut settled = settled(seen, latest)?.into_iter();
    for transaction in transactions {
        let Some(date) = transaction.posted_date.as_mut() else { continue };
        *date = settled.next().unwrap_or(*date);
        // The payment itself is no later than its booking, but for a few days.
        let latest = later(*date, AHEAD_DAYS);
        transaction.transaction_date =
            transaction.transaction_date.map(|date| last_such_day(date, latest).unwrap_or(date));
    }
    Ok(())
}

pub(crate) fn has_year(format: &DateFormat) -> bool {
    format.as_str().contains('Y')
}

fn settled(seen: Vec<Date>, latest: Date) -> Result<Vec<Date>, NoOrder> {
    if descends(seen.iter()) || descends(seen.iter().rev()) {
        return Ok(seen);
    }
    let newest_first = walked(seen.iter(), latest);
    let oldest_first = walked(seen.iter().rev(), latest).map(|mut dates| {
        dates.reverse();
        dates
    });
    match (newest_first, oldest_first) {
        (Some(newest_first), Some(oldest_first)) => {
            let (one, other) = (span(&newest_first), span(&oldest_first));
            if newest_first == oldest_first || one * CLEARLY <= other {
                Ok(newest_first)
            } else if other * CLEARLY <= one {
                Ok(oldest_first)
            } else {
                Err(NoOrder)
            }
        }
        (Some(dates), None) | (None, Some(dates)) => Ok(dates),
        (None, None) => Err(NoOrder),
    }
}

/// Whether no date is much later than any before it.
fn descends<'d>(mut dates: impl Iterator<Item = &'d Date>) -> bool {
    let Some(mut lowest) = dates.next().copied() else { return true };
    dates.all(|date| {
        let fits = *date <= later(lowest, DISORDER_DAYS);
        lowest = lowest.min(*date);
        fits
    })
}

/// The dates with the last years that they can have if none is much later than any
/// before it; none where they would go back too far.
fn walked<'d>(dates: impl Iterator<Item = &'d Date>, latest: Date) -> Option<Vec<Date>> {
    let (mut bound, mut lowest) = (latest, latest);
    let mut walked = Vec::with_capacity(dates.size_hint().0);
    for date in dates {
        let date = last_such_day(*date, bound)?;
        lowest = lowest.min(date);
        if days(lowest, latest) > LONGEST_DAYS {
            return None;
        }
        bound = later(lowest, DISORDER_DAYS).min(latest);
        walked.push(date);
    }
    Some(walked)
}

/// The last such day of any year up to `latest`.
fn last_such_day(date: Date, latest: Date) -> Option<Date> {
    // The twenty-ninth of February may be eight years back.
    let candidates =
        (0..=8).filter_map(|back| Date::new(latest.year().checked_sub(back)?, date.month(), date.day()).ok());
    candidates.into_iter().find(|date| *date <= latest)
}

fn later(date: Date, days: i32) -> Date {
    date.saturating_add(Span::new().days(days))
}

fn span(dates: &[Date]) -> i32 {
    let ends = dates.iter().min().zip(dates.iter().max());
    ends.map_or(0, |(first, last)| days(*first, *last))
}

fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::{NoOrder, last_such_day, later, settled};

    const TODAY: Date = date(2026, 1, 15);

    /// What becomes of dates whose years are taken away.
    fn check(dates: &[Date], today: Date, expected: Result<&[Date], NoOrder>) {
        let latest = later(today, 7);
        let seen = dates.iter().filter_map(|date| last_such_day(*date, latest)).collect();
        assert_eq!(settled(seen, latest).as_deref(), expected.as_ref().map(|dates| *dates), "{dates:?}");
    }

    /// A list of three years, newest first, every `step` days.
    fn years(step: usize) -> Vec<Date> {
        let days = (0..3 * 365_i32).step_by(step);
        days.map(|back| later(TODAY, -back)).collect()
    }

    #[test]
    fn lists_of_several_years_are_read_in_both_orders() {
        for step in [1, 3, 11, 29, 45, 92] {
            let mut list = years(step);
            check(&list, TODAY, Ok(&list));
            list.reverse();
            check(&list, TODAY, Ok(&list));
        }
    }

    #[test]
    fn rows_slightly_out_of_order_and_equal_dates_change_nothing() {
        let mut list: Vec<Date> = years(2).into_iter().flat_map(|date| [date, date]).collect();
        for at in (0..list.len() - 6).step_by(7) {
            list.swap(at, at + 5);
        }
        check(&list, TODAY, Ok(&list));
        list.reverse();
        check(&list, TODAY, Ok(&list));
    }

    #[test]
    fn a_list_of_one_year_is_the_last_one_in_any_order() {
        let list = [date(2026, 1, 10), date(2025, 12, 30), date(2025, 2, 1)];
        check(&list, TODAY, Ok(&list));
        let list = [date(2025, 2, 1), date(2025, 12, 30), date(2026, 1, 10), date(2026, 1, 20)];
        check(&list, TODAY, Ok(&list));
        check(&[], TODAY, Ok(&[]));
        check(&[date(2024, 2, 29)], TODAY, Ok(&[date(2024, 2, 29)]));
    }

    #[test]
    fn a_list_that_does_not_tell_its_order_is_refused() {
        let list = [date(2026, 6, 15), date(2025, 12, 20), date(2025, 6, 10), date(2024, 12, 22)];
        check(&list, date(2026, 7, 1), Err(NoOrder));
        // In no order at all.
        let mixed: Vec<Date> = (0..200_i32).map(|n| later(TODAY, -(n * n * 7_919 % 1_000))).collect();
        check(&mixed, TODAY, Err(NoOrder));
        check(&mixed[..12], TODAY, Err(NoOrder));
    }
}
