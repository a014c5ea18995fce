//! The way out to webhook receivers, whose addresses are given by strangers: https
//! alone, no redirects, and no address inside a private network, checked when the
//! name is resolved for the connection itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::address::is_public;
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

/// Whether a delivery may go to this address.
fn allowed(address: IpAddr, loopback: Loopback) -> bool {
    is_public(address) || (address.is_loopback() && loopback == Loopback::Allowed)
}

#[cfg(test)]
mod tests {
    use super::{allowed, may_reach};
    use domain::anchor::Loopback;

    #[test]
    fn addresses_inside_private_networks_are_refused() {
        let check = |address: &str| allowed(address.parse().expect("an address"), Loopback::Allowed);
        assert!(check("93.184.215.14") && check("127.0.0.1") && check("::1"));
        assert!(!check("10.1.2.3") && !check("169.254.169.254") && !check("::ffff:10.0.0.1"));
        assert!(!allowed([127, 0, 0, 1].into(), Loopback::Refused));
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
