//! Work in a task of its own, so that a panic in it ends this work and nothing else.
//!
//! Not here: what is done about it; a lease is left to run out.

use tokio::task::JoinSet;

use crate::gate::{Gate, Shut};

/// Does `work`; none if it panicked. Giving up waiting ends the work too.
pub async fn apart<T, F>(work: F) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut working = JoinSet::new();
    working.spawn(work);
    match working.join_next().await {
        Some(Ok(worked)) => Some(worked),
        // What a panic says may be a page's words.
        Some(Err(error)) => {
            tracing::error!(is_panic = error.is_panic(), "the work ended in a fault of the agent's own");
            None
        }
        None => None,
    }
}

/// Shuts a gate when it is dropped, however that comes about.
#[derive(Debug)]
pub struct ShutAtEnd(pub Gate);

impl Drop for ShutAtEnd {
    fn drop(&mut self) {
        self.0.shut(Shut::Over);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{ShutAtEnd, apart};
    use crate::gate::{Gate, Shut, TrustWindow};

    #[tokio::test]
    #[expect(clippy::panic, reason = "it is what is tried")]
    async fn a_panic_ends_the_work_and_shuts_its_gate() {
        let gate = Gate::new(TrustWindow::new(Instant::now(), Duration::from_secs(60), Duration::ZERO));
        let end = ShutAtEnd(gate.clone());
        let worked = apart(async move {
            let _end = end;
            panic!("on purpose");
        });
        assert_eq!(worked.await, None::<()>);
        assert_eq!(gate.check(), Err(Shut::Over));
        assert_eq!(apart(async { 7 }).await, Some(7));
    }
}
