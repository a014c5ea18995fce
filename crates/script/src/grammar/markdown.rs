//! The language as a page of the reference: every map, every key, a sentence each.
//!
//! Not here: what the language is; that is the table. `LANGUAGE.md` shows it at work.

use std::fmt::Write as _;

use super::{Key, Keys, Least, Map, Need, RECORD, Rule, Shape, Takes, Word, Words, maps, maps_from};

/// The page in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Keys of a script\n\n\
         Every map of [the language](../../crates/script/LANGUAGE.md), its keys and what they take. `cargo xtask generate` \
         writes this page from\n`crates/script/src/grammar/`; `agent schema --markdown` prints it. For editors there is the \
         same as JSON Schema in\n`docs/reference/script.schema.json`, which `agent schema` prints: begin a script with\n\n\
         ```yaml\n# yaml-language-server: $schema=script.schema.json\n```\n\n\
         and an editor with a YAML language server completes keys and words, shows these sentences, and marks faults.\n\
         Keys are written in this order; `agent fmt` puts them into it.\n",
    );
    push_maps(&mut page, &maps());
    page
}

/// The page of the record's keys.
#[must_use]
pub fn record_reference() -> String {
    let mut page = String::from(
        "# Keys of a record\n\n\
         Every map of `institution.yaml`, the catalog record that stands beside a script. `cargo xtask generate` writes this \
         page from\n`crates/script/src/grammar/record.rs`; `agent schema --record --markdown` prints it, and `agent check` \
         says what is wrong with\na record. For editors there is the same as JSON Schema in \
         `docs/reference/institution.schema.json`.\n",
    );
    push_maps(&mut page, &maps_from(&RECORD));
    page
}

fn push_maps(page: &mut String, maps: &[&'static Map]) {
    for map in maps {
        push_map(page, map);
    }
    page.push_str("\n## Words\n");
    let mut seen: Vec<Vec<Word>> = Vec::new();
    for (key, words) in maps.iter().flat_map(|map| words(map)) {
        let words = words();
        if words.len() > 1 && !seen.contains(&words) {
            push_words(page, &key, &words);
            seen.push(words);
        }
    }
}

/// The keys of a map that take words, with where they stand.
fn words(map: &Map) -> Vec<(String, Words)> {
    let named = match map.keys {
        Keys::Named { takes: Takes::Word(words), .. } => Some((map.name.to_owned(), words)),
        _ => None,
    };
    let known = map.known().iter().filter_map(|key| match key.takes {
        Takes::Word(words) | Takes::List(&Takes::Word(words), _) => {
            Some((format!("`{}` of {}", key.name, map.name), words))
        }
        _ => None,
    });
    known.chain(named).collect()
}

fn push_words(page: &mut String, key: &str, words: &[Word]) {
    let _ = write!(page, "\n| {key} | |\n|---|---|\n");
    for (word, meaning) in words {
        let _ = writeln!(page, "| `{word}` | {meaning} |");
    }
}

fn push_map(page: &mut String, map: &Map) {
    let _ = write!(page, "\n## {}\n\n{}\n", capital(map.name), map.text);
    match map.keys {
        Keys::Ordered(keys) | Keys::Chosen(keys) => {
            page.push_str("\n| key | takes | | |\n|---|---|---|---|\n");
            for key in keys {
                let Key { name, takes, text, .. } = key;
                let _ = writeln!(page, "| `{name}` | {} | {} | {text} |", shown(*takes), need(key.need));
            }
        }
        Keys::Named { key, takes, .. } => {
            let _ = writeln!(page, "\nEach key is {}, and takes {}.", key.name, shown(takes));
        }
    }
    let rules: Vec<String> = map.rules.iter().map(|rule| sentence(*rule)).collect();
    if !rules.is_empty() {
        let _ = writeln!(page, "\n{}", rules.join(" "));
    }
}

fn need(need: Need) -> String {
    match need {
        Need::Needed => "needed".into(),
        Need::Optional => "optional".into(),
        Need::Default(default) => format!("`{default}` unless said"),
    }
}

/// What a key takes, in words.
fn shown(takes: Takes) -> String {
    match takes {
        Takes::Text(text) => text.name.into(),
        Takes::Word(words) => match words().as_slice() {
            [(word, _)] => format!("`{word}`"),
            words if words.len() <= 4 => {
                words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(" ")
            }
            _ => "a [word](#words)".into(),
        },
        Takes::Whole(least, most) => format!("a whole number from {least} to {most}"),
        Takes::Map(map) => link(map),
        Takes::List(takes, Least::None) => format!("a list, each {}", shown(*takes)),
        Takes::List(takes, Least::One) => format!("a list of one or more, each {}", shown(*takes)),
        Takes::OneOrMany(takes) => format!("{} or several", shown(*takes)),
        Takes::Or(text, map) => format!("{}, or {}", shown(*text), link(map)),
    }
}

fn link(map: &Map) -> String {
    let anchor: String = map
        .name
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '`' | '\'' => None,
            letter => Some(letter.to_ascii_lowercase()),
        })
        .collect();
    format!("[{}](#{anchor})", map.name)
}

fn listed(keys: &[&str], last: &str) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match keys.as_slice() {
        [before @ .., end] if !before.is_empty() => format!("{} {last} {end}", before.join(", ")),
        keys => keys.concat(),
    }
}

/// What a rule says.
fn sentence(rule: Rule) -> String {
    match rule {
        Rule::All(keys) => format!("It needs {}.", listed(keys, "and")),
        Rule::Shapes(shapes) => {
            let keys = |keys: &[&str]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ");
            let shape = |shape: &Shape| match shape.optional {
                [] => keys(shape.needed),
                optional => format!("{} (and perhaps {})", keys(shape.needed), keys(optional)),
            };
            format!("It has one of: {}.", shapes.iter().map(shape).collect::<Vec<_>>().join("; "))
        }
        Rule::OneOf(keys) => format!("It has one of {}.", listed(keys, "and")),
        Rule::AtMostOneOf([one, other]) => format!("It has no `{one}` beside `{other}`."),
        Rule::AtMostOneOf(keys) => format!("It has at most one of {}.", listed(keys, "and")),
        Rule::SomeOf(keys) => format!("It needs {}.", listed(keys, "or")),
        Rule::Single => "It has one key.".into(),
        Rule::Among { from, of } => format!("What `{from}` names is one of the `{of}`."),
        Rule::NeededFor { key, of, any } => {
            format!("`{key}` is needed where {} is one of the `{of}`.", listed(any, "or"))
        }
        Rule::Together { map, of, keys } => {
            format!("`{map}` has the words of {} where it is one of the `{of}`, and there alone.", listed(keys, "or"))
        }
        Rule::Only { map, of, keys } => {
            format!("`{map}` has the words of {} only where it is one of the `{of}`.", listed(keys, "or"))
        }
        Rule::With { key, of, field } => format!("`{key}` is only there where `{field}` is one of the `{of}`."),
        Rule::Later { list, map, of, keys } => format!(
            "Each of the `{list}` that has {} among its `{of}` needs the words in its `{map}`, unless they stand here.",
            listed(keys, "or")
        ),
        Rule::OnlyWhere { key, of, words } => format!("`{key}` is only there where `{of}` is {}.", listed(words, "or")),
        Rule::Amounts => "It needs either `amount`, or both `debit` and `credit`.".into(),
        Rule::Answered => {
            "A page with a `challenge` has a step that fills in the `answer`, and only there is an `answer` or the \
             effect `code`; one of the kind `appApproval` or `takeover` has no `do`."
                .into()
        }
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
