//! The way out to webhook receivers, whose addresses are given by strangers: https
//! alone, no redirects, and no address inside a private network, checked when the
//! name is resolved for the connection itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::anchor::Loopback;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A client that refuses to reach into private networks.
///
/// # Errors
/// What the TLS library says when it can't be set up.
pub fn client(timeout: Duration, loopback: Loopback) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("bursar/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(PublicResolver(loopback)))
        .build()
}

/// Whether a delivery may go to this address literally; names are checked as they
/// are resolved.
pub(super) fn may_reach(url: &url::Url, loopback: Loopback) -> bool {
    let scheme = url.scheme() == "https" || loopback == Loopback::Allowed;
    let host = match url.host() {
        Some(url::Host::Ipv4(address)) => allowed(address.into(), loopback),
        Some(url::Host::Ipv6(address)) => allowed(address.into(), loopback),
        Some(url::Host::Domain(_)) => true,
        None => false,
    };
    scheme && host
}

struct PublicResolver(Loopback);

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.0;
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = addresses.filter(|address| allowed(address.ip(), loopback)).collect();
            if addresses.is_empty() {
                return Err("the name has no address outside of private networks".into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet (RFC 6890 and successors).
fn allowed(address: IpAddr, loopback: Loopback) -> bool {
    if address.is_loopback() {
        return loopback == Loopback::Allowed;
    }
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            !(address.is_private()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => allowed(mapped.into(), loopback),
            // Global unicast, without the documentation and translation blocks.
            None => {
                let [first, second, ..] = address.segments();
                (first & 0xe000) == 0x2000
                    && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200))
                    && first != 0x2002
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{allowed, may_reach};
    use domain::anchor::Loopback;

    fn check(address: &str, expected: bool) {
        let address = address.parse().expect("an address");
        assert_eq!(allowed(address, Loopback::Refused), expected, "{address}");
    }

    #[test]
    fn addresses_inside_private_networks_are_refused() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "2001:db8::1",
            "2002:a00:1::1",
            "64:ff9b::a00:1",
        ] {
            check(address, false);
        }
        for address in ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"] {
            check(address, true);
        }
    }

    #[test]
    fn plain_http_is_for_development_alone() {
        let url = |text: &str| text.parse::<url::Url>().expect("a URL");
        assert!(may_reach(&url("https://hooks.example/in"), Loopback::Refused));
        assert!(!may_reach(&url("http://hooks.example/in"), Loopback::Refused));
        assert!(!may_reach(&url("https://10.0.0.1/in"), Loopback::Allowed));
        assert!(!may_reach(&url("https://127.0.0.1/in"), Loopback::Refused));
        assert!(may_reach(&url("http://127.0.0.1:9/in"), Loopback::Allowed));
    }
}
