//! What the agent's tests stand on: a browser, and a portal of a few pages.
//!
//! Not here: anything that knows what an agent should do.

pub(crate) mod coordinator;
pub(crate) mod devtools;
pub(crate) mod drivers;
pub(crate) mod process;
pub(crate) mod stage;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::cdp::{BrowserLimits, BrowserSettings, Browsers, OpenError, Sandbox, Session, Window};
use agent::egress::Egress;
use agent::gate::{Gate, TrustWindow};
use agent::hosts::Hosts;
use axum::Router;
use axum::extract::{Path as PathParam, State};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use futures::StreamExt as _;
use protocol::lease::AllowLoopback;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

/// How long a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A browser for tests; its profile folders are in `folder`.
pub(crate) fn browsers(folder: &Path) -> Browsers {
    Browsers::new(settings(folder))
}

/// The same, worn by `limits`.
pub(crate) fn browsers_with(folder: &Path, limits: BrowserLimits) -> Browsers {
    Browsers::new(BrowserSettings { limits, ..settings(folder) })
}

pub(crate) fn settings(folder: &Path) -> BrowserSettings {
    let path = std::env::var_os("PATH");
    let program = BrowserSettings::find(named().as_deref(), path.as_deref())
        .unwrap_or_else(|error| panic!("{error}\nhint: {}", error.hint()));
    let root = rustix::process::geteuid().is_root();
    BrowserSettings {
        program,
        sandbox: if root { Sandbox::Off } else { Sandbox::On },
        window: Window::None,
        profiles: folder.to_owned(),
        limits: BrowserLimits::new(u64::MAX),
        supervised_by: Some(env!("CARGO_BIN_EXE_agent").into()),
    }
}

fn named() -> Option<PathBuf> {
    std::env::var_os("BURSAR_BROWSER").map(PathBuf::from)
}

/// A gate that stays open for longer than any test runs.
pub(crate) fn open_gate() -> Gate {
    Gate::new(TrustWindow::new(Instant::now(), Duration::from_secs(3600), Duration::ZERO))
}

/// A session with `portal` under `gate`.
pub(crate) async fn session(browsers: &Browsers, portal: &Url, hosts: &[&str], gate: Gate) -> Session {
    asked_session(browsers, portal, hosts, gate).await.expect("a session")
}

/// The same where there may be no browser for it.
pub(crate) async fn asked_session(
    browsers: &Browsers,
    portal: &Url,
    hosts: &[&str],
    gate: Gate,
) -> Result<Session, OpenError> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let hosts = Hosts::new(portal, &hosts, AllowLoopback::Yes);
    let egress = Arc::new(Egress::open(hosts, gate.clone()).await.expect("a port"));
    browsers.session(gate, egress, portal.clone()).await
}

/// A portal whose pages are texts, and that keeps what it was asked for.
#[derive(Clone, Default)]
pub(crate) struct Portal {
    pages: Arc<Mutex<Vec<(&'static str, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
    late: Arc<Notify>,
}

impl Portal {
    /// Serves on a free port until the test ends.
    pub(crate) async fn serve(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let routes = Router::new()
            .route("/status/{code}", get(status))
            .route("/empty/{code}", get(empty))
            .route("/to", get(redirect))
            .route("/script/{page}", get(script))
            .route("/late/{page}", get(late))
            .route("/file/{page}", get(file))
            .route("/huge", get(huge))
            .route("/endless", get(endless))
            .route("/never", any(std::future::pending::<Response>))
            .route("/submit/{page}", post(submit))
            .route("/{page}", get(page))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}/").parse().expect("a url")
    }

    /// Has a page at `/name`.
    pub(crate) fn page(self, name: &'static str, body: &str) -> Self {
        let html = format!("<!doctype html><title>{name}</title><body>{body}</body>");
        self.pages.lock().expect("pages").push((name, html));
        self
    }

    /// What it was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("asked").clone()
    }

    /// Lets a program go that is asked for as one that comes late.
    pub(crate) fn let_go(&self) {
        self.late.notify_one();
    }

    fn body(&self, name: &str) -> String {
        let pages = self.pages.lock().expect("pages");
        let page = pages.iter().find(|(known, _)| *known == name);
        let html = page.map(|(_, html)| html.as_str()).unwrap_or_default();
        let body = html.split("<body>").nth(1).unwrap_or_default();
        body.trim_end_matches("</body>").to_owned()
    }

    fn html(&self, name: &str) -> Response {
        let pages = self.pages.lock().expect("pages");
        match pages.iter().find(|(known, _)| *known == name) {
            Some((_, html)) => Html(html.clone()).into_response(),
            None => (StatusCode::NOT_FOUND, Html("<h1>nothing here</h1>")).into_response(),
        }
    }

    fn note(&self, what: String) {
        self.asked.lock().expect("asked").push(what);
    }
}

async fn page(State(portal): State<Portal>, PathParam(name): PathParam<String>) -> Response {
    // Some browsers ask for it and some do not.
    if name != "favicon.ico" {
        portal.note(format!("GET {name}"));
    }
    portal.html(&name)
}

/// A page's text as a program.
async fn script(State(portal): State<Portal>, PathParam(name): PathParam<String>) -> Response {
    let body = portal.body(&name);
    ([("content-type", "text/javascript")], body).into_response()
}

/// The same, once it is let go.
async fn late(State(portal): State<Portal>, name: PathParam<String>) -> Response {
    portal.late.notified().await;
    script(State(portal), name).await
}

/// A page's text as a file, whose name wants to be somewhere else.
async fn file(State(portal): State<Portal>, PathParam(name): PathParam<String>) -> Response {
    portal.note(format!("GET file {name}"));
    let body = portal.body(&name);
    let kept = "attachment; filename=\"..%2f..%2fhostile.ofx\"; filename*=UTF-8''..%2F..%2Fhostile.ofx";
    ([("content-type", "application/x-ofx"), ("content-disposition", kept)], body).into_response()
}

/// A file that is too long.
async fn huge() -> Response {
    let kept = [("content-type", "application/octet-stream"), ("content-disposition", "attachment; filename=huge")];
    (kept, vec![b'x'; 9 * 1024 * 1024]).into_response()
}

/// A file that doesn't say how long it is, passes every bound, and doesn't end.
async fn endless() -> Response {
    let kept = [("content-type", "application/octet-stream"), ("content-disposition", "attachment; filename=endless")];
    let chunks = std::iter::repeat_n(vec![b'x'; 512 * 1024], 24).map(Ok::<_, std::convert::Infallible>);
    let chunks = futures::stream::iter(chunks).chain(futures::stream::pending());
    (kept, axum::body::Body::from_stream(chunks)).into_response()
}

async fn submit(State(portal): State<Portal>, PathParam(name): PathParam<String>, body: String) -> Response {
    portal.note(format!("POST {name} {body}"));
    portal.html(&name)
}

async fn status(PathParam(code): PathParam<u16>) -> Response {
    let code = StatusCode::from_u16(code).expect("a status");
    (code, Html("<h1>maintenance</h1>")).into_response()
}

async fn empty(PathParam(code): PathParam<u16>) -> Response {
    StatusCode::from_u16(code).expect("a status").into_response()
}

async fn redirect(uri: Uri) -> Response {
    Redirect::to(uri.query().unwrap_or("/")).into_response()
}
