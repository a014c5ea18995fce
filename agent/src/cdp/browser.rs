//! One browser process with its socket, shared by the sessions in it, and the pulse
//! that finds out when it no longer answers.
//!
//! Not here: when another is started ([`super::browsers`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use supervisor::{ScratchDir, Supervised};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::frames::Frames;
use super::launch::{BrowserSettings, LaunchError, Launched, launch};
use super::limits::BrowserLimits;
use super::scales::Scales;
use super::wire::Wire;

/// How often a browser with sessions is asked whether it still answers.
const PULSE: Duration = Duration::from_secs(1);
/// How long it has to answer.
const PULSE_PATIENCE: Duration = Duration::from_secs(3);
/// Until then the pulse has decided on a browser that has a session, whenever it froze.
pub(super) const PULSE_DECIDES: Duration = Duration::from_millis(4500);

/// A browser. Dropping the last reference ends its process.
pub(super) struct Browser {
    pub(super) wire: Wire,
    pub(super) frames: Frames,
    process: Arc<Supervised>,
    /// Removed once the process is gone.
    profile: ScratchDir,
    pulse: AbortHandle,
    scales: AbortHandle,
    limits: BrowserLimits,
    started: Instant,
    /// How many sessions it has had, and how many are open.
    opened: AtomicUsize,
    open: Arc<AtomicUsize>,
    /// How many of the open ones are being ended.
    closing: AtomicUsize,
    /// It once didn't obey in time.
    is_slow: AtomicBool,
    /// It holds too much memory.
    is_heavy: Arc<AtomicBool>,
}

/// Why a browser gets no further session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wear {
    /// It has had so many.
    Sessions,
    /// It has run for so long.
    Age,
    /// It holds so much memory.
    Memory,
    /// It once didn't obey in time.
    Slow,
}

impl Browser {
    /// Starts one; another in its place, once, where it ends or says nothing instead of listening: on a busy machine one of
    /// many now and then does, and no portal knows of it yet.
    pub(super) async fn start(settings: &BrowserSettings) -> Result<Arc<Self>, LaunchError> {
        match Self::start_once(settings).await {
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, "a browser didn't start; another is started in its place");
                Self::start_once(settings).await
            }
            started => started,
        }
    }

    async fn start_once(settings: &BrowserSettings) -> Result<Arc<Self>, LaunchError> {
        let Launched { process, url, profile } = launch(settings).await?;
        let program: PathBuf = settings.program.clone();
        let wire = Wire::connect(&url).await.map_err(|_| LaunchError::NoAnswer(program.clone()))?;
        let discover = json!({ "discover": true, "filter": [{ "type": "page" }] });
        let answer = wire.call(None, "Target.setDiscoverTargets", discover, PULSE_PATIENCE).await;
        answer.map_err(|_| LaunchError::NoAnswer(program))?;
        let process = Arc::new(process);
        let open = Arc::new(AtomicUsize::new(0));
        let is_heavy = Arc::new(AtomicBool::new(false));
        let limits = settings.limits;
        let pulse = tokio::spawn(pulse(wire.clone(), Arc::clone(&process), Arc::clone(&open)));
        let scales = Scales {
            wire: wire.clone(),
            process: Arc::clone(&process),
            limits,
            open: Arc::clone(&open),
            is_heavy: Arc::clone(&is_heavy),
        };
        let scales = tokio::spawn(scales.run());
        tracing::info!(pid = process.pid(), "started a browser");
        Ok(Arc::new(Self {
            wire,
            frames: settings.frames(),
            process,
            profile,
            pulse: pulse.abort_handle(),
            scales: scales.abort_handle(),
            limits,
            started: Instant::now(),
            opened: AtomicUsize::new(0),
            open,
            closing: AtomicUsize::new(0),
            is_slow: AtomicBool::new(false),
            is_heavy,
        }))
    }

    /// Ends the process at once and waits until nothing of it is left.
    pub(super) async fn kill(&self) {
        self.watch_no_more();
        self.process.kill().await;
    }

    /// Whether it can have no further session.
    pub(super) fn is_gone(&self) -> bool {
        self.wire.is_closed() || self.process.ended().is_some()
    }

    /// Why it gets no further session, if it doesn't.
    pub(super) fn wear(&self) -> Option<Wear> {
        if self.is_slow.load(Ordering::Relaxed) {
            Some(Wear::Slow)
        } else if self.is_heavy.load(Ordering::Relaxed) {
            Some(Wear::Memory)
        } else if self.opened.load(Ordering::Relaxed) >= self.limits.sessions {
            Some(Wear::Sessions)
        } else if self.started.elapsed() >= self.limits.age {
            Some(Wear::Age)
        } else {
            None
        }
    }

    /// Gives it no further session.
    pub(super) fn find_slow(&self) {
        self.is_slow.store(true, Ordering::Relaxed);
    }

    /// How many sessions are open, or are being opened.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Its folder, which is removed with all in it once the process is gone, however that ends.
    pub(super) fn folder(&self) -> &Path {
        self.profile.path()
    }

    /// Its process id, which is that of its group.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Neither for its pulse nor for its weight.
    fn watch_no_more(&self) {
        self.pulse.abort();
        self.scales.abort();
    }

    pub(super) fn session_opens(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// How many sessions are open that nobody is ending.
    pub(super) fn in_use(&self) -> usize {
        self.open().saturating_sub(self.closing.load(Ordering::Relaxed))
    }

    pub(super) fn session_closes(&self) {
        self.closing.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn session_closed(&self) {
        self.closing.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn session_ends(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.watch_no_more();
    }
}

/// Asks now and then whether the browser still answers, and ends it if it doesn't: a
/// frozen process, or a socket that is open at one end only, would otherwise hold its
/// sessions for ever.
async fn pulse(wire: Wire, process: Arc<Supervised>, open: Arc<AtomicUsize>) {
    let mut beats = interval(PULSE);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beats.tick() => {}
            () = wire.closed() => break,
        }
        if open.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let beat = wire.call(None, "Browser.getVersion", json!({}), PULSE_PATIENCE).await;
        if beat.is_err() {
            tracing::warn!(pid = process.pid(), "a browser answers no more and is killed");
            break;
        }
    }
    process.kill().await;
}
