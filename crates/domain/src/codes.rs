//! Finding the code in what a bank writes: by the words around it, where the institution's record says them, or else the
//! one run of digits that it can only be. What isn't sure is no code.
//!
//! Not here: who may write for a bank beyond what its record says, or how a message comes.

use serde::{Deserialize, Serialize};

/// What stands for the code in a pattern.
pub const CODE_PLACE: &str = "{code}";

/// How many signs a code has.
const SIGNS: std::ops::RangeInclusive<usize> = 4..=10;

/// How many digits a run has that may be a code where nothing says which is.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=8;

/// How much of a message is looked through, in bytes.
const LONGEST: usize = 64 * 1024;

/// How a bank sends codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Codes {
    /// Who sends them: numbers, names and addresses, or `@` and a domain. Anybody, where none is named.
    #[serde(default)]
    pub from: Vec<String>,
    /// The words around the code, which [`CODE_PLACE`] stands for.
    #[serde(default)]
    pub pattern: Option<String>,
}

/// Why a message has no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCode {
    /// Nothing in it looks like one.
    Missing,
    /// Several things do.
    Ambiguous,
}

impl Codes {
    /// Whether a message from there may have a code.
    #[must_use]
    pub fn are_from(&self, sender: &str) -> bool {
        let sender = sender.trim().to_lowercase();
        // Of `Bank <codes@bank.example>` the address counts: the name is whatever its writer likes.
        let sender = sender.rsplit_once('<').map_or(sender.as_str(), |(_, rest)| rest.trim_end_matches('>').trim());
        let is_it = |known: &String| {
            let known = known.trim().to_lowercase();
            if known.starts_with('@') { sender.ends_with(&known) } else { sender == known }
        };
        self.from.is_empty() || self.from.iter().any(is_it)
    }

    /// The code in a message.
    ///
    /// # Errors
    /// [`NoCode`] where there is none, or it isn't sure which it is.
    pub fn code_in(&self, text: &str) -> Result<String, NoCode> {
        let text = folded(text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default());
        let mut found = match &self.pattern {
            Some(pattern) => by_words(&text, pattern),
            None => by_digits(&text),
        };
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => Err(NoCode::Missing),
            [code] => Ok((*code).to_owned()),
            _ => Err(NoCode::Ambiguous),
        }
    }

    /// What is wrong with the pattern, if something is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let pattern = self.pattern.as_ref()?;
        let Some((before, after)) = pattern.split_once(CODE_PLACE) else {
            return Some("the pattern needs `{code}` where the code stands");
        };
        if after.contains(CODE_PLACE) {
            return Some("the pattern has `{code}` once");
        }
        let words = [before, after].concat().chars().filter(|letter| letter.is_alphanumeric()).count();
        (words < 3).then_some("the pattern needs words beside `{code}`")
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands where the pattern has the code, whatever its letters' case.
fn by_words<'t>(text: &'t str, pattern: &str) -> Vec<&'t str> {
    let Some((before, after)) = pattern.split_once(CODE_PLACE) else { return Vec::new() };
    let (before, after) = (folded(before).to_ascii_lowercase(), folded(after).to_ascii_lowercase());
    // Only ASCII letters change, so that places are the same in both.
    let lower = text.to_ascii_lowercase();
    let starts: Vec<usize> = match before.as_str() {
        "" => words(text).map(|(at, _)| at).collect(),
        before => lower.match_indices(before).map(|(at, _)| at + before.len()).collect(),
    };
    let fitting = |start: usize| {
        let rest = text.get(start..)?;
        let begin = start + (rest.len() - rest.trim_start().len());
        let (_, code) = words(text).find(|(at, _)| *at == begin)?;
        let follows = lower.get(begin + code.len()..)?.trim_start();
        let is_code = SIGNS.contains(&code.len()) && code.bytes().any(|sign| sign.is_ascii_digit());
        (is_code && follows.starts_with(&after)).then_some(code)
    };
    starts.into_iter().filter_map(fitting).collect()
}

/// Runs of ASCII letters and digits, and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let split = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let mut at = 0;
    // Whatever is between two words has the length that it has, so places are told from the words themselves.
    split.filter(|word| !word.is_empty()).filter_map(move |word| {
        let found = at + text.get(at..)?.find(word)?;
        at = found + word.len();
        Some((found, word))
    })
}

/// Runs of digits that stand alone: no parts of a larger number, date, amount or masked number.
fn by_digits(text: &str) -> Vec<&str> {
    let stands_alone = |&(at, word): &(usize, &str)| {
        let mut before = text.get(..at).unwrap_or_default().chars().rev();
        let mut after = text.get(at + word.len()..).unwrap_or_default().chars();
        let joins = |letter: Option<char>| letter.is_some_and(|letter| "-/.:,".contains(letter));
        // A masked number goes on with its last digits.
        let is_digit =
            |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit() || "•*".contains(letter));
        let (last, first) = (before.next(), after.next());
        let is_led = last.is_some_and(|letter| letter.is_alphanumeric() || "+*•$€£¥#".contains(letter));
        let is_followed = first.is_some_and(char::is_alphanumeric);
        let is_part = (joins(last) && is_digit(before.next())) || (joins(first) && is_digit(after.next()));
        !(is_led || is_followed || is_part)
    };
    let is_run =
        |&(_, word): &(usize, &str)| DIGITS.contains(&word.len()) && word.bytes().all(|sign| sign.is_ascii_digit());
    words(text).filter(is_run).filter(stands_alone).map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::{Codes, NoCode};

    fn codes(pattern: Option<&str>) -> Codes {
        Codes { from: Vec::new(), pattern: pattern.map(str::to_owned) }
    }

    #[test]
    fn without_a_pattern_the_one_run_of_digits_is_the_code() {
        let check = |text: &str, expected: Result<&str, NoCode>| {
            assert_eq!(codes(None).code_in(text).as_deref(), expected.as_ref().copied(), "{text}");
        };
        check("Harbour: 482911 is your one-time passcode. It expires in 5 minutes.", Ok("482911"));
        check("G-482911 is your code", Ok("482911"));
        check("Code:4829", Ok("4829"));
        check("Your code:\n\n  4829 1177\n", Err(NoCode::Ambiguous));
        check("482911 482911", Ok("482911"));
        check("Sent to (•••) •••-0142: 482911", Ok("482911"));
        check("Sent to ••••0142: 482911", Ok("482911"));
        check("On 2026-11-26 at 13:05, $1,234.56: 482911.", Ok("482911"));
        check("Call +14155550142", Err(NoCode::Missing));
        check("123 and 123456789 are none, nor is A4829", Err(NoCode::Missing));
        check("", Err(NoCode::Missing));
        check("12345 or 67890", Err(NoCode::Ambiguous));
    }

    #[test]
    fn a_pattern_says_which_of_several_it_is() {
        let check = |pattern: &str, text: &str, expected: Result<&str, NoCode>| {
            let found = codes(Some(pattern)).code_in(text);
            assert_eq!(found.as_deref(), expected.as_ref().copied(), "{pattern} in {text}");
        };
        check("{code} is your one-time passcode", "Call 5550142. 482911 is your  One-Time\npasscode.", Ok("482911"));
        check("your code is {code}.", "YOUR CODE IS 48AB91. Not 482911.", Ok("48AB91"));
        check("your code is {code}", "your code is gone", Err(NoCode::Missing));
        check("code {code}", "code 1234 code 5678", Err(NoCode::Ambiguous));
        check("code {code}", "é code 1234 é", Ok("1234"));
        check("passcode {code}", "482911", Err(NoCode::Missing));
    }

    #[test]
    fn a_pattern_without_words_is_none() {
        assert_eq!(codes(Some("your code is {code}")).fault(), None);
        assert_eq!(codes(None).fault(), None);
        for pattern in ["your code", "{code}", "a {code}", "your {code} {code}"] {
            assert!(codes(Some(pattern)).fault().is_some(), "{pattern}");
        }
    }

    #[test]
    fn only_those_who_are_named_send_codes() {
        let from = ["HARBOUR", "+14155550100", "codes@bank.example", "@mail.bank.example"].map(str::to_owned).to_vec();
        let codes = Codes { from, pattern: None };
        for sender in ["harbour", "+14155550100", "Bank <codes@bank.example>", "any@mail.bank.example"] {
            assert!(codes.are_from(sender), "{sender}");
        }
        for sender in [
            "HARBOUR2",
            "+4155550100",
            "codes@bank.example.evil.example",
            "\"codes@bank.example\" <x@evil.example>",
            "",
        ] {
            assert!(!codes.are_from(sender), "{sender}");
        }
        assert!(self::codes(None).are_from("anybody"));
    }
}
