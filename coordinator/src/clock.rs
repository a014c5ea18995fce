//! The one clock of the coordinator, at the precision that the store keeps, so that
//! what is shown before it was stored is what is shown after.
//!
//! Not here: the queue's clock, which is Redis' own.

use jiff::{Timestamp, Unit};

/// This moment, to the millisecond.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    // It only fails at the far end of time.
    now.round(Unit::Millisecond).unwrap_or(now)
}
