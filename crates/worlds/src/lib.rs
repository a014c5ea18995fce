//! Synthetic banks whose rows change between two reads, strategies that give rows an identity,
//! and what came of them, held against the truth.
//!
//! ```text
//! WORLDS ─ a seed and a scale ─▶ World ─ views ─▶ Read ─▶ Strategy ─ ids ─▶ play ─▶ Outcome
//!                                       └──────── truth, which no strategy sees ──▶
//! ```
//!
//! The same seed makes the same world everywhere. Tests of identity and the bench of ledgers
//! play the same ones.
//!
//! Not here: the rules of Bursar's own strategy, which are `domain`'s and know nothing of any
//! world; pages of portals; clocks, files and floats.

mod bank;
pub mod peers;
mod play;
mod rng;
mod rules;
mod strategy;
#[cfg(test)]
mod tests;
mod world;
mod worlds;

pub use bank::books::TruthId;
pub use play::{Outcome, play};
pub use rules::Rules;
pub use strategy::{LedgerId, Read, Strategy};
pub use world::{Scale, View, World};
pub use worlds::{
    Make, WORLDS, base, busy, card_conversion, corrections, ids_from_booking, ids_per_fetch, merged_accounts,
    missing_pages, missing_pages_unnoticed, partial_windows, positional_ids, renamed_bank, reordered_days, stable_ids,
    ten_years,
};
