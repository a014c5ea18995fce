//! What stands around the rows that were read of one account: which part of its list they
//! are, the balances that were shown with them, and the cells that they were read from.
//!
//! The cells of an observation are never changed. The ledger is what follows from all of
//! them; what another revision of a script reads in the cells can be replayed into it.
//!
//! Not here: what follows (`ledger`, `completeness`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// Where rows were read.
    pub enum Source {
        /// Pages of a portal.
        Pages = "pages",
        /// A statement file.
        File = "file",
    }
}

words! {
    /// How far a list was walked.
    pub enum Extent {
        /// To the end that the portal or the file itself shows, of all that it holds or of
        /// the dates that were asked for.
        Whole = "whole",
        /// Not to its end, or nothing tells the end.
        Partial = "partial",
    }
}

/// Which part of an account's transactions was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// Where rows were read.
    pub source: Source,
    /// How far the list was walked.
    pub extent: Extent,
    /// The first day that was asked for or that the file covers; none where the list
    /// begins where it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day that was asked for or that the file covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// How many pages were walked; one for a file.
    pub pages: u32,
    /// How many rows the portal or the file itself says there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_announced: Option<u64>,
}

/// A booked balance that was shown for the end of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShownBalance {
    /// The bank's calendar date, at whose end the balance holds.
    pub date: Date,
    /// A signed decimal in the account's currency.
    pub ledger_balance: String,
}

words! {
    /// Which of a script's reads a sheet belongs to.
    pub enum SheetKind {
        /// The account's row in the list of accounts: one row.
        Listed = "listed",
        /// The details on the account's own page: one row, labels for headers.
        Details = "details",
        /// One page of transactions.
        Transactions = "transactions",
        /// Those of a page that are announced, where they stand in a table of their own.
        Pending = "pending",
        /// Those of one answer that the portal gave its own page: paths in JSON for headers.
        Captured = "captured",
    }
}

/// The texts of cells as a page showed them, so that they can be read again by another
/// revision of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sheet {
    /// Which read it belongs to.
    pub kind: SheetKind,
    /// The headers or labels as shown, white space folded.
    pub headers: Vec<String>,
    /// A row of texts for each record, as many as there are headers, white space as it
    /// stands in the page.
    pub rows: Vec<Vec<String>>,
}
