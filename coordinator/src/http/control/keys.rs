//! `/control/v1/keys`.
//!
//! Not here: what a key is made of, and how one is checked (`fleet`).

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::environment::Environment;
use domain::id::OrganizationId;
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::clock;
use crate::fleet::{self, MadeKey, NewKey, Scope, USUAL_OVERLAP};
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::body::{Body, NoBody, OptionalBody};
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{ApiKey, KeyFilter, KeyPageRequest, KeyPosition, Refused};

/// An API key, without the secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    /// The part of the key between the environment and the secret.
    #[schema(example = "3f9c0a51d2b84e67")]
    id: String,
    organization_id: Uuid,
    /// What commands call the organization.
    #[schema(example = "acme")]
    organization: String,
    #[schema(schema_with = schema::word::<Environment>)]
    environment: Environment,
    /// What it is for, in its owner's words.
    name: String,
    #[schema(schema_with = scopes)]
    scopes: Vec<String>,
    /// The key that it took over from.
    #[schema(required)]
    replaces: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it stops working.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was ended.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// An API key, and the whole of it, this once.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyCreated {
    #[serde(flatten)]
    kept: Key,
    /// What the integrator sends as `Authorization: Bearer <key>`.
    key: String,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this organization.
    organization_id: Option<Uuid>,
    /// Of this environment.
    #[param(schema_with = schema::word::<Environment>, required = false)]
    environment: Option<Environment>,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey, example = json!({
    "organizationId": "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "environment": "live", "name": "acme-erp",
    "scopes": ["connections:read", "accounts:read", "transactions:read"],
}))]
pub(super) struct Create {
    organization_id: Uuid,
    #[schema(schema_with = schema::word::<Environment>)]
    environment: Environment,
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    #[schema(schema_with = scopes)]
    scopes: Vec<String>,
    /// When it stops working; never if not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// How a key is rotated.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rotate {
    /// For how many seconds the old key works on, a day unless given; never for longer
    /// than it would have.
    #[schema(minimum = 0, maximum = 31_536_000, default = 86_400)]
    overlap_seconds: Option<u32>,
}

/// When a key ends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expire {
    /// Has to be in the future.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// List keys, oldest first.
#[utoipa::path(get, path = "/keys", operation_id = "listKeys", tag = "Keys",
    security(("operator" = [])), params(Filter, Paging),
    responses((status = 200, description = "A page of keys.", body = List<Key>)))]
pub(super) async fn list(State(app): State<App>, listed: Listed<Filter>) -> Result<Json<List<Key>>, Problem> {
    let page = listed.open::<KeyPosition>(&app, "control/keys", OPERATORS)?;
    let filter = KeyFilter {
        organization_id: listed.filter.organization_id.map(OrganizationId),
        environment: listed.filter.environment,
    };
    let request = KeyPageRequest { after: page.after.clone(), limit: page.to_read() };
    let keys = app.fleet.store.keys(filter, request).await?;
    Ok(Json(page.list(keys, ApiKey::position, Key::from)))
}

/// Make a key; the whole of it is shown this once.
#[utoipa::path(post, path = "/keys", operation_id = "createKey", tag = "Keys",
    security(("operator" = [])), request_body = Create,
    responses(
        (status = 201, description = "The key.", body = KeyCreated),
        (status = 404, description = "`not_found`: there is no such organization."),
    ))]
pub(super) async fn create(
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<KeyCreated>), Problem> {
    if request.scopes.is_empty() {
        return Err(Problem::field("/scopes", "name one scope at least"));
    }
    let (store, organization) = (&*app.fleet.store, OrganizationId(request.organization_id));
    let new = NewKey {
        tenant_id: fleet::tenant(store, &app.fleet.vault, organization, request.environment).await?,
        environment: request.environment,
        name: request.name,
        scopes: Scope::parse_all(&request.scopes)?,
        expires_at: request.expires_at,
    };
    let made = new.create(store, &app.fleet.config.keys.prefix).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Read a key, without its secret.
#[utoipa::path(get, path = "/keys/{keyId}", operation_id = "getKey", tag = "Keys",
    security(("operator" = [])), params(("keyId" = String, Path, description = "The key.")),
    responses((status = 200, description = "The key.", body = Key)))]
pub(super) async fn show(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Key>, Problem> {
    let key = app.fleet.store.key(&key_id(id)?).await?.ok_or(Refused::NotFound)?;
    Ok(Json(key.into()))
}

/// Make a key that takes over from another; the whole of it is shown this once.
///
/// It is for the same organization and environment, with the same name and scopes, and
/// lasts as long as the old one was made for.
#[utoipa::path(post, path = "/keys/{keyId}/rotate", operation_id = "rotateKey", tag = "Keys",
    security(("operator" = [])), params(("keyId" = String, Path, description = "The old key.")),
    request_body = Option<Rotate>,
    responses(
        (status = 201, description = "The new key.", body = KeyCreated),
        (status = 409, description = "`key_ended`, or `key_replaced`: another took over from it already."),
    ))]
pub(super) async fn rotate(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    OptionalBody(request): OptionalBody<Rotate>,
) -> Result<(StatusCode, Json<KeyCreated>), Problem> {
    let overlap = request.overlap_seconds.map_or(USUAL_OVERLAP, |seconds| SignedDuration::from_secs(seconds.into()));
    let prefix = &app.fleet.config.keys.prefix;
    let made = fleet::rotate_key(&*app.fleet.store, prefix, &key_id(id)?, overlap).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Set when a key stops working.
#[utoipa::path(post, path = "/keys/{keyId}/expire", operation_id = "expireKey", tag = "Keys",
    security(("operator" = [])), params(("keyId" = String, Path, description = "The key.")), request_body = Expire,
    responses(
        (status = 200, description = "The key.", body = Key),
        (status = 409, description = "`key_ended`: it doesn't work any more."),
    ))]
pub(super) async fn expire(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    Body(request): Body<Expire>,
) -> Result<Json<Key>, Problem> {
    Ok(Json(fleet::expire_key(&*app.fleet.store, &key_id(id)?, request.at).await?.into()))
}

/// End a key; it stops working at once. A second time changes nothing.
#[utoipa::path(post, path = "/keys/{keyId}/revoke", operation_id = "revokeKey", tag = "Keys",
    security(("operator" = [])), params(("keyId" = String, Path, description = "The key.")),
    responses((status = 200, description = "The key.", body = Key)))]
pub(super) async fn revoke(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    _: NoBody,
) -> Result<Json<Key>, Problem> {
    Ok(Json(app.fleet.store.revoke_key(&key_id(id)?, clock::now()).await?.into()))
}

fn key_id(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    // U+0000 can't be asked for in PostgreSQL, and is in no id.
    let id = id.map(|Path(id)| id).ok().filter(|id| !id.contains('\0'));
    id.ok_or_else(Problem::not_found)
}

fn scopes() -> ArrayBuilder {
    let names = Scope::ALL.map(Scope::as_str);
    let scope = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    ArrayBuilder::new().items(scope).min_items(Some(1))
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            organization_id: key.organization_id.0,
            organization: key.organization_slug,
            environment: key.environment,
            name: key.name,
            scopes: key.scopes,
            replaces: key.replaces,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

impl From<MadeKey> for KeyCreated {
    fn from(MadeKey { kept, whole }: MadeKey) -> Self {
        Self { kept: kept.into(), key: Secret::expose(&whole).to_owned() }
    }
}
