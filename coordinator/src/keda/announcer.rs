//! The announcer: tells whoever streams whether there should be any agent at all, once for
//! all of them. A role like those of `fleet::roles`, which rests while nobody streams.
//!
//! Not here: the calls (`scaler`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::fleet::{Error, Fleet, Measured};

/// How often it is looked: work that has become due shouldn't wait for KEDA's own round.
const LOOK: Duration = Duration::from_secs(1);

/// Measures while somebody streams.
pub(super) struct Announcer {
    fleet: Arc<Fleet>,
    told: watch::Sender<Told>,
}

/// What streams are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nobody has looked yet.
    Nothing,
    /// Whether there should be any agent.
    Active(bool),
    /// The coordinator ends.
    Ending,
}

impl Announcer {
    pub(super) fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, told: watch::channel(Told::Nothing).0 }
    }

    /// What is told from now on.
    pub(super) fn listen(&self) -> watch::Receiver<Told> {
        self.told.subscribe()
    }

    /// How things stand now.
    ///
    /// # Errors
    /// [`Error`] if the queue or the store is away.
    pub(super) async fn measure(&self) -> Result<Measured, Error> {
        self.fleet.measure().await
    }

    /// One round.
    ///
    /// # Errors
    /// [`Error`]; what was told stays until the next round.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats, and nobody has that many streams")]
    pub(super) async fn run_once(&self) -> Result<(), Error> {
        let streams = self.told.receiver_count();
        metrics::gauge!("bursar_keda_streams").set(streams as f64);
        if streams == 0 {
            // Whoever comes next is told what is so then.
            self.told.send_if_modified(|told| std::mem::replace(told, Told::Nothing) != Told::Nothing);
        } else {
            let active = Told::Active(is_active(&self.measure().await?));
            self.told.send_if_modified(|told| std::mem::replace(told, active) != active);
        }
        Ok(())
    }

    /// Plays the role for ever.
    pub(super) async fn look(&self) {
        loop {
            if let Err(error) = self.run_once().await {
                tracing::warn!(role = "announcer", error = &error as &dyn std::error::Error, "a round came to nothing");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends every stream.
    pub(super) fn end(&self) {
        self.told.send_replace(Told::Ending);
    }
}

/// Whether there should be any agent: something waits, is due, is worked on, or did so a
/// moment ago, or the pool has a minimum.
pub(super) fn is_active(measured: &Measured) -> bool {
    measured.desired > 0
}
