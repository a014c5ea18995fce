//! `Idempotency-Key`: a POST that is sent again within 24 hours, with the same key and
//! the same body, is answered as the first was and changes nothing.
//!
//! Choice: a key belongs to the API key that it was used with, so that an answer is
//! never shown to somebody with other scopes. Problems that may pass (401, 403, 429 and
//! 5xx) aren't kept. While the first request is at work a second is told so with 409.
//!
//! A coordinator that dies between the change and keeping its answer leaves the request
//! open: after [`STALE`] it is carried out once more.
//!
//! Not here: PUT, PATCH and DELETE, which can be repeated as they are.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::id::OrganizationId;
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::SignedDuration;

use super::App;
use super::body::read_body;
use super::problem::Problem;
use super::request_id;
use crate::clock;
use crate::fleet::{ANSWERS_KEPT, Caller};
use crate::store::{Begun, IdempotentAnswer, IdempotentRequest};
use crate::vault::mac;

/// The header of a request.
pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key.
pub(super) const LONGEST: usize = 255;

/// After what time a request that has no answer is taken for lost.
const STALE: SignedDuration = SignedDuration::from_secs(60);

/// Answers a POST with a key once.
pub(super) async fn layer(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let (Some(key), &Method::POST) = (key(request.headers())?, request.method()) else {
        return Ok(next.run(request).await);
    };
    let caller = request.extensions().get::<Caller>().cloned().ok_or_else(Problem::unauthorized)?;
    let (parts, body) = request.into_parts();
    let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let now = clock::now();
    let attempt = Attempt {
        request: IdempotentRequest {
            key_id: caller.key_id,
            idempotency_key: key,
            fingerprint: app.fingerprint(path, &bytes),
            begun_at: now,
        },
        organization_id: caller.organization_id,
        app,
    };
    match attempt.app.fleet.store.begin_idempotent(&attempt.request, now - STALE, now - ANSWERS_KEPT).await? {
        Begun::First => {
            // To its end, even if the caller hangs up: whoever asks again gets this answer.
            let request = Request::from_parts(parts, Body::from(bytes));
            request_id::to_its_end(async move { attempt.carry_out(request, next).await }).await
        }
        Begun::Answered(answer) => attempt.replay(answer).await,
        Begun::UnderWay => {
            let detail = "The first request with this Idempotency-Key is still at work; ask again.";
            Err(Problem::conflict("idempotency_under_way", detail).retry_after(1))
        }
        Begun::Different => {
            let detail = "This Idempotency-Key was used with another call or another body; take a new one.";
            Err(Problem::conflict("idempotency_key_reused", detail))
        }
    }
}

/// One request under a key.
struct Attempt {
    app: App,
    organization_id: OrganizationId,
    request: IdempotentRequest,
}

impl Attempt {
    async fn carry_out(self, request: Request, next: Next) -> Result<Response, Problem> {
        let response = next.run(request).await;
        let status = response.status();
        let store = &self.app.fleet.store;
        if may_pass(status) {
            store.abandon_idempotent(&self.request).await?;
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.map_err(|_| Problem::internal())?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::internal())?;
        let sealed = self.app.fleet.sealer.seal(self.organization_id, &self.context(), &Secret::new(text)).await;
        let sealed = sealed.map_err(crate::fleet::Error::from)?;
        store.answer_idempotent(&self.request, IdempotentAnswer { status: status.as_u16(), sealed }).await?;
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    async fn replay(&self, answer: IdempotentAnswer) -> Result<Response, Problem> {
        let text = self.app.fleet.sealer.open(self.organization_id, &self.context(), &answer.sealed).await;
        let text = text.map_err(crate::fleet::Error::from)?;
        let status = StatusCode::from_u16(answer.status).map_err(|_| Problem::internal())?;
        let media = if status.is_success() { "application/json" } else { "application/problem+json" };
        let mut response = (status, Bytes::copy_from_slice(text.expose().as_bytes())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    /// What an answer is sealed for.
    fn context(&self) -> String {
        format!("answer to {} of key {}", self.request.idempotency_key, self.request.key_id)
    }
}

impl App {
    /// What tells one request from another; keyed, since a body may hold a secret that
    /// could be guessed.
    fn fingerprint(&self, path: &str, body: &[u8]) -> Vec<u8> {
        let mut mac = mac(self.idempotency_key.as_slice());
        mac.update(path.as_bytes());
        mac.update(&[0]);
        mac.update(body);
        mac.finalize().into_bytes().to_vec()
    }
}

/// Whether the same request may be answered otherwise later.
fn may_pass(status: StatusCode) -> bool {
    let passing = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || passing.contains(&status)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=LONGEST).contains(&text.len()));
    let detail = "`Idempotency-Key` has 1 to 255 printable ASCII characters.";
    text.map(|text| Some(text.to_owned())).ok_or_else(|| Problem::bad_request("invalid_idempotency_key", detail))
}
