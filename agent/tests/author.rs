//! The commands of script authors as processes: from a new folder to a run of a portal, and that nothing secret is left of it.
//!
//! Not here: the language and its checks; the script crate's own tests have those.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::spawn_blocking;
use url::Url;

use crate::world::process::{ask, command, folder, output, signal_to, texts};
use crate::world::{PATIENCE, Portal};

// Letters alone: digits of a page are zeros anyhow.
const PASSWORD: &str = "canary-password-qxz";
const ANSWER: &str = "canary-answer-wvk";
const NUMBER: &str = "000012345678";
const CLIENT: &str = "canary-client-rho";

const SIGN_IN: &str = r#"<h1>Sign in</h1><form id="sign-in" action="/submit/next" method="post">
    <input id="user" name="user"><input id="password" name="password" type="password">
    <button>Sign in</button></form>"#;
const CODE: &str = r#"<form id="code" action="/submit/accounts" method="post"><p id="sent">A code was sent to •• 42.&#27;[2J</p>
    <input id="digits" name="digits"><button>Go on</button></form>"#;
const ACCOUNTS: &str = r##"<h1>Accounts of Canary-Holder</h1><a id="sign-out" href="/goodbye">Sign out</a>
    <table class="accounts"><thead><tr><th>Account</th><th>Number</th><th>Type</th></tr></thead><tbody>
    <tr><td><a href="/000012345678?client=canary-client-rho">Operating</a></td><td>000012345678</td><td>Checking</td></tr></tbody></table>"##;
const ACCOUNT: &str = r#"<a class="back" href="/accounts">All accounts</a>
    <dl><dt>Account number</dt><dd>000012345678</dd><dt>Balance</dt><dd>$950.00</dd></dl>
    <p id="count">1 to 2 of 2</p><table class="transactions">
    <thead><tr><th>Date</th><th>Description</th><th>Amount</th><th>Balance</th></tr></thead><tbody>
    <tr><td>2026-11-20</td><td>Rent to 000012345678</td><td>-$250.00</td><td>$950.00</td></tr>
    <tr><td>2026-11-18</td><td>Invoice 7</td><td>$1,200.00</td><td>$1,200.00</td></tr></tbody></table>
    <button class="next" disabled>Next</button>"#;
const GOODBYE: &str = "<h1>You have signed out</h1>";

/// A folder that `agent new` made.
fn new(more: &[&str]) -> (TempDir, PathBuf) {
    folder("first-bank", more)
}

#[test]
fn a_new_folder_passes_every_command_and_is_never_overwritten() {
    for more in [&[][..], &["--login", "password+code"]] {
        let (_folder, path) = new(more);
        let (code, said, _) = ask(&["check"], &path);
        assert!(code == Some(0) && said.contains("a sound script for first-bank"), "{said}");
        let (code, said, _) = ask(&["fmt", "--check"], &path);
        assert_eq!((code, said.as_str()), (Some(0), ""));
        let (code, said, talk) = ask(&["test"], &path);
        assert_eq!(code, Some(0), "{said}{talk}");
        assert!(said.contains("2 accounts") && said.contains("details, 3 transactions"), "{said}");
        let (code, _, talk) = ask(&["new"], &path);
        assert!(code == Some(1) && talk.contains("nothing is overwritten") && talk.contains("hint:"), "{talk}");
    }
    let (code, _, talk) = ask(&["new"], Path::new("/nowhere/First Bank"));
    assert!(code == Some(1) && talk.contains("can't be an institution's id"), "{talk}");
}

#[test]
fn what_was_read_is_kept_as_expected_and_a_difference_is_told_with_its_place() {
    let (_folder, path) = new(&[]);
    let (code, ..) = ask(&["test", "--accept", "--today", "2026-11-26"], &path);
    assert_eq!(code, Some(0));
    let (code, said, _) = ask(&["test"], &path);
    assert!(code == Some(0) && said.contains("as expected"), "{said}");

    let page = path.join("pages/account.html");
    let html = std::fs::read_to_string(&page).expect("a page");
    std::fs::write(&page, html.replace("<td>-250</td>", "<td>-251</td>")).expect("a page");
    let (code, said, talk) = ask(&["test"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(talk.contains(r#"transactions[1].amount: expected "-250", found "-251""#), "{talk}");

    std::fs::write(&page, html.replace("transactions\"", "rows\"")).expect("a page");
    let (code, said, talk) = ask(&["test"], &path);
    assert!(code == Some(2) && said.contains("FAULT") && talk.contains("is recognised as no page"), "{said}{talk}");
    assert!(talk.contains("missing visible `table.transactions`"), "{talk}");

    let (code, said, _) = ask(&["test", "--json"], &path);
    let tried: Value = serde_json::from_str(&said).expect("JSON");
    let tried = &tried["pages"];
    assert_eq!((code, &tried[0]["page"], &tried[0]["recognised"]), (Some(2), &"account".into(), &Value::Null));
}

#[test]
fn a_page_that_is_another_one_is_told_apart_by_name() {
    let (_folder, path) = new(&[]);
    std::fs::copy(path.join("pages/refused.html"), path.join("pages/sign_in.alert.html")).expect("a page");
    std::fs::copy(path.join("pages/refused.html"), path.join("pages/advert.html")).expect("a page");
    let (code, _, talk) = ask(&["test"], &path);
    assert_eq!(code, Some(2), "{talk}");
    assert!(talk.contains("sign_in.alert.html: is recognised as `refused` and not as `sign_in`"), "{talk}");
    assert!(talk.contains("the script has no page `advert`"), "{talk}");
}

#[test]
fn a_page_that_cant_be_used_is_one_fault_of_all() {
    let (_folder, path) = new(&[]);
    std::fs::write(path.join("pages/accounts.large.html"), vec![b' '; 9 << 20]).expect("a page");
    std::fs::write(path.join("pages/account.expected.json"), "{").expect("expectations");
    let (code, said, talk) = ask(&["test"], &path);
    assert!(code == Some(2) && talk.contains("the page is larger than 8 MiB"), "{said}{talk}");
    assert!(talk.contains("account.expected.json isn't what `agent test --accept` writes"), "{talk}");
    assert!(said.lines().any(|line| line.contains("accounts.html") && line.trim_end().ends_with("ok")), "{said}");
    let (_, said, _) = ask(&["test", "--json"], &path);
    let tried: Value = serde_json::from_str(&said).expect("JSON");
    let unusable = tried["pages"].as_array().into_iter().flatten().filter(|page| page["problem"].is_string());
    assert_eq!(unusable.count(), 2, "{said}");
}

#[test]
fn every_step_is_tried_on_the_page_that_it_is_for() {
    let (_folder, path) = new(&["--login", "password+code"]);
    let (code, said, talk) = ask(&["test"], &path);
    assert_eq!((code, talk.contains("finds")), (Some(0), false), "{said}{talk}");
    for (page, steps) in [("account.html", "2 of 2"), ("accounts.html", "2 of 2"), ("sign_in.html", "3 of 3")] {
        let line = said.lines().find(|line| line.trim_start().starts_with(page)).expect("a line");
        assert!(line.contains(&format!("{steps} steps")), "{said}");
    }
    assert!(said.contains("4 of 4 steps, 1 not on this page"), "what refuses a code shows only then: {said}");
    let change = |page: &str, from: &str, to: &str| {
        let page = path.join("pages").join(page);
        let html = std::fs::read_to_string(&page).expect("a page");
        assert!(html.contains(from), "{html}");
        std::fs::write(&page, html.replacen(from, to, 1)).expect("a page");
    };
    change("sign_in.html", "id=\"password\"", "id=\"pin\"");
    change("accounts.html", "<td>Checking", "<td><a id=\"a-77812\" class=\"more\" href=\"/x\">Checking</a>");
    change("refused.html", "User or password", "<i></i>User or password");
    let (code, said, talk) = ask(&["test"], &path);
    assert_eq!(code, Some(2), "{said}{talk}");
    assert!(said.contains("2 of 3 steps"), "{said}");
    assert!(talk.contains("sign_in.html: do 2, fill `#password`: finds nothing"), "{talk}");
    let several = "accounts.html: open `a`: finds several things: row 1 fits 2: `a`, `a#a-00000.more`";
    assert!(talk.contains(several), "{talk}");
    assert!(talk.contains("2 of 6 pages aren't as they should be"), "{talk}");

    let (_, said, _) = ask(&["test", "--json"], &path);
    let tried: Value = serde_json::from_str(&said).expect("JSON");
    let page = tried["pages"]
        .as_array()
        .and_then(|pages| pages.iter().find(|page| page["page"] == "sign_in"))
        .expect("a page");
    let steps = &page["steps"];
    assert_eq!((&steps[0]["end"], &steps[1]["end"]), (&"found".into(), &"missing".into()), "{page}");
    assert_eq!((&steps[0]["ways"][0]["finds"], &steps[0]["agree"]), (&1.into(), &1.into()), "{page}");
    let (code, ..) = ask(&["test", "--accept"], &path);
    assert_eq!(code, Some(2), "what was read is kept, and the steps are as they were");
    let kept = std::fs::read_to_string(path.join("pages/accounts.expected.json"));
    assert!(kept.is_err() || kept.is_ok_and(|kept| !kept.contains("steps")));
}

#[test]
fn scripts_are_laid_out_in_place_and_faults_are_explained() {
    let (_folder, path) = new(&[]);
    let script = path.join("script.yaml");
    let sound = std::fs::read_to_string(&script).expect("a script");
    std::fs::write(
        &script,
        sound.replace("locale: en-US\ntimezone", "timezone").replace("script: 1", "locale: en-US\nscript: 1"),
    )
    .expect("a script");
    let (code, said, _) = ask(&["fmt", "--check"], &path);
    assert!(code == Some(2) && said.trim().ends_with("script.yaml"), "{said}");
    assert_eq!(ask(&["fmt"], &path).0, Some(0));
    assert_eq!(std::fs::read_to_string(&script).expect("a script"), sound);
    assert_eq!(std::fs::read_dir(&path).expect("a folder").count(), 6, "nothing is left beside it");

    std::fs::write(&script, "script: |\n  1\n").expect("a script");
    let (code, _, talk) = ask(&["fmt"], &path);
    assert!(code == Some(2) && talk.contains("a text over several lines"), "{talk}");

    std::fs::write(&script, sound.replace("goal: signed_in", "goal: sined_in")).expect("a script");
    let (code, said, _) = ask(&["check"], &path);
    assert!(code == Some(2) && said.ends_with("see: agent explain word.unknown\n"), "{said}");
    let explained = output(command().args(["explain", "word.unknown"]));
    assert!(String::from_utf8_lossy(&explained.stdout).contains("isn't one of"), "{explained:?}");
    assert_eq!(output(command().args(["explain", "word.unknwon"])).status.code(), Some(64));
    let of_a_run = output(command().args(["explain", "script.element.missing"]));
    let said = String::from_utf8_lossy(&of_a_run.stderr);
    assert!(of_a_run.status.code() == Some(64) && said.contains("says how a run failed"), "{said}");
}

/// A run of a portal by a new folder's script.
struct Rehearsal {
    _folder: TempDir,
    path: PathBuf,
    portal: Portal,
    url: Url,
}

/// What came of one.
struct Seen {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    report: String,
}

impl Rehearsal {
    async fn of(portal: Portal) -> Self {
        let (folder, path) = new(&["--login", "password+code"]);
        let credentials = path.join("credentials.json");
        std::fs::write(&credentials, format!(r#"{{"bankUsername": "clerk", "password": "{PASSWORD}"}}"#))
            .expect("a file");
        std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let script = path.join("script.yaml");
        let text = std::fs::read_to_string(&script).expect("a script");
        std::fs::write(
            &script,
            text.replace("patience: 20s", "start: /login\npatience: 2s")
                .replace("\"/accounts/\"", "\"/\", before: \"?\""),
        )
        .expect("a script");
        let url = portal.serve().await;
        Self { _folder: folder, path, portal, url }
    }

    fn command(&self, more: &[&str]) -> std::process::Command {
        let mut command = command();
        command.arg("run").arg(&self.path).args(["--portal", self.url.as_str(), "--data"]).arg(self.path.join("data"));
        command.arg("--credentials").arg(self.path.join("credentials.json"));
        command.arg("--report").arg(self.path.join("report.html")).args(more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end, with the answer at hand.
    async fn seen(&self, more: &[&str]) -> Seen {
        let mut child = self.command(more).spawn().expect("an agent");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(format!("{ANSWER}\n").as_bytes()).expect("an answer");
        drop(stdin);
        let output = spawn_blocking(move || child.wait_with_output()).await.expect("a thread").expect("an agent");
        let (code, stdout, stderr) = texts(&output);
        let report = std::fs::read_to_string(self.path.join("report.html")).unwrap_or_default();
        Seen { code, stdout, stderr, report }
    }
}

impl Seen {
    /// That nothing of what was typed is anywhere, and no number outside of records.
    fn holds_no_secret(&self) {
        let Self { code, stdout, stderr, report } = self;
        for (name, text) in [("stdout", stdout), ("stderr", stderr), ("report", report)] {
            for secret in [PASSWORD, ANSWER] {
                assert!(!text.contains(secret), "{secret} is in {name}:\n{text}");
            }
        }
        assert!(!stderr.contains('\u{1b}'), "the portal gives the terminal an order: {stderr}");
        for (name, text) in [("stderr", stderr), ("report", report)] {
            assert!(!text.contains(NUMBER), "the account's number is in {name}:\n{text}");
            assert!(!text.contains(CLIENT), "what a link holds is in {name}:\n{text}");
        }
        assert!(*code == Some(0) || !stdout.contains(NUMBER), "{stdout}");
        assert!(report.contains("Content-Security-Policy") && !report.contains("<script"), "{report}");
    }
}

fn pages() -> Portal {
    pages_with("", "")
}

/// The portal with another body for one of its pages.
fn pages_with(name: &str, body: &str) -> Portal {
    let pages = [("login", SIGN_IN), ("next", CODE), ("accounts", ACCOUNTS), (NUMBER, ACCOUNT), ("goodbye", GOODBYE)];
    pages
        .into_iter()
        .fold(Portal::default(), |portal, (known, usual)| portal.page(known, if known == name { body } else { usual }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_a_portal_and_tells_it_step_by_step_without_a_secret() {
    let rehearsal = Rehearsal::of(pages()).await;
    let seen = rehearsal.seen(&["--driver", "http", "--json"]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    let records: Value = serde_json::from_str(&seen.stdout).expect("JSON");
    let account = &records["accounts"][0];
    assert_eq!(
        (&account["accountNumber"], &account["currentBalance"]),
        (&NUMBER.into(), &"950.00".into()),
        "{account}"
    );
    assert_eq!(account["transactions"].as_array().map(Vec::len), Some(2), "{account}");
    assert!(
        rehearsal.portal.asked().contains(&format!("POST accounts digits={ANSWER}")),
        "{:?}",
        rehearsal.portal.asked()
    );
    assert_eq!(rehearsal.portal.asked().last().map(String::as_str), Some("GET goodbye"), "it signs out");
    for said in [
        "page        sign_in",
        "fill        `#password` with credentials.password",
        "effect      password",
        "challenge   oneTimeCode",
        "click       `#sign-out`",
        "read 1 accounts",
    ] {
        assert!(seen.stderr.contains(said), "{said}:\n{}", seen.stderr);
    }
    assert!(seen.report.contains("<iframe sandbox") && seen.report.contains("Finished: 1 accounts"), "{}", seen.report);
    seen.holds_no_secret();
    let mode = std::fs::metadata(rehearsal.path.join("report.html")).expect("a report").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let seen = rehearsal.seen(&["--driver", "http"]).await;
    assert!(seen.stdout.contains("Operating") && seen.stdout.contains("2026-11-18"), "{}", seen.stdout);
    seen.holds_no_secret();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_driven_as_well_and_ends_with_the_run() {
    let sign_in = format!(
        "{SIGN_IN}<img src='https://cdn.elsewhere.example/logo.png' onerror='document.title=1'>\
         <img src='/{PASSWORD}?of={PASSWORD}'><img src='/status/404?{NUMBER}'>"
    );
    let rehearsal = Rehearsal::of(pages_with("login", &sign_in)).await;
    let seen = rehearsal.seen(&["--driver", "cdp", "--json"]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    let wanted = "cdn.elsewhere.example; name it in `hosts`";
    assert!(seen.stderr.contains(wanted) && seen.report.contains(wanted), "{}", seen.stderr);
    // What the pages asked for is listed, without what may be a customer's.
    assert!(seen.report.contains("What the pages asked for"), "{}", seen.report);
    let row = |cells: &[&str]| seen.report.contains(&format!("<tr><td>{}</td>", cells.join("</td><td>")));
    assert!(row(&["POST", "127.0.0.1", "/submit/next", "200", "document"]), "{}", seen.report);
    assert!(row(&["GET", "127.0.0.1", "/hidden", "404", "image"]), "{}", seen.report);
    assert!(row(&["GET", "127.0.0.1", "/status/000", "404", "image"]), "{}", seen.report);
    assert!(row(&["GET", "cdn.elsewhere.example", "/logo.png", "failed", "image"]), "{}", seen.report);
    seen.holds_no_secret();
    assert!(crate::world::process::processes_in(&rehearsal.path).is_empty(), "the browser still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reads_one_of_two_accounts_names_the_other_and_ends_with_a_failure() {
    let row = "<tr><td><a href=\"/000087654321?client=b\">Reserve</a></td><td>000087654321</td><td>Checking</td></tr></tbody>";
    let two = ACCOUNTS.replace("</tbody>", row);
    let torn = ACCOUNT.replace("<th>Amount</th>", "<th>Sum</th>").replace(NUMBER, "000087654321");
    let seen = Rehearsal::of(pages_with("accounts", &two).page("000087654321", &torn)).await;
    let seen = seen.seen(&["--driver", "http", "--json"]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.stderr);
    assert!(seen.stderr.contains("read 1 of 2 accounts and 2 transactions"), "{}", seen.stderr);
    assert!(seen.stderr.contains("account 2: script.element.missing"), "{}", seen.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_says_why_and_where_and_no_secret_at_every_stage() {
    // Words of a heading are kept, unless they hold a secret.
    let echo =
        |text: &str| format!("<h1>Strange {PASSWORD}</h1><h1>Again {text}</h1><p>{PASSWORD}</p><h2>{NUMBER}</h2>");
    let refused = SIGN_IN
        .replace("<input id=\"user\"", &format!("<p role=alert>Not {PASSWORD} of {NUMBER}</p><input id=\"user\""));
    let wrong_code = CODE.replace("<input", &format!("<p role=alert>{ANSWER} is wrong</p><input"));
    let headers = ACCOUNTS
        .replace("<th>Account</th>", &format!("<th>{NUMBER}</th><th>{PASSWORD}</th>"))
        .replace("<td>Checking", "<td></td><td>Checking");
    let dates = ACCOUNT.replace("2026-11-20", &format!("{NUMBER} {PASSWORD}"));
    for (code, stage, changed, body) in [
        ("net.reset", "connect", "", String::new()),
        ("portal.unavailable", "connect", "login", "404".into()),
        ("script.page.unrecognised", "connect", "login", echo("")),
        ("auth.credentials.invalid", "login", "next", refused),
        ("script.page.unrecognised", "login", "next", echo("")),
        ("mfa.timeout", "challenge", "accounts", wrong_code),
        ("script.page.unrecognised", "challenge", "accounts", echo(ANSWER)),
        ("script.element.missing", "accounts", "accounts", headers),
        ("script.page.unrecognised", "accounts", NUMBER, echo("")),
        ("script.parse", "transactions", NUMBER, dates),
    ] {
        let pages =
            [("login", SIGN_IN), ("next", CODE), ("accounts", ACCOUNTS), (NUMBER, ACCOUNT), ("goodbye", GOODBYE)];
        let portal = pages
            .iter()
            .filter(|(name, _)| *name != changed)
            .fold(Portal::default(), |portal, (name, body)| portal.page(name, body));
        let portal = if body == "404" || changed.is_empty() { portal } else { portal.page(changed, &body) };
        let mut rehearsal = Rehearsal::of(portal).await;
        if changed.is_empty() {
            // Nobody listens there any more.
            let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr()).expect("a port");
            rehearsal.url = format!("http://{gone}/").parse().expect("a url");
        }
        let seen = rehearsal.seen(&["--driver", "http", "--json"]).await;
        assert_eq!(seen.code, Some(1), "{code} at {stage}: {}\n{}", seen.stdout, seen.stderr);
        let failure: Value = serde_json::from_str(&seen.stdout).expect("JSON");
        assert_eq!(
            (&failure["failure"]["code"], &failure["failure"]["stage"]),
            (&code.into(), &stage.into()),
            "{}",
            seen.stderr
        );
        assert!(seen.stderr.contains(&format!("{code} at {stage}")), "{}", seen.stderr);
        assert!(seen.report.contains(code) && seen.report.contains("hint: "), "{}", seen.report);
        seen.holds_no_secret();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_signs_out_where_the_page_has_what_does_it() {
    let rehearsal = Rehearsal::of(pages()).await;
    let mut child = tokio::process::Command::from(rehearsal.command(&["--driver", "http", "--slow", "700"]))
        .kill_on_drop(true)
        .spawn()
        .expect("an agent");
    let mut stdin = child.stdin.take().expect("a pipe");
    tokio::io::AsyncWriteExt::write_all(&mut stdin, format!("{ANSWER}\n").as_bytes()).await.expect("an answer");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut said = String::new();
    while let Some(line) = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("a line") {
        said.push_str(&line);
        said.push('\n');
        if line.contains("page        accounts") {
            signal_to(child.id().expect("a process"), Signal::INT);
        }
    }
    let status = child.wait().await.expect("a status");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("interrupted") && said.contains("sign out    done"), "{said}");
    assert_eq!(rehearsal.portal.asked().last().map(String::as_str), Some("GET goodbye"));
    assert!(!rehearsal.portal.asked().contains(&format!("GET {NUMBER}")), "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cant_be_run_is_said_before_a_portal_hears_of_it() {
    let rehearsal = Rehearsal::of(pages()).await;
    let check = |more: Vec<&str>, code: i32, says: &str| {
        let mut command = command();
        command.arg("run").arg(&rehearsal.path).args(&more).stdin(Stdio::null());
        let (found, _, talk) = texts(&output(&mut command));
        assert!(found == Some(code) && talk.contains(says), "{more:?}: {talk}");
    };
    check(vec!["--portal", "http://bank.example/"], 1, "has to begin with https://");
    check(vec!["--portal", rehearsal.url.as_str()], 1, "the credential `bankUsername` was never given");
    check(vec!["--since", "yesterday"], 64, "--since");
    let open = rehearsal.path.join("credentials.json");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let path = open.to_str().expect("a plain path");
    check(vec!["--portal", rehearsal.url.as_str(), "--credentials", path], 1, "hint: `chmod 600` it");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let windowless = vec!["--portal", rehearsal.url.as_str(), "--credentials", path, "--driver", "http", "--headed"];
    check(windowless, 1, "the driver http shows no window");
    let with = |more: &[&'static str]| [&["--portal", rehearsal.url.as_str(), "--credentials", path], more].concat();
    check(with(&["--report", "/nowhere/run.html"]), 1, "could not write /nowhere/run.html");
    let kept = std::fs::read_to_string(path).expect("credentials");
    let over = ["--portal", rehearsal.url.as_str(), "--credentials", path, "--report", path];
    check(over.to_vec(), 1, "it is there already and is no report");
    assert_eq!(std::fs::read_to_string(path).expect("credentials"), kept);
    for (odd, says) in [
        (r#"{"bankUsername": "clerk", "password": 12345678}"#, "`password` in "),
        (r#"{"bankUsername": "clerk", "password": ""}"#, "the credential `password` is empty, and nothing was sent"),
    ] {
        std::fs::write(path, odd).expect("credentials");
        check(with(&[]), 1, says);
    }
    std::fs::write(path, format!("\u{feff}{kept}")).expect("credentials");
    check(with(&["--save-pages=/proc/pages"]), 1, "could not write /proc/pages");
    std::fs::write(rehearsal.path.join("institution.yaml"), "id: other\n").expect("a record");
    check(vec![], 1, "institution.yaml:1:1");
    std::fs::write(rehearsal.path.join("script.yaml"), "script: 1\n").expect("a script");
    check(vec![], 1, "error[key.missing]");
    assert!(rehearsal.portal.asked().is_empty(), "{:?}", rehearsal.portal.asked());
}
