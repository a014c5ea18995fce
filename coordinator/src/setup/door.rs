//! The door of the set-up page: whose link it is, how often it may ask, what a form has to show, and what goes out with
//! every answer.
//!
//! The link is all that anybody shows. It is in no log, no referrer and no index; a form is taken only from a page of
//! this site, which has to know the link itself.
//!
//! Not here: what a token says (`fleet`).

use std::net::SocketAddr;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::audit::{Actor, ActorKind};

use super::Setup;
use super::frame::{Tone, card};
use crate::buckets::Buckets;
use crate::console::{Fields, LARGEST_FORM, address, is_from_here};
use crate::fleet::{SetupLink, SetupStanding};
use crate::store::{OwnedConnection, acting};

/// What a page may load and do; whose frames may show it is added.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'";

/// How many requests a link is good for in a second, and at once: its page looks for itself again.
const OF_LINK: (u32, u32) = (5, 60);

/// The same of an address without a link of ours.
const OF_ADDRESS: (u32, u32) = (2, 20);

/// How often may be asked.
pub(super) struct Pace {
    links: Buckets,
    addresses: Buckets,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { links: Buckets::of(OF_LINK), addresses: Buckets::of(OF_ADDRESS) }
    }
}

/// Whose link it is.
#[derive(Clone)]
pub(super) struct Guest {
    /// As it stands in the address.
    pub(super) token: String,
    pub(super) standing: Standing,
}

/// Where the connection stands.
#[derive(Clone)]
pub(super) enum Standing {
    Open(OwnedConnection),
    Done(OwnedConnection),
}

/// Adds what goes out with every answer.
pub(super) async fn headers(State(setup): State<Setup>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let ancestors = &setup.fleet.config.setup.frame_ancestors;
    let ancestors = if ancestors.is_empty() { "'none'".to_owned() } else { ancestors.join(" ") };
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&format!("{POLICY}; frame-ancestors {ancestors}")) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Lets those in who have a link that is good for something.
pub(super) async fn link(
    State(setup): State<Setup>,
    Path(parameters): Path<Vec<(String, String)>>,
    mut request: Request,
    next: Next,
) -> Response {
    let token = parameters.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token).unwrap_or_default();
    let known = setup.fleet.read_setup_link(&token);
    let taken = match &known {
        Some(link) => setup.pace.links.take(&link.id),
        None => {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            let trusted = setup.fleet.config.console.client_address_header.as_deref();
            setup.pace.addresses.take(&address(trusted, request.headers(), peer))
        }
    };
    if let Err(seconds) = taken {
        return too_often(&setup, seconds);
    }
    let standing = match standing(&setup, known.as_ref()).await {
        Ok(standing) => standing,
        Err(response) => return response,
    };
    // What is done is the link's act; without one there is nothing to be done.
    let actor = Actor::new(ActorKind::SetupLink, known.map(|link| link.id).unwrap_or_default(), "");
    request.extensions_mut().insert(Guest { token, standing });
    acting(actor, next.run(request)).await
}

async fn standing(setup: &Setup, link: Option<&SetupLink>) -> Result<Standing, Response> {
    let Some(link) = link else { return Err(over(setup)) };
    match setup.fleet.setup_standing(link).await {
        Ok(SetupStanding::Open(owned)) => Ok(Standing::Open(*owned)),
        Ok(SetupStanding::Done(owned)) => Ok(Standing::Done(*owned)),
        Ok(SetupStanding::Over) => Err(over(setup)),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a set-up page can't be shown");
            Err(unavailable(setup))
        }
    }
}

/// Reads a form, which has to come from a page of this site.
pub(super) async fn form(State(setup): State<Setup>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    if !is_from_here(request.headers(), &setup.fleet.config.public_url()) {
        let say = "This didn't come from this page, so nothing was done with it. Open the link again.";
        return card(&setup.brand, Tone::Bad, StatusCode::FORBIDDEN, "Nothing was done", say);
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_FORM).await else {
        let say = "What was sent is too long.";
        return card(&setup.brand, Tone::Bad, StatusCode::PAYLOAD_TOO_LARGE, "Nothing was done", say);
    };
    let mut request = Request::from_parts(parts, axum::body::Body::empty());
    request.extensions_mut().insert(Fields::of_form(&bytes));
    next.run(request).await
}

/// A link that is good for nothing, whatever it was: which of these isn't told.
fn over(setup: &Setup) -> Response {
    let say = "It may have expired, or somebody has ended it. Ask whoever sent it to you for a new one.";
    card(&setup.brand, Tone::Bad, StatusCode::NOT_FOUND, "This link isn't valid any more", say)
}

fn too_often(setup: &Setup, seconds: u64) -> Response {
    let say = "Wait a moment, then load the page again.";
    let mut response =
        card(&setup.brand, Tone::Bad, StatusCode::TOO_MANY_REQUESTS, "This page was asked for too often", say);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn unavailable(setup: &Setup) -> Response {
    let say = "Something is wrong on our side, and nothing is lost. Load the page again in a minute.";
    card(&setup.brand, Tone::Bad, StatusCode::SERVICE_UNAVAILABLE, "Not just now", say)
}

/// Nothing is there.
pub(super) async fn nowhere(State(setup): State<Setup>) -> Response {
    over(&setup)
}
