//! The coordinator's settings: `config.default.toml`, then a file, then the
//! environment, parsed once into types. Unknown settings are refused.
//!
//! Not the place where a setting's default or meaning is written; that is
//! `config.default.toml`, which is also the reference.

mod catalog;
mod challenge;
mod console;
mod oidc;
mod reach;
mod setup;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::anchor::{Loopback, normalize_portal_url};
use domain::schedule::Window;
use domain::secret::Secret;
use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

pub use self::catalog::{Catalog, CatalogSource, Place};
pub use self::challenge::{Challenge, TakeoverOffer};
pub use self::console::Console;
pub use self::oidc::Oidc;
pub use self::reach::{Inbound, Pools};
pub use self::setup::{Brand, Setup};
use self::values::{address_or_empty, path_or_empty, socket_or_empty, span, time_zone, windows};
use crate::store::{StoreUrl, Tables};

const DEFAULTS: &str = include_str!("../config.default.toml");
const ENVIRONMENT: &str = "BURSAR";

/// The shortest token for agents and operators, in bytes.
const SHORTEST_TOKEN: usize = 32;

/// The shortest life of a link to the set-up page outside of development.
const SHORTEST_LINK: Duration = Duration::from_secs(5 * 60);
/// The least time between two codes that a bank is asked for.
const SHORTEST_PACE: Duration = Duration::from_secs(30);

/// The smallest limit of a body, in bytes.
const SMALLEST_LIMIT: usize = 1_024;

/// Every setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    data: PathBuf,
    pub http: Http,
    pub rate_limit: RateLimit,
    store: Store,
    pub redis: Redis,
    pub lease: Lease,
    pub retry: Retry,
    pub challenge: Challenge,
    pub attendance: Attendance,
    pub pool: Pool,
    pub keda: Keda,
    pub keys: Keys,
    pub webhooks: Webhooks,
    pub retention: Retention,
    agents: Agents,
    control: Control,
    pub console: Console,
    vault: Vault,
    pub catalog: Catalog,
    pub delegated_user: DelegatedUser,
    pub setup: Setup,
    pub pools: Pools,
    pub inbound: Inbound,
    pub development: Development,
    pub log: Log,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub listen: SocketAddr,
    #[serde(deserialize_with = "address_or_empty")]
    public_url: Option<Url>,
    #[serde(deserialize_with = "address_or_empty")]
    peer_url: Option<Url>,
    pub body_limit: usize,
    pub agent_body_limit: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub requests_per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    url: Secret,
    migrate: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub url: Secret,
    pub server: PathBuf,
    pub prefix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    #[serde(deserialize_with = "span")]
    pub term: Duration,
    #[serde(deserialize_with = "span")]
    pub expire_every: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    #[serde(deserialize_with = "span")]
    pub base: Duration,
    #[serde(deserialize_with = "span")]
    pub cap: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attendance {
    #[serde(rename = "hours", deserialize_with = "windows")]
    pub windows: Vec<Window>,
    #[serde(deserialize_with = "time_zone")]
    pub zone: TimeZone,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    pub min: u32,
    pub max: u32,
    pub slots_per_agent: u32,
    pub parked_per_agent: u32,
    #[serde(deserialize_with = "span")]
    pub dwell_goal: Duration,
    #[serde(deserialize_with = "span")]
    pub start: Duration,
    #[serde(deserialize_with = "span")]
    pub window: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keda {
    #[serde(deserialize_with = "socket_or_empty")]
    pub listen: Option<SocketAddr>,
    #[serde(deserialize_with = "path_or_empty")]
    pub certificate: Option<PathBuf>,
    #[serde(deserialize_with = "path_or_empty")]
    pub key: Option<PathBuf>,
    #[serde(deserialize_with = "path_or_empty")]
    pub client_authority: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub prefix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    pub signature_header: String,
    #[serde(deserialize_with = "span")]
    pub timeout: Duration,
    #[serde(deserialize_with = "span")]
    pub retry_base: Duration,
    #[serde(deserialize_with = "span")]
    pub retry_cap: Duration,
    #[serde(deserialize_with = "span")]
    pub give_up_after: Duration,
    #[serde(deserialize_with = "span")]
    pub probe_cap: Duration,
    pub per_endpoint: usize,
    pub at_once: usize,
    #[serde(deserialize_with = "span")]
    pub rotation_overlap: Duration,
    pub endpoints: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    #[serde(deserialize_with = "span")]
    pub deliveries: Duration,
    #[serde(deserialize_with = "span")]
    pub stream: Duration,
    #[serde(deserialize_with = "span")]
    pub evidence: Duration,
    #[serde(deserialize_with = "span")]
    pub observations: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Agents {
    token: Secret,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    token: Secret,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vault {
    master_key: Secret,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegatedUser {
    pub first_name: String,
    pub last_name: String,
    pub address: String,
    pub username: String,
    pub email: String,
    pub phone_number: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Development {
    pub loopback: bool,
    pub portal_urls: BTreeMap<String, Url>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

/// How log records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A setting that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Unknown, of the wrong type, or in a file that can't be read.
    #[error("the settings can't be used: {0}")]
    Unusable(String),
    /// A value that is of the right type and makes no sense.
    #[error("the setting {setting} can't be used: {reason}")]
    Senseless {
        /// Which.
        setting: &'static str,
        /// Why.
        reason: String,
    },
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl Config {
    /// Reads the defaults, then `file`, then the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let config: Self = layers(file)?.try_deserialize()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |setting, reason: &str| Err(ConfigError::Senseless { setting, reason: reason.into() });
        if self.data.as_os_str().is_empty() {
            return refuse("data", "it must name a folder");
        }
        let store = self.store.url.expose();
        if !store.is_empty() && !store.starts_with("postgres://") && !store.starts_with("postgresql://") {
            return refuse("store.url", "it must begin with postgres://, or be empty for SQLite");
        }
        if self.challenge.term < Duration::from_secs(1) {
            return refuse("challenge.term", "a person must have a second at least");
        }
        if self.challenge.resend_every < SHORTEST_PACE && !self.development.loopback {
            return refuse("challenge.resend_every", "banks aren't asked for codes more often than every 30 seconds");
        }
        if self.http.body_limit < SMALLEST_LIMIT || self.http.agent_body_limit < SMALLEST_LIMIT {
            return refuse("http.body_limit", "it and http.agent_body_limit must be 1,024 bytes at least");
        }
        let header = &self.webhooks.signature_header;
        if header.is_empty() || !header.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return refuse("webhooks.signature_header", "it must be a header's name, of letters, digits and dashes");
        }
        if self.webhooks.per_endpoint == 0 || self.webhooks.at_once < self.webhooks.per_endpoint {
            return refuse("webhooks.per_endpoint", "it must be 1 at least and at most webhooks.at_once");
        }
        self.console.oidc.check(self.loopback())?;
        if self.pool.min > self.pool.max || self.pool.max == 0 {
            return refuse("pool.max", "it must be above zero and pool.min at least");
        }
        if self.keda.certificate.is_some() != self.keda.key.is_some() {
            return refuse("keda.certificate", "it and keda.key are given together, or neither is");
        }
        if self.keda.client_authority.is_some() && self.keda.certificate.is_none() {
            return refuse("keda.client_authority", "clients have certificates only where keda.certificate is set");
        }
        if self.lease.term < Duration::from_millis(500) {
            return refuse("lease.term", "a lease must last half a second at least");
        }
        let pool = &self.pool;
        if pool.slots_per_agent == 0 || pool.parked_per_agent == 0 || pool.dwell_goal.min(pool.window).is_zero() {
            return refuse("pool", "slots_per_agent, parked_per_agent, dwell_goal and window must be above zero");
        }
        if self.retry.base > self.retry.cap || self.retry.base.is_zero() {
            return refuse("retry.base", "it must be above zero and at most retry.cap");
        }
        if !self.redis.prefix.contains('{') {
            return refuse("redis.prefix", "it must hold a {tag}, so that a cluster keeps the queue's keys together");
        }
        for (setting, token) in [("agents.token", &self.agents.token), ("control.token", &self.control.token)] {
            if !token.expose().is_empty() && token.expose().len() < SHORTEST_TOKEN {
                return refuse(setting, "it must have 32 characters at least, or be empty");
            }
        }
        if !self.control.token.expose().is_empty() && self.control.token.expose() == self.agents.token.expose() {
            return refuse("control.token", "it must be another than agents.token");
        }
        self.console.check()?;
        if let Some((setting, reason)) = self.catalog.fault(self.loopback()) {
            return refuse(setting, reason);
        }
        if self.setup.link_term < SHORTEST_LINK && !self.development.loopback {
            return refuse("setup.link_term", "a link must be good for 5 minutes at least, or nobody gets to use it");
        }
        if self.setup.link_term.is_zero() {
            return refuse("setup.link_term", "it must be above zero");
        }
        if self.keys.prefix.is_empty() || !self.keys.prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return refuse("keys.prefix", "it must be letters and digits");
        }
        for (id, url) in &self.development.portal_urls {
            if let Err(error) = normalize_portal_url(url.as_str(), self.loopback()) {
                let reason =
                    format!("the address of {id} {error}; plain http to this machine needs development.loopback");
                return refuse("development.portal_urls", &reason);
            }
        }
        Ok(())
    }

    /// Where the store is.
    #[must_use]
    pub fn store_url(&self) -> StoreUrl {
        match self.store.url.expose() {
            "" => StoreUrl::Sqlite(self.data.join("bursar.sqlite")),
            _ => StoreUrl::Postgres(self.store.url.clone()),
        }
    }

    /// What is done about tables that aren't up to date.
    #[must_use]
    pub fn tables(&self) -> Tables {
        if self.store.migrate { Tables::BroughtUpToDate } else { Tables::LeftAlone }
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The configured master key; empty where the one in the data folder counts.
    #[must_use]
    pub fn master_key(&self) -> &Secret {
        &self.vault.master_key
    }

    /// The configured agents' token; empty where the one in the data folder counts.
    #[must_use]
    pub fn agent_token(&self) -> &Secret {
        &self.agents.token
    }

    /// The control token of the settings; empty where the one in the data folder counts.
    #[must_use]
    pub fn control_token(&self) -> &Secret {
        &self.control.token
    }

    /// Where this is reached from outside, without a slash at the end: the setting, or
    /// else where it listens.
    #[must_use]
    pub fn public_url(&self) -> String {
        let listens = || format!("http://{}", self.http.listen);
        let set = self.http.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        set.unwrap_or_else(listens)
    }

    /// Where other coordinators of the fleet reach this one, without a slash at the end; none if nothing says so.
    #[must_use]
    pub fn peer_url(&self) -> Option<String> {
        let listens = || (!self.http.listen.ip().is_unspecified()).then(|| format!("http://{}", self.http.listen));
        let set = self.http.peer_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        set.or_else(listens)
    }

    /// Whether addresses on this machine may be used.
    #[must_use]
    pub fn loopback(&self) -> Loopback {
        if self.development.loopback { Loopback::Allowed } else { Loopback::Refused }
    }
}

/// The settings that are never shown.
const SECRETS: [&str; 6] =
    ["store.url", "redis.url", "agents.token", "control.token", "vault.master_key", "console.oidc.client_secret"];

/// The settings in force as TOML, secrets masked.
///
/// # Errors
/// [`ConfigError`] as from [`Config::load`].
pub fn print(file: Option<&Path>) -> Result<String, ConfigError> {
    Config::load(file)?;
    let mut values: toml::Table = layers(file)?.try_deserialize()?;
    for secret in SECRETS {
        let (first, rest) = secret.split_once('.').unwrap_or((secret, ""));
        let table = values.get_mut(first);
        let secret = rest.split('.').fold(table, |table, key| table.and_then(|table| table.get_mut(key)));
        if let Some(toml::Value::String(text)) = secret
            && !text.is_empty()
        {
            "[secret]".clone_into(text);
        }
    }
    let unprintable =
        |error: toml::ser::Error| ConfigError::Senseless { setting: "settings", reason: error.to_string() };
    toml::to_string(&values).map_err(unprintable)
}

fn layers(file: Option<&Path>) -> Result<config::Config, ConfigError> {
    let mut builder = config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
    if let Some(file) = file {
        builder = builder.add_source(config::File::from(file).format(config::FileFormat::Toml));
    }
    let environment =
        config::Environment::with_prefix(ENVIRONMENT).prefix_separator("__").separator("__").try_parsing(false);
    Ok(builder.add_source(environment).build()?)
}

#[cfg(test)]
mod tests;
