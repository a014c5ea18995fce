//! `agent draft`: a folder made of saved pages is one that the other commands take, and what nobody can know is said to be a
//! guess.
//!
//! Not here: what is found on a page; the script crate's own tests have that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::process::{ask, command, folder, output, texts};

/// A folder with pages as a bank in France has them, which no example is like.
fn french() -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a folder");
    let page = |name: &str, body: &str| {
        let path = folder.path().join(name);
        let html = format!("<!doctype html><html lang=fr><meta charset=utf-8><body>{body}</body></html>");
        std::fs::write(&path, html).expect("a page");
        path
    };
    let form = "<form class=connexion><label for=x1>Identifiant</label><input id=x1>\
        <label for=x2>Mot de passe</label><input id=x2 type=password><button>Se connecter</button></form>";
    let row = |day: &str, what: &str, sum: &str, after: &str| format!("<tr><td>{day}<td>{what}<td>{sum}<td>{after}");
    let rows = [
        row("19/11/2026", "Loyer novembre", "-1 250,00 €", "8 950,50 €"),
        row("18/11/2026", "Facture 7", "1 200,50 €", "10 200,50 €"),
        row("13/11/2026", "Frais", "-7,00 €", "9 000,00 €"),
    ];
    let account = format!(
        "<a href='/comptes'>Mes comptes</a><table class=operations><tr><th>Quand<th>Quoi<th>Combien<th>Ensuite{}</table>\
         <a rel=next href='?p=2'>Plus anciennes</a>",
        rows.concat()
    );
    let accounts = "<a class=quitter href='/fin'>Se déconnecter</a><table id=comptes><tr><th>Compte<th>Type<th>Solde\
        <tr><td><a href='/comptes/c-7f3a?s=canary'>Courant</a><td>Compte courant<td>8 950,50 €\
        <tr><td><a href='/comptes/c-19be?s=canary'>Livret</a><td>Livret bleu<td>1 000,00 €</table>";
    let pages = vec![
        page("connexion.html", form),
        page("liste.html", accounts),
        page("compte.html", &account),
        page("fin.html", "<p>Banque du Quai</p><h1>Vous êtes déconnecté, Maren Holt</h1>"),
    ];
    (folder, pages)
}

fn draft(pages: &[PathBuf], more: &[&str]) -> (Option<i32>, String, String) {
    texts(&output(command().arg("draft").args(pages).args(["--today", "2026-11-20"]).args(more)))
}

fn found<'v>(drafted: &'v Value, what: &str) -> &'v Value {
    let findings = drafted["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().find(|finding| finding["what"] == what).unwrap_or(&Value::Null)
}

#[test]
fn the_examples_are_drafted_to_a_script_that_reads_them_all() {
    let (_folder, path) = folder("first-bank", &["--login", "password+code"]);
    let made = path.with_file_name("second-bank");
    let pages: Vec<PathBuf> =
        std::fs::read_dir(path.join("pages")).expect("pages").map(|entry| entry.expect("a page").path()).collect();
    let (code, said, talk) = draft(&pages, &["--into", made.to_str().expect("a plain path")]);
    assert_eq!(code, Some(0), "{said}{talk}");
    let (code, said, talk) = ask(&["check"], &made);
    assert_eq!(code, Some(0), "{said}{talk}");
    let (code, said, talk) = ask(&["test"], &made);
    assert!(code == Some(0) && said.contains("2 accounts") && said.contains("details, 3 transactions"), "{said}{talk}");
    let (code, _, talk) = draft(&pages, &["--into", made.to_str().expect("a plain path")]);
    assert!(code == Some(1) && talk.contains("nothing is overwritten"), "{talk}");
}

#[test]
fn balances_prove_what_headers_dont_say() {
    let (folder, pages) = french();
    let (code, said, talk) = draft(&pages, &["--json"]);
    assert_eq!(code, Some(0), "{said}{talk}");
    let drafted: Value = serde_json::from_str(&said).expect("JSON");
    let sure = |what: &str| (found(&drafted, what)["value"].as_str(), found(&drafted, what)["sureness"].as_str());
    assert_eq!(sure("locale"), (Some("fr-FR"), Some("proven")));
    assert_eq!(sure("transactions, amount"), (Some("Combien"), Some("proven")));
    assert_eq!(sure("transactions, runningBalance"), (Some("Ensuite"), Some("proven")));
    assert_eq!(sure("transactions, date"), (Some("DD/MM/YYYY"), Some("likely")));
    assert_eq!(sure("timezone"), (Some("Europe/Paris"), Some("guess")));
    assert_eq!(sure("accounts, type").1, Some("likely"), "its column");
    let key = found(&drafted, "accounts, key")["value"].as_str().unwrap_or_default();
    assert_eq!(key, r#"{ of: a, attribute: href, after: /comptes/, before: "?" }"#);

    let made = folder.path().join("banque");
    let (code, _, talk) = draft(&pages, &["--into", made.to_str().expect("a plain path")]);
    assert!(code == Some(0) && talk.contains("Livret bleu") && talk.contains("GUESS"), "{talk}");
    assert!(talk.contains("not saved: the page that refuses a wrong password"), "{talk}");
    let (code, said, talk) = ask(&["test"], &made);
    assert!(code == Some(0) && said.contains("2 accounts") && said.contains("3 transactions"), "{said}{talk}");
    let mode = std::fs::metadata(made.join("pages/account.html")).expect("a page").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it shows what the bank showed");
    let script = std::fs::read_to_string(made.join("script.yaml")).expect("a script");
    assert!(script.contains("signed_out:\n    when: { text: { h1: déconnecté } }"), "{script}");
    assert!(script.contains("Livret bleu: other # Nobody knows this word: say what it is."), "{script}");
}

#[test]
fn pages_without_a_list_of_accounts_make_no_script_and_say_what_to_save() {
    let (_folder, pages) = french();
    let (code, said, talk) = draft(&pages[3..], &[]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{talk}");
    assert!(talk.contains("no page has a list of accounts") && talk.contains("hint: save the page"), "{talk}");
    assert!(talk.contains("not saved: the list of accounts"), "{talk}");
    let (code, said, _) = draft(&pages[3..], &["--json"]);
    let drafted: Value = serde_json::from_str(&said).expect("JSON");
    assert!(code == Some(2) && drafted["script"].is_null(), "{said}");
    // A sign-in is a beginning.
    let (code, said, talk) = draft(&pages[..1], &[]);
    assert!(code == Some(0) && said.starts_with("pages:\n  sign_in:\n") && said.contains("effect: password"), "{said}");
    assert!(talk.contains("not saved: the list of accounts"), "{talk}");
    let (code, _, talk) = draft(&[PathBuf::from("/nowhere.html")], &[]);
    assert!(code == Some(1) && talk.contains("could not read /nowhere.html"), "{talk}");
    let (code, ..) = ask(&["draft", "--into", "/nowhere/Not An Id"], Path::new(&pages[1]));
    assert_eq!(code, Some(1));
}
