//! A live view that is opened at one coordinator while the agent's line is at another: the page's socket is passed on.
//!
//! ```text
//! page ──socket──▶ coordinator ──socket, with a ticket──▶ the one that has the line ──▶ agent
//! ```
//!
//! The ticket is sealed with a key that the coordinators of one fleet have in common, is for one run and one line, and good for
//! half a minute; what it holds is the session, so that the other coordinator looks for itself who asks and what they may do. It
//! shows in its answer that it opened the ticket: nothing that is seen or typed goes to whoever has its address by now.
//!
//! Not here: where lines are (`fleet::lines`), and what is said on the socket (`viewer`).

mod relay;
mod ticket;

use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::RunId;
use hmac::Mac as _;
use protocol::live::MESSAGE_AT_MOST;
use reqwest::Upgraded;
use reqwest::redirect::Policy;
use tokio::time::timeout;
use uuid::Uuid;

use self::ticket::{Passage, proof};
use super::{Console, Viewer};
use crate::clock;
use crate::console::refusal::Refusal;
use crate::fleet::Presence;
use crate::fleet::live::Stands;
use crate::store::{LinePlace, RunRecord};

pub(super) use self::relay::pass_on;

/// Carries the ticket.
const TICKET: HeaderName = HeaderName::from_static("x-bursar-ticket");
/// Says over which line the ticket leads.
const LINE: HeaderName = HeaderName::from_static("x-bursar-line");
/// Shows that the ticket was opened.
const OPENED: HeaderName = HeaderName::from_static("x-bursar-opened");
/// How long the other coordinator has to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Where a live view is served.
pub(super) enum Place {
    /// Here, where the page came to. The other coordinator that doesn't pass it on, if there is one.
    Here { unreached: Option<LinePlace> },
    /// Here, for a page that came to another coordinator.
    ForAnother,
}

/// The socket to the other coordinator.
pub(super) type Peer = relay::Peer<Upgraded>;

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
    let vault = &console.fleet.vault;
    let sealed = Passage { run, line: there.line }.seal(vault, session, clock::now())?;
    // A ticket is shown to nobody else, wherever it is sent on to.
    let client = reqwest::Client::builder().no_proxy().http1_only().redirect(Policy::none()).build().ok()?;
    let request = client.get(format!("{}/console/runs/{run}/live/passed-on", there.address));
    let request = request
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()) + "==")
        .header(LINE, there.line.to_string())
        .header(TICKET, URL_SAFE_NO_PAD.encode(&sealed));
    let answer = request.send().await.ok()?;
    let shown = answer.headers().get(OPENED).and_then(|value| URL_SAFE_NO_PAD.decode(value.as_bytes()).ok())?;
    proof(vault, &sealed).verify_slice(&shown).ok()?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return None;
    }
    Some(relay::peer(answer.upgrade().await.ok()?).await)
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
    let line = headers.get(LINE).and_then(|value| Uuid::parse_str(value.to_str().ok()?).ok());
    let line = line.ok_or_else(Refusal::signed_out)?;
    let session = Passage { run, line }.open(&console.fleet.vault, &sealed, clock::now());
    let session = session.ok_or_else(Refusal::signed_out)?;
    let known = console.fleet.signed_in(&session, Presence::ByItself).await?;
    let signed_in = known.ok_or_else(Refusal::signed_out)?;
    let run = console.fleet.store.run(&signed_in.reach, run).await?;
    if !run.agent_id.is_some_and(|agent| console.fleet.live.stands(agent, line)) {
        return Err(Refusal::not_found());
    }
    let shown = URL_SAFE_NO_PAD.encode(proof(&console.fleet.vault, &sealed).finalize().into_bytes());
    let upgrade = upgrade.max_message_size(MESSAGE_AT_MOST).max_frame_size(MESSAGE_AT_MOST);
    let mut response = super::serve(console, session, signed_in, run, Place::ForAnother, upgrade);
    if let Ok(shown) = HeaderValue::from_str(&shown) {
        response.headers_mut().insert(OPENED, shown);
    }
    Ok(response)
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
