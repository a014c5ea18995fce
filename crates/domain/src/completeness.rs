//! Proof that what was read of an account is all there is, for each account and sync.
//!
//! Banks hand out the means to check their lists: a balance after each row, the balance of
//! the account, how many rows there are, the totals of a statement. Here they are held
//! against the rows and against what was known, and the outcome has a grade:
//!
//! ```text
//! broken      two things that the bank showed contradict each other, or what was known; where, and by how much
//! proven      the running balances chain without a break to the account's balance, and from something sure:
//!             an anchor that was proven, or the oldest row of a list that was walked to its end
//! consistent  the anchor's balance and what was posted since make the account's balance;
//!             or a chain reaches the balance, but nothing sure: then it is its own anchor
//! covered     the list was walked to its end, as many rows were read as announced, and they overlap what was known
//! unproven    none of it could be shown, or the ledger holds something else than the list
//! ```
//!
//! **Anchors.** An anchor is a balance that the account had and the sum of what the ledger
//! held at that moment. By sums, not by dates: a booking that the bank dates back is in
//! the sum of the next sync, as it is in its balance. The first sync that sees a balance
//! sets an anchor; it is proven if the sync is, *as from* its oldest row: the balance
//! before that row is what the chain itself shows, and nothing is claimed of the days
//! before. Later anchors are never weaker than the one before them, and a sync that is
//! broken sets none: the contradiction stays until rows that explain it are read, or an
//! operator drops the anchor.
//!
//! What no chain can show: neighbouring rows that cancel each other out and are missing
//! together. So a list that was walked to its end without a row, while the balance stays
//! at that of a proven anchor, is as good as a chain, and proven.
//!
//! **Signs.** Money in is positive, so the balance of an account that holds money rises
//! with it; were it to fall, a script has misread the sign. Of cards, loans and accounts of
//! an unknown kind, portals show what is owed, as a running balance, as the account's, or
//! both: there each sign is tried, the plain one first, and the other is said as `inverted`.
//!
//! Checks report, never repair. Not here: which row is which (`ledger`), pending rows, and
//! rows in another currency than the account's.

mod chain;
mod checked;
mod day;
mod reading;
mod verdict;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::word::words;

use reading::Signs;

pub use checked::Checked;
pub use reading::{Anchor, Balance, Known, Reading, Row, Totals, UnreadableAmount, posted_rows};

words! {
    /// How sure it is that what was read is all there is. Later words are surer, but for
    /// the first.
    pub enum Grade {
        /// What the bank showed contradicts itself or what was known.
        Broken = "broken",
        /// Nothing could be shown.
        Unproven = "unproven",
        /// The list was walked to its end, with as many rows as announced, into what was known.
        Covered = "covered",
        /// The balances and the sum of the rows agree.
        Consistent = "consistent",
        /// Every row leads from one balance to the next, from something sure.
        Proven = "proven",
    }
}

words! {
    /// What is checked.
    pub enum CheckName {
        /// Each running balance is the one before it plus the row's amount.
        RunningBalance = "runningBalance",
        /// The chain passes through the anchor's balance.
        ChainReachesAnchor = "chainReachesAnchor",
        /// The chain passes through the account's balance at the end of its day.
        ChainReachesBalance = "chainReachesBalance",
        /// The anchor's balance and what was posted since make the account's balance.
        AnchorBalance = "anchorBalance",
        /// As many rows were read as were announced.
        RowCount = "rowCount",
        /// The list was walked to its end.
        ListEnd = "listEnd",
        /// What was read begins no later than what was known ends.
        Overlap = "overlap",
        /// The rows make a statement's own totals.
        StatementTotals = "statementTotals",
        /// On the days that were read the ledger holds what the list does: nothing twice,
        /// nothing that a person merged or that the bank has withdrawn.
        LedgerSum = "ledgerSum",
    }
}

words! {
    /// What came of a check.
    pub enum Outcome {
        /// It holds.
        Passed = "passed",
        /// It doesn't.
        Failed = "failed",
        /// What it takes wasn't shown.
        NotPossible = "notPossible",
    }
}

words! {
    /// What there is to say of an outcome. Never an amount.
    pub enum Detail {
        /// It holds if balances fall with money in: they are of what is owed.
        Inverted = "inverted",
        /// It holds in another order of a day's rows than the portal's.
        Reordered = "reordered",
        /// It holds for the end of the balance's day; later rows were read too.
        EarlierDay = "earlierDay",
        /// It holds by the sum of what was posted since, not by a balance in the chain.
        BySum = "bySum",
        /// The portal shows nothing of the kind.
        NotShown = "notShown",
        /// No posted rows were read.
        NoRows = "noRows",
        /// There is no anchor yet.
        NoAnchor = "noAnchor",
        /// The rows begin after the anchor; what was read before makes up for the difference.
        AfterAnchor = "afterAnchor",
        /// The balance is of a day before the anchor's.
        BeforeAnchor = "beforeAnchor",
        /// Nothing was known before.
        NothingKnown = "nothingKnown",
        /// Nothing says which part of the list was read.
        NoWindow = "noWindow",
        /// The chain is broken.
        ChainBroken = "chainBroken",
        /// Sums have too many digits.
        TooLarge = "tooLarge",
    }
}

/// One check and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// What came of it.
    pub outcome: Outcome,
    /// What there is to say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

words! {
    /// What a break is next to, where it isn't a row.
    pub enum Edge {
        /// The anchor.
        Anchor = "anchor",
        /// The account's balance.
        Balance = "balance",
        /// The balance that a statement opens with.
        Opening = "opening",
        /// The balance that a statement closes with, or its totals.
        Closing = "closing",
    }
}

/// One side of a break: a row by its position in the list as read, counted from zero, or
/// the word of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum End {
    /// A row.
    Row(u32),
    /// Something else.
    Edge(Edge),
}

/// Where things don't fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Break {
    /// The older side, then the newer. Between two rows there may be others that show no
    /// running balance.
    pub between: (End, End),
    /// The sum of what is missing there, money in positive; of what is too much, its
    /// negative.
    pub gap: Decimal,
}

/// What is shown of an account: how complete a sync found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completeness {
    /// The outcome of all checks.
    pub grade: Grade,
    /// Every check, in the order of [`CheckName`].
    pub checks: Vec<Check>,
    /// The first contradiction; there is one if the grade is `broken`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Break>,
    /// The first day that the proof covers; only if the grade is `proven`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_from: Option<Date>,
    /// The day of the balance, or else of the newest row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
}

/// How complete a sync was, and what the next one is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What is kept and shown.
    pub completeness: Completeness,
    /// The anchor to keep: a new one, or the one that was known.
    pub anchor: Option<Anchor>,
}

/// Holds what was read of an account against itself and against what was known.
#[must_use]
pub fn assess(reading: &Reading<'_>, known: &Known<'_>) -> Assessment {
    // The plain signs come first, and give way only to what is surer.
    let mut best = verdict::judge(reading, known, Signs::PLAIN);
    for signs in reading.other_signs() {
        let next = verdict::judge(reading, known, *signs);
        if next.rank() > best.rank() {
            best = next;
        }
    }
    let completeness = best.completeness;
    let anchor = reading::next_anchor(reading, known, &completeness);
    Assessment { completeness, anchor }
}

#[cfg(test)]
mod tests;
