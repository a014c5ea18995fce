//! From documents to records: a list of accounts, the details of one, a page of its
//! transactions.
//!
//! ```text
//! document ──▶ sheet: the texts of cells ──▶ records
//!                └── kept with the account, to be read again
//! ```
//!
//! A cell that can't be read ends the reading: half an account looks like a whole
//! one. What is said about it names its place and never what it holds.
//!
//! Not here: how one gets from document to document; the runner does that.

mod account;
mod agreement;
mod answer;
mod beside;
mod captured;
mod permissions;
mod transaction;
mod years;

use domain::account::AccountType;
use domain::calendar::{YearHint, read_date};
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::{AmountError, Currency, Locale, read_amount, read_owed_amount};
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::language::{BankWord, Format, meant};
use crate::table::TableError;

pub(crate) use account::{Listing, blank, details, details_of, list, listed};
pub(crate) use agreement::{Days, Shown};
pub(crate) use answer::{Answer, Unread, answer};
pub(crate) use beside::{Proof, beside, rises};
pub(crate) use captured::captured;
pub(crate) use permissions::permissions;
pub(crate) use transaction::{announced, announcements, layout, page, transactions};
pub(crate) use years::{has_year, settle};

/// How many headers a message names, and how much of each.
const HEADERS_LIMIT: usize = 12;
const HEADER_LIMIT: usize = 40;

/// What is needed to read any cell.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'s> {
    pub(crate) locale: Locale,
    pub(crate) currency: &'s Currency,
    /// No date that is shown lies more than a week after this.
    pub(crate) today: Date,
    /// What stands in a cell that says nothing, case folded.
    pub(crate) blank: &'s [String],
    /// The types of accounts whose amounts are shown as what is owed.
    pub(crate) owed: &'s [AccountType],
    /// Whether those at hand are.
    pub(crate) side: Side,
}

/// What an amount without a word for its side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The customer's own money.
    Own,
    /// What the customer owes, as of a card or a loan.
    Owed,
}

impl Cells<'_> {
    /// The same for an account of this type.
    pub(crate) fn of_type(self, account_type: AccountType) -> Self {
        let side = if self.owed.contains(&account_type) { Side::Owed } else { Side::Own };
        Self { side, ..self }
    }

    /// Whether a text says nothing: it is empty, or one of those that stand for that.
    pub(crate) fn is_blank(&self, text: &str) -> bool {
        text.is_empty() || self.blank.iter().any(|blank| is_word(text, blank))
    }

    /// A signed decimal, in which what flows in and what is owned is positive.
    fn decimal(&self, cell: &str) -> Result<Decimal, AmountError> {
        match self.side {
            Side::Own => read_amount(cell, &self.locale, self.currency),
            Side::Owed => read_owed_amount(cell, &self.locale, self.currency),
        }
    }

    /// A signed decimal with the scale that is shown; none for an empty cell.
    fn amount(&self, cell: &str) -> Result<Option<String>, String> {
        if cell.is_empty() {
            return Ok(None);
        }
        let amount = self.decimal(cell).map_err(|error| error.to_string())?;
        Ok(Some(amount.to_string()))
    }

    /// A date; none for an empty cell.
    fn date(&self, cell: &str, format: &Format) -> Result<Option<Date>, String> {
        if cell.is_empty() {
            return Ok(None);
        }
        let Some(date) = &format.date else { return Err("the script doesn't say how dates are written".into()) };
        read_date(cell, date, YearHint::up_to(self.today)).map(Some).map_err(|error| error.to_string())
    }
}

/// Whether a text is a word of the script's, which has its case folded.
fn is_word(text: &str, word: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(word) } else { text.to_lowercase() == word }
}

/// What one of the bank's words stands for.
fn word<W: Copy>(cell: &str, words: &[(BankWord, W)]) -> Result<W, String> {
    word_of(cell, words).copied()
}

/// The same where it stands for several things.
fn word_of<'w, W>(cell: &str, words: &'w [(BankWord, W)]) -> Result<&'w W, String> {
    meant(cell, words).ok_or_else(|| "the cell holds a word that isn't in `map`".into())
}

/// Where a value stands, for people.
pub(crate) struct Place {
    pub(crate) stage: Stage,
    /// From 1; none in the list itself.
    pub(crate) account: Option<usize>,
}

impl Place {
    fn prefix(&self) -> String {
        self.account.map(|account| format!("account {account}, ")).unwrap_or_default()
    }

    /// A cell that can't be read. `row` counts from 1.
    fn cell(&self, row: usize, column: &str, why: &str) -> Failure {
        let message = format!("{}row {row}, column `{column}`: {why}", self.prefix());
        Failure::new(FailureCode::ScriptParse, self.stage).with_message(message)
    }

    /// A value that can't be read.
    fn field(&self, field: &str, why: &str) -> Failure {
        let message = format!("{}field `{field}`: {why}", self.prefix());
        Failure::new(FailureCode::ScriptParse, self.stage).with_message(message)
    }

    /// Something that isn't as the script says.
    pub(crate) fn failure(&self, code: FailureCode, what: impl std::fmt::Display) -> Failure {
        Failure::new(code, self.stage).with_message(format!("{}{what}", self.prefix()))
    }

    /// A table that can't be read.
    pub(crate) fn table(&self, error: &TableError) -> Failure {
        use FailureCode::{DataIncomplete, ElementAmbiguous, ElementMissing, ScriptParse};
        match error {
            TableError::Missing => self.failure(ElementMissing, "there is no such table on the page"),
            TableError::NoRecords => {
                let what = "nothing on the page fits `records`, and nothing shows that there are none; see `empty`";
                self.failure(ElementMissing, what)
            }
            TableError::Ambiguous => self.failure(ElementAmbiguous, "several tables fit the selector"),
            TableError::NotATable => self.failure(ElementMissing, "what the table's selector fits isn't a table"),
            TableError::ColumnMissing(header, there) => {
                let there = headers("headers", there);
                self.failure(ElementMissing, format!("no column of the table is headed `{header}`; {there}"))
            }
            TableError::LabelMissing(label) => {
                self.failure(ElementMissing, format!("in no record anything is labelled `{label}`"))
            }
            TableError::ColumnAmbiguous(header) => {
                self.failure(ElementAmbiguous, format!("several columns of the table are headed `{header}`"))
            }
            TableError::CellCount(row) => {
                let what = format!("row {row}: it has another number of cells than the table has headers");
                self.failure(ScriptParse, what)
            }
            TableError::CellTooLong(row) => {
                self.failure(ScriptParse, format!("row {row}: a cell holds more than 16 KiB of text"))
            }
            TableError::HeaderTooLong => self.failure(ScriptParse, "a header holds more than 16 KiB of text"),
            TableError::TooManyColumns => self.failure(ScriptParse, "the table has more than 256 columns"),
            TableError::TooMuchText => {
                self.failure(ScriptParse, "the table's cells, those that span columns repeated, hold more than 8 MiB")
            }
            TableError::Empty => {
                let what = "the table has no rows, and nothing shows that there are none; see `empty`";
                self.failure(DataIncomplete, what)
            }
            TableError::TooManyRows => self.failure(ScriptParse, "the table has more than 100,000 rows"),
        }
    }
}

/// The headers that are there, or whatever they are called, for people: the portal's own words,
/// but no digit, as a heading could hold a number of the customer's.
fn headers(what: &str, there: &[String]) -> String {
    let header = |header: &String| {
        let short = header.chars().take(HEADER_LIMIT);
        format!("`{}`", short.map(|c| if c.is_numeric() { '0' } else { c }).collect::<String>())
    };
    let named: Vec<String> = there.iter().filter(|header| !header.is_empty()).take(HEADERS_LIMIT).map(header).collect();
    if named.is_empty() { format!("it has no {what}") } else { format!("its {what} are {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::headers;

    #[test]
    fn headers_that_are_there_are_named_without_digits_and_within_bounds() {
        let check = |there: &[&str], expected: &str| {
            let there: Vec<String> = there.iter().map(|header| (*header).to_owned()).collect();
            assert_eq!(headers("headers", &there), expected);
        };
        check(&["date", "", "balance 0142"], "its headers are `date`, `balance 0000`");
        check(&[""], "it has no headers");
        assert!(headers("headers", &vec!["x".repeat(9_000); 300]).len() < 800);
    }
}
