//! How a browser gets old, heavy or broken, and what becomes of the sessions in it.
//!
//! Not here: what an agent tells of that (`agent.rs`).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use agent::cdp::{BrowserLimits, BrowserSettings, Browsers, LaunchError, OpenError, Session};
use agent::driver::{Driver as _, DriverError};
use agent::gate::{Shut, TrustWindow};
use agent::watchdog::Watchdog;
use script::command::{Condition, Observation, Popups, Recogniser, Watch};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::world::Portal;
use crate::world::devtools::crash;
use crate::world::process::{browser_in, processes_in, signal_to, until};
use rustix::process::Signal;

const MIB: u64 = 1024 * 1024;
/// Nothing wears a browser out.
const NEVER: BrowserLimits = BrowserLimits {
    sessions: usize::MAX,
    age: Duration::MAX,
    memory: u64::MAX,
    page_memory: u64::MAX,
    weighed_every: Duration::from_millis(200),
};

struct Stage {
    folder: tempfile::TempDir,
    browsers: Browsers,
    base: Url,
}

impl Stage {
    async fn new(limits: BrowserLimits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let browsers = crate::world::browsers_with(folder.path(), limits);
        let portal = Portal::default().page("page", "<h1>Page</h1>").page("other", "<h1>Other</h1>");
        let base = portal.page("hog", &hog(450)).page("glutton", &hog(900)).serve().await;
        Self { folder, browsers, base }
    }

    fn at(&self, page: &str) -> Url {
        self.base.join(page).expect("a url")
    }

    async fn session(&self) -> Session {
        crate::world::session(&self.browsers, &self.base, &[], crate::world::open_gate()).await
    }

    /// A session that shows `page`, and the browser that it is in.
    async fn showing(&self, page: &str) -> (Session, u32) {
        let mut session = self.session().await;
        let pid = self.browsers.pid().await.expect("a browser");
        self.visit(&mut session, page).await;
        (session, pid)
    }

    async fn visit(&self, session: &mut Session, page: &str) {
        let seen = session.visit(&self.at(page)).await.expect("an observation");
        assert!(matches!(seen, Observation::Visited), "{seen:?}");
    }

    /// That nothing is left of one browser.
    async fn is_gone(&self, pid: u32) -> bool {
        until(crate::world::PATIENCE, || !processes_in(self.folder.path()).contains(&pid)).await
    }

    async fn end(self) {
        self.browsers.end().await;
        let gone = until(crate::world::PATIENCE, || processes_in(self.folder.path()).is_empty()).await;
        assert!(gone, "a browser is left");
        assert_eq!(std::fs::read_dir(self.folder.path()).expect("a folder").count(), 0, "a profile is left");
    }
}

/// A page that takes so many MiB as soon as it is there.
fn hog(mib: u32) -> String {
    format!(
        "<h1>Hog</h1><script>const taken = []; const take = () => {{ if (taken.length < {mib}) {{\
         for (let i = 0; i < 16; i++) taken.push(new Uint8Array(1 << 20).fill(1)); setTimeout(take) }} }}; take()\
         </script>"
    )
}

/// What never shows.
fn nothing() -> Watch {
    let never = Recogniser { page: "never".into(), conditions: vec![Condition::Visible("#never".into())] };
    let patience_ms = u64::try_from(crate::world::PATIENCE.as_millis()).expect("a patience");
    Watch { pages: vec![never], busy: Vec::new(), left: None, popups: Popups::Close, patience_ms }
}

/// A worn browser keeps its session and gets no other; it ends with the session.
async fn is_retired_while_busy(limits: BrowserLimits) {
    let stage = Stage::new(limits).await;
    let (mut first, worn) = stage.showing("page").await;
    let (mut second, fresh) = stage.showing("page").await;
    assert_ne!(worn, fresh, "the worn browser got another session");
    stage.visit(&mut first, "other").await;
    first.ending().end().await;
    drop(first);
    assert!(stage.is_gone(worn).await, "the worn browser outlives its session");
    stage.visit(&mut second, "other").await;
    drop(second);
    stage.end().await;
}

/// A program that is started in a browser's place: the first so many times it does something else, and then it is the browser.
fn unwilling(folder: &Path, times: usize, instead: &str) -> BrowserSettings {
    let settings = crate::world::settings(&folder.join("profiles"));
    let program = folder.join(settings.program.file_name().expect("a name"));
    let (count, browser) = (folder.join("count"), settings.program.display());
    let script = format!(
        "#!/bin/sh\necho started >> '{0}'\n[ \"$(wc -l < '{0}')\" -gt {times} ] || {instead}\nexec '{browser}' \"$@\"\n",
        count.display()
    );
    std::fs::write(&program, script).expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("one that runs");
    BrowserSettings { program, ..settings }
}

#[tokio::test]
async fn a_browser_that_ends_says_nothing_or_gives_no_answer_is_started_once_more_and_no_third_time() {
    let base = Portal::default().page("page", "<h1>Page</h1>").serve().await;
    // Whoever connects to it waits for an answer.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listens = format!("echo 'DevTools listening on ws://{}/devtools' >&2", mute.local_addr().expect("an address"));
    let (ends, says_nothing) = ("exit 1", "exec sleep 600");
    let gives_no_answer = format!("{{ {listens}; exec sleep 600; }}");
    let cases = [(ends, 1, true), (ends, 2, false), (says_nothing, 1, true), (&gives_no_answer, 1, true)];
    for (instead, times, is_open) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let browsers = Browsers::new(unwilling(folder.path(), times, instead));
        let session = crate::world::asked_session(&browsers, &base, &[], crate::world::open_gate()).await;
        let started = std::fs::read_to_string(folder.path().join("count")).expect("a count");
        assert_eq!((session.is_ok(), started.lines().count()), (is_open, 2), "{times} times `{instead}`");
        if let Err(error) = session {
            assert!(matches!(error, OpenError::Launch(LaunchError::Ended(_))), "{error}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_had_its_sessions_ends_with_the_last_of_them() {
    is_retired_while_busy(BrowserLimits { sessions: 1, ..NEVER }).await;
}

#[tokio::test]
async fn a_browser_that_is_old_ends_with_the_last_of_its_sessions() {
    is_retired_while_busy(BrowserLimits { age: Duration::ZERO, ..NEVER }).await;
}

#[tokio::test]
async fn a_heavy_browser_ends_with_the_last_of_its_sessions() {
    let stage = Stage::new(BrowserLimits { memory: 450 * MIB, ..NEVER }).await;
    let (mut heavy, worn) = stage.showing("hog").await;
    let begun = Instant::now();
    // One of these is opened after the browser was weighed.
    let fresh = loop {
        let (session, pid) = stage.showing("page").await;
        if pid != worn {
            break session;
        }
        assert!(begun.elapsed() < crate::world::PATIENCE, "a heavy browser goes on getting sessions");
    };
    stage.visit(&mut heavy, "page").await;
    heavy.ending().end().await;
    drop(heavy);
    assert!(stage.is_gone(worn).await, "the heavy browser outlives its session");
    drop(fresh);
    stage.end().await;
}

#[tokio::test]
async fn a_browser_of_twice_its_weight_is_out_of_memory_with_all_in_it() {
    let stage = Stage::new(BrowserLimits { memory: 300 * MIB, ..NEVER }).await;
    let (mut other, worn) = stage.showing("page").await;
    let mut glutton = stage.session().await;
    let watching = nothing();
    let waits = async { other.watch(&watching).await.err() };
    let eats = async {
        match glutton.visit(&stage.at("glutton")).await {
            Ok(_) => glutton.watch(&watching).await.err(),
            Err(error) => Some(error),
        }
    };
    let (waited, ate) = tokio::join!(waits, eats);
    assert_eq!((waited, ate), (Some(DriverError::OutOfMemory), Some(DriverError::OutOfMemory)));
    assert!(stage.is_gone(worn).await);
    let (_session, fresh) = stage.showing("page").await;
    assert_ne!(fresh, worn);
    stage.end().await;
}

#[tokio::test]
async fn a_page_that_uses_up_its_memory_ends_alone() {
    let stage = Stage::new(BrowserLimits { page_memory: 500 * MIB, ..NEVER }).await;
    let (mut other, pid) = stage.showing("page").await;
    let (mut glutton, _) = stage.showing("glutton").await;
    assert_eq!(glutton.watch(&nothing()).await.err(), Some(DriverError::OutOfMemory));
    glutton.ending().end().await;
    stage.visit(&mut other, "other").await;
    assert_eq!(stage.browsers.pid().await, Some(pid));
    drop((other, glutton));
    stage.end().await;
}

#[tokio::test]
async fn a_page_that_crashes_ends_alone() {
    let stage = Stage::new(NEVER).await;
    let (mut other, pid) = stage.showing("page").await;
    let (mut crashing, _) = stage.showing("other").await;
    let watching = nothing();
    let (seen, ()) = tokio::join!(crashing.watch(&watching), crash(stage.folder.path(), stage.at("other")));
    assert_eq!(seen.err(), Some(DriverError::Crashed));
    crashing.ending().end().await;
    stage.visit(&mut other, "other").await;
    assert_eq!(stage.browsers.pid().await, Some(pid));
    drop((other, crashing));
    stage.end().await;
}

#[tokio::test]
async fn a_page_that_crashes_while_a_person_thinks_is_noticed() {
    let stage = Stage::new(NEVER).await;
    let (_other, _) = stage.showing("page").await;
    let (mut crashing, _) = stage.showing("other").await;
    let gone = async { timeout(crate::world::PATIENCE, crashing.gone()).await.ok() };
    let (gone, ()) = tokio::join!(gone, crash(stage.folder.path(), stage.at("other")));
    assert_eq!(gone, Some(DriverError::Crashed));
    stage.end().await;
}

#[tokio::test]
async fn a_browser_that_closes_nothing_is_killed() {
    let stage = Stage::new(NEVER).await;
    let (session, pid) = stage.showing("page").await;
    browser_in(stage.folder.path()).iter().for_each(|&pid| signal_to(pid, Signal::STOP));
    timeout(crate::world::PATIENCE, session.ending().end()).await.expect("an end");
    assert!(stage.is_gone(pid).await);
    let (fresh, _) = stage.showing("page").await;
    drop((session, fresh));
    stage.end().await;
}

#[tokio::test]
async fn a_session_ends_with_its_window_though_nobody_drives_it_and_its_browser_is_frozen() {
    let stage = Stage::new(NEVER).await;
    let gate = crate::world::open_gate();
    let session = crate::world::session(&stage.browsers, &stage.base, &[], gate.clone()).await;
    let pid = stage.browsers.pid().await.expect("a browser");
    let watchdog = Watchdog::set(gate.clone(), session.ending());
    browser_in(stage.folder.path()).iter().for_each(|&pid| signal_to(pid, Signal::STOP));
    gate.renew(TrustWindow::new(Instant::now(), Duration::from_millis(50), Duration::ZERO)).expect("a window");
    let ended = timeout(crate::world::PATIENCE, watchdog.ended()).await.expect("an end");
    assert_eq!(ended, Some(Shut::Expired));
    assert!(!processes_in(stage.folder.path()).contains(&pid), "the browser is still there");
    drop(session);
    stage.end().await;
}
