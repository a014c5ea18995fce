//! `/console/login`, and signing out.
//!
//! Not here: checking who it is (`fleet::people`).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::secret::Secret;
use maud::{Markup, html};
use url::form_urlencoded::byte_serialize;

use super::Asked;
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, SIGN_IN, Visitor, with_cookie};
use crate::console::frame::card;
use crate::console::refusal::Refusal;
use crate::fleet::{Attempt, SignInRefused};

/// Asks who it is.
pub(in crate::console) async fn show(State(console): State<Console>, asked: Asked) -> Response {
    let said = asked.get("said").filter(|said| said == "out").map(|_| "You are signed out.");
    card("Sign in", &form(&console, &next(asked.get("next").as_deref()), "", said))
}

/// Lets somebody in, or not.
pub(in crate::console) async fn sign_in(
    State(console): State<Console>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Extension(fields): Extension<Fields>,
) -> Result<Response, Refusal> {
    let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let attempt = Attempt {
        login: fields.get("login").to_owned(),
        password: Secret::new(fields.get("password").to_owned()),
        address: console.address(&headers, peer.as_ref().map(|Extension(peer)| peer)),
    };
    let next = next(Some(fields.get("next")));
    match console.fleet.sign_in(attempt, browser).await {
        // See other: the form isn't sent again by going back.
        Ok((_, token)) => Ok(with_cookie(Redirect::to(&next).into_response(), token.expose())),
        Err(SignInRefused::Wrong) => {
            let said = "The name or the password isn't right.";
            Ok((StatusCode::UNAUTHORIZED, card("Sign in", &form(&console, &next, said, None))).into_response())
        }
        Err(SignInRefused::Blocked { until }) => Err(Refusal::blocked(until)),
        Err(SignInRefused::Failed(error)) => Err(error.into()),
    }
}

/// Ends the session.
pub(in crate::console) async fn sign_out(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let session = &visitor.signed_in.session;
    console.fleet.store.close_sessions(session.user_id, Some(session.id), clock::now()).await?;
    Ok(with_cookie(Redirect::to(&format!("{SIGN_IN}?said=out")).into_response(), ""))
}

/// Where to go on: a page of the console, and nowhere else.
pub(super) fn next(wanted: Option<&str>) -> String {
    let is_ours = |path: &&str| {
        (*path == "/console" || path.starts_with("/console/") || path.starts_with("/console?"))
            && !path.starts_with(SIGN_IN)
            && !path.contains(['\\', '\r', '\n'])
    };
    wanted.filter(is_ours).unwrap_or("/console").to_owned()
}

fn form(console: &Console, next: &str, refused: &str, said: Option<&str>) -> Markup {
    html! {
        @let oidc = &console.fleet.config.console.oidc;
        @if let Some(said) = said { p.said role="status" { (said) } }
        @if !refused.is_empty() { p.alert role="alert" id="refused" { (refused) } }
        @if !oidc.issuer.is_empty() {
            @let to: String = byte_serialize(next.as_bytes()).collect();
            p { a.button.primary href=(format!("/console/oidc/start?next={to}")) { "Sign in with " (oidc.name) } }
            p.quiet { "Or with a password of this console:" }
        }
        form.stack method="post" action=(SIGN_IN) {
            input type="hidden" name="next" value=(next);
            label { "Name"
                input name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus
                    aria-describedby=[(!refused.is_empty()).then_some("refused")];
            }
            label { "Password"
                input type="password" name="password" autocomplete="current-password" required;
            }
            button.primary type="submit" { "Sign in" }
        }
        p.quiet { "An account is made with " code { "coordinator user create" } "." }
    }
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn nobody_is_sent_elsewhere_after_signing_in() {
        for hostile in ["https://evil.example", "//evil.example", "/consolevil", "/console/..\\evil", "/v1", ""] {
            assert_eq!(next(Some(hostile)), "/console", "{hostile}");
        }
        assert_eq!(next(Some("/console/connections?status=active")), "/console/connections?status=active");
        assert_eq!(next(Some("/console/login")), "/console");
    }
}
