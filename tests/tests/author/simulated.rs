//! Recordings as portals that are given away: what was recorded is made up, served, and read by its script as it is told to be;
//! and what goes wrong there on purpose means what it means at a bank.
//!
//! Not here: what of a page leads where; the script crate's own tests have that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fixtures::faults::Faults;
use fixtures::oracle::Act;
use fixtures::portal::RunningPortal;
use fixtures::recorded::{self, Wishes};
use fixtures::zoo::{Portal, Wishes as ZooWishes};
use serde_json::{Value, json};
use tests::programs::built;
use tests::recorder::{Failure, known, record};
use tests::world::{Ran, run};
use tokio::process::Command;

/// Runs a command of an author.
async fn ask(arguments: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.args(arguments);
    Ok(run(command, "").await?)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// Has a script read a simulated portal; what only its user knows is answered.
pub(super) async fn read(portal: &RunningPortal, folder: &Path, driver: &str, password: &str) -> Result<Ran, Failure> {
    let data = tempfile::tempdir()?;
    let credentials = data.path().join("credentials.json");
    let mut line = json!({ "username": portal.username(), "password": password });
    if !portal.credential("customerNumber").is_empty() {
        line["bankCustomerId"] = portal.credential("customerNumber").into();
    }
    std::fs::write(&credentials, line.to_string())?;
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600))?;
    let mut command = Command::new(built("agent")?);
    command.arg("test").arg(folder).args(["--portal", portal.url(), "--driver", driver, "--credentials"]);
    command.arg(&credentials).arg("--data").arg(data.path());
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    Ok(run(command, &format!("{}\n", portal.credential("answer"))).await?)
}

/// Records a portal of the zoo, makes what it showed up, and opens the portal that comes of it; its folder.
async fn given_away(portal: Portal, catalog: &Path) -> Result<(RunningPortal, PathBuf), Failure> {
    let zoo = portal.start(ZooWishes::default()).await?;
    let answers = known(&zoo, catalog)?.display().to_string();
    let recorded = record(&zoo, catalog, &["--answers", &answers, "--keep-values"]).await?;
    assert_eq!(recorded.ran.code, Some(0), "{}\n{}", recorded.ran.stdout, recorded.ran.stderr);
    zoo.stop().await;
    let (shared, simulated) = (catalog.join("shared").join(portal.name()), catalog.join("simulated"));
    let scrubbed = ask(&["scrub", text(&recorded.folder), "--into", text(&shared)]).await?;
    assert_eq!(scrubbed.code, Some(0), "{}\n{}", scrubbed.stdout, scrubbed.stderr);
    let made = ask(&["simulate", text(&shared), "--into", text(&simulated), "--json"]).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let told: Value = serde_json::from_str(&made.stdout)?;
    assert_eq!(told["withValues"], json!([]), "what was made up is told to be somebody's: {told}");
    Ok((recorded::start(&simulated, Wishes::default()).await?, shared))
}

async fn check(portal: Portal, rows: usize, drivers: &[&str], changed: &[Faults]) -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (portal, folder) = given_away(portal, catalog.path()).await?;
    for (count, driver) in (1..).zip(drivers) {
        let ran = read(&portal, &folder, driver, portal.password()).await?;
        assert_eq!(ran.code, Some(0), "{driver}\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("as the portal's truth"), "{}", ran.stdout);
        let oracle = portal.oracle();
        assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (count, count, count), "{driver}");
        assert_eq!((oracle.overlaps, oracle.refused_passwords), (0, 0), "{driver}");
    }
    assert_eq!(portal.truth().transactions.len(), rows);
    let ran = read(&portal, &folder, "http", "wrong").await?;
    assert!(ran.stderr.contains("auth.credentials.invalid"), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(portal.oracle().refused_passwords, 1);
    for faults in changed {
        portal.set_faults(faults.clone());
        let ran = read(&portal, &folder, drivers[0], portal.password()).await?;
        assert_eq!(ran.code, Some(0), "{faults:?}\n{}\n{}", ran.stdout, ran.stderr);
    }
    Ok(())
}

fn moved() -> Faults {
    Faults { moved_column: true, ..Faults::default() }
}

#[tokio::test]
async fn harbour_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    // Two pages of 25 rows, which a person went to.
    check(Portal::Harbour, 50, &["cdp", "http"], &[moved()]).await
}

#[tokio::test]
async fn meridian_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    check(Portal::Meridian, 50, &["cdp"], &[moved()]).await
}

#[tokio::test]
async fn hoshizora_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    check(Portal::Hoshizora, 40, &["cdp"], &[]).await
}

#[tokio::test]
async fn threshold_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    check(Portal::Threshold, 113, &["cdp", "http"], &[moved()]).await
}

#[tokio::test]
async fn kontor_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    check(Portal::Kontor, 72, &["cdp"], &[]).await
}

#[tokio::test]
async fn an_app_that_says_no_ends_the_session_of_a_simulated_portal() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (portal, folder) = given_away(Portal::Kontor, catalog.path()).await?;
    portal.set_faults(Faults { refuse_all_codes: true, ..Faults::default() });
    let ran = read(&portal, &folder, "cdp", portal.password()).await?;
    let said = format!("{}\n{}", ran.stdout, ran.stderr);
    assert!(said.contains("shows again after the password was submitted"), "{said}");
    let oracle = portal.oracle();
    let declined = oracle.log.iter().filter(|entry| entry.act == Act::ApprovalDeclined).count();
    assert_eq!((oracle.approvals_asked, declined, oracle.active_sessions), (1, 1, 0), "{}", ran.stdout);
    Ok(())
}

#[tokio::test]
async fn coppermine_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    check(Portal::Coppermine, 90, &["cdp"], &[]).await
}

#[tokio::test]
async fn lantern_is_recorded_made_up_and_read_where_nobody_has_an_account() -> Result<(), Failure> {
    check(Portal::Lantern, 16, &["cdp"], &[]).await
}

pub(super) const SCRIPT: &str = r##"script: 1
institution: small
locale: en-US
timezone: America/New_York
currency: USD

pages:
  sign_in:
    when: { visible: form.sign-in }
    do:
      - { fill: ["#user", "[name=user]", { label: User }], with: credentials.bankUsername }
      - { fill: ["#word", "[name=word]", { label: Password }], with: credentials.password }
      - { click: "form.sign-in button", effect: password }

  refused:
    when: { visible: "form.sign-in [role=alert]" }
    failure: { code: auth.credentials.invalid, message: "form.sign-in [role=alert]" }

  locked:
    when: { text: { h1: is locked } }
    failure: { code: auth.locked, message: h1 }

  closed:
    when: { text: { h1: back at six } }
    failure: { code: portal.maintenance, message: h1 }

  code:
    when: { visible: form.code }
    challenge: { kind: oneTimeCode, medium: sms, prompt: form.code p, attempts: 1, refused: "form.code [role=alert]" }
    do:
      - { fill: "form.code input", with: answer }
      - { click: "form.code button", effect: code }

  accounts:
    when: { visible: table.accounts }
    goal: signed_in

  account:
    when: { visible: table.rows }

  bye:
    when: { text: { h1: Goodbye } }
    goal: signed_out

reads:
  accounts:
    on: accounts
    table: table.accounts
    columns: { name: Account, type: Type, maskedNumber: Number, currentBalance: Balance }
    map: { type: { Checking: checking } }
    key: { of: a, attribute: href, after: /a/ }
    open: a
    back: a.back

  transactions:
    on: account
    table: table.rows
    columns: { postedDate: Date, description: Details, amount: Amount, runningBalance: Balance }
    date: MM/DD/YYYY
    announced: { of: p.count, after: "of " }
    next: { click: button.next }

sign_out: a.out
"##;

/// A page of the account: the rows, and that there are seven.
fn rows(numbers: &str, rows: &[(&str, &str, &str)]) -> String {
    let row = |(day, amount, balance): &(&str, &str, &str)| {
        format!("<tr><td>11/{day}/2026<td>Invoice {day}<td>{amount}<td>{balance}")
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<!doctype html><html lang=en><body onload=steal()><h1>Operating ••4711</h1><a class=back href=/accounts>Back</a>\
         <p class=count>{numbers} of 7</p><table class=rows><thead><tr><th>Date<th>Details<th>Amount<th>Balance</thead><tbody>\
         {rows}</tbody></table><button class=next type=button>Next</button><a class=out href=/off>Sign out</a>"
    )
}

/// A folder as somebody has it who saved pages, with no recording in it.
pub(super) async fn saved(catalog: &Path) -> Result<PathBuf, Failure> {
    let folder = catalog.join("small");
    let new = ["--portal", "https://small.example/", "--locale", "en-US", "--currency", "USD", "--timezone"];
    let more = ["America/New_York", "--login", "password+code"];
    let made = ask(&[&["new", text(&folder)][..], &new, &more].concat()).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    std::fs::remove_dir_all(folder.join("pages"))?;
    std::fs::create_dir(folder.join("pages"))?;
    std::fs::write(folder.join("script.yaml"), SCRIPT)?;
    let form = |alert: &str| {
        format!(
            "<!doctype html><html lang=en><body><form class=sign-in action=https://small.example/in method=post>{alert}\
             <label for=user>User</label><input id=user name=user><label for=word>Password</label>\
             <input id=word name=word type=password><button disabled>Sign in</button></form>"
        )
    };
    let first = [("20", "10.00", "950.00"), ("19", "-250.00", "940.00"), ("18", "40.00", "1,190.00")];
    let second = [("17", "150.00", "1,150.00"), ("16", "1,000.00", "1,000.00")];
    let pages = [
        ("sign_in", form("")),
        ("refused", form("<p role=alert>User or password is wrong.</p>")),
        ("locked", "<!doctype html><h1>Your access is locked</h1>".to_owned()),
        ("closed", "<!doctype html><h1>We are back at six</h1>".to_owned()),
        ("code", "<!doctype html><form class=code><p>We sent you a code.</p><input maxlength=8><button>Go</button></form>".to_owned()),
        ("code.refused", "<!doctype html><form class=code><p role=alert>That is wrong.</p><p>We sent you a code.</p><input maxlength=8><button>Go</button></form>".to_owned()),
        (
            "accounts",
            "<!doctype html><html lang=en><table class=accounts><tr><th>Account<th>Type<th>Number<th>Balance\
             <tr><td><a href=/a/1>Operating</a><td>Checking<td>••4711<td>$950.00\
             <tr><td><a href=/a/2>Reserve</a><td>Checking<td>••4712<td>$7.00</table><a class=out href=/off>Sign out</a>"
                .to_owned(),
        ),
        ("account", rows("3", &first)),
        ("account.2", rows("2", &second)),
        ("bye", "<!doctype html><h1>Goodbye</h1>".to_owned()),
    ];
    for (name, html) in pages {
        std::fs::write(folder.join("pages").join(format!("{name}.html")), html)?;
    }
    Ok(folder)
}

/// The portal that comes of it, and what was said.
pub(super) async fn simulated(folder: &Path, into: &Path) -> Result<Ran, Failure> {
    ask(&["simulate", text(folder), "--into", text(into)]).await
}

#[tokio::test]
async fn saved_pages_alone_are_a_portal_which_says_what_was_left_out_and_whose_it_is() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let made = simulated(&folder, &into).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    for said in [
        "1 of 2 accounts, of which no page",
        "what comes after account.2.html",
        "warning: what these show isn't made up",
    ] {
        assert!(made.stderr.contains(said), "{said}: {}", made.stderr);
    }
    let again = simulated(&folder, &into).await?;
    assert!(again.code == Some(1) && again.stderr.contains("is there already"), "{}", again.stderr);
    let portal = recorded::start(&into, Wishes::default()).await?;
    for driver in ["http", "cdp"] {
        let ran = read(&portal, &folder, driver, portal.password()).await?;
        assert_eq!(ran.code, Some(0), "{driver}\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("1 accounts, 5 transactions"), "{}", ran.stdout);
    }
    // Whoever isn't signed in sees no page that is inside.
    let client = tests::client::client().build()?;
    let shown = client.get(format!("{}page/0", portal.url())).send().await?;
    let policy = shown.headers().get("content-security-policy").and_then(|policy| policy.to_str().ok());
    assert!(policy.is_some_and(|policy| policy.starts_with("default-src 'none'")), "{policy:?}");
    let shown = shown.text().await?;
    assert!(shown.contains("sign-in") && !shown.contains("4711") && !shown.contains("steal"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn what_goes_wrong_on_purpose_means_what_it_means_at_a_bank() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let made = simulated(&folder, &into).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let portal = recorded::start(&into, Wishes::default()).await?;
    let none = Faults::default;
    let expected = [
        (Faults { unavailable: true, ..none() }, "portal.unavailable"),
        (Faults { blocked: true, ..none() }, "portal.blocked"),
        (Faults { maintenance: true, ..none() }, "portal.maintenance"),
        (Faults { locked: true, ..none() }, "auth.locked"),
        (Faults { captcha: true, ..none() }, "script.page.unrecognised"),
        (Faults { survey: true, ..none() }, "script.page.unrecognised"),
        (Faults { refuse_all_codes: true, ..none() }, "mfa.code.invalid"),
        (Faults { drop_session_after_pages: Some(1), ..none() }, "auth.session.expired"),
        (Faults { half_page: true, ..none() }, "script.element.missing"),
        (Faults { moved_column: true, ..none() }, "as the portal's truth"),
        (Faults { renamed_id: true, ..none() }, "as the portal's truth"),
        (Faults { banner: true, ..none() }, "as the portal's truth"),
        (Faults { slow_ms: 20, ..none() }, "as the portal's truth"),
    ];
    for (faults, expected) in expected {
        portal.set_faults(faults.clone());
        let ran = read(&portal, &folder, "http", portal.password()).await?;
        let said = format!("{}\n{}", ran.stdout, ran.stderr);
        assert!(said.contains(expected), "{faults:?}: {expected} isn't in {said}");
    }
    // A page is another one indeed.
    let client = tests::client::client().build()?;
    let shown = async |faults| {
        portal.set_faults(faults);
        client.get(portal.url()).send().await?.text().await
    };
    let renamed = shown(Faults { renamed_id: true, ..none() }).await?;
    assert!(renamed.contains("id=\"user-2\"") && renamed.contains("for=\"user-2\""), "{renamed}");
    assert!(shown(Faults { banner: true, ..none() }).await?.contains("new look"));
    let plain = shown(none()).await?;
    assert!(plain.contains("id=\"user\"") && !plain.contains("new look"), "{plain}");
    let moved = std::fs::read_to_string(into.join("pages/account.moved-column.html"))?;
    assert!(moved.contains("<th>Details</th><th>Date</th>"), "{moved}");
    let refused = client.put(format!("{}_faults", portal.url())).json(&json!({ "tornFile": true })).send().await?;
    assert_eq!(refused.status(), 422);
    Ok(())
}

#[tokio::test]
async fn codes_that_are_wrong_too_often_end_the_session_of_a_simulated_portal() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let made = simulated(&folder, &into).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let portal = recorded::start(&into, Wishes::default()).await?;
    let client = tests::client::client().redirect(reqwest::redirect::Policy::none()).build()?;
    let send = async |step: usize, cookie: &str, form: String| {
        client.post(format!("{}step/{step}", portal.url())).header("Cookie", cookie).body(form).send().await
    };
    let entered = send(0, "", format!("user={}&word={}", portal.username(), portal.password())).await?;
    let cookies = entered.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let session =
        cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with("recorded_session="));
    let session = session.ok_or("no session")?.to_owned();
    for shows in ["That is wrong", "That is wrong", "sign-in"] {
        let shown = send(1, &session, "field-0=00000000".to_owned()).await?.text().await?;
        assert!(shown.contains(shows), "{shows} isn't in {shown}");
    }
    assert_eq!((portal.oracle().refused_codes, portal.oracle().active_sessions), (3, 0));
    Ok(())
}

/// What the program says of a folder whose `portal.json` somebody has changed.
async fn served(folder: &Path, change: impl FnOnce(&mut Value)) -> Result<String, Failure> {
    let file = folder.join("portal.json");
    let whole = std::fs::read_to_string(&file)?;
    let mut portal: Value = serde_json::from_str(&whole)?;
    change(&mut portal);
    std::fs::write(&file, portal.to_string())?;
    let mut command = Command::new(built("fixtures")?);
    command.args(["serve", "--until-stdin-closes", "--recorded"]).arg(folder);
    let ran = run(command, "").await?;
    std::fs::write(&file, whole)?;
    assert_eq!(ran.code == Some(0), ran.stderr.is_empty(), "{}\n{}", ran.stdout, ran.stderr);
    Ok(format!("{}{}", ran.stdout, ran.stderr))
}

#[tokio::test]
async fn a_folder_of_somebody_elses_is_served_only_where_it_is_sound() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let made = simulated(&folder, &into).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let whole = served(&into, |_| ()).await?;
    let line: Value = serde_json::from_str(&whole)?;
    assert!(line["portal"] == "small" && line["username"].is_string() && line["url"].is_string(), "{whole}");

    let check = async |expected: &str, change: fn(&mut Value)| -> Result<(), Failure> {
        let said = served(&into, change).await?;
        assert!(said.contains(expected) && said.contains("hint: make the folder again"), "{expected} isn't in {said}");
        Ok(())
    };
    check("is no file of a page", |portal| portal["pages"][0]["file"] = "../../small/pages/bye.html".into()).await?;
    check("is no file of a page", |portal| portal["pages"][0]["file"] = "/etc/hostname".into()).await?;
    check("could not read", |portal| portal["pages"][0]["file"] = "gone.html".into()).await?;
    check("names page 900", |portal| portal["inside"] = 900.into()).await?;
    check("is no path of the portal", |portal| {
        portal["pages"][0]["links"] = json!([{ "address": "/a", "leads": "https://elsewhere.example/" }]);
    })
    .await?;
    check("is no path of the portal", |portal| {
        portal["pages"][0]["links"] = json!([{ "address": "/a", "leads": "/page/900" }]);
    })
    .await?;
    check("names page 901", |portal| {
        portal["pages"][0]["choice"] = json!({ "name": "month", "pages": { "2026-11": 901 } });
    })
    .await?;
    check("is no file of a page", |portal| portal["pages"][0]["frames"] = json!(["../small.html"])).await?;
    check("before the password", |portal| {
        let approved = json!({ "page": 0, "fields": [], "isApproved": true });
        portal["steps"].as_array_mut().map(|steps| steps.insert(0, approved)).unwrap_or_default();
    })
    .await?;
    check("unknown field", |portal| portal["run"] = "rm".into()).await?;
    check("unknown field", |portal| portal["pages"][0]["script"] = "x".into()).await?;
    check("of version 2", |portal| portal["portal"] = 2.into()).await?;
    check("no field takes", |portal| portal["steps"][0]["fields"][0]["takes"] = "money".into()).await?;
    check("on exactly one page", |portal| portal["steps"] = json!([])).await?;
    check("isn't what", |portal| portal["truth"]["accounts"][0]["type"] = 7.into()).await?;
    check("bytes", |portal| portal["truth"]["more"] = "x".repeat(33 * 1024 * 1024).into()).await?;

    // A link in the place of a page leads out of the folder, too.
    let page = into.join("pages/bye.html");
    std::fs::remove_file(&page)?;
    std::os::unix::fs::symlink("/etc/hostname", &page)?;
    check("it is no plain file", |_| ()).await?;
    std::fs::remove_file(&page)?;
    std::fs::File::create(&page)?.set_len(9 * 1024 * 1024)?;
    check("is more than", |_| ()).await
}

#[tokio::test]
async fn what_cannot_be_simulated_is_said_and_nothing_is_written() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let page = |name: &str| folder.join("pages").join(name);
    let account = std::fs::read_to_string(page("account.html"))?;
    let cases = [
        (account.replace("950.00", "951.00"), "running balances don't follow"),
        (account.replace("class=rows", "class=lines"), "it isn't recognised as the page `account`"),
        (account.replace("11/20/2026", "tomorrow"), "script.parse"),
    ];
    for (html, expected) in cases {
        std::fs::write(page("account.html"), html)?;
        let made = simulated(&folder, &into).await?;
        assert!(made.code == Some(1) && made.stderr.contains(expected), "{expected} isn't in {}", made.stderr);
        assert!(!into.exists(), "{expected}");
    }
    for name in ["account.html", "account.2.html"] {
        std::fs::remove_file(page(name))?;
    }
    let made = simulated(&folder, &into).await?;
    assert!(made.code == Some(1) && made.stderr.contains("no page `account` is saved"), "{}", made.stderr);
    assert!(!into.exists());
    Ok(())
}
