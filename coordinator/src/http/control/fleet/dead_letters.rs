//! `/control/v1/dead-letters`: runs on which agent after agent went silent.
//!
//! Not here: when a run is one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::RunId;
use domain::run::RunKind;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::body::{Ids, NoBody, NoQuery};
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// A run that was set aside.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct DeadLetter {
    run_id: Uuid,
    connection_id: Uuid,
    /// The tenant whose connection it is.
    tenant_id: Uuid,
    institution_id: String,
    #[schema(schema_with = schema::word::<RunKind>)]
    kind: RunKind,
    /// How many agents went silent on it.
    crashes: u32,
    /// How many leases of it lapsed that nobody ever renewed.
    lapses: u32,
    /// The code that it was ended with.
    #[schema(required, schema_with = schema::failure_code)]
    failure: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    dead_at: Timestamp,
}

/// A run that goes on in place of one that was set aside.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Revived {
    run_id: Uuid,
}

/// List runs that were set aside, in the order in which they were made.
#[utoipa::path(get, path = "/dead-letters", operation_id = "listDeadLetters", tag = "Fleet",
    security(("operator" = [])), params(Paging),
    responses((status = 200, description = "A page of them.", body = List<DeadLetter>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<DeadLetter>>, Problem> {
    let page = listed.open::<Uuid>(&app, "control/dead-letters", OPERATORS)?;
    let letters = app.fleet.store.dead_letters(&store::Reach::All, page.page()).await?;
    Ok(Json(page.list(letters, |letter| letter.run_id.0, DeadLetter::from)))
}

/// Let a run's connection go on, by a run of its own.
#[utoipa::path(post, path = "/dead-letters/{runId}/revive", operation_id = "reviveDeadLetter", tag = "Fleet",
    security(("operator" = [])), params(("runId" = Uuid, Path, description = "The run that was set aside.")),
    responses(
        (status = 202, description = "The run in its place.", body = Revived),
        (status = 409, description = "`illegal_state` or `run_under_way`: the connection can't have a run now."),
    ))]
pub(in crate::http::control) async fn revive(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<(StatusCode, Json<Revived>), Problem> {
    let run = app.fleet.revive(RunId(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(Revived { run_id: run.0 })))
}

impl From<store::DeadLetter> for DeadLetter {
    fn from(letter: store::DeadLetter) -> Self {
        Self {
            run_id: letter.run_id.0,
            connection_id: letter.connection_id.0,
            tenant_id: letter.organization_id.0,
            institution_id: letter.institution_id,
            kind: letter.kind,
            crashes: letter.crashes,
            lapses: letter.lapses,
            failure: letter.failure.map(|failure| failure.code.as_str().to_owned()),
            dead_at: letter.dead_at,
        }
    }
}
