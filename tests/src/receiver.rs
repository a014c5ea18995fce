//! A webhook receiver that checks every signature as the documentation tells
//! integrators to, in both forms.
//!
//! Not here: registering it; the integrator does that.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// One delivery.
#[derive(Clone, Debug)]
pub struct Received {
    /// The body.
    pub event: Value,
    /// The body as it came.
    pub body: String,
    /// What came with it.
    pub headers: HeaderMap,
    /// Whether both signatures were right.
    pub is_verified: bool,
    /// When it came.
    pub at: Instant,
}

/// What a receiver does with whatever comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Checks it, and takes it if its signatures are right.
    #[default]
    Take,
    /// Answers with this status.
    Refuse(u16),
    /// Answers 429, and asks for this many seconds.
    AskForTime(u32),
    /// Holds it open until its manner changes, and then goes by that one.
    Hold,
}

/// A receiver that listens.
#[derive(Clone, Default)]
pub struct Receiver {
    inner: Arc<Mutex<Inner>>,
    manner: watch::Sender<Manner>,
    address: String,
}

#[derive(Default)]
struct Inner {
    secret: String,
    refusals_left: u32,
    attempts: usize,
    held: usize,
    received: Vec<Received>,
}

impl Receiver {
    /// Listens on a free port.
    ///
    /// # Errors
    /// What the system says.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}/webhooks", listener.local_addr()?);
        let receiver = Self { address, ..Self::default() };
        let routes = Router::new().route("/webhooks", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(receiver)
    }

    /// An address of this machine where nobody listens.
    ///
    /// # Errors
    /// What the system says.
    pub async fn dead() -> std::io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(format!("http://{}/webhooks", listener.local_addr()?))
    }

    /// What to do with whatever comes from now on, and with what is held.
    pub fn behave(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// How often something came, whatever was answered.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.lock().attempts
    }

    /// How many are held open.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().held
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address
    }

    /// The secret to check with, as the API showed it on creation.
    pub fn trust(&self, secret: &str) {
        secret.clone_into(&mut self.lock().secret);
    }

    /// Answers the next `count` deliveries with 503.
    pub fn refuse_next(&self, count: u32) {
        self.lock().refusals_left = count;
    }

    /// Everything that came, refused deliveries left out.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    /// The first delivery of a type that came after `since`.
    #[must_use]
    pub fn first(&self, event_type: &str, since: Instant) -> Option<Received> {
        let wanted = |received: &&Received| received.event["type"] == event_type && received.at >= since;
        self.lock().received.iter().find(wanted).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let at = Instant::now();
    receiver.lock().attempts += 1;
    let mut manner = *receiver.manner.borrow();
    if manner == Manner::Hold {
        receiver.lock().held += 1;
        let mut manners = receiver.manner.subscribe();
        // It only fails when the receiver is gone, and then nobody waits for an answer.
        manner = manners.wait_for(|manner| *manner != Manner::Hold).await.map_or(Manner::Take, |manner| *manner);
        receiver.lock().held -= 1;
    }
    match manner {
        Manner::Take | Manner::Hold => {}
        Manner::Refuse(status) => return StatusCode::from_u16(status).unwrap_or_default().into_response(),
        Manner::AskForTime(seconds) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
        }
    }
    let mut inner = receiver.lock();
    if inner.refusals_left > 0 {
        inner.refusals_left -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let is_verified =
        documented_is_right(&inner.secret, &headers, &body) && standard_is_right(&inner.secret, &headers, &body);
    let event = serde_json::from_slice(&body).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    inner.received.push(Received { event, body, headers, is_verified, at });
    if is_verified { StatusCode::NO_CONTENT.into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
}

/// `Waycore-Signature: t=<unix>,v1=<hex>`, the HMAC of `<t>.<body>`; any `v1` may fit.
fn documented_is_right(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let value = header(headers, "waycore-signature");
    let parts = |name: &'static str| value.split(',').filter_map(move |part| part.trim().strip_prefix(name));
    let Some(at) = parts("t=").next() else { return false };
    let fits = |signature: &str| {
        let digits = |start: usize| signature.get(start..start + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes = (0..signature.len()).step_by(2).map(digits).collect::<Option<Vec<u8>>>();
        bytes.is_some_and(|bytes| is_mac(secret.as_bytes(), &[at.as_bytes(), b".", body], &bytes))
    };
    parts("v1=").any(fits)
}

/// `webhook-signature: v1,<base64>`, the HMAC of `<id>.<timestamp>.<body>`; any that
/// stands between spaces may fit.
fn standard_is_right(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let (id, at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let Some(Ok(key)) = secret.strip_prefix("whsec_").map(|text| STANDARD.decode(text)) else { return false };
    let signatures = header(headers, "webhook-signature").split(' ').filter_map(|text| text.strip_prefix("v1,"));
    let fits = |signature: &str| {
        let signature = STANDARD.decode(signature);
        signature.is_ok_and(|signature| is_mac(&key, &[id.as_bytes(), b".", at.as_bytes(), b".", body], &signature))
    };
    signatures.into_iter().any(fits)
}

fn is_mac(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    parts.iter().for_each(|part| mac.update(part));
    mac.verify_slice(signature).is_ok()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
