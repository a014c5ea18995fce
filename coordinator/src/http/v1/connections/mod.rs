//! `/v1/connections`.
//!
//! Not here: how a connection is shown (`shape`), or what the bank asks (`challenges`).

mod shape;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::connection::ConnectionStatus;
use domain::id::{ConnectionId, EntityId, OrganizationId};
use domain::institution::CredentialName;
use domain::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::{Components, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::shape::{Connection, ConnectionEvent};
use crate::fleet::{ConnectionRequest, Scope};
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, NoBody, present};
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{ConnectionFilter, CreatedOrReturned, Metadata};

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    #[param(schema_with = schema::word::<ConnectionStatus>, required = false)]
    status: Option<ConnectionStatus>,
    /// To this bank of the catalog.
    institution_id: Option<String>,
    /// Of this entity.
    entity_id: Option<Uuid>,
}

/// A connection to be made, or returned if it is there: an `institutionId`, a
/// `portalUrl`, or both.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewConnection, example = json!({
    "entityId": "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "institutionId": "harbour",
}))]
pub(super) struct Create {
    entity_id: Uuid,
    /// A bank of the catalog.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    institution_id: Option<String>,
    /// Where the portal is, https alone. An address of a bank that the catalog knows
    /// gives the same connection as its `institutionId`.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = schema::https_url, required = false)]
    portal_url: Option<String>,
    #[serde(default)]
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Metadata,
}

/// The delegated user's credentials: one or more; what isn't given stays. None is ever
/// shown again.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Credentials, min_properties = 1, example = json!({ "bankUsername": "bursar.4f2a9c1e", "password": "correct horse battery" }))]
pub(super) struct GiveCredentials {
    /// The delegated user's own sign-in name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 1024)]
    bank_username: Option<Secret>,
    /// The number or name of the bank's customer, where the portal asks for both.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 1024)]
    bank_customer_id: Option<Secret>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, format = Password, min_length = 1, max_length = 1024)]
    password: Option<Secret>,
    /// The secret of the delegated user's authenticator, as the bank shows it: base 32, or the `otpauth://totp/…` address
    /// of its picture. Challenges that ask for what the device shows are answered with it. The pattern is the usual form;
    /// small letters, blanks and the address are taken, too.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, format = Password, pattern = "^[A-Z2-7]{32}$")]
    totp_secret: Option<Secret>,
}

/// Says of `NewConnection` what can't be said at its fields: which bank is meant has to be
/// told in one way or the other.
pub(super) fn refine(components: &mut Components) {
    if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut("NewConnection") {
        let ways = json!([{ "required": ["institutionId"] }, { "required": ["portalUrl"] }]);
        schema.extensions = Some(Extensions::from_iter([("anyOf", ways)]));
    }
}

/// List connections, oldest first.
#[utoipa::path(get, path = "/connections", operation_id = "listConnections", tag = "Connections",
    security(("key" = ["connections:read"])), params(Filter, Paging),
    responses((status = 200, description = "A page of connections.", body = List<Connection>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Connection>>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, "connections", owner)?;
    let wanted = ConnectionFilter {
        status: listed.filter.status,
        institution_id: listed.filter.institution_id.clone(),
        entity_id: listed.filter.entity_id.map(EntityId),
    };
    let connections = app.fleet.store.connections(owner, wanted, page.page()).await?;
    let show = |connection| Connection::of(&app.fleet.catalog(), connection);
    Ok(Json(page.list(connections, |connection| connection.id.0, show)))
}

/// Make a connection, or return the one with the same entity and portal.
///
/// The answer tells the customer how to create the delegated user, what is next, and
/// whose turn it is.
#[utoipa::path(post, path = "/connections", operation_id = "createConnection", tag = "Connections",
    security(("key" = ["connections:write"])), request_body = Create,
    responses(
        (status = 200, description = "The connection that was there.", body = Connection),
        (status = 201, description = "The new connection.", body = Connection),
        (status = 404, description = "`not_found`: there is no such entity, or it isn't yours."),
    ))]
pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Connection>), Problem> {
    let caller = integrator.with(Scope::ConnectionsWrite)?;
    let request = ConnectionRequest {
        entity_id: EntityId(request.entity_id),
        institution_id: request.institution_id,
        portal_url: request.portal_url,
        metadata: request.metadata,
    };
    let (status, connection) = match app.fleet.create_or_return_connection(&caller, request).await? {
        CreatedOrReturned::Created(connection) => (StatusCode::CREATED, connection),
        CreatedOrReturned::Returned(connection) => (StatusCode::OK, connection),
    };
    Ok((status, Json(Connection::of(&app.fleet.catalog(), connection))))
}

/// Read a connection.
#[utoipa::path(get, path = "/connections/{connectionId}", operation_id = "getConnection", tag = "Connections",
    security(("key" = ["connections:read"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses((status = 200, description = "The connection.", body = Connection)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Connection>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    shown(&app, owner, ConnectionId(id)).await
}

/// Give the delegated user's credentials.
///
/// Also the way to repair a connection that is `reauthRequired`: its ids stay, and a
/// run tries the new credentials at once.
#[utoipa::path(put, path = "/connections/{connectionId}/credentials", operation_id = "setCredentials",
    tag = "Connections", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")), request_body = GiveCredentials,
    responses(
        (status = 200, description = "The connection as it is now.", body = Connection),
        (status = 409, description = "`illegal_state`: not while it is activated, nor once it is revoked. \
            `budget_spent`: the bank refused these very credentials. `changed`: somebody else gave some just now."),
    ))]
pub(super) async fn give_credentials(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Body(request): Body<GiveCredentials>,
) -> Result<Json<Connection>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let given = [
        (CredentialName::BankUsername, request.bank_username),
        (CredentialName::BankCustomerId, request.bank_customer_id),
        (CredentialName::Password, request.password),
    ];
    let given: BTreeMap<CredentialName, Secret> =
        given.into_iter().filter_map(|(name, secret)| Some((name, secret?))).collect();
    app.fleet.give_credentials(owner, ConnectionId(id), given, request.totp_secret).await?;
    shown(&app, owner, ConnectionId(id)).await
}

/// Say that the delegated user is ready: the first sign-in is queued.
#[utoipa::path(put, path = "/connections/{connectionId}/setupCompletion", operation_id = "completeSetup",
    tag = "Connections", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "The connection, `pendingActivation`.", body = Connection),
        (status = 409, description = "`illegal_state`: it isn't a `draft`. `credentials_missing`: none were given. \
            `budget_spent`: the bank refused these. `script_missing`: nobody has described the portal yet."),
    ))]
pub(super) async fn complete_setup(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Connection>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let connection = app.fleet.complete_setup(owner, ConnectionId(id)).await?;
    Ok(Json(Connection::of(&app.fleet.catalog(), connection)))
}

/// Read accounts and transactions now.
#[utoipa::path(put, path = "/connections/{connectionId}/sync", operation_id = "syncConnection", tag = "Connections",
    security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 202, description = "It is queued.", body = Connection),
        (status = 409, description = "`run_under_way`: one is under way. `illegal_state`: it is neither `active` nor `errored`."),
    ))]
pub(super) async fn request_sync(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<(StatusCode, Json<Connection>), Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let connection = app.fleet.request_sync(owner, ConnectionId(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(Connection::of(&app.fleet.catalog(), connection))))
}

/// Switch a connection off, with the run that is under way; credentials are kept.
#[utoipa::path(post, path = "/connections/{connectionId}/pause", operation_id = "pauseConnection", tag = "Connections",
    security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "The connection, `paused`.", body = Connection),
        (status = 409, description = "`illegal_state`: it can't be paused from where it stands."),
    ))]
pub(super) async fn pause(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Connection>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let connection = app.fleet.pause_connection(owner, ConnectionId(id)).await?;
    Ok(Json(Connection::of(&app.fleet.catalog(), connection)))
}

/// Switch a paused connection on again; a sync is queued.
#[utoipa::path(post, path = "/connections/{connectionId}/resume", operation_id = "resumeConnection",
    tag = "Connections", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "The connection, `active`.", body = Connection),
        (status = 409, description = "`illegal_state`: it isn't `paused`."),
    ))]
pub(super) async fn resume(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Connection>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let connection = app.fleet.resume_connection(owner, ConnectionId(id)).await?;
    Ok(Json(Connection::of(&app.fleet.catalog(), connection)))
}

/// End a connection for good; its credentials are forgotten, its records stay.
#[utoipa::path(post, path = "/connections/{connectionId}/revoke", operation_id = "revokeConnection",
    tag = "Connections", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "The connection, `revoked`.", body = Connection),
        (status = 409, description = "`illegal_state`: it is revoked already."),
    ))]
pub(super) async fn revoke(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Connection>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let connection = app.fleet.revoke_connection(owner, ConnectionId(id)).await?;
    Ok(Json(Connection::of(&app.fleet.catalog(), connection)))
}

/// List what happened to a connection, oldest first, with cause and actor.
#[utoipa::path(get, path = "/connections/{connectionId}/events", operation_id = "listConnectionEvents",
    tag = "Connections", security(("key" = ["connections:read"])),
    params(("connectionId" = Uuid, Path, description = "The connection."), Paging),
    responses((status = 200, description = "A page of events.", body = List<ConnectionEvent>)))]
pub(super) async fn events(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<ConnectionEvent>>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, &format!("events of {id}"), owner)?;
    let events = app.fleet.store.connection_events(owner, ConnectionId(id), page.page()).await?;
    Ok(Json(page.list(events, |event| event.id, ConnectionEvent::from)))
}

async fn shown(app: &App, owner: OrganizationId, id: ConnectionId) -> Result<Json<Connection>, Problem> {
    let connection = app.fleet.store.connection(owner, id).await?;
    Ok(Json(Connection::of(&app.fleet.catalog(), connection)))
}
