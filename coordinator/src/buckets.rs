//! How often one of many may ask: a bucket for each, by the generic cell rate algorithm (ITU-T I.371), in each coordinator by
//! itself.
//!
//! Not here: who they are, or what they are told.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// From how many buckets on those that say nothing any more are dropped.
const MANY: usize = 10_000;

/// A bucket for each of many.
pub(crate) struct Buckets {
    limiter: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
    /// At how many of them those that say nothing any more are dropped next. To look through all takes a while: after it
    /// there have to be twice as many before it is done again, so each request pays for two of them at most.
    swept_at: AtomicUsize,
}

impl Buckets {
    /// So many requests in a second, and so many at once after a pause.
    pub(crate) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst));
        Self { limiter, clock: DefaultClock::default(), swept_at: AtomicUsize::new(MANY) }
    }

    /// The same of numbers that stand in the code; none counts as one.
    pub(crate) fn of((per_second, burst): (u32, u32)) -> Self {
        let number = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self::new(number(per_second), number(burst))
    }

    /// Takes one request out of the bucket of a key.
    ///
    /// # Errors
    /// After how many seconds there is another, where there is none now.
    pub(crate) fn take(&self, key: &str) -> Result<(), u64> {
        let due = self.swept_at.load(Ordering::Relaxed);
        let later = due.saturating_mul(2);
        // One of those who come at once looks through them; for the others it is done.
        if self.limiter.len() > due
            && self.swept_at.compare_exchange(due, later, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.limiter.retain_recent();
            self.swept_at.store(self.limiter.len().saturating_mul(2).max(MANY), Ordering::Relaxed);
        }
        let taken = self.limiter.check_key(&key.to_owned());
        taken.map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{Buckets, MANY};

    #[test]
    fn many_addresses_are_looked_through_once_and_not_with_each_request() {
        let buckets = Buckets::of((2, 20));
        for number in 0..=MANY {
            assert_eq!(buckets.take(&number.to_string()), Ok(()));
        }
        assert_eq!(buckets.swept_at.load(Ordering::Relaxed), MANY, "there are only just too many");
        for _ in 0..20 {
            buckets.take("another").expect("a request");
        }
        // All of them are recent, so none could be dropped; they are left alone until there are twice as many.
        assert_eq!(buckets.swept_at.load(Ordering::Relaxed), 2 * (MANY + 1));
        assert!(buckets.take("another").is_err(), "who asks too often waits, however many others there are");
    }
}
