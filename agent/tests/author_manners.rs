//! How the commands of script authors behave where something is odd: files and names that nobody expects, a reader who has
//! enough, programs that read along.
//!
//! Not here: what they say where all is well (`author`, `check`).

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::world::process::{ask, command, folder, output, texts};

/// What a program reads.
fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_program_reads_why_nothing_could_be_said() {
    for verb in [&["check"][..], &["test"], &["run"]] {
        let (code, said, talk) = ask(&[verb, &["--json"]].concat(), Path::new("/nowhere"));
        assert_eq!(code, Some(1), "{talk}");
        assert_eq!(read(&said)["error"], "could not read /nowhere: No such file or directory (os error 2)", "{said}");
        assert!(talk.contains("error: could not read /nowhere\n  because: No such file"), "{talk}");
    }
}

#[test]
fn a_program_reads_which_pages_nobody_saved() {
    let (_folder, path) = folder("first-bank", &[]);
    std::fs::remove_file(path.join("pages/account.html")).expect("a page");
    let (code, said, _) = ask(&["test", "--json"], &path);
    assert_eq!((code, &read(&said)["notTried"]), (Some(0), &json!(["account"])), "{said}");
}

#[test]
fn expectations_without_their_page_are_a_fault() {
    let (_folder, path) = folder("first-bank", &[]);
    assert_eq!(ask(&["test", "--accept"], &path).0, Some(0));
    std::fs::remove_file(path.join("pages/account.html")).expect("a page");
    let (code, said, talk) = ask(&["test"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(talk.contains("account.expected.json isn't compared with anything: its page isn't there\nhint:"), "{talk}");
}

#[test]
fn a_page_that_cant_be_read_is_told_with_its_cause_and_the_others_are_tried() {
    let (_folder, path) = folder("first-bank", &[]);
    std::fs::create_dir(path.join("pages/account.more.html")).expect("a folder");
    let (code, said, talk) = ask(&["test"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(talk.contains("account.more.html\n  because: Is a directory"), "{talk}");
    assert!(said.lines().any(|line| line.contains(" account.html") && line.trim_end().ends_with("ok")), "{said}");
}

#[test]
fn a_page_is_read_in_what_it_is_written_in() {
    let (_folder, path) = folder("first-bank", &[]);
    let page = path.join("pages/account.html");
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(html.contains("Invoice"), "{html}");
    let html = html.replace("Invoice", "\u{9280}\u{884c}").replace("<title>", "<meta charset=shift_jis><title>");
    // What was saved from a browser is in UTF-8, whatever the bank's page said of itself.
    let mut japanese = Vec::new();
    for letter in html.chars() {
        match letter {
            '\u{9280}' => japanese.extend(b"\x8b\xe2"),
            '\u{884c}' => japanese.extend(b"\x8d\x73"),
            letter => japanese.extend(letter.to_string().bytes()),
        }
    }
    for bytes in [html.into_bytes(), japanese] {
        std::fs::write(&page, bytes).expect("a page");
        let (_, said, _) = ask(&["test", "--json"], &path);
        assert!(said.contains("\u{9280}\u{884c}"), "{said}");
    }
}

#[test]
fn a_folder_is_made_where_one_stands_and_a_file_in_its_way_is_told_apart() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("second-bank");
    std::fs::create_dir(&path).expect("a folder");
    let (code, said, talk) = texts(&output(command().args(["new", "."]).current_dir(&path)));
    assert_eq!((code, said.as_str()), (Some(0), ".\n"), "{talk}");
    let (code, said, _) = ask(&["check"], &path);
    assert!(code == Some(0) && said.contains("a sound script for second-bank"), "{said}");

    std::fs::write(place.path().join("file"), "").expect("a file");
    let (code, _, talk) = ask(&["new"], &place.path().join("file/third-bank"));
    assert!(code == Some(1) && talk.contains("because: Not a directory"), "{talk}");
    let (_, _, talk) = ask(&["new"], &place.path().join("file"));
    assert!(talk.contains("is there already"), "{talk}");
    let (code, _, talk) = ask(&["new", "--portal", "https://me:pass@bank.example/"], &place.path().join("third-bank"));
    assert!(code == Some(64) && talk.contains("carries a user name or password"), "{talk}");
}

#[test]
fn a_record_may_wait_for_its_script_and_says_so() {
    let (_folder, path) = folder("first-bank", &[]);
    std::fs::remove_file(path.join("script.yaml")).expect("a script");
    let (code, said, talk) = ask(&["check"], &path);
    assert_eq!(code, Some(0), "{said}{talk}");
    assert!(said.contains("a sound record of First Bank") && talk.contains("has no script.yaml yet"), "{said}{talk}");
}

#[test]
fn a_name_gives_a_terminal_no_orders() {
    let (_folder, path) = folder("first-bank", &[]);
    let odd = path.join("pages").join(std::ffi::OsStr::from_bytes(b"sign_in.\x1b[2J.html"));
    std::fs::copy(path.join("pages/refused.html"), odd).expect("a page");
    let moved = path.with_file_name("a\u{1b}[31mb");
    std::fs::rename(&path, &moved).expect("a folder");
    std::fs::write(moved.join("institution.yaml"), "id: 1").expect("a record");
    for verb in ["check", "test", "run", "fmt", "new"] {
        let (code, said, talk) = ask(&[verb], &moved);
        assert!(!format!("{said}{talk}").contains('\u{1b}'), "{verb}: {said}{talk}");
        assert_ne!((code, verb), (Some(0), "check"));
    }
}

#[test]
fn whoever_has_read_enough_is_no_fault() {
    let mut child = command().arg("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("an agent");
    // Less than a pipe holds of it is read, and then nobody reads.
    let mut first = [0; 1];
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut first).expect("a letter");
    drop(out);
    let ended = child.wait_with_output().expect("an end");
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn the_usage_is_that_of_the_command_whatever_the_environment_gives() {
    let said = output(command().arg("check").env("BURSAR_LOG_FORMAT", "json"));
    let (code, _, talk) = texts(&said);
    assert!(code == Some(64) && talk.contains("Usage: agent check [OPTIONS] <FILE>"), "{talk}");
}

#[test]
fn scripts_that_cant_be_read_keep_no_other_from_being_laid_out() {
    let (_folder, path) = folder("first-bank", &[]);
    let script = path.join("script.yaml");
    let sound = std::fs::read_to_string(&script).expect("a script");
    std::fs::write(&script, sound.replace("script: 1\n", "script:   1\n")).expect("a script");
    let (code, _, talk) = ask(&["fmt", "/nowhere/a", "/nowhere/b"], &path);
    assert!(code == Some(1) && talk.contains("/nowhere/a") && talk.contains("/nowhere/b"), "{talk}");
    assert_eq!(std::fs::read_to_string(&script).expect("a script"), sound);
}
