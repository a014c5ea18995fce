//! How much two descriptions have in common, by the words that tell payments of this
//! account apart.
//!
//! A word that stands in many rows (`POS`, `PURCHASE`) says little, a rare one (a shop's
//! name, its number) says much. So each word weighs by its length and by how rare it is
//! among the rows at hand, and the weight that both share is held against the lighter of
//! the two: a bank that cuts its descriptions or adds to them changes little of that.
//!
//! Not here: what follows from it; the tiers say how much is enough.

use std::collections::HashMap;

/// How many rows each word stands in.
#[derive(Default)]
pub(super) struct Vocabulary {
    rows: usize,
    counts: HashMap<String, usize>,
}

/// A length beyond which a word says no more.
const LONGEST: usize = 12;

/// A word's beginning of so many characters stands for the word, as where a description
/// was cut.
const CUT: usize = 4;

/// Fewer rows than this say nothing of what is common.
const FEW: usize = 20;

impl Vocabulary {
    /// Of folded descriptions.
    pub(super) fn of<'a>(descriptions: impl Iterator<Item = &'a str>) -> Self {
        let mut vocabulary = Self::default();
        for description in descriptions {
            vocabulary.rows += 1;
            let mut words = words(description);
            words.sort_unstable();
            words.dedup();
            for word in words {
                match vocabulary.counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(vocabulary.counts.insert(word.to_owned(), 1)),
                }
            }
        }
        vocabulary
    }

    /// How alike two folded descriptions are, from 0 to 100.
    pub(super) fn likeness(&self, one: &str, other: &str) -> u32 {
        if one == other {
            return 100;
        }
        let (ones, mut others) = (words(one), words(other));
        let (all_of_one, all_of_other) = (self.weight(&ones), self.weight(&others));
        let mut shared = 0;
        for word in ones {
            if let Some(at) = others.iter().position(|other| *other == word || is_cut(word, other)) {
                shared += self.weigh(word).min(self.weigh(others.swap_remove(at)));
            }
        }
        let lighter = all_of_one.min(all_of_other);
        u32::try_from((shared * 100).checked_div(lighter).unwrap_or_default().min(100)).unwrap_or(100)
    }

    fn weight(&self, words: &[&str]) -> usize {
        words.iter().map(|word| self.weigh(word)).sum()
    }

    fn weigh(&self, word: &str) -> usize {
        let rows = self.counts.get(word).copied().unwrap_or_default();
        let rarity = match rows {
            _ if self.rows < FEW => 2,
            rows if rows * 20 <= self.rows => 4,
            rows if rows * 5 <= self.rows => 2,
            _ => 1,
        };
        word.chars().take(LONGEST).count() * rarity
    }
}

/// One of them is the beginning of the other.
fn is_cut(one: &str, other: &str) -> bool {
    let shorter = one.len().min(other.len());
    shorter >= CUT && (one.starts_with(other) || other.starts_with(one))
}

/// The runs of letters and digits.
fn words(text: &str) -> Vec<&str> {
    text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;

    fn check(one: &str, other: &str, expected: std::ops::RangeInclusive<u32>) {
        let shops = ["starbucks", "shell", "tesco", "ikea", "lidl", "aldi", "zara", "apple"];
        let rows: Vec<String> =
            (0..80).map(|row| format!("pos purchase {} {}", 1_000 + row, shops[row % shops.len()])).collect();
        let vocabulary = Vocabulary::of(rows.iter().map(String::as_str));
        assert_eq!(vocabulary.likeness(one, other), vocabulary.likeness(other, one));
        let likeness = vocabulary.likeness(one, other);
        assert!(expected.contains(&likeness), "{one} / {other}: {likeness}");
    }

    #[test]
    fn rare_words_count_and_common_ones_hardly_do() {
        check("pos purchase 1001 starbucks", "pos purchase 1001 starbucks", 100..=100);
        check("pos purchase 1234 starbucks", "starbucks #1234 seattle wa", 50..=90);
        check("pos purchase 1234 starbucks", "pos purchase 5678 shell", 0..=35);
        check("pos purchase 1234 starbucks", "pos purchase 1234 star", 80..=100);
        check("payroll", "rent", 0..=0);
    }

    #[test]
    fn nothing_has_nothing_in_common_with_anything() {
        check("", "starbucks", 0..=0);
        check("--", "::", 0..=0);
    }
}
