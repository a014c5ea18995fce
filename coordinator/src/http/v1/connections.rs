//! `/v1/connections`: a connection is shown as `setup` until it was activated, as
//! `ready` after.
//!
//! Not here: the states and whose turn it is (`domain`); this only shows them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::connection::{ConnectionState, ConnectionStatus, Credentials, Portal, SetupFacts};
use domain::failure::Failure;
use domain::id::{ConnectionId, EntityId};
use domain::institution::CredentialName;
use domain::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::without_nulls;
use crate::fleet::{ConnectionRequest, Scope};
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, NoBody, Query};
use crate::http::cursor::Listing;
use crate::http::problem::Problem;
use crate::store::{Connection, ConnectionEventRecord, ConnectionFilter, CreatedOrReturned, Metadata, PageRequest};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    status: Option<ConnectionStatus>,
    institution_id: Option<String>,
    entity_id: Option<Uuid>,
    #[serde(skip_serializing)]
    cursor: Option<String>,
    #[serde(skip_serializing)]
    limit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    entity_id: Uuid,
    institution_id: Option<String>,
    portal_url: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GiveCredentials {
    bank_username: Option<Secret>,
    bank_customer_id: Option<Secret>,
    password: Option<Secret>,
}

/// The page of a list without filters.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Page {
    #[serde(skip_serializing)]
    pub(super) cursor: Option<String>,
    #[serde(skip_serializing)]
    pub(super) limit: Option<String>,
}

pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let listing = Listing::new(&app, "connections", owner, &filter, filter.limit.as_deref())?;
    let page = PageRequest { after: listing.position(filter.cursor.as_deref())?, limit: listing.to_read() };
    let wanted = ConnectionFilter {
        status: filter.status,
        institution_id: filter.institution_id,
        entity_id: filter.entity_id.map(EntityId),
    };
    let connections = app.fleet.store.connections(owner, wanted, page).await?;
    Ok(Json(listing.envelope(connections, |connection| connection.id.0, |connection| shown(&app, &connection))))
}

pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let request = ConnectionRequest {
        entity_id: EntityId(request.entity_id),
        institution_id: request.institution_id,
        portal_url: request.portal_url,
        metadata: request.metadata,
    };
    Ok(match app.fleet.create_or_return_connection(owner, request).await? {
        CreatedOrReturned::Created(connection) => (StatusCode::CREATED, Json(shown(&app, &connection))),
        CreatedOrReturned::Returned(connection) => (StatusCode::OK, Json(shown(&app, &connection))),
    })
}

pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    Ok(Json(shown(&app, &app.fleet.store.connection(owner, ConnectionId(id)).await?)))
}

pub(super) async fn give_credentials(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Body(request): Body<GiveCredentials>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let given = [
        (CredentialName::BankUsername, request.bank_username),
        (CredentialName::BankCustomerId, request.bank_customer_id),
        (CredentialName::Password, request.password),
    ];
    let given: BTreeMap<CredentialName, Secret> =
        given.into_iter().filter_map(|(name, secret)| Some((name, secret?))).collect();
    app.fleet.give_credentials(owner, ConnectionId(id), given).await?;
    Ok(Json(shown(&app, &app.fleet.store.connection(owner, ConnectionId(id)).await?)))
}

pub(super) async fn complete_setup(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    Ok(Json(shown(&app, &app.fleet.complete_setup(owner, ConnectionId(id)).await?)))
}

pub(super) async fn request_sync(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let connection = app.fleet.request_sync(owner, ConnectionId(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(shown(&app, &connection))))
}

pub(super) async fn revoke(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    Ok(Json(shown(&app, &app.fleet.revoke_connection(owner, ConnectionId(id)).await?)))
}

pub(super) async fn events(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let listing = Listing::new(&app, "connection events", owner, &id, page.limit.as_deref())?;
    let request = PageRequest { after: listing.position(page.cursor.as_deref())?, limit: listing.to_read() };
    let events = app.fleet.store.connection_events(owner, ConnectionId(id), request).await?;
    Ok(Json(listing.envelope(events, |event| event.id, shown_event)))
}

fn shown_event(event: ConnectionEventRecord) -> Value {
    without_nulls(json!({
        "id": event.id,
        "cause": event.cause,
        "actor": event.actor,
        "previousStatus": event.previous_status,
        "status": event.status,
        "failure": event.failure.as_ref().map(shown_failure),
        "runId": event.run_id,
        "createdAt": event.created_at,
    }))
}

/// A failure with its axes.
fn shown_failure(failure: &Failure) -> Value {
    let code = failure.code;
    without_nulls(json!({
        "code": code,
        "fault": code.fault(),
        "action": code.action(),
        "retry": code.retry(),
        "stage": failure.stage,
        "message": failure.message,
        "institutionMessage": failure.institution_message,
        "evidenceId": failure.evidence_id,
        "until": failure.until,
    }))
}

fn shown(app: &App, connection: &Connection) -> Value {
    let institution = connection.institution_id.as_deref().and_then(|id| app.fleet.catalog.institution(id));
    let mut shown = json!({
        "id": connection.id,
        "entityId": connection.entity_id,
        "institutionId": connection.institution_id,
        "status": connection.state.status(),
        "createdAt": connection.created_at,
        "updatedAt": connection.updated_at,
        "portalUrl": connection.portal_url,
        "institutionName": institution.map(|institution| &institution.name),
        "metadata": connection.metadata,
    });
    // A failure that passes by itself shows while the run waits for its next attempt.
    let waiting = connection.run.as_ref().and_then(|run| run.failure.as_ref());
    let failure = waiting.or(connection.state.failure()).or(connection.last_failure.as_ref());
    if connection.activated_at.is_some() {
        shown["kind"] = json!("ready");
        shown["syncStatus"] = json!(if connection.run.is_some() { "syncing" } else { "idle" });
        shown["lastSyncedAt"] = json!(connection.last_synced_at);
        shown["errorCode"] = json!(failure.map(|failure| failure.code));
        shown["errorMessage"] = json!(failure.map(|failure| &failure.message));
    } else {
        shown["kind"] = json!("setup");
        shown["setup"] = setup(app, connection, failure);
    }
    without_nulls(shown)
}

fn setup(app: &App, connection: &Connection, failure: Option<&Failure>) -> Value {
    let institution = connection.institution_id.as_deref();
    let is_known = institution.is_some_and(|id| app.fleet.catalog.script(id).is_some());
    let facts = SetupFacts {
        credentials: connection.credentials,
        challenge: connection.challenge,
        portal: if is_known { Portal::Known } else { Portal::Unknown },
    };
    let progress = connection.state.setup_progress(facts);
    let guide = institution.and_then(|id| app.fleet.catalog.institution(id)).and_then(|bank| bank.guide.as_ref());
    let instructions = &connection.instructions;
    let guide = guide.map(|guide| guide.filled(|field| instructions.value(field)));
    let provisioning = |value: &Option<String>| if value.is_some() { "provisioned" } else { "pending" };
    let next_attempt = connection.run.as_ref().filter(|run| run.failure.is_some()).map(|run| run.not_before);
    let is_pending = matches!(connection.state, ConnectionState::PendingActivation);
    without_nulls(json!({
        "status": progress.map(|progress| progress.status),
        "instructions": {
            "firstName": instructions.first_name,
            "lastName": instructions.last_name,
            "address": instructions.address,
            "email": instructions.email,
            "username": instructions.username,
            "phoneNumber": instructions.phone_number,
            "emailProvisioningStatus": provisioning(&instructions.email),
            "phoneNumberProvisioningStatus": provisioning(&instructions.phone_number),
            "guide": guide,
        },
        "credentialsPresent": connection.credentials != Credentials::Absent,
        "actionRequiredBy": progress.map(|progress| progress.action_required_by),
        "nextAction": progress.map(|progress| progress.next_action),
        "lastFailure": failure.map(shown_failure),
        "nextAttemptAt": next_attempt.filter(|_| is_pending),
    }))
}
