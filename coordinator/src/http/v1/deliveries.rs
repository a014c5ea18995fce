//! `/v1/webhooks/{webhookId}/deliveries`: what was sent to an endpoint, and sending it
//! once more.
//!
//! Not here: when a delivery is tried again by itself (`webhooks`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::event::{DeliveryState, EventType};
use domain::id::WebhookId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Ids, NoBody};
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// An event on its way to an endpoint.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    id: Uuid,
    webhook_id: Uuid,
    /// The `id` in the body, the same for every endpoint and every attempt.
    #[schema(example = "evt_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b")]
    event_id: String,
    #[schema(schema_with = schema::word::<EventType>)]
    event_type: EventType,
    #[schema(schema_with = schema::word::<DeliveryState>)]
    status: DeliveryState,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next; of a `pending` one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    next_attempt_at: Option<Timestamp>,
    /// The receiver's last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_status_code: Option<u16>,
    /// What went wrong the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
    /// The delivery that this one sends once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    redelivers: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it arrived or was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    settled_at: Option<Timestamp>,
}

/// List deliveries to a webhook, latest first.
#[utoipa::path(get, path = "/webhooks/{webhookId}/deliveries", operation_id = "listDeliveries", tag = "Webhooks",
    security(("key" = ["webhooks:read"])),
    params(("webhookId" = Uuid, Path, description = "The webhook."), Paging),
    responses((status = 200, description = "A page of deliveries.", body = List<Delivery>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<Delivery>>, Problem> {
    let owner = integrator.with(Scope::WebhooksRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, &format!("deliveries to {id}"), owner)?;
    let deliveries = app.fleet.store.deliveries(owner, WebhookId(id), page.page()).await?;
    Ok(Json(page.list(deliveries, |delivery| delivery.id, |delivery| Delivery::of(id, delivery))))
}

/// Send a delivery once more, as a delivery of its own.
#[utoipa::path(post, path = "/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", operation_id = "redeliver",
    tag = "Webhooks", security(("key" = ["webhooks:write"])),
    params(("webhookId" = Uuid, Path, description = "The webhook."),
           ("deliveryId" = Uuid, Path, description = "The delivery.")),
    responses(
        (status = 202, description = "The new delivery.", body = Delivery),
        (status = 409, description = "`webhook_inactive`: the webhook is switched off."),
    ))]
pub(super) async fn redeliver(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id, delivery]): Ids<2>,
    _: NoBody,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let owner = integrator.with(Scope::WebhooksWrite)?.organization_id;
    let delivery = app.fleet.redeliver(owner, WebhookId(id), delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(Delivery::of(id, delivery))))
}

impl Delivery {
    pub(super) fn of(webhook_id: Uuid, delivery: store::DeliveryRecord) -> Self {
        Self {
            id: delivery.id,
            webhook_id,
            event_id: store::event_name(delivery.event_id),
            event_type: delivery.event_type,
            status: delivery.state,
            attempts: delivery.attempts,
            next_attempt_at: delivery.due_at,
            last_status_code: delivery.last_status,
            last_error: delivery.last_error,
            redelivers: delivery.redelivers,
            created_at: delivery.created_at,
            settled_at: delivery.settled_at,
        }
    }
}
