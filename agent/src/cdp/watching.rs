//! Watching what a person does in a session's windows: a script of the watcher's runs in every document, before the page's
//! own, in a world that the page neither sees nor reaches, and reports by a binding that only that world has.
//!
//! ```text
//! browser ── attachedToTarget ─▶ hook: binding, script, its frames of other origins likewise ─▶ let it run
//! page    ── bindingCalled ────▶ Seen::Said
//! ```
//!
//! A window, and a frame that has a process of its own, is stopped before its first line until it is watched.
//!
//! Not here: what the script reports, and what is made of it.

use std::collections::HashMap;
use std::time::Duration;

use script::command::Popups;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, watch};

use super::downloads::Progress;
use super::session::Session;
use super::wire::{Wire, WireError};

/// The world of the watcher's script.
const WORLD: &str = "bursar trail";
/// What it reports by.
const BINDING: &str = "bursarTrail";
/// How long a command has that a browser does at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What the browser says that watching is made of.
#[derive(Debug)]
pub(super) enum Heard {
    /// A window or a frame has a session.
    Attached {
        session: String,
        target: String,
        /// The browser's context that it is in, and the session that it was found by; none where it is a window.
        context: Option<String>,
        around: Option<String>,
    },
    /// A document reported something.
    Said { session: String, report: String },
}

/// Reads it.
pub(super) fn heard(session: Option<&str>, params: &Value) -> Option<Heard> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(report) = text(&params["payload"]) {
        let is_ours = params["name"] == BINDING;
        return Some(Heard::Said { session: session.filter(|_| is_ours)?.to_owned(), report });
    }
    let (session, around) = (text(&params["sessionId"])?, session.map(str::to_owned));
    let target = &params["targetInfo"];
    let context = text(&target["browserContextId"]);
    Some(Heard::Attached { session, target: text(&target["targetId"])?, context, around })
}

/// What was seen of a person.
#[derive(Debug)]
pub enum Seen {
    /// A document reports something, in the watcher's own words.
    Said {
        /// In which window, from 0.
        window: u32,
        /// What.
        report: String,
    },
    /// A page opened a window.
    Opened(u32),
    /// A file came, and wasn't taken.
    Offered,
}

/// Watches one session, for as long as it is there.
pub struct Watching {
    wire: Wire,
    script: String,
    heard: mpsc::UnboundedReceiver<Heard>,
    downloads: broadcast::Receiver<Progress>,
    /// Those that are known, so that each file is seen once.
    offered: Vec<String>,
    /// The context of the session.
    context: Option<String>,
    /// The windows that are there.
    open: watch::Receiver<Vec<String>>,
    /// Which window each of the browser's sessions belongs to, and the windows in order.
    sessions: HashMap<String, u32>,
    windows: Vec<Window>,
}

/// A window that is watched.
struct Window {
    target: String,
    /// The session that it is watched in, beside those of whoever drives or shows it.
    session: String,
}

impl Session {
    /// Watches its windows from now on, with this script in each of their documents.
    ///
    /// # Errors
    /// When the browser is gone, or doesn't answer.
    pub async fn watch_person(&self, script: &str) -> Result<Watching, crate::driver::DriverError> {
        self.treat_popups(Popups::Follow);
        let wire = self.line.wire.clone();
        let mut watching = Watching {
            heard: wire.overhear(),
            downloads: wire.downloads(),
            wire,
            script: script.to_owned(),
            offered: Vec::new(),
            context: None,
            open: self.windows.clone(),
            sessions: HashMap::new(),
            windows: Vec::new(),
        };
        match watching.begin(&self.line.target).await {
            Ok(()) => Ok(watching),
            Err(_) => Err(crate::driver::DriverError::Crashed),
        }
    }
}

impl Watching {
    /// Has the first window watched.
    async fn begin(&mut self, first: &str) -> Result<(), WireError> {
        attach_to(&self.wire, None, "page").await?;
        loop {
            match self.heard.recv().await.ok_or(WireError::Gone)? {
                Heard::Attached { session, target, context, .. } if target == first => {
                    self.context = context;
                    self.sessions.insert(session.clone(), 0);
                    self.windows.push(Window { target, session: session.clone() });
                    return self.hook(&session).await;
                }
                Heard::Attached { session, .. } => let_run(&self.wire, &session).await?,
                Heard::Said { .. } => {}
            }
        }
    }

    /// What is seen next; none once no window is left, or the browser is gone.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            let mut open = self.open.clone();
            let heard = tokio::select! {
                biased;
                heard = self.heard.recv() => heard?,
                offered = self.downloads.recv() => match offered {
                    Ok(Progress { guid, .. }) if !self.offered.contains(&guid) => {
                        self.offered.push(guid);
                        return Some(Seen::Offered);
                    }
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                gone = open.wait_for(Vec::is_empty) => {
                    let _ = gone;
                    return None;
                }
                () = self.wire.closed() => return None,
            };
            match heard {
                Heard::Said { session, report } => {
                    let window = self.sessions.get(&session).copied().unwrap_or_default();
                    return Some(Seen::Said { window, report });
                }
                // Whoever drives or shows a window has a session there too.
                Heard::Attached { target, around: None, .. }
                    if self.windows.iter().any(|known| known.target == target) => {}
                // The browser's own first window, which nobody looks at.
                Heard::Attached { session, context, around: None, .. } if context != self.context => {
                    let _ = let_run(&self.wire, &session).await;
                }
                Heard::Attached { session, target, around, .. } => {
                    let known = around.as_ref().and_then(|around| self.sessions.get(around)).copied();
                    let window = known.unwrap_or_else(|| u32::try_from(self.windows.len()).unwrap_or(u32::MAX));
                    self.sessions.insert(session.clone(), window);
                    if known.is_none() {
                        self.windows.push(Window { target, session: session.clone() });
                    }
                    // One that is gone again is missed by nobody.
                    let _ = self.hook(&session).await;
                    if known.is_none() {
                        return Some(Seen::Opened(window));
                    }
                }
            }
        }
    }

    /// Evaluates an expression in the watcher's world of the newest window: the script itself is its function. A text, if
    /// there is one.
    pub async fn ask(&self, expression: impl Fn(&str) -> String) -> Option<(u32, String)> {
        let newest = self.open.borrow().last().cloned()?;
        let place = self.windows.iter().position(|window| window.target == newest)?;
        let session = &self.windows.get(place)?.session;
        let window = u32::try_from(place).ok()?;
        let world = json!({ "frameId": newest, "worldName": WORLD });
        let world = self.wire.call(Some(session), "Page.createIsolatedWorld", world, AT_ONCE).await.ok()?;
        let call = json!({
            "expression": expression(&self.script),
            "contextId": world["executionContextId"],
            "returnByValue": true,
        });
        let answer = self.wire.call(Some(session), "Runtime.evaluate", call, AT_ONCE).await.ok()?;
        Some((window, answer["result"]["value"].as_str()?.to_owned()))
    }

    /// Has a session's documents watched, those that are there and those that come.
    async fn hook(&self, session: &String) -> Result<(), WireError> {
        let binding = json!({ "name": BINDING, "executionContextName": WORLD });
        let script = json!({ "source": self.script, "worldName": WORLD, "runImmediately": true });
        // In this order, and none waits for another: it is stopped until the last.
        self.wire.tell_of(Some(session), "Page.enable", json!({}));
        self.wire.tell_of(Some(session), "Runtime.enable", json!({}));
        self.wire.tell_of(Some(session), "Runtime.addBinding", binding);
        self.wire.tell_of(Some(session), "Page.addScriptToEvaluateOnNewDocument", script);
        attach_to(&self.wire, Some(session), "iframe").await?;
        let_run(&self.wire, session).await
    }
}

/// Has the browser attach to whatever there is of a kind and comes, and stop it at first.
async fn attach_to(wire: &Wire, session: Option<&String>, kind: &str) -> Result<(), WireError> {
    let attach = json!({
        "autoAttach": true,
        "waitForDebuggerOnStart": true,
        "flatten": true,
        "filter": [{ "type": kind }],
    });
    wire.call(session, "Target.setAutoAttach", attach, AT_ONCE).await.map(|_| ())
}

async fn let_run(wire: &Wire, session: &String) -> Result<(), WireError> {
    wire.call(Some(session), "Runtime.runIfWaitingForDebugger", json!({}), AT_ONCE).await.map(|_| ())
}
