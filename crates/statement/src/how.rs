//! What a caller says of a file before it is read: its format, the columns of a CSV file, and how much it may cost.
//!
//! Not here: what a file says of itself.

use domain::calendar::{DateFormat, YearHint};
use domain::money::{Currency, Locale};

use crate::format::Format;
use crate::statement::StatedAccount;

/// How a file is read.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Its format; recognised where it isn't said.
    pub format: Option<Format>,
    /// What is declared of a CSV file; with it and without a format, the file is one.
    pub csv: Option<CsvColumns>,
    /// The account's currency where the file names none.
    pub currency: Option<Currency>,
    /// How much it may cost.
    pub bounds: Bounds,
}

/// How much a file may cost. What is allocated beside the records is proportional to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the file, and of each file of an archive.
    pub bytes: u64,
    /// Bytes of all files of an archive, unpacked.
    pub unpacked_bytes: u64,
    /// Files in an archive.
    pub files: u64,
    /// Statements, in all files of an archive.
    pub statements: u64,
    /// Transactions and balances, in all files of an archive.
    pub rows: u64,
    /// Bytes of a line or a row, where the format has lines.
    pub line_length: u64,
    /// Bytes of one text.
    pub text_length: u64,
    /// Elements within each other, where the format has elements.
    pub depth: u64,
    /// Cells in a row of a CSV file.
    pub cells: u64,
}

/// What is declared of a CSV file. Names of columns are compared with white space folded and in any case.
#[derive(Clone, Debug)]
pub struct CsvColumns {
    /// Whose file it is: nothing in it says so.
    pub account: StatedAccount,
    /// What stands between cells.
    pub delimiter: u8,
    /// How bytes become text.
    pub encoding: CsvEncoding,
    /// How many lines stand before the header.
    pub skipped_lines: u64,
    /// How dates are written.
    pub date_format: DateFormat,
    /// When a date without a century or a year must be.
    pub year_hint: YearHint,
    /// How numbers are written.
    pub locale: Locale,
    /// The column with the day of booking.
    pub date: String,
    /// The column with the day of the payment itself.
    pub transaction_date: Option<String>,
    /// The columns with the amount.
    pub amounts: CsvAmounts,
    /// The columns whose texts make up the description, in this order.
    pub description: Vec<String>,
    /// The column with the balance after the row.
    pub running_balance: Option<String>,
    /// The column with the bank's reference.
    pub bank_reference: Option<String>,
    /// The column with the customer's reference.
    pub customer_reference: Option<String>,
    /// The column with who paid or was paid.
    pub counterparty_name: Option<String>,
}

/// Where a CSV file has its amounts.
#[derive(Clone, Debug)]
pub enum CsvAmounts {
    /// One column, which says the direction itself.
    Signed(String),
    /// One column for money out and one for money in.
    DebitCredit {
        /// Money out.
        debit: String,
        /// Money in.
        credit: String,
    },
    /// One column with the size and one with a word for the direction.
    Worded {
        /// The size.
        amount: String,
        /// The column with the word.
        sign: String,
        /// The words.
        words: SignWords,
    },
}

/// The words for a direction. They are compared with white space folded and in any case.
#[derive(Clone, Debug)]
pub struct SignWords {
    /// Those for money out.
    pub debit: Vec<String>,
    /// Those for money in.
    pub credit: Vec<String>,
}

/// How the bytes of a CSV file become text. A byte order mark is believed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvEncoding {
    /// UTF-8.
    Utf8,
    /// Windows-1252, which has ISO 8859-1 in it.
    Windows1252,
    /// UTF-16, low byte first.
    Utf16Le,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            unpacked_bytes: 256 << 20,
            files: 100,
            statements: 10_000,
            rows: 100_000,
            line_length: 64 << 10,
            text_length: 64 << 10,
            depth: 64,
            cells: 256,
        }
    }
}

impl How {
    /// Recognises the format.
    #[must_use]
    pub fn detect() -> Self {
        Self::default()
    }

    /// Reads this format and no other.
    #[must_use]
    pub fn format(format: Format) -> Self {
        Self { format: Some(format), ..Self::default() }
    }

    /// Reads CSV with these columns.
    #[must_use]
    pub fn csv(columns: CsvColumns) -> Self {
        Self { format: Some(Format::Csv), csv: Some(columns), ..Self::default() }
    }

    /// The same with a currency for files that name none.
    #[must_use]
    pub fn with_currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}
