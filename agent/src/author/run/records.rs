//! What was read, for people and for programs.
//!
//! Not here: reading it.

use comfy_table::{Table, presets};
use domain::account::ObservedAccount;
use domain::transaction::TransactionStatus;

use crate::author::plain;

/// The accounts without the cells that they were read from.
pub(super) fn bare(accounts: &[ObservedAccount]) -> Vec<ObservedAccount> {
    let bare = |account: &ObservedAccount| ObservedAccount { sheets: Vec::new(), ..account.clone() };
    accounts.iter().map(bare).collect()
}

/// A line for each account, with what its transactions come to.
pub(super) fn table(accounts: &[ObservedAccount]) -> String {
    let mut table = Table::new();
    let header = ["ACCOUNT", "NUMBER", "TYPE", "BALANCE", "AVAILABLE", "", "ROWS", "PENDING", "FROM", "TO", ""];
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    for account in accounts {
        let rows = &account.transactions;
        let days = || rows.iter().filter_map(|row| row.posted_date);
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
        let pending = rows.iter().filter(|row| row.status == TransactionStatus::Pending).count();
        let failure = account.failure.as_ref().map(|failure| format!("{}: {}", failure.code, failure.message));
        table.add_row([
            plain(&account.name),
            text(account.masked_number.as_ref().map_or(&account.account_number, |_| &account.masked_number)),
            account.account_type.to_string(),
            text(&account.current_balance),
            text(&account.available_balance),
            account.currency.clone(),
            rows.len().to_string(),
            pending.to_string(),
            day(days().min()),
            day(days().max()),
            failure.unwrap_or_default(),
        ]);
    }
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}
