//! `/console/agents`: who was heard of lately, and who gets no further lease.
//!
//! Not here: ending an agent; its own signals do that.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::AgentId;
use domain::role::Role;
use maud::html;
use protocol::lease::AgentState;

use super::{Asked, back_to, id};
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{Tone, act_on, badge, for_long, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::queue::{DrainState, SeenAgent, Waits};

/// How many leases are shown.
const LEASES: u32 = 100;

/// The agents that were heard of in the last minute, and what they work on.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let mut agents = console.fleet.queue.agents().await?;
    agents.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    let leases = console.fleet.queue.leases(LEASES).await?;
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "drain" => Some("It gets no further lease; what it works on goes on."),
        "undrain" => Some("It gets leases again."),
        _ => None,
    });
    let rows = html! {
        @for agent in &agents {
            @let (tone, word) = state(agent);
            tr {
                th scope="row" { (agent.name) " " (short(agent.id)) }
                td { (badge(tone, word)) }
                td.number { @match agent.seats { Some(seats) => { (seats.busy) " of " (seats.total) }, None => "–" } }
                td.number { @match agent.seats { Some(seats) => { (seats.parked) " of " (seats.parked_limit) }, None => "–" } }
                td { (for_long(agent.seen)) " ago" }
                td {
                    @let path = format!("/console/agents/{}", agent.id);
                    @if visitor.may(Role::Operator) && agent.drain == DrainState::Undrained {
                        (act_on(&visitor, &format!("{path}/drain"), "Drain", &agent.name))
                    } @else if visitor.may(Role::Operator) {
                        (act_on(&visitor, &format!("{path}/undrain"), "Undrain", &agent.name))
                    }
                }
            }
        }
    };
    let held = html! {
        @for lease in &leases {
            tr {
                th scope="row" { a href=(format!("/console/runs/{}", lease.run_id)) { (short(lease.run_id)) } }
                td { (lease.institution_id) }
                td { a href=(format!("/console/connections/{}", lease.connection_id)) { (short(lease.connection_id)) } }
                td { (short(lease.agent_id)) }
                td { @if lease.waits == Waits::ForPerson { (badge(Tone::Waiting, "waits for a person")) } @else { "works" } }
                td { (for_long(lease.since)) }
            }
        }
    };
    let body = html! {
        section id="agents" data-live="agent tick" aria-labelledby="heard" {
            h2 id="heard" { "Heard of in the last minute" }
            @if agents.is_empty() {
                (nothing("No agent is heard of.", "Start one with `agent work`, or the coordinator with --agents auto."))
            } @else {
                (table("Agents", &["Agent", "State", "#Slots", "#Waiting for people", "Heard of", "Acts"], &rows))
            }
        }
        section id="leases" data-live="run tick" aria-labelledby="worked" {
            h2 id="worked" { "Being worked on" }
            @if leases.is_empty() {
                (nothing("Nothing is being worked on.", "A run comes up here as soon as an agent has it."))
            } @else {
                (table("Leases, the one that lapses first first", &["Run", "Institution", "Connection", "Agent", "State",
                    "Since"], &held))
            }
        }
    };
    Ok(Page { visitor: &visitor, section: Section::Agents, title: "Agents", said, body }.into_response())
}

fn state(agent: &SeenAgent) -> (Tone, &'static str) {
    match (agent.drain, agent.seats.map(|seats| seats.state)) {
        (DrainState::Drained, _) => (Tone::Quiet, "Drained"),
        (DrainState::Undrained, Some(AgentState::Draining)) => (Tone::Waiting, "Ending"),
        (DrainState::Undrained, _) => (Tone::Good, "Ready"),
    }
}

/// Gives an agent no further lease.
pub(in crate::console) async fn drain(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(agent): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    console.fleet.drain_agent(AgentId(id(&agent)?)).await?;
    Ok(back_to(Section::Agents.path(), "drain").into_response())
}

/// Gives a drained agent leases again.
pub(in crate::console) async fn undrain(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(agent): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    console.fleet.undrain_agent(AgentId(id(&agent)?)).await?;
    Ok(back_to(Section::Agents.path(), "undrain").into_response())
}
