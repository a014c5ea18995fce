//! `/simplefin`: a bridge for applications that speak the SimpleFIN protocol, read-only.
//! Answers have the shapes of version 1 and of the draft of version 2 side by side
//! (<https://www.simplefin.org/protocol.html>).
//!
//! Not here: how tokens are made and checked (`fleet`).

mod account_set;

use axum::Json;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use self::account_set::{AccountSet, Wanted};
use super::App;
use super::problem::Problem;
use crate::clock;
use crate::fleet::{Error, SIMPLEFIN_ROOT};
use crate::store::{Refused, SimpleFinToken};

/// Nothing but the page itself and its own style.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const PAGE: &str = include_str!("simplefin/create.html");

pub(super) fn router() -> Router<App> {
    let calls = Router::new()
        .route("/info", get(async || Json(json!({ "versions": ["1.0", "2.0"] }))))
        .route("/create", get(create))
        .route("/claim/{token}", post(claim))
        .route("/accounts", get(accounts));
    Router::new().nest(SIMPLEFIN_ROOT, calls)
}

async fn create() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY))], Html(PAGE)).into_response()
}

/// The access URL, once. The protocol answers anything else with 403.
async fn claim(State(app): State<App>, token: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    let Ok(Path(token)) = token else { return Ok(forbidden()) };
    match app.fleet.claim_simplefin_token(&token).await {
        Ok(access_url) => Ok(([(header::CACHE_CONTROL, "no-store")], access_url.expose().to_owned()).into_response()),
        Err(Error::Refused(Refused::NotFound)) => Ok(forbidden()),
        Err(error) => Err(error.into()),
    }
}

async fn accounts(State(app): State<App>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let token = match authenticate(&app, &headers).await {
        Ok(token) => token,
        Err(Error::Refused(Refused::NotFound)) => return Ok(forbidden()),
        Err(error) => return Err(error.into()),
    };
    app.throttle.check(&format!("simplefin {}", token.id))?;
    match Wanted::read(query.as_deref().unwrap_or_default()) {
        Ok(wanted) => {
            let set = AccountSet::read(&app, &token, &wanted).await?;
            Ok(([(header::CACHE_CONTROL, "no-store")], Json(set)).into_response())
        }
        Err(said) => Ok((StatusCode::BAD_REQUEST, Json(AccountSet::refused(&said))).into_response()),
    }
}

async fn authenticate(app: &App, headers: &HeaderMap) -> Result<SimpleFinToken, Error> {
    let basic = || {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, secret) = text.split_once(':')?;
        scheme.eq_ignore_ascii_case("basic").then(|| (user.to_owned(), secret.to_owned()))
    };
    let (user, secret) = basic().ok_or(Refused::NotFound)?;
    app.fleet.simplefin_token(&user, &secret, clock::now()).await
}

/// Applications know this very text: some look at nothing else, and take any other for an
/// access URL.
fn forbidden() -> Response {
    (StatusCode::FORBIDDEN, "Forbidden").into_response()
}
