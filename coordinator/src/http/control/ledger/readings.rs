//! `/control/v1/ledger/accounts/{accountId}`: the readings that are kept of an account, and
//! the anchor that the next one is held against.
//!
//! Not here: what was read; it may hold whatever the page showed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::AccountId;
use domain::observation::Source;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::body::Ids;
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// A reading of an account that is kept, without what was read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Observation {
    id: Uuid,
    /// The run that read it; null of a file that a person handed in.
    #[schema(required)]
    run_id: Option<Uuid>,
    /// The script's revision.
    #[schema(required)]
    revision: Option<String>,
    #[schema(schema_with = schema::word::<Source>)]
    source: Source,
    /// The bank's day.
    #[schema(schema_with = schema::date)]
    today: Date,
    /// How many transactions it has.
    rows: u64,
    #[schema(value_type = String, format = DateTime)]
    observed_at: Timestamp,
}

/// List the readings that are kept of an account, latest first.
#[utoipa::path(get, path = "/ledger/accounts/{accountId}/observations", operation_id = "listObservations",
    tag = "Ledger", security(("operator" = [])),
    params(("accountId" = Uuid, Path, description = "The account."), Paging),
    responses((status = 200, description = "A page of readings.", body = List<Observation>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    Ids([id]): Ids<1>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<Observation>>, Problem> {
    let page = listed.open::<Uuid>(&app, &format!("control/ledger/observations of {id}"), OPERATORS)?;
    let readings = app.fleet.store.readings(AccountId(id), page.page()).await?;
    Ok(Json(page.list(readings, |reading| reading.id, Observation::from)))
}

/// Forget the anchor of an account: the next reading that sees a balance sets another.
#[utoipa::path(delete, path = "/ledger/accounts/{accountId}/anchor", operation_id = "dropAnchor", tag = "Ledger",
    security(("operator" = [])), params(("accountId" = Uuid, Path, description = "The account.")),
    responses((status = 204, description = "There is none now.")))]
pub(in crate::http::control) async fn drop_anchor(
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<StatusCode, Problem> {
    app.fleet.store.drop_anchor(AccountId(id), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<store::KeptReading> for Observation {
    fn from(reading: store::KeptReading) -> Self {
        Self {
            id: reading.id,
            run_id: reading.run_id.map(|id| id.0),
            revision: reading.revision,
            source: reading.source,
            today: reading.today,
            rows: reading.rows,
            observed_at: reading.observed_at,
        }
    }
}
