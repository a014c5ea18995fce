//! When the middle of the fleet was disturbed: what is promised within a time is promised of a
//! queue and a store that answer, and after a lost Redis the limits of banks have a term of
//! grace.
//!
//! Not here: what disturbed it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::timeline::now_ms;

/// How long what is over at once is felt.
const FELT: u64 = 3_000;

/// All of them.
#[derive(Debug, Default)]
pub struct Disturbances(Mutex<Vec<Disturbance>>);

#[derive(Clone, Copy, Debug)]
struct Disturbance {
    what: Disturbed,
    from_ms: u64,
    until_ms: Option<u64>,
}

/// What was disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbed {
    /// Redis has lost the queue, or holds an older one.
    Queue,
    /// Something doesn't answer for a while.
    Answers,
}

impl Disturbances {
    /// One begins.
    pub fn begin(&self, what: Disturbed) {
        self.locked().push(Disturbance { what, from_ms: now_ms(), until_ms: None });
    }

    /// The latest one of the kind was none: there was nothing to disturb.
    pub fn take_back(&self, what: Disturbed) {
        let mut all = self.locked();
        if let Some(place) = all.iter().rposition(|one| one.what == what && one.until_ms.is_none()) {
            all.remove(place);
        }
    }

    /// The oldest one of the kind that goes on ends; it is felt for a moment longer.
    pub fn end(&self, what: Disturbed) {
        let mut all = self.locked();
        if let Some(one) = all.iter_mut().find(|one| one.what == what && one.until_ms.is_none()) {
            one.until_ms = Some(now_ms() + FELT);
        }
    }

    /// Since when nothing is disturbed; none while something is.
    #[must_use]
    pub fn calm_since(&self) -> Option<u64> {
        let now = now_ms();
        let latest = self.locked().iter().map(|one| one.until_ms.unwrap_or(u64::MAX)).max().unwrap_or(0);
        (latest <= now).then_some(latest)
    }

    /// Whether the queue was lost so shortly before that moment, in milliseconds of the Unix
    /// epoch, that older sessions may still have been alive.
    #[must_use]
    pub fn is_in_grace(&self, at_ms: u64, term: Duration) -> bool {
        let term = u64::try_from(term.as_millis()).unwrap_or(u64::MAX);
        let covers = |one: &Disturbance| {
            let until = one.until_ms.unwrap_or(u64::MAX).saturating_add(term);
            one.what == Disturbed::Queue && (one.from_ms..=until).contains(&at_ms)
        };
        self.locked().iter().any(covers)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Disturbance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
