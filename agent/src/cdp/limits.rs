//! How long a browser is of use: after so many sessions, so long, or with so much memory
//! it is worn.
//!
//! Not here: weighing one ([`super::scales`]), and what is done with a worn one
//! ([`super::browsers`]).

use std::time::Duration;

/// After so many sessions, or so long, a browser gets no further one.
const SESSIONS: usize = 250;
const AGE: Duration = Duration::from_secs(6 * 3600);
/// Weighing reads the maps of every process, which stops each for a moment.
const WEIGHED_EVERY: Duration = Duration::from_secs(5);

/// When a browser is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserLimits {
    /// After so many sessions.
    pub sessions: usize,
    /// After so long.
    pub age: Duration,
    /// With so many bytes of memory, all its processes together. With twice that it is
    /// ended.
    pub memory: u64,
    /// With so many bytes the process of a page is ended, and its session with it.
    pub page_memory: u64,
    /// How often it is weighed while it has sessions.
    pub weighed_every: Duration,
}

impl BrowserLimits {
    /// The usual ones for a browser that may hold so much memory. One page that holds as
    /// much by itself is ended alone, before the others suffer for it.
    #[must_use]
    pub fn new(memory: u64) -> Self {
        Self { sessions: SESSIONS, age: AGE, memory, page_memory: memory, weighed_every: WEIGHED_EVERY }
    }
}
