//! A coordinator that hands out the leases that a test gives it, and keeps all that it
//! is told.
//!
//! Not a queue and not a store: it believes whoever calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::driver::Drivers;
use domain::fence::Fence;
use domain::id::{ConnectionId, RunId};
use domain::run::RunKind;
use domain::secret::Secret;
use protocol::lease::{Acquire, AllowLoopback, Lease, ScriptRevision, answer_context, credentials_context};
use protocol::live::UnknownPages;
use protocol::sealed::PublicKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use super::PATIENCE;

pub(crate) const TOKEN: &str = "token-of-the-test";

/// How the coordinator takes a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewals {
    Granted,
    Cancelled,
    Lost,
    /// As if something behind it were away.
    Unanswered,
}

/// The coordinator of one test.
#[derive(Clone)]
pub(crate) struct Coordinator {
    state: Arc<Mutex<Desk>>,
    changed: Arc<Notify>,
}

struct Desk {
    offers: VecDeque<Offer>,
    /// What was told, by the last part of its path.
    told: Vec<(String, Value)>,
    renewals: Renewals,
    answer: Option<String>,
    /// The call that is kept once and answered as if it weren't.
    stumble: Option<&'static str>,
    /// Of the agent that asked last.
    key: Option<PublicKey>,
    term: Duration,
}

/// A lease to be handed out.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) portal: Url,
    pub(crate) script: String,
    pub(crate) loopback: AllowLoopback,
    pub(crate) drivers: Drivers,
}

impl Coordinator {
    pub(crate) fn new() -> Self {
        let desk = Desk {
            offers: VecDeque::new(),
            told: Vec::new(),
            renewals: Renewals::Granted,
            answer: None,
            stumble: None,
            key: None,
            term: Duration::from_secs(15),
        };
        Self { state: Arc::new(Mutex::new(desk)), changed: Arc::new(Notify::new()) }
    }

    pub(crate) fn term(self, term: Duration) -> Self {
        self.desk().term = term;
        self
    }

    /// Serves on a free port until the test ends.
    pub(crate) async fn serve(&self) -> Url {
        self.serve_on(0).await
    }

    pub(crate) async fn serve_on(&self, port: u16) -> Url {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = Router::new()
            .route("/agent/v1/leases", post(acquire))
            .route("/agent/v1/leases/{run}/{*call}", post(call))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}/").parse().expect("a url")
    }

    pub(crate) fn enqueue(&self, portal: &Url, script: &str) {
        self.enqueue_for(Drivers::default(), portal, script);
    }

    /// The same with these drivers.
    pub(crate) fn enqueue_for(&self, drivers: Drivers, portal: &Url, script: &str) {
        let offer = Offer { portal: portal.clone(), script: script.into(), loopback: AllowLoopback::Yes, drivers };
        self.desk().offers.push_back(offer);
        self.changed.notify_waiters();
    }

    /// How many leases nobody has asked for yet.
    pub(crate) fn left(&self) -> usize {
        self.desk().offers.len()
    }

    /// What the agent said of its seats last.
    pub(crate) fn seats(&self) -> Value {
        let desk = self.desk();
        let said = |(_, body): &(String, Value)| body.get("seats").filter(|seats| !seats.is_null()).cloned();
        desk.told.iter().rev().find_map(said).unwrap_or_default()
    }

    pub(crate) fn renewals(&self, renewals: Renewals) {
        self.desk().renewals = renewals;
    }

    /// Answers the next call of this name as if something behind it were away, though
    /// it was kept.
    pub(crate) fn stumble_over(&self, name: &'static str) {
        self.desk().stumble = Some(name);
    }

    pub(crate) fn answer(&self, answer: &str) {
        self.desk().answer = Some(answer.into());
        self.changed.notify_waiters();
    }

    /// Waits until it is told something under this name.
    pub(crate) async fn told(&self, name: &str) -> Value {
        let found = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let found = self.all_told(name).into_iter().next();
                if let Some(found) = found {
                    return found;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never told `{name}`: {:?}", self.names()))
    }

    pub(crate) fn all_told(&self, name: &str) -> Vec<Value> {
        let desk = self.desk();
        desk.told.iter().filter(|(known, _)| known == name).map(|(_, body)| body.clone()).collect()
    }

    /// Everything that it was told, renewals and waits aside.
    pub(crate) fn names(&self) -> Vec<String> {
        let desk = self.desk();
        let quiet = |name: &str| matches!(name, "renew" | "wait" | "acquire");
        desk.told.iter().map(|(name, _)| name.clone()).filter(|name| !quiet(name)).collect()
    }

    fn next_lease(&self, acquire: &Acquire) -> Option<Lease> {
        let mut desk = self.desk();
        desk.key = Some(acquire.public_key.clone());
        let offer = desk.offers.pop_front()?;
        Some(lease(&offer, acquire, desk.term))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.state.lock().expect("the desk")
    }

    fn note(&self, name: &str, body: Value) {
        self.desk().told.push((name.into(), body));
        self.changed.notify_waiters();
    }
}

async fn acquire(State(coordinator): State<Coordinator>, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    if authorization != Some(&format!("Bearer {TOKEN}")) {
        return problem(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let acquire: Acquire = serde_json::from_slice(&body).expect("a request for a lease");
    coordinator.note("acquire", json!({ "seats": acquire.seats }));
    let wait = async {
        loop {
            let changed = coordinator.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(lease) = coordinator.next_lease(&acquire) {
                return lease;
            }
            changed.await;
        }
    };
    match timeout(Duration::from_millis(acquire.wait_ms), wait).await {
        Ok(lease) => axum::Json(lease).into_response(),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

fn lease(offer: &Offer, acquire: &Acquire, term: Duration) -> Lease {
    let run_id = RunId(Uuid::now_v7());
    let fence = Fence { generation: 1, counter: 1 };
    let credentials = json!({ "bankUsername": "clerk", "password": PASSWORD }).to_string();
    let sealed = acquire.public_key.seal(&Secret::new(credentials), &credentials_context(run_id, fence));
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).expect("a term");
    Lease {
        run_id,
        kind: RunKind::Sync,
        connection_id: ConnectionId(Uuid::now_v7()),
        institution_id: "quay".into(),
        fence,
        term_ms: millis(term),
        margin_ms: millis(term / 5),
        attempt: 1,
        open_intents: Vec::new(),
        portal_url: offer.portal.clone(),
        allow_loopback: offer.loopback,
        script: ScriptRevision { revision: "test".into(), source: offer.script.clone() },
        credentials: sealed.expect("sealed"),
        challenge_term_ms: 60_000,
        since: None,
        drivers: offer.drivers.clone(),
        compare_one_in: None,
        unknown_pages: UnknownPages::Fail,
        keeper: None,
        shadow: None,
        known_pages: Vec::new(),
        steps_per_minute: domain::limits::Limits::MOST_STEPS_PER_MINUTE.try_into().expect("above zero"),
    }
}

/// What must never be seen anywhere but in the portal's form.
pub(crate) const PASSWORD: &str = "Anchor-7-Lantern";

async fn call(State(coordinator): State<Coordinator>, Path((_, call)): Path<(Uuid, String)>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).expect("json");
    let name = match call.rsplit('/').next() {
        Some("settle") if call.starts_with("intents") => "settle intents",
        Some(name) => name,
        None => "",
    };
    let stumbles = coordinator.desk().stumble.take_if(|over| *over == name).is_some();
    coordinator.note(name, body.clone());
    if stumbles {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    match name {
        "renew" => renew(&coordinator),
        "intents" => axum::Json(json!({ "intentId": Uuid::now_v7() })).into_response(),
        "challenges" => {
            let opened = json!({ "challengeId": Uuid::now_v7(), "expiresInMs": 60_000 });
            axum::Json(opened).into_response()
        }
        "wait" => wait(&coordinator, &call, &body).await,
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn renew(coordinator: &Coordinator) -> Response {
    let desk = coordinator.desk();
    let term = u64::try_from(desk.term.as_millis()).expect("a term");
    let advice = match desk.renewals {
        Renewals::Granted => "goOn",
        Renewals::Cancelled => "cancel",
        Renewals::Lost => return problem(StatusCode::CONFLICT, "lease_lost"),
        Renewals::Unanswered => return problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    axum::Json(json!({ "termMs": term, "advice": advice })).into_response()
}

async fn wait(coordinator: &Coordinator, call: &str, body: &Value) -> Response {
    let challenge = call.split('/').nth(1).expect("an id").parse().expect("an id");
    let fence = body["proof"]["fence"].as_str().expect("a fence").parse().expect("a fence");
    let waited = async {
        loop {
            let changed = coordinator.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (answer, key) = {
                let desk = coordinator.desk();
                (desk.answer.clone(), desk.key.clone().expect("a key"))
            };
            if let Some(answer) = answer {
                let sealed = key.seal(&Secret::new(answer), &answer_context(challenge, fence));
                return json!({ "state": "answered", "answer": sealed.expect("sealed") });
            }
            changed.await;
        }
    };
    let held = Duration::from_millis(body["waitMs"].as_u64().expect("a time"));
    let answer = timeout(held, waited).await.unwrap_or_else(|_| json!({ "state": "open" }));
    axum::Json(answer).into_response()
}

fn problem(status: StatusCode, code: &str) -> Response {
    let body = json!({ "type": "about:blank", "title": "no", "status": status.as_u16(), "code": code });
    (status, [("content-type", "application/problem+json")], body.to_string()).into_response()
}
