//! What an account that was read says of itself: whether its balances and the number of its rows bear it out, in words for an
//! author. A coordinator judges by the same checks, and by what it knew before.
//!
//! Not here: the checks.

use domain::account::ObservedAccount;
use domain::completeness::{Break, Check, CheckName, Checked, Completeness, End, Outcome};
use domain::transaction::ObservedTransaction;

/// What an account's own numbers contradict, a line each.
pub(super) fn contradictions(account: &ObservedAccount) -> Vec<String> {
    let verdict = Checked::new(account).by_itself();
    let failed = verdict.checks.iter().filter(|check| check.outcome == Outcome::Failed);
    failed.map(|check| told(check, &verdict, account)).collect()
}

/// The same of the rows on one page: its running balances alone, as the others speak of all pages.
pub(super) fn contradiction_on_page(rows: &[ObservedTransaction]) -> Option<String> {
    let account = ObservedAccount {
        currency: rows.first()?.currency.clone(),
        transactions: rows.to_vec(),
        ..ObservedAccount::unknown()
    };
    let verdict = Checked::new(&account).by_itself();
    let chain = verdict.checks.iter().find(|check| check.name == CheckName::RunningBalance);
    chain.filter(|check| check.outcome == Outcome::Failed).map(|check| told(check, &verdict, &account))
}

fn told(check: &Check, verdict: &Completeness, account: &ObservedAccount) -> String {
    match check.name {
        CheckName::RunningBalance => {
            let place = verdict.broken.as_ref().map(place).unwrap_or_default();
            format!(
                "its running balances don't follow from its amounts{place}: a row is missing, or an amount or its sign is read wrong"
            )
        }
        CheckName::RowCount => {
            let announced = account.window.as_ref().and_then(|window| window.rows_announced);
            let announced = announced.map(|count| count.to_string()).unwrap_or_default();
            format!("the portal announces {announced} rows, and {} were read", account.transactions.len())
        }
        CheckName::ListEnd => "its list wasn't walked to the end".to_owned(),
        _ => "its rows don't lead to its balance".to_owned(),
    }
}

/// Between which rows, counted from 1 in the list's order.
fn place(broken: &Break) -> String {
    match broken.between {
        (End::Row(older), End::Row(newer)) => {
            format!(" between rows {} and {}", older.min(newer) + 1, older.max(newer) + 1)
        }
        (End::Row(row), End::Edge(_)) | (End::Edge(_), End::Row(row)) => format!(" at row {}", row + 1),
        (End::Edge(_), End::Edge(_)) => String::new(),
    }
}
