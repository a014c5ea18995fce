//! The pages, one file each.
//!
//! Not here: which role a page needs (`routes`).

pub(super) mod account;
pub(super) mod agents;
pub(super) mod attendance;
pub(super) mod audit;
pub(super) mod challenges;
pub(super) mod connection;
pub(super) mod connections;
pub(super) mod dead_letters;
mod drift;
pub(super) mod institutions;
pub(super) mod keys;
pub(super) mod live;
pub(super) mod oidc;
pub(super) mod overview;
pub(super) mod repairs;
pub(super) mod rollout;
pub(super) mod run;
pub(super) mod setup_links;
pub(super) mod sign_in;
mod steps;
pub(super) mod users;
pub(super) mod webhooks;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Redirect;
use url::form_urlencoded;
use uuid::Uuid;

use super::door::Fields;
use super::refusal::Refusal;

/// How many rows a page of a list has.
const ROWS: usize = 50;

/// How many rows to read: one more, to know whether there are more.
const TO_READ: u32 = 51;

/// What a page is asked with behind the question mark.
pub(super) struct Asked(Fields);

impl Asked {
    /// A parameter, unless it is empty.
    fn get(&self, name: &str) -> Option<String> {
        Some(self.0.get(name).trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A parameter that is one of a list of words; others are passed over.
    fn word<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// From where on the list is wanted.
    fn after(&self) -> Option<Uuid> {
        self.word("after")
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(Fields::of_query(parts.uri.query())))
    }
}

/// An id in the path; what can't be one is not found.
fn id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::not_found())
}

/// Back to a page that says what was done.
fn back_to(path: &str, said: &str) -> Redirect {
    Redirect::to(&format!("{path}?said={said}"))
}

/// The address of a page with parameters; empty ones are left out.
fn address(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A page of a list, and the address of the next.
fn cut<T>(mut rows: Vec<T>, next: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let has_more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| has_more).map(next);
    (rows, next)
}
