//! Every request has an id, which its log records, its answer's header and its
//! envelope carry. A caller's own is taken if it is plain.
//!
//! Not here: bodies, queries or paths; those are never logged.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use tracing::field::Empty;
use uuid::Uuid;

use super::problem::Problem;
use crate::store::{acting, actor};

/// The header in both directions.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered.
pub(super) fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// The same work with the request's id and in the same name, for a task of its own.
fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(current(), acting(actor(), work.in_current_span()))
}

/// Has work come to its end, even if whoever asked for it hangs up.
///
/// # Errors
/// Its own, and that it panicked.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(carried(work)).await.map_err(|_| Problem::internal())?
}

/// Gives the request its id, and logs what became of it.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    let plain = |text: &&str| {
        (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let id = given.filter(plain).map_or_else(|| format!("req_{}", Uuid::now_v7().simple()), str::to_owned);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // The pattern and not the path: paths hold ids, and whatever a stranger sends.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request_id = id, %method, route, key_id = Empty, run_id = Empty);
    if let Some(run_id) = run_in(&path) {
        span.record("run_id", run_id);
    }
    let started = Instant::now();
    let answer = async {
        let mut response = next.run(request).await;
        let status = response.status().as_u16();
        let milliseconds = started.elapsed().as_millis();
        if status >= 500 {
            tracing::warn!(status, milliseconds, "answered");
        } else {
            tracing::debug!(status, milliseconds, "answered");
        }
        metrics::histogram!("bursar_http_request_seconds", "route" => route.clone(), "status" => status.to_string())
            .record(started.elapsed().as_secs_f64());
        if let Ok(value) = HeaderValue::from_str(&current()) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    };
    CURRENT.scope(id, answer.instrument(span)).await
}

/// The run that a call of the lease protocol is about, so that its records can be found
/// by the run's id in every process.
fn run_in(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/agent/v1/leases/")?.split('/').next()?;
    Uuid::parse_str(id).is_ok().then_some(id)
}
