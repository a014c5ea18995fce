//! One session at a remote end: a browser of its own with one window, its opening and its
//! end.
//!
//! Not here: the verbs ([`super::verbs`]), or when it ends: [`Ending`] is for whoever
//! guards the lease.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use script::command::Recogniser;
use tokio::sync::OnceCell;
use url::Url;

use super::capabilities::capabilities;
use super::line::{HangUp, Line, LineError, Window};
use super::process::{Running, start};
use super::screencast::Screencast;
use super::settings::{Browser, RemoteEnd, WebdriverSettings};
use crate::driver::{self, OpenError};
use crate::egress::Egress;
use crate::gate::Gate;
use crate::live;
use crate::tally::Tally;

/// How long a remote end has to start a browser. A Grid may have to wait for a free one.
const OPEN: Duration = Duration::from_secs(30);
/// How long a command has that is done at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a driver of ours has to close a session before it is killed.
const CLOSE: Duration = Duration::from_secs(1);
/// How long a remote end has: it may have to wait for the end of a slice.
const CLOSE_REMOTE: Duration = Duration::from_secs(5);

/// What sessions are opened with.
pub struct Webdriver {
    settings: WebdriverSettings,
}

/// A session with a portal.
pub struct Session {
    pub(super) line: Line,
    pub(super) gate: Gate,
    pub(super) egress: Arc<Egress>,
    /// Whether the browser is one that can be told things beside WebDriver's.
    pub(super) is_chromium: bool,
    /// The windows that are known, the first and those that pages have opened since; the last one is to be spoken to.
    pub(super) windows: Vec<Window>,
    /// The window that is spoken to.
    pub(super) spoken_to: Window,
    /// The document that was showing when something was last answered.
    pub(super) document: Option<String>,
    /// What was recognised last.
    pub(super) recognised: Option<Recogniser>,
    /// The document in which each page was last recognised or acted on.
    pub(super) seen_in: BTreeMap<String, String>,
    /// Where the page was last seen.
    pub(super) address: Url,
    /// How the ways to find things fared.
    pub(super) tally: Tally,
    screencast: Arc<Screencast>,
    ending: Arc<Ending>,
}

/// The end of a session, whoever calls for it. Dropping it without is the same, but that
/// nobody looks whether a remote end obeys.
pub struct Ending {
    egress: Arc<Egress>,
    hang_up: HangUp,
    /// The driver, if it is ours.
    running: Option<Running>,
    ended: OnceCell<()>,
}

impl Webdriver {
    /// By `settings`. Nothing is started yet.
    #[must_use]
    pub fn new(settings: WebdriverSettings) -> Self {
        Self { settings }
    }

    /// On which address of this machine a session's way out has to listen.
    #[must_use]
    pub fn way_out(&self) -> IpAddr {
        self.settings.way_out
    }

    /// Opens a session with `portal`, whose way out is `egress`.
    ///
    /// # Errors
    /// [`OpenError`] when the driver can't be started or there is no session to be had.
    pub async fn session(&self, gate: Gate, egress: Arc<Egress>, portal: Url) -> Result<Session, OpenError> {
        gate.check()?;
        let (url, running) = match &self.settings.end {
            RemoteEnd::Url(url) => (url.clone(), None),
            RemoteEnd::Program(program) => {
                let started = start(&self.settings, program).await;
                let running =
                    started.map_err(|error| OpenError::NotStarted { hint: error.hint(), source: error.into() })?;
                tracing::debug!(pid = running.process.pid(), "started a driver");
                (running.url.clone(), Some(running))
            }
        };
        let files = running.as_ref().map(|running| running.files.as_path());
        let opened = Line::open(&url, capabilities(&self.settings, egress.address(), files), OPEN).await;
        let (line, hang_up, eye) = opened.map_err(|error| {
            let end = if running.is_some() { "the driver" } else { "the remote end" };
            let hint = match error {
                LineError::Gone => "see that it runs and can be reached",
                _ => "see that it has the browser that --webdriver-browser names, and that this user may start it",
            };
            tracing::warn!(%error, hint, "{end} opens no session");
            OpenError::Refused
        })?;
        let first = line.window(gate.permit()?, AT_ONCE).await.map_err(|error| {
            // Every window but the first is a page's, and may be closed.
            tracing::warn!(%error, hint = "see that the driver fits its browser", "a session doesn't tell its window");
            OpenError::Refused
        })?;
        let ending = Arc::new(Ending { egress: Arc::clone(&egress), hang_up, running, ended: OnceCell::new() });
        Ok(Session {
            line,
            egress,
            is_chromium: matches!(self.settings.browser, Browser::Chromium(_)),
            windows: vec![first.clone()],
            spoken_to: first,
            document: None,
            recognised: None,
            seen_in: BTreeMap::new(),
            address: portal,
            tally: Tally::default(),
            screencast: Arc::new(Screencast::new(eye, gate.clone())),
            gate,
            ending,
        })
    }
}

impl Session {
    /// Where the browser puts files, if it is on this machine.
    pub(super) fn files(&self) -> Option<&Path> {
        self.ending.running.as_ref().map(|running| running.files.as_path())
    }

    /// The process id of the driver, if it is ours.
    #[must_use]
    pub fn driver_pid(&self) -> Option<u32> {
        self.ending.running.as_ref().map(|running| running.process.pid())
    }
}

impl driver::Session for Session {
    fn ending(&self) -> Arc<dyn driver::Ending> {
        Arc::<Ending>::clone(&self.ending)
    }

    fn screencast(&self) -> Option<Arc<dyn live::Screencast>> {
        Some(Arc::<Screencast>::clone(&self.screencast))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.egress.cut();
    }
}

impl Ending {
    async fn end_once(&self) {
        self.egress.cut();
        match &self.running {
            Some(running) => {
                if !self.hang_up.close(CLOSE).await {
                    tracing::warn!(pid = running.process.pid(), "a driver didn't close a session and is killed");
                }
                // It has no other session, and its end is the browser's.
                running.process.kill().await;
            }
            None => {
                if !self.hang_up.close(CLOSE_REMOTE).await {
                    tracing::warn!("the remote end didn't close a session; it reaches nothing any more");
                }
            }
        }
    }
}

#[async_trait]
impl driver::Ending for Ending {
    async fn end(&self) {
        self.ended.get_or_init(|| self.end_once()).await;
    }
}
