//! Files that pages make come: every driver takes them in, within bounds, and leaves none on the disk.
//!
//! Not here: what is in a file (`statement`), or what a run makes of it (`script`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent::driver::{Driver, DriverError, Session as _};
use agent::egress::Egress;
use agent::hosts::Hosts;
use protocol::lease::AllowLoopback;
use script::command::{Act, Condition, Deed, Download, Observation, Popups, Recogniser, Watch};
use url::Url;

use crate::world::drivers::{end, geckodriver, webdriver};
use crate::world::process::until;
use crate::world::{PATIENCE, Portal};

const OFX: &str = "OFXHEADER:100 of an account";

fn portal() -> Portal {
    Portal::default()
        .page("statement", OFX)
        .page(
            "home",
            "<h1 id=home>Home</h1><a id=file href=/file/statement>file</a><a id=huge href=/huge>huge</a>\
            <a id=endless href=/endless>endless</a><a id=page href=/sorry>page</a><button id=idle type=button>idle</button>\
            <form action=/file/statement><input id=from name=from><button id=form>form</button></form>\
            <button id=blob type=button onclick=\"const it = document.createElement('a'); it.download = 'a.ofx';\
            it.href = window.URL.createObjectURL(new Blob(['made here'])); it.click()\">blob</button>",
        )
        .page("sorry", "<h1 id=sorry>Sorry</h1>")
        .page(
            "hoard",
            "<h1 id=home>Home</h1><button id=more type=button onclick=\"const it = document.createElement('a');\
            it.download = 'a.ofx'; it.href = window.URL.createObjectURL(new Blob([new Uint8Array(36 << 20)])); it.click()\">\
            more</button>",
        )
}

async fn take(driver: &mut dyn Driver, target: &str, patience_ms: u64) -> Observation {
    let deed = Deed { acts: vec![Act::Click { target: target.into() }], region: Vec::new() };
    driver.download(&Download { deed, patience_ms }).await.expect("an observation")
}

/// What came, in a line.
fn outline(observation: Observation) -> String {
    match observation {
        Observation::Downloaded(bytes) => String::from_utf8_lossy(&bytes.0).into_owned(),
        Observation::NoFile(why) => why.text().to_owned(),
        Observation::Recognised { page, .. } => page,
        Observation::Stuck { target, problem, .. } => format!("stuck at {target}: {problem:?}"),
        other => format!("{other:?}"),
    }
}

async fn shows(driver: &mut dyn Driver) -> String {
    let page = |page: &str| Recogniser { page: page.into(), conditions: vec![Condition::Visible(format!("#{page}"))] };
    let pages = vec![page("home"), page("sorry")];
    let watch = Watch { pages, busy: Vec::new(), left: None, popups: Popups::Close, patience_ms: 5_000 };
    outline(driver.watch(&watch).await.expect("an observation"))
}

/// What every driver does with a file.
async fn conforms(driver: &mut dyn Driver, base: &Url) {
    let home = base.join("home").expect("a url");
    driver.visit(&home).await.expect("an observation");
    assert_eq!(shows(driver).await, "home");
    for _ in 0..2 {
        assert_eq!(outline(take(driver, "#file", 10_000).await), OFX);
        assert_eq!(shows(driver).await, "home", "the page is still there");
    }
    assert_eq!(outline(take(driver, "#form", 10_000).await), OFX);
    assert_eq!(outline(take(driver, "#huge", 10_000).await), "the file has more than 8 MiB");
    assert_eq!(outline(take(driver, "#nothing", 500).await), "stuck at #nothing: Missing");
    assert_eq!(outline(take(driver, "#page", 10_000).await), "a page came in place of a file");
    assert_eq!(shows(driver).await, "sorry");
}

/// The same of drivers that have a browser.
async fn conforms_with_scripts(driver: &mut dyn Driver, base: &Url) {
    conforms(driver, base).await;
    let home = base.join("home").expect("a url");
    driver.visit(&home).await.expect("an observation");
    assert_eq!(shows(driver).await, "home");
    assert_eq!(outline(take(driver, "#blob", 10_000).await), "made here");
    assert_eq!(outline(take(driver, "#idle", 500).await), "no file came in time");
    assert_eq!(shows(driver).await, "home");
}

/// Every file below a folder whose name or content is that of what was taken in.
fn left_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("hostile")
                || std::fs::read(&path).is_ok_and(|bytes| bytes == OFX.as_bytes() || bytes.starts_with(b"xxxxxxxx"))
            {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test]
async fn chromium_takes_files_in_and_keeps_none() {
    let portal = portal();
    let base = portal.serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let mut session = crate::world::session(&browsers, &base, &[], crate::world::open_gate()).await;
    conforms_with_scripts(&mut session, &base).await;
    assert_eq!(outline(take(&mut session, "#endless", 10_000).await), "the file has more than 8 MiB");
    // A file that nobody waits for goes nowhere.
    let deed = Deed { acts: vec![Act::Click { target: "#file".into() }], region: Vec::new() };
    assert_eq!(outline(session.act(&deed).await.expect("an observation")), "Acted");
    assert_eq!(shows(&mut session).await, "home");
    let none_is_left = until(PATIENCE, || left_below(folder.path()).is_empty());
    assert!(none_is_left.await, "{:?}", left_below(folder.path()));
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn sessions_that_share_a_browser_get_their_own_files() {
    let portal = portal().page("other", "of another account");
    let base = portal.serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let mut one = crate::world::session(&browsers, &base, &[], crate::world::open_gate()).await;
    let mut other = crate::world::session(&browsers, &base, &[], crate::world::open_gate()).await;
    let home = base.join("home").expect("a url");
    one.visit(&home).await.expect("an observation");
    other.visit(&home).await.expect("an observation");
    for _ in 0..3 {
        let (first, second) = tokio::join!(take(&mut one, "#file", 10_000), take(&mut other, "#blob", 10_000));
        assert_eq!((outline(first).as_str(), outline(second).as_str()), (OFX, "made here"));
    }
    drop((one, other));
    browsers.end().await;
}

#[tokio::test]
async fn without_a_browser_files_come_as_answers() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let portal = portal();
    let base = portal.serve().await;
    let hosts = Hosts::new(&base, &[], AllowLoopback::Yes);
    let gate = crate::world::open_gate();
    let egress = Arc::new(Egress::open(hosts, gate.clone()).await.expect("a port"));
    let mut session = agent::http::Session::open(gate, egress).expect("a session");
    conforms(&mut session, &base).await;
}

async fn conforms_over_webdriver(driver: &str) {
    let portal = portal();
    let base = portal.serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(driver, folder.path());
    let mut session = crate::world::drivers::session(&webdriver, &base, crate::world::open_gate()).await;
    conforms_with_scripts(&mut session, &base).await;
    assert!(left_below(folder.path()).is_empty(), "{:?}", left_below(folder.path()));
    end(&session).await;
    let none = until(PATIENCE, || std::fs::read_dir(folder.path()).map_or(0, Iterator::count) == 0);
    assert!(none.await, "the folder goes with the session");
    drop(session.ending());
}

#[tokio::test]
async fn chromedriver_takes_files_in_and_keeps_none() {
    conforms_over_webdriver("chromedriver").await;
}

#[tokio::test]
async fn geckodriver_takes_files_in_and_keeps_none() {
    conforms_over_webdriver(&geckodriver()).await;
}

#[tokio::test]
async fn geckodriver_is_given_up_where_a_file_that_is_too_large_goes_on() {
    let base = portal().serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(&geckodriver(), folder.path());
    let mut session = crate::world::drivers::session(&webdriver, &base, crate::world::open_gate()).await;
    session.visit(&base.join("home").expect("a url")).await.expect("an observation");
    assert_eq!(shows(&mut session).await, "home");
    let deed = Deed { acts: vec![Act::Click { target: "#endless".into() }], region: Vec::new() };
    let took = session.download(&Download { deed, patience_ms: 10_000 }).await;
    assert!(matches!(took, Err(DriverError::Crashed)), "nothing stops it but the end of the session");
    end(&session).await;
}

#[tokio::test]
async fn geckodriver_is_given_up_where_a_page_hoards_files() {
    let base = portal().serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(&geckodriver(), folder.path());
    let mut session = crate::world::drivers::session(&webdriver, &base, crate::world::open_gate()).await;
    session.visit(&base.join("hoard").expect("a url")).await.expect("an observation");
    assert_eq!(shows(&mut session).await, "home");
    let deed = Deed { acts: vec![Act::Click { target: "#more".into() }], region: Vec::new() };
    assert_eq!(outline(session.act(&deed).await.expect("an observation")), "Acted");
    assert_eq!(shows(&mut session).await, "home", "one is within bounds");
    assert_eq!(outline(session.act(&deed).await.expect("an observation")), "Acted");
    let sorry = Recogniser { page: "sorry".into(), conditions: vec![Condition::Visible("#sorry".into())] };
    let patience_ms = u64::try_from(PATIENCE.as_millis()).expect("a number");
    let watch = Watch { pages: vec![sorry], busy: Vec::new(), left: None, popups: Popups::Close, patience_ms };
    let seen = session.watch(&watch).await;
    assert!(matches!(seen, Err(DriverError::Crashed)), "more than the disk is to hold");
    end(&session).await;
}
