//! Whether what a page shows is among what the portal answered it: a reading of answers that
//! nobody sees is never trusted blind.
//!
//! The day, the amount and the description of each row are compared, as often as the row is there.
//! What is said of a row that isn't among them is which of the three differs, and never what is in it.
//!
//! Not here: reading either.

use std::collections::HashMap;

use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The rows of all answers so far.
#[derive(Default)]
pub(crate) struct Shown {
    /// Their days, by amount and description.
    days: HashMap<(String, String), Vec<Option<Date>>>,
}

/// How far the days of a page can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Days {
    Whole,
    /// Without their years, which the order of a whole list tells.
    OfAnyYear,
}

/// A row of the page that isn't among those of the answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Odd {
    /// Counted from 1.
    pub(crate) row: usize,
    /// What differs from the row that is most like it; none where no row is like it.
    pub(crate) field: Option<&'static str>,
}

impl Odd {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let Self { row, field } = self;
        match field {
            Some(field) => format!("row {row} of the page: its `{field}` isn't what the portal's answer says"),
            None => format!("row {row} of the page: no row of the portal's answers is like it"),
        }
    }
}

impl Shown {
    pub(crate) fn add(&mut self, rows: &[ObservedTransaction]) {
        for row in rows {
            self.days.entry(face(row)).or_default().push(row.posted_date);
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Holds the rows of a page against them.
    pub(crate) fn hold(&self, page: &[ObservedTransaction], days: Days) -> Result<(), Odd> {
        let mut left: HashMap<(String, String), Vec<Option<Date>>> = HashMap::new();
        for (index, row) in page.iter().enumerate() {
            let face = face(row);
            let there = left.entry(face.clone()).or_insert_with(|| self.days.get(&face).cloned().unwrap_or_default());
            match there.iter().position(|day| is_same_day(*day, row.posted_date, days)) {
                Some(place) => {
                    there.swap_remove(place);
                }
                None => return Err(Odd { row: index + 1, field: self.odd(&face, row.posted_date, days) }),
            }
        }
        Ok(())
    }

    /// What a row differs in from the one that is most like it.
    fn odd(&self, (amount, description): &(String, String), day: Option<Date>, days: Days) -> Option<&'static str> {
        if self.days.contains_key(&(amount.clone(), description.clone())) {
            return Some("postedDate");
        }
        let is_like = |(face, there): (&(String, String), &Vec<Option<Date>>)| {
            let is_then = there.iter().any(|known| is_same_day(*known, day, days));
            match is_then {
                true if face.0 == *amount => Some("description"),
                true if face.1 == *description => Some("amount"),
                _ => None,
            }
        };
        // The words stay the same where an amount is misread, so that is what is said first.
        let mut like: Vec<&'static str> = self.days.iter().filter_map(is_like).collect();
        like.sort_unstable();
        like.first().copied()
    }
}

fn face(row: &ObservedTransaction) -> (String, String) {
    let amount = row.amount.parse::<Decimal>().map_or_else(|_| row.amount.clone(), |size| size.normalize().to_string());
    (amount, row.description.clone())
}

fn is_same_day(one: Option<Date>, other: Option<Date>, days: Days) -> bool {
    match (one, other, days) {
        (Some(one), Some(other), Days::OfAnyYear) => (one.month(), one.day()) == (other.month(), other.day()),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
    use jiff::civil::{Date, date};

    use super::{Days, Odd, Shown};

    fn row((day, amount, description): (Option<Date>, &str, &str)) -> ObservedTransaction {
        ObservedTransaction {
            status: TransactionStatus::Posted,
            posted_date: day,
            amount: amount.into(),
            currency: "GBP".into(),
            entry_type: EntryType::Credit,
            description: description.into(),
            raw_description: None,
            rail: Rail::Unknown,
            bank_reference: None,
            customer_reference: None,
            bai_code: None,
            category: None,
            subcategory: None,
            mcc: None,
            merchant_name: None,
            counterparty_name: None,
            counterparty_account_masked: None,
            transaction_date: None,
            running_balance: None,
        }
    }

    #[test]
    fn what_differs_is_named_and_two_equal_rows_are_two() {
        let (first, second) = (Some(date(2026, 3, 1)), Some(date(2026, 3, 2)));
        let answers =
            [(first, "-3.85", "coffee"), (first, "-3.85", "coffee"), (second, "9", "wages"), (None, "1", "x")];
        let mut shown = Shown::default();
        shown.add(&answers.map(row));
        let check = |page: &[(Option<Date>, &str, &str)], days, expected: Result<(), (usize, Option<&'static str>)>| {
            let page: Vec<ObservedTransaction> = page.iter().copied().map(row).collect();
            let expected = expected.map_err(|(row, field)| Odd { row, field });
            assert_eq!(shown.hold(&page, days), expected);
        };
        check(&answers, Days::Whole, Ok(()));
        check(&[(second, "9.00", "wages")], Days::Whole, Ok(()));
        check(&[(None, "1", "x"), (second, "9", "coffee")], Days::Whole, Err((2, Some("description"))));
        check(&[(first, "3.85", "coffee")], Days::Whole, Err((1, Some("amount"))));
        check(&[(second, "-3.85", "coffee")], Days::Whole, Err((1, Some("postedDate"))));
        check(&[(None, "7", "gone")], Days::Whole, Err((1, None)));
        check(&[answers[0], answers[0], answers[0]], Days::Whole, Err((3, Some("postedDate"))));
        let year_later = first.map(|day| day.with().year(2027).build().expect("a day"));
        check(&[(year_later, "-3.85", "coffee")], Days::Whole, Err((1, Some("postedDate"))));
        check(&[(year_later, "-3.85", "coffee")], Days::OfAnyYear, Ok(()));
    }
}
