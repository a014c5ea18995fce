//! The agent's browser: started when it is first needed, started anew when it has
//! ended, and replaced when it is worn. A worn one goes on until its last session
//! ends.
//!
//! Not here: how many sessions there are; that is the slots'.

use std::sync::{Arc, Weak};

use tokio::sync::Mutex;
use url::Url;

use super::browser::Browser;
use super::launch::{BrowserSettings, LaunchError};
use super::limits::BrowserLimits;
use super::session::{OpenError, Session};
use crate::egress::Egress;
use crate::gate::Gate;

/// The one browser that new sessions are opened in, and how to start it.
pub struct Browsers {
    settings: BrowserSettings,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    current: Option<Arc<Browser>>,
    /// Worn ones, which end with their last session.
    worn: Vec<Weak<Browser>>,
}

impl Browsers {
    /// None is started yet. Folders that dead agents left behind are removed.
    #[must_use]
    pub fn new(settings: BrowserSettings) -> Self {
        match supervisor::sweep(&settings.profiles) {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => tracing::info!(folders = removed.len(), "removed dead agents' profile folders"),
            Err(error) => tracing::warn!(%error, "could not look for dead agents' profile folders"),
        }
        Self { settings, known: Mutex::default() }
    }

    /// Opens a session with `portal`, whose way out is `egress`.
    ///
    /// # Errors
    /// [`OpenError`] when no browser can be started or it refuses.
    pub async fn session(&self, gate: Gate, egress: Arc<Egress>, portal: Url) -> Result<Session, OpenError> {
        let browser = self.browser().await?;
        let opened = Session::open(Arc::clone(&browser), gate.clone(), Arc::clone(&egress), portal.clone()).await;
        match opened {
            // It may have frozen while nobody looked; another is as good.
            Err(OpenError::Refused) if browser.is_gone() || browser.wear().is_some() => {
                Session::open(self.browser().await?, gate, egress, portal).await
            }
            opened => opened,
        }
    }

    /// What the browsers of this agent are held to.
    #[must_use]
    pub fn limits(&self) -> BrowserLimits {
        self.settings.limits
    }

    /// The process id of the browser that new sessions are opened in, if one runs.
    pub async fn pid(&self) -> Option<u32> {
        self.known.lock().await.current.as_ref().map(|browser| browser.pid())
    }

    /// Ends all browsers and waits until nothing of them is left.
    pub async fn end(&self) {
        let Known { current, worn } = std::mem::take(&mut *self.known.lock().await);
        for browser in worn.iter().filter_map(Weak::upgrade).chain(current) {
            browser.kill().await;
        }
    }

    async fn browser(&self) -> Result<Arc<Browser>, LaunchError> {
        let mut known = self.known.lock().await;
        if let Some(browser) = known.current.take().filter(|browser| !browser.is_gone()) {
            let Some(wear) = browser.wear() else {
                return Ok(Arc::clone(known.current.insert(browser)));
            };
            tracing::info!(pid = browser.pid(), ?wear, "a worn browser gets no further session");
            known.worn.retain(|worn| worn.strong_count() > 0);
            known.worn.push(Arc::downgrade(&browser));
        }
        let browser = Browser::start(&self.settings).await?;
        Ok(Arc::clone(known.current.insert(browser)))
    }
}
