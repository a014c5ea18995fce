//! Why a file isn't read: the rule, the place, and what to do about it.
//!
//! What a file holds is confidential, so nothing here carries a piece of it: only names that the format gives, names
//! that a caller declared, and counts.
//!
//! Not here: the checks themselves.

use std::fmt;

use domain::calendar::DateError;
use domain::money::AmountError;

use crate::control::Control;
use crate::format::Format;
use crate::meter::Bound;

/// A file that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{refusal}")]
pub struct StatementError {
    /// What is wrong.
    pub refusal: Refusal,
    /// Where.
    pub place: Place,
}

/// Where in a file, each counted from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which file of an archive.
    pub file: Option<u64>,
    /// Which statement of the file.
    pub statement: Option<u64>,
    /// Which line of the file.
    pub line: Option<u64>,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// None of the formats that can be told by their beginning.
    #[error("the file begins like no statement that can be told by its beginning")]
    UnknownFormat,
    /// CSV without a declaration.
    #[error("nothing declares the columns of the CSV file")]
    NoColumns,
    /// More than a bound allows.
    #[error("the file passes the bound of {allowed} {bound}")]
    TooMuch {
        /// Which bound.
        bound: Bound,
        /// What it allows.
        allowed: u64,
    },
    /// Bytes that aren't text in the encoding that the file or the caller declares.
    #[error("the bytes are not {encoding}")]
    Encoding {
        /// The encoding's name.
        encoding: &'static str,
    },
    /// An encoding that isn't read.
    #[error("the file declares an encoding that is not read")]
    UnknownEncoding,
    /// A character that no statement has.
    #[error("the file holds a NUL character")]
    Nul,
    /// A declaration of entities or of a document's type.
    #[error("the file declares a document type or entities, which is never read")]
    DocumentType,
    /// An entity that isn't one of XML's own.
    #[error("the file refers to an entity that is not one of XML's own")]
    Entity,
    /// An archive that can't be read.
    #[error("{what}")]
    Archive {
        /// What is wrong with it.
        what: &'static str,
    },
    /// Something that the format doesn't allow.
    #[error("this is not {format}: {what}")]
    Malformed {
        /// What it was read as.
        format: Format,
        /// What is wrong.
        what: &'static str,
    },
    /// The file ends before its end.
    #[error("the file ends before {before}")]
    Truncated {
        /// What should have come.
        before: &'static str,
    },
    /// Something that the format demands.
    #[error("{field} is missing")]
    Missing {
        /// What it is.
        field: &'static str,
    },
    /// Something that the format demands once.
    #[error("{field} stands there twice")]
    Twice {
        /// What it is.
        field: &'static str,
    },
    /// A kind of file or record that isn't read.
    #[error("{what} can't be read")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// A word outside of the format's list.
    #[error("{field} is none of the words that the format has for it")]
    UnknownWord {
        /// What should be such a word.
        field: &'static str,
    },
    /// Not a number as the format writes it.
    #[error("{field} is not a number as the format writes it")]
    NotANumber {
        /// What should be one.
        field: &'static str,
    },
    /// More digits than can be held exactly.
    #[error("{field} has more digits than can be held")]
    TooManyDigits {
        /// What it is.
        field: &'static str,
    },
    /// More decimals than the currency has.
    #[error("{field} has more decimals than its currency")]
    TooManyDecimals {
        /// What it is.
        field: &'static str,
    },
    /// Not a date as the format writes it.
    #[error("{field} is not a date as the format writes it")]
    NotADate {
        /// What should be one.
        field: &'static str,
    },
    /// A day that isn't in the calendar.
    #[error("the calendar has no such day as {field}")]
    NoSuchDay {
        /// What should be one.
        field: &'static str,
    },
    /// Not a currency's code.
    #[error("{field} is not the code of a currency")]
    NotACurrency {
        /// What should be one.
        field: &'static str,
    },
    /// No currency, and none was given.
    #[error("nothing says the account's currency")]
    NoCurrency,
    /// An amount in another currency than the account's.
    #[error("{field} is in another currency than the account")]
    OtherCurrency {
        /// What it is.
        field: &'static str,
    },
    /// A column that the declaration names and the header doesn't have.
    #[error("the header has no column `{column}`")]
    NoColumn {
        /// The column's name as declared.
        column: String,
    },
    /// A column that the header has twice.
    #[error("the header has more than one column `{column}`")]
    ColumnTwice {
        /// The column's name as declared.
        column: String,
    },
    /// A cell that is no amount.
    #[error("column `{column}`: {source}")]
    Amount {
        /// The column's name as declared.
        column: String,
        /// Why.
        source: AmountError,
    },
    /// A cell that is no date.
    #[error("column `{column}`: {source}")]
    Date {
        /// The column's name as declared.
        column: String,
        /// Why.
        source: DateError,
    },
    /// A cell that is none of the declared words.
    #[error("column `{column}` holds none of the words that are declared for it")]
    SignWord {
        /// The column's name as declared.
        column: String,
    },
    /// A row with more or fewer cells than the header.
    #[error("the row has {found} cells and the header has {expected}")]
    CellCount {
        /// How many the header has.
        expected: u64,
        /// How many the row has.
        found: u64,
    },
    /// What the file says of itself doesn't hold.
    #[error("{control} {}", counted(counts))]
    Control {
        /// Which check.
        control: Control,
        /// What was said and what was found, where the check counts; sums are confidential.
        counts: Option<(u64, u64)>,
    },
}

impl Refusal {
    /// The refusal of a line.
    pub(crate) fn at(self, line: u64) -> StatementError {
        StatementError { refusal: self, place: Place { line: Some(line), ..Place::default() } }
    }
}

impl From<Refusal> for StatementError {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, place: Place::default() }
    }
}

impl StatementError {
    /// The same refusal in a statement, unless one is named.
    pub(crate) fn in_statement(mut self, statement: u64) -> Self {
        self.place.statement.get_or_insert(statement);
        self
    }

    /// The same refusal in a file of an archive.
    pub(crate) fn in_file(mut self, file: u64) -> Self {
        self.place.file = Some(file);
        self
    }

    /// What to do about it, for whoever reads the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match &self.refusal {
            Refusal::Empty => "look whether the portal's download had ended when the file was taken",
            Refusal::UnknownFormat => "say the format; CSV is never recognised and needs its columns declared",
            Refusal::NoColumns => "declare the delimiter, the header's names, the date's pattern and the currency",
            Refusal::TooMuch { .. } => "download a shorter range of days, or raise the bound if the file is honest",
            Refusal::Encoding { .. } => "the file was damaged or converted on its way; for CSV, declare its encoding",
            Refusal::UnknownEncoding => "UTF-8, UTF-16 with a mark, Windows-1252 and ISO 8859 are read",
            Refusal::Nul | Refusal::Truncated { .. } => "the file was damaged on its way; download it again",
            Refusal::DocumentType | Refusal::Entity => "no bank needs this in a statement: look where the file is from",
            Refusal::Archive { .. } => "an archive holds plain statement files, stored or deflated, without a password",
            Refusal::Unsupported { .. } => "ask the portal for a statement of booked transactions of a cash account",
            Refusal::NoCurrency => "give the currency that is meant when the file names none",
            Refusal::NoColumn { .. } | Refusal::ColumnTwice { .. } => "compare the declared names with the header",
            Refusal::Amount { .. } => "compare the declared locale and currency with the column",
            Refusal::Date { .. } => "compare the declared pattern with the column",
            Refusal::SignWord { .. } => "declare every word that the column can hold",
            Refusal::CellCount { .. } => "compare the declared delimiter with the file; a cell may lack its quotes",
            Refusal::Control { .. } => {
                "the file doesn't hold what it says it holds: download it again, and if it stays so, ask the bank"
            }
            Refusal::Malformed { .. }
            | Refusal::Missing { .. }
            | Refusal::Twice { .. }
            | Refusal::UnknownWord { .. }
            | Refusal::NotANumber { .. }
            | Refusal::TooManyDigits { .. }
            | Refusal::TooManyDecimals { .. }
            | Refusal::NotADate { .. }
            | Refusal::NoSuchDay { .. }
            | Refusal::NotACurrency { .. }
            | Refusal::OtherCurrency { .. } => {
                "if the bank means it so, its way of writing the format has to be added to the reader"
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut any = false;
        for (name, number) in [("file", self.file), ("statement", self.statement), ("line", self.line)] {
            let Some(number) = number else { continue };
            write!(formatter, "{}{name} {number}", if any { ", " } else { "" })?;
            any = true;
        }
        formatter.write_str(if any { ": " } else { "" })
    }
}

fn counted(counts: &Option<(u64, u64)>) -> String {
    match counts {
        Some((said, found)) => format!("doesn't hold: the file says {said}, and there are {found}"),
        None => "doesn't hold".to_owned(),
    }
}
