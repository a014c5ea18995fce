//! The pace of single steps: how fast the sessions of one agent open pages and act on them,
//! together, at one institution. A portal that is asked faster than people click says so by
//! refusing, and some by locking.
//!
//! Paced by the generic cell rate algorithm (ITU-T I.371), as `governor` has it.
//!
//! Not here: how many sessions there are and how often one starts, over all agents; the queue
//! sees to that. A pace isn't shared between agents.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

/// So many steps may be done at once after a rest, by all sessions of the agent at an institution
/// together: those of one sign-in.
const BURST: NonZeroU32 = NonZeroU32::new(5).expect("five");

/// The paces of all institutions that an agent has seen.
#[derive(Debug, Default)]
pub struct Paces {
    known: Mutex<HashMap<String, Pace>>,
}

/// The pace at one institution.
#[derive(Clone, Debug)]
pub struct Pace {
    steps_per_minute: NonZeroU32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl Paces {
    /// The pace at an institution, which all its sessions share. One of another number takes
    /// the place of what was before.
    #[must_use]
    pub fn at(&self, institution: &str, steps_per_minute: NonZeroU32) -> Pace {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(institution).filter(|pace| pace.steps_per_minute == steps_per_minute) {
            Some(pace) => pace.clone(),
            None => {
                let pace = Pace::new(steps_per_minute);
                known.insert(institution.to_owned(), pace.clone());
                pace
            }
        }
    }
}

impl Pace {
    fn new(steps_per_minute: NonZeroU32) -> Self {
        let quota = Quota::per_minute(steps_per_minute).allow_burst(BURST);
        Self { steps_per_minute, limiter: Arc::new(RateLimiter::direct(quota)) }
    }

    /// Waits until it is this session's turn to do a step.
    pub async fn turn(&self) {
        while let Err(early) = self.limiter.check() {
            let wait = early.wait_time_from(DefaultClock::default().now());
            // Somebody else may have been faster by then.
            tokio::time::sleep_until(Instant::now() + wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).expect("a number")
    }

    #[tokio::test]
    async fn sessions_of_an_institution_share_its_pace_and_no_other_waits() {
        let paces = Paces::default();
        // One step in 20 ms.
        let (one, other) = (paces.at("harbour", number(3_000)), paces.at("harbour", number(3_000)));
        let begun = Instant::now();
        for _ in 0..10 {
            one.turn().await;
            other.turn().await;
        }
        let paced = begun.elapsed();
        assert!(paced >= Duration::from_millis(20 * 15), "all but the first five wait: {paced:?}");
        paces.at("pier", number(1)).turn().await;
        let changed = paces.at("harbour", number(60_000));
        changed.turn().await;
        assert!(!Arc::ptr_eq(&changed.limiter, &one.limiter), "another number is another pace");
    }
}
