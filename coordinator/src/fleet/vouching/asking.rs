//! Requests to a provider: bounded in time and size, and led nowhere else.
//!
//! Not here: what is asked.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};

use super::VouchError;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer, in bytes.
const LARGEST: usize = 1024 * 1024;

/// What a provider's answer, or the lack of one, comes to; the whole chain of causes, of which none holds a secret.
pub(super) fn unusable(error: impl std::error::Error) -> VouchError {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    VouchError::Unusable(said)
}

/// Why a request to a provider came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error(transparent)]
    Failed(#[from] reqwest::Error),
    #[error("the answer is larger than {LARGEST} bytes")]
    TooLarge,
    #[error(transparent)]
    Malformed(#[from] openidconnect::http::Error),
}

pub(super) fn http() -> Result<reqwest::Client, VouchError> {
    // Whoever is asked answers; where a redirect leads isn't anything that an operator set.
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    client.build().map_err(unusable)
}

/// Asks a provider.
pub(super) async fn ask(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, AskError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = openidconnect::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > LARGEST {
            return Err(AskError::TooLarge);
        }
    }
    Ok(response.body(body)?)
}
