//! What was done to the world and what was seen of it, with the time: what a failing seed is
//! read by.
//!
//! Not here: whether any of it is wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whether it is told as it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// On stderr, for whoever waits.
    Aloud,
    /// Only when it is asked for.
    Afterwards,
}

/// One story, told by many.
#[derive(Clone)]
pub struct Timeline(Arc<Story>);

struct Story {
    begun: Instant,
    telling: Telling,
    lines: Mutex<Vec<(Duration, String)>>,
}

impl Timeline {
    /// A story that begins now.
    #[must_use]
    pub fn begin(telling: Telling) -> Self {
        Self(Arc::new(Story { begun: Instant::now(), telling, lines: Mutex::default() }))
    }

    /// How long it goes on.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.begun.elapsed()
    }

    /// Adds what happens now.
    pub fn say(&self, what: impl Into<String>) {
        let (at, what) = (self.elapsed(), what.into());
        if self.0.telling == Telling::Aloud {
            eprintln!("{:8.2} s  {what}", at.as_secs_f64());
        }
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).push((at, what));
    }

    /// All of it, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(at, what)| format!("{:8.2} s  {what}\n", at.as_secs_f64())).collect()
    }
}

/// Milliseconds of the Unix epoch: what the bank and the coordinators write down, too.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
