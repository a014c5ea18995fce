//! `/console/institutions`: how banks fare, and what operators do about it.
//!
//! Not here: what a breaker does (`domain::breaker`).

use std::collections::BTreeMap;

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::breaker::Breaker;
use domain::institution::Institution;
use domain::repair::TicketState;
use domain::role::Role;
use jiff::Span;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::overview::{DAY, hours_back, outcomes};
use super::{Asked, back_to, drift, rollout};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, Visitor};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{Tone, act_on, badge, for_long, moment_of, nothing, table};
use crate::console::refusal::Refusal;
use crate::queue::InstitutionDepth;
use crate::store::{InstitutionState, TicketFilter, WaySum};

/// How many days of ways are counted together.
const DAYS: i64 = 7;

/// How many open repair tickets are shown.
const TICKETS: u32 = 50;

/// The longest reason of a pause, in characters.
const LONGEST_REASON: usize = 500;

/// Every institution of the catalog.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let (now, catalog) = (clock::now(), console.fleet.catalog());
    let states = console.fleet.store.institution_states().await?;
    let (depths, rollouts) = (depths(&console, &visitor).await?, console.fleet.store.rollouts().await?);
    let rows = html! {
        @for known in catalog.institutions() {
            @let state = states.iter().find(|state| state.institution_id == known.id);
            @let depth = depths.get(&known.id);
            @let rollout = rollouts.iter().find(|kept| kept.institution_id == known.id);
            tr {
                th scope="row" { a href=(path(&known.id)) { (known.name) } @if known.simulated { " " span.quiet { "simulated" } } }
                td { (health(state)) }
                td { @match catalog.script(&known.id) {
                    Some(script) => { code { (short_revision(&script.revision)) } @if visitor.sees_all() { (rollout::stage(rollout)) } }
                    None => (badge(Tone::Bad, "no script")),
                } }
                @if visitor.sees_all() {
                    td.number { (depth.map_or(0, |depth| depth.ready)) }
                    td.number { (depth.map_or(0, |depth| depth.started)) " of " (known.limits.at_once()) }
                    td { @match depth.filter(|depth| depth.ready > 0) { Some(depth) => (for_long(depth.oldest)), None => "–" } }
                }
                td { (state.and_then(|state| state.pause.as_ref()).map_or_else(|| html! { "–" }, |pause| moment_of(now, pause.at))) }
            }
        }
    };
    let head: &[&str] = if visitor.sees_all() {
        &["Institution", "Health", "Script", "#Ready runs", "#Leases", "Oldest waits", "Paused"]
    } else {
        &["Institution", "Health", "Script", "Paused"]
    };
    let body = html! {
        section id="institutions" data-live="institution tick" { (table("Institutions of the catalog", head, &rows)) }
    };
    let title = "Institutions";
    Ok(Page { visitor: &visitor, section: Section::Institutions, title, said: None, body }.into_response())
}

/// One institution: its state and its limits. What is counted over all tenants, and why operators paused it, is
/// for those who see all of them.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (now, catalog) = (clock::now(), console.fleet.catalog());
    let known = catalog.institution(&id).ok_or_else(Refusal::not_found)?;
    let states = console.fleet.store.institution_states().await?;
    let state = states.iter().find(|state| state.institution_id == id);
    let today = now.to_zoned(TimeZone::UTC).date();
    let ways = console.fleet.store.ways(Some(&id), today.saturating_sub(Span::new().days(DAYS - 1))).await?;
    let lost: Vec<_> = ways.into_iter().filter(|way| way.missing + way.disagreed > 0).collect();
    let script = catalog.script(&id);
    let rollouts = console.fleet.store.rollouts().await?;
    let rollout = rollouts.iter().find(|kept| kept.institution_id == id).filter(|_| visitor.sees_all());
    let revisions = match rollout {
        Some(_) => console.fleet.store.revisions(&id).await?,
        None => Vec::new(),
    };
    let (pages, tickets) = match visitor.sees_all() {
        true => {
            let open = TicketFilter { institution: Some(&id), state: Some(TicketState::Open) };
            (console.fleet.drifting_pages(&id).await?, console.fleet.store.repair_tickets(open, TICKETS).await?)
        }
        false => (Vec::new(), Vec::new()),
    };
    let mut ended = console.fleet.store.outcomes(hours_back(now, DAY)).await?;
    ended.retain(|count| count.institution_id == id);
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "pause" => Some("No run starts there until it is resumed."),
        "resume" => Some("Runs start there again."),
        "reset" => Some("The breaker is closed."),
        "promote" => Some("The revision is current."),
        "rollback" => Some("The revision was taken back."),
        "halt" => Some("No connection works by the candidate any more."),
        "canary" => Some("A tenth of the connections works by the candidate."),
        _ => None,
    });
    let body = html! {
        div id="institution" data-live="institution tick" {
            p.lead { (health(state)) }
            dl.facts {
                div { dt { "Portal" } dd { (known.default_portal_url.host_str().unwrap_or("–")) } }
                div { dt { "Script" } dd {
                    @match script {
                        Some(script) => { "revision " code { (script.revision) } },
                        None => (badge(Tone::Bad, "nobody has written one")),
                    }
                } }
                div { dt { "At once" } dd { (known.limits.at_once()) " leases" } }
                div { dt { "Pace" } dd { (known.limits.starts_per_minute()) " starts a minute" } }
                @if let Some(Breaker::Open { until, times }) = state.map(|state| state.breaker) {
                    div { dt { "Left alone" } dd {
                        (moment_of(now, until)) @if visitor.sees_all() { " for the " (times) ". time in a row" }
                    } }
                }
                @if let Some(pause) = state.and_then(|state| state.pause.as_ref()) {
                    div { dt { "Paused" } dd { (moment_of(now, pause.at)) } }
                    // It is for other operators, and may name a customer.
                    @if visitor.sees_all() {
                        div { dt { "Reason" } dd { (pause.reason.as_deref().unwrap_or("none was given")) } }
                    }
                }
            }
            @if visitor.may(Role::Operator) && visitor.sees_all() { (acts(&visitor, known, state)) }
        }
        @if let Some(rollout) = rollout { (rollout::section(&visitor, rollout, &revisions, now)) }
        @if visitor.sees_all() {
            (drift::section(&pages, &tickets, now))
            p { a href=(format!("/console/repair-tickets?institution={id}")) { "All repair tickets of this institution" } }
            section id="outcomes" data-live="tick" aria-labelledby="ended" {
                h2 id="ended" { "How runs ended in the last 24 hours" }
                (outcomes(&console, &ended, now, DAY))
            }
            section aria-labelledby="ways" {
                h2 id="ways" { "Ways that were lost in the last seven days" }
                @if lost.is_empty() {
                    (nothing("Every way was found.", "Where a script finds something in several ways, one that is lost shows here \
                        before the others are."))
                } @else {
                    (table("Ways that found nothing, or something else", &["Target", "Way", "#Found", "#Missing", "#Other", "Revision"],
                        &lost_ways(&lost, script.map(|script| script.revision.as_str()))))
                }
            }
        }
    };
    Ok(Page { visitor: &visitor, section: Section::Institutions, title: &known.name, said, body }.into_response())
}

fn acts(visitor: &Visitor, known: &Institution, state: Option<&InstitutionState>) -> Markup {
    let path = path(&known.id);
    let is_paused = state.is_some_and(|state| state.pause.is_some());
    let is_closed = state.is_none_or(|state| matches!(state.breaker, Breaker::Closed { .. }));
    html! {
        div.acts {
            @if is_paused { (act_on(visitor, &format!("{path}/resume"), "Resume", &known.name)) }
            @if !is_paused {
                form.act method="post" action=(format!("{path}/pause")) {
                    (token(visitor))
                    label { "Reason, for other operators" input name="reason" maxlength=(LONGEST_REASON); }
                    button type="submit" { "Pause" }
                }
            }
            @if !is_closed { (act_on(visitor, &format!("{path}/reset"), "Close the breaker", &known.name)) }
        }
    }
}

fn lost_ways(lost: &[WaySum], current: Option<&str>) -> Markup {
    html! {
        @for way in lost {
            tr {
                th scope="row" { code { (way.target) } }
                td { code { (way.way) } }
                td.number { (way.found) }
                td.number { (way.missing) }
                td.number { (way.disagreed) }
                td { code { (short_revision(&way.revision)) } @if current == Some(way.revision.as_str()) { " current" } }
            }
        }
    }
}

fn health(state: Option<&InstitutionState>) -> Markup {
    if state.is_some_and(|state| state.pause.is_some()) {
        return badge(Tone::Quiet, "Paused");
    }
    match state.map_or(Breaker::NEW, |state| state.breaker) {
        Breaker::Closed { failures: 0 } => badge(Tone::Good, "Well"),
        Breaker::Closed { .. } => badge(Tone::Waiting, "Failed of late"),
        Breaker::Open { .. } => badge(Tone::Bad, "Left alone"),
        Breaker::HalfOpen { .. } => badge(Tone::Waiting, "Being probed"),
    }
}

/// What waits at each institution; told to nobody who sees one organization alone.
async fn depths(console: &Console, visitor: &Visitor) -> Result<BTreeMap<String, InstitutionDepth>, Refusal> {
    if !visitor.sees_all() {
        return Ok(BTreeMap::new());
    }
    let depth = console.fleet.queue.depth().await?;
    Ok(depth.institutions.into_iter().map(|depth| (depth.institution_id.clone(), depth)).collect())
}

pub(super) fn path(id: &str) -> String {
    format!("/console/institutions/{id}")
}

pub(super) fn short_revision(revision: &str) -> &str {
    revision.get(..12).unwrap_or(revision)
}

/// Starts nothing there until it is resumed.
pub(in crate::console) async fn pause(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let reason = fields.get("reason").trim();
    if reason.chars().count() > LONGEST_REASON {
        return Err(Refusal::invalid("A reason has 500 characters at most.").back(path(&id)));
    }
    console.fleet.pause_institution(&id, Some(reason).filter(|reason| !reason.is_empty())).await?;
    Ok(back_to(&path(&id), "pause").into_response())
}

/// Lets runs start there again.
pub(in crate::console) async fn resume(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    console.fleet.resume_institution(&id).await?;
    Ok(back_to(&path(&id), "resume").into_response())
}

/// Closes its breaker, whatever the last runs said.
pub(in crate::console) async fn reset(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    console.fleet.reset_breaker(&id).await?;
    Ok(back_to(&path(&id), "reset").into_response())
}
