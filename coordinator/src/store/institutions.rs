//! What goes on at institutions as the fleet sees it: operators' pauses, and how the last
//! runs went.
//!
//! Not here: what is known of a bank (the catalog), or what a breaker does (the domain).

use async_trait::async_trait;
use domain::breaker::{Breaker, BreakerEvent};
use jiff::Timestamp;

use super::StoreError;

/// What goes on at institutions.
#[async_trait]
pub trait Institutions {
    /// Those of which anything is known, by id.
    async fn institution_states(&self) -> Result<Vec<InstitutionState>, StoreError>;
    /// Starts nothing there until it is resumed. Doing it again only changes the reason.
    async fn pause_institution(&self, id: &str, reason: Option<&str>, now: Timestamp) -> Result<(), StoreError>;
    /// Lets runs start there again. One that isn't paused stays as it is.
    async fn resume_institution(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Tells an institution's breaker what happened there.
    async fn tell_breaker(&self, id: &str, event: BreakerEvent, now: Timestamp) -> Result<BreakerChange, StoreError>;
}

/// What goes on at one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstitutionState {
    /// Its id in the catalog.
    pub institution_id: String,
    /// Whether its runs are let through.
    pub breaker: Breaker,
    /// That an operator paused it.
    pub pause: Option<Pause>,
}

/// An operator's pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub at: Timestamp,
    /// In the operator's words.
    pub reason: Option<String>,
}

/// A breaker before and after something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerChange {
    /// Before.
    pub before: Breaker,
    /// After.
    pub after: Breaker,
}
