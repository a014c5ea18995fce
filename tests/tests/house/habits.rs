//! What every file looks like, and what no code does.
//!
//! Not here: documents (`documents.rs`).

use crate::files::{File, THESE, files, root};
use crate::no;

const LONGEST_FILE: usize = 500;
const LONGEST_README: usize = 150;

#[test]
fn every_source_file_opens_by_saying_what_it_is_for() {
    let silent = files(&["rs"]).into_iter().filter(|file| !file.text.starts_with("//!"));
    let say = |file: File| format!("{} has to open with `//!`: what it is for, then what it is not", file.name);
    no(&silent.map(say).collect::<Vec<_>>());
}

#[test]
fn no_source_file_is_longer_than_five_hundred_lines() {
    let long = files(&["rs"]).into_iter().map(|file| (file.text.lines().count(), file));
    let say = |(lines, file): (usize, File)| format!("{} has {lines} lines and wants to be two files", file.name);
    no(&long.filter(|(lines, _)| *lines > LONGEST_FILE).map(say).collect::<Vec<_>>());
}

#[test]
fn the_readme_stays_short() {
    let lines = std::fs::read_to_string(root().join("README.md")).expect("README.md").lines().count();
    assert!(lines <= LONGEST_README, "README.md has {lines} lines: move what is too much into docs/");
}

#[test]
fn every_folder_of_the_catalog_is_complete() {
    let folders = std::fs::read_dir(root().join("scripts")).expect("scripts/").filter_map(Result::ok);
    let mut faults = Vec::new();
    for folder in folders.map(|folder| folder.path()).filter(|path| path.is_dir()) {
        for name in ["institution.yaml", "script.yaml", "NOTES.md"] {
            if !folder.join(name).is_file() {
                let folder = folder.strip_prefix(root()).unwrap_or(&folder);
                faults.push(format!("{} has no {name}; scripts/harbour/ shows what it holds", folder.display()));
            }
        }
    }
    no(&faults);
}

#[test]
fn no_test_is_ignored_sleeps_or_waits_to_be_written() {
    let sleep = ["sle", "ep("].concat();
    let mut faults = Vec::new();
    for file in files(&["rs"]).into_iter().filter(|file| !file.is_in(THESE)) {
        let is_test = file.is_in("tests/") || file.name.contains("/tests/") || file.name.ends_with("/tests.rs");
        let mut in_tests = is_test;
        for (number, line) in file.code() {
            in_tests |= line.trim() == "#[cfg(test)]";
            let place = format!("{}:{number}", file.name);
            if line.contains("#[ignore") {
                faults.push(format!("{place} ignores a test: make it pass, or take it out and say why in the commit"));
            }
            if line.contains("todo!(") || line.contains("unimplemented!(") {
                faults.push(format!("{place} isn't written yet"));
            }
            if in_tests && line.contains(&sleep) && !file.is("tests/src/patience.rs") {
                faults.push(format!("{place} sleeps: wait for a condition, as tests/src/patience.rs does"));
            }
        }
    }
    no(&faults);
}

#[test]
fn nothing_is_allowed_without_a_reason() {
    let mut faults = Vec::new();
    for file in files(&["rs"]).into_iter().filter(|file| !file.is_in(THESE)) {
        for (at, _) in file.text.match_indices("[allow(") {
            let attribute = file.text[at..].split(")]").next().unwrap_or_default();
            if !attribute.contains("reason") {
                let line = file.text[..at].lines().count();
                faults.push(format!("{}:{line}: write #[expect(…, reason = \"…\")]", file.name));
            }
        }
    }
    no(&faults);
}

#[test]
fn nothing_names_a_folder_of_one_machine() {
    let folders = ["home", "root", "work", "Users"].map(|name| format!("/{name}/"));
    let mut faults = Vec::new();
    for file in files(&["rs", "md", "toml", "yaml", "lua", "sql", "js", "sh", "Dockerfile"]) {
        for (number, line) in file.text.lines().enumerate() {
            // As a path of its own, not in the middle of one.
            let absolute = |folder: &String| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || "./~_-}>".contains(letter))
                })
            };
            if folders.iter().any(absolute) {
                faults.push(format!("{}:{} names a folder of one machine", file.name, number + 1));
            }
        }
    }
    no(&faults);
}

#[test]
fn statements_name_their_columns_and_dont_compare_a_key_and_the_state_of_a_partial_index() {
    let mut faults = Vec::new();
    for file in files(&["rs"]).into_iter().filter(|file| file.is_in("coordinator/src/store/sql/")) {
        let mut fault = |at: usize, said: &str| {
            let line = file.text[..=at].lines().count();
            faults.push(format!("{}:{line} {said}; coordinator/src/store/sql/mod.rs says why", file.name));
        };
        for all in ["SELECT *", "RETURNING *", ".*,", ".* ", ".*\n"] {
            for (at, _) in file.text.match_indices(all) {
                fault(at, "has to name the columns");
            }
        }
        for (at, _) in file.text.match_indices("state = 'open'").chain(file.text.match_indices("state IN ('open'")) {
            let statement = file.text[..at].rfind('"').map_or("", |quote| &file.text[quote..at]);
            let condition = statement.rfind("WHERE").map_or("", |begin| &statement[begin..]);
            if condition.contains("id = ") || condition.contains("login = ") {
                fault(at, "compares a key and the state of a partial index");
            }
        }
    }
    no(&faults);
}
