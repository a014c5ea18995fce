//! The controls: what files say of themselves, and the sums that are held against it.
//!
//! A control that doesn't hold refuses the file. Nothing is repaired, and no row is invented to make a sum fit.
//!
//! Not here: where each format writes its controls.

use std::fmt;

use rust_decimal::Decimal;

use crate::refusal::Refusal;

/// A check of a file against itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Opening balance and booked transactions come to the closing balance.
    Balances,
    /// A page begins with the balance that the page before ends with.
    Pages,
    /// CAMT.053's number of entries.
    Entries,
    /// CAMT.053's sum of entries.
    EntriesSum,
    /// CAMT.053's net of entries.
    EntriesNet,
    /// CAMT.053's number of credits.
    Credits,
    /// CAMT.053's sum of credits.
    CreditsSum,
    /// CAMT.053's number of debits.
    Debits,
    /// CAMT.053's sum of debits.
    DebitsSum,
    /// The control total of a BAI2 account.
    AccountTotal,
    /// The number of records of a BAI2 account.
    AccountRecords,
    /// The control total of a BAI2 group.
    GroupTotal,
    /// The number of accounts of a BAI2 group.
    GroupAccounts,
    /// The number of records of a BAI2 group.
    GroupRecords,
    /// The control total of a BAI2 file.
    FileTotal,
    /// The number of groups of a BAI2 file.
    FileGroups,
    /// The number of records of a BAI2 file.
    FileRecords,
}

/// What rows come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) credits: u64,
    pub(crate) credits_sum: Decimal,
    pub(crate) debits: u64,
    /// Positive.
    pub(crate) debits_sum: Decimal,
}

impl Tally {
    pub(crate) fn add(&mut self, amount: Decimal) -> Result<(), Refusal> {
        let (count, sum) = match crate::amount::direction(amount) {
            domain::transaction::EntryType::Credit => (&mut self.credits, &mut self.credits_sum),
            domain::transaction::EntryType::Debit => (&mut self.debits, &mut self.debits_sum),
        };
        *count += 1;
        *sum = plus(*sum, amount.abs())?;
        Ok(())
    }

    /// What they move the balance by.
    pub(crate) fn net(&self) -> Result<Decimal, Refusal> {
        plus(self.credits_sum, -self.debits_sum)
    }

    /// The sizes together.
    pub(crate) fn sum(&self) -> Result<Decimal, Refusal> {
        plus(self.credits_sum, self.debits_sum)
    }
}

/// The sum, exact or not at all: a `Decimal` rounds where its digits don't suffice.
pub(crate) fn plus(one: Decimal, other: Decimal) -> Result<Decimal, Refusal> {
    let too_many = Refusal::TooManyDigits { field: "a sum" };
    let sum = one.checked_add(other).ok_or(too_many.clone())?;
    // What was rounded has a smaller scale than the finer of the two.
    if sum.scale() < one.scale().max(other.scale()) && !sum.is_zero() { Err(too_many) } else { Ok(sum) }
}

/// Holds that the opening balance and the rows come to the closing one.
pub(crate) fn balances(opening: Decimal, net: Decimal, closing: Decimal) -> Result<(), Refusal> {
    amounts(Control::Balances, closing, plus(opening, net)?)
}

/// Holds that two amounts are one.
pub(crate) fn amounts(control: Control, said: Decimal, found: Decimal) -> Result<(), Refusal> {
    if said == found { Ok(()) } else { Err(Refusal::Control { control, counts: None }) }
}

/// Holds that two counts are one.
pub(crate) fn counts(control: Control, said: u64, found: u64) -> Result<(), Refusal> {
    if said == found { Ok(()) } else { Err(Refusal::Control { control, counts: Some((said, found)) }) }
}

impl fmt::Display for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Balances => "the sum of opening balance and transactions against the closing balance",
            Self::Pages => "the balance between two pages",
            Self::Entries => "the number of entries",
            Self::EntriesSum => "the sum of entries",
            Self::EntriesNet => "the net of entries",
            Self::Credits => "the number of credits",
            Self::CreditsSum => "the sum of credits",
            Self::Debits => "the number of debits",
            Self::DebitsSum => "the sum of debits",
            Self::AccountTotal => "the account's control total (49)",
            Self::AccountRecords => "the account's number of records (49)",
            Self::GroupTotal => "the group's control total (98)",
            Self::GroupAccounts => "the group's number of accounts (98)",
            Self::GroupRecords => "the group's number of records (98)",
            Self::FileTotal => "the file's control total (99)",
            Self::FileGroups => "the file's number of groups (99)",
            Self::FileRecords => "the file's number of records (99)",
        })
    }
}
