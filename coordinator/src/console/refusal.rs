//! What couldn't be, as a page that says what to do.
//!
//! Not here: problems of the API; those are JSON.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::role::Role;
use jiff::{SignedDuration, Timestamp};
use maud::html;

use super::frame::card;
use super::parts::moment_of;
use crate::clock;
use crate::fleet::{Error, VouchError};
use crate::queue::QueueError;
use crate::store::{Refused, StoreError};

/// When to ask again where too many passwords are looked at: by then those that wait have been.
const BUSY_FOR: SignedDuration = SignedDuration::from_secs(5);

/// A page that says what couldn't be.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    title: &'static str,
    said: String,
    back: Option<String>,
    until: Option<Timestamp>,
}

impl Refusal {
    fn new(status: StatusCode, title: &'static str, said: impl Into<String>) -> Self {
        Self { status, title, said: said.into(), back: None, until: None }
    }

    /// The page that one goes back to.
    pub(super) fn back(self, path: impl Into<String>) -> Self {
        Self { back: Some(path.into()), ..self }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", "There is no such thing, or it isn't yours to see.")
    }

    pub(super) fn signed_out() -> Self {
        let said = "Your session has ended. Sign in again; nothing was changed.";
        Self::new(StatusCode::UNAUTHORIZED, "Signed out", said)
    }

    pub(super) fn role(needed: Role) -> Self {
        let said = format!("This needs the role “{needed}”. An administrator can give it to you under Users.");
        Self::new(StatusCode::FORBIDDEN, "Not allowed", said)
    }

    pub(super) fn foreign_form() -> Self {
        let said = "This form isn't one of your session's pages: it may be an old one. Open the page again and send it \
                    from there. Nothing was changed.";
        Self::new(StatusCode::FORBIDDEN, "Not from here", said)
    }

    /// A socket that no page of this site opens.
    pub(super) fn foreign_socket() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not from here", "Only a page of this site opens this.")
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "What was sent is larger than any form here.")
    }

    pub(super) fn invalid(said: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Not like this", said)
    }

    pub(super) fn conflict(said: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Not now", said)
    }

    /// After too many attempts.
    pub(super) fn blocked(until: Timestamp) -> Self {
        let said = "There were too many attempts to sign in that came to nothing. The next one is looked at later.";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many attempts", said);
        Self { until: Some(until), ..refusal.back(super::door::SIGN_IN) }
    }

    fn unavailable(what: &str) -> Self {
        let said = format!("{what} can't be reached right now. Try again in a moment.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Away", said)
    }

    fn busy() -> Self {
        let said = "Too many people are signing in at this moment, or somebody has guesses sent. Nothing was counted.";
        let until = clock::now().checked_add(BUSY_FOR).ok();
        Self { until, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", said).back(super::door::SIGN_IN) }
    }

    fn internal() -> Self {
        let said = "Something is wrong on our side, and trying again won't mend it. The coordinator's log says more.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Our fault", said)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let now = clock::now();
        let back = self.back.as_deref().unwrap_or("/console");
        let body = html! {
            p { (self.said) }
            @if let Some(until) = self.until { p { "Try again " (moment_of(now, until)) "." } }
            p { a.button href=(back) { "Back" } }
        };
        let mut response = (self.status, card(self.title, &body)).into_response();
        if let Some(until) = self.until {
            let seconds = until.duration_since(now).as_secs().max(0).unsigned_abs() + 1;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<VouchError> for Refusal {
    fn from(error: VouchError) -> Self {
        let refusal = |status, title, said: &str| Self::new(status, title, said).back(super::door::SIGN_IN);
        match error {
            VouchError::NotSet => Self::not_found(),
            VouchError::Unusable(why) => {
                tracing::error!(
                    why,
                    hint = "see the settings under [console.oidc]",
                    "the OpenID provider can't be used"
                );
                let said = "The service that vouches for you can't be used right now. The coordinator's log says more.";
                refusal(StatusCode::BAD_GATEWAY, "Away", said)
            }
            VouchError::Denied(why) => {
                tracing::warn!(why, "the OpenID provider refused somebody");
                refusal(StatusCode::FORBIDDEN, "Not let in", "The service that vouches for people here refused.")
            }
            VouchError::Stale => {
                let said = "This sign-in wasn't begun in this browser, or too long ago. Begin it again.";
                refusal(StatusCode::BAD_REQUEST, "Begun too long ago", said)
            }
            VouchError::NoRole => {
                let said = "You are known, but no group of yours has a role here. Whoever administers the groups can \
                            put you into one.";
                refusal(StatusCode::FORBIDDEN, "No role", said)
            }
            VouchError::ShutOut => refusal(StatusCode::FORBIDDEN, "Shut out", "An administrator has shut you out."),
            VouchError::Failed(error) => error.into(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refused) => refused.into(),
            Error::Invalid { field, reason } => {
                let field = field.trim_start_matches('/');
                Self::invalid(if field.is_empty() { reason } else { format!("{field}: {reason}.") })
            }
            Error::Busy => Self::busy(),
            Error::ScriptMissing => Self::conflict("No script describes this portal yet."),
            Error::Queue(error) => error.into(),
            Error::Vault(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the vault failed");
                Self::internal()
            }
        }
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the queue failed");
        Self::unavailable("The queue")
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
        if error.passes() { Self::unavailable("The store") } else { Self::internal() }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::not_found(),
            Refused::Store(error) => error.into(),
            Refused::RunUnderWay => Self::conflict("A run of this connection is under way."),
            Refused::Duplicate => Self::conflict("Something with this name is there already."),
            Refused::LastAdministrator => Self::conflict(
                "Nobody would be left who administers the whole fleet. Make somebody else an administrator first.",
            ),
            Refused::ResendTooSoon(after) => {
                let said = "The bank has only just sent a code. It may still come.";
                Self { until: Some(after), ..Self::conflict(said) }
            }
            Refused::WebhookInactive => Self::conflict("This endpoint is switched off."),
            refused => {
                let mut said = refused.to_string();
                if let Some(first) = said.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                Self::conflict(said + ".")
            }
        }
    }
}
