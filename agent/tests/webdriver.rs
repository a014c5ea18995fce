//! The driver over WebDriver does what the first one does, with either browser.
//!
//! Not here: what is common to a page whichever driver it is read by (`driver.rs`).

use std::time::Duration;

use agent::driver::{Driver as _, DriverError};
use agent::gate::{Gate, Shut};
use agent::webdriver::Session;
use domain::driver::{DriverKind, Drivers};
use domain::secret::Secret;
use rustix::process::Signal;
use script::command::{Act, Condition, Deed, Left, Observation, Popups, Problem, Recogniser, Watch};
use tokio::time::Instant;
use url::Url;

use crate::world::coordinator::{Coordinator, PASSWORD, Renewals};
use crate::world::drivers::{end, geckodriver, left_in, session, webdriver};
use crate::world::process::{browser_in, processes_in, signal_to, until};
use crate::world::stage::{ACCOUNTS, BEATING, LOGIN, SCRIPT, Stage, patient};
use crate::world::{PATIENCE, Portal, open_gate};

fn visible(page: &str, selector: &str) -> Recogniser {
    Recogniser { page: page.into(), conditions: vec![Condition::Visible(selector.into())] }
}

fn watch(pages: Vec<Recogniser>) -> Watch {
    Watch { pages, busy: Vec::new(), left: None, popups: Popups::Close, patience_ms: 5_000 }
}

fn fill(into: &str, text: &str) -> Act {
    Act::Fill { into: into.into(), text: Secret::new(text.into()) }
}

fn click(target: &str) -> Act {
    Act::Click { target: target.into() }
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

async fn visit(session: &mut Session, base: &Url, path: &str) -> String {
    let url = base.join(path).expect("a url");
    outline(&session.visit(&url).await.expect("an observation"))
}

async fn see(session: &mut Session, watch: &Watch) -> String {
    outline(&session.watch(watch).await.expect("an observation"))
}

async fn act(session: &mut Session, acts: &[Act]) -> String {
    act_on(session, &[], acts).await
}

async fn act_on(session: &mut Session, region: &[&str], acts: &[Act]) -> String {
    outline(&session.act(&deed(acts, region)).await.expect("an observation"))
}

fn deed(acts: &[Act], region: &[&str]) -> Deed {
    Deed { acts: acts.to_vec(), region: region.iter().map(|css| (*css).to_owned()).collect() }
}

/// All that a script's verbs come to.
async fn conforms(driver: &str) {
    let portal = Portal::default()
        .page("login", LOGIN)
        .page("home", "<h1 id=home>Welcome</h1><a id=again href=/home>again</a>")
        .page(
            "rows",
            "<div id=rows>one</div><button id=next onclick=\"rows.textContent = 'two'\">next</button>\
            <button id=idle>idle</button><button class=twice>a</button><button class=twice>b</button>\
            <button id=off disabled>c</button><button id=gone onclick=\"rows.hidden = true; \
            setTimeout(() => { rows.hidden = false }, 200)\">gone</button>",
        )
        .page(
            "framework",
            "<input id=field><p id=heard>nothing</p><script>\
            const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');\
            let known = '';\
            Object.defineProperty(field, 'value', { configurable: true, get() { return own.get.call(this) },\
              set(text) { known = text; own.set.call(this, text) } });\
            field.addEventListener('input', () => { if (own.get.call(field) !== known) heard.id = 'told' });\
            </script>",
        )
        .page("late", "<p id=wait>wait</p><script>setTimeout(() => { wait.id = 'there' }, 3500)</script>")
        .page("ask", "<button id=ask onclick=\"alert('hello'); ask.id = 'asked'\">ask</button>");
    let base = portal.serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(driver, folder.path());
    let session = &mut session(&webdriver, &base, open_gate()).await;

    // A sign-in.
    let pages = vec![visible("home", "#home"), visible("login", "#password")];
    assert_eq!(visit(session, &base, "login").await, "Visited");
    assert_eq!(see(session, &watch(pages.clone())).await, "login at /login");
    let acts = [fill("#user", "clerk"), fill("#password", "An&chor 7"), click("#go")];
    assert_eq!(act(session, &acts).await, "Acted");
    let left = |page: &str| Some(Left { page: page.into() });
    let after = Watch { left: left("login"), ..watch(pages.clone()) };
    // The form goes to `next`, which isn't there.
    assert_eq!(see(session, &after).await, "Unreachable(Status(404))");
    assert_eq!(portal.asked().last().map(String::as_str), Some("POST next user=clerk&password=An%26chor+7"));

    // The same page in another document counts again.
    assert_eq!(visit(session, &base, "home").await, "Visited");
    assert_eq!(see(session, &watch(pages.clone())).await, "home at /home");
    assert_eq!(act(session, &[click("#again")]).await, "Acted");
    assert_eq!(see(session, &Watch { left: left("home"), ..watch(pages) }).await, "home at /home");
    assert_eq!(portal.asked().iter().filter(|asked| *asked == "GET home").count(), 2);

    // What is left, and what isn't.
    let pages = vec![visible("rows", "#rows")];
    assert_eq!(visit(session, &base, "rows").await, "Visited");
    assert_eq!(see(session, &watch(pages.clone())).await, "rows at /rows");
    let after = Watch { left: left("rows"), patience_ms: 700, ..watch(pages.clone()) };
    assert_eq!(act_on(session, &["#rows"], &[click("#next")]).await, "Acted");
    assert_eq!(see(session, &after).await, "rows at /rows");
    assert_eq!(act_on(session, &["#rows"], &[click("#idle")]).await, "Acted");
    assert_eq!(see(session, &after).await, "nothing, still Some(\"rows\")");
    assert_eq!(act(session, &[click("#gone")]).await, "Acted");
    assert_eq!(see(session, &Watch { left: left("rows"), ..watch(pages) }).await, "rows at /rows");

    // What can't be acted on.
    for (selector, problem) in
        [("#none", Problem::Missing), (".twice", Problem::Ambiguous), ("#off", Problem::NotActionable)]
    {
        assert_eq!(act(session, &[click(selector)]).await, format!("stuck at {selector}: {problem:?}"));
    }

    // A framework that looks at the field hears of what is filled in.
    assert_eq!(visit(session, &base, "framework").await, "Visited");
    assert_eq!(act(session, &[fill("#field", "text")]).await, "Acted");
    assert_eq!(see(session, &watch(vec![visible("told", "#told")])).await, "told at /framework");

    // What shows after more than a slice; and what a prompt holds up.
    assert_eq!(visit(session, &base, "late").await, "Visited");
    assert_eq!(see(session, &watch(vec![visible("there", "#there")])).await, "there at /late");
    assert_eq!(visit(session, &base, "ask").await, "Visited");
    assert_eq!(act(session, &[click("#ask")]).await, "Acted");
    assert_eq!(see(session, &watch(vec![visible("asked", "#asked")])).await, "asked at /ask");

    // Another place in the same document.
    assert_eq!(visit(session, &base, "ask#place").await, "Visited");

    // What can't be reached.
    for (path, status) in [("status/503", 503), ("empty/502", 502), ("missing", 404)] {
        // A page with a status of an error may be one of the script's; what isn't ends there.
        let visited = visit(session, &base, path).await;
        let nothing = watch(vec![visible("other", "#other")]);
        let end = if visited == "Visited" { see(session, &nothing).await } else { visited };
        assert_eq!(end, format!("Unreachable(Status({status}))"), "{path}");
    }
    assert_eq!(visit(session, &base, "to?http://elsewhere.example/").await, "Unreachable(Forbidden)");
    assert_eq!(visit(session, &base, "http://elsewhere.example/").await, "Unreachable(Forbidden)");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    assert_eq!(visit(session, &base, &format!("http://127.0.0.1:{port}/")).await, "Unreachable(Reset)");
    let port = base.port().expect("a port");
    assert_eq!(visit(session, &base, &format!("https://127.0.0.1:{port}/")).await, "Unreachable(Tls)");
    assert_eq!(visit(session, &base, "home").await, "Visited");
    end(session).await;
    assert!(until(PATIENCE, || left_in(folder.path()).is_empty()).await, "something outlived the session");
}

#[tokio::test]
async fn chromium_over_webdriver_is_driven_as_over_devtools() {
    conforms("chromedriver").await;
}

#[tokio::test]
async fn firefox_over_webdriver_is_driven_as_chromium_is() {
    conforms(&geckodriver()).await;
}

#[tokio::test]
async fn a_driver_or_a_browser_that_freezes_is_found_out_within_five_seconds() {
    let portal = Portal::default().page("page", "<h1 id=home>Welcome</h1>");
    let base = portal.serve().await;
    for frozen in ["driver", "browser"] {
        let folder = tempfile::tempdir().expect("a folder");
        let webdriver = webdriver("chromedriver", folder.path());
        let mut session = session(&webdriver, &base, open_gate()).await;
        assert_eq!(visit(&mut session, &base, "page").await, "Visited");
        match frozen {
            "driver" => signal_to(session.driver_pid().expect("a driver"), Signal::STOP),
            _ => browser_in(folder.path()).into_iter().for_each(|pid| signal_to(pid, Signal::STOP)),
        }
        let begun = Instant::now();
        assert_eq!(session.gone().await, DriverError::Crashed, "{frozen}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{frozen}: {:?}", begun.elapsed());
        let begun = Instant::now();
        let seen = session.watch(&watch(vec![visible("none", "#none")])).await;
        assert_eq!(seen.err(), Some(DriverError::Crashed), "{frozen}");
        assert!(begun.elapsed() < Duration::from_secs(6), "{frozen}: {:?}", begun.elapsed());
        let begun = Instant::now();
        end(&session).await;
        assert!(begun.elapsed() < Duration::from_secs(4), "{frozen}: {:?}", begun.elapsed());
        assert!(until(PATIENCE, || left_in(folder.path()).is_empty()).await, "the {frozen} outlived the session");
    }
}

#[tokio::test]
async fn a_shut_gate_lets_no_verb_through_to_a_driver() {
    let portal = Portal::default().page("page", "<button id=go>go</button>");
    let base = portal.serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let gate: Gate = open_gate();
    let webdriver = webdriver("chromedriver", folder.path());
    let mut session = session(&webdriver, &base, gate.clone()).await;
    assert_eq!(visit(&mut session, &base, "page").await, "Visited");
    gate.shut(Shut::Lost);
    let lost = Some(DriverError::Shut(Shut::Lost));
    assert_eq!(session.visit(&base.join("page").expect("a url")).await.err(), lost);
    assert_eq!(session.watch(&watch(vec![visible("go", "#go")])).await.err(), lost);
    assert_eq!(session.act(&deed(&[click("#go")], &[])).await.err(), lost);
    assert_eq!(Some(session.gone().await), lost);
    assert_eq!(portal.asked(), ["GET page"]);
    end(&session).await;
}

/// What an agent is told so that it drives by WebDriver alone.
const BY_CHROMEDRIVER: [&str; 4] = ["--drivers", "webdriver", "--webdriver", "chromedriver"];

fn webdriver_alone() -> Drivers {
    Drivers::new(vec![DriverKind::Webdriver]).expect("a list")
}

#[tokio::test]
async fn after_the_lease_is_lost_nothing_comes_from_a_driver_either() {
    let coordinator = Coordinator::new().term(Duration::from_secs(4));
    let stage = Stage::with(Portal::default().page("login", BEATING), coordinator, &BY_CHROMEDRIVER).await;
    stage.coordinator.enqueue_for(webdriver_alone(), &stage.portal_url, &patient());
    stage.beating().await;
    stage.coordinator.renewals(Renewals::Lost);
    stage.silence().await;
    let stopped = until(PATIENCE, || stage.agent.said().contains("stopped; nothing is sent"));
    assert!(stopped.await, "{}", stage.agent.said());
    assert_eq!(stage.coordinator.names(), Vec::<String>::new());
    assert!(until(PATIENCE, || processes_in(stage.data.path()).is_empty()).await, "a driver goes on");
}

#[tokio::test]
async fn a_lease_that_this_agent_has_no_driver_for_is_given_back() {
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let stage = Stage::new(portal).await;
    stage.coordinator.enqueue_for(webdriver_alone(), &stage.portal_url, SCRIPT);
    stage.coordinator.told("release").await;
    let none = "this agent has none of the drivers that the portal is driven by wanted=webdriver here=cdp";
    assert!(until(PATIENCE, || stage.agent.said().contains(none)).await, "{}", stage.agent.said());
    // The next that it has one for is worked under.
    stage.enqueue(SCRIPT);
    stage.coordinator.told("complete").await;
    assert_eq!(stage.coordinator.names().first().map(String::as_str), Some("release"));
}

#[tokio::test]
async fn a_remote_end_is_driven_by_its_url() {
    let mut driver = tokio::process::Command::new("chromedriver");
    let folder = tempfile::tempdir().expect("a folder");
    driver.arg("--port=0").env("TMPDIR", folder.path()).stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut driver = driver.spawn().expect("chromedriver\nhint: `cargo xtask setup` installs it");
    let stdout = driver.stdout.take().expect("a pipe");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
    let port: u16 = loop {
        let line = lines.next_line().await.expect("a line").expect("a port");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            break port.trim_end_matches('.').parse().expect("a port");
        }
    };
    let url = format!("http://127.0.0.1:{port}");
    let more = ["--drivers", "webdriver", "--webdriver", &url];
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let stage = Stage::with(portal, Coordinator::new(), &more).await;
    stage.coordinator.enqueue_for(webdriver_alone(), &stage.portal_url, SCRIPT);
    let complete = stage.coordinator.told("complete").await;
    assert_eq!(complete["accounts"][0]["name"], "Operating", "{complete}");
    // It says all that it can say, and nothing of what was typed or read.
    let said = stage.agent.said();
    assert!(![PASSWORD, "Operating", "<form"].iter().any(|secret| said.contains(secret)), "{said}");
    // The session has ended, and who drove it hasn't.
    assert!(until(PATIENCE, || browser_in(folder.path()).is_empty()).await, "a browser was left");
    assert!(driver.try_wait().expect("a status").is_none());
    driver.kill().await.expect("an end");
}
