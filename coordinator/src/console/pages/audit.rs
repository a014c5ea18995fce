//! `/console/audit`: who did what to what.
//!
//! Not here: checking the chain; `coordinator audit verify` does that.

use std::collections::BTreeMap;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use domain::audit::Action;
use domain::id::ConnectionId;
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::{Asked, TO_READ, address, cut};
use crate::clock;
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{further, moment_of, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::store::{AuditFilter, HashedEntry, Reach};

/// The trail, the latest first.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let filter = AuditFilter {
        organizations: match visitor.reach() {
            Reach::All => None,
            Reach::Tenants(tenants) => Some(tenants.clone()),
        },
        connection: asked.word::<ConnectionId>("connection"),
        actor: asked.get("actor"),
        action: asked.word::<Action>("action"),
        since: None,
    };
    let entries = console.fleet.store.audit_entries(filter.clone(), asked.word("before"), TO_READ).await?;
    let (entries, next) = cut(entries, |last: &HashedEntry| {
        let parameters = [
            ("connection", filter.connection.map(|id| id.to_string())),
            ("actor", filter.actor.clone()),
            ("action", filter.action.map(|action| action.to_string())),
            ("before", Some(last.entry.position.to_string())),
        ];
        address(Section::Audit.path(), &parameters)
    });
    let head = console.fleet.store.audit_head().await?;
    let body = html! {
        (search(&filter))
        section id="trail" data-live="audit" {
            @if visitor.sees_all() {
                p.quiet {
                    "The chain has " (head.position) " entries and ends with " code { (head.hash.get(..16).unwrap_or_default()) "…" }
                    ". " code { "coordinator audit verify" } " walks through it; keep the head that it prints elsewhere."
                }
            }
            @if entries.is_empty() {
                (nothing("There is no such entry.", "Leave a filter out. What people, programs and integrators do is written here."))
            } @else {
                (table("Entries, the latest first", &["#Position", "When", "Who", "Act", "Connection", "Subject", "Detail"],
                    &rows(&entries)))
            }
            (further(next))
        }
    };
    let title = "Audit trail";
    Ok(Page { visitor: &visitor, section: Section::Audit, title, said: None, body }.into_response())
}

fn rows(entries: &[HashedEntry]) -> Markup {
    let now = clock::now();
    html! {
        @for HashedEntry { entry, hash } in entries {
            tr title=(hash) {
                th.number scope="row" { (entry.position) }
                td { (moment_of(now, entry.at)) }
                td { (wording::actor(&entry.actor)) }
                td { code { (entry.action) } }
                td {
                    @match entry.connection_id {
                        Some(id) => a href=(format!("/console/connections/{id}")) { (short(id)) },
                        None => span.quiet { "–" },
                    }
                }
                td {
                    @match &entry.subject {
                        Some(subject) if Uuid::parse_str(subject).is_ok() => (short(subject)),
                        Some(subject) => (subject),
                        None => span.quiet { "–" },
                    }
                }
                td.detail { (details(&entry.detail)) }
            }
        }
    }
}

/// What more an entry says, a line for each thing; what isn't there isn't said.
fn details(detail: &str) -> Markup {
    let said: BTreeMap<String, Value> = serde_json::from_str(detail).unwrap_or_default();
    html! {
        @for (name, value) in said.iter().filter(|(_, value)| !value.is_null()) {
            div {
                span.quiet { (name) } " "
                @match value.as_str() {
                    Some(text) if Uuid::parse_str(text).is_ok() => (short(text)),
                    Some(text) => (text),
                    None => code { (value) },
                }
            }
        }
    }
}

fn search(filter: &AuditFilter) -> Markup {
    html! {
        form.filter method="get" action=(Section::Audit.path()) role="search" {
            label { "Act"
                select name="action" {
                    option value="" { "any" }
                    @for action in Action::ALL { option value=(action) selected[filter.action == Some(*action)] { (action) } }
                }
            }
            label { "Connection" input type="search" name="connection"
                value=(filter.connection.map(|id| id.to_string()).unwrap_or_default()); }
            label { "Id of a user, token or key" input type="search" name="actor"
                value=(filter.actor.as_deref().unwrap_or_default()); }
            button type="submit" { "Find" }
        }
    }
}
