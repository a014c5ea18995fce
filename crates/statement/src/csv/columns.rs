//! Which cell of a row is which, from the header and the declaration.
//!
//! Not here: dates and numbers; `domain` reads those.

use domain::money::{Currency, Locale, read_debit_credit};
use rust_decimal::Decimal;

use super::number;
use super::rows::Row;
use crate::amount::negated;
use crate::how::{CsvAmounts, CsvColumns, SignWords};
use crate::refusal::Refusal;
use crate::text::same_name;

/// A column that was found.
pub(super) struct Column<'a> {
    /// As declared.
    pub(super) name: &'a str,
    pub(super) index: usize,
}

/// The columns that were found.
pub(super) struct Columns<'a> {
    pub(super) count: usize,
    pub(super) date: Column<'a>,
    pub(super) transaction_date: Option<Column<'a>>,
    pub(super) amounts: Amounts<'a>,
    pub(super) description: Vec<Column<'a>>,
    pub(super) running_balance: Option<Column<'a>>,
    pub(super) bank_reference: Option<Column<'a>>,
    pub(super) customer_reference: Option<Column<'a>>,
    pub(super) counterparty_name: Option<Column<'a>>,
}

/// Where amounts are.
pub(super) enum Amounts<'a> {
    Signed(Column<'a>),
    DebitCredit { debit: Column<'a>, credit: Column<'a> },
    Worded { amount: Column<'a>, sign: Column<'a>, words: &'a SignWords },
}

impl<'a> Columns<'a> {
    pub(super) fn of(header: &Row<'_>, declared: &'a CsvColumns) -> Result<Self, Refusal> {
        let find = |name: &'a str| find(header, name);
        let may_find = |name: &'a Option<String>| name.as_deref().map(find).transpose();
        Ok(Self {
            count: header.count(),
            date: find(&declared.date)?,
            transaction_date: may_find(&declared.transaction_date)?,
            amounts: match &declared.amounts {
                CsvAmounts::Signed(amount) => Amounts::Signed(find(amount)?),
                CsvAmounts::DebitCredit { debit, credit } => {
                    Amounts::DebitCredit { debit: find(debit)?, credit: find(credit)? }
                }
                CsvAmounts::Worded { amount, sign, words } => {
                    Amounts::Worded { amount: find(amount)?, sign: find(sign)?, words }
                }
            },
            description: declared.description.iter().map(|name| find(name)).collect::<Result<_, _>>()?,
            running_balance: may_find(&declared.running_balance)?,
            bank_reference: may_find(&declared.bank_reference)?,
            customer_reference: may_find(&declared.customer_reference)?,
            counterparty_name: may_find(&declared.counterparty_name)?,
        })
    }
}

impl Amounts<'_> {
    /// The amount of a row; money in is positive.
    pub(super) fn read(&self, row: &Row<'_>, locale: &Locale, currency: &Currency) -> Result<Decimal, Refusal> {
        match self {
            Self::Signed(amount) => number(amount, row, locale, currency),
            Self::DebitCredit { debit, credit } => {
                let read = read_debit_credit(row.cell(debit.index), row.cell(credit.index), locale, currency);
                read.map_err(|source| Refusal::Amount { column: debit.name.to_owned(), source })
            }
            Self::Worded { amount, sign, words } => {
                let cell = row.cell(sign.index);
                let among = |words: &[String]| words.iter().any(|word| same_name(word, cell));
                // Read as a column of money in, which lets it have no sign of its own.
                let read = read_debit_credit("", row.cell(amount.index), locale, currency);
                let size = read.map_err(|source| Refusal::Amount { column: amount.name.to_owned(), source })?;
                match (among(&words.debit), among(&words.credit)) {
                    (true, false) => Ok(negated(size)),
                    (false, true) => Ok(size),
                    _ => Err(Refusal::SignWord { column: sign.name.to_owned() }),
                }
            }
        }
    }
}

fn find<'a>(header: &Row<'_>, name: &'a str) -> Result<Column<'a>, Refusal> {
    let mut found = (0..header.count()).filter(|index| same_name(header.cell(*index), name));
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(Column { name, index }),
        (Some(_), Some(_)) => Err(Refusal::ColumnTwice { column: name.to_owned() }),
        (None, _) => Err(Refusal::NoColumn { column: name.to_owned() }),
    }
}
