//! `/control/v1/queue`: what waits, by institution and by flow, and whether the queue is in
//! order.
//!
//! Not here: what is being worked on (`leases`).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ms;
use crate::http::App;
use crate::http::body::NoQuery;
use crate::http::problem::Problem;
use crate::queue::{InstitutionDepth, SeenFlow};

/// So many flows are listed.
const LIMIT: u32 = 500;

/// What stands in the queue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct QueueDepth {
    /// Runs that could start but for the limits of their institutions.
    ready: u64,
    /// Of those, how many could start now.
    runnable: u64,
    /// Runs that aren't due yet.
    delayed: u64,
    /// Runs that are leased, parked ones among them.
    leased: u64,
    /// Runs that wait for a person.
    parked: u64,
    /// Since when the oldest ready run waits.
    oldest_ready_ms: u64,
    institutions: Vec<QueueOfInstitution>,
    /// Organizations with ready runs, by institution and by whose turn is next; 500 at most.
    flows: Vec<Flow>,
}

/// What stands in the queue of one institution.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueueOfInstitution {
    institution_id: String,
    ready: u64,
    runnable: u64,
    leased: u64,
    /// How many may be leased at once.
    cap: u64,
    /// For how long nothing starts there, by its pace, a pause or its breaker.
    closed_for_ms: u64,
    oldest_ready_ms: u64,
}

/// An organization at an institution.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Flow {
    institution_id: String,
    /// The tenant whose runs they are.
    tenant_id: Uuid,
    ready: u64,
    oldest_ready_ms: u64,
}

/// Whether the queue is in order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct QueueAudit {
    /// What is wrong, a sentence each; empty in order.
    wrong: Vec<String>,
}

/// Show what stands in the queue.
#[utoipa::path(get, path = "/queue", operation_id = "showQueue", tag = "Fleet", security(("operator" = [])),
    responses((status = 200, description = "The queue.", body = QueueDepth)))]
pub(in crate::http::control) async fn show(State(app): State<App>, _: NoQuery) -> Result<Json<QueueDepth>, Problem> {
    let depth = app.fleet.queue.depth().await?;
    let flows = app.fleet.queue.flows(LIMIT).await?;
    Ok(Json(QueueDepth {
        ready: depth.institutions.iter().map(|institution| institution.ready).sum(),
        runnable: depth.institutions.iter().map(InstitutionDepth::runnable).sum(),
        delayed: depth.delayed,
        leased: depth.leased,
        parked: depth.parked,
        oldest_ready_ms: depth.institutions.iter().map(|institution| ms(institution.oldest)).max().unwrap_or(0),
        institutions: depth.institutions.into_iter().map(QueueOfInstitution::from).collect(),
        flows: flows.into_iter().map(Flow::from).collect(),
    }))
}

/// Look through the whole queue for what isn't in order. It holds up a long queue.
#[utoipa::path(get, path = "/queue/audit", operation_id = "auditQueue", tag = "Fleet", security(("operator" = [])),
    responses((status = 200, description = "What is wrong.", body = QueueAudit)))]
pub(in crate::http::control) async fn audit(State(app): State<App>, _: NoQuery) -> Result<Json<QueueAudit>, Problem> {
    Ok(Json(QueueAudit { wrong: app.fleet.queue.audit().await? }))
}

impl From<InstitutionDepth> for QueueOfInstitution {
    fn from(depth: InstitutionDepth) -> Self {
        Self {
            runnable: depth.runnable(),
            institution_id: depth.institution_id,
            ready: depth.ready,
            leased: depth.started,
            cap: depth.cap,
            closed_for_ms: ms(depth.closed_for),
            oldest_ready_ms: ms(depth.oldest),
        }
    }
}

impl From<SeenFlow> for Flow {
    fn from(flow: SeenFlow) -> Self {
        Self {
            institution_id: flow.institution_id,
            tenant_id: flow.organization_id.0,
            ready: flow.ready,
            oldest_ready_ms: ms(flow.oldest),
        }
    }
}
