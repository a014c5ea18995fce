//! What the checks are made of: what a sync read of an account, what was known of it, and
//! the anchor that is kept from one sync to the next.
//!
//! Not here: the checks.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::chain::sum;
use super::{Completeness, Detail, Grade};
use crate::account::AccountType;
use crate::observation::{Extent, Window};
use crate::transaction::{ObservedTransaction, TransactionStatus};

/// A posted row in the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the list as read, counted from zero.
    pub position: u32,
    /// The bank's calendar date.
    pub date: Date,
    /// Money in is positive.
    pub amount: Decimal,
    /// The balance after it, as the portal shows it.
    pub running_balance: Option<Decimal>,
}

/// The account's booked balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// As the portal shows it.
    pub ledger_balance: Decimal,
    /// The day that the portal gives for it.
    pub date: Option<Date>,
}

/// What a statement says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The balance that it opens with.
    pub opening: Option<Decimal>,
    /// The balance that it closes with.
    pub closing: Option<Decimal>,
    /// The sum of all money in.
    pub credits: Option<Decimal>,
    /// The sum of all money out, without a sign.
    pub debits: Option<Decimal>,
}

/// What a sync read of an account.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Cards and loans may show what is owed.
    pub account_type: AccountType,
    /// The posted rows, in the portal's order.
    pub rows: &'a [Row],
    /// How many rows were read, pending ones too.
    pub rows_read: u64,
    /// Which part of the list that is.
    pub window: Option<&'a Window>,
    /// The account's booked balance, if the portal shows one.
    pub balance: Option<Balance>,
    /// A statement's own totals.
    pub totals: Totals,
}

/// What was known of the account.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The anchor that the last sync handed back.
    pub anchor: Option<&'a Anchor>,
    /// The sums of what the ledger holds as posted on each day, this sync's rows included.
    pub posted: &'a BTreeMap<Date, Decimal>,
    /// The newest day that had been read before.
    pub through: Option<Date>,
}

/// A balance that the account had, and what the ledger held at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    /// The day of the balance, or else of the newest row at the time.
    pub date: Option<Date>,
    /// The account's booked balance, as the portal showed it.
    pub ledger_balance: Decimal,
    /// The first day whose bookings count in `posted`: what a backfill brings of earlier
    /// days was in the balance already.
    pub counted_from: Option<Date>,
    /// The sum of what the ledger held from then to the day of the balance.
    pub posted: Decimal,
    /// The first day that the proof covers, if the anchor is proven.
    pub proven_from: Option<Date>,
}

/// An amount that isn't a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount or running balance of row {position} isn't a decimal")]
pub struct UnreadableAmount {
    /// Where the row stands, counted from zero.
    pub position: usize,
}

/// The posted rows of an account in its currency. A row without a date has that of the row
/// before it, as lists show a date once for all rows below.
///
/// # Errors
/// [`UnreadableAmount`] if an amount isn't a decimal.
pub fn posted_rows(transactions: &[ObservedTransaction], currency: &str) -> Result<Vec<Row>, UnreadableAmount> {
    let mut date = transactions.iter().find_map(|transaction| transaction.posted_date);
    let mut rows = Vec::with_capacity(transactions.len());
    for (position, transaction) in transactions.iter().enumerate() {
        if transaction.status != TransactionStatus::Posted || transaction.currency != currency {
            continue;
        }
        date = transaction.posted_date.or(date);
        let decimal = |text: &String| text.parse::<Decimal>().map_err(|_| UnreadableAmount { position });
        let amount = decimal(&transaction.amount)?;
        let running_balance = transaction.running_balance.as_ref().map(decimal).transpose()?;
        if let (Some(date), Ok(position)) = (date, u32::try_from(position)) {
            rows.push(Row { position, date, amount, running_balance });
        }
    }
    Ok(rows)
}

/// Whether balances rise or fall with money in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plain,
    Inverted,
}

impl Sign {
    pub(super) fn of(self, amount: Decimal) -> Decimal {
        match self {
            Self::Plain => amount,
            Self::Inverted => -amount,
        }
    }
}

/// The signs of the running balances and of the account's balance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) running: Sign,
    pub(super) balance: Sign,
}

impl Signs {
    pub(super) const PLAIN: Self = Self { running: Sign::Plain, balance: Sign::Plain };
}

impl Reading<'_> {
    /// The signs that the account's balances may have beside the plain ones, the likelier
    /// first.
    pub(super) fn other_signs(&self) -> &'static [Signs] {
        match self.account_type {
            AccountType::CreditCard | AccountType::Loan | AccountType::Other | AccountType::Unknown => &[
                Signs { running: Sign::Inverted, balance: Sign::Inverted },
                Signs { running: Sign::Inverted, balance: Sign::Plain },
                Signs { running: Sign::Plain, balance: Sign::Inverted },
            ],
            AccountType::Checking
            | AccountType::Savings
            | AccountType::MoneyMarket
            | AccountType::Investment
            | AccountType::Wallet => &[],
        }
    }

    pub(super) fn oldest(&self) -> Option<Date> {
        self.rows.iter().map(|row| row.date).min()
    }

    pub(super) fn newest(&self) -> Option<Date> {
        self.rows.iter().map(|row| row.date).max()
    }

    pub(super) fn as_of(&self) -> Option<Date> {
        self.balance.and_then(|balance| balance.date).or(self.newest())
    }

    pub(super) fn is_walked_to_its_end(&self) -> bool {
        self.window.is_some_and(|window| window.extent == Extent::Whole)
    }

    /// The first day of which all rows were read. Where a list was left before its end, the
    /// oldest day may have been cut.
    pub(super) fn read_from(&self) -> Option<Date> {
        let day_after = |date: Date| date.saturating_add(1.days()).min(self.newest().unwrap_or(date));
        match self.window {
            Some(window) if self.is_walked_to_its_end() => window.from.or(self.oldest()),
            _ => self.oldest().map(day_after),
        }
    }
}

impl Known<'_> {
    /// What the ledger holds as posted from a day to another.
    pub(super) fn posted_within(&self, from: Option<Date>, to: Option<Date>) -> Result<Decimal, Detail> {
        let from = from.unwrap_or(Date::MIN);
        let to = to.unwrap_or(Date::MAX);
        let counts = self.posted.iter().filter(|(date, _)| (from..=to).contains(*date));
        counts.map(|(_, amount)| *amount).try_fold(Decimal::ZERO, sum)
    }
}

/// The anchor that the next sync is held against: a new one if this sync was as sure as the
/// one that set the last, or else the last.
pub(super) fn next_anchor(reading: &Reading<'_>, known: &Known<'_>, found: &Completeness) -> Option<Anchor> {
    let moves_on = match (known.anchor, found.grade) {
        (None, grade) => grade != Grade::Broken,
        (Some(_), Grade::Proven) => true,
        (Some(anchor), Grade::Consistent) => anchor.proven_from.is_none(),
        (Some(_), _) => false,
    };
    let fresh = || {
        let balance = reading.balance?;
        let date = reading.as_of();
        if known.anchor.is_some_and(|anchor| anchor.date > date) {
            return None;
        }
        let counted_from = match known.anchor {
            Some(anchor) => anchor.counted_from,
            None => reading.read_from().or(date),
        };
        let posted = known.posted_within(counted_from, balance.date).ok()?;
        let ledger_balance = balance.ledger_balance;
        Some(Anchor { date, ledger_balance, counted_from, posted, proven_from: found.proven_from })
    };
    moves_on.then(fresh).flatten().or(known.anchor.copied())
}
