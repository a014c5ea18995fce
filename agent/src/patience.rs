//! Waiting for a browser or its driver for so long, in time that this process lived through.
//!
//! Whoever was stopped (a machine that sleeps, a virtual one that is moved) wakes up with every deadline behind it and the
//! answers lying unread. Counted by the clock alone, a browser that answered long ago would be one that froze.
//!
//! Not here: how long is waited; whoever waits says so.

use std::time::Duration;

use tokio::time::timeout;

/// A wait is in so many parts, each of which begins when the one before is seen to be over: however long this process was
/// stopped, it was one of them.
const PARTS: u32 = 4;

/// It took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Waits for an answer that is to come within so long.
pub(crate) async fn within<F: Future>(patience: Duration, answer: F) -> Result<F::Output, TooLong> {
    let mut answer = std::pin::pin!(answer);
    for _ in 0..PARTS {
        if let Ok(answer) = timeout(patience / PARTS, answer.as_mut()).await {
            return Ok(answer);
        }
    }
    Err(TooLong)
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::{Instant, advance};

    use super::{TooLong, within};

    const PATIENCE: Duration = Duration::from_secs(3);

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_lay_there_while_this_process_was_stopped_came_in_time() {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            advance(PATIENCE * 10).await;
            // Whoever reads the socket comes after whoever was woken by the clock.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            answer.send(7)
        });
        assert_eq!(within(PATIENCE, answered).await, Ok(Ok(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_is_waited_for_as_long_as_was_said() {
        let asked = Instant::now();
        assert_eq!(within(PATIENCE, pending::<()>()).await, Err(TooLong));
        let waited = asked.elapsed();
        assert!(waited >= PATIENCE && waited < PATIENCE * 2, "{waited:?}");
    }
}
