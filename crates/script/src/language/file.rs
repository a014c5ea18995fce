//! What a script says of a file that a portal offers in place of pages: how it is asked for, what
//! it is, and how much of the table is read beside it.
//!
//! Not here: reading it (`statement`), or its rows beside those of the table (`read`).

use domain::calendar::DateFormat;
use statement::{CsvEncoding, Format};

use super::TransactionField;
use crate::css::Css;

/// A file with an account's transactions, which a portal hands out when it is asked for it.
#[derive(Clone, Debug)]
pub(crate) struct FileRead {
    pub(crate) kind: FileKind,
    /// What is put into fields before: what fits, and the text.
    pub(crate) fill: Vec<(Css, String)>,
    /// The days that are asked for; none where the file is that of the page that shows.
    pub(crate) days: Option<FileDays>,
    /// What asks for it.
    pub(crate) click: Css,
}

/// What a file is.
#[derive(Clone, Debug)]
pub(crate) enum FileKind {
    Format(Format),
    Csv(Box<CsvRead>),
}

/// How a portal is asked for a file of some days.
#[derive(Clone, Debug)]
pub(crate) struct FileDays {
    /// The field of the first day, and that of the last.
    pub(crate) from: Css,
    pub(crate) to: Css,
    /// How days are typed.
    pub(crate) date: DateFormat,
    /// How many days are asked for at once.
    pub(crate) days: u32,
    /// How many days back the portal can be asked.
    pub(crate) reach: u32,
    pub(crate) beside: Beside,
}

/// How much of the table is read beside a file of some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// What shows of it where the file is asked for.
    Page,
    /// All pages of it.
    List,
}

/// How a file of rows without a standard is read.
#[derive(Clone, Debug)]
pub(crate) struct CsvRead {
    pub(crate) delimiter: u8,
    pub(crate) encoding: CsvEncoding,
    /// How many lines stand before the header.
    pub(crate) skip: u32,
    pub(crate) date: DateFormat,
    /// Each field once, and the headers that it stands under; several for a description alone.
    pub(crate) columns: Vec<(TransactionField, Vec<String>)>,
}

impl FileKind {
    /// The word for it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Format(format) => format.as_str(),
            Self::Csv(_) => Format::Csv.as_str(),
        }
    }
}
