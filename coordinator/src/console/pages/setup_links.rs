//! Links to the set-up page of a connection that is being set up: made here in an integrator's place, shown once, and ended.
//!
//! Not here: what a link is good for (`fleet`), or its page (`setup`).

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::connection::ConnectionState;
use maud::{Markup, html};

use super::back_to;
use super::connection::reached;
use crate::clock;
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{act, moment_of};
use crate::console::refusal::Refusal;
use crate::store::Connection;

/// What can be done about links, while the connection is being set up.
pub(super) fn acts(visitor: &Visitor, connection: &Connection) -> Markup {
    let path = format!("/console/connections/{}/setup-links", connection.id);
    let is_set_up = !matches!(connection.state, ConnectionState::Draft { .. } | ConnectionState::PendingActivation);
    html! {
        @if !is_set_up {
            (act(visitor, &path, "Make a set-up link"))
            (act(visitor, &format!("{path}/end"), "End all set-up links"))
        }
    }
}

/// Makes a link and shows it, this once.
pub(in crate::console) async fn make(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let made = console.fleet.create_setup_link(owned.organization_id, owned.connection.id).await;
    let made = made.map_err(|error| Refusal::from(error).back(&path))?;
    let body = html! {
        p.said role="status" { "This is the whole link, this once: it can't be shown again. Whoever has it acts for the customer." }
        p.secret { code id="secret" { (made.url) } button type="button" data-copy="secret" hidden { "Copy" } }
        dl.facts {
            div { dt { "Good until" } dd { (moment_of(clock::now(), made.expires_at)) } }
            div { dt { "In the audit trail" } dd { code { (made.id) } } }
        }
        p { a.button href=(path) { "Back to the connection" } }
    };
    let (section, title) = (Section::Connections, "A link to the set-up page");
    let page = Page { visitor: &visitor, section, title, said: None, body }.into_response();
    Ok((StatusCode::CREATED, page).into_response())
}

/// Ends all links of a connection.
pub(in crate::console) async fn end(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let ended = console.fleet.revoke_setup_links(owned.organization_id, owned.connection.id).await;
    ended.map_err(|error| Refusal::from(error).back(&path))?;
    Ok(back_to(&path, "links").into_response())
}
