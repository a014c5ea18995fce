//! The recorder's own live view, where there is no desk for a window: a page on loopback that shows the portal and takes
//! the person's pointer and keys.
//!
//! Its address holds a token that nobody can guess, and nothing is answered without it. What is shown and typed is on this
//! socket and nowhere else. From another machine it is reached through ssh, which forwards the port.
//!
//! Not here: the console's live view, which is a lease's (`crate::live`).

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::id::RunId;
use protocol::live::{Input, MESSAGE_AT_MOST, Picture};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::gate::Gate;
use crate::live::{Outbox, Screencast};

/// What its page may do: what stands in it, its own script, and the socket.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A view that is open. Dropping it closes it.
pub(super) struct View {
    address: String,
    done: watch::Receiver<Done>,
    serving: AbortHandle,
}

/// Whether the person says that it is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    NotYet,
    Done,
}

/// What a page asks of the recorder.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
enum Asked {
    Input { input: Input },
    Done,
}

#[derive(Clone)]
struct Shown {
    screencast: Arc<dyn Screencast>,
    gate: Gate,
    done: watch::Sender<Done>,
}

impl View {
    /// Opens one.
    pub(super) async fn open(screencast: Arc<dyn Screencast>, gate: Gate) -> io::Result<Self> {
        let token = token()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}/{token}/", listener.local_addr()?);
        let (sender, done) = watch::channel(Done::NotYet);
        let page = |body: &'static str, kind: &'static str| get(async move || answer(body, kind));
        let inside = Router::new()
            .route("/", page(include_str!("view.html"), "text/html; charset=utf-8"))
            .route("/view.js", page(include_str!("view.js"), "text/javascript; charset=utf-8"))
            .route("/view.css", page(include_str!("view.css"), "text/css; charset=utf-8"))
            .route("/socket", get(socket))
            .with_state(Shown { screencast, gate, done: sender });
        let router = Router::new().nest_service(&format!("/{token}"), inside);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, done, serving: serving.abort_handle() })
    }

    /// Where it is.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the person says that it is enough.
    pub(super) async fn done(&self) {
        if self.done.clone().wait_for(|done| *done == Done::Done).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn answer(body: &'static str, kind: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, body).into_response()
}

/// What nobody can guess.
fn token() -> io::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn socket(State(shown): State<Shown>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MESSAGE_AT_MOST).on_upgrade(move |socket| show(shown, socket))
}

/// Shows the portal to one page, and does what is done there.
async fn show(shown: Shown, mut socket: WebSocket) {
    let outbox = Outbox::default();
    let cast = shown.screencast.cast(RunId(Uuid::nil()), &outbox);
    let mut cast = std::pin::pin!(cast);
    loop {
        tokio::select! {
            () = &mut cast => break,
            picture = outbox.next() => {
                if socket.send(Message::Binary(framed(&picture))).await.is_err() {
                    break;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match (serde_json::from_str(&text), shown.gate.persons_permit()) {
                    (Ok(Asked::Input { input }), Some(permit)) => shown.screencast.input(permit, input).await,
                    (Ok(Asked::Done), _) => drop(shown.done.send_replace(Done::Done)),
                    _ => {}
                },
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    shown.screencast.let_go();
}

/// A picture with the sides of the page that it is of.
fn framed(picture: &Picture) -> Bytes {
    let mut bytes = Vec::with_capacity(picture.jpeg.len() + 4);
    bytes.extend(picture.width.to_be_bytes());
    bytes.extend(picture.height.to_be_bytes());
    bytes.extend(&picture.jpeg);
    bytes.into()
}
