//! Which hosts a session may reach: the portal's own and those that its script
//! names, on the portal's port and that of secure pages, and no private address but
//! loopback, and that only if the lease opens it.
//!
//! Not here: the connections themselves ([`crate::egress`]).

use std::net::IpAddr;

use domain::address::is_public;
use protocol::lease::AllowLoopback;
use url::{Host, Url};

/// The hosts of one session.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// None where any may be reached.
    names: Option<Vec<String>>,
    ports: Vec<u16>,
    loopback: AllowLoopback,
}

impl Hosts {
    /// The portal's host and `more`.
    #[must_use]
    pub fn new(portal: &Url, more: &[String], loopback: AllowLoopback) -> Self {
        let own = portal.host_str().into_iter();
        let names = Some(own.chain(more.iter().map(String::as_str)).map(normal).collect());
        let mut ports = vec![443];
        ports.extend(portal.port());
        Self { names, ports, loopback }
    }

    /// Any host, where a person goes from page to page and no script says what belongs to the portal.
    #[must_use]
    pub fn any(portal: &Url, loopback: AllowLoopback) -> Self {
        Self { names: None, ..Self::new(portal, &[], loopback) }
    }

    /// Whether an address may be opened: a secure one, at a host of these.
    #[must_use]
    pub fn allow(&self, url: &Url) -> bool {
        let scheme = match self.loopback {
            AllowLoopback::Yes => matches!(url.scheme(), "https" | "http"),
            AllowLoopback::No => url.scheme() == "https",
        };
        let place = url.host_str().zip(url.port_or_known_default());
        scheme && place.is_some_and(|(host, port)| self.allow_host(host, port))
    }

    /// Whether a connection to this host and port may be made, its addresses aside.
    #[must_use]
    pub fn allow_host(&self, host: &str, port: u16) -> bool {
        let host = normal(host);
        let known = self.names.as_ref().is_none_or(|names| names.contains(&host));
        // Simulated portals take whichever ports are free, without encryption; a bank is
        // never spoken to in plain text.
        known && (self.ports.contains(&port) || self.loopback == AllowLoopback::Yes)
    }

    /// Whether a connection to this address may be made.
    #[must_use]
    pub fn allow_address(&self, address: IpAddr) -> bool {
        // A private address is no simulated portal, whoever names it.
        is_public(address) || (self.loopback == AllowLoopback::Yes && address.to_canonical().is_loopback())
    }
}

/// Lower case, without brackets or the dot of the root.
fn normal(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    // The same spelling of addresses and foreign names as in URLs.
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name.to_lowercase(),
        Ok(Host::Ipv4(address)) => address.to_string(),
        Ok(Host::Ipv6(address)) => address.to_string(),
        Err(_) => host.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::lease::AllowLoopback;

    use super::Hosts;

    fn hosts(portal: &str, more: &[&str], loopback: AllowLoopback) -> Hosts {
        let more: Vec<String> = more.iter().map(|host| (*host).to_owned()).collect();
        Hosts::new(&portal.parse().expect("a url"), &more, loopback)
    }

    #[test]
    fn the_portal_and_the_hosts_of_its_script_are_open() {
        let hosts = hosts("https://bank.example/in", &["cdn.example"], AllowLoopback::No);
        for (url, expected) in [
            ("https://bank.example/other", true),
            ("https://BANK.example./", true),
            ("https://cdn.example/app.js", true),
            ("http://bank.example/", false),
            ("https://bank.example:8443/", false),
            ("https://evil.example/?bank.example", false),
            ("https://bank.example.evil.example/", false),
            ("https://sub.bank.example/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,hello", false),
        ] {
            assert_eq!(hosts.allow(&url.parse().expect("a url")), expected, "{url}");
        }
    }

    #[test]
    fn loopback_is_open_in_development_alone() {
        let url = "http://127.0.0.1:8080/".parse().expect("a url");
        assert!(hosts("http://127.0.0.1:8080/", &[], AllowLoopback::Yes).allow(&url));
        let closed = hosts("http://127.0.0.1:8080/", &[], AllowLoopback::No);
        assert!(!closed.allow(&url));
        assert!(!closed.allow_address([127, 0, 0, 1].into()));
    }

    #[test]
    fn opening_loopback_opens_no_other_private_address() {
        let open = hosts("http://127.0.0.1:8080/", &[], AllowLoopback::Yes);
        let closed = hosts("https://bank.example/", &[], AllowLoopback::No);
        for (address, is_open, is_closed_open) in [
            ("127.0.0.1", true, false),
            ("::1", true, false),
            ("::ffff:127.0.0.1", true, false),
            ("1.1.1.1", true, true),
            ("10.0.0.1", false, false),
            ("169.254.169.254", false, false),
            ("fd00::1", false, false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(open.allow_address(address), is_open, "{address} with loopback");
            assert_eq!(closed.allow_address(address), is_closed_open, "{address} without");
        }
    }

    #[test]
    fn nothing_leaves_in_plain_text_but_to_loopback() {
        let closed = hosts("https://bank.example/", &[], AllowLoopback::No);
        assert!(closed.allow_host("bank.example", 443));
        assert!(!closed.allow_host("bank.example", 80));
        assert!(hosts("http://localhost/", &[], AllowLoopback::Yes).allow_host("localhost", 80));
    }

    #[test]
    fn a_person_may_go_to_any_host_in_secret_and_to_no_private_address() {
        let portal: url::Url = "https://bank.example/".parse().expect("a url");
        let hosts = Hosts::any(&portal, AllowLoopback::No);
        let allows = |url: &str| hosts.allow(&url.parse().expect("a url"));
        assert!(allows("https://login.other.example/") && !allows("http://login.other.example/"));
        let may = |address: &str| hosts.allow_address(address.parse().expect("an address"));
        assert!(may("8.8.8.8") && !may("127.0.0.1") && !may("10.0.0.1"));
    }
}
