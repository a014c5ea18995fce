//! Whether this process lives, whether it can serve, and what it counted.
//!
//! Not here: anything of a customer: these ask for no key.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::App;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Ready once the store answers and Redis knows the queue.
async fn ready(State(app): State<App>) -> Response {
    let store = app.fleet.store.ping().await.is_ok();
    let queue = app.fleet.queue.standing().await.is_ok_and(|standing| standing.generation.is_some());
    let word = |is_ready| if is_ready { "ok" } else { "unavailable" };
    let status = if store && queue { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "store": word(store), "queue": word(queue) }))).into_response()
}

async fn metrics(State(app): State<App>) -> Response {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], app.metrics.render()).into_response()
}
