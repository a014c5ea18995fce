//! `/control/v1/ledger/references`.
//!
//! Not here: when references are trusted; `domain::ledger::references` says that.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::ledger::references::Trust;
use domain::observation::Source;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::InstitutionReferences;

/// How well an institution's references stay with their transactions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct References {
    #[schema(example = "harbour")]
    institution_id: String,
    #[schema(schema_with = schema::word::<Source>)]
    source: Source,
    /// How often a row that was shown again had its reference still.
    kept: u64,
    /// How often it had another.
    broken: u64,
    /// Whether they tell transactions apart.
    is_trusted: bool,
    /// When they were found broken; that stays until they are measured anew.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    demoted_at: Option<Timestamp>,
}

/// List what was measured of references, by institution and source.
#[utoipa::path(get, path = "/ledger/references", operation_id = "listReferences", tag = "Ledger",
    security(("operator" = [])), params(Paging),
    responses((status = 200, description = "A page of what was measured.", body = List<References>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<References>>, Problem> {
    let page = listed.open::<(String, String)>(&app, "control/ledger/references", OPERATORS)?;
    let position = |one: &InstitutionReferences| (one.institution_id.clone(), one.source.as_str().to_owned());
    let limit = usize::try_from(page.to_read()).unwrap_or(usize::MAX);
    let mut all = app.fleet.store.reference_records().await?;
    // A database may sort by other rules than a cursor is compared by.
    all.sort_by_key(position);
    let wanted = all.into_iter().filter(|one| page.after.as_ref().is_none_or(|after| position(one) > *after));
    Ok(Json(page.list(wanted.take(limit).collect(), position, References::from)))
}

/// Measure an institution's references anew, as if they had never been seen.
#[utoipa::path(delete, path = "/ledger/references/{institutionId}", operation_id = "forgetReferences",
    tag = "Ledger", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 204, description = "They are measured anew, and trusted once enough of them were kept.")))]
pub(in crate::http::control) async fn forget(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    // U+0000 can't be asked for in PostgreSQL, and is in no id.
    let id = id.map(|Path(id)| id).ok().filter(|id| !id.contains('\0')).ok_or_else(Problem::not_found)?;
    match app.fleet.store.forget_references(&id, clock::now()).await? {
        0 => Err(Problem::not_found()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

impl From<InstitutionReferences> for References {
    fn from(references: InstitutionReferences) -> Self {
        Self {
            institution_id: references.institution_id,
            source: references.source,
            kept: references.record.kept,
            broken: references.record.broken,
            is_trusted: references.record.trust() == Trust::Trusted,
            demoted_at: references.demoted_at,
        }
    }
}
