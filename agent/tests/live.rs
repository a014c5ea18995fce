//! What a person sees of a session, and what they do to it at the wheel, in a real browser.
//!
//! Not here: the way to the person (`tests/tests/console/`).

use std::sync::Arc;
use std::time::Duration;

use crate::world::process::until;
use crate::world::{PATIENCE, Portal};
use agent::cdp::{BrowserSettings, Browsers, Session};
use agent::driver::{Driver as _, DriverError, Session as _};
use agent::gate::{Gate, Shut};
use agent::holding::Holding;
use agent::live::{LiveRun, Outbox};
use domain::driver::DriverKind;
use domain::fence::Fence;
use domain::id::{AgentId, ChallengeId, RunId};
use futures::FutureExt as _;
use protocol::lease::Proof;
use protocol::live::{Button, Input, Picture, Taking};
use serde_json::json;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// A field that fills the upper half of the page, in a form that the lower half submits; a click anywhere changes its colour.
const FORM: &str = r##"<style>body { margin: 0; background: #fff } .clicked { background: #060 }
    input, button { display: block; width: 100vw; height: 50vh; border: 0; opacity: 0.8 }</style>
    <form method="post" action="/submit/thanks" enctype="text/plain"><input name="answer"><button>Send</button></form>
    <script>addEventListener("mousedown", () => document.body.classList.add("clicked"));</script>"##;

/// Changes by itself, a frame at a time.
const MOVES: &str = r##"<p id="count" style="font: 90px monospace">0</p><script>
    let count = 0; const next = () => { document.querySelector("#count").textContent = ++count; requestAnimationFrame(next); };
    requestAnimationFrame(next);</script>"##;

/// For how long nothing may happen, where a page changes sixty times a second.
const QUIET: Duration = Duration::from_millis(700);

const RUN: RunId = RunId(Uuid::nil());
const CHALLENGE: ChallengeId = ChallengeId(Uuid::nil());

struct Stage {
    _folder: tempfile::TempDir,
    browsers: Browsers,
    session: Session,
    gate: Gate,
    live: Arc<LiveRun>,
}

async fn at(portal: &Portal, name: &str) -> Stage {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = crate::world::settings(folder.path());
    at_with(portal, name, folder, settings).await
}

/// In a browser that these settings are of.
async fn at_with(portal: &Portal, name: &str, folder: tempfile::TempDir, settings: BrowserSettings) -> Stage {
    let browsers = Browsers::new(settings);
    let (base, gate) = (portal.serve().await, crate::world::open_gate());
    let mut session = crate::world::session(&browsers, &base, &[], gate.clone()).await;
    session.visit(&base.join(name).expect("a url")).await.expect("an observation");
    let proof = Proof { agent_id: AgentId(Uuid::nil()), fence: Fence { generation: 1, counter: 1 } };
    let holding = Holding::of(RUN, proof, PATIENCE, Duration::ZERO);
    let live = Arc::new(LiveRun::new(holding, gate.clone(), DriverKind::Cdp, session.screencast()));
    Stage { _folder: folder, browsers, session, gate, live }
}

impl Stage {
    /// Shows it in a task of its own.
    fn cast(&self) -> (Outbox, tokio::task::JoinHandle<()>) {
        let (outbox, screencast) = (Outbox::default(), self.session.screencast().expect("a picture"));
        let to = outbox.clone();
        (outbox, tokio::spawn(async move { screencast.cast(RUN, &to).await }))
    }

    async fn end(self) {
        drop(self.session);
        self.browsers.end().await;
    }
}

async fn next(outbox: &Outbox) -> Picture {
    let picture = timeout(PATIENCE, outbox.next()).await.expect("a picture");
    assert_eq!(&picture.jpeg[..2], &[0xff, 0xd8], "a JPEG");
    picture
}

fn press(x: i32, y: i32) -> [Input; 2] {
    let (button, clicks, modifiers) = (Button::Left, 1, 0);
    [Input::Press { x, y, button, clicks, modifiers }, Input::Release { x, y, button, clicks, modifiers }]
}

fn key(key: &str, code: u8) -> Input {
    serde_json::from_value(json!({ "does": "keyDown", "key": key, "code": "", "keyCode": code })).expect("a key")
}

#[tokio::test]
async fn a_page_is_shown_as_it_is_and_again_whenever_it_changes() {
    let stage = at(&Portal::default().page("moves", MOVES), "moves").await;
    let (outbox, casting) = stage.cast();
    let first = next(&outbox).await;
    assert_eq!((first.run_id, first.width, first.height), (RUN, 1280, 1024));
    for _ in 0..3 {
        assert_ne!(next(&outbox).await.jpeg, first.jpeg);
    }
    casting.abort();
    stage.end().await;
}

/// A browser that draws by its own clock.
fn with_a_clock(folder: &std::path::Path) -> BrowserSettings {
    let program = ["/usr/bin/chromium", "/usr/bin/google-chrome"].into_iter().map(std::path::PathBuf::from);
    let program = program.into_iter().find(|program| program.exists());
    let program = program.expect("hint: `cargo xtask setup` installs a Chromium that isn't the shell alone");
    BrowserSettings { program, ..crate::world::settings(folder) }
}

#[tokio::test]
async fn without_viewers_no_picture_is_made_whichever_browser_it_is() {
    for clock in ["the driver's", "the browser's"] {
        let folder = tempfile::tempdir().expect("a folder");
        let settings =
            if clock == "the driver's" { crate::world::settings(folder.path()) } else { with_a_clock(folder.path()) };
        let portal = Portal::default().page("moves", MOVES);
        let stage = at_with(&portal, "moves", folder, settings).await;
        for _ in 0..2 {
            let (outbox, casting) = stage.cast();
            for _ in 0..3 {
                next(&outbox).await;
            }
            casting.abort();
            assert!(casting.await.is_err(), "it was broken off");
            // What was on its way comes; then none does, though the page changes all the time.
            let begun = Instant::now();
            let mut made = stage.session.pictures_made();
            while until(QUIET, || stage.session.pictures_made() != made).await {
                made = stage.session.pictures_made();
                assert!(begun.elapsed() < PATIENCE, "pictures go on by {clock} clock");
            }
        }
        stage.end().await;
    }
}

/// Tells the bank whenever a button goes down or up.
const BUTTONS: &str = r##"<body style="margin: 0; height: 100vh"><script>
    for (const what of ["mousedown", "mouseup"]) addEventListener(what, () => navigator.sendBeacon("/submit/" + what));
    </script>"##;

#[tokio::test]
async fn a_button_that_a_person_left_pressed_goes_up_when_the_wheel_goes_on() {
    let portal = Portal::default().page("buttons", BUTTONS);
    let stage = at(&portal, "buttons").await;
    let (outbox, casting) = stage.cast();
    next(&outbox).await;
    let count = |what: &str| portal.asked().iter().filter(|asked| asked.contains(what)).count();
    let heard = async |what: &str, wanted: usize| {
        assert!(until(PATIENCE, || count(what) >= wanted).await, "{what}: {:?}", portal.asked());
    };
    let waiting = stage.live.waits(CHALLENGE);
    for round in 1..=2 {
        // The second takes it from the first, who pressed and vanished.
        assert_eq!(stage.live.take(CHALLENGE), Taking::Held);
        heard("mouseup", round - 1).await;
        let [down, _] = press(600, 100);
        stage.live.input(down).await;
        heard("mousedown", round).await;
    }
    assert_eq!(count("mouseup"), 1);
    drop(waiting);
    heard("mouseup", 2).await;
    casting.abort();
    stage.end().await;
}

#[tokio::test]
async fn what_a_person_does_at_the_wheel_is_done_to_the_page_and_shows() {
    let portal = Portal::default().page("form", FORM).page("thanks", "<p>Thank you</p>");
    let stage = at(&portal, "form").await;
    let (outbox, casting) = stage.cast();
    let before = next(&outbox).await;
    let waiting = stage.live.waits(CHALLENGE);
    assert_eq!(stage.live.take(CHALLENGE), Taking::Held);
    for input in press(600, 100) {
        stage.live.input(input).await;
    }
    let clicked = next(&outbox).await;
    assert_ne!(clicked.jpeg, before.jpeg, "a click shows");
    let typed = ["a", "ß"].into_iter().map(|sign| key(sign, 0));
    let text = [Input::Text { text: " 漢字 & <b>".into() }, key("Backspace", 8), key("Enter", 13)];
    for input in typed.chain(text) {
        stage.live.input(input).await;
    }
    let posted = async {
        while !portal.asked().iter().any(|asked| asked.contains("aß 漢字 & <b")) {
            next(&outbox).await;
        }
    };
    timeout(PATIENCE, posted).await.unwrap_or_else(|_| unreachable!("{:?}", portal.asked()));
    drop(waiting);
    casting.abort();
    stage.end().await;
}

#[tokio::test]
async fn a_session_over_webdriver_is_shown_and_steered_and_waits_while_it_is() {
    shown_and_steered("chromedriver").await;
}

#[tokio::test]
async fn a_firefox_over_webdriver_is_shown_and_steered_too() {
    shown_and_steered(&crate::world::drivers::geckodriver()).await;
}

async fn shown_and_steered(driver: &str) {
    let portal = Portal::default().page("form", FORM).page("thanks", "<p>Thank you</p>");
    let (folder, gate) = (tempfile::tempdir().expect("a folder"), crate::world::open_gate());
    let webdriver = crate::world::drivers::webdriver(driver, folder.path());
    let base = portal.serve().await;
    let mut session = crate::world::drivers::session(&webdriver, &base, gate.clone()).await;
    session.visit(&base.join("form").expect("a url")).await.expect("an observation");
    let screencast = session.screencast().expect("a picture");
    let proof = Proof { agent_id: AgentId(Uuid::nil()), fence: Fence { generation: 1, counter: 1 } };
    let holding = Holding::of(RUN, proof, PATIENCE, Duration::ZERO);
    let live = LiveRun::new(holding, gate.clone(), DriverKind::Webdriver, Some(Arc::clone(&screencast)));
    let outbox = Outbox::default();
    let to = outbox.clone();
    let casting = tokio::spawn(async move { screencast.cast(RUN, &to).await });
    let next = async || timeout(PATIENCE, outbox.next()).await.expect("a picture");
    let first = next().await;
    assert!(first.jpeg.starts_with(b"\x89PNG") && first.width >= 1000 && first.height >= 600, "{first:?}");
    let waiting = live.waits(CHALLENGE);
    assert_eq!(live.take(CHALLENGE), Taking::Held);
    let does = async {
        for input in press(600, 100) {
            live.input(input).await;
        }
        assert_ne!(next().await.jpeg, first.jpeg, "a click shows");
        let typed = ["a", "ß"].into_iter().map(|sign| key(sign, 0));
        let text = [Input::Text { text: " 漢字 & <b>".into() }, key("Backspace", 8), key("Enter", 13)];
        for input in typed.chain(text) {
            live.input(input).await;
        }
        let posted = async {
            while !portal.asked().iter().any(|asked| asked.contains("aß 漢字 & <b")) {
                next().await;
            }
        };
        timeout(PATIENCE, posted).await.unwrap_or_else(|_| unreachable!("{:?}", portal.asked()));
        // Longer than it takes to look whether it is still there.
        until(QUIET * 4, || false).await
    };
    tokio::select! {
        _ = does => {}
        gone = session.gone() => unreachable!("a run that waits is broken off by whoever holds its wheel: {gone}"),
    }
    drop(waiting);
    casting.abort();
    assert!(casting.await.is_err());
    while outbox.next().now_or_never().is_some() {}
    crate::world::drivers::end(&session).await;
}

#[tokio::test]
async fn without_the_wheel_nothing_that_a_person_does_reaches_the_page() {
    let portal = Portal::default().page("form", FORM).page("thanks", "<p>Thank you</p>");
    let stage = at(&portal, "form").await;
    let does = async |live: &LiveRun| {
        for input in press(600, 800) {
            live.input(input).await;
        }
    };
    does(&stage.live).await;
    let waiting = stage.live.waits(CHALLENGE);
    does(&stage.live).await;
    drop(waiting);
    does(&stage.live).await;
    assert!(!portal.asked().iter().any(|asked| asked.starts_with("POST")), "{:?}", portal.asked());
    // And with it, all the same.
    let waiting = stage.live.waits(CHALLENGE);
    stage.live.take(CHALLENGE);
    does(&stage.live).await;
    let posted = async {
        let (outbox, casting) = stage.cast();
        while !portal.asked().iter().any(|asked| asked.starts_with("POST")) {
            next(&outbox).await;
        }
        casting.abort();
    };
    timeout(PATIENCE, posted).await.expect("a click with the wheel");
    assert!(stage.gate.check().is_err());
    drop(waiting);
    stage.end().await;
}

#[tokio::test]
async fn while_a_person_holds_the_wheel_the_drivers_verbs_are_refused() {
    let portal = Portal::default().page("form", FORM);
    let mut stage = at(&portal, "form").await;
    stage.gate.hold().expect("an open gate");
    let asked = portal.asked();
    let deed = script::command::Deed {
        acts: vec![script::command::Act::Click { target: "button".into() }],
        region: Vec::new(),
    };
    let acted = stage.session.act(&deed).await;
    assert!(matches!(acted, Err(DriverError::Shut(Shut::Held))), "{acted:?}");
    assert_eq!(portal.asked(), asked, "nothing was sent");
    stage.gate.let_go();
    let acted = stage.session.act(&deed).await;
    assert!(matches!(acted, Ok(script::command::Observation::Acted)), "{acted:?}");
    stage.end().await;
}
