//! What this agent opens sessions with: the drivers that it was given, and which of them a
//! lease is worked with.
//!
//! Beyond this and the command line nobody knows which drivers there are. Not here: what a
//! driver does ([`crate::driver`]).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::driver::{DriverKind, Drivers};
use url::Url;

use crate::cdp::Browsers;
use crate::driver::{OpenError, Session};
use crate::egress::Egress;
use crate::gate::Gate;
use crate::http;
use crate::webdriver::Webdriver;

/// The drivers of one agent.
pub struct Openers {
    drivers: Drivers,
    cdp: Browsers,
    webdriver: Option<Webdriver>,
}

impl Openers {
    /// These `drivers`, by what is given for them.
    #[must_use]
    pub fn new(drivers: Drivers, cdp: Browsers, webdriver: Option<Webdriver>) -> Self {
        Self { drivers, cdp, webdriver }
    }

    /// The one of those that a lease names that is worked with; none if there is none here.
    #[must_use]
    pub fn choose(&self, wanted: &Drivers) -> Option<DriverKind> {
        wanted.first_of(&self.drivers)
    }

    /// What there is.
    #[must_use]
    pub fn drivers(&self) -> &Drivers {
        &self.drivers
    }

    /// With so many bytes of memory a shared browser is worn.
    #[must_use]
    pub fn browser_memory(&self) -> u64 {
        self.cdp.limits().memory
    }

    /// On which address of this machine the way out of such a session listens.
    #[must_use]
    pub fn way_out(&self, kind: DriverKind) -> IpAddr {
        match (kind, &self.webdriver) {
            (DriverKind::Webdriver, Some(webdriver)) => webdriver.way_out(),
            _ => Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Opens a session with `portal`, whose way out is `egress`.
    ///
    /// # Errors
    /// [`OpenError`] when there is none to be had.
    pub async fn open(
        &self,
        kind: DriverKind,
        gate: Gate,
        egress: Arc<Egress>,
        portal: Url,
    ) -> Result<Box<dyn Session>, OpenError> {
        match (kind, &self.webdriver) {
            (DriverKind::Cdp, _) => Ok(Box::new(self.cdp.session(gate, egress, portal).await?)),
            (DriverKind::Webdriver, Some(webdriver)) => Ok(Box::new(webdriver.session(gate, egress, portal).await?)),
            (DriverKind::Webdriver, None) => Err(OpenError::Refused),
            (DriverKind::Http, _) => Ok(Box::new(http::Session::open(gate, egress)?)),
        }
    }

    /// Ends what outlives sessions, and waits until nothing of it is left.
    pub async fn end(&self) {
        self.cdp.end().await;
    }
}
