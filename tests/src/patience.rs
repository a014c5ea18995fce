//! Waiting for a condition, within bounds. A span of time is only waited for where the span
//! itself is what is wanted: a fault has to last, a round has to come again.
//!
//! Not here: what is waited for.

use std::time::Duration;

use tokio::time::Instant;

/// How long anything may take on a busy machine, unless `BURSAR_TEST_PATIENCE` gives
/// another number of seconds.
#[must_use]
pub fn patience() -> Duration {
    let seconds = std::env::var("BURSAR_TEST_PATIENCE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// How long to wait between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// Lets something go on for `span`: a fault, or the time between two rounds. Whoever waits
/// for something to happen takes [`eventually`].
pub async fn lasting(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Looks until `look` finds something; `None` when patience has ended.
pub async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    within(patience(), &mut look).await
}

/// Looks until `look` finds something, for `span` at most.
pub async fn within<T>(span: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + span;
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if Instant::now() >= until {
            return None;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
