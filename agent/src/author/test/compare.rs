//! Comparing what was read with what was expected, place by place.
//!
//! Not here: where either comes from.

use serde_json::Value;

/// What belongs to a run and not to a bank.
const OWN: [&str; 3] = ["sheets", "window", "failure"];

/// A record without what says nothing, and without what isn't the bank's.
pub(in crate::author) fn bare(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let says = |(name, value): &(String, Value)| {
                !value.is_null() && !OWN.contains(&name.as_str()) && *value != Value::Array(Vec::new()) && value != ""
            };
            let kept = entries.into_iter().map(|(name, value)| (name, bare(value))).filter(says);
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(bare).collect()),
        value => value,
    }
}

/// Every place in which two values differ.
pub(super) fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare("", expected, found, &mut differences);
    differences
}

fn compare(at: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let more = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(more) {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let of = |entries: &serde_json::Map<String, Value>| entries.get(key).cloned().unwrap_or_default();
                compare(&at, &of(one), &of(other), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            if one.len() != other.len() {
                differences.push(format!("{at}: expected {}, found {}", one.len(), other.len()));
            }
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{at}[{index}]"), one, other, differences);
            }
        }
        (one, other) if one == other => {}
        (one, Value::Null) => differences.push(format!("{at}: expected {one}, and it isn't there")),
        (Value::Null, other) => differences.push(format!("{at}: {other} wasn't expected")),
        (one, other) => differences.push(format!("{at}: expected {one}, found {other}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{bare, differences};

    #[test]
    fn every_difference_is_told_with_its_place() {
        let expected = json!({ "today": "2026-11-20", "rows": [{ "a": 1, "b": 2 }, { "a": 3 }] });
        let found = json!({ "today": "2026-11-20", "rows": [{ "a": 1, "c": 4 }], "more": [] });
        let told = differences(&expected, &found);
        let said = [
            "rows: expected 2, found 1",
            "rows[0].b: expected 2, and it isn't there",
            "rows[0].c: 4 wasn't expected",
            "more: [] wasn't expected",
        ];
        assert_eq!(told, said);
        assert!(differences(&expected, &expected).is_empty());
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let record = json!({ "name": "A", "status": null, "sheets": [[1]], "balances": [], "deep": [{ "x": null }] });
        assert_eq!(bare(record), json!({ "name": "A", "deep": [{}] }));
    }
}
