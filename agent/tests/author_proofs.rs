//! What a run and a trial of saved pages say of what was read by its own numbers, and what they never show of how it was found.
//!
//! Not here: the checks themselves; `domain::completeness` has those.

use std::path::Path;

use serde_json::Value;

use crate::world::process::{ask, folder};

fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

#[test]
fn rows_of_a_page_that_their_balances_contradict_are_a_fault() {
    let (_folder, path) = folder("first-bank", &[]);
    assert_eq!(ask(&["test", "--accept"], &path).0, Some(0));
    change(&path.join("pages/account.html"), "<td>-250</td>", "<td>-251</td>");
    let (code, said, talk) = ask(&["test", "--accept"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(talk.contains("running balances don't follow from its amounts between rows"), "{talk}");
    let (_, said, _) = ask(&["test", "--json"], &path);
    let tried: Value = serde_json::from_str(&said).expect("JSON");
    assert!(tried["pages"][0]["contradiction"].is_string(), "{said}");
}

#[test]
fn every_word_that_the_map_lacks_is_shown_of_a_saved_page() {
    let (_folder, path) = folder("first-bank", &[]);
    change(&path.join("pages/accounts.html"), "<td>Savings</td>", "<td>Sparkonto</td>");
    let (code, said, talk) = ask(&["test"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(talk.contains("`map` has nothing for the type \"Sparkonto\""), "{talk}");
}

#[test]
fn options_of_a_run_are_refused_where_nothing_is_run() {
    let (_folder, path) = folder("first-bank", &[]);
    let (code, _, talk) = ask(&["test", "--report", "/nowhere/r.html"], &path);
    assert!(code == Some(1) && talk.contains("there is no report") && talk.contains("--portal"), "{talk}");
}

#[test]
fn what_is_no_plain_file_is_no_page_and_no_script() {
    let (_folder, path) = folder("first-bank", &[]);
    std::os::unix::fs::symlink("/dev/zero", path.join("pages/account.zero.html")).expect("a link");
    let (code, _, talk) = ask(&["test"], &path);
    assert!(code == Some(2) && talk.contains("it is no plain file"), "{talk}");
    std::fs::remove_file(path.join("script.yaml")).expect("a script");
    std::os::unix::fs::symlink("/dev/zero", path.join("script.yaml")).expect("a link");
    let (code, _, talk) = ask(&["check"], &path.join("script.yaml"));
    assert!(code == Some(1) && talk.contains("it is no plain file"), "{talk}");
}

#[test]
fn a_script_of_somebody_else_gives_a_terminal_no_orders() {
    let (_folder, path) = folder("first-bank", &[]);
    change(&path.join("script.yaml"), "locale: en-US", "locale: \"\\e[31mfr\\e]0;owned\\a\"");
    change(&path.join("institution.yaml"), "name: First Bank", "name: \"A\\e[31mB\"");
    let (code, said, talk) = ask(&["check"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(!said.contains(['\u{1b}', '\u{7}']) && said.contains("a sound record of A"), "{said}");
}
