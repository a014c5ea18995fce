//! Which module of the coordinator may know which.
//!
//! Not here: the crates (`arrows.rs`).

use crate::files::{files, word_at};
use crate::no;

/// A module, and what may be used of it: all, unless names are given.
type Arrow = (&'static str, &'static [&'static str]);

/// Which module of the coordinator a module may use.
const MODULES: [(&str, &[Arrow]); 17] = [
    ("backoff", &[("vault", &["random"])]),
    ("buckets", &[]),
    ("catalog", &[("config", &["CatalogSource", "Place"])]),
    (
        "cli",
        &[
            ("catalog", &[]),
            ("clock", &[]),
            ("config", &[]),
            ("console", &[]),
            ("fleet", &[]),
            ("http", &[]),
            ("keda", &[]),
            ("queue", &[]),
            ("sealer", &[]),
            ("setup", &[]),
            ("store", &[]),
            ("telemetry", &[]),
            ("vault", &[]),
            ("webhooks", &[]),
        ],
    ),
    ("clock", &[]),
    ("config", &[("store", &["StoreUrl", "Tables"])]),
    (
        "console",
        &[
            ("clock", &[]),
            ("fleet", &[]),
            ("queue", &["Depth", "DrainState", "InstitutionDepth", "QueueError", "SeenAgent", "Waits"]),
            ("store", &[]),
            ("vault", &["Vault", "mac"]),
        ],
    ),
    (
        "fleet",
        &[
            ("backoff", &[]),
            ("catalog", &[]),
            ("clock", &[]),
            ("config", &[]),
            ("queue", &[]),
            ("sealer", &[]),
            ("store", &[]),
            ("vault", &[]),
            ("webhooks", &[]),
        ],
    ),
    (
        "http",
        &[
            ("buckets", &["Buckets"]),
            ("catalog", &["Catalog", "LARGEST_SCRIPT"]),
            ("clock", &[]),
            ("config", &["Inbound"]),
            ("console", &["address"]),
            ("fleet", &[]),
            ("queue", &["DrainState", "InstitutionDepth", "QueueError", "SeenAgent", "SeenFlow", "SeenLease", "Waits"]),
            ("store", &[]),
            ("vault", &["mac"]),
        ],
    ),
    ("keda", &[("config", &["Keda"]), ("fleet", &["Error", "Fleet", "Measured"]), ("queue", &["QueueError"])]),
    ("queue", &[("store", &["Holder", "QueuedRun"])]),
    ("sealer", &[("store", &[]), ("vault", &[])]),
    (
        "setup",
        &[
            ("buckets", &["Buckets"]),
            ("clock", &[]),
            ("config", &["Brand"]),
            ("console", &["Asset", "FOR_GOOD", "Fields", "LARGEST_FORM", "MORPH", "address", "is_from_here"]),
            ("fleet", &["Error", "Fleet", "SetupLink", "SetupStanding"]),
            ("store", &[]),
        ],
    ),
    ("store", &[]),
    ("telemetry", &[("config", &[])]),
    ("vault", &[]),
    ("webhooks", &[("backoff", &[]), ("clock", &[]), ("config", &[]), ("sealer", &[]), ("store", &[]), ("vault", &[])]),
];

#[test]
fn modules_of_the_coordinator_know_each_other_as_the_table_says() {
    let mut faults = Vec::new();
    for file in files(&["rs"]).iter().filter(|file| file.is_in("coordinator/src/")) {
        let module = file.name["coordinator/src/".len()..].split(['/', '.']).next().unwrap_or_default();
        if module == "main" {
            continue;
        }
        let Some((_, allowed)) = MODULES.iter().find(|(known, _)| *known == module) else {
            faults.push(format!("{}: the module {module} isn't in MODULES: say what it may know", file.name));
            continue;
        };
        for (to, what) in uses_of_the_crate(&file.text) {
            if to == module {
                continue;
            }
            match allowed.iter().find(|(known, _)| *known == to) {
                None => faults.push(format!("{}: {module} uses {to}, which MODULES doesn't allow", file.name)),
                Some((_, types)) if !types.is_empty() => {
                    let others = what.iter().filter(|what| !types.contains(&what.as_str()));
                    faults.extend(others.map(|what| {
                        format!("{}: {module} uses {to}::{what}; it may use {} alone", file.name, types.join(", "))
                    }));
                }
                Some(_) => {}
            }
        }
    }
    no(&faults);
}

/// Each module that is named after `crate::`, with what is taken from it.
fn uses_of_the_crate(text: &str) -> Vec<(String, Vec<String>)> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    code.match_indices("crate::").flat_map(|(at, found)| tree(&code[at + found.len()..])).collect()
}

/// `a::{B, C}` or `{a, b::C}` → modules with names.
fn tree(text: &str) -> Vec<(String, Vec<String>)> {
    if let Some(inside) = braced(text) {
        return inside.iter().flat_map(|item| tree(item)).collect();
    }
    let module = word_at(text);
    let rest = text.strip_prefix(module).and_then(|rest| rest.strip_prefix("::"));
    let names = match rest {
        None => Vec::new(),
        Some(rest) => match braced(rest) {
            Some(inside) => inside.iter().map(|item| word_at(item).to_owned()).collect(),
            None => vec![word_at(rest).to_owned()],
        },
    };
    vec![(module.to_owned(), names)]
}

/// The items of `{a, b::{c, d}}` at the front of `text`.
fn braced(text: &str) -> Option<Vec<String>> {
    let inside = text.strip_prefix('{')?;
    let (mut depth, mut items) = (0_usize, vec![String::new()]);
    for letter in inside.chars() {
        match letter {
            '}' if depth == 0 => break,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        items.last_mut()?.push(letter);
    }
    Some(items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}
