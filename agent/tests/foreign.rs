//! `agent import` and `agent export`, as somebody at a terminal meets them.
//!
//! Not here: what becomes of each step; the script crate's tests have that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::world::process::{command, output, texts};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "Quill-Canary-77";

/// A sign-in of which the second field doesn't say what it is.
fn written(field: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let change = |field: &str, value: &str| json!({ "type": "change", "selectors": [[field]], "target": "main", "value": value });
    let file = json!({ "title": "Quay\u{1b}[2J", "steps": [
        { "type": "navigate", "url": "https://quay.example/" },
        change("aria/User ID", "maren.k"),
        change(field, SECRET),
        { "type": "hover", "selectors": [["#menu"]], "target": "main" },
    ]});
    std::fs::write(folder.path().join("panel.json"), file.to_string()).expect("a file");
    folder
}

fn agent(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    texts(&output(command().args(arguments).current_dir(folder)))
}

#[test]
fn a_recording_is_printed_or_written_once_and_what_it_lacks_is_told() {
    let folder = written("aria/Password");
    let (code, out, err) = agent(folder.path(), &["import", "panel.json"]);
    assert_eq!(code, Some(0), "{err}");
    let recording: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&recording["recording"], recording["acts"].as_array().map(Vec::len)), (&json!(1), Some(3)));
    assert!(err.contains("hover (step 4)") && !err.contains('\u{1b}'), "{err:?}");
    let (code, out, _) = agent(folder.path(), &["import", "panel.json", "--into", "quay.json"]);
    assert_eq!((code, out.trim()), (Some(0), "quay.json"));
    let mode = std::fs::metadata(folder.path().join("quay.json")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (code, _, err) = agent(folder.path(), &["import", "panel.json", "--into", "quay.json"]);
    assert!(code == Some(1) && err.contains("nothing is written over"), "{code:?} {err}");
    let (code, out, err) = agent(folder.path(), &["export", "quay.json", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let exported: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(exported["made"]["steps"][2]["value"], "{{password}}");
    assert_eq!(exported["made"]["title"], "quay");
}

#[test]
fn what_nobody_knows_of_a_sign_in_is_refused_and_said_by_a_file_or_an_option() {
    let folder = written("#f2");
    let (code, out, err) = agent(folder.path(), &["import", "panel.json"]);
    assert!(code == Some(1) && out.is_empty(), "{code:?} {out}");
    assert!(err.contains("step 3") && err.contains("hint: ") && !err.contains(SECRET), "{err}");
    let (code, out, _) = agent(folder.path(), &["import", "panel.json", "--json"]);
    let refused: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &refused["refused"][0]["step"]), (Some(1), &json!(3)), "{refused}");
    assert!(refused["error"].is_string() && refused["hint"].is_string(), "{refused}");
    let credentials = folder.path().join("user.json");
    std::fs::write(&credentials, json!({ "username": "maren.k", "password": SECRET }).to_string()).expect("a file");
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    for more in [["--credentials", "user.json"], ["--value", "3=password"]] {
        let (code, out, err) = agent(folder.path(), &["import", "panel.json", more[0], more[1]]);
        assert_eq!(code, Some(0), "{err}");
        let recording: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(recording["acts"][2]["does"]["fill"]["with"], "password");
        assert!(!out.contains(SECRET) && !err.contains(SECRET));
    }
    for (wrong, wanted) in [("0=code", "number from 1"), ("3=pin", "a kind is one of"), ("x", "write it as")] {
        let (code, _, err) = agent(folder.path(), &["import", "panel.json", "--value", wrong]);
        assert!(code == Some(64) && err.contains(wanted), "{wrong}: {code:?} {err}");
    }
}

#[test]
fn what_is_no_recording_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.json"), format!("{{\"recording\":1,\"{SECRET}\":2}}")).expect("a file");
    for (arguments, wanted) in [
        (["import", "x.json"], "no list `steps`"),
        (["import", "nowhere.json"], "could not read nowhere.json"),
        (["export", "x.json"], "is no recording"),
        (["export", "."], "could not read"),
        (["import", "/dev/zero"], "no plain file"),
    ] {
        let (code, _, err) = agent(folder.path(), &arguments);
        assert!(code == Some(1) && err.contains(wanted) && !err.contains(SECRET), "{arguments:?}: {code:?} {err}");
    }
}

#[test]
fn an_imported_recording_and_its_pages_make_a_script_of_what_was_clicked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_kept, example) = crate::world::process::folder("quay", &[]);
    // The pages of a new folder, each where a browser would say that it was.
    let mut pages = Vec::new();
    for (page, path) in
        [("sign_in", ""), ("refused", ""), ("accounts", "accounts"), ("account", "accounts/a1"), ("signed_out", "bye")]
    {
        let html = std::fs::read_to_string(example.join(format!("pages/{page}.html"))).expect("a page");
        let address = format!("https://quay.example/{path}");
        let file = format!("{page}.html");
        let head = format!("<!-- saved from url=({:04}){address} -->", address.len());
        std::fs::write(
            folder.path().join(&file),
            html.replacen("<!doctype html>", &format!("<!doctype html>\n{head}"), 1),
        )
        .expect("a page");
        pages.push(file);
    }
    let to = |path: &str| json!([{ "type": "navigation", "url": format!("https://quay.example/{path}") }]);
    let click = |selector: &str, path: &str| json!({ "type": "click", "target": "main", "selectors": [[selector]], "offsetX": 1, "offsetY": 1, "assertedEvents": to(path) });
    let fill = |selector: &str, value: &str| json!({ "type": "change", "target": "main", "selectors": [[selector]], "value": value });
    let steps = json!([
        { "type": "navigate", "url": "https://quay.example/" },
        fill("#user", "maren.k"), fill("#password", SECRET), click("#sign-in button", "accounts"),
        click("text/Operating", "accounts/a1"), click("a.back", "accounts"), click("#sign-out", "bye"),
    ]);
    std::fs::write(folder.path().join("panel.json"), json!({ "title": "Quay", "steps": steps }).to_string())
        .expect("a file");
    let (code, _, talk) = agent(folder.path(), &["import", "panel.json", "--into", "quay.json"]);
    assert_eq!(code, Some(0), "{talk}");
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let draft =
        [&["draft"][..], &pages, &["--recording", "quay.json", "--into", "quay", "--today", "2026-11-20"]].concat();
    let (code, _, talk) = agent(folder.path(), &draft);
    assert_eq!(code, Some(0), "{talk}");
    let (code, said, talk) = agent(folder.path(), &["check", "quay"]);
    assert_eq!(code, Some(0), "{said}{talk}");
    let (code, said, talk) = agent(folder.path(), &["test", "quay", "--today", "2026-11-20"]);
    assert!(code == Some(0) && said.contains("2 accounts") && said.contains("3 transactions"), "{said}{talk}");
    let script = std::fs::read_to_string(folder.path().join("quay/script.yaml")).expect("a script");
    assert!(script.contains("credentials.password") && !script.contains(SECRET), "{script}");
}
