//! The two environments of an organization, which see nothing of each other.
//!
//! Not here: how they are kept apart; each is a tenant of its own in the store.

use crate::institution::Institution;
use crate::word::words;

words! {
    /// What an API key is for.
    pub enum Environment {
        /// Real banks.
        Live = "live",
        /// Simulated portals alone.
        Test = "test",
    }
}

impl Environment {
    /// Whether connections to the institution can be made here.
    #[must_use]
    pub const fn reaches(self, institution: &Institution) -> bool {
        match self {
            Self::Live => true,
            Self::Test => institution.simulated,
        }
    }
}
