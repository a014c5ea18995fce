//! `/console/connections`: found by state, institution, or a key that names them.
//!
//! Not here: one connection (`connection`).

use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use domain::connection::ConnectionStatus;
use maud::{Markup, html};

use super::{Asked, TO_READ, address, cut};
use crate::clock;
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{badge, further, moment_of, moment_or_dash, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::store::{FoundFilter, OwnedConnection, PageRequest};

/// A page of connections, the latest first.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let filter = FoundFilter {
        status: asked.word::<ConnectionStatus>("status"),
        institution_id: asked.get("institution"),
        key: asked.get("key"),
    };
    let page = PageRequest { after: asked.after(), limit: TO_READ };
    let found = console.fleet.store.found_connections(visitor.reach(), filter.clone(), page).await?;
    let next = |last: &OwnedConnection| {
        let after = Some(last.connection.id.to_string());
        let status = filter.status.map(|status| status.to_string());
        let parameters = [
            ("status", status),
            ("institution", filter.institution_id.clone()),
            ("key", filter.key.clone()),
            ("after", after),
        ];
        address(Section::Connections.path(), &parameters)
    };
    let (found, next) = cut(found, next);
    let is_filtered = filter.status.is_some() || filter.institution_id.is_some() || filter.key.is_some();
    let body = html! {
        (search(&console, &filter))
        section id="connections" data-live="connection" {
            @if found.is_empty() && is_filtered {
                (nothing("No connection is like this.", "Leave a filter out. A key is the id of a connection or an entity, or \
                    the entity's id at its integrator, whole."))
            } @else if found.is_empty() {
                (nothing("There is no connection yet.", "An integrator makes one with POST /v1/connections; make them an API \
                    key under Keys."))
            } @else {
                (table("Connections, the latest first", &["Connection", "State", "Institution", "Entity",
                    "Last synced", "Changed"], &rows(&console, &found)))
            }
            (further(next))
        }
    };
    let title = "Connections";
    Ok(Page { visitor: &visitor, section: Section::Connections, title, said: None, body }.into_response())
}

fn rows(console: &Console, found: &[OwnedConnection]) -> Markup {
    let (now, catalog) = (clock::now(), console.fleet.catalog());
    html! {
        @for OwnedConnection { connection, external_entity_id, .. } in found {
            @let (tone, word) = wording::status(connection.state.status());
            @let institution = connection.institution_id.as_deref();
            @let name = institution.and_then(|id| catalog.institution(id)).map(|known| known.name.as_str());
            tr {
                th scope="row" {
                    a href=(format!("/console/connections/{}", connection.id)) { (short(connection.id)) }
                }
                td { (badge(tone, word)) @if connection.run.is_some() { " " span.quiet { "run under way" } } }
                td { (name.or(institution).unwrap_or_else(|| connection.portal_url.host_str().unwrap_or("–"))) }
                td { (external_entity_id) }
                td { (moment_or_dash(now, connection.last_synced_at)) }
                td { (moment_of(now, connection.updated_at)) }
            }
        }
    }
}

fn search(console: &Console, filter: &FoundFilter) -> Markup {
    html! {
        form.filter method="get" action=(Section::Connections.path()) role="search" {
            label { "State"
                select name="status" {
                    option value="" { "any" }
                    @for status in ConnectionStatus::ALL {
                        option value=(status) selected[filter.status == Some(*status)] { (wording::status(*status).1) }
                    }
                }
            }
            label { "Institution"
                select name="institution" {
                    option value="" { "any" }
                    @for known in console.fleet.catalog().institutions() {
                        option value=(known.id) selected[filter.institution_id.as_ref() == Some(&known.id)] { (known.name) }
                    }
                }
            }
            label.grow { "Key"
                input type="search" name="key" value=(filter.key.as_deref().unwrap_or_default())
                    placeholder="connection, entity, or its id at the integrator";
            }
            button type="submit" { "Find" }
        }
    }
}
