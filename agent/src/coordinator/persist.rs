//! Making a call again and again while the coordinator is away, for as long as the
//! lease may be believed in. The coordinator takes each of these calls twice without
//! harm.
//!
//! Not for asking for leases or renewing them, which have a rhythm of their own.

use std::time::Duration;

use super::CallError;
use crate::gate::{Gate, Shut};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// Makes `call` until it is answered, and gives up when `gate` shuts.
///
/// # Errors
/// What the coordinator answered, or why the gate shut.
pub async fn persist<T, F>(gate: &Gate, mut call: impl FnMut() -> F) -> Result<T, PersistError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let trying = async {
        let mut pause = FIRST_PAUSE;
        loop {
            match call().await {
                Err(CallError::Unreachable(why)) => {
                    tracing::debug!(why, "the coordinator is away; the call is made again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
                Err(CallError::LeaseLost) => return Err(Shut::Lost.into()),
                Err(error) => return Err(error.into()),
                Ok(answer) => return Ok(answer),
            }
        }
    };
    tokio::select! {
        biased;
        answer = trying => answer,
        shut = gate.until_shut() => Err(shut.into()),
    }
}

/// Why a call wasn't answered though it was made often.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// The lease ended.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// The coordinator said no.
    #[error(transparent)]
    Call(#[from] CallError),
}
