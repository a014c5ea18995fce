//! `agent check` of a folder: its script and its record together, each fault with its file and its place.
//!
//! Not here: what is wrong with a script; the script crate's own tests have that.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::process::{command, folder, output};

/// A folder that `agent new` made.
fn new(more: &[&str]) -> (TempDir, PathBuf) {
    folder("banque-du-lac", more)
}

/// What `agent check` says, and how it ends.
fn check(file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let said = output(command().arg("check").arg(file).args(more));
    (said.status.code(), String::from_utf8_lossy(&said.stdout).into_owned())
}

/// One text of a file in place of another.
fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

#[test]
fn a_banks_name_is_given_where_its_folder_doesnt_tell() {
    let (_folder, path) = new(&["--name", "Banque du Lac: Épargne & Cie"]);
    let (code, said) = check(&path, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("a sound script for banque-du-lac"), "{said}");
    assert!(said.contains("institution.yaml: a sound record of Banque du Lac: Épargne & Cie"), "{said}");
    let record = std::fs::read_to_string(path.join("institution.yaml")).expect("a record");
    assert!(record.starts_with("# yaml-language-server: $schema=institution.schema.json\n"), "{record}");
}

#[test]
fn the_faults_of_the_record_stand_beside_those_of_the_script() {
    let (_folder, path) = new(&[]);
    let (record, script) = (path.join("institution.yaml"), path.join("script.yaml"));
    change(&record, "mfa: none", "mfa: sometime\nlimit: { atOnce: 2 }");
    change(&script, "goal: signed_in", "goal: sined_in");
    let (code, said) = check(&path, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("error[word.unknown]: `sined_in`") && said.contains("script.yaml:"), "{said}");
    assert!(said.contains("error[word.unknown]: `sometime` isn't one of none, sometimes, always"), "{said}");
    assert!(said.contains("institution.yaml:7:6") && said.contains("hint: did you mean `limits`?"), "{said}");
    assert!(said.ends_with("see: agent explain key.unknown word.unknown\n"), "{said}");

    let (_, said) = check(&path, &["--json"]);
    let faults: Value = serde_json::from_str(&said).expect("JSON");
    let files: Vec<&str> = faults.as_array().into_iter().flatten().filter_map(|fault| fault["file"].as_str()).collect();
    assert_eq!(files, ["script.yaml", "institution.yaml", "institution.yaml"], "{said}");

    // Each can be asked for by itself.
    let (_, said) = check(&script, &[]);
    assert!(said.contains("sined_in") && !said.contains("sometime"), "{said}");
    let (_, said) = check(&record, &[]);
    assert!(said.contains("sometime") && !said.contains("sined_in"), "{said}");
}

#[test]
fn a_record_that_says_otherwise_than_its_folder_or_its_script_is_told_so() {
    let (folder, path) = new(&[]);
    change(&path.join("institution.yaml"), "credentials: [bankUsername, password]", "credentials: [bankUsername]");
    let moved = folder.path().join("lac");
    std::fs::rename(&path, &moved).expect("a folder");
    let (code, said) = check(&moved, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("its id is `banque-du-lac`, and its folder's name is `lac`"), "{said}");
    assert!(said.contains("the script fills in `credentials.password`"), "{said}");
    assert!(said.ends_with("see: agent explain record.differs\n"), "{said}");
    let explained = output(command().args(["explain", "record.differs"]));
    assert!(String::from_utf8_lossy(&explained.stdout).contains("institution.yaml:5:14"), "{explained:?}");
}
