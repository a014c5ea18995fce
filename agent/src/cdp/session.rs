//! One session: an isolated browser context with one page, its opening and its end.
//!
//! Not here: the verbs ([`super::verbs`]), or when it ends: [`Ending`] is for whoever
//! guards the lease.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::secret::Secret;
use script::command::{Popups, Recogniser};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;
use url::Url;

use super::browser::{Browser, PULSE_DECIDES};
use super::frames::Frames;
use super::launch::LaunchError;
use super::page::{Answer, PageLine, Request};
use super::screencast::Screencast;
use super::showing::{Gone, Showing};
use super::traffic::Traffic;
use super::windows::Behind;
use super::wire::{Wire, WireError};
use crate::driver::{self, DriverError};
use crate::egress::Egress;
use crate::gate::{Gate, Permit, Shut};
use crate::http::{Cookie, Identity};
use crate::live;
use crate::patience::within;
use crate::tally::Tally;

/// How long a command has that a browser does at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How much longer than what a page was asked to take its answer may take.
const GRACE: Duration = Duration::from_secs(5);
/// How long a document that is on its way is waited for before it is asked again.
const BETWEEN_DOCUMENTS: Duration = Duration::from_millis(50);
/// How long a browser has to close a session before it is killed, if nobody else has
/// one in it.
const CLOSE: Duration = Duration::from_secs(1);

/// A session with a portal.
pub struct Session {
    pub(super) line: PageLine,
    pub(super) frames: Frames,
    /// What is known of the page's requests, once somebody wants to know.
    pub(super) traffic: Option<Arc<Traffic>>,
    /// How the ways to find things fared.
    pub(super) tally: Tally,
    /// The windows of the session, in the order in which they were opened.
    pub(super) windows: watch::Receiver<Vec<String>>,
    /// The windows behind the one that shows, and what was known of each.
    pub(super) behind: Vec<Behind>,
    pub(super) gate: Gate,
    pub(super) egress: Arc<Egress>,
    pub(super) showing: watch::Receiver<Showing>,
    pub(super) world: Option<World>,
    /// What was recognised last.
    pub(super) recognised: Option<Recogniser>,
    /// The document in which each page was last recognised or acted on.
    pub(super) seen_in: BTreeMap<String, u64>,
    /// Where the page was last seen.
    pub(super) address: Url,
    ending: Arc<Ending>,
}

/// Our world in one document.
#[derive(Clone, Copy)]
pub(super) struct World {
    /// The document's number.
    pub(super) document: u64,
    id: i64,
}

/// The end of a session, whoever calls for it.
pub struct Ending {
    browser: Arc<Browser>,
    context: String,
    egress: Arc<Egress>,
    stage: Mutex<Stage>,
}

/// How far a session's end has come. Each step is counted once, whoever takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// The browser was asked to close it.
    Closing,
    Ended,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No browser could be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The gate is shut.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// The browser ended, or answers no more.
    #[error("the browser opens no session")]
    Refused,
}

impl Session {
    /// Opens one in `browser`. It is opened whole, and ended, even if nobody waits.
    pub(super) async fn open(
        browser: Arc<Browser>,
        gate: Gate,
        egress: Arc<Egress>,
        portal: Url,
    ) -> Result<Self, OpenError> {
        let permit = gate.permit()?;
        let opening = tokio::spawn(Self::make(browser, permit, gate, egress, portal));
        opening.await.map_err(|_| OpenError::Refused)?.map_err(|error| {
            tracing::warn!(%error, "the browser opens no session");
            OpenError::Refused
        })
    }

    async fn make(
        browser: Arc<Browser>,
        _permit: Permit,
        gate: Gate,
        egress: Arc<Egress>,
        portal: Url,
    ) -> Result<Self, WireError> {
        let (wire, frames) = (browser.wire.clone(), browser.frames.clone());
        let context = json!({
            "disposeOnDetach": true,
            "proxyServer": egress.proxy(),
            // Loopback isn't let past the proxy either.
            "proxyBypassList": "<-loopback>",
        });
        // Counted before it is there, so that the pulse looks after a browser that froze
        // while it was idle.
        browser.session_opens();
        let made = wire.call(None, "Target.createBrowserContext", context, AT_ONCE).await;
        let context = match made.and_then(|made| text(&made, "browserContextId")) {
            Ok(context) => context,
            Err(error) => {
                browser.session_ends();
                if error == WireError::TimedOut {
                    browser.find_slow();
                    if browser.open() == 0 {
                        browser.kill().await;
                    }
                }
                return Err(error);
            }
        };
        let ending = Arc::new(Ending {
            browser,
            context: context.clone(),
            egress: Arc::clone(&egress),
            stage: Mutex::new(Stage::Open),
        });
        let windows = wire.windows(&context);
        match Self::make_page(wire, &context, &frames).await {
            Ok((line, showing)) => Ok(Self {
                line,
                frames,
                traffic: None,
                tally: Tally::default(),
                windows,
                behind: Vec::new(),
                gate,
                egress,
                showing,
                world: None,
                recognised: None,
                seen_in: BTreeMap::new(),
                address: portal,
                ending,
            }),
            Err(error) => {
                ending.browser.wire.forget_context(&context);
                ending.end().await;
                Err(error)
            }
        }
    }

    async fn make_page(
        wire: Wire,
        context: &str,
        frames: &Frames,
    ) -> Result<(PageLine, watch::Receiver<Showing>), WireError> {
        // Who turns events off turns them off for all sessions of the browser.
        let deny = json!({ "behavior": "deny", "browserContextId": context, "eventsEnabled": true });
        let page = json!({
            "url": "about:blank",
            "browserContextId": context,
            "width": 1280,
            "height": 1024,
            "enableBeginFrameControl": frames.are_on_demand(),
        });
        let (_, page) = tokio::try_join!(
            wire.call(None, "Browser.setDownloadBehavior", deny, AT_ONCE),
            wire.call(None, "Target.createTarget", page, AT_ONCE),
        )?;
        Self::attach(wire, text(&page, "targetId")?).await
    }

    /// Takes up the line to a window.
    pub(super) async fn attach(wire: Wire, target: String) -> Result<(PageLine, watch::Receiver<Showing>), WireError> {
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = wire.call(None, "Target.attachToTarget", attach, AT_ONCE).await?;
        let session = text(&attached, "sessionId")?;
        let showing = wire.follow(&session, target.clone());
        let line = PageLine { wire, session, target };
        let focus = json!({ "enabled": true });
        tokio::try_join!(
            line.wire.call(Some(&line.session), "Page.enable", json!({}), AT_ONCE),
            line.wire.call(Some(&line.session), "Emulation.setFocusEmulationEnabled", focus, AT_ONCE),
        )?;
        Ok((line, showing))
    }

    /// What the portal knows this browser by; none if the browser doesn't say.
    pub(super) async fn identity(&self) -> Result<Option<Identity>, WireError> {
        let wire = &self.line.wire;
        let context = json!({ "browserContextId": self.ending.context });
        let (cookies, version) = tokio::try_join!(
            wire.call(None, "Storage.getCookies", context, AT_ONCE),
            wire.call(None, "Browser.getVersion", json!({}), AT_ONCE),
        )?;
        let Some(cookies) = cookies["cookies"].as_array() else { return Ok(None) };
        let text = |cookie: &Value, name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
        let cookie = |cookie: &Value| Cookie {
            name: text(cookie, "name"),
            value: Secret::new(text(cookie, "value")),
            domain: text(cookie, "domain"),
            path: text(cookie, "path"),
            is_secure: cookie["secure"] == true,
        };
        let user_agent = version["userAgent"].as_str().map(str::to_owned);
        Ok(Some(Identity { user_agent, cookies: cookies.iter().map(cookie).collect() }))
    }

    /// What becomes of windows that pages open.
    pub(super) fn treat_popups(&self, popups: Popups) {
        self.line.wire.treat_popups(&self.ending.context, popups);
    }

    /// Where a file may be put for as long as it takes to read it.
    pub(super) fn folder(&self) -> &Path {
        self.ending.browser.folder()
    }

    /// Lets what comes to be kept be put into a folder under a name of the browser's, or, as usual, nowhere.
    pub(super) async fn let_download(&self, into: Option<&Path>) -> Result<(), WireError> {
        let mut params = json!({ "behavior": "deny", "browserContextId": self.ending.context, "eventsEnabled": true });
        if let Some(folder) = into {
            params["behavior"] = json!("allowAndName");
            params["downloadPath"] = json!(folder);
        }
        self.line.wire.call(None, "Browser.setDownloadBehavior", params, AT_ONCE).await.map(|_| ())
    }

    /// Ends a download.
    pub(super) fn cancel_download(&self, guid: &str) {
        let params = json!({ "guid": guid, "browserContextId": self.ending.context });
        self.line.wire.tell("Browser.cancelDownload", params);
    }

    /// What ends it.
    #[must_use]
    pub fn ending(&self) -> Arc<Ending> {
        Arc::clone(&self.ending)
    }

    /// How many pictures of pages its browser was made to give, of whichever session: what live views cost it.
    #[must_use]
    pub fn pictures_made(&self) -> usize {
        self.line.wire.pictured().load(Ordering::Relaxed)
    }

    /// The number of the document that is showing, and our world in it.
    pub(super) async fn world(&mut self) -> Result<World, WireError> {
        let document = self.showing.borrow_and_update().document;
        if let Some(world) = self.world.filter(|world| world.document == document) {
            return Ok(world);
        }
        let id = self.line.make_world(self.permit()?, AT_ONCE).await?;
        // Events come in order, so this is the document that the world is in.
        let document = self.showing.borrow_and_update().document;
        let world = World { document, id };
        self.world = Some(world);
        Ok(world)
    }

    /// Calls into a document, giving up as soon as it is replaced.
    pub(super) async fn call(
        &mut self,
        world: World,
        request: Request<'_>,
        patience: Duration,
    ) -> Result<Option<Answer>, WireError> {
        let mut showing = self.showing.clone();
        let replaced = showing.wait_for(|now| now.document != world.document || now.gone.is_some());
        // What is acted on is what was recognised; what is looked at is the newest window.
        let (mut windows, target) = (self.windows.clone(), self.line.target.clone());
        let is_look = matches!(request, Request::Watch { .. });
        let overtaken = async {
            let is_newer = |windows: &Vec<String>| windows.last().is_some_and(|newest| *newest != target);
            if !is_look || windows.wait_for(is_newer).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let call = self.line.call(self.permit()?, world.id, request, patience + GRACE);
        tokio::select! {
            biased;
            answer = call => answer,
            _ = replaced => Err(WireError::DocumentReplaced),
            () = overtaken => Err(WireError::DocumentReplaced),
            never = self.frames.keep_coming(&self.line, &self.gate) => match never {},
        }
    }

    /// The gate's leave. That it is shut is told by [`Self::verdict`].
    pub(super) fn permit(&self) -> Result<Permit, WireError> {
        self.gate.permit().map_err(|_| WireError::Gone)
    }

    /// What a failed call comes to, if it can't be made again.
    pub(super) fn verdict(&self, error: WireError) -> Result<(), DriverError> {
        self.gate.check()?;
        if self.is_closed() {
            // The window before it is looked at next.
            return Ok(());
        }
        let showing = *self.showing.borrow();
        match (showing.gone, error) {
            // It waits for its bank, and not for the browser.
            (None, WireError::TimedOut) if showing.is_leaving => Ok(()),
            (Some(Gone::OutOfMemory), _) => Err(DriverError::OutOfMemory),
            (Some(Gone::Crashed), _) | (None, WireError::Gone | WireError::TimedOut) => Err(DriverError::Crashed),
            (None, WireError::NoDocument | WireError::DocumentReplaced | WireError::Refused(_)) => Ok(()),
        }
    }

    /// Waits for the next document, not for long.
    pub(super) async fn next_document(&mut self) {
        self.world = None;
        let _ = timeout(BETWEEN_DOCUMENTS, self.showing.changed()).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let lines = self.behind.iter().map(|window| &window.line).chain([&self.line]);
        lines.for_each(|line| line.wire.forget(&line.session));
        self.line.wire.forget_context(&self.ending.context);
        self.ending.begin();
    }
}

impl Ending {
    /// Ends the session: its connections at once, its pages within a second. A browser
    /// that doesn't obey is killed. With other sessions in it, its pulse has the time to
    /// tell slow from frozen; if it is slow, the session, which reaches nothing any more,
    /// ends with the last of the others. May be called by anybody, any time.
    pub async fn end(&self) {
        self.egress.cut();
        self.close();
        if !self.is_closed().await {
            tracing::warn!(pid = self.browser.pid(), "a browser didn't close a session and is killed");
            self.browser.kill().await;
        }
        self.count();
    }

    /// Has the browser close it; whether it obeyed, or is gone.
    async fn is_closed(&self) -> bool {
        if self.browser.is_gone() {
            return true;
        }
        let context = json!({ "browserContextId": self.context });
        let close = self.browser.wire.call(None, "Target.disposeBrowserContext", context, PULSE_DECIDES);
        let mut close = pin!(close);
        let closed = match within(CLOSE, close.as_mut()).await {
            Ok(closed) => closed,
            Err(_) if self.has_company() => {
                tracing::warn!(pid = self.browser.pid(), "a browser is slow and gets no further session");
                self.browser.find_slow();
                match close.await {
                    Err(WireError::TimedOut) if self.has_company() => return true,
                    closed => closed,
                }
            }
            Err(_) => return false,
        };
        // A context that isn't there is closed.
        matches!(closed, Ok(_) | Err(WireError::Refused(_) | WireError::Gone))
    }

    /// Whether others have a session in this browser that isn't being ended too.
    fn has_company(&self) -> bool {
        self.browser.in_use() > 0
    }

    /// The same without waiting, or looking whether it is obeyed.
    fn begin(&self) {
        self.egress.cut();
        if self.count() {
            let context = json!({ "browserContextId": self.context });
            self.browser.wire.tell("Target.disposeBrowserContext", context);
        }
    }

    /// From now on it isn't company for others that are being ended.
    fn close(&self) {
        let mut stage = self.stage();
        if *stage == Stage::Open {
            *stage = Stage::Closing;
            self.browser.session_closes();
        }
    }

    /// Counts the end once; whether this was it.
    fn count(&self) -> bool {
        let before = std::mem::replace(&mut *self.stage(), Stage::Ended);
        if before == Stage::Closing {
            self.browser.session_closed();
        }
        if before != Stage::Ended {
            self.browser.session_ends();
        }
        before != Stage::Ended
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl driver::Session for Session {
    fn ending(&self) -> Arc<dyn driver::Ending> {
        self.ending()
    }

    fn screencast(&self) -> Option<Arc<dyn live::Screencast>> {
        let (wire, windows) = (self.line.wire.clone(), self.windows.clone());
        Some(Arc::new(Screencast::new(wire, windows, self.frames.clone(), self.gate.clone())))
    }
}

#[async_trait]
impl driver::Ending for Ending {
    async fn end(&self) {
        self.end().await;
    }
}

impl From<OpenError> for driver::OpenError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Launch(error) => Self::NotStarted { hint: error.hint(), source: error.into() },
            OpenError::Shut(shut) => Self::Shut(shut),
            OpenError::Refused => Self::Refused,
        }
    }
}

fn text(answer: &Value, name: &str) -> Result<String, WireError> {
    answer[name].as_str().map(str::to_owned).ok_or(WireError::NoDocument)
}
