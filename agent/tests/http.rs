//! The driver without a browser against a portal of a few pages.

use std::sync::Arc;
use std::time::Duration;

use agent::driver::{Driver as _, DriverError};
use agent::egress::Egress;
use agent::gate::{Gate, Shut};
use agent::hosts::Hosts;
use agent::http::Session;
use domain::secret::Secret;
use protocol::lease::AllowLoopback;
use script::command::{Act, Condition, Deed, Left, Observation, Popups, Recogniser, Watch};
use url::Url;

use crate::world::Portal;

const LOGIN: &str = r#"<form action="/submit/home" method="post" accept-charset="windows-1252">
    <input name="user"><input id="password" name="password" type="password">
    <input type="hidden" name="token" value="t-1"><button id="go">Sign in</button></form>"#;

struct Stage {
    portal: Portal,
    base: Url,
    session: Session,
}

impl Stage {
    async fn new(portal: Portal) -> Self {
        Self::under(portal, crate::world::open_gate()).await
    }

    async fn under(portal: Portal, gate: Gate) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = portal.serve().await;
        let hosts = Hosts::new(&base, &[], AllowLoopback::Yes);
        let egress = Arc::new(Egress::open(hosts, gate.clone()).await.expect("a port"));
        let session = Session::open(gate, egress).expect("a session");
        Self { portal, base, session }
    }

    async fn visit(&mut self, path: &str) -> String {
        let url = self.base.join(path).expect("a url");
        outline(self.session.visit(&url).await.expect("an observation"))
    }

    async fn watch(&mut self, watch: &Watch) -> String {
        outline(self.session.watch(watch).await.expect("an observation"))
    }

    async fn act(&mut self, acts: &[Act]) -> String {
        outline(self.session.act(&deed(acts)).await.expect("an observation"))
    }
}

/// The outline of an observation, without the document.
fn outline(observation: Observation) -> String {
    match observation {
        Observation::Recognised { page, url, .. } => format!("{page} at {}", url.path()),
        Observation::Unrecognised { still, .. } => format!("nothing, still {still:?}"),
        Observation::Stuck { target, problem, .. } => format!("stuck at {target}: {problem:?}"),
        other => format!("{other:?}"),
    }
}

fn watch(pages: &[(&str, &str)]) -> Watch {
    let page = |(page, selector): &(&str, &str)| Recogniser {
        page: (*page).into(),
        conditions: vec![Condition::Visible((*selector).into())],
    };
    Watch {
        pages: pages.iter().map(page).collect(),
        busy: Vec::new(),
        left: None,
        popups: Popups::Close,
        patience_ms: 5_000,
    }
}

fn fill(into: &str, text: &str) -> Act {
    Act::Fill { into: into.into(), text: Secret::new(text.into()) }
}

fn deed(acts: &[Act]) -> Deed {
    Deed { acts: acts.to_vec(), region: Vec::new() }
}

fn click(target: &str) -> Act {
    Act::Click { target: target.into() }
}

#[tokio::test]
async fn a_form_is_filled_and_submitted_and_a_link_followed() {
    let portal = Portal::default()
        .page("login", LOGIN)
        .page("home", "<h1 id=home>Home</h1><a id=on href='/list?page=1#top'>List</a>")
        .page("list", "<table id=list></table>");
    let mut stage = Stage::new(portal).await;
    assert_eq!(stage.visit("login").await, "Visited");
    let looks = watch(&[("home", "#home"), ("list", "#list"), ("login", "form")]);
    assert_eq!(stage.watch(&looks).await, "login at /login");
    let acts = [fill("[name=user]", "Ann Ö"), fill("#password", "a&b"), click("#go")];
    assert_eq!(stage.act(&acts).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "home at /submit/home");
    assert_eq!(stage.act(&[click("#on")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "list at /list");
    let asked = ["GET login", "POST home user=Ann+%D6&password=a%26b&token=t-1", "GET list"];
    assert_eq!(stage.portal.asked(), asked);
}

#[tokio::test]
async fn of_a_page_of_frames_the_one_that_is_named_comes_anew_and_the_others_keep_what_was_typed() {
    let ask = "<form action=/submit/list method=post target=list><input name=from><button id=go>Show</button></form>";
    let portal = Portal::default()
        .page("front", "<iframe name=ask src=/ask></iframe><iframe name=list src=/empty></iframe>")
        .page("ask", ask)
        .page("empty", "<p id=empty>Ask above.</p>")
        .page("list", "<table id=list></table><a id=more href=/more>More</a><a id=out href=/bye target=_top>Out</a>")
        .page("more", "<table id=rest></table><iframe src=/empty></iframe>")
        .page("bye", "<p id=bye>Bye.</p>");
    let mut stage = Stage::new(portal).await;
    stage.visit("front").await;
    let looks = watch(&[
        ("bye", "#bye"),
        ("rest", "iframe[name=list] >>> iframe >>> #empty"),
        ("list", "iframe[name=list] >>> #list"),
        ("front", ">>> #empty"),
    ]);
    assert_eq!(stage.watch(&looks).await, "front at /front");
    let go = || click("iframe[name=ask] >>> #go");
    assert_eq!(stage.act(&[fill(">>> [name=from]", "11/20"), go()]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "list at /front");
    assert_eq!(stage.act(&[click(">>> #more")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "rest at /front");
    assert_eq!(stage.act(&[go()]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "list at /front");
    assert_eq!(stage.act(&[click(">>> #out")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "bye at /bye");
    let asked = [
        "GET front",
        "GET ask",
        "GET empty",
        "POST list from=11%2F20",
        "GET more",
        "GET empty",
        "POST list from=11%2F20",
        "GET bye",
    ];
    assert_eq!(stage.portal.asked(), asked);
}

#[tokio::test]
async fn a_frame_is_known_by_what_the_page_says_of_it_wherever_it_was_led() {
    let portal = Portal::default()
        .page("front", "<iframe src='work'></iframe><iframe srcdoc='<a id=said href=more target=_top>On</a>'></iframe>")
        .page("work", "<a id=on href=more>On</a>")
        .page("more", "<p id=more>More</p>");
    let mut stage = Stage::new(portal).await;
    stage.visit("front").await;
    let looks =
        watch(&[("more", "iframe[src='work'] >>> #more"), ("work", "iframe[src='work'] >>> #on"), ("whole", "#more")]);
    assert_eq!(stage.watch(&looks).await, "work at /front");
    assert_eq!(stage.act(&[click(">>> #on")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "more at /front");
    assert_eq!(stage.act(&[click(">>> #said")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "whole at /more");
}

#[tokio::test]
async fn frames_are_asked_for_once_somebody_looks_there() {
    let portal =
        Portal::default().page("front", "<iframe src=/ad></iframe><p id=own>Own</p>").page("ad", "<p id=ad>Ad</p>");
    let mut stage = Stage::new(portal).await;
    stage.visit("front").await;
    assert_eq!(stage.watch(&watch(&[("own", "#own")])).await, "own at /front");
    assert_eq!(stage.portal.asked(), ["GET front"]);
    for _ in 0..2 {
        assert_eq!(stage.watch(&watch(&[("ad", ">>> #ad")])).await, "ad at /front");
    }
    assert_eq!(stage.portal.asked(), ["GET front", "GET ad"]);
}

#[tokio::test]
async fn a_frame_that_the_page_could_not_look_into_stays_empty() {
    let elsewhere = Portal::default().page("ad", "<p id=ad>Ad</p>");
    let other = elsewhere.serve().await;
    let page = format!(
        "<iframe src={other}ad></iframe><iframe sandbox name=box src=/ad></iframe><iframe src=/gone></iframe><p id=own>Own</p>\
         <iframe src=/way></iframe>"
    );
    let way = format!("<a id=away href={other}ad>Away</a><a id=boxed href=/ad target=box>In</a>");
    let portal = Portal::default().page("front", &page).page("ad", "<p id=ad>Ad</p>").page("way", &way);
    let mut stage = Stage::new(portal).await;
    stage.visit("front").await;
    let looks = watch(&[("ad", ">>> #ad"), ("own", "#own")]);
    assert_eq!(stage.watch(&looks).await, "own at /front");
    assert_eq!(stage.portal.asked(), ["GET front", "GET gone", "GET way"]);
    assert!(elsewhere.asked().is_empty());
    // Nor does a click bring there what it couldn't look into.
    for target in [">>> #boxed", ">>> #away"] {
        assert_eq!(stage.act(&[click(target)]).await, "Acted", "{target}");
        assert_eq!(stage.watch(&looks).await, "own at /front", "{target}");
    }
}

#[tokio::test]
async fn frames_beyond_what_a_page_may_have_stay_empty_and_the_page_is_read() {
    let many = "<iframe src=/ad></iframe>".repeat(70);
    let long = format!("<p id=long>{}</p>", "x".repeat(3 << 20));
    let portal = Portal::default()
        .page("many", &format!("{many}<p id=own>Own</p>"))
        .page("ad", "<p id=ad>Ad</p>")
        .page("heavy", "<iframe name=a src=/long></iframe><iframe name=b src=/long></iframe><iframe name=c src=/long>")
        .page("long", &long);
    let mut stage = Stage::new(portal).await;
    stage.visit("many").await;
    assert_eq!(stage.watch(&watch(&[("gone", ">>> #no"), ("own", "#own")])).await, "own at /many");
    assert_eq!(stage.portal.asked().len(), 1 + 64);
    stage.visit("heavy").await;
    let third = watch(&[("third", "iframe[name=c] >>> #long"), ("second", "iframe[name=b] >>> #long")]);
    assert_eq!(stage.watch(&third).await, "second at /heavy");
}

#[tokio::test]
async fn a_page_that_shows_itself_in_a_frame_comes_to_an_end() {
    let portal = Portal::default().page("front", "<iframe src=/front></iframe><p id=own>Own</p>");
    let mut stage = Stage::new(portal).await;
    stage.visit("front").await;
    assert_eq!(stage.watch(&watch(&[("deep", ">>> #no"), ("own", "#own")])).await, "own at /front");
    assert_eq!(stage.portal.asked().len(), 1 + 6);
}

#[tokio::test]
async fn what_needs_a_pages_own_scripts_is_said_to_be_out_of_reach() {
    let page = "<a id=a href='javascript:x()'>A</a><button id=b>B</button><input id=c type=checkbox>";
    let mut stage = Stage::new(Portal::default().page("login", page)).await;
    stage.visit("login").await;
    for target in ["#a", "#b", "#c"] {
        assert_eq!(stage.act(&[click(target)]).await, format!("stuck at {target}: NotActionable"));
    }
    assert_eq!(stage.act(&[fill("#d", "x")]).await, "stuck at #d: Missing");
    assert_eq!(stage.portal.asked(), ["GET login"]);
}

#[tokio::test]
async fn a_page_that_comes_again_counts_and_one_that_stayed_does_not() {
    let mut stage = Stage::new(Portal::default().page("login", LOGIN).page("home", LOGIN)).await;
    stage.visit("login").await;
    let left = Left { page: "login".into() };
    assert_eq!(stage.watch(&watch(&[("login", "form")])).await, "login at /login");
    let looks = Watch { left: Some(left), ..watch(&[("login", "form")]) };
    assert_eq!(stage.act(&[fill("#password", "x")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "nothing, still Some(\"login\")");
    assert_eq!(stage.act(&[click("#go")]).await, "Acted");
    assert_eq!(stage.watch(&looks).await, "login at /submit/home");
}

#[tokio::test]
async fn a_page_that_replaces_itself_is_waited_for_and_no_other() {
    let waits = "<meta http-equiv=refresh content='0;url=/home'><p id=wait>Wait</p>";
    let portal = Portal::default().page("wait", waits).page("home", "<h1 id=home>Home</h1>");
    let mut stage = Stage::new(portal).await;
    stage.visit("wait").await;
    assert_eq!(stage.watch(&watch(&[("home", "#home")])).await, "home at /home");
    assert_eq!(stage.watch(&watch(&[("wait", "#wait")])).await, "nothing, still None");
    assert_eq!(stage.portal.asked(), ["GET wait", "GET home"]);
}

#[tokio::test]
async fn a_page_that_loads_itself_anew_is_told_once_for_each_time() {
    let waits = "<meta http-equiv=refresh content=0><p id=wait>Wait</p>";
    let mut stage = Stage::new(Portal::default().page("wait", waits)).await;
    stage.visit("wait").await;
    let pages = [("wait", "#wait")];
    assert_eq!(stage.watch(&watch(&pages)).await, "wait at /wait");
    let left = Left { page: "wait".into() };
    let looks = Watch { left: Some(left), ..watch(&pages) };
    for _ in 0..2 {
        assert_eq!(stage.watch(&looks).await, "wait at /wait");
    }
    assert_eq!(stage.portal.asked().len(), 3, "it is looked at again once it was loaded anew");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_by_its_reason() {
    let mut stage = Stage::new(Portal::default()).await;
    assert_eq!(stage.visit("status/503").await, "Visited");
    assert_eq!(stage.watch(&watch(&[("sorry", "h1")])).await, "sorry at /status/503");
    assert_eq!(stage.watch(&watch(&[("other", "h2")])).await, "Unreachable(Status(503))");
    assert_eq!(stage.visit("http://bank.example/").await, "Unreachable(Forbidden)");
    assert_eq!(stage.visit("script/login").await, "Unreachable(Forbidden)", "a program is no page");
    // Another port of the same host, where nobody listens.
    assert_eq!(stage.visit("http://127.0.0.1:1/").await, "Unreachable(Reset)");
    let elsewhere = "to?http://other.example/";
    assert_eq!(stage.visit(elsewhere).await, "Unreachable(Forbidden)", "the way out knows the session's hosts");
}

#[tokio::test]
async fn nothing_is_asked_for_once_the_gate_is_shut() {
    let gate = crate::world::open_gate();
    let portal = Portal::default().page("login", LOGIN).page("home", "<h1 id=home>Home</h1>");
    let mut stage = Stage::under(portal, gate.clone()).await;
    stage.visit("login").await;
    gate.shut(Shut::Lost);
    let shut = Err(DriverError::Shut(Shut::Lost));
    assert_eq!(stage.session.act(&deed(&[click("#go")])).await.map(|_| ()), shut);
    assert_eq!(stage.session.watch(&watch(&[("login", "form")])).await.map(|_| ()), shut);
    let url = stage.base.join("home").expect("a url");
    assert_eq!(stage.session.visit(&url).await.map(|_| ()), shut);
    assert_eq!(stage.portal.asked(), ["GET login"]);
    let gone = tokio::time::timeout(Duration::from_millis(1), stage.session.gone()).await;
    assert!(gone.is_err(), "nothing of it goes by itself");
}
