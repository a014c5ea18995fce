//! A connection moves from one state to the next: the domain decides, and the row,
//! the connection's event and the outbox change together.
//!
//! Not here: which transition is legal; `domain::connection` says that.

use domain::audit::ActorKind;
use domain::connection::{Actor, ConnectionEvent, ConnectionState};
use domain::failure::{Explained, Failure};
use domain::id::{ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Tx, failed, from_json, pools, to_json, to_ms, webhooks};
use crate::store::{Refused, StoreError, actor};
use domain::event::EventType;

/// Something to be written into a connection's history.
pub(super) struct Happening<'a> {
    pub(super) connection_id: ConnectionId,
    pub(super) cause: &'a str,
    pub(super) actor: Actor,
    pub(super) run_id: Option<RunId>,
}

/// Whose doing it is that somebody wanted: the integrator's, or that of whoever runs Bursar. The audit
/// trail says who it was.
pub(super) fn on_demand() -> Actor {
    match actor().kind {
        ActorKind::ConsoleUser | ActorKind::ControlToken | ActorKind::SettingsToken | ActorKind::CommandLine => {
            Actor::Platform
        }
        ActorKind::SetupLink => Actor::EndUser,
        ActorKind::ApiKey | ActorKind::System => Actor::Integrator,
    }
}

/// Takes the connection's row for this transaction and reads its state.
pub(super) async fn take(
    tx: &mut Tx,
    organization: OrganizationId,
    connection: ConnectionId,
) -> Result<ConnectionState, Refused> {
    let state = sqlx::query_scalar::<_, String>(
        "UPDATE connections SET updated_at = updated_at WHERE organization_id = $1 AND id = $2 RETURNING state",
    )
    .bind(organization.0)
    .bind(connection.0)
    .fetch_optional(&mut **tx)
    .await;
    let state = super::found(state, "take a connection")?;
    Ok(from_json(&state, "connection's state")?)
}

/// Applies `event` to a connection whose row was taken; returns the new state.
pub(super) async fn apply(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &ConnectionState,
    event: ConnectionEvent,
    happening: Happening<'_>,
    now: Timestamp,
) -> Result<ConnectionState, Refused> {
    let failure = match &event {
        ConnectionEvent::RunFailed(failure) => Some(failure.clone()),
        _ => None,
    };
    let after = before.on(event)?;
    sqlx::query("UPDATE connections SET state = $2, status = $3, updated_at = $4 WHERE id = $1")
        .bind(happening.connection_id.0)
        .bind(to_json(&after, "connection's state")?)
        .bind(after.status().as_str())
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("change a connection"))?;
    if matches!((before, &after), (ConnectionState::PendingActivation, ConnectionState::Active)) {
        sqlx::query("UPDATE connections SET activated_at = COALESCE(activated_at, $2) WHERE id = $1")
            .bind(happening.connection_id.0)
            .bind(to_ms(now))
            .execute(&mut **tx)
            .await
            .map_err(failed("mark a connection as activated"))?;
    }
    let connection_id = happening.connection_id;
    if matches!(after, ConnectionState::Revoked { .. }) {
        pools::release(tx, connection_id, now).await?;
    }
    note(tx, Some(before), &after, failure.as_ref(), happening, now).await?;
    if before.status() != after.status() {
        let data = json!({
            "connectionId": connection_id,
            "previousStatus": before.status(),
            "status": after.status(),
            "errorCode": failure.as_ref().map(|failure| failure.code),
            "errorMessage": failure.as_ref().map(|failure| &failure.message),
            "failure": failure.as_ref().map(Explained::of),
        });
        webhooks::emit(tx, organization, EventType::ConnectionStatusChanged, data, now).await?;
    }
    Ok(after)
}

/// Writes into a connection's history.
pub(super) async fn note(
    tx: &mut Tx,
    before: Option<&ConnectionState>,
    after: &ConnectionState,
    failure: Option<&Failure>,
    happening: Happening<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO connection_events (id, connection_id, cause, actor, previous_status, status, failure, run_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(Uuid::now_v7())
    .bind(happening.connection_id.0)
    .bind(happening.cause.to_owned())
    .bind(happening.actor.as_str())
    .bind(before.map(|state| state.status().as_str()))
    .bind(after.status().as_str())
    .bind(failure.map(|failure| to_json(failure, "failure")).transpose()?)
    .bind(happening.run_id.map(|run| run.0))
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("write a connection's history"))
}
