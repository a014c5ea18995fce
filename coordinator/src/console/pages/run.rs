//! `/console/runs/{id}`: what is kept of a run, and the page that was showing when it failed.
//!
//! Not here: what the run read; that is its integrator's.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use domain::id::{EvidenceId, RunId};
use domain::rollout::Part;
use jiff::Timestamp;
use maud::{Markup, html};

use super::challenges::{Beside, Focus};
use super::{challenges, id, steps};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Visitor, with_frames};
use crate::console::frame::{Page, Section};
use crate::console::parts::{Tone, badge, failure, moment_of, moment_or_dash, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::store::{Challenge, ConnectionEventRecord, PageRequest, RunRecord, RunRevision};

/// How far back a connection's events are looked through for those of a run.
const LOOKED_THROUGH: u32 = 200;

/// What evidence may do: nothing but look like itself. It runs no script, loads nothing, leads nowhere.
const EVIDENCE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
                               base-uri 'none'; frame-ancestors 'self'; sandbox";

/// Shows a run.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(run): Path<String>,
) -> Result<Response, Refusal> {
    let (store, now) = (&console.fleet.store, clock::now());
    let run = store.run(visitor.reach(), RunId(id(&run)?)).await?;
    let events = store.events_of(run.connection_id, PageRequest { after: None, limit: LOOKED_THROUGH }).await?;
    let events: Vec<_> = events.into_iter().filter(|event| event.run_id == Some(run.id)).collect();
    let asked = store.challenges_of_run(run.id).await?;
    let (steps, evidence) = (store.steps_of(run.id).await?, store.evidence_of(run.id).await?);
    let body = html! {
        div id="run" data-live=(format!("run:{} challenge", run.id)) data-announce=(wording::run(run.state).1) {
            (facts(&run, now))
            @if run.finished_at.is_none() {
                p { a.button href=(format!("/console/runs/{}/live", run.id)) { "Live view" } }
            }
            @if let Some(shown) = &run.failure { (failure(shown)) }
            (questions(&visitor, &asked, now))
            section aria-labelledby="history" {
                h2 id="history" { "What happened" }
                @if events.is_empty() {
                    (nothing("Nothing is told of it yet.", "Its first attempt says how it went."))
                } @else {
                    (table("Events of this run, the latest first", &["When", "What", "By", "Failure"], &told(&events, now)))
                }
            }
            (steps::section(&steps))
        }
        section aria-labelledby="evidence" {
            h2 id="evidence" { "The page that was showing" }
            @if evidence.is_empty() {
                (nothing("No page was kept.", "One is kept, scrubbed of what a customer typed and owns, where a run fails on a page; \
                    retention.evidence says for how long."))
            }
            @for (at, (one, kept_at)) in evidence.iter().enumerate() {
                figure {
                    figcaption { "Kept " (moment_of(now, *kept_at)) ", scrubbed" }
                    iframe title=(format!("The page that was showing, {}", at + 1)) sandbox="" loading="lazy"
                        src=(format!("/console/runs/{}/evidence/{one}", run.id)) {}
                }
            }
        }
    };
    let title = format!("{} {}", wording::run_kind(run.kind), tail(&run.id.to_string()));
    let page = Page { visitor: &visitor, section: Section::Connections, title: &title, said: None, body };
    Ok(with_frames(page.into_response()))
}

fn tail(id: &str) -> &str {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id)
}

fn facts(run: &RunRecord, now: Timestamp) -> Markup {
    let (tone, word) = wording::run(run.state);
    html! {
        p.lead { (badge(tone, word)) @if run.dead_at.is_some() { " " span.quiet { "set aside as a dead letter" } } }
        dl.facts {
            div { dt { "Connection" } dd {
                a href=(format!("/console/connections/{}", run.connection_id)) { (short(run.connection_id)) }
            } }
            div { dt { "Institution" } dd {
                a href=(format!("/console/institutions/{}", run.institution_id)) { (run.institution_id) }
            } }
            div { dt { "Script" } dd { (script(run.by.as_ref())) } }
            div { dt { "Class" } dd { (run.class) } }
            div { dt { "Attempts" } dd { (run.attempt) } }
            div { dt { "Agents that went silent" } dd { (run.crashes) } }
            div { dt { "Agent" } dd { @match run.agent_id { Some(agent) => (short(agent)), None => "none yet" } } }
            div { dt { "Made" } dd { (moment_of(now, run.created_at)) } }
            div { dt { "Last attempt began" } dd { (moment_or_dash(now, run.started_at)) } }
            @if run.finished_at.is_none() && run.started_at.is_none() {
                div { dt { "Not before" } dd { (moment_of(now, run.not_before)) } }
            }
            div { dt { "Ended" } dd { (moment_or_dash(now, run.finished_at)) } }
            div { dt { "Id" } dd { code { (run.id) } } }
        }
    }
}

/// By which revision of the script it was given out.
fn script(by: Option<&RunRevision>) -> Markup {
    let Some(by) = by else { return html! { "–" } };
    html! {
        "revision " code { (by.revision) }
        @if by.part == Part::Canary { " " (badge(Tone::Waiting, "canary")) }
        @if let Some(shadow) = &by.shadow { " beside which " code { (shadow) } " read" }
    }
}

fn questions(visitor: &Visitor, asked: &[Challenge], now: Timestamp) -> Markup {
    html! {
        @if !asked.is_empty() {
            section aria-labelledby="asked" {
                h2 id="asked" { "What the bank asked" }
                ol.cards { @for one in asked { (challenges::card(visitor, one, &Beside::default(), Focus::Left, now)) } }
            }
        }
    }
}

fn told(events: &[ConnectionEventRecord], now: Timestamp) -> Markup {
    html! {
        @for event in events {
            tr {
                td { (moment_of(now, event.created_at)) }
                td { (wording::cause(&event.cause)) }
                td { (event.actor) }
                td {
                    @match &event.failure {
                        Some(failure) => { code { (failure.code) } " at " (wording::stage(failure.stage)) },
                        None => span.quiet { "–" },
                    }
                }
            }
        }
    }
}

/// The scrubbed page itself, for the frame alone.
pub(in crate::console) async fn evidence(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path((run, evidence)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (store, evidence) = (&console.fleet.store, EvidenceId(id(&evidence)?));
    let run = store.run(visitor.reach(), RunId(id(&run)?)).await?;
    if !store.evidence_of(run.id).await?.iter().any(|(known, _)| *known == evidence) {
        return Err(Refusal::not_found());
    }
    let page = store.evidence(evidence).await?.ok_or_else(Refusal::not_found)?;
    Ok(framed(page.html))
}

/// A page of a portal's, for a frame that allows it nothing.
pub(super) fn framed(html: String) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(EVIDENCE_POLICY));
    response
}
