//! How often a key may ask: a bucket a key, by the generic cell rate algorithm (ITU-T
//! I.371), in each coordinator by itself.
//!
//! Not here: callers without a valid key; they cost one look-up and get no further.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::Problem;

/// What keys have left.
pub(super) struct Throttle {
    // As many entries as there are keys in use, so none is ever dropped.
    limiter: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Throttle {
    /// So many requests in a second, and so many at once after a pause.
    pub(super) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Takes one request from a key's bucket.
    pub(super) fn check(&self, key_id: &str) -> Result<(), Problem> {
        self.limiter.check_key(&key_id.to_owned()).map_err(|refused| {
            metrics::counter!("bursar_http_rate_limited_total").increment(1);
            let wait = refused.wait_time_from(self.clock.now());
            Problem::too_many(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_asks_too_often_delays_no_other() {
        let (one, two) = (NonZeroU32::MIN, NonZeroU32::MIN.saturating_add(1));
        let throttle = Throttle::new(one, two);
        assert!(throttle.check("a").is_ok() && throttle.check("a").is_ok());
        assert_eq!(throttle.check("a").err().map(|problem| problem.code()), Some("rate_limited"));
        assert!(throttle.check("b").is_ok());
    }
}
