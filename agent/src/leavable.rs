//! A driver whose browser may be left for a session without one, and gone back to.
//!
//! Not here: when that is done; the script's runner says so.

use async_trait::async_trait;
use protocol::lease::WayCount;
use script::command::{Capture, Collect, Deed, Download, Observation, Watch};
use url::Url;

use crate::driver::{Driver, DriverError, Look};
use crate::requests::Request;
use crate::tally::Tally;

/// The driver of a run's session, and what goes on in its place.
pub struct Leavable<'d> {
    driver: &'d mut dyn Driver,
    lean: Option<Box<dyn Driver>>,
    /// How the ways to find things fared in what was gone back from.
    before: Tally,
}

impl<'d> Leavable<'d> {
    /// One whose browser isn't left yet.
    pub fn new(driver: &'d mut dyn Driver) -> Self {
        Self { driver, lean: None, before: Tally::default() }
    }

    /// Goes on without the browser, at the page that it shows.
    ///
    /// # Errors
    /// As the driver's verbs.
    pub async fn leave(&mut self, at: &Url) -> Result<Observation, DriverError> {
        let Some(mut lean) = self.driver.without_browser().await? else { return Ok(Observation::Kept) };
        match lean.visit(at).await? {
            Observation::Visited => {
                self.lean = Some(lean);
                Ok(Observation::Done)
            }
            _ => Ok(Observation::Kept),
        }
    }

    /// Whether it goes on without the browser.
    pub const fn is_left(&self) -> bool {
        self.lean.is_some()
    }

    /// Goes on in the browser.
    pub fn go_back(&mut self) -> Observation {
        if let Some(lean) = self.lean.take() {
            self.before.add_all(lean.ways());
        }
        Observation::Done
    }
}

#[async_trait]
impl Driver for Leavable<'_> {
    async fn visit(&mut self, url: &Url) -> Result<Observation, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.visit(url).await,
            None => self.driver.visit(url).await,
        }
    }

    async fn watch(&mut self, watch: &Watch) -> Result<Observation, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.watch(watch).await,
            None => self.driver.watch(watch).await,
        }
    }

    async fn act(&mut self, deed: &Deed) -> Result<Observation, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.act(deed).await,
            None => self.driver.act(deed).await,
        }
    }

    async fn capture(&mut self, capture: &Capture) -> Result<Observation, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.capture(capture).await,
            None => self.driver.capture(capture).await,
        }
    }

    async fn collect(&mut self, collect: &Collect) -> Result<Observation, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.collect(collect).await,
            None => self.driver.collect(collect).await,
        }
    }

    fn ways(&self) -> Vec<WayCount> {
        let mut tally = self.before.clone();
        tally.add_all(self.driver.ways());
        tally.add_all(self.lean.as_ref().map(|lean| lean.ways()).unwrap_or_default());
        tally.counts()
    }

    async fn list_requests(&mut self) -> Result<(), DriverError> {
        self.driver.list_requests().await
    }

    fn requests(&self) -> Vec<Request> {
        self.driver.requests()
    }

    async fn picture(&mut self, selector: &str) -> Result<Look, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.picture(selector).await,
            None => self.driver.picture(selector).await,
        }
    }

    async fn download(&mut self, download: &Download) -> Result<Observation, DriverError> {
        match &mut self.lean {
            Some(lean) => lean.download(download).await,
            None => self.driver.download(download).await,
        }
    }

    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError> {
        Ok(None)
    }

    async fn gone(&mut self) -> DriverError {
        self.driver.gone().await
    }
}
