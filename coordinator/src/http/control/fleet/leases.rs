//! `/control/v1/leases`: what is being worked on, and by whom.
//!
//! Not here: runs that wait (`queue`).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ms;
use crate::http::App;
use crate::http::body::NoQuery;
use crate::http::listing::List;
use crate::http::problem::Problem;
use crate::queue::{SeenLease, Waits};

/// So many are listed.
const LIMIT: u32 = 500;

/// A run that is leased.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Lease {
    run_id: Uuid,
    connection_id: Uuid,
    /// The tenant whose connection it is.
    tenant_id: Uuid,
    institution_id: String,
    agent_id: Uuid,
    state: LeaseState,
    /// Since when it is leased.
    since_ms_ago: u64,
    /// When it lapses unless it is renewed.
    lapses_in_ms: u64,
}

/// Whether a leased run is being worked on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum LeaseState {
    /// It is.
    Working,
    /// It waits for a person.
    Parked,
}

/// List leases, the one that lapses first first; 500 at most.
#[utoipa::path(get, path = "/leases", operation_id = "listLeases", tag = "Fleet", security(("operator" = [])),
    responses((status = 200, description = "The leases.", body = List<Lease>)))]
pub(in crate::http::control) async fn list(State(app): State<App>, _: NoQuery) -> Result<Json<List<Lease>>, Problem> {
    let leases = app.fleet.queue.leases(LIMIT).await?;
    Ok(Json(List::whole(leases.into_iter().map(Lease::from).collect())))
}

impl From<SeenLease> for Lease {
    fn from(lease: SeenLease) -> Self {
        Self {
            run_id: lease.run_id.0,
            connection_id: lease.connection_id.0,
            tenant_id: lease.organization_id.0,
            institution_id: lease.institution_id,
            agent_id: lease.agent_id.0,
            state: match lease.waits {
                Waits::ForNobody => LeaseState::Working,
                Waits::ForPerson => LeaseState::Parked,
            },
            since_ms_ago: ms(lease.since),
            lapses_in_ms: ms(lease.lapses_in),
        }
    }
}
