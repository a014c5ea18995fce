//! How long to wait before something is tried again.
//!
//! Not here: whether it is tried again; whoever asks has decided that.

use std::time::Duration;

/// The delay before the next try: `base`, doubled with each attempt, at most `cap`,
/// of which a random part of up to a half is taken off, so that many don't return at
/// once.
#[must_use]
pub fn backoff(base: Duration, cap: Duration, attempt: u32) -> Duration {
    let doubled = base.saturating_mul(1_u32 << attempt.saturating_sub(1).min(20)).min(cap);
    let random = crate::vault::random::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let share = random % 1_000;
    doubled - doubled.saturating_mul(share) / 2_000
}

#[cfg(test)]
mod tests {
    use super::backoff;
    use std::time::Duration;

    #[test]
    fn delays_double_up_to_the_cap_and_keep_half_at_least() {
        let (base, cap) = (Duration::from_secs(1), Duration::from_secs(60));
        for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (7, 60), (4_000_000_000, 60)] {
            let delay = backoff(base, cap, attempt);
            let whole = Duration::from_secs(whole);
            assert!(delay <= whole && delay >= whole / 2, "{attempt}: {delay:?}");
        }
    }
}
