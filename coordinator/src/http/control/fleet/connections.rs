//! `/control/v1/connections`: when a connection is synced next, and how far back it was read.
//!
//! Not here: whatever of a connection is its integrator's; that is under `/v1`.

use axum::Json;
use axum::extract::State;
use domain::history::Past;
use domain::id::ConnectionId;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::http::App;
use crate::http::body::{Ids, NoBody, NoQuery};
use crate::http::problem::Problem;
use crate::store::{NextSync, Refused};

/// When a connection is synced next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct ConnectionSchedule {
    id: Uuid,
    schedule: Schedule,
    /// When it is due, if it is planned.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_sync_at: Option<Timestamp>,
    past: ReadPast,
    /// The day from which on every list was read, where that isn't to its end.
    #[schema(required, value_type = Option<String>, format = Date)]
    read_since: Option<Date>,
}

/// How far back the connection's lists were read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum ReadPast {
    /// Nothing was read yet, or nobody kept how far.
    Unread,
    /// From a day on; backfills go further.
    Since,
    /// Every list to its end.
    Whole,
}

/// Whether a connection is synced by itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Schedule {
    /// It is.
    Planned,
    /// Not by itself: it isn't active, or its bank always asks for a code and nobody attends.
    OnDemand,
    /// A run is under way; the next is planned when it has ended.
    UnderWay,
    /// It will be planned in a moment, if it is active.
    Unplanned,
}

/// Show when a connection is synced next.
#[utoipa::path(get, path = "/connections/{connectionId}", operation_id = "showConnectionSchedule", tag = "Fleet",
    security(("operator" = [])), params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses((status = 200, description = "Its schedule.", body = ConnectionSchedule)))]
pub(in crate::http::control) async fn show(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
) -> Result<Json<ConnectionSchedule>, Problem> {
    schedule(&app, id).await.map(Json)
}

/// Make a connection due that is planned for later. Its run keeps its place among scheduled ones.
#[utoipa::path(post, path = "/connections/{connectionId}/due", operation_id = "makeConnectionDue", tag = "Fleet",
    security(("operator" = [])), params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "It is due; its schedule.", body = ConnectionSchedule),
        (status = 409, description = "`not_planned`: nothing is planned for it, or it isn't active."),
    ))]
pub(in crate::http::control) async fn due(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<ConnectionSchedule>, Problem> {
    let moved = app.fleet.store.bring_forward(ConnectionId(id), clock::now()).await;
    let shown = schedule(&app, id).await?;
    match moved {
        Ok(()) => Ok(Json(shown)),
        Err(Refused::NotFound) => Err(Problem::conflict(
            "not_planned",
            match shown.schedule {
                Schedule::Planned => "The connection isn't active any more.",
                Schedule::OnDemand => "The connection isn't synced by itself; its integrator starts its runs.",
                Schedule::UnderWay => "A run of it is under way; the next is planned when it has ended.",
                Schedule::Unplanned => "Nothing is planned for it yet; that takes a moment, if it is active.",
            },
        )),
        Err(refused) => Err(refused.into()),
    }
}

async fn schedule(app: &App, id: Uuid) -> Result<ConnectionSchedule, Problem> {
    let (next, past) = app.fleet.store.next_sync(ConnectionId(id)).await?;
    let (schedule, next_sync_at) = match next {
        NextSync::At(due) => (Schedule::Planned, Some(due)),
        NextSync::OnDemand => (Schedule::OnDemand, None),
        NextSync::UnderWay => (Schedule::UnderWay, None),
        NextSync::Unplanned => (Schedule::Unplanned, None),
    };
    let (past, read_since) = match past {
        Past::Unread => (ReadPast::Unread, None),
        Past::Since(since) => (ReadPast::Since, Some(since)),
        Past::Whole => (ReadPast::Whole, None),
    };
    Ok(ConnectionSchedule { id, schedule, next_sync_at, past, read_since })
}
