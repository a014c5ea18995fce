//! `/console/repair-tickets`: scripts that fit their portals no more, with the page as it was and as it is now, and what people
//! do about them.
//!
//! Not here: what would have to be changed (the script crate), or which failure is a ticket's (`domain::repair`).

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::id::RepairTicketId;
use domain::repair::TicketState;
use domain::role::Role;
use jiff::Timestamp;
use maud::{Markup, html};
use script::Script;
use script::drift::{Change, Changes, Lesson};

use super::institutions::{path as institution_path, short_revision};
use super::run::framed;
use super::{Asked, back_to, id};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, Visitor, with_frames};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{Tone, act_on, badge, moment_of, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::fleet::{Decision, PublishError, TicketStory};
use crate::store::{RepairTicket, TicketFilter};

/// How many are listed.
const LISTED: u32 = 200;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Every ticket, the latest seen first.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let institution = asked.get("institution");
    let filter = TicketFilter { institution: institution.as_deref(), state: asked.word("state") };
    let tickets = console.fleet.store.repair_tickets(filter, LISTED).await?;
    let body = html! {
        section id="tickets" data-live="run tick" { (rows(&tickets, clock::now())) }
    };
    let title = "Repair tickets";
    Ok(Page { visitor: &visitor, section: Section::Institutions, title, said: None, body }.into_response())
}

/// Tickets as a table.
pub(super) fn rows(tickets: &[RepairTicket], now: Timestamp) -> Markup {
    let head = [
        "Ticket",
        "State",
        "Institution",
        "Failure",
        "Page",
        "Target",
        "Revision",
        "#Runs",
        "#Connections",
        "Last seen",
    ];
    html! {
        @if tickets.is_empty() {
            (nothing("No script failed at its portal.", "A ticket is opened when a run of the current revision ends by a fault of its \
                script, with the page as it was and as it is now."))
        } @else {
            (table("Repair tickets, the latest seen first", &head, &html! {
                @for ticket in tickets {
                    tr {
                        th scope="row" { a href=(path(ticket.id)) { (short(ticket.id)) } }
                        td { (state(ticket.state)) }
                        td { a href=(institution_path(&ticket.institution_id)) { (ticket.institution_id) } }
                        td { code { (ticket.code) } }
                        td { (ticket.page.as_deref().unwrap_or("–")) }
                        td { @match &ticket.target { Some(target) => code { (target) }, None => "–" } }
                        td { code { (short_revision(&ticket.revision)) } }
                        td.number { (ticket.runs) }
                        td.number { (ticket.connections) }
                        td { (moment_of(now, ticket.last_seen_at)) }
                    }
                }
            }))
        }
    }
}

fn path(id: RepairTicketId) -> String {
    format!("/console/repair-tickets/{id}")
}

fn state(state: TicketState) -> Markup {
    match state {
        TicketState::Open => badge(Tone::Bad, "Open"),
        TicketState::Mended => badge(Tone::Good, "Mended"),
        TicketState::Closed => badge(Tone::Quiet, "Closed"),
    }
}

/// Shows a ticket.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(ticket): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let now = clock::now();
    let story = console.fleet.ticket_story(RepairTicketId(id(&ticket)?)).await?;
    let ticket = &story.ticket;
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "close" => Some("The ticket is closed."),
        _ => None,
    });
    let body = html! {
        div id="ticket" data-live="run tick" {
            p.lead { (state(ticket.state)) " " code { (ticket.code) } " " strong { (ticket.message) } }
            (facts(ticket, now))
        }
        (acts(&visitor, ticket))
        section aria-labelledby="changes" {
            h2 id="changes" { "What changed on the page" }
            (changes(&story.changes))
        }
        (proposals(&visitor, &story))
        (teaching(&visitor, &story))
        (pages(&story))
    };
    let title = format!("Repair ticket at {}", ticket.institution_id);
    let page = Page { visitor: &visitor, section: Section::Institutions, title: &title, said, body };
    Ok(with_frames(page.into_response()))
}

fn facts(ticket: &RepairTicket, now: Timestamp) -> Markup {
    html! {
        dl.facts {
            div { dt { "Institution" } dd { a href=(institution_path(&ticket.institution_id)) { (ticket.institution_id) } } }
            div { dt { "Revision" } dd { code { (short_revision(&ticket.revision)) } } }
            div { dt { "How far it came" } dd { (wording::stage(ticket.stage)) } }
            div { dt { "Page" } dd { (ticket.page.as_deref().unwrap_or("none that the script knows")) } }
            @if let Some(target) = &ticket.target { div { dt { "Target" } dd { code { (target) } } } }
            @if let Some((page, distance)) = &ticket.nearest {
                div { dt { "Nearest known page" } dd { (page) ", " (distance) " away" } }
            }
            div { dt { "Runs" } dd { (ticket.runs) " of " (ticket.connections) " connections" } }
            div { dt { "First seen" } dd { (moment_of(now, ticket.first_seen_at)) } }
            div { dt { "Last seen" } dd { (moment_of(now, ticket.last_seen_at)) } }
            @if let Some(revision) = &ticket.mending_revision {
                div { dt { "Published to mend it" } dd { code { (short_revision(revision)) } } }
            }
            @if let Some(revision) = &ticket.mended_by {
                div { dt { "Read whole by" } dd { code { (short_revision(revision)) } } }
            }
            @if let Some(because) = &ticket.closed_because {
                div { dt { "Closed" } dd { (because) " " span.quiet { "by " (ticket.closed_by.as_deref().unwrap_or("Bursar")) } } }
            }
            div { dt { "Id" } dd { code { (ticket.id) } } }
        }
    }
}

fn acts(visitor: &Visitor, ticket: &RepairTicket) -> Markup {
    if ticket.state != TicketState::Open {
        return html! {};
    }
    html! {
        @if visitor.may(Role::Operator) {
            div.acts {
                form.act method="post" action=(format!("{}/close", path(ticket.id))) {
                    (token(visitor))
                    label { "Reason, for other operators" input name="reason" required maxlength=(LONGEST_REASON); }
                    button type="submit" { "Close the ticket" }
                }
                @if let (Some(revision), true) = (&ticket.mending_revision, visitor.may(Role::Administrator)) {
                    @let canary = format!("{}/revisions/{revision}/canary", institution_path(&ticket.institution_id));
                    (act_on(visitor, &canary, "Begin a canary for a tenth", short_revision(revision)))
                }
            }
        }
    }
}

/// What is gone and what is new.
pub(super) fn changes(changes: &Changes) -> Markup {
    html! {
        @if changes.gone.is_empty() && changes.new.is_empty() {
            p.quiet { "Nothing that a page is built of is told to have changed." }
        } @else {
            ul {
                @for gone in &changes.gone { li { "gone: " (gone) } }
                @for new in &changes.new { li { "new: " (new) } }
            }
        }
    }
}

fn pages(story: &TicketStory) -> Markup {
    let frame = |which: &str| format!("{}/pages/{which}", path(story.ticket.id));
    html! {
        section aria-labelledby="pages" {
            h2 id="pages" { "The page before and now" }
            @if story.pages.before.is_some() {
                figure {
                    figcaption { "As whole runs saw it" }
                    iframe title="The page before" sandbox="" loading="lazy" src=(frame("before")) {}
                }
            }
            @if story.pages.now.is_some() {
                figure {
                    figcaption { "As it shows now, scrubbed" }
                    iframe title="The page now" sandbox="" loading="lazy" src=(frame("now")) {}
                }
            } @else {
                (nothing("The page isn't kept.", "It is kept as a run's evidence is; retention.evidence says for how long."))
            }
        }
    }
}

/// What the script could say.
fn proposals(visitor: &Visitor, story: &TicketStory) -> Markup {
    let ticket = &story.ticket;
    if ticket.state != TicketState::Open {
        return html! {};
    }
    html! {
        section aria-labelledby="proposals" {
            h2 id="proposals" { "What the script could say" }
            @match &story.proposals {
                Err(why) => (nothing("Nothing is proposed.", &format!("Since {why}."))),
                Ok(proposals) if proposals.is_empty() => (nothing("Nothing is proposed.", "All that the script looks for is on the page.")),
                Ok(proposals) => ol.cards {
                    @for proposal in proposals {
                        li.card {
                            h3 { (proposal.title) }
                            p { strong { "How sure: " } (proposal.sureness.as_str()) }
                            @for why in &proposal.why { p.quiet { (why) } }
                            @for change in &proposal.changes { (lines(change)) }
                            @for ask in &proposal.needs_person { p { strong { "Look: " } (ask) } }
                            @if visitor.may(Role::Administrator) {
                                form.act method="post" action=(format!("{}/accept", path(ticket.id))) {
                                    (token(visitor))
                                    input type="hidden" name="proposal" value=(Script::revision(&proposal.source));
                                    button type="submit" { "Accept and publish" span.hidden { " proposal " (proposal.number) } }
                                }
                            }
                        }
                    }
                },
            }
        }
    }
}

fn lines(change: &Change) -> Markup {
    html! {
        pre {
            @for line in change.before.lines() { del { "- " (line) } "\n" }
            @for line in change.after.lines() { ins { "+ " (line) } "\n" }
        }
    }
}

/// What a person can teach of the page, where it is kept.
fn teaching(visitor: &Visitor, story: &TicketStory) -> Markup {
    let ticket = &story.ticket;
    let is_open = ticket.state == TicketState::Open && story.pages.now.is_some();
    if !is_open || !visitor.may(Role::Administrator) {
        return html! {};
    }
    let action = format!("{}/teach", path(ticket.id));
    html! {
        section aria-labelledby="teach" {
            h2 id="teach" { "Teach this page" }
            p.quiet { "What you say is written into the script and published as a revision. Nobody works by it until it is tried." }
            form.act method="post" action=(action) {
                (token(visitor))
                input type="hidden" name="it" value="is";
                label { "It is this page, changed" select name="page" {
                    @for known in &story.input.known { option value=(known.page) { (known.page) } }
                } }
                button type="submit" { "Teach that it is that page" }
            }
            form.act method="post" action=(action) {
                (token(visitor))
                input type="hidden" name="it" value="passage";
                label { "Press this button or link, and go on" input name="press" required maxlength=(LONGEST_REASON); }
                button type="submit" { "Teach to press it" }
            }
            form.act method="post" action=(action) {
                (token(visitor))
                input type="hidden" name="it" value="failure";
                label { "It says no: the failure's code" input name="code" required maxlength=(LONGEST_REASON) placeholder="portal.maintenance"; }
                label { "The bank's words are in (a selector, if you like)" input name="message" maxlength=(LONGEST_REASON); }
                button type="submit" { "Teach what it says" }
            }
        }
    }
}

/// Takes a proposal, and publishes it.
pub(in crate::console) async fn accept(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(ticket): Path<String>,
) -> Result<Response, Refusal> {
    decide(&console, &visitor, &ticket, Decision::Accept(fields.get("proposal").to_owned())).await
}

/// Teaches the page, and publishes what follows.
pub(in crate::console) async fn teach(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(ticket): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let text = |name: &str| Some(fields.get(name).trim().to_owned()).filter(|text| !text.is_empty());
    let lesson = match (fields.get("it"), text("code").map(|code| code.parse())) {
        ("is", _) => Lesson::Is { page: text("page").unwrap_or_default() },
        ("failure", Some(Ok(code))) => Lesson::Failure { code, message: text("message") },
        ("passage", _) => Lesson::Passage { press: text("press").unwrap_or_default() },
        _ => {
            let ticket = console.fleet.store.repair_ticket(RepairTicketId(id(&ticket)?)).await?.id;
            return Err(Refusal::invalid("Say a failure's code, such as portal.maintenance.").back(path(ticket)));
        }
    };
    decide(&console, &visitor, &ticket, Decision::Teach(lesson)).await
}

async fn decide(console: &Console, visitor: &Visitor, ticket: &str, decision: Decision) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let ticket = console.fleet.store.repair_ticket(RepairTicketId(id(ticket)?)).await?.id;
    let made = console.fleet.decide_repair(ticket, decision).await.map_err(|error| match error {
        PublishError::Failed(error) => Refusal::from(error).back(path(ticket)),
        error => Refusal::invalid(error.to_string()).back(path(ticket)),
    })?;
    let body = html! {
        p.said role="status" {
            "Revision " code { (made.looked.revision) } " is published. Nobody works by it yet: begin its canary on the ticket, or a shadow by command."
        }
        (lines(&made.change))
        p { a.button href=(path(ticket)) { "Back to the ticket" } }
    };
    let page =
        Page { visitor, section: Section::Institutions, title: "A revision that is to mend it", said: None, body };
    Ok((StatusCode::CREATED, page.into_response()).into_response())
}

/// A page of a ticket, for the frame alone.
pub(in crate::console) async fn page(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path((ticket, which)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let pages = console.fleet.store.ticket_pages(RepairTicketId(id(&ticket)?)).await?;
    let page = match which.as_str() {
        "before" => pages.before,
        "now" => pages.now.map(|now| now.html),
        _ => None,
    };
    Ok(framed(page.ok_or_else(Refusal::not_found)?))
}

/// Closes a ticket though no revision mended it.
pub(in crate::console) async fn close(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(ticket): Path<String>,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    let ticket = console.fleet.store.repair_ticket(RepairTicketId(id(&ticket)?)).await?.id;
    let closed = console.fleet.close_ticket(ticket, fields.get("reason")).await;
    closed.map_err(|error| Refusal::from(error).back(path(ticket)))?;
    Ok(back_to(&path(ticket), "close").into_response())
}
