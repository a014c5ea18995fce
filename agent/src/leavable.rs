//! A driver whose browser may be left for a session without one, and gone back to.
//!
//! Not here: when that is done; the script's runner says so.

use async_trait::async_trait;
use script::command::{Deed, Download, Observation, Watch};
use url::Url;

use crate::driver::{Driver, DriverError};

/// The driver of a run's session, and what goes on in its place.
pub struct Leavable<'d> {
    driver: &'d mut dyn Driver,
    lean: Option<Box<dyn Driver>>,
}

impl<'d> Leavable<'d> {
    /// One whose browser isn't left yet.
    pub fn new(driver: &'d mut dyn Driver) -> Self {
        Self { driver, lean: None }
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

    /// Goes on in the browser.
    pub fn go_back(&mut self) -> Observation {
        self.lean = None;
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
