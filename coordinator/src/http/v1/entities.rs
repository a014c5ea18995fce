//! `/v1/entities`.
//!
//! Not here: what belongs to an entity; connections name theirs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::EntityId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, SchemaFormat};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::clock;
use crate::fleet::Scope;
use crate::http::App;
use crate::http::attendance::Attendance;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, present};
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, EntityPatch, Metadata, NewEntity, NewName};

const MOST_EMAILS: usize = 100;
const LONGEST_NAME: usize = 255;
/// RFC 5321, section 4.5.3.1.3, less the angle brackets.
const LONGEST_EMAIL: usize = 254;

/// A business on whose behalf connections are made; it owns all below it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entity {
    entity_id: Uuid,
    /// Your own id for it, unique in your organization.
    #[schema(example = "customer-4711")]
    external_entity_id: String,
    /// Whether it is the one that every organization has from the start.
    is_default_org_entity: bool,
    #[schema(required, example = "Blue Kite Trading GmbH")]
    name: Option<String>,
    /// Whom to write to, in your order.
    #[schema(example = json!(["treasury@bluekite.example"]))]
    contact_emails: Vec<String>,
    #[schema(schema_with = schema::metadata)]
    metadata: Metadata,
    /// When somebody attends for it, where that isn't as your organization's people do.
    #[schema(required)]
    attendance: Option<Attendance>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Exactly this id of yours.
    external_entity_id: Option<String>,
}

/// An entity to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewEntity, example = json!({ "externalEntityId": "customer-4711", "name": "Blue Kite Trading GmbH" }))]
pub(super) struct Create {
    /// Your own id for it.
    #[schema(min_length = 1, max_length = 255)]
    external_entity_id: String,
    #[schema(max_length = 255)]
    name: Option<String>,
    #[serde(default)]
    #[schema(schema_with = emails, required = false)]
    contact_emails: Vec<String>,
    #[serde(default)]
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Metadata,
    /// When somebody attends for it, where that isn't as your organization's people do.
    attendance: Option<Attendance>,
}

/// What is to change; what isn't given stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EntityPatch, example = json!({ "contactEmails": ["treasury@bluekite.example"] }))]
pub(super) struct Change {
    /// Takes the place of the whole list: the order is kept, repetitions are dropped
    /// whatever their case, `[]` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = emails, required = false)]
    contact_emails: Option<Vec<String>>,
    /// Null clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    name: Option<Option<String>>,
    /// Takes the place of all values.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Option<Metadata>,
    /// When somebody attends for it; null: as your organization's people do.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Attendance>)]
    attendance: Option<Option<Attendance>>,
}

/// List entities, oldest first.
#[utoipa::path(get, path = "/entities", operation_id = "listEntities", tag = "Entities",
    security(("key" = ["entities:read"])), params(Filter, Paging),
    responses((status = 200, description = "A page of entities.", body = List<Entity>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Entity>>, Problem> {
    let owner = integrator.with(Scope::EntitiesRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, "entities", owner)?;
    let wanted = listed.filter.external_entity_id.as_deref();
    let entities = app.fleet.store.entities(owner, wanted, page.page()).await?;
    Ok(Json(page.list(entities, |entity| entity.id.0, Entity::from)))
}

/// Make an entity.
#[utoipa::path(post, path = "/entities", operation_id = "createEntity", tag = "Entities",
    security(("key" = ["entities:write"])), request_body = Create,
    responses(
        (status = 201, description = "The entity.", body = Entity),
        (status = 409, description = "`duplicate`: you have used this `externalEntityId` before."),
    ))]
pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Entity>), Problem> {
    let owner = integrator.with(Scope::EntitiesWrite)?.organization_id;
    if !(1..=LONGEST_NAME).contains(&request.external_entity_id.chars().count()) {
        return Err(Problem::field("/externalEntityId", "use 1 to 255 characters"));
    }
    let new = NewEntity {
        id: EntityId(Uuid::now_v7()),
        organization_id: owner,
        external_entity_id: request.external_entity_id,
        name: checked_name(request.name)?,
        contact_emails: checked_emails(request.contact_emails)?,
        metadata: request.metadata,
        attended: request.attendance.map(Attendance::checked).transpose()?,
    };
    let entity = app.fleet.store.create_entity(new, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(entity.into())))
}

/// Read an entity.
#[utoipa::path(get, path = "/entities/{entityId}", operation_id = "getEntity", tag = "Entities",
    security(("key" = ["entities:read"])), params(("entityId" = Uuid, Path, description = "The entity.")),
    responses((status = 200, description = "The entity.", body = Entity)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Entity>, Problem> {
    let owner = integrator.with(Scope::EntitiesRead)?.organization_id;
    Ok(Json(app.fleet.store.entity(owner, EntityId(id)).await?.into()))
}

/// Change an entity.
#[utoipa::path(patch, path = "/entities/{entityId}", operation_id = "updateEntity", tag = "Entities",
    security(("key" = ["entities:write"])), params(("entityId" = Uuid, Path, description = "The entity.")),
    request_body = Change, responses((status = 200, description = "The entity as it is now.", body = Entity)))]
pub(super) async fn change(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Body(request): Body<Change>,
) -> Result<Json<Entity>, Problem> {
    let owner = integrator.with(Scope::EntitiesWrite)?.organization_id;
    let patch = EntityPatch {
        contact_emails: request.contact_emails.map(checked_emails).transpose()?,
        name: request.name.map(new_name).transpose()?,
        metadata: request.metadata,
        attended: request.attendance.map(|given| given.map(Attendance::checked).transpose()).transpose()?,
    };
    Ok(Json(app.fleet.store.update_entity(owner, EntityId(id), patch, clock::now()).await?.into()))
}

/// Delete an entity with its connections, accounts and transactions, for good.
#[utoipa::path(delete, path = "/entities/{entityId}", operation_id = "deleteEntity", tag = "Entities",
    security(("key" = ["entities:write"])), params(("entityId" = Uuid, Path, description = "The entity.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 409, description = "`default_entity`: the default entity stays. `run_under_way`: one of its \
            connections is at work; pause or revoke it first."),
    ))]
pub(super) async fn delete(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<StatusCode, Problem> {
    let owner = integrator.with(Scope::EntitiesWrite)?.organization_id;
    app.fleet.store.delete_entity(owner, EntityId(id), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new_name(name: Option<String>) -> Result<NewName, Problem> {
    Ok(checked_name(name)?.map_or(NewName::Cleared, NewName::Set))
}

fn checked_name(name: Option<String>) -> Result<Option<String>, Problem> {
    if name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(Problem::field("/name", "use 255 characters at most"));
    }
    Ok(name)
}

/// The order is kept; a repetition, however capitalized, is dropped.
fn checked_emails(emails: Vec<String>) -> Result<Vec<String>, Problem> {
    if emails.len() > MOST_EMAILS {
        return Err(Problem::field("/contactEmails", "give 100 addresses at most"));
    }
    if let Some(position) = emails.iter().position(|email| !is_address(email)) {
        return Err(Problem::field(&format!("/contactEmails/{position}"), "this isn't an e-mail address"));
    }
    let mut seen = std::collections::HashSet::new();
    Ok(emails.into_iter().filter(|email| seen.insert(email.to_lowercase())).collect())
}

/// Something on both sides of one `@`, without white space; whether it exists only a
/// letter to it can tell.
fn is_address(email: &str) -> bool {
    let mut parts = email.split('@');
    let filled = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    email.len() <= LONGEST_EMAIL
        && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        && filled(parts.next())
        && filled(parts.next())
        && parts.next().is_none()
}

fn emails() -> ArrayBuilder {
    let email = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(Some(LONGEST_EMAIL));
    ArrayBuilder::new().items(email).max_items(Some(MOST_EMAILS))
}

impl From<store::Entity> for Entity {
    fn from(entity: store::Entity) -> Self {
        Self {
            entity_id: entity.id.0,
            external_entity_id: entity.external_entity_id,
            is_default_org_entity: entity.is_default,
            name: entity.name,
            contact_emails: entity.contact_emails,
            metadata: entity.metadata,
            attendance: entity.attended.map(Attendance::from),
            created_at: entity.created_at,
            updated_at: entity.updated_at,
        }
    }
}
