//! The end of an agent, announced: no further lease from the first word on, and a
//! bounded time for the runs that are under way.
//!
//! Not here: who announces it ([`crate::member`]).

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Whether the agent is to end. Clones are the same drain.
#[derive(Clone, Debug)]
pub struct Drain {
    bound: Duration,
    /// When it has to be over, once it has begun.
    over: watch::Sender<Option<Instant>>,
}

impl Drain {
    /// Not begun. Once it is, runs have `bound` to finish.
    #[must_use]
    pub fn new(bound: Duration) -> Self {
        Self { bound, over: watch::Sender::new(None) }
    }

    /// Begins; only the first time counts.
    pub fn begin(&self) {
        let over = Instant::now() + self.bound;
        self.over.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert(over);
            is_first
        });
    }

    /// Whether it has begun.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.over.borrow().is_some()
    }

    /// Waits until it begins.
    pub async fn begun(&self) {
        self.deadline().await;
    }

    /// Waits until the runs' time is up.
    pub async fn over(&self) {
        sleep_until(self.deadline().await).await;
    }

    async fn deadline(&self) -> Instant {
        let mut over = self.over.subscribe();
        // The sender lives in `self`, so this ends with a deadline only.
        match over.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(deadline)) => *deadline,
            Ok(None) | Err(_) => Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Drain;

    #[tokio::test(start_paused = true)]
    async fn runs_have_their_time_from_the_first_word_on() {
        let drain = Drain::new(Duration::from_secs(20));
        assert!(!drain.is_begun());
        let begun = Instant::now();
        drain.begin();
        advance(Duration::from_secs(5)).await;
        drain.begin();
        drain.over().await;
        assert_eq!(begun.elapsed().as_secs(), 20);
    }
}
