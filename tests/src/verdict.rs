//! What the API says held against the portal's own truth, field by field.
//!
//! Not here: reading either side.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// How far the API's records are from the truth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records of the truth that the API doesn't have.
    pub missing: usize,
    /// Records of the API that the truth doesn't have.
    pub unexpected: usize,
    /// Records that are in both and differ in a field.
    pub wrong: usize,
    /// A line for each difference.
    pub differences: Vec<String>,
}

/// Fields that are the API's own and have no truth at the bank.
const OWN_FIELDS: [&str; 7] = ["id", "connectionId", "accountId", "createdAt", "updatedAt", "metadata", "completeness"];

/// Fields of the truth that a portal doesn't show where they are read, and so the API doesn't
/// have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unshown<'a> {
    /// Of accounts.
    pub accounts: &'a [&'a str],
    /// Of transactions.
    pub transactions: &'a [&'a str],
}

impl Verdict {
    /// Compares every field of every record.
    #[must_use]
    pub fn of(truth: &Value, accounts: &[Value], transactions: &[Value]) -> Self {
        Self::besides(Unshown::default(), truth, accounts, transactions)
    }

    /// Compares every field that is shown.
    #[must_use]
    pub fn besides(unshown: Unshown<'_>, truth: &Value, accounts: &[Value], transactions: &[Value]) -> Self {
        let mut verdict = Self::default();
        let account_fields = [&["portalKey"], unshown.accounts].concat();
        let transaction_fields = [&["accountKey"], unshown.transactions].concat();
        let number = |account: &Value| account["accountNumber"].as_str().unwrap_or_default().to_owned();
        let by_id: HashMap<&str, String> =
            accounts.iter().filter_map(|account| Some((account["id"].as_str()?, number(account)))).collect();
        let by_key: HashMap<&str, String> = list(&truth["accounts"])
            .iter()
            .filter_map(|account| Some((account["portalKey"].as_str()?, number(account))))
            .collect();

        let expected = list(&truth["accounts"]).iter().map(|account| bare(account, &account_fields));
        let found = accounts.iter().map(|account| bare(account, unshown.accounts));
        verdict.compare("account", expected.collect(), found.collect(), &["accountNumber"]);

        let expected = list(&truth["transactions"]).iter().map(|transaction| {
            let account = transaction["accountKey"].as_str().and_then(|key| by_key.get(key));
            with_account(bare(transaction, &transaction_fields), account)
        });
        let found = transactions.iter().map(|transaction| {
            let account = transaction["accountId"].as_str().and_then(|id| by_id.get(id));
            with_account(bare(transaction, unshown.transactions), account)
        });
        verdict.compare("transaction", expected.collect(), found.collect(), &["account", "postedDate", "amount"]);
        verdict
    }

    /// Whether there is no difference at all.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing + self.unexpected + self.wrong == 0
    }

    /// Equal records cancel out, as a multiset; of what is left, records with the same
    /// `keys` are one record that is wrong.
    fn compare(&mut self, what: &str, expected: Vec<Value>, found: Vec<Value>, keys: &[&str]) {
        let mut left: HashMap<String, Vec<Value>> = HashMap::new();
        for record in found {
            left.entry(record.to_string()).or_default().push(record);
        }
        let missing: Vec<Value> = expected
            .into_iter()
            .filter(|record| left.get_mut(&record.to_string()).and_then(Vec::pop).is_none())
            .collect();
        let mut unexpected: Vec<Value> = left.into_values().flatten().collect();
        let key = |record: &Value| keys.iter().map(|key| record[*key].to_string()).collect::<Vec<_>>();
        for record in missing {
            match unexpected.iter().position(|other| key(other) == key(&record)) {
                Some(position) => {
                    let other = unexpected.swap_remove(position);
                    self.wrong += 1;
                    self.differences.push(format!("{what}: expected {record}, found {other}"));
                }
                None => {
                    self.missing += 1;
                    self.differences.push(format!("{what} missing: {record}"));
                }
            }
        }
        self.unexpected += unexpected.len();
        self.differences.extend(unexpected.iter().map(|record| format!("{what} unexpected: {record}")));
    }
}

/// A record's fields in the order of their names, without those that say nothing and
/// those that are not the bank's.
fn bare(record: &Value, besides: &[&str]) -> Value {
    let fields = record.as_object().into_iter().flatten();
    let mut fields: Vec<(String, Value)> = fields
        .filter(|(name, value)| {
            !value.is_null() && !OWN_FIELDS.contains(&name.as_str()) && !besides.contains(&name.as_str())
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    Map::from_iter(fields).into()
}

fn with_account(mut record: Value, account: Option<&String>) -> Value {
    record["account"] = json!(account);
    record
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Verdict;
    use serde_json::{Value, json};

    fn truth() -> Value {
        let row = json!({ "accountKey": "k", "postedDate": "2026-10-01", "amount": "-4.50", "description": "coffee" });
        json!({ "accounts": [{ "portalKey": "k", "accountNumber": "1", "name": "Operating" }], "transactions": [row, row] })
    }

    fn check(description: &str, count: usize, expected: (usize, usize, usize)) {
        let accounts = [json!({ "id": "a", "accountNumber": "1", "name": "Operating", "metadata": {} })];
        let row = json!({ "id": "t", "accountId": "a", "postedDate": "2026-10-01", "amount": "-4.50", "description": description });
        let verdict = Verdict::of(&truth(), &accounts, &vec![row; count]);
        assert_eq!((verdict.missing, verdict.unexpected, verdict.wrong), expected, "{verdict:?}");
        assert_eq!(verdict.is_clean(), expected == (0, 0, 0));
    }

    #[test]
    fn equal_rows_are_counted_and_every_field_is_compared() {
        check("coffee", 2, (0, 0, 0));
        check("coffee", 1, (1, 0, 0));
        check("coffee", 3, (0, 1, 0));
        check("tea", 2, (0, 0, 2));
    }
}
