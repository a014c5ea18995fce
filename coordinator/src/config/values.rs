//! How single settings are read: spans, windows, zones, addresses, files.
//!
//! Not here: which settings there are.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::schedule::{Window, read_windows};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};
use url::Url;

/// The longest span that a setting may give.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 24 * 3600);

/// Windows of a week, as `mon-fri 09:00-17:00; sat 10:00-12:00`.
pub(super) fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_windows(&text).map_err(serde::de::Error::custom)
}

/// Names, with `;` between two.
pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// A time zone by its name in the IANA database.
pub(super) fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name).map_err(|_| serde::de::Error::custom(format!("`{name}` is no time zone of this machine")))
}

/// An https address, plain http for trying, or empty for none.
pub(super) fn address_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(&text).ok().filter(|url| {
        let is_bare = url.username().is_empty() && url.password().is_none();
        let ends_at_path = url.query().is_none() && url.fragment().is_none();
        ["http", "https"].contains(&url.scheme()) && url.has_host() && is_bare && ends_at_path
    });
    url.map(Some).ok_or_else(|| {
        // What was given may hold a password.
        serde::de::Error::custom("not an http or https address without user, query or fragment")
    })
}

/// An address to listen on, or empty for none.
pub(super) fn socket_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let malformed = |_| serde::de::Error::custom(format!("`{text}` is no address and port, as in 0.0.0.0:9090"));
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(malformed) }
}

/// A file, or empty for none.
pub(super) fn path_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    Ok(Some(path).filter(|path| !path.as_os_str().is_empty()))
}

/// A span such as `15s`, `10m` or `3d`.
pub(super) fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let malformed = || serde::de::Error::custom(format!("`{text}` isn't a span such as 15s, 10m or 12h"));
    // Days are exactly 24 hours here; no calendar is involved.
    let span: SignedDuration = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) => days.checked_mul(24).and_then(SignedDuration::try_from_hours).ok_or_else(malformed)?,
        _ => text.parse().map_err(|_| malformed())?,
    };
    let span = Duration::try_from(span).map_err(|_| serde::de::Error::custom(format!("`{text}` is negative")))?;
    if span > LONGEST_SPAN {
        return Err(serde::de::Error::custom(format!("`{text}` is longer than a year")));
    }
    Ok(span)
}

/// The name of a header in lower case, or empty for none.
pub(super) fn header_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?.to_ascii_lowercase();
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(serde::de::Error::custom(format!("`{name}` isn't the name of a header")));
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}
