//! The settings by which banks reach a delegated user: pools of addresses and numbers, and what comes in there.
//!
//! Not here: who gets which (`fleet`), or what a provider's signature is made of (`http::inbound`).

use std::path::PathBuf;
use std::time::Duration;

use domain::challenge::Medium;
use serde::{Deserialize, Deserializer};

use super::values::{path_or_empty, span};

/// What connections get of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pools {
    pub email: EmailPool,
    /// In E.164.
    #[serde(deserialize_with = "numbers")]
    pub numbers: Vec<String>,
    #[serde(deserialize_with = "span")]
    pub quarantine: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailPool {
    /// None where aliases aren't made.
    #[serde(deserialize_with = "domain_or_empty")]
    pub domain: Option<String>,
}

/// Who brings messages in. A provider whose secret isn't named isn't listened to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbound {
    pub twilio: Provider,
    pub mailgun: Provider,
    pub postmark: Provider,
    pub generic: Provider,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// A file with what its messages are authenticated by.
    #[serde(deserialize_with = "path_or_empty")]
    pub secret_file: Option<PathBuf>,
}

impl Inbound {
    /// By which ways codes come in.
    #[must_use]
    pub fn media(&self) -> Vec<Medium> {
        let hears = |provider: &Provider| provider.secret_file.is_some();
        let by_sms = hears(&self.twilio) || hears(&self.generic);
        let by_email = hears(&self.mailgun) || hears(&self.postmark) || hears(&self.generic);
        [(Medium::Email, by_email), (Medium::Sms, by_sms)]
            .into_iter()
            .filter(|(_, hears)| *hears)
            .map(|(medium, _)| medium)
            .collect()
    }
}

/// Numbers in E.164 with blanks between them.
fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_number = |word: &str| {
        let digits = word.strip_prefix('+').unwrap_or_default();
        (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    };
    let malformed =
        |word: &str| serde::de::Error::custom(format!("`{word}` is no number in E.164 such as +14155550142"));
    let number = |word: &str| if is_number(word) { Ok(word.to_owned()) } else { Err(malformed(word)) };
    text.split_whitespace().map(number).collect()
}

/// A domain that mail comes to, or empty for none.
fn domain_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?.to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_domain = text.contains('.') && text.len() <= 200 && text.split('.').all(is_label);
    match text.as_str() {
        "" => Ok(None),
        _ if is_domain => Ok(Some(text)),
        _ => Err(serde::de::Error::custom(format!("`{text}` is no domain such as codes.example.com"))),
    }
}
