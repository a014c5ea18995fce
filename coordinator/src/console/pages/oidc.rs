//! `/console/oidc`: on the way to an OpenID provider, and back from it.
//!
//! The provider sends people back from another site, with which a browser sends no cookie of a session: so the answer is
//! a page of this site, which goes on by itself.
//!
//! Not here: what the provider is asked, and who may come in (`fleet::vouching`).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;

use super::Asked;
use super::sign_in::next;
use crate::console::Console;
use crate::console::door::{cookie, with_cookie};
use crate::console::frame::card;
use crate::console::refusal::Refusal;
use crate::fleet::{Returned, VouchError};

/// What the cookie is called that has to come back.
const TICKET: &str = "__Host-bursar-oidc";

/// Goes to the provider.
pub(in crate::console) async fn begin(State(console): State<Console>, asked: Asked) -> Result<Response, Refusal> {
    let begun = console.fleet.begin_vouched(&next(asked.get("next").as_deref())).await?;
    Ok(with_ticket(Redirect::to(begun.to.as_str()).into_response(), begun.ticket.expose()))
}

/// Comes back from it.
pub(in crate::console) async fn finish(
    State(console): State<Console>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Refusal> {
    if let Some(refused) = asked.get("error") {
        let said = refused.chars().filter(|letter| !letter.is_control()).take(100).collect();
        return Err(VouchError::Denied(said).into());
    }
    let (ticket, state, code) = (cookie(&headers, TICKET), asked.get("state"), asked.get("code"));
    let (Some(ticket), Some(state), Some(code)) = (ticket, state, code) else { return Err(VouchError::Stale.into()) };
    let issuer = asked.get("iss");
    let returned = Returned {
        ticket: &ticket,
        state: &state,
        code: &code,
        issuer: issuer.as_deref(),
        address: console.address(&headers, peer.as_ref().map(|Extension(peer)| peer)),
        browser: headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default(),
    };
    let (_, token, next) = console.fleet.finish_vouched(returned).await?;
    let body = html! { p { "You are signed in." } p { a.button href=(next) { "Go on" } } };
    let mut response = card("Signed in", &body);
    if let Ok(by_itself) = HeaderValue::from_str(&format!("0; url={next}")) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), by_itself);
    }
    Ok(with_ticket(with_cookie(response, token.expose()), ""))
}

/// Has the browser keep a ticket for as long as it is good, to be shown when another site sends it back; an empty one has
/// it forget it.
fn with_ticket(mut response: Response, ticket: &str) -> Response {
    let life = if ticket.is_empty() { 0 } else { 600 };
    let cookie = format!("{TICKET}={ticket}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={life}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
