//! `/control/v1/audit`: who did what to what.
//!
//! Not here: writing it, or checking the chain; `coordinator audit verify` does that.

use axum::Json;
use axum::extract::State;
use domain::audit::{Action, ActorKind};
use domain::id::ConnectionId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{AuditFilter, HashedEntry};

/// Which entries are wanted.
#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// About this connection.
    connection_id: Option<Uuid>,
    /// By the user, token or key of this id.
    actor_id: Option<String>,
    #[param(schema_with = schema::word::<Action>, required = false)]
    action: Option<Action>,
    /// From this moment on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// Something that somebody did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEntry {
    /// Its place in the chain, from 1.
    position: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: AuditActor,
    #[schema(schema_with = schema::word::<Action>)]
    action: String,
    /// The tenant whose thing it was.
    #[schema(required)]
    tenant_id: Option<Uuid>,
    #[schema(required)]
    connection_id: Option<Uuid>,
    /// The id of what was acted on, where that isn't the connection.
    #[schema(required)]
    subject: Option<String>,
    /// More about it, as JSON in a text, since its bytes are hashed.
    #[schema(example = "{\"reason\":\"the bank asked us to wait\"}")]
    detail: String,
    previous_hash: String,
    /// SHA-256 of the canonical form, in hexadecimal.
    hash: String,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditActor {
    #[schema(schema_with = schema::word::<ActorKind>)]
    kind: String,
    /// Of the user, token or key.
    #[schema(required)]
    id: Option<String>,
    /// What it was called at that time.
    #[schema(required)]
    name: Option<String>,
}

/// List who did what, the latest first.
#[utoipa::path(get, path = "/audit", operation_id = "listAuditEntries", tag = "Audit", security(("operator" = [])),
    params(Filter, Paging),
    responses((status = 200, description = "A page of entries.", body = List<AuditEntry>)))]
pub(super) async fn list(State(app): State<App>, listed: Listed<Filter>) -> Result<Json<List<AuditEntry>>, Problem> {
    let page = listed.open::<i64>(&app, "control/audit", OPERATORS)?;
    let filter = AuditFilter {
        organizations: None,
        connection: listed.filter.connection_id.map(ConnectionId),
        actor: listed.filter.actor_id.clone(),
        action: listed.filter.action,
        since: listed.filter.since,
    };
    let entries = app.fleet.store.audit_entries(filter, page.after, page.to_read()).await?;
    Ok(Json(page.list(entries, |entry| entry.entry.position, AuditEntry::from)))
}

impl From<HashedEntry> for AuditEntry {
    fn from(HashedEntry { entry, hash }: HashedEntry) -> Self {
        Self {
            position: entry.position,
            at: entry.at,
            actor: AuditActor { kind: entry.actor.kind, id: entry.actor.id, name: entry.actor.name },
            action: entry.action,
            tenant_id: entry.organization_id,
            connection_id: entry.connection_id,
            subject: entry.subject,
            detail: entry.detail,
            previous_hash: entry.previous_hash,
            hash,
        }
    }
}
