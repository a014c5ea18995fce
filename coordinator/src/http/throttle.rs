//! How often a key, or an address, may ask.
//!
//! Not here: callers without a valid key; they cost one look-up and get no further.

use std::num::NonZeroU32;

use super::problem::Problem;
use crate::buckets::Buckets;

/// What they have left.
pub(super) struct Throttle(Buckets);

impl Throttle {
    /// So many requests in a second, and so many at once after a pause.
    pub(super) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self(Buckets::new(per_second, burst))
    }

    /// Takes one request from somebody's bucket.
    pub(super) fn check(&self, who: &str) -> Result<(), Problem> {
        self.0.take(who).map_err(|wait| {
            metrics::counter!("bursar_http_rate_limited_total").increment(1);
            Problem::too_many(wait)
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
