//! The agent's browser: started when it is first needed, started anew when it has
//! ended, and replaced when it is worn. A worn one goes on until its last session
//! ends.
//!
//! Not here: how many sessions there are; that is the slots'.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use url::Url;

use super::browser::Browser;
use super::launch::{BrowserSettings, LaunchError};
use super::session::{OpenError, Session};
use crate::egress::Egress;
use crate::gate::Gate;

/// After so many sessions, or so long, a browser gets no further one.
const WORN_SESSIONS: usize = 250;
const WORN_AGE: Duration = Duration::from_secs(6 * 3600);

/// The one browser that new sessions are opened in, and how to start it.
pub struct Browsers {
    settings: BrowserSettings,
    current: Mutex<Option<Arc<Browser>>>,
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
        Self { settings, current: Mutex::new(None) }
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
            Err(OpenError::Refused) if browser.is_gone() || browser.is_slow() => {
                Session::open(self.browser().await?, gate, egress, portal).await
            }
            opened => opened,
        }
    }

    /// The process id of the browser that is running, if one is.
    pub async fn pid(&self) -> Option<u32> {
        self.current.lock().await.as_ref().map(|browser| browser.pid())
    }

    /// Ends the browser and waits until nothing of it is left.
    pub async fn end(&self) {
        if let Some(browser) = self.current.lock().await.take() {
            browser.kill().await;
        }
    }

    async fn browser(&self) -> Result<Arc<Browser>, LaunchError> {
        let mut current = self.current.lock().await;
        if let Some(browser) = current.as_ref().filter(|browser| !browser.is_gone()) {
            let (age, sessions) = browser.wear();
            if age < WORN_AGE && sessions < WORN_SESSIONS && !browser.is_slow() {
                return Ok(Arc::clone(browser));
            }
            tracing::info!(pid = browser.pid(), sessions, "a worn browser gets no further session");
        }
        *current = None;
        let browser = Browser::start(&self.settings).await?;
        *current = Some(Arc::clone(&browser));
        Ok(browser)
    }
}
