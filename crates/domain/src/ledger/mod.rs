//! Identity: which of the rows that a run read are transactions that are already known.
//!
//! A bank gives the same transaction to see again and again, and not always alike: it is
//! announced before it is booked, its words are rewritten, its day moves. So the rows of a
//! reading are matched to the ledger as a multiset, tier by tier, the surest first. What
//! one tier has matched is gone for the next.
//!
//! ```text
//! rows ──▶ reference ──▶ content ──▶ decision ──▶ renamed ──▶ re-dated ──▶ posted ──▶ new
//!          (trusted)   (same face)  (a person's)                                     │
//! ledger ─────────────────────────────────────────────────▶ missing twice ──▶ removed
//! ```
//!
//! 1. **reference**: the bank's own, while it is measured to be stable ([`references`]),
//!    verified by amount and day.
//! 2. **content**: the same face ([`Face`]): day, amount, currency and words. As many as
//!    both sides have, so two equal coffees stay two, and reading them again adds none.
//! 3. **decision**: what an operator said of these two ([`Decisions`]).
//! 4. **renamed**: same day and amount, other words.
//! 5. **re-dated**: same amount and words, at most three days apart, one candidate each way.
//! 6. **posted**: announced before and booked now, as an assignment of least cost.
//! 7. The rest of the rows is new. Entries that a reading proves to be gone, twice in a
//!    row, are removed; everything else stays as it is.
//!
//! Where a row stands, on which page, the balance beside it and when it was read never
//! count. What can't be told apart with confidence is kept apart: the rows are new, and an
//! entry that has surely become one of them goes at once.
//!
//! Not here: completeness, balances, or how anything is kept. Nothing here fails.

mod content;
mod coverage;
mod face;
mod merging;
mod posting;
pub mod references;
mod renaming;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod vocabulary;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::TransactionId;
use crate::observation::Source;
use crate::transaction::ObservedTransaction;
use crate::word::words;

pub use coverage::Coverage;
pub use face::Face;
pub use merging::{Merged, merged};
use references::{ReferenceRecord, Trust};
use table::Table;

/// How many readings in a row have to prove an entry gone before it is removed.
pub const ABSENCES: u32 = 2;

/// How far from a reading's days an entry may be and still be one of its rows, in days:
/// what was announced is booked within two weeks.
pub const REACH_DAYS: i32 = 15;

/// For how many days what was removed is looked at again, in case that it comes back.
pub const COMES_BACK_DAYS: i32 = 60;

/// A transaction as the ledger knows it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id, for good.
    pub id: TransactionId,
    /// What is known of it.
    pub row: ObservedTransaction,
    /// Where it was read first, whose words `row` has.
    pub source: Source,
    /// Where its reference was read: references of two sources can't be compared.
    pub reference_source: Source,
    /// Its description in the other source, where it was read there too.
    pub alias: Option<String>,
    /// The bank's day on which it was first read.
    pub first_seen: Date,
    /// How many readings in a row have proved it gone.
    pub absences: u32,
    /// Whether it is in the ledger.
    pub presence: Presence,
}

/// Whether a transaction is in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Live,
    /// It was; it keeps its id in case that it comes back.
    Removed,
}

/// What one run read of one account.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// In the portal's order.
    pub rows: &'a [ObservedTransaction],
    /// Where they were read.
    pub source: Source,
    /// What follows from what is missing.
    pub coverage: Coverage,
    /// The day of the reading, in the bank's time zone.
    pub today: Date,
    /// What was measured of the bank's references before.
    pub references: ReferenceRecord,
    /// What operators decided.
    pub decisions: &'a Decisions,
}

/// What operators decided of an account's transactions. It outranks every tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Rows with this face are this transaction.
    pub same: Vec<(TransactionId, Face)>,
    /// Rows with this face are never this transaction.
    pub apart: Vec<(TransactionId, Face)>,
}

words! {
    /// Why a transaction isn't in the ledger any more.
    pub enum RemovalCause {
        /// Readings proved it gone.
        Absent = "absent",
        /// A reading proved it gone, and it has become one of several rows.
        BecameAnother = "becameAnother",
        /// An operator said that it is another one.
        Merged = "merged",
        /// An operator took back what had made it.
        Undone = "undone",
        /// An operator took back the statement file that had brought it.
        TakenBack = "takenBack",
    }
}

words! {
    /// What an operator can decide of two transactions.
    pub enum DecisionKind {
        /// The two are one.
        Merge = "merge",
        /// The one was two: a row was wrongly taken for it.
        Split = "split",
        /// The two are two, whatever the rules say.
        KeepApart = "keepApart",
    }
}

words! {
    /// Why a row is the transaction that it was taken for.
    pub enum Rule {
        /// The bank's own reference, which is trusted.
        Reference = "reference",
        /// The same day, amount, currency and words.
        Content = "content",
        /// An operator said so.
        Decision = "decision",
        /// The same day and amount, other words.
        Renamed = "renamed",
        /// The same amount and words, another day.
        Redated = "redated",
        /// Announced before; booked now, or announced otherwise.
        Posted = "posted",
        /// None: it could have been one of several, and was kept apart from all of them.
        KeptApart = "keptApart",
        /// None: it has become one of several rows, and nothing tells which.
        BecameAnother = "becameAnother",
    }
}

/// Why, with what was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grounds {
    /// The tier that found it.
    pub rule: Rule,
    /// How alike the words are, from 0 to 100.
    pub likeness: u32,
    /// How many days later the row is than what was known.
    pub days: i32,
    /// How far apart both are in the tier's own measure; none where there is no measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u32>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is this entry, by its position in what was given.
    Known {
        /// The entry.
        entry: usize,
        /// Why.
        grounds: Grounds,
    },
    /// An operator said that it is this entry, which another row is too; it adds nothing.
    Absorbed {
        /// The entry.
        entry: usize,
    },
    /// It is new. The entries are those that it could have been, had they not been too
    /// like each other.
    New {
        /// By position; mostly none.
        rivals: Vec<usize>,
    },
}

/// An entry that a reading proves to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// By its position.
    pub entry: usize,
    /// What that means.
    pub gone: Gone,
}

/// What it means that an entry is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// So many readings in a row have proved it by now; from [`ABSENCES`] on it is to be
    /// removed.
    Missing {
        /// This one included.
        count: u32,
    },
    /// It has become one of these rows, by position, which are new: it is to be removed.
    BecameOneOf {
        /// At least one.
        rows: Vec<usize>,
    },
}

/// What follows from a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What became of each row, in the order of the rows.
    pub rows: Vec<Standing>,
    /// Entries that are gone; each is live.
    pub absences: Vec<Absence>,
    /// What this reading alone showed of the bank's references.
    pub measured: ReferenceRecord,
}

/// Matches what was read to what is known. `entries` holds every live one of the account
/// and those removed ones that could come back.
#[must_use]
pub fn settle(entries: &[Entry], reading: &Reading<'_>) -> Settlement {
    let mut table = Table::new(entries, reading);
    let measured = content::measure(&table);
    if reading.references.with(measured.record).trust() == Trust::Trusted && !measured.is_upset {
        table.trust_references();
        content::by_reference(&mut table);
    }
    content::by_face(&mut table);
    content::by_decision(&mut table);
    if table.has_free_entries_and_rows() {
        renaming::renamed(&mut table);
        renaming::redated(&mut table);
        posting::posted(&mut table);
    }
    table.settled(measured.record)
}

/// All that the bank shows of a row, in one text that is equal for equal rows and for
/// no others: each part stands behind its length. Coordinators before the ledger matched
/// rows by it alone, and one of them may run beside this one.
#[must_use]
pub fn match_key(transaction: &ObservedTransaction) -> String {
    let date = transaction.posted_date.map(|date| date.to_string()).unwrap_or_default();
    let reference = transaction.bank_reference.as_deref().unwrap_or_default();
    let parts = [
        transaction.status.as_str(),
        &date,
        &transaction.amount,
        &transaction.currency,
        &transaction.description,
        transaction.rail.as_str(),
        reference,
    ];
    parts.iter().map(|part| format!("{}:{part}", part.len())).collect()
}
