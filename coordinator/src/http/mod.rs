//! HTTP: the public API under `/v1`, operators' calls under `/control/v1`, the lease
//! protocol under `/agent/v1`, a SimpleFIN bridge, the documents of the calls, health and
//! metrics. Status codes, headers and JSON shapes are made here and nowhere else.
//!
//! Not here: what anything means; handlers read a request, call a use case or the
//! store, and shape the answer.

mod agent;
mod attendance;
mod auth;
mod body;
mod control;
mod cursor;
mod health;
mod idempotency;
mod inbound;
mod line;
mod listing;
mod openapi;
mod problem;
mod request_id;
mod schema;
mod simplefin;
mod throttle;
mod v1;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::middleware;
use axum::{Extension, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use subtle::ConstantTimeEq as _;

use domain::secret::Secret;

use self::body::BodyLimit;
use self::throttle::Throttle;
use crate::fleet::Fleet;

pub use control::ledger as shown;
pub use inbound::{Listeners, ListenersError};
pub use openapi::{control_document, document};

/// How many inbound messages an address brings in a second, and at once.
const INBOUND_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(49);
const INBOUND_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(499);

/// What handlers work with.
#[derive(Clone)]
pub struct App {
    fleet: Arc<Fleet>,
    tokens: Arc<Tokens>,
    cursor_key: Arc<[u8; 32]>,
    idempotency_key: Arc<[u8; 32]>,
    throttle: Arc<Throttle>,
    inbound_throttle: Arc<Throttle>,
    listeners: Arc<Listeners>,
    metrics: PrometheusHandle,
}

/// What agents and operators show to be let in.
pub struct Tokens {
    /// Opens the lease protocol.
    pub agents: Secret,
    /// Opens operators' calls.
    pub operators: Secret,
}

impl App {
    /// What handlers work with, on one fleet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>, tokens: Tokens, listeners: Listeners, metrics: PrometheusHandle) -> Self {
        let cursor_key = Arc::new(fleet.vault.derived_key("cursors"));
        let idempotency_key = Arc::new(fleet.vault.derived_key("idempotency"));
        let limit = &fleet.config.rate_limit;
        let throttle = Arc::new(Throttle::new(limit.requests_per_second, limit.burst));
        let inbound_throttle = Arc::new(Throttle::new(INBOUND_PER_SECOND, INBOUND_AT_ONCE));
        let (tokens, listeners) = (Arc::new(tokens), Arc::new(listeners));
        Self { fleet, tokens, cursor_key, idempotency_key, throttle, inbound_throttle, listeners, metrics }
    }

    fn is_agent(&self, presented: &str) -> bool {
        is_same(presented, &self.tokens.agents)
    }

    /// The settings' token opens everything.
    fn is_administrator(&self, presented: &str) -> bool {
        is_same(presented, &self.tokens.operators)
    }
}

/// Whether it is that token; how long this takes doesn't tell how much of it is right.
fn is_same(presented: &str, token: &Secret) -> bool {
    bool::from(presented.as_bytes().ct_eq(token.expose().as_bytes()))
}

/// Every route, with those of `pages` for people.
pub fn router(app: App, pages: Router) -> Router {
    let settings = &app.fleet.config.http;
    let (public, document) = openapi::routes(openapi::public());
    // The last is the outermost: who asks, how often, and whether it was asked before.
    let public = public
        .route_layer(middleware::from_fn_with_state(app.clone(), idempotency::layer))
        .route_layer(middleware::from_fn_with_state(app.clone(), auth::layer))
        .layer(Extension(BodyLimit(settings.body_limit)));
    let (operators, control_document) = openapi::routes(control::surface());
    let operators = operators
        .route_layer(middleware::from_fn_with_state(app.clone(), auth::operators))
        .layer(Extension(BodyLimit(settings.body_limit)));
    let agents = agent::router().layer(Extension(BodyLimit(settings.agent_body_limit)));
    Router::new()
        .merge(public)
        .merge(openapi::router(document, control_document))
        .merge(operators)
        .nest("/agent/v1", agents)
        .merge(simplefin::router())
        .merge(inbound::router())
        .merge(health::router())
        .fallback(problem::unknown_route)
        .method_not_allowed_fallback(problem::wrong_method)
        .with_state(app)
        .merge(pages)
        .layer(middleware::from_fn(request_id::layer))
}
