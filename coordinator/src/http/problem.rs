//! Problems: every answer that isn't what was asked for, as `application/problem+json`
//! (RFC 9457) with a code, the request's id and, for validation, a pointer to each
//! field.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::challenge::{ChallengeEvent, ChallengeState};
use protocol::lease::{BUDGET_SPENT, DOUBT_SPENT, INTENT_OPEN, LEASE_LOST};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id;
use crate::clock;
use crate::fleet::{Error, KeyRefused};
use crate::queue::QueueError;
use crate::store::{Refused, StoreError};

/// After how many seconds to come back when something behind Bursar is away.
const RETRY_AFTER: u64 = 2;

/// An answer that isn't what was asked for.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    /// After how many seconds to come back.
    retry_after: Option<u64>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// JSON pointer (RFC 6901) into the body.
    pub(super) pointer: String,
    /// What kind of fault it is.
    pub(super) code: &'static str,
    /// What would be right.
    pub(super) message: String,
}

/// An answer that isn't what was asked for, by RFC 9457.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem, example = json!({
    "type": "urn:bursar:problem:not_found", "title": "Not Found", "status": 404,
    "detail": "There is no such thing, or it isn't yours.", "code": "not_found",
    "requestId": "req_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b",
}))]
pub(super) struct ProblemBody {
    /// A URN that ends in the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 100, maximum = 599)]
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// What programs tell problems apart by.
    code: &'static str,
    /// The request's id, also in the header `x-request-id`.
    request_id: String,
    /// For `validation_failed`: the fields in question.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after: None }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing, or it isn't yours.")
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "Send a valid key as `Authorization: Bearer <key>`.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors.first().map_or_else(String::new, |error| match error.pointer.as_str() {
            "" => error.message.clone(),
            pointer => format!("{pointer}: {}", error.message),
        });
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", detail) }
    }

    pub(super) fn faulty_script(errors: Vec<FieldError>) -> Self {
        let detail = errors.first().map_or_else(String::new, |error| error.message.clone());
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "script_faulty", detail) }
    }

    pub(super) fn cursor_expired() -> Self {
        let detail = "The cursor is too old. Begin again: without a cursor, from the list or the stream's head.";
        Self::new(StatusCode::GONE, "cursor_expired", detail)
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub(super) fn internal() -> Self {
        let detail = "Something is wrong on our side, and trying again won't mend it. Its log has the request's id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }

    fn unavailable(what: &str) -> Self {
        let detail = format!("{what} can't be reached right now; try again.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(RETRY_AFTER)
    }

    pub(super) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let detail = format!("This key asks too often. Wait {seconds} s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(seconds)
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What is wrong with one field of a body.
    pub(super) fn field(pointer: &str, message: &str) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), code: "invalid", message: message.into() }])
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: format!("urn:bursar:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code,
            request_id: request_id::current(),
            errors: self.errors,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let said = refused.to_string();
        match refused {
            Refused::NotFound => Self::not_found(),
            Refused::IllegalEvent(_) | Refused::NotActive(_) | Refused::NotInSetup(_) => {
                Self::conflict("illegal_state", said)
            }
            // Who it is stays in the console.
            Refused::WheelHeld { .. } => {
                Self::conflict("wheel_held", "An operator has the bank's page to themselves right now.")
            }
            Refused::IllegalChallengeEvent(illegal) if illegal.state == ChallengeState::Open => {
                let detail = "There is nothing to answer: it is approved in the bank's app or on its device, or passed by an \
                              operator in the page itself.";
                Self::conflict("takes_no_answer", detail)
            }
            Refused::IllegalChallengeEvent(illegal) if illegal.event == ChallengeEvent::Resend => {
                let detail = format!("This challenge is {}; no new code is sent for it.", illegal.state);
                Self::conflict("challenge_closed", detail)
            }
            Refused::ResendImpossible => {
                let detail = "The portal has no way to send a new code here, or none that its script knows.";
                Self::conflict("resend_impossible", detail)
            }
            Refused::ResendsSpent => {
                Self::conflict("resends_spent", "The bank was asked for as many new codes as it may be in one sign-in.")
            }
            Refused::ResendTooSoon(after) => {
                let wait = after.duration_since(clock::now()).as_secs().max(0).unsigned_abs() + 1;
                let detail = format!("The bank has only just sent a code. Wait {wait} s.");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "resend_too_soon", detail).retry_after(wait)
            }
            Refused::IllegalChallengeEvent(illegal) => {
                let detail = format!("This challenge is {} and takes no answer.", illegal.state);
                Self::conflict("challenge_closed", detail)
            }
            Refused::CredentialsMissing => {
                Self::conflict("credentials_missing", "Give the delegated user's credentials first.")
            }
            Refused::RunUnderWay => Self::conflict("run_under_way", "A run of this connection is under way."),
            Refused::Changed => Self::conflict("changed", "Somebody else changed this at the same time; try again."),
            Refused::Duplicate => Self::conflict("duplicate", "Something with this name is there already."),
            Refused::KeyEnded => Self::conflict("key_ended", "This key was revoked or has expired."),
            Refused::KeyReplaced => {
                let detail = "Another key took over from this one already; rotate that one.";
                Self::conflict("key_replaced", detail)
            }
            Refused::LeaseLost => Self::conflict(LEASE_LOST, "The lease isn't held under this fence any more."),
            Refused::BudgetSpent => {
                let detail = "The bank refused these credentials. Give new ones; they aren't tried again.";
                Self::conflict(BUDGET_SPENT, detail)
            }
            Refused::DoubtSpent => {
                let detail = "The bank never said what it made of the last passwords. A person has to look.";
                Self::conflict(DOUBT_SPENT, detail)
            }
            Refused::LastAdministrator => {
                Self::conflict("last_administrator", "Nobody would be left who administers the whole fleet.")
            }
            Refused::LoginInUse => {
                Self::conflict("login_in_use", "The same bank user is signed in for another connection.")
            }
            Refused::IntentOpen => Self::conflict(INTENT_OPEN, "Settle the open intent first."),
            Refused::PositionGone => {
                let detail = "This cursor is too old for the stream. Ask for its head and read the lists again.";
                Self::new(StatusCode::GONE, "cursor_expired", detail)
            }
            Refused::DefaultEntity => Self::conflict("default_entity", "The default entity can't be deleted."),
            Refused::EntitySyncing => {
                Self::conflict("run_under_way", "A run of one of this entity's connections is under way.")
            }
            Refused::WebhookLimit => Self::conflict(
                "webhook_limit",
                "There are as many webhook endpoints as there may be; delete one first.",
            ),
            Refused::WebhookInactive => {
                Self::conflict("webhook_inactive", "This endpoint is switched off. Activate it first.")
            }
            Refused::NotSubscribed(event) => {
                Self::conflict("not_subscribed", format!("This endpoint didn't subscribe to `{event}`."))
            }
            Refused::Undecidable(_) => Self::conflict("undecidable", said),
            Refused::TakenBackBefore => Self::conflict("already_taken_back", "The import was taken back before."),
            Refused::ReadingGone => {
                let detail = "The import's reading isn't kept any more, so that nothing tells what it alone put in.";
                Self::conflict("reading_gone", detail)
            }
            Refused::DecidedSince(decision) => {
                let detail =
                    format!("Decision {decision} was made since and is about one of its transactions; undo it first.");
                Self::conflict("decided_since", detail)
            }
            Refused::Strayed(_) => Self::conflict("strayed", said),
            Refused::StaleRollout(_) => Self::conflict("stale_rollout", said),
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
        if error.passes() { Self::unavailable("The store") } else { Self::internal() }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refused) => refused.into(),
            Error::Invalid { field, reason } => {
                Self::invalid(vec![FieldError { pointer: field.into(), code: "invalid", message: reason }])
            }
            Error::Busy => Self::unavailable("A place to sign in"),
            Error::ScriptMissing => {
                let detail = "No script describes this portal yet.";
                Self::conflict("script_missing", detail)
            }
            Error::Queue(_) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue failed");
                Self::unavailable("The queue")
            }
            Error::Vault(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the vault failed");
                Self::internal()
            }
        }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        Error::from(error).into()
    }
}

impl From<KeyRefused> for Problem {
    fn from(refused: KeyRefused) -> Self {
        match refused {
            KeyRefused::Invalid => Self::unauthorized(),
            KeyRefused::Store(error) => error.into(),
        }
    }
}

/// Nothing is served there.
pub(super) async fn unknown_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "Nothing is served at this address.")
}

/// Something is served there, by another method.
pub(super) async fn wrong_method() -> Problem {
    let detail = "This address doesn't take this method.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
