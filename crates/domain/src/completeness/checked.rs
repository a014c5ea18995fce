//! What an account that was read says of itself: its rows, its balances, how many rows were announced.
//!
//! Not here: what was known of it before.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Balance, Completeness, Grade, Known, Reading, Row, Totals, assess, posted_rows};
use crate::account::ObservedAccount;

/// An account as it was read, to be checked.
#[derive(Debug)]
pub struct Checked<'a> {
    account: &'a ObservedAccount,
    rows: Vec<Row>,
}

impl<'a> Checked<'a> {
    /// The account's posted rows and its balances.
    #[must_use]
    pub fn new(account: &'a ObservedAccount) -> Self {
        // What was handed in was refused unless all amounts are decimals.
        let rows = posted_rows(&account.transactions, &account.currency).unwrap_or_default();
        Self { account, rows }
    }

    /// What it says of itself, nothing being known of it.
    #[must_use]
    pub fn by_itself(&self) -> Completeness {
        let nothing = BTreeMap::new();
        let known = Known { anchor: None, posted: &nothing, through: None };
        assess(&self.reading(), &known).completeness
    }

    /// Whether what was read contradicts itself: then nothing follows from what is missing.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.by_itself().grade == Grade::Broken
    }

    /// What was read of it, as it is checked.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        let account = self.account;
        let decimal = |text: &String| text.parse::<Decimal>().ok();
        let ledger_balance = account.current_balance.as_ref().and_then(decimal);
        // A statement opens with the balance of the day before it.
        let of_day = |date: Option<Date>| {
            let balance = account.balances.iter().find(|balance| Some(balance.date) == date)?;
            decimal(&balance.ledger_balance)
        };
        let window = account.window.as_ref();
        let opening = of_day(window.and_then(|window| window.from?.yesterday().ok()));
        let closing = of_day(window.and_then(|window| window.to));
        Reading {
            account_type: account.account_type,
            rows: &self.rows,
            rows_read: u64::try_from(account.transactions.len()).unwrap_or(u64::MAX),
            window,
            balance: ledger_balance.map(|ledger_balance| Balance { ledger_balance, date: account.balance_as_of }),
            totals: Totals { opening, closing, credits: None, debits: None },
        }
    }
}
