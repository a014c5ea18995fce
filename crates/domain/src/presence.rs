//! Whether a known account is still there.
//!
//! ```text
//!                missing                missing
//!   Seen ───────────────────▶ Unseen ───────────────▶ Closed
//!    ▲                          │  (in two syncs whose    │
//!    │           found          │   list was walked to    │
//!    └──────────────────────────┴──── its end) ───────────┘
//! ```
//!
//! An account that a portal no longer lists is never deleted: its rows stay what they were.
//! Portals leave accounts out for a day, so one list without it closes nothing; and a list
//! that wasn't walked to its end says nothing of what isn't in it. One that comes back is
//! open again.
//!
//! Not here: finding it (`account_match`).

use crate::account::AccountStatus;
use crate::word::words;

/// How many whole lists without it make an account closed.
pub const CLOSED_AFTER: u32 = 2;

words! {
    /// What a sync says of a known account.
    pub enum Sighting {
        /// It is listed, even if it couldn't be read.
        Found = "found",
        /// The list was walked to its end, and it isn't there.
        Missing = "missing",
        /// It wasn't found, and the list wasn't walked to its end.
        ListCut = "listCut",
    }
}

/// Whether an account is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The last whole list had it.
    Seen,
    /// So many whole lists in a row were without it; too few to be sure.
    Unseen {
        /// At least one, and fewer than [`CLOSED_AFTER`].
        lists: u32,
    },
    /// Enough whole lists in a row were without it.
    Closed,
}

impl Presence {
    /// The presence of an account that so many whole lists in a row were without, which is
    /// what is kept of it.
    #[must_use]
    pub const fn of(unseen_in: u32) -> Self {
        match unseen_in {
            0 => Self::Seen,
            lists if lists < CLOSED_AFTER => Self::Unseen { lists },
            _ => Self::Closed,
        }
    }

    /// How many whole lists in a row were without it, as far as it counts.
    #[must_use]
    pub const fn unseen_in(self) -> u32 {
        match self {
            Self::Seen => 0,
            Self::Unseen { lists } => lists,
            Self::Closed => CLOSED_AFTER,
        }
    }

    /// What it is after a sync. Every pair goes together.
    #[must_use]
    pub const fn after(self, sighting: Sighting) -> Self {
        match (self, sighting) {
            (_, Sighting::Found) => Self::Seen,
            (same, Sighting::ListCut) => same,
            (Self::Closed, Sighting::Missing) => Self::Closed,
            (Self::Seen | Self::Unseen { .. }, Sighting::Missing) => Self::of(self.unseen_in().saturating_add(1)),
        }
    }

    /// The status to show, where the portal last showed this one.
    #[must_use]
    pub const fn status(self, shown: AccountStatus) -> AccountStatus {
        match self {
            Self::Seen | Self::Unseen { .. } => shown,
            Self::Closed => AccountStatus::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSED_AFTER, Presence, Sighting};
    use crate::account::AccountStatus;

    #[test]
    fn every_state_meets_every_sighting_as_the_picture_says() {
        let (seen, unseen, closed) = (Presence::Seen, Presence::Unseen { lists: 1 }, Presence::Closed);
        let expected =
            [(seen, [seen, unseen, seen]), (unseen, [seen, closed, unseen]), (closed, [seen, closed, closed])];
        for (state, after) in expected {
            for (sighting, after) in Sighting::ALL.iter().zip(after) {
                assert_eq!(state.after(*sighting), after, "{state:?} {sighting}");
            }
        }
    }

    #[test]
    fn a_presence_is_kept_as_a_count() {
        for unseen_in in 0..=CLOSED_AFTER {
            assert_eq!(Presence::of(unseen_in).unseen_in(), unseen_in);
        }
        assert_eq!(Presence::of(u32::MAX).after(Sighting::Missing), Presence::Closed);
    }

    #[test]
    fn only_a_closed_account_is_shown_as_something_else() {
        assert_eq!(Presence::of(1).status(AccountStatus::Open), AccountStatus::Open);
        assert_eq!(Presence::Closed.status(AccountStatus::Open), AccountStatus::Closed);
    }
}
