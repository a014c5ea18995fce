//! `/control/v1/pools`: what autoscalers are told.
//!
//! There is one pool, `default`. Not here: the rule (`domain::scale`).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::scale::agents::Standing;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ms;
use crate::fleet::{Measured, held};
use crate::http::App;
use crate::http::body::NoQuery;
use crate::http::problem::Problem;

/// The one pool.
const POOL: &str = "default";

/// How many agents a pool should have, and what that follows from.
#[derive(Serialize, ToSchema)]
#[schema(as = PoolScale)]
pub(in crate::http::control) struct Scale {
    pool: &'static str,
    /// How many agents there should be; it rises at once and falls late.
    desired_agents: u32,
    /// How many slots the runs take.
    slots: u64,
    /// Runs that could start but for the limits of their institutions.
    ready: u64,
    /// Of those, how many their institutions would let in.
    runnable: u64,
    /// Of those, how many wait for their institution and not for an agent.
    blocked_by_institution: u64,
    /// Runs that aren't due yet.
    delayed: u64,
    /// Runs that are leased and don't wait for a person.
    leased: u32,
    /// Runs that wait for a person.
    parked: u32,
    oldest_runnable_age_s: f64,
    /// For how long one in twenty runs waited longer, of late.
    dwell_p95_s: f64,
    /// How many runs became ready in a second, in the last minute.
    arrival_per_s: f64,
    /// How long a run takes at the median.
    service_s_p50: f64,
    slots_per_agent: u32,
    agents: Agents,
    /// Agents that hold nothing and may go, the one that should go first first.
    drainable: Vec<Uuid>,
    /// What is lost with each agent, for `controller.kubernetes.io/pod-deletion-cost`.
    deletion_cost: BTreeMap<String, i32>,
    /// Grows when Redis was lost.
    generation: u32,
    /// When all of this was so, in milliseconds since 1970.
    as_of_ms: i64,
}

/// How many agents were heard of in the last minute.
#[derive(Serialize, ToSchema)]
#[schema(as = PoolAgents)]
struct Agents {
    total: usize,
    /// Of those, how many take runs.
    ready: usize,
    /// Of those, how many finish what they hold.
    draining: usize,
}

/// Say how many agents a pool should have.
#[utoipa::path(get, path = "/pools/{pool}/scale", operation_id = "scalePool", tag = "Fleet",
    security(("operator" = [])), params(("pool" = String, Path, description = "The pool: `default`.")),
    responses((status = 200, description = "The number, and what it follows from.", body = Scale)))]
pub(in crate::http::control) async fn scale(
    State(app): State<App>,
    _: NoQuery,
    pool: Result<Path<String>, PathRejection>,
) -> Result<Json<Scale>, Problem> {
    match pool {
        Ok(Path(pool)) if pool == POOL => Ok(Json(app.fleet.measure().await?.into())),
        _ => Err(Problem::not_found()),
    }
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}

impl From<Measured> for Scale {
    fn from(measured: Measured) -> Self {
        let Measured { scale, demand, pool, agents, .. } = measured;
        let draining = agents.iter().filter(|agent| held(agent).standing == Standing::Draining).count();
        let arrivals: u32 = demand.backlogs.iter().map(|backlog| backlog.arrivals).sum();
        Self {
            pool: POOL,
            desired_agents: measured.desired,
            slots: scale.slots,
            ready: scale.ready,
            runnable: scale.runnable,
            blocked_by_institution: scale.blocked,
            delayed: measured.delayed,
            leased: demand.leased,
            parked: demand.parked,
            oldest_runnable_age_s: seconds(ms(measured.oldest)),
            dwell_p95_s: seconds(ms(measured.dwell_p95)),
            arrival_per_s: f64::from(arrivals) / demand.counted_over.as_secs_f64(),
            service_s_p50: demand.service.as_secs_f64(),
            slots_per_agent: pool.slots_per_agent,
            agents: Agents { total: agents.len(), ready: agents.len() - draining, draining },
            drainable: measured.drainable.iter().map(|id| id.0).collect(),
            deletion_cost: agents.iter().map(|agent| (agent.id.to_string(), held(agent).deletion_cost())).collect(),
            generation: measured.generation,
            as_of_ms: measured.at.as_millisecond(),
        }
    }
}
