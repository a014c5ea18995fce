//! Repeatable chance (splitmix64): a seed plays the same day everywhere.
//!
//! Not here: what is drawn for.

/// A generator of numbers that follow from a seed.
#[derive(Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Different purposes draw from different dice, so that none disturbs the other.
    pub(super) const fn new(seed: u64, purpose: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ purpose)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `whole`; 0 of nothing.
    pub(super) fn below(&mut self, whole: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(whole)) >> 64).unwrap_or_default()
    }

    /// From one to the other, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// How long until something happens that happens every `mean` on average, by chance.
    pub(super) fn gap(&mut self, mean: u64) -> u64 {
        let unit = (self.below(1 << 53) as f64 + 1.0) / (1_u64 << 53) as f64;
        (-unit.ln() * mean as f64) as u64
    }
}
