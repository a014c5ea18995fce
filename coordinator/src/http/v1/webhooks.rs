//! `/v1/webhooks`: the secret is shown whole when it is made, and never again.
//!
//! Not here: what was delivered (`deliveries`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::event::EventType;
use domain::id::WebhookId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use utoipa::openapi::schema::ArrayBuilder;
use uuid::Uuid;

use super::deliveries::Delivery;
use crate::clock;
use crate::fleet::{Scope, WebhookChange, WebhookRequest};
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, NoBody, present};
use crate::http::listing::{List, Listed, Meta, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, Metadata};

/// What stands in place of a secret that isn't shown.
const MASKED: &str = "whsec_••••••••";

/// An endpoint that is told of events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook {
    id: Uuid,
    url: Url,
    #[schema(schema_with = events)]
    events: Vec<String>,
    /// What deliveries are signed with; masked but in the answer that makes it.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// Whether events are delivered.
    active: bool,
    #[schema(schema_with = schema::metadata)]
    metadata: Metadata,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When a delivery last arrived.
    // Choice: these three, so that an endpoint's health can be seen from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    last_delivered_at: Option<Timestamp>,
    /// When Bursar switched it off, because nothing had arrived for days or it said that
    /// it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    disabled_at: Option<Timestamp>,
    /// Until when the secret before the last rotation signs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    previous_secret_until: Option<Timestamp>,
}

/// A webhook in its envelope.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookCreated {
    webhook: Webhook,
    meta: Meta,
}

/// An endpoint to be added.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewWebhook, example = json!({
    "url": "https://hooks.bluekite.example/bursar", "events": ["connection.status_changed", "transactions.sync_available"],
}))]
pub(super) struct Create {
    /// https, without user, password or fragment.
    #[schema(schema_with = schema::https_url)]
    url: String,
    #[schema(schema_with = events)]
    events: Vec<String>,
    #[serde(default)]
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Metadata,
}

/// What is to change; what isn't given stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WebhookPatch, example = json!({ "active": true }))]
pub(super) struct Change {
    /// https, without user, password or fragment.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = schema::https_url, required = false)]
    url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = events, required = false)]
    events: Option<Vec<String>>,
    /// Whether events are delivered. One that Bursar switched off is switched on again.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    active: Option<bool>,
    /// Takes the place of all values.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Option<Metadata>,
}

/// List webhooks, oldest first.
#[utoipa::path(get, path = "/webhooks", operation_id = "listWebhooks", tag = "Webhooks",
    security(("key" = ["webhooks:read"])), params(Paging),
    responses((status = 200, description = "A page of webhooks.", body = List<Webhook>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<Webhook>>, Problem> {
    let owner = integrator.with(Scope::WebhooksRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, "webhooks", owner)?;
    let webhooks = app.fleet.store.webhooks(owner, page.page()).await?;
    Ok(Json(page.list(webhooks, |webhook| webhook.id.0, |webhook| Webhook::of(webhook, MASKED))))
}

/// Add a webhook; its secret is shown this once.
#[utoipa::path(post, path = "/webhooks", operation_id = "createWebhook", tag = "Webhooks",
    security(("key" = ["webhooks:write"])), request_body = Create,
    responses(
        (status = 201, description = "The webhook with its secret.", body = WebhookCreated),
        (status = 409, description = "`webhook_limit`: there are as many as there may be."),
    ))]
pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<WebhookCreated>), Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    let request = WebhookRequest { url: request.url, events: request.events, metadata: request.metadata };
    let (webhook, secret) = app.fleet.create_webhook(owner, request).await?;
    let answer = WebhookCreated { webhook: Webhook::of(webhook, secret.expose()), meta: Meta::new() };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Read a webhook.
#[utoipa::path(get, path = "/webhooks/{webhookId}", operation_id = "getWebhook", tag = "Webhooks",
    security(("key" = ["webhooks:read"])), params(("webhookId" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = Webhook)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Webhook>, Problem> {
    let owner = integrator.with(Scope::WebhooksRead)?.organization_id;
    Ok(Json(Webhook::of(app.fleet.store.webhook(owner, WebhookId(id)).await?, MASKED)))
}

/// Change a webhook.
#[utoipa::path(patch, path = "/webhooks/{webhookId}", operation_id = "updateWebhook", tag = "Webhooks",
    security(("key" = ["webhooks:write"])), params(("webhookId" = Uuid, Path, description = "The webhook.")),
    request_body = Change, responses((status = 200, description = "The webhook as it is now.", body = Webhook)))]
pub(super) async fn change(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Body(request): Body<Change>,
) -> Result<Json<Webhook>, Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    let change =
        WebhookChange { url: request.url, events: request.events, active: request.active, metadata: request.metadata };
    let webhook = app.fleet.change_webhook(owner, WebhookId(id), change).await?;
    Ok(Json(Webhook::of(webhook, MASKED)))
}

/// Send a `test` event to a webhook that is active and has subscribed to it.
#[utoipa::path(post, path = "/webhooks/{webhookId}/test", operation_id = "testWebhook", tag = "Webhooks",
    security(("key" = ["webhooks:write"])), params(("webhookId" = Uuid, Path, description = "The webhook.")),
    responses(
        (status = 202, description = "The delivery is queued.", body = Delivery),
        (status = 409, description = "`webhook_inactive`: it is switched off. `not_subscribed`: it hasn't \
            subscribed to `test`."),
    ))]
pub(super) async fn test(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    let delivery = app.fleet.test_webhook(owner, WebhookId(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(Delivery::of(id, delivery))))
}

/// Make a new secret; it is shown this once.
///
/// The secret before it signs beside it until `previousSecretUntil`, so that receivers can change over.
#[utoipa::path(post, path = "/webhooks/{webhookId}/rotate-secret", operation_id = "rotateWebhookSecret",
    tag = "Webhooks", security(("key" = ["webhooks:write"])),
    params(("webhookId" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook with its new secret.", body = WebhookCreated)))]
pub(super) async fn rotate_secret(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<WebhookCreated>, Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    let (webhook, secret) = app.fleet.rotate_webhook_secret(owner, WebhookId(id)).await?;
    Ok(Json(WebhookCreated { webhook: Webhook::of(webhook, secret.expose()), meta: Meta::new() }))
}

/// Remove a webhook with its deliveries.
#[utoipa::path(delete, path = "/webhooks/{webhookId}", operation_id = "deleteWebhook", tag = "Webhooks",
    security(("key" = ["webhooks:write"])), params(("webhookId" = Uuid, Path, description = "The webhook.")),
    responses((status = 204, description = "It is gone.")))]
pub(super) async fn delete(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<StatusCode, Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    app.fleet.store.delete_webhook(owner, WebhookId(id), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn events() -> ArrayBuilder {
    ArrayBuilder::new().items(schema::word::<EventType>()).min_items(Some(1))
}

impl Webhook {
    fn of(webhook: store::Webhook, secret: &str) -> Self {
        Self {
            id: webhook.id.0,
            url: webhook.url,
            events: webhook.events,
            secret: secret.to_owned(),
            active: webhook.active,
            metadata: webhook.metadata,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            last_delivered_at: webhook.last_delivered_at,
            disabled_at: webhook.disabled_at,
            previous_secret_until: webhook.previous_secret_until,
        }
    }
}
