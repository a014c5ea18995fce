//! The socket to one browser: calls out, answers and events in, by plain JSON.
//!
//! A message that can't be read is passed over and never logged, since it may hold
//! what a page said; so is the text of a refusal.
//!
//! Not here: what the calls mean, and leave to send them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chromiumoxide::error::CdpError;
use chromiumoxide::types::{CallId, EventMessage, Message, MethodId, Response};
use chromiumoxide::{Connection, Method};
use futures::StreamExt as _;
use script::command::{POPUPS_AT_MOST, Popups};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::downloads::{Progress, progress};
use super::showing::{Gone, Showing};
use super::traffic::Traffic;
use super::watching::{Heard, heard};
use crate::patience::{TooLong, within};

/// How long a browser has to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The near end of the socket. Clones are the same socket.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    calls: mpsc::UnboundedSender<Call>,
    pages: Pages,
    contexts: Contexts,
    starved: Starved,
    pictured: Pictured,
    downloads: broadcast::Sender<Progress>,
    overheard: Overheard,
}

/// Who hears what pages report of a person, if somebody watches one.
type Overheard = Arc<Mutex<Option<mpsc::UnboundedSender<Heard>>>>;

/// How many of what the browser says of downloads are kept for whoever listens.
const DOWNLOADS_KEPT: usize = 256;

/// How many pages' processes were ended for their memory, of which the browser hasn't
/// told yet. It says no more than that they were killed.
type Starved = Arc<AtomicUsize>;

/// How many pictures of pages were made to be shown, whoever looked at them.
type Pictured = Arc<AtomicUsize>;

/// What it says then is the number of the signal.
const KILLED: i64 = 9;

/// The followed pages by session.
type Pages = Arc<Mutex<HashMap<SessionId, Page>>>;

/// The sessions' contexts, each with its windows.
type Contexts = Arc<Mutex<HashMap<String, Context>>>;

#[derive(Debug)]
struct Context {
    popups: Popups,
    /// The targets of its windows, in the order in which they were opened.
    windows: watch::Sender<Vec<String>>,
}

#[derive(Debug)]
struct Page {
    target: String,
    showing: watch::Sender<Showing>,
    /// Who wants to know what it asks the network for.
    traffic: Option<Arc<Traffic>>,
    /// Where it is told what it looks like; the newest alone counts.
    pictures: Option<watch::Sender<Option<String>>>,
}

/// Why a call has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    /// The browser is no more.
    #[error("the browser is gone")]
    Gone,
    /// It answered in no time that we gave it.
    #[error("the browser didn't answer in time")]
    TimedOut,
    /// The document that was to be called into isn't there; nothing was done.
    #[error("the document isn't there any more")]
    NoDocument,
    /// The document was replaced while the call was under way.
    #[error("the document was replaced")]
    DocumentReplaced,
    /// It refused, with this code.
    #[error("the browser refused a command with code {0}")]
    Refused(i64),
}

/// Which session a call is for: a page's, or the browser's own.
pub(super) type SessionId = String;

struct Call {
    session: Option<SessionId>,
    method: &'static str,
    params: Value,
    answer: Option<oneshot::Sender<Result<Value, WireError>>>,
}

/// An event as it comes; read no further than we need it.
#[derive(Deserialize)]
struct Event {
    method: String,
    #[serde(rename = "sessionId")]
    session: Option<String>,
    #[serde(default)]
    params: Value,
}

impl Wire {
    /// Connects to a browser's socket.
    pub(super) async fn connect(url: &str) -> Result<Self, WireError> {
        let connecting = timeout(CONNECT, Connection::<Event>::connect(url));
        let connection = connecting.await.map_err(|_| WireError::TimedOut)?.map_err(|_| WireError::Gone)?;
        let (calls, inbox) = mpsc::unbounded_channel();
        let pages = Pages::default();
        let contexts = Contexts::default();
        let (starved, pictured, overheard) = (Starved::default(), Pictured::default(), Overheard::default());
        let (downloads, _) = broadcast::channel(DOWNLOADS_KEPT);
        let line = Line {
            connection,
            pending: HashMap::new(),
            pages: Arc::clone(&pages),
            contexts: Arc::clone(&contexts),
            starved: Arc::clone(&starved),
            pictured: Arc::clone(&pictured),
            downloads: downloads.clone(),
            overheard: Arc::clone(&overheard),
        };
        tokio::spawn(line.run(inbox));
        Ok(Self { calls, pages, contexts, starved, pictured, downloads, overheard })
    }

    /// Sends a call and waits for its result.
    pub(super) async fn call(
        &self,
        session: Option<&SessionId>,
        method: &'static str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, WireError> {
        let (answer, answered) = oneshot::channel();
        let call = Call { session: session.cloned(), method, params, answer: Some(answer) };
        self.calls.send(call).map_err(|_| WireError::Gone)?;
        let answered = within(patience, answered).await.map_err(|TooLong| WireError::TimedOut)?;
        answered.map_err(|_| WireError::Gone)?
    }

    /// Sends a call whose result nobody waits for.
    pub(super) fn tell(&self, method: &'static str, params: Value) {
        self.tell_of(None, method, params);
    }

    /// The same in a page's session.
    pub(super) fn tell_of(&self, session: Option<&SessionId>, method: &'static str, params: Value) {
        let _ = self.calls.send(Call { session: session.cloned(), method, params, answer: None });
    }

    /// Follows what is known of a page; `forget` ends it.
    pub(super) fn follow(&self, session: &SessionId, target: String) -> watch::Receiver<Showing> {
        let (showing, receiver) = watch::channel(Showing::default());
        lock(&self.pages).insert(session.clone(), Page { target, showing, traffic: None, pictures: None });
        receiver
    }

    /// Tells of what a followed page asks the network for, once the browser does.
    pub(super) fn listen(&self, session: &SessionId, traffic: Arc<Traffic>) {
        if let Some(page) = lock(&self.pages).get_mut(session) {
            page.traffic = Some(traffic);
        }
    }

    /// What a followed page looks like (JPEG in base64), once the browser is to say so.
    pub(super) fn pictures(&self, session: &SessionId) -> watch::Receiver<Option<String>> {
        let (sender, receiver) = watch::channel(None);
        if let Some(page) = lock(&self.pages).get_mut(session) {
            page.pictures = Some(sender);
        }
        receiver
    }

    /// How many pictures of pages were made.
    pub(super) fn pictured(&self) -> &AtomicUsize {
        &self.pictured
    }

    /// What the browser says of downloads from now on, whosever they are.
    pub(super) fn downloads(&self) -> broadcast::Receiver<Progress> {
        self.downloads.subscribe()
    }

    /// What pages report of a person from now on, and which windows and frames there are to be watched.
    pub(super) fn overhear(&self) -> mpsc::UnboundedReceiver<Heard> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.overheard.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// The windows of a context from now on, which is to be before it has one.
    pub(super) fn windows(&self, context: &str) -> watch::Receiver<Vec<String>> {
        let (windows, receiver) = watch::channel(Vec::new());
        lock(&self.contexts).insert(context.to_owned(), Context { popups: Popups::Close, windows });
        receiver
    }

    /// What becomes of windows that the pages of a context open.
    pub(super) fn treat_popups(&self, context: &str, popups: Popups) {
        if let Some(context) = lock(&self.contexts).get_mut(context) {
            context.popups = popups;
        }
    }

    /// No longer follows a context.
    pub(super) fn forget_context(&self, context: &str) {
        lock(&self.contexts).remove(context);
    }

    /// No longer follows a page.
    pub(super) fn forget(&self, session: &SessionId) {
        lock(&self.pages).remove(session);
    }

    /// Tells all pages how they end, before the browser does.
    pub(super) fn end_pages(&self, gone: Gone) {
        lock(&self.pages).values().for_each(|page| page.end(gone));
    }

    /// A page's process is about to be ended for its memory.
    pub(super) fn expect_starved(&self) {
        self.starved.fetch_add(1, Ordering::AcqRel);
    }

    /// Waits until the browser is gone.
    pub(super) async fn closed(&self) {
        self.calls.closed().await;
    }

    /// Whether the browser is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.calls.is_closed()
    }
}

fn lock<V>(known: &Mutex<HashMap<String, V>>) -> MutexGuard<'_, HashMap<String, V>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task that owns the socket.
struct Line {
    connection: Connection<Event>,
    pending: HashMap<CallId, Pending>,
    pages: Pages,
    contexts: Contexts,
    starved: Starved,
    pictured: Pictured,
    downloads: broadcast::Sender<Progress>,
    overheard: Overheard,
}

struct Pending {
    session: Option<SessionId>,
    answer: oneshot::Sender<Result<Value, WireError>>,
}

impl Line {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Call>) {
        loop {
            tokio::select! {
                call = inbox.recv() => match call {
                    Some(call) => self.send(call),
                    None => break,
                },
                message = self.connection.next() => match message {
                    Some(Ok(Message::Response(response))) => self.answer(response),
                    Some(Ok(Message::Event(event))) => self.hear(&event),
                    Some(Err(CdpError::InvalidMessage(..))) => {
                        tracing::debug!("passed over a message that can't be read");
                    }
                    Some(Err(_)) | None => break,
                },
            }
        }
        // Whoever waits for an answer learns by the channels' end.
        for (_, page) in lock(&self.pages).drain() {
            page.end(Gone::Crashed);
        }
    }

    fn send(&mut self, call: Call) {
        let Call { session, method, params, answer } = call;
        let to = session.clone().map(Into::into);
        let Ok(id) = self.connection.submit_command(method.into(), to, params) else { return };
        if let Some(answer) = answer {
            // Those who gave up waiting leave no trace behind.
            self.pending.retain(|_, pending| !pending.answer.is_closed());
            self.pending.insert(id, Pending { session, answer });
        }
    }

    fn answer(&mut self, response: Response) {
        let Some(Pending { answer, .. }) = self.pending.remove(&response.id) else { return };
        let _ = answer.send(match response.error {
            None => Ok(response.result.unwrap_or(Value::Null)),
            Some(error) => Err(refusal(&error.message, error.code)),
        });
    }

    fn hear(&mut self, event: &Event) {
        match (event.method.as_str(), &event.session) {
            ("Page.frameNavigated", Some(session)) if event.params["frame"]["parentId"].is_null() => {
                self.change(session, |showing| (showing.document, showing.is_leaving) = (showing.document + 1, false));
            }
            ("Page.frameStartedNavigating" | "Page.frameStoppedLoading", Some(session)) => {
                let kind = event.params["navigationType"].as_str();
                let is_leaving = kind.is_some_and(|kind| !kind.to_ascii_lowercase().ends_with("samedocument"));
                let frame = event.params["frameId"].as_str();
                self.change_frame(session, frame, |showing| showing.is_leaving = is_leaving);
            }
            (method, Some(session)) if method.starts_with("Network.") => {
                let traffic = lock(&self.pages).get(session).and_then(|page| page.traffic.clone());
                if let Some(traffic) = traffic {
                    traffic.hear(method, &event.params);
                }
            }
            ("Page.screencastFrame", Some(session)) => {
                self.pictured.fetch_add(1, Ordering::Relaxed);
                // At once, so that the next comes when there is one; a late one is dropped.
                let params = json!({ "sessionId": event.params["sessionId"] });
                let method = "Page.screencastFrameAck";
                self.send(Call { session: Some(session.clone()), method, params, answer: None });
                if let Some(pictures) = lock(&self.pages).get(session).and_then(|page| page.pictures.as_ref()) {
                    pictures.send_replace(event.params["data"].as_str().map(str::to_owned));
                }
            }
            ("Page.javascriptDialogOpening", Some(session)) => {
                // To leave a page is ours to decide; whatever else it asks is denied.
                let accept = event.params["type"] == "beforeunload";
                let params = json!({ "accept": accept });
                let method = "Page.handleJavaScriptDialog";
                self.send(Call { session: Some(session.clone()), method, params, answer: None });
            }
            ("Target.targetCrashed", None) => {
                let gone = self.how_it_crashed(&event.params);
                self.target_gone(&event.params, gone);
            }
            ("Target.targetDestroyed", None) => {
                // Whoever hears that a page is gone can tell by then whether others are there.
                if let Some(target) = event.params["targetId"].as_str() {
                    self.window_closed(target);
                }
                self.target_gone(&event.params, Gone::Crashed);
            }
            // Also where nobody follows the page any more.
            ("Target.detachedFromTarget", None) => {
                let detached = event.params["sessionId"].as_str();
                self.pending.retain(|_, pending| pending.session.is_none() || pending.session.as_deref() != detached);
            }
            ("Browser.downloadProgress", None) => {
                if let Some(progress) = progress(&event.params) {
                    // Nobody listens unless a file is waited for.
                    let _ = self.downloads.send(progress);
                }
            }
            ("Runtime.bindingCalled" | "Target.attachedToTarget", session) => {
                let overheard = self.overheard.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((to, heard)) = overheard.as_ref().zip(heard(session.as_deref(), &event.params)) {
                    let _ = to.send(heard);
                }
            }
            ("Target.targetCreated", None) => self.window_opened(&event.params["targetInfo"]),
            _ => {}
        }
    }

    /// How a page's process ended. Of one that was ended for its memory the browser says
    /// that it was killed.
    fn how_it_crashed(&self, params: &Value) -> Gone {
        let why = params["status"].as_str().unwrap_or_default();
        let is_killed = params["errorCode"].as_i64() == Some(KILLED);
        let one_less = |starved: usize| starved.checked_sub(1);
        let is_starved = is_killed && self.starved.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less).is_ok();
        if is_starved || why.contains("oom") { Gone::OutOfMemory } else { Gone::Crashed }
    }

    fn change(&self, session: &str, change: impl FnOnce(&mut Showing)) {
        if let Some(page) = lock(&self.pages).get(session) {
            page.showing.send_modify(change);
        }
    }

    /// The same where the frame is the page's own and none within it.
    fn change_frame(&self, session: &str, frame: Option<&str>, change: impl FnOnce(&mut Showing)) {
        let is_own = lock(&self.pages).get(session).is_some_and(|page| Some(page.target.as_str()) == frame);
        if is_own {
            self.change(session, change);
        }
    }

    fn target_gone(&mut self, params: &Value, gone: Gone) {
        let mut ended = Vec::new();
        for (session, page) in lock(&self.pages).iter() {
            if params["targetId"] == page.target.as_str() {
                page.end(gone);
                ended.push(session.clone());
            }
        }
        // Their calls will never be answered.
        self.pending.retain(|_, pending| pending.session.as_ref().is_none_or(|session| !ended.contains(session)));
    }

    /// A session has one window, and those that are followed.
    fn window_opened(&mut self, target: &Value) {
        let (Some(id), Some(context)) = (target["targetId"].as_str(), target["browserContextId"].as_str()) else {
            return;
        };
        if target["type"] != "page" {
            return;
        }
        let is_kept = lock(&self.contexts).get(context).is_none_or(|context| {
            let count = context.windows.borrow().len();
            let is_kept = count == 0 || (context.popups == Popups::Follow && count <= POPUPS_AT_MOST);
            if is_kept {
                context.windows.send_modify(|windows| windows.push(id.to_owned()));
            }
            is_kept
        });
        if !is_kept {
            tracing::info!("closed a window that a page had opened");
            let params = json!({ "targetId": id });
            self.send(Call { session: None, method: "Target.closeTarget", params, answer: None });
        }
    }

    fn window_closed(&self, target: &str) {
        for context in lock(&self.contexts).values() {
            context.windows.send_if_modified(|windows| {
                let before = windows.len();
                windows.retain(|window| window != target);
                windows.len() < before
            });
        }
    }
}

impl Page {
    fn end(&self, gone: Gone) {
        self.showing.send_modify(|showing| showing.gone = showing.gone.or(Some(gone)));
    }
}

/// What the browser's words for a refusal come to; the words themselves end here.
fn refusal(message: &str, code: i64) -> WireError {
    let says = |known: &[&str]| known.iter().any(|known| message.contains(known));
    if says(&["Cannot find context", "uniqueContextId not found", "No frame"]) {
        WireError::NoDocument
    } else if says(&["context was destroyed", "navigated or closed", "Promise was collected"]) {
        WireError::DocumentReplaced
    } else {
        WireError::Refused(code)
    }
}

impl std::fmt::Debug for Event {
    /// The name alone: what is in it may be a page's.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.method)
    }
}

impl Method for Event {
    fn identifier(&self) -> MethodId {
        self.method.clone().into()
    }
}

impl EventMessage for Event {
    fn session_id(&self) -> Option<&str> {
        self.session.as_deref()
    }
}
