//! Settings of the console.
//!
//! Not here: those of its sign-in by a provider (`oidc`).

use std::time::Duration;

use serde::Deserialize;

use super::values::{header_or_empty, span};
use super::{ConfigError, Oidc};

/// Who is let in for how long, and what live views may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    #[serde(deserialize_with = "span")]
    pub idle: Duration,
    #[serde(deserialize_with = "span")]
    pub longest: Duration,
    #[serde(deserialize_with = "span")]
    pub wheel_kept: Duration,
    pub live_views: usize,
    pub attempts_per_name: u32,
    pub attempts_per_address: u32,
    #[serde(deserialize_with = "header_or_empty")]
    pub client_address_header: Option<String>,
    pub oidc: Oidc,
}

impl Console {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |setting, reason: &str| Err(ConfigError::Senseless { setting, reason: reason.into() });
        if self.idle < Duration::from_secs(1) || self.longest < self.idle {
            return refuse("console.idle", "it must be a second at least and at most console.longest");
        }
        if self.wheel_kept < Duration::from_secs(6) {
            return refuse(
                "console.wheel_kept",
                "it must be 6 seconds at least: a page says every sixth of it that it is there",
            );
        }
        if self.live_views == 0 {
            return refuse("console.live_views", "it must be 1 at least, or nobody can look at a run");
        }
        if self.attempts_per_name == 0 || self.attempts_per_address == 0 {
            return refuse("console.attempts_per_name", "it and console.attempts_per_address must be above zero");
        }
        Ok(())
    }
}
