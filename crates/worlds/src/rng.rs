//! A small generator of repeatable numbers (splitmix64), so that a seed makes the same world
//! everywhere, for ever.
//!
//! Not here: secrets, or anything else that mustn't be foreseen.

/// A stream of numbers that its seed determines.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

/// What splitmix64 counts by.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes 64 bits so that each depends on all.
pub(crate) const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// 64 bits that stand for a sequence of parts. Each part counts with its length, so that parts
/// don't run into each other.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut state = 0_u64;
    for part in parts {
        state = mixed(state.wrapping_add(GOLDEN) ^ part.len() as u64);
        for bytes in part.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            state = mixed(state.wrapping_add(GOLDEN) ^ u64::from_le_bytes(word));
        }
    }
    state
}

impl Rng {
    /// The stream of one topic ("the life of this account") under a seed. Topics don't disturb
    /// each other, so a row more in one account leaves the others as they were.
    pub(crate) fn of(seed: u64, topic: &str, number: usize) -> Self {
        Self(hash([&seed.to_le_bytes()[..], topic.as_bytes(), &number.to_le_bytes()]))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.next() % width)
    }

    /// A count from `low` to `high`, both included.
    pub(crate) fn count(&mut self, low: usize, high: usize) -> usize {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(u64::MAX).saturating_add(1);
        low.saturating_add(usize::try_from(self.next() % width).unwrap_or_default())
    }

    /// True in about `percent` of a hundred cases.
    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of the choices; there has to be one.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.count(0, choices.len() - 1)]
    }

    /// Brings a list into another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.count(0, place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rng, hash};

    #[test]
    fn a_seed_and_a_topic_always_give_the_same_numbers() {
        let first = |seed, topic, number| Rng::of(seed, topic, number).next();
        assert_eq!(first(7, "life", 1), first(7, "life", 1));
        assert_ne!(first(7, "life", 1), first(7, "life", 2));
        assert_ne!(first(7, "life", 1), first(8, "life", 1));
        assert_ne!(first(7, "life", 1), first(7, "visits", 1));
    }

    #[test]
    fn where_a_part_ends_makes_a_difference() {
        let of = |parts: &[&str]| hash(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(of(&["a", "bc"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", "bc"]), of(&["ab", "c"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
        assert_ne!(of(&["a"]), of(&["a\0"]));
    }

    #[test]
    fn numbers_stay_inside_their_bounds() {
        let mut rng = Rng::of(1, "bounds", 0);
        assert!((0..1000).all(|_| (-3..=3).contains(&rng.between(-3, 3))));
        assert!((0..1000).all(|_| (2..=4).contains(&rng.count(2, 4))));
    }

    #[test]
    fn a_shuffled_list_holds_what_it_held() {
        let mut list: Vec<usize> = (0..50).collect();
        Rng::of(1, "shuffle", 0).shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }
}
