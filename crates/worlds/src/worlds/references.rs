//! Worlds that differ in what stands beside a row as the bank's reference.
//!
//! Not here: what happens to the rows (`accounts`), and which of them are seen (`lists`).

use super::{Plan, usual_reach};
use crate::bank::portal::{Manners, Reference};
use crate::world::{Scale, World};

/// As `base`, but each row's reference is its place in the list, or, at two of the four banks,
/// its page and its place there: the next row on top moves all of them on.
#[must_use]
pub fn positional_ids(seed: u64, scale: Scale) -> World {
    let (place, page) = (Reference::Position, Reference::PageAndPosition);
    referring("positional_ids", seed, scale, [place, page, place, page])
}

/// As `base`, but each row's reference is another one at each fetch.
#[must_use]
pub fn ids_per_fetch(seed: u64, scale: Scale) -> World {
    referring("ids_per_fetch", seed, scale, [Reference::AnotherEachTime; 4])
}

/// As `base`, but each row has a reference of its own, which never changes.
#[must_use]
pub fn stable_ids(seed: u64, scale: Scale) -> World {
    referring("stable_ids", seed, scale, [Reference::Stable; 4])
}

/// As `stable_ids`, but an announced row has another reference than it has once it is booked.
#[must_use]
pub fn ids_from_booking(seed: u64, scale: Scale) -> World {
    referring("ids_from_booking", seed, scale, [Reference::OtherOnceBooked; 4])
}

fn referring(name: &'static str, seed: u64, scale: Scale, references: [Reference; 4]) -> World {
    let mut plan = Plan::ordinary(name, seed, scale);
    for (manners, reference) in plan.manners.iter_mut().zip(references) {
        *manners = Manners { reference, ..*manners };
    }
    plan.world(usual_reach)
}
