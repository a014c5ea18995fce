//! `/inbound/v1/{provider}`: text messages and e-mails that banks send to the numbers and addresses of connections,
//! as providers bring them in. Each is authenticated by that provider's own scheme; a provider whose secret isn't set
//! isn't there.
//!
//! A provider hears nothing of what a message was good for: whatever is authentic is taken.
//!
//! Not here: whose a message is, or finding a code in it (`fleet`).

mod generic;
mod mailgun;
mod postmark;
mod twilio;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, extract};
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};

use super::App;
use super::body::{BodyLimit, read_body};
use super::problem::Problem;
use crate::clock;
use crate::config;
use crate::console::address;
use crate::fleet::Message;

/// The largest message, in bytes; mails of banks come with pictures.
const LARGEST: usize = 2 << 20;

/// How old, or how far ahead of our clock, a message may be that says when it was sent.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// Who brings messages in, with what each is authenticated by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Twilio,
    Mailgun,
    Postmark,
    Generic,
}

/// The secrets of the providers that are listened to.
#[derive(Default)]
pub struct Listeners {
    secrets: Vec<(Provider, Secret)>,
}

/// A secret of the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ListenersError {
    /// It can't be read.
    #[error("the secret of inbound messages in {path} can't be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It isn't what the provider has.
    #[error("the secret of inbound messages in {path} can't be used: {reason}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
}

/// A request isn't authentic, or makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// Nothing shows that it is the provider's.
    Unsigned,
    /// What shows it is wrong.
    Forged,
    /// It was signed at another time: it was brought late, is repeated, or a clock is wrong.
    Stale,
    /// It is authentic and nothing that we know.
    Unreadable,
}

impl Provider {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Twilio, "twilio"),
        (Self::Mailgun, "mailgun"),
        (Self::Postmark, "postmark"),
        (Self::Generic, "generic"),
    ];

    async fn read(
        self,
        secret: &Secret,
        url: &str,
        parts: &Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Message, Refused> {
        match self {
            Self::Twilio => twilio::read(secret, url, &parts.headers, body),
            Self::Mailgun => mailgun::read(secret, &parts.headers, body, now).await,
            Self::Postmark => postmark::read(secret, &parts.headers, body),
            Self::Generic => generic::read(secret, &parts.headers, body, now),
        }
    }

    fn fault(self, secret: &Secret) -> Option<&'static str> {
        match self {
            _ if secret.expose().len() < 8 => Some("it is shorter than 8 characters"),
            Self::Postmark if !secret.expose().contains(':') => {
                Some("it is a user and a password with `:` between them")
            }
            Self::Generic => generic::fault(secret),
            Self::Twilio | Self::Mailgun | Self::Postmark => None,
        }
    }
}

impl Listeners {
    /// Reads the secrets that the settings name.
    ///
    /// # Errors
    /// [`ListenersError`] names the file.
    pub fn load(settings: &config::Inbound) -> Result<Self, ListenersError> {
        let mut secrets = Vec::new();
        for (provider, name) in Provider::ALL {
            let settings = match provider {
                Provider::Twilio => &settings.twilio,
                Provider::Mailgun => &settings.mailgun,
                Provider::Postmark => &settings.postmark,
                Provider::Generic => &settings.generic,
            };
            if let Some(file) = &settings.secret_file {
                secrets.push((provider, secret(provider, file)?));
                tracing::info!(provider = name, "listens to inbound messages");
            }
        }
        Ok(Self { secrets })
    }

    fn of(&self, name: &str) -> Option<(Provider, &'static str, &Secret)> {
        let (provider, name) = Provider::ALL.into_iter().find(|(_, known)| *known == name)?;
        let (_, secret) = self.secrets.iter().find(|(known, _)| *known == provider)?;
        Some((provider, name, secret))
    }
}

fn secret(provider: Provider, file: &Path) -> Result<Secret, ListenersError> {
    let unreadable = |source| ListenersError::Unreadable { path: file.to_owned(), source };
    let secret = Secret::new(std::fs::read_to_string(file).map_err(unreadable)?.trim().to_owned());
    match provider.fault(&secret) {
        Some(reason) => Err(ListenersError::Unusable { path: file.to_owned(), reason }),
        None => Ok(secret),
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/inbound/v1/{provider}", post(take)).layer(Extension(BodyLimit(LARGEST)))
}

async fn take(
    State(app): State<App>,
    extract::Path(name): extract::Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let Some((provider, name, secret)) = app.listeners.of(&name) else { return Err(Problem::not_found()) };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let trusted = app.fleet.config.console.client_address_header.as_deref();
    app.inbound_throttle.check(&address(trusted, request.headers(), peer))?;
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body)).await?;
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}/inbound/v1/{name}{query}", app.fleet.config.public_url());
    match provider.read(secret, &url, &parts, &body, clock::now()).await {
        Ok(message) => {
            app.fleet.take_message(name, message).await?;
            Ok(StatusCode::OK.into_response())
        }
        Err(refused) => {
            metrics::counter!("bursar_inbound_messages_total", "provider" => name, "outcome" => "refused").increment(1);
            tracing::warn!(provider = name, ?refused, "an inbound message was refused");
            let (status, code) = match refused {
                Refused::Unsigned => (StatusCode::UNAUTHORIZED, "unauthorized"),
                Refused::Forged | Refused::Stale => (StatusCode::FORBIDDEN, "forbidden"),
                Refused::Unreadable => (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed"),
            };
            Err(Problem::new(status, code, "This wasn't taken."))
        }
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a moment that a provider names is about now.
fn is_fresh(seconds: &str, now: Timestamp) -> bool {
    let moment = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.is_some_and(|moment| moment.duration_since(now).abs() <= WINDOW)
}

/// The text of an e-mail: as it was written without markup, or else what its markup shows.
fn letter(subject: &str, text: &str, html: &str) -> String {
    let text = if text.trim().is_empty() { script::letter_text(html) } else { text.to_owned() };
    format!("{subject}\n{text}")
}

/// The addresses in a header such as `To`.
fn addresses(list: &str) -> impl Iterator<Item = String> {
    list.split(',')
        .map(|one| one.rsplit_once('<').map_or(one, |(_, rest)| rest.trim_end().trim_end_matches('>')))
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
}
