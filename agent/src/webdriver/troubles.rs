//! What browsers' names for errors come to.
//!
//! Not here: what the way out knows of connections that weren't made, which counts more.

use script::command::Trouble;

/// Chromium's (`ERR_…`) and Firefox's (the `e` of its error page's address).
pub(super) fn trouble(code: &str) -> Trouble {
    let says = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if says(&["NAME_NOT_RESOLVED", "NAME_RESOLUTION", "DNS_", "dnsNotFound"]) {
        Trouble::Dns
    } else if says(&["CERT", "SSL", "nss", "Cert"]) {
        Trouble::Tls
    } else if says(&["TIMED_OUT", "netTimeout"]) {
        Trouble::Timeout
    } else if says(&[
        "BLOCKED_BY",
        "UNSAFE_PORT",
        "UNKNOWN_URL_SCHEME",
        "deniedPortAccess",
        "unknownProtocol",
        "blocked",
    ]) {
        Trouble::Forbidden
    } else {
        Trouble::Reset
    }
}

#[cfg(test)]
mod tests {
    use script::command::Trouble;

    use super::trouble;

    #[test]
    fn browsers_names_mean_the_same() {
        for (chromium, firefox, expected) in [
            ("ERR_NAME_NOT_RESOLVED", "dnsNotFound", Trouble::Dns),
            ("ERR_CERT_AUTHORITY_INVALID", "nssBadCert", Trouble::Tls),
            ("ERR_SSL_PROTOCOL_ERROR", "nssFailure2", Trouble::Tls),
            ("ERR_CONNECTION_TIMED_OUT", "netTimeout", Trouble::Timeout),
            ("ERR_UNSAFE_PORT", "deniedPortAccess", Trouble::Forbidden),
            ("ERR_CONNECTION_RESET", "netReset", Trouble::Reset),
            ("ERR_SOCKS_CONNECTION_FAILED", "connectionFailure", Trouble::Reset),
        ] {
            assert_eq!((trouble(chromium), trouble(firefox)), (expected, expected), "{chromium} and {firefox}");
        }
    }
}
