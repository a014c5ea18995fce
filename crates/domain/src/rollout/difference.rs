//! In what two readings of the same accounts at the same time differ: rows as a multiset, balances, accounts; and
//! which fields of rows, by name alone.
//!
//! What is compared may be a customer's money, so nothing of it stays: a difference is counts and names of fields.
//!
//! Not here: which reading is right.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::account::ObservedAccount;
use crate::transaction::ObservedTransaction;

/// In what two readings differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Difference {
    /// Accounts that the second lacks, or couldn't read.
    pub accounts_missing: u32,
    /// Accounts that the second alone has.
    pub accounts_more: u32,
    /// Accounts whose balances or descriptions of themselves differ.
    pub accounts_changed: u32,
    /// Rows that the second lacks.
    pub rows_missing: u32,
    /// Rows that the second alone has.
    pub rows_more: u32,
    /// Rows that both have at the same place, and that differ.
    pub rows_changed: u32,
    /// The fields in which they do.
    pub fields: BTreeSet<String>,
}

impl Difference {
    /// Between what one and what another read.
    #[must_use]
    pub fn between(one: &[ObservedAccount], other: &[ObservedAccount]) -> Self {
        let mut difference = Self::default();
        let others: BTreeMap<&str, &ObservedAccount> =
            other.iter().map(|account| (account.portal_key.as_str(), account)).collect();
        let keys: BTreeSet<&str> = one.iter().map(|account| account.portal_key.as_str()).collect();
        difference.accounts_more = count(other.iter().filter(|account| !keys.contains(account.portal_key.as_str())));
        for account in one {
            // What the first couldn't read tells nothing of the second.
            if account.failure.is_some() {
                continue;
            }
            match others.get(account.portal_key.as_str()).filter(|other| other.failure.is_none()) {
                Some(other) => difference.of_account(account, other),
                None => difference.accounts_missing += 1,
            }
        }
        difference
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another's counts.
    pub fn add(&mut self, more: &Self) {
        self.accounts_missing = self.accounts_missing.saturating_add(more.accounts_missing);
        self.accounts_more = self.accounts_more.saturating_add(more.accounts_more);
        self.accounts_changed = self.accounts_changed.saturating_add(more.accounts_changed);
        self.rows_missing = self.rows_missing.saturating_add(more.rows_missing);
        self.rows_more = self.rows_more.saturating_add(more.rows_more);
        self.rows_changed = self.rows_changed.saturating_add(more.rows_changed);
        self.fields.extend(more.fields.iter().cloned());
    }

    /// Adds that a row was read as another.
    pub fn add_row(&mut self, before: &ObservedTransaction, after: &ObservedTransaction) {
        let fields = row_fields(before, after);
        if !fields.is_empty() {
            self.rows_changed = self.rows_changed.saturating_add(1);
            self.fields.extend(fields);
        }
    }

    fn of_account(&mut self, one: &ObservedAccount, other: &ObservedAccount) {
        let own = account_fields(one, other);
        if !own.is_empty() {
            self.accounts_changed += 1;
            self.fields.extend(own);
        }
        // Those that may be the same lie together, so that long lists don't take their square.
        let mut alike: BTreeMap<Likeness<'_>, VecDeque<usize>> = BTreeMap::new();
        for (at, row) in other.transactions.iter().enumerate() {
            alike.entry(likeness(row)).or_default().push_back(at);
        }
        let mut left: Vec<Option<&ObservedTransaction>> = other.transactions.iter().map(Some).collect();
        let mut lacking = Vec::new();
        for row in &one.transactions {
            let places = alike.get_mut(&likeness(row));
            let found = places.and_then(|places| {
                let is_same = |at: &usize| other.transactions.get(*at) == Some(row);
                let place = places.iter().position(is_same)?;
                places.remove(place)
            });
            match found.and_then(|at| left.get_mut(at)) {
                Some(same) => *same = None,
                None => lacking.push(row),
            }
        }
        let left: Vec<&ObservedTransaction> = left.into_iter().flatten().collect();
        // As many of each, in the portal's order: they are the same rows, read otherwise.
        if lacking.len() == left.len() {
            lacking.iter().zip(&left).for_each(|(before, after)| self.add_row(before, after));
        } else {
            self.rows_missing = self.rows_missing.saturating_add(count(lacking.iter()));
            self.rows_more = self.rows_more.saturating_add(count(left.iter()));
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = [
            (self.accounts_missing, "accounts missing"),
            (self.accounts_more, "accounts more"),
            (self.accounts_changed, "accounts changed"),
            (self.rows_missing, "rows missing"),
            (self.rows_more, "rows more"),
            (self.rows_changed, "rows changed"),
        ];
        let there = counts.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = there.map(|(count, what)| format!("{count} {what}")).collect();
        if words.is_empty() {
            return formatter.write_str("no difference");
        }
        formatter.write_str(&words.join(", "))?;
        let fields: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        if fields.is_empty() { Ok(()) } else { write!(formatter, " (in {})", fields.join(", ")) }
    }
}

/// What two rows have in common that are the same.
type Likeness<'a> = (Option<Date>, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

fn likeness(row: &ObservedTransaction) -> Likeness<'_> {
    let (amount, description) = (row.amount.as_str(), row.description.as_str());
    (row.posted_date, amount, description, row.running_balance.as_deref(), row.bank_reference.as_deref())
}

fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// The names of those fields in which two things differ, as their JSON has them.
macro_rules! fields_between {
    ($one:expr, $other:expr, [$($field:ident = $name:literal),+ $(,)?]) => {{
        let pairs = [$(($one.$field != $other.$field, $name)),+];
        pairs.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name.to_owned()).collect::<BTreeSet<String>>()
    }};
}

fn row_fields(one: &ObservedTransaction, other: &ObservedTransaction) -> BTreeSet<String> {
    fields_between!(
        one,
        other,
        [
            status = "status",
            posted_date = "postedDate",
            amount = "amount",
            currency = "currency",
            entry_type = "entryType",
            description = "description",
            raw_description = "rawDescription",
            rail = "rail",
            bank_reference = "bankReference",
            customer_reference = "customerReference",
            bai_code = "baiCode",
            category = "category",
            subcategory = "subcategory",
            mcc = "mcc",
            merchant_name = "merchantName",
            counterparty_name = "counterpartyName",
            counterparty_account_masked = "counterpartyAccountMasked",
            transaction_date = "transactionDate",
            running_balance = "runningBalance",
        ]
    )
}

fn account_fields(one: &ObservedAccount, other: &ObservedAccount) -> BTreeSet<String> {
    fields_between!(
        one,
        other,
        [
            account_type = "type",
            currency = "currency",
            name = "name",
            status = "status",
            official_name = "officialName",
            masked_number = "maskedNumber",
            account_number = "accountNumber",
            routing_number = "routingNumber",
            swift_bic = "swiftBic",
            current_balance = "currentBalance",
            available_balance = "availableBalance",
            balance_as_of = "balanceAsOf",
            balances = "balances",
        ]
    )
}

#[cfg(test)]
mod tests {
    use super::Difference;
    use crate::account::ObservedAccount;
    use crate::ledger::tests::row;
    use crate::transaction::ObservedTransaction;

    fn account(key: &str, transactions: Vec<ObservedTransaction>) -> ObservedAccount {
        ObservedAccount { portal_key: key.into(), transactions, ..ObservedAccount::unknown() }
    }

    #[test]
    fn two_equal_readings_don_t_differ_in_whatever_order_their_rows_stand() {
        let (coffee, bread) = (row("2026-10-01 -4.50 coffee"), row("2026-10-02 -3.00 bread"));
        let one = account("a", vec![coffee.clone(), coffee.clone(), bread.clone()]);
        let other = account("a", vec![bread, coffee.clone(), coffee]);
        assert!(Difference::between(&[one], &[other]).is_none());
    }

    #[test]
    fn a_wrong_column_shows_as_changed_rows_and_names_its_field_and_no_value() {
        let one = account("a", vec![row("2026-10-01 -4.50 coffee"), row("2026-10-02 -3.00 bread")]);
        let other = account("a", vec![row("2026-10-01 -4.50 91"), row("2026-10-02 -3.00 88")]);
        let difference = Difference::between(&[one], &[other]);
        assert_eq!(difference.to_string(), "2 rows changed (in description)");
    }

    #[test]
    fn an_equal_row_that_is_there_once_less_is_missing() {
        let coffee = row("2026-10-01 -4.50 coffee");
        let one = account("a", vec![coffee.clone(), coffee.clone()]);
        let difference = Difference::between(&[one], &[account("a", vec![coffee])]);
        assert_eq!((difference.rows_missing, difference.rows_more, difference.rows_changed), (1, 0, 0));
    }

    #[test]
    fn rows_that_are_alike_and_not_the_same_are_told_apart_in_their_order() {
        let (coffee, bread) = (row("2026-10-01 -4.50 coffee"), row("2026-10-02 -3.00 bread"));
        let by_card = ObservedTransaction { mcc: Some("5814".into()), ..coffee.clone() };
        let one = account("a", vec![coffee.clone(), by_card.clone(), bread.clone()]);
        let other = account("a", vec![bread.clone(), by_card.clone(), coffee.clone()]);
        assert!(Difference::between(std::slice::from_ref(&one), &[other]).is_none());
        let twice = account("a", vec![coffee.clone(), coffee, bread]);
        assert_eq!(Difference::between(&[one], &[twice]).to_string(), "1 rows changed (in mcc)");
    }

    #[test]
    fn long_lists_in_another_order_are_compared_in_no_time_that_a_run_would_feel() {
        let rows = |numbers: &mut dyn Iterator<Item = u32>| {
            let first = row("2026-10-01 -4.50 coffee");
            numbers.map(|n| ObservedTransaction { description: format!("{n}"), ..first.clone() }).collect::<Vec<_>>()
        };
        let one = account("a", rows(&mut (0..40_000)));
        let other = account("a", rows(&mut (0..40_000).rev()));
        // By each row against each other it is 800 million comparisons.
        assert!(Difference::between(&[one], &[other]).is_none());
    }

    #[test]
    fn accounts_that_one_of_them_lacks_are_told_apart() {
        let (a, b) = (account("a", Vec::new()), account("b", Vec::new()));
        let difference = Difference::between(std::slice::from_ref(&a), &[b]);
        assert_eq!((difference.accounts_missing, difference.accounts_more), (1, 1));
        let renamed = ObservedAccount { current_balance: Some("1.00".into()), ..a.clone() };
        let difference = Difference::between(&[a], &[renamed]);
        assert_eq!(difference.to_string(), "1 accounts changed (in currentBalance)");
    }
}
