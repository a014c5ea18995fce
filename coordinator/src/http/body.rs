//! Bodies, queries and ids in paths: read whole, or refused with the place and the
//! reason. What was sent is never repeated in a refusal; it may be a password.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;
use uuid::Uuid;

use super::App;
use super::problem::{FieldError, Problem};

/// How JSON writes U+0000; as it is, it isn't JSON.
const NUL: &[u8] = b"\\u0000";

/// How much of a body that is too large is read and thrown away, in bytes.
const MOST_THROWN_AWAY: usize = 32 << 20;

/// The largest body that a group of routes takes, in bytes.
#[derive(Clone, Copy)]
pub(super) struct BodyLimit(pub(super) usize);

/// The parameters of a request by name.
pub(super) type Parameters = serde_json::Map<String, serde_json::Value>;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(not_json());
        }
        let bytes = read_body(request).await?;
        read_json(&bytes).map(Self)
    }
}

/// A JSON body, or none, which stands for the usual.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        let request = Request::from_parts(parts, axum::body::Body::from(bytes));
        Body::from_request(request, app).await.map(|Body(body)| Self(body))
    }
}

/// A field that may be left out and isn't null: `#[serde(default, deserialize_with = "present")]`.
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// No body, or an empty object.
pub(super) struct NoBody;

impl FromRequest<App> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let bytes = read_body(request).await?;
        match bytes.trim_ascii() {
            b"" | b"{}" => Ok(Self),
            _ => Err(Problem::new(StatusCode::BAD_REQUEST, "unexpected_body", "This call takes no body.")),
        }
    }
}

/// The parameters behind the question mark; unknown and repeated ones are refused.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        read_parameters(take_parameters(parts)?).map(Self)
    }
}

/// The parameters by name, each a text.
pub(super) fn take_parameters(parts: &Parts) -> Result<Parameters, Problem> {
    let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let mut parameters = Parameters::new();
    for (name, value) in pairs {
        if name.contains('\0') || value.contains('\0') {
            return Err(bad_query("U+0000 can't be part of a parameter".into()));
        }
        if parameters.insert(name.clone().into_owned(), value.into_owned().into()).is_some() {
            return Err(bad_query(format!("the parameter `{}` is given twice", printable(&name))));
        }
    }
    Ok(parameters)
}

/// Reads parameters as what a call takes.
pub(super) fn read_parameters<T: DeserializeOwned>(parameters: Parameters) -> Result<T, Problem> {
    let read = serde_path_to_error::deserialize(serde_json::Value::Object(parameters));
    read.map_err(|error| {
        let name = error.path().to_string();
        let reason = reason(&error.inner().to_string());
        bad_query(if name == "." { reason } else { format!("`{}`: {reason}", printable(&name)) })
    })
}

/// A call without parameters: one that is given may be meant to change what the call does.
pub(super) struct NoQuery;

impl FromRequestParts<App> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match take_parameters(parts)?.keys().next() {
            None => Ok(Self),
            Some(name) => Err(bad_query(format!("this call has no parameter `{}`", printable(name)))),
        }
    }
}

/// The ids of a path, in order. One that can't be an id is not found, like any other
/// that isn't there.
pub(super) struct Ids<const N: usize>(pub(super) [Uuid; N]);

impl<const N: usize> FromRequestParts<App> for Ids<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let texts = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Path(texts) = texts.map_err(|_| Problem::not_found())?;
        let ids: Option<Vec<Uuid>> = texts.iter().map(|(_, text)| Uuid::parse_str(text).ok()).collect();
        let ids = ids.and_then(|ids| ids.try_into().ok());
        ids.map(Self).ok_or_else(Problem::not_found)
    }
}

/// Reads a body whole. One that is too large is read on and thrown away, for a while:
/// a sender that is still writing wouldn't hear the answer.
pub(super) async fn read_body(request: Request) -> Result<Vec<u8>, Problem> {
    let limit = request.extensions().get::<BodyLimit>().map_or(0, |limit| limit.0);
    let broken = || Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "The body broke off.");
    let (mut body, mut read) = (Vec::new(), 0_usize);
    let mut chunks = request.into_body().into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| broken())?;
        read = read.saturating_add(chunk.len());
        if read > MOST_THROWN_AWAY.max(limit) {
            break;
        }
        if read <= limit {
            body.extend_from_slice(&chunk);
        }
    }
    if read <= limit {
        return Ok(body);
    }
    let detail = format!("The body is larger than {limit} bytes.");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail))
}

pub(super) fn bad_query(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // PostgreSQL can't keep it, and no text of a bank or a person holds it.
    let is_escape = |at: usize| bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0;
    if bytes.windows(NUL.len()).enumerate().any(|(at, window)| window == NUL && is_escape(at)) {
        let message = "U+0000 can't be part of a text".into();
        return Err(Problem::invalid(vec![FieldError { pointer: String::new(), code: "invalid", message }]));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            let pointer = pointer(error.path());
            return Problem::invalid(vec![FieldError {
                pointer,
                code: "invalid",
                message: reason(&inner.to_string()),
            }]);
        }
        malformed(inner)
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(read)
}

fn not_json() -> Problem {
    let detail = "Send the body as `Content-Type: application/json`.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let detail = format!("The body isn't JSON: look at line {}, column {}.", error.line(), error.column());
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Segment::Seq { index } => Some(format!("/{index}")),
        _ => None,
    };
    path.iter().filter_map(segment).collect()
}

/// What was expected, without what was sent.
fn reason(said: &str) -> String {
    let said = said.split(" at line ").next().unwrap_or(said);
    let named = ["unknown field `", "missing field `", "duplicate field `"];
    // From behind: what was sent may hold the same words.
    match said.rsplit_once(", expected ") {
        Some((head, expected)) if head.starts_with("unknown field `") => {
            format!("{}; expected {}", printable(head), printable(expected))
        }
        // Not the name that a type has in here.
        Some((_, expected)) if ["struct ", "internally tagged"].iter().any(|inner| expected.starts_with(inner)) => {
            "expected a JSON object".into()
        }
        Some((_, expected)) => format!("expected {}", printable(expected)),
        None if named.iter().any(|name| said.starts_with(name)) => printable(said),
        None if said.contains(" is not one of ") => {
            let known = said.rsplit(" is not one of ").next().unwrap_or_default();
            format!("expected one of {known}")
        }
        None => "this isn't a value that can stand here".into(),
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        password: String,
    }

    /// The problem, as the caller sees it.
    fn told(body: &str) -> String {
        read_json::<Sent>(body.as_bytes()).map_or_else(|problem| format!("{problem:?}"), |_| String::new())
    }

    #[test]
    fn what_was_sent_is_never_repeated() {
        for body in [
            r#""me, expected hunter2""#,
            r#"[["hunter2"]]"#,
            r#"{"password": ["hunter2"]}"#,
            r#"{"password": 2, "x, expected ": 1}"#,
            "hunter2",
        ] {
            assert!(!told(body).is_empty() && !told(body).contains("hunter2"), "{}", told(body));
        }
    }

    #[test]
    fn only_the_letter_itself_is_refused_and_not_its_spelling() {
        assert!(told(r#"{"password": "a\u0000b"}"#).contains("U+0000"));
        assert!(told(r#"{"password": "a\\\u0000b"}"#).contains("U+0000"));
        assert_eq!(told(r#"{"password": "a\\u0000b"}"#), "");
    }
}
