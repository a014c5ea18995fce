//! An integrator: holds a base URL and a key, and knows the public API.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::patience::eventually;

/// A client of one organization.
#[derive(Clone)]
pub struct Integrator {
    client: reqwest::Client,
    base: String,
    key: String,
}

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The media type.
    pub media: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, null where it isn't JSON.
    pub body: Value,
}

impl Answer {
    /// A header's value, empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The API didn't answer, or not as it promises.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer at all.
    #[error("{method} {path} got no answer")]
    NoAnswer {
        /// What was called.
        method: Method,
        /// Where.
        path: String,
        /// Why.
        source: reqwest::Error,
    },
    /// Another status than the one that was expected.
    #[error("{method} {path} answered {status}: {detail}")]
    Unexpected {
        /// What was called.
        method: Method,
        /// Where.
        path: String,
        /// The status.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// Something didn't come about in time.
    #[error("{what} didn't come about in time; last seen: {last}")]
    TooLate {
        /// What was awaited.
        what: String,
        /// What was there instead.
        last: String,
    },
}

impl Integrator {
    /// A client for the API at `base`.
    #[must_use]
    pub fn new(base: &str, key: &str) -> Self {
        // Without a provider reqwest can't make a client, not even one for plain http.
        let client = crate::client::client().timeout(Duration::from_secs(30)).build();
        Self { client: client.unwrap_or_default(), base: base.trim_end_matches('/').into(), key: key.into() }
    }

    /// The key that it holds.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Calls, and takes whatever the answer is.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`].
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, CallError> {
        self.call_with(method, path, body, &[]).await
    }

    /// Calls with further headers, and takes whatever the answer is.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`].
    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, CallError> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(&self.key);
        let request = match body {
            None => request,
            Some(body) => request.json(body),
        };
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let failed = |source| CallError::NoAnswer { method: method.clone(), path: path.into(), source };
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let media = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let bytes = answer.bytes().await.map_err(failed)?;
        Ok(Answer { status, media, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    async fn succeed(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CallError> {
        let answer = self.call(method.clone(), path, body).await?;
        match answer.status {
            200..300 => Ok(answer.body),
            status => {
                let detail = answer.body["detail"].as_str().unwrap_or_default().to_owned();
                Err(CallError::Unexpected { method, path: path.into(), status, detail })
            }
        }
    }

    /// Reads one thing.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn get(&self, path: &str) -> Result<Value, CallError> {
        self.succeed(Method::GET, path, None).await
    }

    /// Adds something, or does something; null for no body.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.succeed(Method::POST, path, Some(body).filter(|body| !body.is_null())).await
    }

    /// Puts something; null for no body.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.succeed(Method::PUT, path, Some(body).filter(|body| !body.is_null())).await
    }

    /// Changes something.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.succeed(Method::PATCH, path, Some(body).filter(|body| !body.is_null())).await
    }

    /// Reads a whole list, page by page.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, CallError> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{cursor}")).await?;
            items.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["pagination"]["nextCursor"].as_str() {
                None => return Ok(items),
                Some(next) => cursor = format!("{separator}cursor={next}"),
            }
        }
    }

    /// The id of the default entity.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn default_entity(&self) -> Result<String, CallError> {
        let entities = self.list("/v1/entities").await?;
        let default = entities.iter().find(|entity| entity["isDefaultOrgEntity"] == true);
        let id = default.and_then(|entity| entity["entityId"].as_str()).map(str::to_owned);
        id.ok_or_else(|| CallError::TooLate { what: "a default entity".into(), last: "none".into() })
    }

    /// Creates or returns the connection of the default entity to an institution, and
    /// brings it to where the bank is asked: credentials given, set-up completed.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn set_up(&self, institution: &str, username: &str, password: &str) -> Result<String, CallError> {
        let entity = self.default_entity().await?;
        self.set_up_for(&entity, institution, username, password).await
    }

    /// The same for another entity than the default one.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn set_up_for(
        &self,
        entity: &str,
        institution: &str,
        username: &str,
        password: &str,
    ) -> Result<String, CallError> {
        self.set_up_with(entity, institution, &json!({ "bankUsername": username, "password": password })).await
    }

    /// The same with whatever credentials the institution asks for.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn set_up_with(&self, entity: &str, institution: &str, credentials: &Value) -> Result<String, CallError> {
        let asked = json!({ "entityId": entity, "institutionId": institution });
        let connection = self.post("/v1/connections", &asked).await?;
        let id = connection["id"].as_str().unwrap_or_default().to_owned();
        self.put(&format!("/v1/connections/{id}/credentials"), credentials).await?;
        self.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
        Ok(id)
    }

    /// Waits until the connection is as `wanted` says.
    ///
    /// # Errors
    /// [`CallError::TooLate`] with what it was last, and what the bank asked.
    pub async fn connection(&self, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, CallError> {
        let mut last = Value::Null;
        let found = eventually(async || {
            // The coordinator may be away for a moment; that is what some tests are about.
            last = self.get(&format!("/v1/connections/{id}")).await.ok()?;
            wanted(&last).then(|| last.clone())
        });
        if let Some(found) = found.await {
            return Ok(found);
        }
        let asked = self.list(&format!("/v1/connections/{id}/challenges")).await.unwrap_or_default();
        let last = json!({ "connection": last, "challenges": asked }).to_string();
        Err(CallError::TooLate { what: what.into(), last })
    }

    /// Waits until the bank asks something that wasn't `seen` before.
    ///
    /// # Errors
    /// [`CallError::TooLate`].
    pub async fn open_challenge(&self, id: &str, seen: Option<&str>) -> Result<Value, CallError> {
        let found = eventually(async || {
            let challenges = self.list(&format!("/v1/connections/{id}/challenges")).await.ok()?;
            let is_new = |challenge: &Value| challenge["status"] == "open" && challenge["id"].as_str() != seen;
            challenges.into_iter().find(is_new)
        });
        let found = found.await;
        found.ok_or_else(|| CallError::TooLate { what: "an open challenge".into(), last: "none".into() })
    }

    /// Answers what the bank asks.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn answer(&self, id: &str, challenge: &Value, answer: &str) -> Result<Value, CallError> {
        let challenge = challenge["id"].as_str().unwrap_or_default();
        self.post(&format!("/v1/connections/{id}/challenges/{challenge}/answer"), &json!({ "answer": answer })).await
    }
}
