//! Matching the rows that a run read to the rows that are already known, so that
//! reading the same page again adds nothing.
//!
//! Rows are matched as a multiset by all that the bank shows of them: two equal
//! coffees on one day stay two, and reading both again adds none. Where a row
//! stands in a list, on which page, and when it was read are never part of it.
//!
//! Not here yet: rows that change between two runs (pending to posted, renamed,
//! re-dated) are taken for new ones.

use std::collections::HashMap;

use crate::transaction::ObservedTransaction;

/// All that the bank shows of a row, in one text that is equal for equal rows and for
/// no others: each part stands behind its length.
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

/// The positions in `observed` that no known row accounts for, in their order.
///
/// For each key, the first `min(known, observed)` rows are the known ones.
pub fn unknown_rows<'a>(known: impl IntoIterator<Item = &'a str>, observed: &[ObservedTransaction]) -> Vec<usize> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for key in known {
        *left.entry(key).or_default() += 1;
    }
    let is_unknown = |transaction: &ObservedTransaction| match left.get_mut(match_key(transaction).as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let unknown: Vec<bool> = observed.iter().map(is_unknown).collect();
    unknown.iter().enumerate().filter_map(|(position, &unknown)| unknown.then_some(position)).collect()
}

#[cfg(test)]
mod tests {
    use super::{match_key, unknown_rows};
    use crate::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};

    fn coffee(description: &str) -> ObservedTransaction {
        ObservedTransaction {
            status: TransactionStatus::Posted,
            posted_date: "2026-10-03".parse().ok(),
            amount: "-4.50".into(),
            currency: "USD".into(),
            entry_type: EntryType::Debit,
            description: description.into(),
            raw_description: None,
            rail: Rail::Card,
            bank_reference: None,
            customer_reference: None,
            bai_code: None,
            category: None,
            subcategory: None,
            mcc: None,
            merchant_name: None,
            counterparty_name: None,
            counterparty_account_masked: None,
            transaction_date: None,
            running_balance: None,
        }
    }

    fn check(known: &[&str], observed: &[&str], expected: &[usize]) {
        let known: Vec<String> = known.iter().map(|word| match_key(&coffee(word))).collect();
        let observed: Vec<_> = observed.iter().map(|word| coffee(word)).collect();
        assert_eq!(unknown_rows(known.iter().map(String::as_str), &observed), expected);
    }

    #[test]
    fn equal_rows_stay_as_many_as_the_bank_shows() {
        check(&[], &["bean", "bean"], &[0, 1]);
        check(&["bean"], &["bean", "bean"], &[1]);
        check(&["bean", "bean"], &["bean", "bean"], &[]);
        check(&["bean", "bean"], &["bean"], &[]);
    }

    #[test]
    fn the_order_of_a_list_does_not_matter() {
        check(&["a", "b"], &["b", "a"], &[]);
        check(&["a", "b"], &["c", "b", "a"], &[0]);
    }

    #[test]
    fn a_difference_in_any_shown_part_makes_another_row() {
        let row = coffee("bean");
        let mut other = row.clone();
        other.bank_reference = Some("7".into());
        assert_ne!(match_key(&row), match_key(&other));
        other = row.clone();
        other.status = TransactionStatus::Pending;
        assert_ne!(match_key(&row), match_key(&other));
    }
}
