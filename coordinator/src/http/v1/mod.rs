//! The public API, one file a resource.
//!
//! What the contract leaves open and this project chose is marked `Choice:` at the
//! place where it is made.
//!
//! Not here: how a handler reads, answers or refuses; that is one floor up.

mod accounts;
mod challenges;
mod connections;
mod entities;
mod institutions;
mod transactions;
mod webhooks;

use axum::Router;
use axum::routing::{get, post, put};

use super::App;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/entities", get(entities::list).post(entities::create))
        .route("/entities/{id}", get(entities::show))
        .route("/institutions", get(institutions::list))
        .route("/institutions/{id}", get(institutions::show))
        .route("/connections", get(connections::list).post(connections::create))
        .route("/connections/{id}", get(connections::show))
        .route("/connections/{id}/credentials", put(connections::give_credentials))
        .route("/connections/{id}/setupCompletion", put(connections::complete_setup))
        .route("/connections/{id}/sync", put(connections::request_sync))
        .route("/connections/{id}/revoke", post(connections::revoke))
        .route("/connections/{id}/events", get(connections::events))
        .route("/connections/{id}/challenges", get(challenges::list))
        .route("/connections/{id}/challenges/{challenge_id}/answer", post(challenges::answer))
        .route("/accounts", get(accounts::list))
        .route("/accounts/{id}", get(accounts::show))
        .route("/transactions", get(transactions::list))
        .route("/transactions/{id}", get(transactions::show))
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/webhooks/{id}", get(webhooks::show).delete(webhooks::delete))
}

/// An object without the fields that have nothing to say.
fn without_nulls(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.into()
        }
        other => other,
    }
}
