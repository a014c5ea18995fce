//! The true rows of accounts, and how the bank shows each of them from one day to another.
//!
//! ```text
//! row = phase, phase, …      phase = since a day: shown so, or withdrawn
//! ```
//!
//! Not here: how rows come to be (`life`), and which of them a sync gets to see (`portal`).

use domain::transaction::Rail;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// The currency of every account.
pub(crate) const CURRENCY: &str = "USD";

/// A true row: one movement of money, however often its looks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TruthId(pub usize);

/// How the bank shows a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    /// Booked, or only announced.
    pub(crate) is_booked: bool,
    /// The day of booking, or that of the payment while it is announced.
    pub(crate) date: Date,
    /// Money in is positive.
    pub(crate) cents: i64,
    /// The account's own once it is booked.
    pub(crate) currency: &'static str,
    /// The bank's words.
    pub(crate) words: String,
    /// The way that the money took.
    pub(crate) rail: Rail,
    /// The place within its day: later ones are greater.
    pub(crate) rank: u64,
}

/// How the bank shows a row from one day on: not at all once it is withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) since: Date,
    pub(crate) face: Option<Face>,
}

/// A true row with all of its phases, earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrueRow {
    pub(crate) phases: Vec<Phase>,
}

impl TrueRow {
    /// A row that is shown since a day.
    pub(crate) fn since(since: Date, face: Face) -> Self {
        Self { phases: vec![Phase { since, face: Some(face) }] }
    }

    /// How it is shown on a day, if it is.
    pub(crate) fn on(&self, day: Date) -> Option<&Face> {
        self.phases.iter().rev().find(|phase| phase.since <= day)?.face.as_ref()
    }

    /// How it is shown in the end, if it is, and since when.
    pub(crate) fn last(&self) -> Option<(Date, &Face)> {
        let phase = self.phases.last()?;
        Some((phase.since, phase.face.as_ref()?))
    }

    /// Goes on as another face some days after the last change.
    pub(crate) fn then(&mut self, after: i64, change: impl FnOnce(&mut Face, Date)) {
        let Some((since, face)) = self.last() else { return };
        let (since, mut face) = (later(since, after), face.clone());
        change(&mut face, since);
        self.phases.push(Phase { since, face: Some(face) });
    }

    /// Is withdrawn on a day.
    pub(crate) fn withdrawn(&mut self, on: Date) {
        self.phases.push(Phase { since: on, face: None });
    }

    /// Whether the bank has announced it by a day, withdrawn since or not.
    pub(crate) fn has_begun(&self, day: Date) -> bool {
        self.phases.first().is_some_and(|phase| phase.since <= day)
    }
}

/// An account's part of the world's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Books {
    /// What was on it before its first row.
    pub(crate) opening: i64,
    /// Its rows in the world's list.
    pub(crate) rows: std::ops::Range<usize>,
}

/// So many days after a day.
pub(crate) fn later(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}
