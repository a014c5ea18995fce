//! `/console/account`: one's own sessions and password.
//!
//! Not here: other people's (`users`).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::id::SessionId;
use domain::secret::Secret;
use maud::html;

use super::{Asked, back_to, id};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, SIGN_IN, Visitor, with_cookie};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{Tone, act_on, badge, moment_of, table};
use crate::console::refusal::Refusal;
use crate::fleet::{Attempt, SignInRefused, fit, set_password};
use crate::store::SignsIn;

/// One's own sessions, and a form for another password.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (user, now) = (&visitor.signed_in.user, clock::now());
    let sessions = console.fleet.store.sessions_of(user.id, now).await?;
    let said = asked.get("said").filter(|said| said == "end").map(|_| "The session is ended.");
    let rows = html! {
        @for session in &sessions {
            tr {
                th scope="row" { (session.browser) }
                td { (session.address) }
                td { (moment_of(now, session.created_at)) }
                td { (moment_of(now, session.seen_at)) }
                td { (moment_of(now, session.ends_at)) }
                td {
                    @if session.id == visitor.signed_in.session.id { (badge(Tone::Good, "this one")) }
                    @else { (act_on(&visitor, &format!("/console/account/sessions/{}/end", session.id), "End", &session.address)) }
                }
            }
        }
    };
    let body = html! {
        dl.facts {
            div { dt { "Name" } dd { (user.login) } }
            div { dt { "Role" } dd { (user.role) ": " (user.role.meaning()) } }
        }
        h2 { "Sessions" }
        (table("Your sessions", &["Browser", "From", "Opened", "Last used", "Ends at the latest", "Acts"], &rows))
        form.act method="post" action="/console/account/sessions/end" {
            (token(&visitor))
            button type="submit" { "Sign out everywhere" }
        }
        @if user.signs_in == SignsIn::WithPassword {
        section aria-labelledby="change" {
            h2 id="change" { "Another password" }
            form.stack method="post" action="/console/account/password" {
                (token(&visitor))
                label { "Password until now" input type="password" name="old" autocomplete="current-password" required; }
                label { "New password, 12 characters at least"
                    input type="password" name="new" autocomplete="new-password" minlength="12" required;
                }
                button.primary type="submit" { "Change it, and sign out everywhere" }
            }
        }
        }
    };
    let title = "Your account";
    Ok(Page { visitor: &visitor, section: Section::Account, title, said, body }.into_response())
}

/// Ends one of one's own sessions.
pub(in crate::console) async fn end_session(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(session): Path<String>,
) -> Result<Response, Refusal> {
    let which = SessionId(id(&session)?);
    if console.fleet.store.close_sessions(visitor.signed_in.user.id, Some(which), clock::now()).await? == 0 {
        return Err(Refusal::not_found());
    }
    Ok(back_to(Section::Account.path(), "end").into_response())
}

/// Ends all of them.
pub(in crate::console) async fn end_all(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    console.fleet.store.close_sessions(visitor.signed_in.user.id, None, clock::now()).await?;
    Ok(out())
}

/// Takes another password of somebody who knows the one until now; every session ends.
pub(in crate::console) async fn change_password(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Extension(fields): Extension<Fields>,
) -> Result<Response, Refusal> {
    let (user, path) = (&visitor.signed_in.user, Section::Account.path());
    let wanted = Secret::new(fields.get("new").to_owned());
    fit(user, &wanted).map_err(|error| Refusal::from(error).back(path))?;
    let attempt = Attempt {
        login: user.login.clone(),
        password: Secret::new(fields.get("old").to_owned()),
        address: console.address(&headers, peer.as_ref().map(|Extension(peer)| peer)),
    };
    // The same door, with the same counts: a session that was left open is no way to guess.
    match console.fleet.look_at(attempt).await {
        Ok(_) => {}
        Err(SignInRefused::Wrong) => {
            return Err(Refusal::invalid("The password until now isn't right.").back(path));
        }
        Err(SignInRefused::Blocked { until }) => return Err(Refusal::blocked(until).back(path)),
        Err(SignInRefused::Failed(error)) => return Err(error.into()),
    }
    let changed = set_password(&*console.fleet.store, user, wanted).await;
    changed.map_err(|error| Refusal::from(error).back(path))?;
    Ok(out())
}

fn out() -> Response {
    with_cookie(Redirect::to(&format!("{SIGN_IN}?said=out")).into_response(), "")
}
