//! `/control/v1/agents`: who was heard of lately, and who gets no further lease.
//!
//! Not here: ending an agent; its own signals do that.

use axum::Json;
use axum::extract::State;
use domain::id::AgentId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ms;
use crate::http::App;
use crate::http::body::{Ids, NoBody, NoQuery};
use crate::http::listing::List;
use crate::http::problem::Problem;
use crate::queue::{DrainState, SeenAgent};

/// An agent that was heard of in the last minute.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Agent {
    /// Made by the agent when it started.
    id: Uuid,
    /// For people.
    name: String,
    /// Whether it asks for leases and gets them.
    state: AgentState,
    /// What it says of its seats; null of one that says nothing.
    #[schema(required)]
    seats: Option<Seats>,
    /// How long ago it was heard of.
    seen_ms_ago: u64,
}

/// Whether an agent gets leases.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum AgentState {
    /// It does.
    Ready,
    /// It ends when its runs have.
    Draining,
    /// An operator lets it have none.
    Drained,
}

/// How many runs an agent works on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Seats {
    /// How many it works on at once.
    total: u32,
    /// How many it works on now.
    busy: u32,
    /// How many wait for a person.
    parked: u32,
    /// With so many parked it asks for no further lease.
    parked_limit: u32,
}

/// List the agents that were heard of in the last minute.
#[utoipa::path(get, path = "/agents", operation_id = "listAgents", tag = "Fleet", security(("operator" = [])),
    responses((status = 200, description = "All of them, by id.", body = List<Agent>)))]
pub(in crate::http::control) async fn list(State(app): State<App>, _: NoQuery) -> Result<Json<List<Agent>>, Problem> {
    let mut agents = app.fleet.queue.agents().await?;
    agents.sort_by_key(|agent| agent.id.0);
    Ok(Json(List::whole(agents.into_iter().map(Agent::from).collect())))
}

/// Give an agent no further lease. What it works on goes on.
#[utoipa::path(post, path = "/agents/{agentId}/drain", operation_id = "drainAgent", tag = "Fleet",
    security(("operator" = [])), params(("agentId" = Uuid, Path, description = "The agent.")),
    responses((status = 200, description = "The agent.", body = Agent)))]
pub(in crate::http::control) async fn drain(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Agent>, Problem> {
    Ok(Json(app.fleet.drain_agent(AgentId(id)).await?.into()))
}

/// Give a drained agent leases again.
#[utoipa::path(post, path = "/agents/{agentId}/undrain", operation_id = "undrainAgent", tag = "Fleet",
    security(("operator" = [])), params(("agentId" = Uuid, Path, description = "The agent.")),
    responses((status = 200, description = "The agent.", body = Agent)))]
pub(in crate::http::control) async fn undrain(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<Agent>, Problem> {
    Ok(Json(app.fleet.undrain_agent(AgentId(id)).await?.into()))
}

impl From<SeenAgent> for Agent {
    fn from(agent: SeenAgent) -> Self {
        let says = agent.seats.map(|seats| seats.state);
        let state = match (agent.drain, says) {
            (DrainState::Drained, _) => AgentState::Drained,
            (DrainState::Undrained, Some(protocol::lease::AgentState::Draining)) => AgentState::Draining,
            (DrainState::Undrained, _) => AgentState::Ready,
        };
        let seats = agent.seats.map(|seats| Seats {
            total: seats.total,
            busy: seats.busy,
            parked: seats.parked,
            parked_limit: seats.parked_limit,
        });
        Self { id: agent.id.0, name: agent.name, state, seats, seen_ms_ago: ms(agent.seen) }
    }
}
