//! `agent scrub`: what is made of pages with values is read as they were, adds up, and has nothing of a customer's.
//!
//! Not here: what each kind of text becomes; the script crate's own tests have that.

use std::path::{Path, PathBuf};

use crate::world::process::{command, folder, output, texts};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What nobody may find on a page that is given away.
const THEIRS: [&str; 9] = [
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "maren@holt.example",
    "+49 30 901820",
    "Holt",
    "Maren",
    "000011234",
    "1234",
    "8,950.50",
];

/// A new folder of which the account's page has what banks show of a customer.
fn saved() -> (TempDir, PathBuf) {
    let (temporary, path) = folder("first-bank", &[]);
    let page = path.join("pages/account.html");
    let html = std::fs::read_to_string(&page).expect("a page");
    let (head, rest) = html.split_once("<tbody>").expect("rows");
    let (_, tail) = rest.split_once("</tbody>").expect("rows");
    let rows = "<tr><td>2026-11-20</td><td>Maren Holt, DE89 3704 0044 0532 0130 00</td><td>-1,250.00</td><td>8,950.50</td></tr>\
        <tr><td>2026-11-19</td><td>Card 4111 1111 1111 1111, +49 30 901820</td><td>-49.50</td><td>10,200.50</td></tr>\
        <tr><td>2026-11-18</td><td title='Maren Holt'>maren@holt.example</td><td>10,250.00</td><td>10,250.00</td></tr>";
    let html = format!("{head}<tbody>{rows}</tbody>{tail}").replace("<dd>950</dd>", "<dd>8,950.50</dd>");
    std::fs::write(&page, html).expect("a page");
    (temporary, path)
}

fn agent(arguments: &[&str]) -> (Option<i32>, String, String) {
    texts(&output(command().args(arguments)))
}

fn read(path: &Path) -> Value {
    let (code, said, talk) = agent(&["test", &path.display().to_string(), "--json"]);
    assert_eq!(code, Some(0), "{said}{talk}");
    serde_json::from_str(&said).expect("JSON")
}

fn page<'v>(tried: &'v Value, file: &str) -> &'v Value {
    let pages = tried["pages"].as_array().map(Vec::as_slice).unwrap_or_default();
    pages.iter().find(|page| page["file"] == file).unwrap_or(&Value::Null)
}

fn scrub(from: &Path, into: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let (from, into) = (from.display().to_string(), into.display().to_string());
    agent(&[&["scrub", from.as_str(), "--into", into.as_str()], more].concat())
}

#[test]
fn a_folder_that_was_scrubbed_is_read_as_it_was_and_has_nothing_of_a_customers() {
    let (temporary, path) = saved();
    let into = temporary.path().join("made");
    let (code, said, talk) = scrub(&path, &into, &[]);
    assert_eq!((code, said.trim()), (Some(0), into.display().to_string().as_str()), "{talk}");
    let (before, after) = (read(&path), read(&into));
    let rows =
        |tried: &Value| page(tried, "account.html")["read"]["transactions"].as_array().cloned().unwrap_or_default();
    let (before_rows, after_rows) = (rows(&before), rows(&after));
    assert_eq!((before_rows.len(), after_rows.len()), (3, 3), "{after}");
    for (before, after) in before_rows.iter().zip(&after_rows) {
        assert_eq!(before["postedDate"], after["postedDate"]);
        assert_eq!(
            before["amount"].as_str().map(|text| text.starts_with('-')),
            after["amount"].as_str().map(|text| text.starts_with('-'))
        );
        for field in ["amount", "description", "runningBalance"] {
            assert_ne!(before[field], after[field], "{field}");
        }
    }
    // Balances that don't follow would be told by `agent test`, which ends with another code then.
    assert_eq!(page(&after, "account.html")["contradiction"], Value::Null);
    let balance = &page(&after, "account.html")["read"]["account"]["currentBalance"];
    assert_eq!(*balance, after_rows[0]["runningBalance"], "the details say the latest balance");
    for file in std::fs::read_dir(into.join("pages")).expect("pages") {
        let file = file.expect("a file").path();
        let text = std::fs::read_to_string(&file).expect("a page");
        let found: Vec<&&str> = THEIRS.iter().filter(|theirs| text.contains(**theirs)).collect();
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
    // By another key, of which nothing is left, it becomes something else.
    let again = temporary.path().join("again");
    assert_eq!(scrub(&path, &again, &[]).0, Some(0));
    let pages = |folder: &Path| std::fs::read_to_string(folder.join("pages/account.html")).expect("a page");
    assert_ne!(pages(&into), pages(&again));
}

#[test]
fn names_in_headings_and_addresses_are_replaced_where_a_text_has_them_or_somebody_says_them() {
    let (temporary, path) = saved();
    let accounts = path.join("pages/accounts.html");
    let html = std::fs::read_to_string(&accounts).expect("a page");
    let heading = "<h1>Accounts</h1><h2>Accounts of Holt &amp; Quill</h2><a href='/users/holt'>x</a>";
    std::fs::write(&accounts, html.replace("<h1>Accounts</h1>", heading)).expect("a page");
    let made = |name: &str, more: &[&str]| {
        let into = temporary.path().join(name);
        let (code, said, talk) = scrub(&path, &into, more);
        assert_eq!(code, Some(0), "{said}{talk}");
        std::fs::read_to_string(into.join("pages/accounts.html")).expect("a page")
    };
    let text = made("one", &[]);
    assert!(!text.contains("Holt") && !text.contains("holt") && text.contains("Quill"), "{text}");
    let text = made("two", &["--name", "Quill & Co"]);
    assert!(!text.contains("Holt") && !text.contains("Quill"), "{text}");
}

#[test]
fn where_a_page_was_says_neither_who_it_is_nor_what_was_typed() {
    let (temporary, path) = saved();
    let accounts = path.join("pages/accounts.html");
    let html = std::fs::read_to_string(&accounts).expect("a page");
    let address = "https://bank.example/users/holt/of/quill.77/accounts/000011234?session=quill.77";
    let head = format!("<!-- saved from url=({:04}){address} -->", address.len());
    std::fs::write(&accounts, format!("<!doctype html>\n{head}\n{html}")).expect("a page");
    let user = temporary.path().join("user.json");
    std::fs::write(&user, r#"{"username": "quill.77"}"#).expect("a file");
    std::fs::set_permissions(&user, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    let into = temporary.path().join("made");
    let (code, said, talk) = scrub(&path, &into, &["--credentials", &user.display().to_string()]);
    assert_eq!(code, Some(0), "{said}{talk}");
    let text = std::fs::read_to_string(into.join("pages/accounts.html")).expect("a page");
    assert!(text.contains("https://bank.example/users/") && text.contains("/of/hidden/accounts/"), "{text}");
    assert!(!text.contains("holt") && !text.contains("quill") && !text.contains("000011234"), "{text}");
}

#[test]
fn a_page_on_which_a_name_survives_is_not_given_away() {
    let (temporary, path) = saved();
    let into = temporary.path().join("made");
    // The script says it, too, so the page keeps it.
    let (code, said, talk) = scrub(&path, &into, &["--name", "Balance", "--json"]);
    assert_eq!((code, into.exists()), (Some(2), false), "{said}{talk}");
    let told: Value = serde_json::from_str(&said).expect("JSON");
    let on_page = json!({ "file": "account.html", "line": null, "kind": "name", "shape": "xxxxxxx" });
    assert!(told["survivors"].as_array().is_some_and(|found| found.contains(&on_page)), "{told}");
}

#[test]
fn a_script_that_says_what_is_a_customers_is_not_given_away() {
    let (temporary, path) = saved();
    let (script, record) = (path.join("script.yaml"), path.join("institution.yaml"));
    let texts = [&script, &record].map(|file| std::fs::read_to_string(file).expect("a file"));
    let lines = [0, 1].map(|file: usize| texts[file].lines().count() + 1);
    let into = temporary.path().join("made");
    let found = |script_says: &str, record_says: &str| {
        std::fs::write(&script, format!("{}# {script_says}\n", texts[0])).expect("a file");
        std::fs::write(&record, format!("{}# {record_says}\n", texts[1])).expect("a file");
        let (code, said, talk) = scrub(&path, &into, &["--name", "Maren Holt", "--json"]);
        let told: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!((code, into.exists()), (Some(2), false), "{said}{talk}");
        told["survivors"].clone()
    };
    let number = json!([{ "file": "script.yaml", "kind": "card", "line": lines[0], "shape": "0000000000000000" }]);
    assert_eq!(found("a[href='/cards/4111-1111-1111-1111']", "of the bank"), number);
    let name = json!([{ "file": "institution.yaml", "line": lines[1], "kind": "name", "shape": "xxxxx xxxx" }]);
    assert_eq!(found("of the bank", "asked by MAREN HOLT"), name);
}

#[test]
fn a_folder_is_never_written_over_and_one_without_values_says_what_to_do() {
    let (temporary, path) = saved();
    let into = temporary.path().join("made");
    std::fs::create_dir(&into).expect("a folder");
    std::fs::write(into.join("mine"), "x").expect("a file");
    let (code, _, talk) = scrub(&path, &into, &[]);
    assert!(code == Some(1) && talk.contains("is there already"), "{code:?} {talk}");
    for file in std::fs::read_dir(path.join("pages")).expect("pages") {
        std::fs::remove_file(file.expect("a file").path()).expect("gone");
    }
    let (code, _, talk) = scrub(&path, &temporary.path().join("other"), &[]);
    assert!(code == Some(1) && talk.contains("holds no page with values") && talk.contains("hint: "), "{talk}");
}
