//! What a bank wants of a password that is set anew, and a password that fits it.
//!
//! Characters that look alike are left out: what somebody may have to read out once isn't `l`, `1`, `I`, `O` or `0`.
//!
//! Not here: randomness. Whoever makes a password draws, and says what was drawn.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::word::words;

words! {
    /// A kind of character.
    pub enum CharacterClass {
        /// `A` to `Z`.
        Upper = "upper",
        /// `a` to `z`.
        Lower = "lower",
        /// `0` to `9`.
        Digit = "digit",
        /// What is neither a letter nor a digit.
        Symbol = "symbol",
    }
}

/// The fewest characters of a password that is made; a bank that wants no more is given more.
pub const SHORTEST: u32 = 8;

/// The most characters that a bank may be said to take.
pub const LONGEST: u32 = 128;

/// How long a password is where the bank takes it: beyond what anybody guesses, and still typed by hand if need be.
const USUAL: u32 = 20;

/// What a bank wants of a new password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordRules {
    /// The fewest characters.
    pub shortest: u32,
    /// The most.
    pub longest: u32,
    /// The kinds of characters that are in it, each at least once, and no others.
    pub classes: Vec<CharacterClass>,
    /// Characters that aren't in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub without: String,
}

/// Rules that no password fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmeetable {
    /// A password has [`SHORTEST`] characters at least.
    #[error("a password has 8 to 128 characters, and `longest` isn't below `shortest`")]
    Length,
    /// It is made of nothing, or of what everybody can guess.
    #[error("a password takes at least two kinds of characters, each once")]
    Classes,
    /// Too few characters of a kind are left.
    #[error("too few characters of the kind `{0}` are left")]
    Without(CharacterClass),
}

impl CharacterClass {
    /// Its characters, without those that look alike and those that forms and files are known to spoil.
    const fn characters(self) -> &'static str {
        match self {
            Self::Upper => "ABCDEFGHJKLMNPQRSTUVWXYZ",
            Self::Lower => "abcdefghijkmnpqrstuvwxyz",
            Self::Digit => "23456789",
            Self::Symbol => "!#$%*+-=?@_",
        }
    }
}

impl PasswordRules {
    /// Looks whether a password can fit them.
    ///
    /// # Errors
    /// [`Unmeetable`].
    pub fn check(&self) -> Result<(), Unmeetable> {
        let is_long = self.shortest <= self.longest && self.longest >= SHORTEST && self.longest <= LONGEST;
        if !is_long {
            return Err(Unmeetable::Length);
        }
        let mut classes = self.classes.clone();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() < 2 || classes.len() != self.classes.len() {
            return Err(Unmeetable::Classes);
        }
        match self.classes.iter().find(|class| self.alphabet(**class).len() < 2) {
            Some(class) => Err(Unmeetable::Without(*class)),
            None => Ok(()),
        }
    }

    /// A password that fits. `draw` gives a number below the one that it is given, each as likely as the others.
    ///
    /// # Errors
    /// [`Unmeetable`].
    pub fn compose(&self, draw: &mut dyn FnMut(u32) -> u32) -> Result<Secret, Unmeetable> {
        self.check()?;
        let length = USUAL.max(self.shortest).min(self.longest);
        let mut classes = self.classes.clone();
        while u32::try_from(classes.len()).is_ok_and(|count| count < length) {
            classes.extend(pick(&self.classes, draw));
        }
        shuffle(&mut classes, draw);
        // Some banks want a letter first.
        let letter = classes.iter().position(|class| matches!(class, CharacterClass::Upper | CharacterClass::Lower));
        if let Some(letter) = letter {
            classes.swap(0, letter);
        }
        let mut text = String::with_capacity(classes.len());
        for class in classes {
            // And others none twice in a row.
            let last = text.chars().next_back();
            let usable: Vec<char> = self.alphabet(class).into_iter().filter(|one| Some(*one) != last).collect();
            text.extend(pick(&usable, draw));
        }
        Ok(Secret::new(text))
    }

    fn alphabet(&self, class: CharacterClass) -> Vec<char> {
        class.characters().chars().filter(|one| !self.without.contains(*one)).collect()
    }
}

fn pick<T: Copy>(from: &[T], draw: &mut dyn FnMut(u32) -> u32) -> Option<T> {
    let count = u32::try_from(from.len()).ok().filter(|count| *count > 0)?;
    from.get(usize::try_from(draw(count)).ok()?).copied()
}

/// Puts them in an order of which each is as likely.
fn shuffle<T>(all: &mut [T], draw: &mut dyn FnMut(u32) -> u32) {
    for last in (1..all.len()).rev() {
        let Ok(count) = u32::try_from(last + 1) else { return };
        if let Some(place) = usize::try_from(draw(count)).ok().filter(|place| *place <= last) {
            all.swap(place, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CharacterClass as Class, PasswordRules, Unmeetable};

    fn rules(shortest: u32, longest: u32, classes: &[Class], without: &str) -> PasswordRules {
        PasswordRules { shortest, longest, classes: classes.to_vec(), without: without.into() }
    }

    /// Numbers that look drawn, the same in each run.
    fn drawn(seed: u32) -> impl FnMut(u32) -> u32 {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        move |below| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        }
    }

    #[test]
    fn every_password_fits_the_rules_that_it_is_made_by() {
        let all = [Class::Upper, Class::Lower, Class::Digit, Class::Symbol];
        for (shortest, longest, classes, without, length) in [
            (12, 64, all.as_slice(), "", 20),
            (8, 10, &all, "!#$%*+-=", 10),
            (30, 40, &all[..3], "", 30),
            (1, 8, &all[1..3], "abc", 8),
        ] {
            let rules = rules(shortest, longest, classes, without);
            for seed in 0..200 {
                let password = rules.compose(&mut drawn(seed)).expect("rules that can be met");
                let text = password.expose();
                let has = |class: &Class| match class {
                    Class::Upper => text.contains(|one: char| one.is_ascii_uppercase()),
                    Class::Lower => text.contains(|one: char| one.is_ascii_lowercase()),
                    Class::Digit => text.contains(|one: char| one.is_ascii_digit()),
                    Class::Symbol => text.contains(|one: char| one.is_ascii_punctuation()),
                };
                assert_eq!(text.len(), length);
                assert!(all.iter().all(|class| has(class) == classes.contains(class)), "{text}");
                assert!(!text.contains(|one: char| without.contains(one) || "lIO01".contains(one)), "{text}");
                assert!(text.starts_with(|one: char| one.is_ascii_alphabetic()), "{text}");
                assert!(text.as_bytes().windows(2).all(|pair| pair[0] != pair[1]), "{text}");
            }
        }
    }

    #[test]
    fn rules_that_no_password_fits_are_refused() {
        let check = |rules: PasswordRules, expected| assert_eq!(rules.check(), Err(expected), "{rules:?}");
        let two = [Class::Lower, Class::Digit];
        check(rules(12, 10, &two, ""), Unmeetable::Length);
        check(rules(4, 6, &two, ""), Unmeetable::Length);
        check(rules(8, 500, &two, ""), Unmeetable::Length);
        check(rules(8, 20, &two[..1], ""), Unmeetable::Classes);
        check(rules(8, 20, &[Class::Digit, Class::Digit], ""), Unmeetable::Classes);
        check(rules(8, 20, &two, "2345678"), Unmeetable::Without(Class::Digit));
    }
}
