//! The anchor of a connection: what makes a second request for "the same bank"
//! return the connection that is already there.
//!
//! Not a check of whether an address may be visited; that is made when it is
//! visited, against what its name resolves to then.

use url::Url;

/// A portal URL that can't be used, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalUrlError {
    /// Not an absolute URL with a host.
    #[error("isn't an absolute URL with a host")]
    Malformed,
    /// Only https, apart from loopback in development.
    #[error("isn't https")]
    NotHttps,
    /// A user name or password inside a URL would be kept and shown.
    #[error("carries a user name or password")]
    HasCredentials,
    /// Longer than 2,048 characters.
    #[error("is longer than 2,048 characters")]
    TooLong,
}

/// Which addresses may be used beyond https.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// https alone.
    Refused,
    /// http to this machine as well, for simulated portals.
    Allowed,
}

/// Reads a portal URL and brings it to the one form that is compared: lower-case
/// scheme and host, no dot after the host, no default port, no query or fragment, no
/// trailing slash after a path. Another path or port is another portal: banks keep
/// private and business customers apart by them.
///
/// # Errors
/// A [`PortalUrlError`] says why the text can't be a portal's address.
pub fn normalize_portal_url(text: &str, loopback: Loopback) -> Result<Url, PortalUrlError> {
    if text.len() > 2048 {
        return Err(PortalUrlError::TooLong);
    }
    let mut url = Url::parse(text.trim()).map_err(|_| PortalUrlError::Malformed)?;
    let host = url.host().ok_or(PortalUrlError::Malformed)?;
    let is_loopback = match host {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let plain_allowed = loopback == Loopback::Allowed && is_loopback && url.scheme() == "http";
    if url.scheme() != "https" && !plain_allowed {
        return Err(PortalUrlError::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(PortalUrlError::HasCredentials);
    }
    // A name that ends with a dot is the same name, written in full.
    if let Some(name) = url.domain().and_then(|name| name.strip_suffix('.')).map(str::to_owned) {
        url.set_host(Some(&name)).map_err(|_| PortalUrlError::Malformed)?;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The anchor of a connection to a catalog institution.
#[must_use]
pub fn institution_anchor(institution_id: &str) -> String {
    format!("institution:{institution_id}")
}

/// The anchor of a connection to a portal that no catalog record knows.
#[must_use]
pub fn portal_anchor(normalized: &Url) -> String {
    format!("portal:{normalized}")
}

#[cfg(test)]
mod tests {
    use super::{Loopback, PortalUrlError, institution_anchor, normalize_portal_url, portal_anchor};

    fn check(text: &str, expected: Result<&str, PortalUrlError>) {
        let url = normalize_portal_url(text, Loopback::Refused);
        assert_eq!(url.as_ref().map(url::Url::as_str).map_err(|error| *error), expected, "{text}");
    }

    #[test]
    fn spellings_of_one_portal_come_to_one_form() {
        check("https://Bank.Example", Ok("https://bank.example/"));
        check("https://bank.example:443/", Ok("https://bank.example/"));
        check("HTTPS://bank.example/login/", Ok("https://bank.example/login"));
        check("https://bank.example/login?from=home#top", Ok("https://bank.example/login"));
        check("https://bank.example#top", Ok("https://bank.example/"));
        check("https://bank.example?from=home", Ok("https://bank.example/"));
        check("  https://bank.example./login//  ", Ok("https://bank.example/login"));
        check("https://BANK.example.:443//", Ok("https://bank.example/"));
        check("https://bank.example/a/../login/./", Ok("https://bank.example/login"));
        check("https://b\u{fc}cher.example", Ok("https://xn--bcher-kva.example/"));
    }

    #[test]
    fn other_paths_and_ports_are_other_portals() {
        check("https://bank.example/Business", Ok("https://bank.example/Business"));
        check("https://bank.example/business", Ok("https://bank.example/business"));
        check("https://bank.example:8443", Ok("https://bank.example:8443/"));
        check("https://www.bank.example", Ok("https://www.bank.example/"));
    }

    #[test]
    fn anchors_of_one_portal_are_equal_and_never_those_of_an_institution() {
        let anchor = |text| portal_anchor(&normalize_portal_url(text, Loopback::Refused).expect("a portal's address"));
        assert_eq!(anchor("https://Bank.Example:443/login/#top"), anchor("https://bank.example/login"));
        assert_ne!(anchor("https://bank.example/login"), anchor("https://bank.example/"));
        assert_ne!(anchor("https://bank.example"), institution_anchor("https://bank.example/"));
    }

    #[test]
    fn addresses_that_are_no_portals_are_refused() {
        check("bank.example", Err(PortalUrlError::Malformed));
        check("http://bank.example", Err(PortalUrlError::NotHttps));
        check("http://127.0.0.1:8080/", Err(PortalUrlError::NotHttps));
        check("javascript:alert(1)", Err(PortalUrlError::Malformed));
        check("https://", Err(PortalUrlError::Malformed));
        check("https://.", Err(PortalUrlError::Malformed));
        check("//bank.example/login", Err(PortalUrlError::Malformed));
        check("https://me:pass@bank.example", Err(PortalUrlError::HasCredentials));
        let long = format!("https://bank.example/{}", "a".repeat(2048));
        check(&long, Err(PortalUrlError::TooLong));
    }

    #[test]
    fn loopback_opens_plain_http_to_this_machine_alone() {
        let read = |text| normalize_portal_url(text, Loopback::Allowed).is_ok();
        assert!(read("http://127.0.0.1:8080/"));
        assert!(read("http://localhost:8080/"));
        assert!(read("http://[::1]:8080/"));
        assert!(!read("http://10.0.0.1/"));
        assert!(!read("ftp://127.0.0.1/"));
    }
}
