//! `/v1/webhooks`: the secret is shown whole on creation and never again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::WebhookId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connections::Page;
use crate::fleet::{Scope, WebhookRequest};
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, Query};
use crate::http::cursor::Listing;
use crate::http::problem::Problem;
use crate::http::request_id;
use crate::store::{Metadata, PageRequest, Webhook};

/// What stands in place of a secret that isn't shown.
const MASKED: &str = "whsec_••••••••";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    url: String,
    events: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
}

pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::WebhooksRead)?.organization_id;
    let listing = Listing::new(&app, "webhooks", owner, &(), page.limit.as_deref())?;
    let request = PageRequest { after: listing.position(page.cursor.as_deref())?, limit: listing.to_read() };
    let webhooks = app.fleet.store.webhooks(owner, request).await?;
    Ok(Json(listing.envelope(webhooks, |webhook| webhook.id.0, |webhook| shown(webhook, MASKED))))
}

pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    let request = WebhookRequest { url: request.url, events: request.events, metadata: request.metadata };
    let (webhook, secret) = app.fleet.create_webhook(owner, request).await?;
    let answer = json!({
        "webhook": shown(webhook, secret.expose()),
        "meta": { "requestId": request_id::current() },
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::WebhooksRead)?.organization_id;
    Ok(Json(shown(app.fleet.store.webhook(owner, WebhookId(id)).await?, MASKED)))
}

pub(super) async fn delete(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<StatusCode, Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    app.fleet.store.delete_webhook(owner, WebhookId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(webhook: Webhook, secret: &str) -> Value {
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "secret": secret,
        "active": webhook.active,
        "metadata": webhook.metadata,
        "createdAt": webhook.created_at,
        "updatedAt": webhook.updated_at,
    })
}
