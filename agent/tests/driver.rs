//! The driver against a real browser and a portal of a few pages.

mod world;

use agent::driver::Driver as _;
use domain::secret::Secret;
use script::command::{Act, Condition, Left, Observation, Problem, Recogniser, Trouble, Watch};
use url::Url;

use world::Portal;

const LOGIN: &str = r#"<form action="/submit/home" method="post">
    <input id="user" name="user"><input id="password" name="password" type="password">
    <button id="go">Sign in</button></form>"#;

fn visible(page: &str, selector: &str) -> Recogniser {
    Recogniser { page: page.into(), conditions: vec![Condition::Visible(selector.into())] }
}

fn watch(pages: Vec<Recogniser>) -> Watch {
    Watch { pages, busy: Vec::new(), left: None, patience_ms: 5_000 }
}

fn fill(into: &str, text: &str) -> Act {
    Act::Fill { into: into.into(), text: Secret::new(text.into()) }
}

fn click(target: &str) -> Act {
    Act::Click { target: target.into() }
}

fn at(base: &Url, path: &str) -> Url {
    base.join(path).expect("a url")
}

/// The outline of an observation, without the document.
fn outline(observation: &Observation) -> String {
    match observation {
        Observation::Recognised { page, url, .. } => format!("{page} at {}", url.path()),
        Observation::Unrecognised { still, .. } => format!("nothing, still {still:?}"),
        Observation::Stuck { target, problem, .. } => format!("stuck at {target}: {problem:?}"),
        other => format!("{other:?}"),
    }
}

struct Stage {
    _folder: tempfile::TempDir,
    browsers: agent::cdp::Browsers,
    portal: Portal,
    base: Url,
    session: agent::cdp::Session,
}

impl Stage {
    async fn new(portal: Portal) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let browsers = world::browsers(folder.path());
        let base = portal.serve().await;
        let session = world::session(&browsers, &base, &["localhost"], world::open_gate()).await;
        Self { _folder: folder, browsers, portal, base, session }
    }

    async fn visit(&mut self, path: &str) -> String {
        let url = at(&self.base, path);
        outline(&self.session.visit(&url).await.expect("an observation"))
    }

    async fn watch(&mut self, what: &Watch) -> String {
        outline(&self.session.watch(what).await.expect("an observation"))
    }

    async fn act(&mut self, acts: &[Act]) -> String {
        outline(&self.session.act(acts).await.expect("an observation"))
    }

    async fn end(self) {
        drop(self.session);
        self.browsers.end().await;
    }
}

#[tokio::test]
async fn a_sign_in_is_seen_through() {
    let portal = Portal::default().page("login", LOGIN).page("home", "<h1 id=home>Welcome</h1>");
    let mut stage = Stage::new(portal).await;
    let pages = vec![visible("home", "#home"), visible("login", "#password")];
    assert_eq!(stage.visit("login").await, "Visited");
    assert_eq!(stage.watch(&watch(pages.clone())).await, "login at /login");
    let acts = [fill("#user", "clerk"), fill("#password", "An&chor 7"), click("#go")];
    assert_eq!(stage.act(&acts).await, "Acted");
    let left = Some(Left { page: "login".into(), region: None });
    let after = Watch { left, ..watch(pages) };
    assert_eq!(stage.watch(&after).await, "home at /submit/home");
    let asked = stage.portal.asked();
    assert_eq!(asked.last().map(String::as_str), Some("POST home user=clerk&password=An%26chor+7"));
    stage.end().await;
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let mut stage = Stage::new(Portal::default()).await;
    assert_eq!(stage.visit("status/503").await, "Unreachable(Status(503))");
    assert_eq!(stage.visit("empty/502").await, "Unreachable(Status(502))");
    assert_eq!(stage.visit("missing").await, "Unreachable(Status(404))");
    assert_eq!(stage.visit("to?http://elsewhere.example/").await, "Unreachable(Forbidden)");
    assert_eq!(stage.visit("http://elsewhere.example/").await, "Unreachable(Forbidden)");
    assert_eq!(stage.visit("file:///etc/passwd").await, "Unreachable(Forbidden)");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    let refused = format!("http://127.0.0.1:{port}/");
    assert_eq!(stage.visit(&refused).await, "Unreachable(Reset)");
    // A server that speaks no TLS.
    let port = stage.base.port().expect("a port");
    assert_eq!(stage.visit(&format!("https://127.0.0.1:{port}/")).await, "Unreachable(Tls)");
    stage.end().await;
}

#[tokio::test]
async fn acts_say_why_they_are_stuck() {
    let body = "<button class=twice>a</button><button class=twice>b</button>\
        <button id=off disabled>c</button><input id=hidden style='display:none'>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page").await;
    for (selector, problem) in [
        ("#none", Problem::Missing),
        (".twice", Problem::Ambiguous),
        ("#off", Problem::NotActionable),
        ("#hidden", Problem::NotActionable),
    ] {
        let expected = format!("stuck at {selector}: {problem:?}");
        assert_eq!(stage.act(&[click(selector)]).await, expected);
    }
    stage.end().await;
}

#[tokio::test]
async fn a_page_shows_once_it_is_visible_and_nothing_is_busy() {
    let body = "<div id=busy>wait</div><p id=a style='display:none'>A</p>\
        <script>setTimeout(() => { a.style.display = 'block' }, 200);\
        setTimeout(() => busy.remove(), 600);</script>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page").await;
    let begun = tokio::time::Instant::now();
    let what = Watch { busy: vec!["#busy".into()], ..watch(vec![visible("a", "#a")]) };
    assert_eq!(stage.watch(&what).await, "a at /page");
    assert!(begun.elapsed().as_millis() >= 500, "{:?}", begun.elapsed());
    stage.end().await;
}

#[tokio::test]
async fn a_page_that_was_acted_on_counts_once_its_region_is_another() {
    // The second click changes nothing.
    let body = "<div id=rows>one</div><button id=next onclick=\"rows.textContent = 'two'\">\
        next</button><button id=idle>idle</button>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page").await;
    let pages = vec![visible("rows", "#rows")];
    assert_eq!(stage.watch(&watch(pages.clone())).await, "rows at /page");
    let left = Some(Left { page: "rows".into(), region: Some("#rows".into()) });
    let after = Watch { left, patience_ms: 700, ..watch(pages) };
    assert_eq!(stage.act(&[click("#next")]).await, "Acted");
    assert_eq!(stage.watch(&after).await, "rows at /page");
    assert_eq!(stage.act(&[click("#idle")]).await, "Acted");
    assert_eq!(stage.watch(&after).await, "nothing, still Some(\"rows\")");
    stage.end().await;
}

#[tokio::test]
async fn a_page_that_was_left_and_came_back_counts_again() {
    let body = "<div id=rows>one</div><button id=next onclick=\"rows.hidden = true;\
        setTimeout(() => { rows.hidden = false }, 200)\">next</button>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page").await;
    let pages = vec![visible("rows", "#rows")];
    assert_eq!(stage.watch(&watch(pages.clone())).await, "rows at /page");
    assert_eq!(stage.act(&[click("#next")]).await, "Acted");
    let left = Some(Left { page: "rows".into(), region: None });
    assert_eq!(stage.watch(&Watch { left, ..watch(pages) }).await, "rows at /page");
    stage.end().await;
}

#[tokio::test]
async fn the_same_page_in_another_document_counts_again() {
    let mut stage = Stage::new(Portal::default().page("page", "<a id=next href=/page>next</a>")).await;
    stage.visit("page").await;
    let pages = vec![visible("page", "#next")];
    assert_eq!(stage.watch(&watch(pages.clone())).await, "page at /page");
    assert_eq!(stage.act(&[click("#next")]).await, "Acted");
    let left = Some(Left { page: "page".into(), region: None });
    assert_eq!(stage.watch(&Watch { left, ..watch(pages) }).await, "page at /page");
    assert_eq!(stage.portal.asked().len(), 2);
    stage.end().await;
}

#[tokio::test]
async fn conditions_mean_what_they_say() {
    let body = "<h1>Your\n  <b>Accounts</b></h1><p style='visibility:hidden' id=ghost>Ghost</p>\
        <p id=faint style='opacity:0'>Faint</p>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page#top").await;
    let text = |within: &str, contains: &str| Condition::Text {
        within: within.into(),
        contains: contains.into(),
    };
    for (condition, expected) in [
        (text("h1", "your accounts"), true),
        (text("h1", "accounts your"), false),
        (text("body", "ghost"), false),
        (Condition::Visible("h1".into()), true),
        (Condition::Visible("#ghost".into()), false),
        (Condition::Visible("#faint".into()), false),
        (Condition::Absent("#ghost".into()), true),
        (Condition::Absent("h1".into()), false),
        (Condition::Url("/page#t".into()), true),
        (Condition::Url("/other".into()), false),
        (Condition::Visible("h1 >>> b".into()), false),
    ] {
        let page = Recogniser { page: "page".into(), conditions: vec![condition.clone()] };
        let seen = stage.watch(&Watch { patience_ms: 100, ..watch(vec![page]) }).await;
        assert_eq!(seen.starts_with("page at"), expected, "{condition:?}: {seen}");
    }
    stage.end().await;
}
