//! A bank's words, which stand for ours: whole, or by how they begin.
//!
//! Not here: which words there are; a script says that.

use crate::document::folded_case;

/// One of a bank's words, case and white space folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BankWord {
    Whole(String),
    /// Whatever begins with this, which a blank may end: `Compte courant …` isn't `Comptes courants`.
    Beginning(String),
}

impl BankWord {
    /// As scripts write it: what ends in `…`, or in three dots, is a beginning.
    pub(crate) fn parse(text: &str) -> Self {
        let folded = folded_case(text);
        match folded.strip_suffix('…').or(folded.strip_suffix("...")) {
            Some(beginning) => Self::Beginning(beginning.to_owned()),
            None => Self::Whole(folded),
        }
    }

    /// Whether it says anything.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Self::Beginning(beginning) if beginning.trim().is_empty())
    }
}

/// What a text stands for, its white space folded: by the word that it is, or else by the longest of its beginnings.
pub(crate) fn meant<'w, W>(text: &str, words: &'w [(BankWord, W)]) -> Option<&'w W> {
    let folded = text.to_lowercase();
    let whole = words.iter().find(|(word, _)| matches!(word, BankWord::Whole(word) if *word == folded));
    let begins = |(word, value): &'w (BankWord, W)| match word {
        BankWord::Beginning(beginning) if folded.starts_with(beginning) => Some((beginning.len(), value)),
        BankWord::Beginning(_) | BankWord::Whole(_) => None,
    };
    let longest = || words.iter().filter_map(begins).max_by_key(|(length, _)| *length);
    whole.map(|(_, value)| value).or_else(|| longest().map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::{BankWord, meant};

    #[test]
    fn a_word_counts_whole_and_of_beginnings_the_longest() {
        let words = ["Compte", "Compte …", "compte courant…", "Compte Courant Pro...", "Livret …"];
        let words: Vec<(BankWord, &str)> = words.into_iter().map(|word| (BankWord::parse(word), word)).collect();
        let check = |text: &str, expected: Option<&str>| assert_eq!(meant(text, &words), expected.as_ref(), "{text}");
        check("COMPTE", Some("Compte"));
        check("Compte joint", Some("Compte …"));
        check("Compte courant n° 4711", Some("compte courant…"));
        check("Compte courants", Some("compte courant…"));
        check("Compte courant professionnel", Some("Compte Courant Pro..."));
        check("Comptes", None);
        check("Livret", None);
        check("Le compte courant", None);
        assert!(BankWord::parse(" … ").is_blank() && !BankWord::parse("").is_blank());
    }
}
