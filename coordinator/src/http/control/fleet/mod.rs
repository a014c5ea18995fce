//! `/control/v1`: what goes on in the fleet, and what operators do about it; one file a
//! resource.
//!
//! Not here: what any of it means (`fleet`, `queue`).

pub(super) mod agents;
pub(super) mod connections;
pub(super) mod dead_letters;
pub(super) mod institutions;
pub(super) mod leases;
pub(super) mod overprivileged;
pub(super) mod pages;
pub(super) mod pools;
pub(super) mod queue;
pub(super) mod repair_tickets;
pub(super) mod revisions;
pub(super) mod rollouts;
pub(super) mod ways;

use std::time::Duration;

/// A span as the API shows it: whole milliseconds.
fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
