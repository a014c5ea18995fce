//! A live view that is opened at one coordinator while the agent's line is at another: the page's socket is passed on.
//!
//! ```text
//! page ──socket──▶ coordinator ──socket, with a ticket──▶ the one that has the line ──▶ agent
//! ```
//!
//! The ticket is sealed with a key that the coordinators of one fleet have in common, is for one run, and good for half a
//! minute; what it holds is the session, so that the other coordinator looks for itself who asks and what they may do. It shows
//! in its answer that it opened the ticket: nothing that is seen or typed goes to whoever has its address by now.
//!
//! Not here: where lines are (`fleet::lines`), and what is said on the socket (`viewer`).

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::RunId;
use domain::secret::Secret;
use futures::{SinkExt as _, StreamExt as _};
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use protocol::live::{MESSAGE_AT_MOST, PICTURE_AT_MOST};
use reqwest::Upgraded;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use uuid::Uuid;

use super::{Console, Viewer};
use crate::clock;
use crate::console::refusal::Refusal;
use crate::fleet::Presence;
use crate::fleet::live::Stands;
use crate::store::{LinePlace, RunRecord};
use crate::vault::mac;

/// Carries the ticket.
const TICKET: HeaderName = HeaderName::from_static("x-bursar-ticket");
/// Shows that the ticket was opened.
const OPENED: HeaderName = HeaderName::from_static("x-bursar-opened");
/// What the keys are for.
const PURPOSE: &str = "live views at another coordinator";
/// How long a ticket is good, and how far two clocks may be apart.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(30);
/// How long the other coordinator has to answer, and to take a message.
const ANSWER: Duration = Duration::from_secs(5);
const TAKEN: Duration = Duration::from_secs(10);

/// Where a live view is served.
pub(super) enum Place {
    /// Here, where the page came to. The other coordinator that doesn't pass it on, if there is one.
    Here { unreached: Option<LinePlace> },
    /// Here, for a page that came to another coordinator.
    ForAnother,
}

/// The socket to the other coordinator.
pub(super) type Peer = WebSocketStream<Upgraded>;

#[derive(Serialize, Deserialize)]
struct Ticket {
    session: String,
    at: Timestamp,
}

/// Where the line of a run's agent is, if not here.
pub(super) async fn of(console: &Console, run: &RunRecord) -> Option<LinePlace> {
    let agent = run.agent_id.filter(|_| run.finished_at.is_none())?;
    console.fleet.line_elsewhere(agent).await
}

/// Opens a live view at the other coordinator; none if that isn't there, isn't ours, or has no such line.
pub(super) async fn reach(console: &Console, there: &LinePlace, run: RunId, session: &str) -> Option<Peer> {
    let opened = timeout(ANSWER, ask(console, there, run, session)).await.ok().flatten();
    if opened.is_none() {
        tracing::warn!(
            address = there.address,
            hint = "see that coordinators reach each other at `http.peer_url`, and have one master key",
            "a live view isn't passed on from the coordinator that has the agent's line"
        );
    }
    opened
}

async fn ask(console: &Console, there: &LinePlace, run: RunId, session: &str) -> Option<Peer> {
    let ticket = Ticket { session: session.to_owned(), at: clock::now() };
    let ticket = Secret::new(serde_json::to_string(&ticket).ok()?);
    let sealed = console.fleet.vault.shared_key(PURPOSE).seal(&context(run), &ticket).ok()?;
    let client = reqwest::Client::builder().no_proxy().http1_only().build().ok()?;
    let request = client.get(format!("{}/console/runs/{run}/live/passed-on", there.address));
    let request = request
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()) + "==")
        .header(TICKET, URL_SAFE_NO_PAD.encode(&sealed));
    let answer = request.send().await.ok()?;
    let shown = answer.headers().get(OPENED).and_then(|value| URL_SAFE_NO_PAD.decode(value.as_bytes()).ok())?;
    proof(console, &sealed).verify_slice(&shown).ok()?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return None;
    }
    let config =
        WebSocketConfig::default().max_message_size(Some(PICTURE_AT_MOST)).max_frame_size(Some(PICTURE_AT_MOST));
    Some(WebSocketStream::from_raw_socket(answer.upgrade().await.ok()?, Role::Client, Some(config)).await)
}

/// Opens the socket of a page that came to another coordinator.
pub(in crate::console) async fn open(
    State(console): State<Console>,
    Path(run): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let run = RunId(Uuid::parse_str(&run).map_err(|_| Refusal::not_found())?);
    let sealed = headers.get(TICKET).and_then(|value| URL_SAFE_NO_PAD.decode(value.as_bytes()).ok());
    let sealed = sealed.ok_or_else(Refusal::signed_out)?;
    let ticket = console.fleet.vault.shared_key(PURPOSE).open(&context(run), &sealed);
    let ticket = ticket.map_err(|_| Refusal::signed_out())?;
    let ticket: Ticket = serde_json::from_str(ticket.expose()).map_err(|_| Refusal::signed_out())?;
    if clock::now().duration_since(ticket.at).abs() > GOOD_FOR {
        return Err(Refusal::signed_out());
    }
    let known = console.fleet.signed_in(&ticket.session, Presence::ByItself).await?;
    let signed_in = known.ok_or_else(Refusal::signed_out)?;
    let run = console.fleet.store.run(&signed_in.reach, run).await?;
    if !run.agent_id.is_some_and(|agent| console.fleet.live.has_line_of(agent)) {
        return Err(Refusal::not_found());
    }
    let shown = URL_SAFE_NO_PAD.encode(proof(&console, &sealed).finalize().into_bytes());
    let upgrade = upgrade.max_message_size(MESSAGE_AT_MOST).max_frame_size(MESSAGE_AT_MOST);
    let mut response = super::serve(console, ticket.session, signed_in, run, Place::ForAnother, upgrade);
    if let Ok(shown) = HeaderValue::from_str(&shown) {
        response.headers_mut().insert(OPENED, shown);
    }
    Ok(response)
}

fn context(run: RunId) -> String {
    format!("a live view of {run}")
}

fn proof(console: &Console, sealed: &[u8]) -> hmac::Hmac<sha2::Sha256> {
    let mut mac = mac(&console.fleet.vault.derived_key(PURPOSE));
    mac.update(b"opened");
    mac.update(sealed);
    mac
}

/// Passes on what either end says, until one of them ends.
pub(super) async fn pass_on(mut page: WebSocket, mut peer: Peer) {
    loop {
        let passed = tokio::select! {
            said = page.recv() => match said {
                Some(Ok(Message::Text(text))) => timeout(TAKEN, peer.send(tungstenite::Message::text(text.as_str()))).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => continue,
                // The other end sees that it ended.
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            }
            .is_ok_and(|sent| sent.is_ok()),
            said = peer.next() => match said {
                Some(Ok(said)) => {
                    let Some(message) = to_page(said) else { continue };
                    let is_last = matches!(message, Message::Close(_));
                    timeout(TAKEN, page.send(message)).await.is_ok_and(|sent| sent.is_ok()) && !is_last
                }
                // Its coordinator ended: the page asks again, and is led on anew.
                Some(Err(_)) | None => return,
            },
        };
        if !passed {
            return;
        }
    }
}

fn to_page(said: tungstenite::Message) -> Option<Message> {
    match said {
        tungstenite::Message::Text(text) => Some(Message::text(text.as_str())),
        tungstenite::Message::Binary(bytes) => Some(Message::Binary(bytes)),
        tungstenite::Message::Close(frame) => Some(Message::Close(
            frame.map(|frame| CloseFrame { code: frame.code.into(), reason: frame.reason.as_str().into() }),
        )),
        tungstenite::Message::Ping(_) | tungstenite::Message::Pong(_) | tungstenite::Message::Frame(_) => None,
    }
}

impl Viewer {
    /// Whether the agent's line is elsewhere by now, so that asking anew leads there.
    pub(super) async fn has_moved(&self) -> bool {
        let is_without = self.looking.as_ref().is_some_and(|looking| *looking.stands.borrow() == Stands::NoLine);
        match &self.place {
            Place::ForAnother => is_without,
            Place::Here { unreached } => {
                is_without && of(&self.console, &self.run).await.is_some_and(|there| Some(&there) != unreached.as_ref())
            }
        }
    }
}
