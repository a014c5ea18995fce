//! The table and the reader of scripts know the same keys, fields and words.

#![expect(clippy::panic, reason = "it is how a test fails")]

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Keys, Map, SCRIPT, Takes, Word, maps, reference};
use crate::diagnostic::DiagnosticCode as Code;
use crate::form::Faults;
use crate::language::{AccountField, Script, TransactionField};
use crate::node::tree;
use crate::parse::read;

/// Scripts that together have every map of the language.
const SCRIPTS: [&str; 13] = [
    include_str!("../../LANGUAGE.md"),
    include_str!("../../tests/pretend/script.yaml"),
    include_str!("../../tests/captured/script.yaml"),
    include_str!("../../tests/files/script.yaml"),
    include_str!("../../tests/popups/script.yaml"),
    include_str!("../../../../scripts/harbour/script.yaml"),
    include_str!("../../../../scripts/kontor/script.yaml"),
    include_str!("../../../../scripts/meridian/script.yaml"),
    include_str!("../../../../scripts/granary/script.yaml"),
    include_str!("../../../../scripts/lantern/script.yaml"),
    include_str!("../../../../scripts/hoshizora/script.yaml"),
    include_str!("../../../../scripts/coppermine/script.yaml"),
    include_str!("../../../../scripts/threshold/script.yaml"),
];

/// The script itself, or the one in the first fenced block of a document.
fn scripts() -> impl Iterator<Item = &'static str> {
    SCRIPTS.into_iter().map(|text| match text.split("```yaml\n").nth(1) {
        Some(block) => block.split("```").next().unwrap_or_default(),
        None => text,
    })
}

#[test]
fn every_key_of_the_table_is_asked_for_by_the_reader() {
    let mut asked = BTreeSet::new();
    for script in scripts() {
        let mut faults = Faults::default();
        read(&tree(script).expect("a script"), &mut faults);
        asked.append(&mut faults.1);
    }
    let ordered = maps().into_iter().filter(|map| matches!(map.keys, Keys::Ordered(_)));
    let never: Vec<_> = ordered
        .flat_map(|map| map.known().iter().map(|key| (map.id, key.name)))
        .filter(|key| !asked.contains(key))
        .collect();
    assert!(never.is_empty(), "never asked for: {never:?}");
}

#[test]
fn the_fields_of_the_table_are_those_of_the_reader() {
    let fields = |map: &str| -> Vec<&str> {
        let found = maps().into_iter().find(|known| known.id == map).expect(map);
        found.known().iter().map(|key| key.name).collect()
    };
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    let accounts = sorted(AccountField::KNOWN.iter().map(|(word, _)| *word).collect());
    let transactions = sorted(TransactionField::KNOWN.iter().map(|(word, _)| *word).collect());
    for map in ["accountColumns", "accountFields"] {
        assert_eq!(sorted(fields(map)), accounts, "{map}");
    }
    for map in ["transactionColumns", "pendingColumns", "pending"] {
        assert_eq!(sorted(fields(map)), transactions, "{map}");
    }
}

/// Every place of a script that takes words, as a JSON pointer, with the words.
fn places(map: &Map, value: &Value, at: &str, found: &mut Vec<(String, Vec<Word>)>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        let takes = map.takes(key).unwrap_or_else(|| panic!("{at} isn't in the table"));
        place(takes, value, &at, found);
    }
}

fn place(takes: Takes, value: &Value, at: &str, found: &mut Vec<(String, Vec<Word>)>) {
    match takes {
        Takes::Word(words) => found.push((at.to_owned(), words())),
        Takes::Map(map) | Takes::Or(_, map) => places(map, value, at, found),
        Takes::List(takes, _) | Takes::OneOrMany(takes) => {
            for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                place(*takes, value, &format!("{at}/{index}"), found);
            }
        }
        Takes::Text(_) | Takes::Whole(..) => {}
    }
}

#[test]
fn the_words_of_the_table_are_those_of_the_reader() {
    let mut lists = BTreeSet::new();
    for script in scripts() {
        let sound: Value = serde_saphyr::from_str(script).expect("YAML");
        let mut found = Vec::new();
        places(&SCRIPT, &sound, "", &mut found);
        for (at, words) in found {
            let mut faulty = sound.clone();
            *faulty.pointer_mut(&at).expect("a place") = "zzz".into();
            let faults = Script::parse(&faulty.to_string()).expect_err("no list has the word");
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let list = words.join(", ");
            let says = |fault: &crate::Diagnostic| fault.message.ends_with(&format!("one of {list}"));
            let is_said = faults.iter().any(|fault| says(fault) || fault.code == Code::VersionUnknown);
            assert!(is_said, "{at}: {faults}");
            lists.insert(list);
        }
    }
    assert!(lists.len() >= 11, "only {} lists were seen", lists.len());
}

#[test]
fn the_reference_leads_somewhere_from_every_link() {
    let page = reference();
    let heading = |line: &str| {
        line.strip_prefix("## ").map(|name| name.to_lowercase().replace(['`', '\''], "").replace(' ', "-"))
    };
    let headings: BTreeSet<String> = page.lines().filter_map(heading).collect();
    assert_eq!(
        headings.len(),
        page.lines().filter(|line| line.starts_with("## ")).count(),
        "two headings are the same"
    );
    for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(headings.contains(link), "{link}: {headings:?}");
    }
}
