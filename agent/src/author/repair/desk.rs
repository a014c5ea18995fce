//! A coordinator as an author asks it: for a ticket, and to publish what mends it.
//!
//! Not here: whether the coordinator's operators let the author do so; its roles say that.

use std::path::Path;
use std::time::Duration;

use domain::secret::Secret;
use script::Script;
use script::drift::Ticket;
use serde_json::{Value, json};
use url::Url;

use crate::author::{ReadError, plain, script_text};

/// How long a coordinator has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Of how many connections in a hundred a canary is tried that mends a sign-in.
const SHARE: u32 = 10;

const TOKEN: &str = "BURSAR_CONTROL_TOKEN";

/// Why a coordinator can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Nobody said where it is.
    #[error("there is no such file, and nobody said where a coordinator is")]
    Nowhere,
    /// The address holds more than where it is.
    #[error("a coordinator's address begins with http:// or https:// and has no user; the token is kept elsewhere")]
    Address,
    /// There is no token.
    #[error("there is no control token")]
    NoToken,
    /// The token's file can't be read.
    #[error(transparent)]
    Token(#[from] ReadError),
    /// It doesn't answer.
    #[error("could not ask the coordinator")]
    Silent(#[source] reqwest::Error),
    /// It refuses.
    #[error("the coordinator refused with {status}: {why}")]
    Refused {
        /// The status.
        status: u16,
        /// In its words.
        why: String,
    },
    /// The runtime didn't start.
    #[error("could not start")]
    Runtime(#[source] std::io::Error),
}

impl DeskError {
    /// What to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Nowhere => {
                Some("name a file, or say with --coordinator or BURSAR_CONTROL_URL where the coordinator is")
            }
            Self::NoToken => Some("put it into BURSAR_CONTROL_TOKEN, or say with --token-file where it is"),
            Self::Refused { status: 401 | 403, .. } => {
                Some("see that the token is a control token whose role may do that")
            }
            Self::Address | Self::Refused { .. } | Self::Token(_) | Self::Silent(_) | Self::Runtime(_) => None,
        }
    }
}

/// How what was published is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trying {
    /// It reads in the sessions of the runs.
    Shadow,
    /// A share of the connections works by it, as nobody signs in by the current one.
    Canary,
}

impl Trying {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Canary => "canary",
        }
    }
}

/// A coordinator's calls for operators.
pub(super) struct Desk {
    root: Url,
    token: Secret,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Desk {
    pub(super) fn open(at: Option<&Url>, token_file: Option<&Path>) -> Result<Self, DeskError> {
        let root = at.ok_or(DeskError::Nowhere)?.clone();
        if !["http", "https"].contains(&root.scheme()) || !root.username().is_empty() || root.password().is_some() {
            return Err(DeskError::Address);
        }
        let token = match token_file {
            Some(path) => script_text(path)?,
            None => std::env::var(TOKEN).map_err(|_| DeskError::NoToken)?,
        };
        let token = token.trim().to_owned();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DeskError::NoToken);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DeskError::Runtime)?;
        // Whoever was first has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(DeskError::Silent)?;
        Ok(Self { root, token: Secret::new(token), runtime, client })
    }

    /// Reads a ticket.
    pub(super) fn ticket(&self, id: &str) -> Result<Ticket, DeskError> {
        let answer = self.call(&["repair-tickets", id], None)?;
        serde_json::from_value(answer).map_err(|error| DeskError::Refused {
            status: 200,
            why: format!("its answer is no repair ticket: {error}"),
        })
    }

    /// Publishes the script that mends a ticket, and has it tried.
    pub(super) fn publish(&self, ticket: &Ticket, source: &str, trying: Trying) -> Result<Value, DeskError> {
        let institution = ticket.institution.as_str();
        let note = format!("mends repair ticket {}", ticket.id);
        let mut body = json!({ "source": source, "note": note, "expectedCurrent": ticket.revision });
        if !ticket.id.is_empty() {
            body["mends"] = ticket.id.as_str().into();
        }
        self.call(&["institutions", institution, "revisions"], Some(&body))?;
        let mut body = json!({ "revision": Script::revision(source), "expectedCurrent": ticket.revision });
        if trying == Trying::Canary {
            body["share"] = SHARE.into();
        }
        self.call(&["institutions", institution, "rollout", trying.as_str()], Some(&body))
    }

    fn call(&self, path: &[&str], body: Option<&Value>) -> Result<Value, DeskError> {
        let url = below(&self.root, path);
        let request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let answer = async {
            let answer = request.bearer_auth(self.token.expose()).send().await.map_err(DeskError::Silent)?;
            let status = answer.status();
            let text = answer.text().await.map_err(DeskError::Silent)?;
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            if status.is_success() {
                return Ok(told);
            }
            let why = told["detail"].as_str().or(told["title"].as_str()).unwrap_or("it doesn't say why");
            Err(DeskError::Refused { status: status.as_u16(), why: plain(why) })
        };
        self.runtime.block_on(answer)
    }
}

/// The address of a call. A ticket's file may come from anybody: whatever it says is one part of a path, and leads nowhere else.
fn below(root: &Url, path: &[&str]) -> Url {
    let mut url = root.clone();
    if let Ok(mut parts) = url.path_segments_mut() {
        // What would lead up is left out by itself, and nothing is no part.
        parts.pop_if_empty().extend(["control", "v1"]);
        parts.extend(path.iter().map(|part| if part.is_empty() { "-" } else { part }));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn what_a_ticket_says_is_one_part_of_an_address() {
        let check = |part: &str, expected: &str| {
            let root = "https://bursar.example/at/".parse().expect("an address");
            let url = below(&root, &["institutions", part, "revisions"]);
            assert_eq!(url.as_str(), format!("https://bursar.example/at/control/v1/institutions/{expected}"));
        };
        check("harbour", "harbour/revisions");
        check("../../keys?x#y", "..%2F..%2Fkeys%3Fx%23y/revisions");
        check("..", "revisions");
        check("", "-/revisions");
    }
}
