//! The watchdog of one session: ends it when its lease's gate shuts, whatever the
//! task that drives it is doing or waiting for.
//!
//! It is the only thing that ends sessions, so there is one way in which they end: the
//! connections at once, the pages within a second, and if the browser doesn't obey,
//! in the end the browser.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::driver::Ending;
use crate::gate::{Gate, Shut};

/// Watches over one session.
#[derive(Debug)]
pub struct Watchdog {
    watching: JoinHandle<Shut>,
}

impl Watchdog {
    /// Sets one on the session that `ending` ends.
    #[must_use]
    pub fn set(gate: Gate, ending: Arc<dyn Ending>) -> Self {
        let watch = async move {
            let shut = gate.until_shut().await;
            if matches!(shut, Shut::Lost | Shut::Expired) {
                tracing::warn!(%shut, "the session is ended");
            }
            ending.end().await;
            shut
        };
        Self { watching: tokio::spawn(watch.in_current_span()) }
    }

    /// Waits until the session has ended.
    pub async fn ended(self) -> Option<Shut> {
        self.watching.await.ok()
    }
}
