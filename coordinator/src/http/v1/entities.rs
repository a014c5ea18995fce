//! `/v1/entities`.
//!
//! Not here: changing or deleting one, which isn't there yet.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::EntityId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock;
use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, Query};
use crate::http::cursor::Listing;
use crate::http::problem::{FieldError, Problem};
use crate::store::{Entity, Metadata, NewEntity, PageRequest};

const MOST_EMAILS: usize = 100;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    external_entity_id: Option<String>,
    #[serde(skip_serializing)]
    cursor: Option<String>,
    #[serde(skip_serializing)]
    limit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    external_entity_id: String,
    name: Option<String>,
    #[serde(default)]
    contact_emails: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
}

pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::EntitiesRead)?.organization_id;
    let listing = Listing::new(&app, "entities", owner, &filter, filter.limit.as_deref())?;
    let after = listing.position::<Uuid>(filter.cursor.as_deref())?;
    let page = PageRequest { after, limit: listing.to_read() };
    let entities = app.fleet.store.entities(owner, filter.external_entity_id.as_deref(), page).await?;
    Ok(Json(listing.envelope(entities, |entity| entity.id.0, shown)))
}

pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let owner = integrator.with(Scope::EntitiesWrite)?.organization_id;
    let invalid = |pointer: &str, message: &str| {
        Problem::invalid(vec![FieldError { pointer: pointer.into(), code: "invalid", message: message.into() }])
    };
    if !(1..=255).contains(&request.external_entity_id.chars().count()) {
        return Err(invalid("/externalEntityId", "use 1 to 255 characters"));
    }
    if request.contact_emails.len() > MOST_EMAILS {
        return Err(invalid("/contactEmails", "give 100 addresses at most"));
    }
    let new = NewEntity {
        id: EntityId(Uuid::now_v7()),
        organization_id: owner,
        external_entity_id: request.external_entity_id,
        name: request.name,
        contact_emails: without_repeats(request.contact_emails),
        metadata: request.metadata,
    };
    let entity = app.fleet.store.create_entity(new, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(shown(entity))))
}

pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::EntitiesRead)?.organization_id;
    Ok(Json(shown(app.fleet.store.entity(owner, EntityId(id)).await?)))
}

/// The order is kept; a repetition, however capitalized, is dropped.
fn without_repeats(emails: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    emails.into_iter().filter(|email| seen.insert(email.to_lowercase())).collect()
}

fn shown(entity: Entity) -> Value {
    json!({
        "entityId": entity.id,
        "externalEntityId": entity.external_entity_id,
        "isDefaultOrgEntity": entity.is_default,
        "name": entity.name,
        "contactEmails": entity.contact_emails,
        "metadata": entity.metadata,
        "createdAt": entity.created_at,
        "updatedAt": entity.updated_at,
    })
}
