//! Windows that pages open: the newest is the one that shows, and when it is closed the one before it
//! shows again. Every driver does so, and what holds the session holds them all.
//!
//! Not here: that windows are closed where no script follows them (`driver.rs`).

use std::sync::Arc;

use agent::driver::Driver;
use agent::egress::Egress;
use agent::hosts::Hosts;
use protocol::lease::AllowLoopback;
use script::command::{Act, Condition, Deed, Left, Observation, POPUPS_AT_MOST, Popups, Recogniser, Watch};
use url::Url;

use crate::world::Portal;
use crate::world::drivers::{end, geckodriver, webdriver};

const PAGES: [&str; 5] = ["main", "help", "view", "shut", "beaten"];

fn portal() -> Portal {
    Portal::default()
        .page(
            "main",
            "<h1 id=main>Main</h1><a id=link href=/help target=_blank>help</a>\
            <button id=open onclick=\"window.open('/help', 'help', 'width=320,height=240')\">help</button>\
            <button id=brief onclick=\"window.open('/shut')\">shut</button>\
            <button id=adverts onclick=\"for (const at of [0, 9, 40]) window.open('/advert?' + at)\">adverts</button>",
        )
        .page("advert", "<script>setTimeout(() => window.close(), Number(location.search.slice(1)))</script>")
        .page("help", "<h1 id=help>Help</h1><a id=on href=/view>view</a><a id=more href=/help target=_blank>more</a>")
        .page("view", "<h1 id=view>View</h1><button id=close onclick=\"window.close()\">close</button>")
        .page(
            "shut",
            "<h1 id=shut>Done</h1><button id=late onclick=\"setTimeout(() => window.close(), 300)\">x</button>",
        )
}

async fn act(driver: &mut dyn Driver, act: Act) -> String {
    let deed = Deed { acts: vec![act], region: Vec::new() };
    outline(driver.act(&deed).await.expect("an observation"))
}

async fn click(driver: &mut dyn Driver, target: &str) -> String {
    act(driver, Act::Click { target: target.into() }).await
}

/// What shows after `left` was acted on.
async fn sees(driver: &mut dyn Driver, left: Option<&str>) -> String {
    sees_with(driver, left, Popups::Follow).await
}

async fn sees_with(driver: &mut dyn Driver, left: Option<&str>, popups: Popups) -> String {
    let page = |page: &str| Recogniser { page: page.into(), conditions: vec![Condition::Visible(format!("#{page}"))] };
    let left = left.map(|page| Left { page: page.into() });
    let pages = PAGES.iter().copied().map(page).collect();
    let watch = Watch { pages, busy: Vec::new(), left, popups, patience_ms: 8_000 };
    outline(driver.watch(&watch).await.expect("an observation"))
}

fn outline(observation: Observation) -> String {
    match observation {
        Observation::Recognised { page, .. } => page,
        Observation::Unrecognised { still, .. } => format!("nothing, still {still:?}"),
        Observation::Stuck { target, problem, .. } => format!("stuck at {target}: {problem:?}"),
        other => format!("{other:?}"),
    }
}

/// What every driver does with a link that opens a window.
async fn conforms(driver: &mut dyn Driver, base: &Url) {
    let main = base.join("main").expect("a url");
    driver.visit(&main).await.expect("an observation");
    assert_eq!(sees(driver, None).await, "main");
    assert_eq!(act(driver, Act::ClosePopup).await, "stuck at popup: Missing", "the first window stays");
    for _ in 0..2 {
        assert_eq!(click(driver, "#link").await, "Acted");
        assert_eq!(sees(driver, Some("main")).await, "help");
        assert_eq!(click(driver, "#on").await, "Acted");
        assert_eq!(sees(driver, Some("help")).await, "view");
        assert_eq!(act(driver, Act::ClosePopup).await, "Acted");
        assert_eq!(sees(driver, Some("view")).await, "main");
    }
    assert_eq!(click(driver, "#link").await, "Acted");
    assert_eq!(sees(driver, Some("main")).await, "help");
    for _ in 1..POPUPS_AT_MOST {
        assert_eq!(click(driver, "#more").await, "Acted");
        assert_eq!(sees(driver, Some("help")).await, "help");
    }
    // One more than there may be.
    assert_eq!(click(driver, "#more").await, "Acted");
    for popup in 1..=POPUPS_AT_MOST {
        assert_eq!(sees(driver, None).await, "help", "popup {popup}");
        assert_eq!(act(driver, Act::ClosePopup).await, "Acted", "popup {popup}");
    }
    assert_eq!(sees(driver, None).await, "main");
    assert_eq!(act(driver, Act::ClosePopup).await, "stuck at popup: Missing", "there were no more");
}

/// The same of drivers that have a browser.
async fn conforms_with_scripts(driver: &mut dyn Driver, base: &Url) {
    conforms(driver, base).await;
    assert_eq!(click(driver, "#open").await, "Acted");
    assert_eq!(sees(driver, Some("main")).await, "help");
    assert_eq!(click(driver, "#on").await, "Acted");
    assert_eq!(sees(driver, Some("help")).await, "view");
    assert_eq!(click(driver, "#close").await, "Acted");
    assert_eq!(sees(driver, Some("view")).await, "main", "the page closed its own window");
    assert_eq!(click(driver, "#brief").await, "Acted");
    assert_eq!(sees(driver, Some("main")).await, "shut");
    assert_eq!(click(driver, "#late").await, "Acted");
    assert_eq!(sees(driver, Some("shut")).await, "main", "the window closed by itself");
}

#[tokio::test]
async fn chromium_follows_windows_and_comes_back() {
    let base = portal().serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let mut session = crate::world::session(&browsers, &base, &[], crate::world::open_gate()).await;
    conforms_with_scripts(&mut session, &base).await;
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn without_a_browser_a_link_to_a_window_keeps_the_page_behind_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let base = portal().serve().await;
    let hosts = Hosts::new(&base, &[], AllowLoopback::Yes);
    let gate = crate::world::open_gate();
    let egress = Arc::new(Egress::open(hosts, gate.clone()).await.expect("a port"));
    let mut session = agent::http::Session::open(gate, egress).expect("a session");
    conforms(&mut session, &base).await;
}

async fn conforms_over_webdriver(driver: &str) {
    let base = portal().serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(driver, folder.path());
    let mut session = crate::world::drivers::session(&webdriver, &base, crate::world::open_gate()).await;
    conforms_with_scripts(&mut session, &base).await;
    for _ in 0..4 {
        assert_eq!(click(&mut session, "#adverts").await, "Acted");
        let seen = sees_with(&mut session, None, Popups::Close).await;
        assert_eq!(seen, "main", "windows that close themselves while they are closed are none");
    }
    end(&session).await;
}

#[tokio::test]
async fn chromedriver_follows_windows_and_comes_back() {
    conforms_over_webdriver("chromedriver").await;
}

#[tokio::test]
async fn geckodriver_follows_windows_and_comes_back() {
    conforms_over_webdriver(&geckodriver()).await;
}

#[tokio::test]
async fn a_window_reaches_no_further_than_the_page_that_opened_it() {
    let stolen = Portal::default().page("leak", "<h1 id=help>Stolen</h1>");
    let elsewhere = stolen.serve().await;
    let leak = format!("http://localhost:{}/leak", elsewhere.port().expect("a port"));
    let body = format!(
        "<h1 id=main>Main</h1><a id=link href='{leak}' target=_blank rel=noopener>x</a>\
        <button id=open onclick=\"window.open('/trap')\">y</button>"
    );
    let trap = format!(
        "<h1 id=view>Trap</h1><img src='{leak}'><script>fetch('{leak}', {{ mode: 'no-cors' }})\
        .finally(() => {{ document.querySelector('h1').id = 'beaten' }})</script>"
    );
    let portal = Portal::default().page("main", &body).page("trap", &trap);
    let base = portal.serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let mut session = crate::world::session(&browsers, &base, &[], crate::world::open_gate()).await;
    let driver: &mut dyn Driver = &mut session;
    driver.visit(&base.join("main").expect("a url")).await.expect("an observation");
    assert_eq!(sees(driver, None).await, "main");
    assert_eq!(click(driver, "#link").await, "Acted");
    assert!(sees(driver, Some("main")).await.starts_with("Unreachable"), "it is no host of the script's");
    assert_eq!(act(driver, Act::ClosePopup).await, "Acted");
    assert_eq!(sees(driver, None).await, "main");
    assert_eq!(click(driver, "#open").await, "Acted");
    while sees(driver, Some("main")).await != "beaten" {}
    assert_eq!(stolen.asked(), Vec::<String>::new(), "from its first byte on a window has the session's way out");
    drop(session);
    browsers.end().await;
}
