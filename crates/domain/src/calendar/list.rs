//! The years of a list's dates, where its cells don't say them: by the list's order, from the
//! newest row down.
//!
//! ```text
//!   01/05   2024   the latest year that isn't after today
//!   01/02   2024   not after the row above it
//!   12/28   2023   in 2024 it would be
//!   06/11   2023
//! ```
//!
//! A list that begins with its oldest row is walked from its end. A row may be out of order by
//! a week, as where a list is in the order of booking and shows another day. Gaps between
//! neighbours have to be shorter than a year less that week: longer ones can't be seen in days
//! and months, and only a window that bounds the list on both sides tells.
//!
//! Not here: reading a cell. Nor is anything learned of the order from dates with their year:
//! those need none.

use jiff::civil::Date;

use super::{DateError, SeenYear, ShownDate, YearHint};
use crate::word::words;

words! {
    /// Which row of a list is the first.
    pub enum ListOrder {
        /// The newest.
        NewestFirst = "newestFirst",
        /// The oldest.
        OldestFirst = "oldestFirst",
    }
}

/// What is known of a list's dates as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListYears {
    hint: YearHint,
    order: Option<ListOrder>,
}

/// Why a list's dates have no years. It doesn't repeat a cell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// One of the dates can't be.
    #[error("row {}: {error}", row + 1)]
    Row {
        /// Which, counted from zero in the order of the list.
        row: usize,
        /// Why.
        error: DateError,
    },
    /// Either order is as likely, and the years differ.
    #[error("nothing tells whether the list begins with its newest or its oldest row, so its years aren't known")]
    Order,
}

impl ListYears {
    /// A list of which nothing is known but when its dates can be.
    #[must_use]
    pub const fn within(hint: YearHint) -> Self {
        Self { hint, order: None }
    }

    /// The same of a list whose order is declared.
    #[must_use]
    pub const fn ordered(self, order: ListOrder) -> Self {
        Self { order: Some(order), ..self }
    }

    /// The dates of the whole list, from its first page to its last, in its order.
    ///
    /// Without a declared order the list is read both ways. If the dates differ, it is that in
    /// which the list spans at most half as long; reading one the wrong way makes every step
    /// of it most of a year.
    ///
    /// # Errors
    /// The first row that can't be, or [`ListError::Order`].
    pub fn resolve(&self, list: &[ShownDate]) -> Result<Vec<Date>, ListError> {
        let lacks_year = list.iter().any(|shown| matches!(shown.year, SeenYear::Missing));
        if !lacks_year || self.hint.is_within_a_year() {
            let read = |(row, shown): (usize, &ShownDate)| self.at(row, *shown, self.hint);
            return list.iter().enumerate().map(read).collect();
        }
        match self.order {
            Some(ListOrder::NewestFirst) => self.newest_first(list),
            Some(ListOrder::OldestFirst) => self.oldest_first(list),
            None => match (self.newest_first(list), self.oldest_first(list)) {
                (Ok(one), Ok(other)) if one == other => Ok(one),
                (Ok(one), Ok(other)) => {
                    let (days, other_days) = (span(&one), span(&other));
                    if days.saturating_mul(2) <= other_days {
                        Ok(one)
                    } else if other_days.saturating_mul(2) <= days {
                        Ok(other)
                    } else {
                        Err(ListError::Order)
                    }
                }
                (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
                (Err(error), Err(_)) => Err(error),
            },
        }
    }

    fn newest_first(&self, list: &[ShownDate]) -> Result<Vec<Date>, ListError> {
        self.walk(list.iter().copied().enumerate())
    }

    fn oldest_first(&self, list: &[ShownDate]) -> Result<Vec<Date>, ListError> {
        let mut dates = self.walk(list.iter().copied().enumerate().rev())?;
        dates.reverse();
        Ok(dates)
    }

    /// Reads from the newest row to the oldest.
    fn walk(&self, rows: impl Iterator<Item = (usize, ShownDate)>) -> Result<Vec<Date>, ListError> {
        let mut dates = Vec::new();
        let mut lowest: Option<Date> = None;
        for (row, shown) in rows {
            let hint = lowest.map_or(self.hint, |lowest| self.hint.and_up_to(lowest));
            let date = self.at(row, shown, hint)?;
            lowest = Some(lowest.map_or(date, |lowest| lowest.min(date)));
            dates.push(date);
        }
        Ok(dates)
    }

    fn at(&self, row: usize, shown: ShownDate, hint: YearHint) -> Result<Date, ListError> {
        shown.within(hint).map_err(|error| ListError::Row { row, error })
    }
}

/// How many days there are from the first to the last.
fn span(dates: &[Date]) -> i64 {
    match (dates.iter().min(), dates.iter().max()) {
        (Some(first), Some(last)) => last.duration_since(*first).as_hours() / 24,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Span;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::DateFormat;

    /// What is known, cells in their order, and their dates or why there are none. It is 2024-01-06.
    fn check(years: ListYears, cells: &str, expected: Result<&str, &str>) {
        let format = DateFormat::parse("MM/DD").expect("a pattern");
        let shown: Vec<ShownDate> = cells.split(' ').map(|cell| format.see(cell).expect("a date")).collect();
        let dates = years.resolve(&shown).map_err(|error| error.to_string());
        let dates = dates.map(|dates| dates.iter().map(Date::to_string).collect::<Vec<_>>().join(" "));
        assert_eq!(dates, expected.map(str::to_owned).map_err(str::to_owned), "{cells}");
    }

    fn open() -> ListYears {
        ListYears::within(YearHint::up_to(date(2024, 1, 6)))
    }

    #[test]
    fn a_january_row_above_a_december_row_is_of_the_next_year() {
        let (cells, dates) =
            ("01/05 01/02 12/28 12/28 06/11", "2024-01-05 2024-01-02 2023-12-28 2023-12-28 2023-06-11");
        check(open().ordered(ListOrder::NewestFirst), cells, Ok(dates));
        check(open(), cells, Ok(dates));
        let (cells, dates) =
            ("06/11 12/28 12/28 01/02 01/05", "2023-06-11 2023-12-28 2023-12-28 2024-01-02 2024-01-05");
        check(open().ordered(ListOrder::OldestFirst), cells, Ok(dates));
        check(open(), cells, Ok(dates));
    }

    #[test]
    fn a_list_goes_back_over_several_years() {
        let sparse = "01/02 09/30 03/15 11/20 04/01 12/31 12/30";
        let dates = "2024-01-02 2023-09-30 2023-03-15 2022-11-20 2022-04-01 2021-12-31 2021-12-30";
        check(open().ordered(ListOrder::NewestFirst), sparse, Ok(dates));
        check(open(), "01/02 11/30 10/02 08/15 05/20 02/28 01/05 12/01 11/02", {
            Ok("2024-01-02 2023-11-30 2023-10-02 2023-08-15 2023-05-20 2023-02-28 2023-01-05 2022-12-01 2022-11-02")
        });
        check(open().ordered(ListOrder::NewestFirst), "01/02 03/01 02/29 01/31", {
            Ok("2024-01-02 2023-03-01 2020-02-29 2020-01-31")
        });
    }

    #[test]
    fn a_row_may_be_a_week_out_of_order() {
        let order = open().ordered(ListOrder::NewestFirst);
        check(order, "12/28 01/03 12/27 01/03", Ok("2023-12-28 2024-01-03 2023-12-27 2024-01-03"));
        check(order, "12/27 01/04", Ok("2023-12-27 2023-01-04"));
        check(order, "01/09 01/05", Ok("2024-01-09 2024-01-05"));
        check(order, "12/20 12/15 11/30 12/10", Ok("2023-12-20 2023-12-15 2023-11-30 2022-12-10"));
    }

    #[test]
    fn where_both_orders_are_as_likely_nothing_is_guessed() {
        let said = "nothing tells whether the list begins with its newest or its oldest row, so its years aren't known";
        check(open(), "01/05 07/06", Err(said));
        check(open().ordered(ListOrder::NewestFirst), "01/05 07/06", Ok("2024-01-05 2023-07-06"));
        check(open().ordered(ListOrder::OldestFirst), "01/05 07/06", Ok("2023-01-05 2023-07-06"));
        check(open(), "01/05", Ok("2024-01-05"));
        check(open(), "12/27 12/27 12/24", Ok("2023-12-27 2023-12-27 2023-12-24"));
    }

    #[test]
    fn a_window_of_less_than_a_year_needs_no_order() {
        let window = YearHint::never_after(date(2024, 1, 6)).not_before(date(2023, 1, 7));
        check(ListYears::within(window), "01/05 07/06 02/01 12/31", Ok("2024-01-05 2023-07-06 2023-02-01 2023-12-31"));
        let short = YearHint::never_after(date(2024, 1, 6)).not_before(date(2023, 10, 1));
        let said = "row 2: no year puts the date where it can be, up to 2024-01-06";
        check(ListYears::within(short), "01/05 07/06", Err(said));
    }

    #[test]
    fn a_window_tells_the_order_where_only_one_fits() {
        let window = YearHint::never_after(date(2024, 1, 6)).not_before(date(2023, 1, 1));
        let years = ListYears::within(window);
        check(years, "01/05 07/06 12/15", Ok("2023-01-05 2023-07-06 2023-12-15"));
        let said = "row 3: no year puts the date where it can be, up to 2023-12-22";
        check(years.ordered(ListOrder::NewestFirst), "01/04 12/15 12/30", Err(said));
    }

    #[test]
    fn years_of_two_digits_are_of_their_century_in_any_order() {
        let format = DateFormat::parse("DD.MM.YY").expect("a pattern");
        let shown = ["31.12.22", "02.01.24", "30.06.23"].map(|cell| format.see(cell).expect("a date"));
        let dates = [date(2022, 12, 31), date(2024, 1, 2), date(2023, 6, 30)];
        assert_eq!(open().resolve(&shown), Ok(dates.to_vec()));
    }

    /// A list with these gaps, newest first, and its cells.
    fn listed(today: Date, gaps: &[i32]) -> (Vec<Date>, Vec<ShownDate>) {
        let mut day = today;
        let mut dates = Vec::new();
        for gap in gaps {
            day = day.saturating_sub(Span::new().days(*gap));
            dates.push(day);
        }
        let format = DateFormat::parse("MM/DD").expect("a pattern");
        let shown = dates.iter().map(|day| format.see(&day.strftime("%m/%d").to_string()).expect("a date")).collect();
        (dates, shown)
    }

    fn any_today() -> impl Strategy<Value = Date> {
        (0..36_524_i32).prop_map(|days| date(1999, 6, 1).saturating_add(Span::new().days(days)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_declared_order_tells_every_year(
            today in any_today(),
            gaps in proptest::collection::vec(0..=357_i32, 0..40),
        ) {
            let (mut dates, mut shown) = listed(today, &gaps);
            let years = ListYears::within(YearHint::up_to(today));
            prop_assert_eq!(years.ordered(ListOrder::NewestFirst).resolve(&shown), Ok(dates.clone()));
            dates.reverse();
            shown.reverse();
            prop_assert_eq!(years.ordered(ListOrder::OldestFirst).resolve(&shown), Ok(dates));
        }

        #[test]
        fn the_order_of_a_dense_list_is_detected(
            today in any_today(),
            gaps in proptest::collection::vec(0..=60_i32, 0..60),
        ) {
            let (mut dates, mut shown) = listed(today, &gaps);
            let years = ListYears::within(YearHint::up_to(today));
            prop_assert_eq!(years.resolve(&shown), Ok(dates.clone()));
            dates.reverse();
            shown.reverse();
            prop_assert_eq!(years.resolve(&shown), Ok(dates));
        }

        #[test]
        fn no_list_makes_it_panic(
            today in any_today(),
            back in proptest::option::of(0..2_000_i32),
            days in proptest::collection::vec((1..=12_u8, 1..=31_u8), 0..20),
        ) {
            let format = DateFormat::parse("M/D").expect("a pattern");
            let shown: Vec<_> = days.iter().filter_map(|(month, day)| format.see(&format!("{month}/{day}")).ok()).collect();
            let hint = YearHint::up_to(today);
            let hint = back.map_or(hint, |back| hint.not_before(today.saturating_sub(Span::new().days(back))));
            let years = ListYears::within(hint);
            for years in [years, years.ordered(ListOrder::NewestFirst), years.ordered(ListOrder::OldestFirst)] {
                if let Ok(dates) = years.resolve(&shown) {
                    prop_assert_eq!(dates.len(), shown.len());
                    for (date, shown) in dates.iter().zip(&shown) {
                        prop_assert_eq!((date.month(), date.day()), (shown.month, shown.day));
                    }
                }
            }
        }
    }
}
