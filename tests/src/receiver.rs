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
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

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

/// A receiver that listens.
#[derive(Clone, Default)]
pub struct Receiver {
    inner: Arc<Mutex<Inner>>,
    address: String,
}

#[derive(Default)]
struct Inner {
    secret: String,
    refusals_left: u32,
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

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let mut inner = receiver.lock();
    if inner.refusals_left > 0 {
        inner.refusals_left -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let is_verified =
        documented_is_right(&inner.secret, &headers, &body) && standard_is_right(&inner.secret, &headers, &body);
    let event = serde_json::from_slice(&body).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    inner.received.push(Received { event, body, headers, is_verified, at });
    if is_verified { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}

/// `Waycore-Signature: t=<unix>,v1=<hex>`, the HMAC of `<t>.<body>`.
fn documented_is_right(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let value = header(headers, "waycore-signature");
    let part = |name: &str| value.split(',').find_map(|part| part.trim().strip_prefix(name));
    let (Some(at), Some(signature)) = (part("t="), part("v1=")) else { return false };
    let digits = |start: usize| signature.get(start..start + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let Some(signature) = (0..signature.len()).step_by(2).map(digits).collect::<Option<Vec<u8>>>() else {
        return false;
    };
    is_mac(secret.as_bytes(), &[at.as_bytes(), b".", body], &signature)
}

/// `webhook-signature: v1,<base64>`, the HMAC of `<id>.<timestamp>.<body>`.
fn standard_is_right(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let (id, at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let signature = header(headers, "webhook-signature").strip_prefix("v1,").map(|text| STANDARD.decode(text));
    let key = secret.strip_prefix("whsec_").map(|text| STANDARD.decode(text));
    let (Some(Ok(signature)), Some(Ok(key))) = (signature, key) else { return false };
    is_mac(&key, &[id.as_bytes(), b".", at.as_bytes(), b".", body], &signature)
}

fn is_mac(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    parts.iter().for_each(|part| mac.update(part));
    mac.verify_slice(signature).is_ok()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
