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
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, SchemaFormat};
use uuid::Uuid;

use crate::fleet::{Scope, WebhookRequest};
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids};
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
    #[schema(schema_with = url)]
    url: String,
    #[schema(schema_with = events)]
    events: Vec<String>,
    #[serde(default)]
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Metadata,
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
    responses((status = 201, description = "The webhook with its secret.", body = WebhookCreated)))]
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
    app.fleet.store.delete_webhook(owner, WebhookId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn events() -> ArrayBuilder {
    ArrayBuilder::new().items(schema::word::<EventType>()).min_items(Some(1))
}

fn url() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uri)))
        .pattern(Some("^https://"))
        .max_length(Some(2048))
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
        }
    }
}
