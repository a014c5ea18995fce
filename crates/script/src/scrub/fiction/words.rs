//! A word as another of the same shape: vowels where vowels were, capitals where capitals were. Letters of other scripts become
//! letters of the same script.
//!
//! Not here: which words are replaced.

use std::collections::BTreeSet;

use super::Key;
use crate::document::folded_case;

const VOWELS: &str = "aeiou";
const CONSONANTS: &str = "bdfgklmnprstvz";

/// Letters of scripts in which any of them may follow any other, with what tells a letter of it.
const OTHERS: [(&str, std::ops::RangeInclusive<char>); 6] = [
    ("αβγδεζηθικλμνοπρστ", '\u{370}'..='\u{3ff}'),
    ("абвгдеиклмнопрсту", '\u{400}'..='\u{4ff}'),
    ("ابتجدرسعفقكلمنهو", '\u{600}'..='\u{6ff}'),
    ("あいうかきくさしすたなにのまみもらり", '\u{3040}'..='\u{309f}'),
    ("アイウカキクサシスタナニノマミモラリ", '\u{30a0}'..='\u{30ff}'),
    ("山川田中木林石井村松東西南北上下大小", '\u{4e00}'..='\u{9fff}'),
];

/// How often another one is looked for.
const TURNS: usize = 64;

/// Another word, which is none of `theirs` (case folded): one that is a customer's would look as if it had survived.
pub(super) fn other(key: Key, word: &str, theirs: &BTreeSet<String>) -> String {
    let folded = folded_case(word);
    for turn in 0..TURNS {
        let bytes = key.bytes("word", &format!("{turn}{folded}"));
        let letter = |(at, letter): (usize, char)| other_letter(letter, usize::from(bytes[at % bytes.len()]) + at);
        let made: String = word.chars().enumerate().map(letter).collect();
        let made_folded = folded_case(&made);
        if made_folded != folded && !theirs.contains(&made_folded) {
            return made;
        }
    }
    "x".repeat(word.chars().count())
}

fn other_letter(letter: char, place: usize) -> char {
    if let Some((letters, _)) = OTHERS.iter().find(|(_, script)| script.contains(&letter)) {
        return pick(letters, place);
    }
    let small: char = letter.to_lowercase().next().unwrap_or(letter);
    let is_vowel = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûü".contains(small);
    let made = pick(if is_vowel { VOWELS } else { CONSONANTS }, place);
    if letter.is_uppercase() { made.to_ascii_uppercase() } else { made }
}

fn pick(letters: &str, place: usize) -> char {
    letters.chars().nth(place % letters.chars().count()).unwrap_or('x')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Key;

    fn other(key: Key, word: &str) -> String {
        super::other(key, word, &BTreeSet::new())
    }

    #[test]
    fn a_word_becomes_another_of_its_shape_and_always_the_same() {
        let key = Key::new(b"one");
        for word in ["Holt", "MAREN", "Straße", "株式会社", "Ćevap", "a", "شركة"] {
            let made = other(key, word);
            assert_eq!(made.chars().count(), word.chars().count(), "{word}");
            assert_ne!(made, word);
            assert_eq!(made, other(key, word));
            let capitals = |text: &str| text.chars().map(char::is_uppercase).collect::<Vec<_>>();
            assert_eq!(capitals(&made), capitals(word), "{word} {made}");
        }
        assert_eq!(other(key, "holt"), other(key, "Holt").to_lowercase(), "however it is written");
        assert_ne!(other(key, "Holt"), other(Key::new(b"two"), "Holt"));
    }

    #[test]
    fn what_a_word_becomes_is_nobodys() {
        // Of two letters there are so few words that by chance they would be.
        let words = ["at", "in", "is", "it", "on", "or", "up", "us", "an", "as"];
        let theirs: BTreeSet<String> = words.map(str::to_owned).into();
        for secret in 0..200_u8 {
            for word in words {
                let made = super::other(Key::new(&[secret]), word, &theirs);
                assert!(!theirs.contains(&made), "{word} became {made}");
            }
        }
    }
}
