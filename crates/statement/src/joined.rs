//! Statements of one account, day after day, as one.
//!
//! Banks put a statement of each day into one file. Whoever observes an account wants one window of it.
//!
//! Not here: accounts of different formats; a file has one.

use domain::observation::{Extent, ShownBalance};
use rust_decimal::Decimal;

use crate::control::Control;
use crate::refusal::{Refusal, StatementError};
use crate::statement::{BalanceKind, OtherBalance, Statement};

/// Joins the statements of each account, in the order of their days, into one.
///
/// Each has to begin with the balance that the one before it ends with, if both say so and nothing is between them, and
/// no two may have rows of the same days.
/// Where days are missing between two, the whole is called partial.
pub fn joined(statements: Vec<Statement>) -> Result<Vec<Statement>, StatementError> {
    let mut accounts: Vec<Statement> = Vec::new();
    let mut statements = statements;
    statements.sort_by_key(|statement| (statement.from, statement.to));
    for statement in statements {
        let is_same =
            |account: &&mut Statement| account.account == statement.account && account.format == statement.format;
        match accounts.iter_mut().find(is_same) {
            Some(account) => follow(account, statement)?,
            None => accounts.push(statement),
        }
    }
    Ok(accounts)
}

fn follow(account: &mut Statement, next: Statement) -> Result<(), Refusal> {
    let is_next = match (account.to, next.from) {
        (Some(to), Some(from)) => to.tomorrow().is_ok_and(|tomorrow| tomorrow >= from),
        _ => false,
    };
    let same_balance = match (&account.closing, &next.opening) {
        (Some(closing), Some(opening)) => Some(amount(closing) == amount(opening)),
        _ => None,
    };
    // Rows of days that both have would count twice. Two statements of one day may follow each other.
    let shares_days = match (account.to, next.from) {
        (Some(to), Some(from)) => from < to || (from == to && same_balance != Some(true)),
        _ => false,
    };
    if shares_days && !account.transactions.is_empty() && !next.transactions.is_empty() {
        return Err(Refusal::Control { control: Control::Pages, counts: None });
    }
    if is_next && same_balance == Some(false) && account.closing_kind == BalanceKind::Closing {
        return Err(Refusal::Control { control: Control::Pages, counts: None });
    }
    if next.extent == Extent::Partial || !(is_next || same_balance == Some(true)) {
        account.extent = Extent::Partial;
    }
    if let Some(closing) = account.closing.take() {
        let (date, amount) = (closing.date, closing.ledger_balance);
        account.others.push(OtherBalance { kind: account.closing_kind, date, amount });
    }
    if let Some(opening) = next.opening.filter(|_| same_balance != Some(true)) {
        let (date, amount) = (opening.date, opening.ledger_balance);
        account.others.push(OtherBalance { kind: BalanceKind::Closing, date, amount });
    }
    account.others.extend(next.others);
    account.transactions.extend(next.transactions);
    account.informational += next.informational;
    (account.to, account.closing, account.closing_kind) = (next.to.max(account.to), next.closing, next.closing_kind);
    account.announced.rows = account.announced.rows.zip(next.announced.rows).map(|(one, other)| one + other);
    account.announced.net = None;
    Ok(())
}

/// The balance as a number: banks write the same with more decimals or fewer.
fn amount(balance: &ShownBalance) -> Option<Decimal> {
    balance.ledger_balance.parse().ok()
}
