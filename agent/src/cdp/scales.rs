//! The scales of one browser: weigh it while it has sessions. A heavy one gets no further
//! session, one of twice that weight is ended, and so is a page that is too heavy by
//! itself, before it takes others with it.
//!
//! ```text
//! light ──past the limit──▶ heavy (worn) ──past twice the limit──▶ ended: out of memory
//! ```
//!
//! Not here: how memory is measured (the supervisor's), and how heavy is too heavy
//! ([`super::limits`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use supervisor::{Supervised, Weight};
use tokio::time::{MissedTickBehavior, interval};

use super::limits::BrowserLimits;
use super::showing::Gone;
use super::wire::Wire;

/// One browser's.
pub(super) struct Scales {
    pub(super) wire: Wire,
    pub(super) process: Arc<Supervised>,
    pub(super) limits: BrowserLimits,
    /// How many sessions are open.
    pub(super) open: Arc<AtomicUsize>,
    /// It gets no further session.
    pub(super) is_heavy: Arc<AtomicBool>,
}

/// What a weight comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Light,
    Heavy,
    TooHeavy,
}

impl Scales {
    /// Weighs until the browser is gone.
    pub(super) async fn run(self) {
        let mut looks = interval(self.limits.weighed_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = self.wire.closed() => return,
            }
            if self.open.load(Ordering::Relaxed) > 0 {
                self.run_once().await;
            }
        }
    }

    /// Weighs once, and does what follows.
    async fn run_once(&self) {
        let mut weights = self.process.weigh().await;
        weights.retain(|weight| !self.is_ended(*weight));
        let pid = self.process.pid();
        let mib = total(&weights) >> 20;
        match finding(&weights, self.limits.memory) {
            Finding::Light => {}
            Finding::Heavy => {
                if !self.is_heavy.swap(true, Ordering::Relaxed) {
                    tracing::info!(pid, mib, "a browser is heavy and gets no further session");
                }
            }
            Finding::TooHeavy => {
                tracing::warn!(pid, mib, "a browser used up its memory and is ended");
                self.is_heavy.store(true, Ordering::Relaxed);
                self.wire.end_pages(Gone::OutOfMemory);
                self.process.kill().await;
            }
        }
    }

    /// Ends the process of a page that is too heavy by itself; whether it was one.
    fn is_ended(&self, weight: Weight) -> bool {
        let Weight { pid, bytes } = weight;
        if bytes <= self.limits.page_memory || !is_page(pid) {
            return false;
        }
        let Some(page) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
        tracing::warn!(pid, mib = bytes >> 20, "a page used up its memory and is ended");
        // Before the browser can tell of it.
        self.wire.expect_starved();
        let _ = kill_process(page, Signal::KILL);
        true
    }
}

fn finding(weights: &[Weight], limit: u64) -> Finding {
    let total = total(weights);
    if total > limit.saturating_mul(2) {
        Finding::TooHeavy
    } else if total > limit {
        Finding::Heavy
    } else {
        Finding::Light
    }
}

fn total(weights: &[Weight]) -> u64 {
    weights.iter().map(|weight| weight.bytes).sum()
}

/// Whether this is a process that reads pages, and not the browser's own.
fn is_page(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("--type=renderer")
}

#[cfg(test)]
mod tests {
    use supervisor::Weight;

    use super::{Finding, finding};

    #[test]
    fn a_browser_is_weighed_with_all_its_processes() {
        let weights = |bytes: &[u64]| -> Vec<Weight> {
            bytes.iter().zip(1..).map(|(&bytes, pid)| Weight { pid, bytes }).collect()
        };
        for (bytes, expected) in [
            (&[][..], Finding::Light),
            (&[60, 40], Finding::Light),
            (&[60, 41], Finding::Heavy),
            (&[100, 100], Finding::Heavy),
            (&[100, 50, 51], Finding::TooHeavy),
        ] {
            assert_eq!(finding(&weights(bytes), 100), expected, "{bytes:?}");
        }
        assert_eq!(finding(&weights(&[u64::MAX]), u64::MAX), Finding::Light);
    }
}
