//! The settings of an OpenID provider that vouches for people at the console.
//!
//! Not here: asking it.

use domain::secret::Secret;
use serde::Deserialize;
use url::Url;

use super::values::names;
use super::{ConfigError, Loopback};

/// A provider, where `issuer` isn't empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub name: String,
    pub scopes: String,
    pub roles_claim: String,
    #[serde(deserialize_with = "names")]
    pub administrators: Vec<String>,
    #[serde(deserialize_with = "names")]
    pub operators: Vec<String>,
    #[serde(deserialize_with = "names")]
    pub viewers: Vec<String>,
    pub organization_claim: String,
}

impl Oidc {
    /// It has to be one, and vouch for somebody.
    pub(super) fn check(&self, loopback: Loopback) -> Result<(), ConfigError> {
        let refuse = |setting, reason: &str| Err(ConfigError::Senseless { setting, reason: reason.into() });
        if self.issuer.is_empty() {
            return Ok(());
        }
        let is_safe = |url: &Url| url.scheme() == "https" || (loopback == Loopback::Allowed && url.scheme() == "http");
        if !Url::parse(&self.issuer).is_ok_and(|url| is_safe(&url)) {
            return refuse("console.oidc.issuer", "it must be an https address");
        }
        if self.client_id.is_empty() {
            return refuse("console.oidc.client_id", "it must be what the provider knows this coordinator as");
        }
        if [&self.administrators, &self.operators, &self.viewers].into_iter().all(Vec::is_empty) {
            return refuse("console.oidc.viewers", "it, operators or administrators must name a group");
        }
        Ok(())
    }
}
