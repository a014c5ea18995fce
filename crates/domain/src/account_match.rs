//! Which account of a portal is which of those that are known.
//!
//! Portals rename accounts, mask numbers in another way, and hand out keys that hold for
//! one session or that count the rows of a list. Joining two accounts mixes two ledgers
//! for good, while taking one for new can be mended; so where it isn't sure, it is new.
//! The rules, the surest first, and never two to one:
//!
//! 1. `portalKey`: the same key. Where several have it, as after a key went to another
//!    account, it must be that of one on each side after contradictions are left out.
//! 2. `number`: the same whole number and currency, on one account of each side. Spaces,
//!    dashes, case and leading zeros don't count.
//! 3. `score`: four points for the same last digits, two for the same name or one for a
//!    similar one, one for the same type. Five are needed, and more than any other account
//!    has on either side. Without digits there is no score: names alone join nothing.
//!
//! **Contradictions.** Accounts are never the same if their currencies differ, if their
//! whole numbers differ (unless one is the end of the other, as a number is of its IBAN),
//! or if the last digits that both show differ. A key that leads to one account while the
//! number is another's is wrong: the number wins. What is left of such a key goes on to
//! the score.
//!
//! Not here: what becomes of an account that wasn't found (`presence`), and of its rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{AccountType, ObservedAccount};
use crate::id::AccountId;
use crate::word::words;

/// How many points the score needs.
pub const SCORE_NEEDED: u32 = 5;

/// How many equal rows it takes to adopt an account whose number nobody has seen.
pub const ROWS_NEEDED: u32 = 3;

/// How many characters the shorter of two numbers has to have to prove that they are one.
const PROOF_NEEDED: usize = 6;

/// How many digits the shorter of two masked numbers has to show to say anything.
const DIGITS_NEEDED: usize = 3;

words! {
    /// By which rule an account was found again.
    pub enum MatchRule {
        /// The portal's own key.
        PortalKey = "portalKey",
        /// The whole number.
        Number = "number",
        /// Last digits, type and name together.
        Score = "score",
    }
}

words! {
    /// What says that a statement file is of an account.
    pub enum AccountProof {
        /// The file names the account's own number.
        Number = "number",
        /// An operator has looked at the file, and says so.
        Operator = "operator",
    }
}

/// What an account can be told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks<'a> {
    /// What the portal itself tells accounts apart by.
    pub portal_key: &'a str,
    /// The whole number or IBAN.
    pub account_number: Option<&'a str>,
    /// The number as the portal masks it.
    pub masked_number: Option<&'a str>,
    /// What kind of account it is.
    pub account_type: AccountType,
    /// Upper-case code.
    pub currency: &'a str,
    /// The name that the customer sees.
    pub name: &'a str,
}

impl<'a> From<&'a ObservedAccount> for Marks<'a> {
    fn from(account: &'a ObservedAccount) -> Self {
        Self {
            portal_key: &account.portal_key,
            account_number: account.account_number.as_deref(),
            masked_number: account.masked_number.as_deref(),
            account_type: account.account_type,
            currency: &account.currency,
            name: &account.name,
        }
    }
}

/// An account as it was when it was last seen; the closed ones too, since they may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAccount<'a> {
    /// Our id for it.
    pub id: AccountId,
    /// What it can be told by.
    pub marks: Marks<'a>,
}

/// An account that was found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Which it is.
    pub id: AccountId,
    /// How that is known.
    pub rule: MatchRule,
}

/// Which observed account is which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// For each observed account, in the given order, which known one it is; none if it is new.
    pub observed: Vec<Option<Match>>,
    /// The known accounts that weren't found, in the given order.
    pub unseen: Vec<AccountId>,
    /// The observed accounts, by position, whose key is that of another known account than
    /// the one that they are: a sign that the portal's keys don't last.
    pub conflicts: Vec<usize>,
}

/// Whether two numbers are surely of one account: the same, or a number and the IBAN that
/// ends in it. A mask or a few digits prove nothing.
#[must_use]
pub fn is_same_number(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (whole_number(one), whole_number(other)) else { return false };
    let ends = |iban: &str, number: &str| {
        is_iban(iban) && iban.ends_with(number) && number.len() >= PROOF_NEEDED && number.len() < iban.len()
    };
    one == other || ends(&one, &other) || ends(&other, &one)
}

/// An IBAN as machines write it, in capitals and without what it is only written with; none where the text is no IBAN,
/// its check digits included.
#[must_use]
pub fn iban(text: &str) -> Option<String> {
    let number = whole_number(text).filter(|number| is_iban(number))?;
    let (start, rest) = number.split_at_checked(4)?;
    // Its first four characters come last, letters count from 10, and 1 is left over of 97 (ISO 13616).
    let digits = rest.chars().chain(start.chars()).filter_map(|char| char.to_digit(36));
    let left = digits.fold(0, |left, digit| (left * if digit < 10 { 10 } else { 100 } + digit) % 97);
    (left == 1).then_some(number)
}

/// Whether it has the form of an IBAN: a country's two letters, two digits, and at most 30
/// characters more.
fn is_iban(number: &str) -> bool {
    let (country, rest) = number.split_at_checked(2).unwrap_or((number, ""));
    let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic());
    let starts_with_digits = rest.get(..2).is_some_and(|check| check.bytes().all(|byte| byte.is_ascii_digit()));
    is_country && starts_with_digits && (15..=34).contains(&number.len())
}

/// Tells which observed account is which known one. The order of either doesn't matter.
#[must_use]
pub fn match_accounts(known: &[KnownAccount<'_>], observed: &[Marks<'_>]) -> Matching {
    let sides = Sides {
        known: known.iter().map(|one| Face::of(&one.marks)).collect(),
        observed: observed.iter().map(Face::of).collect(),
    };
    let pairs = sides.pairs();
    let by_key = sides.agreeing(|face| Some(face.portal_key), |_, _| true);
    let id = |index: usize| known.get(index).map(|one| one.id);
    let found = |position: usize| {
        let (index, rule) = pairs.get(&position)?;
        Some(Match { id: id(*index)?, rule: *rule })
    };
    let taken: BTreeSet<usize> = pairs.values().map(|(index, _)| *index).collect();
    let is_conflict = |(position, index): (&usize, &usize)| {
        (pairs.get(position).map(|(index, _)| index) != Some(index)).then_some(*position)
    };
    Matching {
        observed: (0..observed.len()).map(found).collect(),
        unseen: (0..known.len()).filter(|index| !taken.contains(index)).filter_map(id).collect(),
        conflicts: by_key.iter().filter_map(is_conflict).collect(),
    }
}

/// How many rows of an observed account are those of an account of the predecessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedRows {
    /// The account of the predecessor.
    pub known: AccountId,
    /// The observed account, by position.
    pub observed: usize,
    /// How many of its posted rows, dated within the days that both have, are the same.
    pub shared: u32,
    /// How many it has in those days.
    pub of: u32,
}

/// Tells which observed accounts are those of a predecessor. Another user may look at them
/// now, who has other keys and sees other accounts of the same name; so keys and scores
/// only propose, and it takes the same whole number, or at least three rows and half of
/// those of the days that both have, to adopt.
#[must_use]
pub fn adopt(known: &[KnownAccount<'_>], observed: &[Marks<'_>], rows: &[SharedRows]) -> Matching {
    let mut matching = match_accounts(known, observed);
    for (position, (found, marks)) in matching.observed.iter_mut().zip(observed).enumerate() {
        let Some(proposed) = *found else { continue };
        let number = |marks: &Marks<'_>| Face::of(marks).number;
        let old = known.iter().find(|one| one.id == proposed.id).and_then(|one| number(&one.marks));
        let has_number = old.is_some() && old == number(marks);
        let is_evidence = |rows: &&SharedRows| (rows.known, rows.observed) == (proposed.id, position);
        let is_enough = |rows: &SharedRows| rows.shared >= ROWS_NEEDED && rows.shared.saturating_mul(2) >= rows.of;
        if !has_number && !rows.iter().find(is_evidence).is_some_and(is_enough) {
            *found = None;
            matching.unseen.push(proposed.id);
        }
    }
    matching.unseen.sort_by_key(|id| known.iter().position(|one| one.id == *id));
    matching
}

/// An account's marks in the form that is compared.
struct Face<'a> {
    portal_key: &'a str,
    number: Option<String>,
    /// The last digits, as many as are shown.
    digits: String,
    account_type: AccountType,
    currency: &'a str,
    words: BTreeSet<String>,
}

impl<'a> Face<'a> {
    fn of(marks: &Marks<'a>) -> Self {
        let number = marks.account_number.and_then(whole_number);
        let shown = number.as_deref().or(marks.masked_number).unwrap_or_default();
        // Digits in a name are those of the number.
        let words = marks.name.split(|char: char| !char.is_alphabetic()).filter(|word| !word.is_empty());
        Self {
            portal_key: marks.portal_key,
            digits: last_digits(shown),
            number,
            account_type: marks.account_type,
            currency: marks.currency,
            words: words.map(str::to_lowercase).collect(),
        }
    }

    fn contradicts(&self, other: &Self) -> bool {
        if self.currency != other.currency {
            return true;
        }
        match (&self.number, &other.number) {
            (Some(one), Some(two)) => !one.ends_with(two.as_str()) && !two.ends_with(one.as_str()),
            _ => self.has_digits_of(other) == Some(false),
        }
    }

    /// Whether the last digits that both show are the same; none if they are too few.
    fn has_digits_of(&self, other: &Self) -> Option<bool> {
        let (one, two) = (&self.digits, &other.digits);
        let enough = one.len().min(two.len()) >= DIGITS_NEEDED;
        enough.then(|| one.ends_with(two.as_str()) || two.ends_with(one.as_str()))
    }

    fn score(&self, other: &Self) -> u32 {
        if self.contradicts(other) || self.has_digits_of(other) != Some(true) {
            return 0;
        }
        let shared = self.words.intersection(&other.words).count();
        let all = self.words.union(&other.words).count();
        let name = match (shared, all) {
            (0, _) => 0,
            (shared, all) if shared == all => 2,
            (shared, all) if shared * 2 >= all => 1,
            _ => 0,
        };
        let is_type = self.account_type == other.account_type && self.account_type != AccountType::Unknown;
        4 + name + u32::from(is_type)
    }
}

/// A number without what it is only written with; none if it is masked or too short.
fn whole_number(text: &str) -> Option<String> {
    let is_written_with =
        |char: char| char.is_whitespace() || matches!(char, '-' | '.' | '/' | '\u{2010}'..='\u{2013}');
    let bare: String = text.chars().filter(|char| !is_written_with(*char)).collect();
    let is_number = bare.chars().all(|char| char.is_ascii_alphanumeric());
    let is_digits = bare.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_digits { bare.trim_start_matches('0').to_owned() } else { bare.to_ascii_uppercase() };
    (is_number && number.len() > DIGITS_NEEDED).then_some(number)
}

/// The digits that a text ends with, over blanks and dashes.
fn last_digits(text: &str) -> String {
    let bare = text.trim_end().chars().rev().filter(|char| !matches!(char, ' ' | '-' | '\u{a0}'));
    let backwards: Vec<char> = bare.take_while(char::is_ascii_digit).collect();
    backwards.into_iter().rev().collect()
}

struct Sides<'a> {
    known: Vec<Face<'a>>,
    observed: Vec<Face<'a>>,
}

impl<'a> Sides<'a> {
    /// For each observed account that was found, which known one it is and how.
    fn pairs(&'a self) -> BTreeMap<usize, (usize, MatchRule)> {
        let number = |face: &'a Face<'a>| face.number.as_deref().map(|number| (number, face.currency));
        let numbers = self.agreeing(number, |_, _| true);
        let keys = self.agreeing(|face| Some(face.portal_key), |position, index| !self.contradict(position, index));
        let mut pairs: BTreeMap<usize, (usize, MatchRule)> = BTreeMap::new();
        for (&position, &index) in &numbers {
            let rule = if keys.get(&position) == Some(&index) { MatchRule::PortalKey } else { MatchRule::Number };
            pairs.insert(position, (index, rule));
        }
        let numbered: BTreeSet<usize> = numbers.values().copied().collect();
        for (&position, &index) in &keys {
            if !pairs.contains_key(&position) && !numbered.contains(&index) {
                pairs.insert(position, (index, MatchRule::PortalKey));
            }
        }
        pairs.extend(self.scored(&pairs).into_iter().map(|(position, index)| (position, (index, MatchRule::Score))));
        pairs
    }

    /// Accounts that have something in common that no other of their side has, but for those
    /// that are left out.
    fn agreeing<T: Ord>(
        &'a self,
        mark: impl Fn(&'a Face<'a>) -> Option<T>,
        may_be: impl Fn(usize, usize) -> bool,
    ) -> BTreeMap<usize, usize> {
        let mut marked: BTreeMap<T, Vec<usize>> = BTreeMap::new();
        for (index, face) in self.known.iter().enumerate() {
            if let Some(mark) = mark(face) {
                marked.entry(mark).or_default().push(index);
            }
        }
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (position, face) in self.observed.iter().enumerate() {
            let same = mark(face).and_then(|mark| marked.get(&mark)).into_iter().flatten();
            pairs.extend(same.map(|index| (position, *index)).filter(|(position, index)| may_be(*position, *index)));
        }
        let (mut of_observed, mut of_known) = (BTreeMap::new(), BTreeMap::new());
        for (position, index) in &pairs {
            *of_observed.entry(*position).or_insert(0_u32) += 1;
            *of_known.entry(*index).or_insert(0_u32) += 1;
        }
        let is_only = |(position, index): &(usize, usize)| {
            (of_observed.get(position), of_known.get(index)) == (Some(&1), Some(&1))
        };
        pairs.iter().copied().filter(is_only).collect()
    }

    fn contradict(&self, position: usize, index: usize) -> bool {
        let faces = self.observed.get(position).zip(self.known.get(index));
        faces.is_none_or(|(observed, known)| observed.contradicts(known))
    }

    /// Of the accounts that are left, those whose score is better than any other's of both.
    fn scored(&self, found: &BTreeMap<usize, (usize, MatchRule)>) -> Vec<(usize, usize)> {
        let taken: BTreeSet<usize> = found.values().map(|(index, _)| *index).collect();
        let mut scores: Vec<(u32, usize, usize)> = Vec::new();
        let (mut of_observed, mut of_known) = (BTreeMap::new(), BTreeMap::new());
        for (position, observed) in
            self.observed.iter().enumerate().filter(|(position, _)| !found.contains_key(position))
        {
            for (index, known) in self.known.iter().enumerate().filter(|(index, _)| !taken.contains(index)) {
                let score = observed.score(known);
                if score >= SCORE_NEEDED {
                    scores.push((score, position, index));
                    of_observed.entry(position).or_insert(Best::default()).meet(score);
                    of_known.entry(index).or_insert(Best::default()).meet(score);
                }
            }
        }
        let is_best = |(score, position, index): &&(u32, usize, usize)| {
            let best = Some(&Best { score: *score, times: 1 });
            of_observed.get(position) == best && of_known.get(index) == best
        };
        scores.iter().filter(is_best).map(|(_, position, index)| (*position, *index)).collect()
    }
}

/// The best score that an account has with any of the other side, and how often.
#[derive(Default, PartialEq, Eq)]
struct Best {
    score: u32,
    times: u32,
}

impl Best {
    fn meet(&mut self, score: u32) {
        if score > self.score {
            *self = Self { score, times: 0 };
        }
        self.times += u32::from(score == self.score);
    }
}

#[cfg(test)]
mod tests;
