//! Texts of a customer's as other texts of the same shape, so that a page can be given away and still be read: words as other
//! words, numbers as other numbers, and amounts as others of which the sums and the running balances hold.
//!
//! The same text becomes the same text wherever it stands, by a key that nobody has afterwards. What follows from other
//! texts follows from what those became:
//!
//! | text | becomes |
//! |---|---|
//! | a word | another, with its vowels and consonants in the same places (`words`) |
//! | a number of three digits or more, also in groups (`12-34-56`) | another of as many, whose last four are what those four alone become (`numbers`) |
//! | the number of a card, an IBAN | another whose check digits hold (`numbers`) |
//! | an amount | another with as many digits; a balance and a sum, what they come to (`amounts`) |
//! | a day, a month or an era beside a number (`months`), a number of one or two digits, a word of the script's own | itself |
//!
//! Not here: which texts are a customer's (`scrub`), and whether something is left of them (`survivors`).

mod amounts;
mod months;
mod numbers;
mod words;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use domain::calendar::DateFormat;
use domain::money::{Currency, Locale, separator_of, shown_numbers, written_like};
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::OwnWords;
use crate::document::folded_case;
pub(super) use amounts::Amounts;
pub(super) use months::months;
pub(super) use numbers::{is_card, is_iban, plain};

/// What texts become, on all pages of one portal.
pub(super) struct Fiction<'o> {
    key: Key,
    own: &'o OwnWords,
    locale: Locale,
    currency: Currency,
    days: Vec<DateFormat>,
    /// Words of customers' texts, case folded, wherever else they stand.
    theirs: BTreeSet<String>,
    /// What each size that is an amount becomes. Where one becomes several things, in the order in which they stand there.
    sizes: BTreeMap<Decimal, Vec<Decimal>>,
    /// Those of the page that is being scrubbed, which are used up in their order.
    waiting: RefCell<BTreeMap<Decimal, VecDeque<Decimal>>>,
}

/// What makes texts of texts. Without it nobody finds out which text one was.
#[derive(Clone, Copy)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Bytes for a text, of one kind of text.
    fn bytes(self, kind: &str, text: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update((kind.len() as u64).to_be_bytes());
        hash.update(kind);
        hash.update(text);
        hash.finalize().into()
    }

    /// A number below another for a text, of one kind of text.
    fn below(self, kind: &str, text: &str, below: u64) -> u64 {
        let bytes = self.bytes(kind, text);
        let number = bytes.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        u64::try_from(number % u128::from(below.max(1))).unwrap_or(0)
    }
}

/// How a portal writes what is to be told apart.
pub(super) struct Writing {
    pub(super) locale: Locale,
    pub(super) currency: Currency,
    pub(super) days: Vec<DateFormat>,
    /// Words of customers' texts, case folded.
    pub(super) theirs: BTreeSet<String>,
}

impl<'o> Fiction<'o> {
    pub(super) fn new(key: Key, own: &'o OwnWords, writing: Writing, amounts: Amounts) -> Self {
        let Writing { locale, currency, days, theirs } = writing;
        let sizes = amounts.sizes();
        Self { key, own, locale, currency, days, theirs, sizes, waiting: RefCell::default() }
    }

    /// Begins with a page.
    pub(super) fn begin(&self) {
        let several = self.sizes.iter().filter(|(_, become_several)| become_several.len() > 1);
        *self.waiting.borrow_mut() = several.map(|(size, all)| (*size, all.iter().copied().collect())).collect();
    }

    /// A text of a customer's.
    pub(super) fn told(&self, text: &str) -> String {
        self.retold(text, Letters::Others)
    }

    /// A text of the portal's, in which numbers are a customer's, and words that stand in a customer's text, too.
    pub(super) fn said(&self, text: &str) -> String {
        self.retold(text, Letters::Theirs)
    }

    /// A text in which only numbers are a customer's.
    pub(super) fn numbered(&self, text: &str) -> String {
        self.retold(text, Letters::Same)
    }

    /// A text, of which what the script says stays, and the month of a day.
    fn retold(&self, text: &str, letters: Letters) -> String {
        if self.is_day(text) {
            return text.to_owned();
        }
        let mut signs = self.own.signs_of_own(text);
        for month in months(text) {
            let places = text.char_indices().zip(&mut signs).filter(|((at, _), _)| month.contains(at));
            places.for_each(|(_, is_own)| *is_own = true);
        }
        let mut retold = String::with_capacity(text.len());
        let signs: Vec<(char, bool)> = text.chars().zip(signs).collect();
        for part in signs.chunk_by(|(_, one), (_, other)| one == other) {
            let text: String = part.iter().map(|(sign, _)| sign).collect();
            let is_own = part.first().is_some_and(|(_, is_own)| *is_own);
            retold.push_str(&if is_own { text } else { self.made_up(&text, letters) });
        }
        retold
    }

    fn made_up(&self, text: &str, letters: Letters) -> String {
        if self.is_day(text) {
            return text.to_owned();
        }
        if let Some(other) = numbers::checked(self.key, text) {
            return other;
        }
        if let Some(joined) = joined(text) {
            let part = |range: Range<usize>| text.get(range).unwrap_or_default();
            let (before, number, behind) = (part(0..joined.start), part(joined.clone()), part(joined.end..text.len()));
            let other = if self.is_day(number) { number.to_owned() } else { numbers::other(self.key, number) };
            return self.unjoined(before, letters) + &other + &self.made_up(behind, letters);
        }
        self.unjoined(text, letters)
    }

    fn unjoined(&self, text: &str, letters: Letters) -> String {
        let shown = shown_numbers(text, self.locale, &self.currency);
        let separator = shown.iter().find_map(|one| separator_of(text.get(one.at.clone())?, self.locale));
        let mut retold = String::with_capacity(text.len());
        let mut end = 0;
        for one in &shown {
            let before = text.get(end..one.at.start).unwrap_or_default();
            let number = text.get(one.at.clone()).unwrap_or_default();
            retold.push_str(&self.letters(before, letters));
            let is_amount = one.size.filter(|size| self.sizes.contains_key(&size.normalize()) || size.scale() > 0);
            match is_amount {
                Some(size) => {
                    let size = self.size(size);
                    retold.push_str(&written_like(size, number, self.locale, separator));
                }
                None if is_year(text, &one.at) => retold.push_str(number),
                None => retold.push_str(&numbers::other(self.key, number)),
            }
            end = one.at.end;
        }
        retold.push_str(&self.letters(text.get(end..).unwrap_or_default(), letters));
        retold
    }

    /// What stands between numbers; digits that nobody took for one are one all the same.
    fn letters(&self, text: &str, letters: Letters) -> String {
        let signs: Vec<char> = text.chars().collect();
        let parts = signs.chunk_by(|one, other| numbers::value(*one).is_some() == numbers::value(*other).is_some());
        let part = |part: &[char]| {
            let text: String = part.iter().collect();
            let is_number = part.first().is_some_and(|sign| numbers::value(*sign).is_some());
            if is_number { numbers::other(self.key, &text) } else { self.lettered(&text, letters) }
        };
        parts.map(part).collect()
    }

    fn lettered(&self, text: &str, letters: Letters) -> String {
        match letters {
            Letters::Same => text.to_owned(),
            Letters::Theirs => self.words(text, |word| self.theirs.contains(&folded_case(word))),
            Letters::Others => self.words(text, |_| true),
        }
    }

    fn words(&self, text: &str, is_theirs: impl Fn(&str) -> bool) -> String {
        let mut others = String::with_capacity(text.len());
        let mut word = String::new();
        for letter in text.chars().map(Some).chain([None]) {
            match letter.filter(|letter| letter.is_alphabetic()) {
                Some(letter) => word.push(letter),
                None => {
                    let stays = word.is_empty() || is_unit(&word) || !is_theirs(&word);
                    let other = if stays { word.clone() } else { words::other(self.key, &word, &self.theirs) };
                    others.push_str(&other);
                    word.clear();
                    others.extend(letter);
                }
            }
        }
        others
    }

    fn size(&self, size: Decimal) -> Decimal {
        let plain = size.normalize();
        if let Some(next) = self.waiting.borrow_mut().get_mut(&plain).and_then(VecDeque::pop_front) {
            return next;
        }
        let known = self.sizes.get(&plain).and_then(|sizes| sizes.first());
        known.copied().unwrap_or_else(|| amounts::other(self.key, size))
    }

    fn is_day(&self, text: &str) -> bool {
        self.days.iter().any(|format| format.fits(text))
    }
}

/// What becomes of letters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// They stay.
    Same,
    /// Words that stand in a customer's text become others.
    Theirs,
    /// All words do.
    Others,
}

/// The first number of which the digits are joined in groups, as a bank's sort code is: `12-34-56`. A day isn't one.
fn joined(text: &str) -> Option<Range<usize>> {
    let plain: Vec<char> = numbers::plain(text).chars().collect();
    let place = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(place, _)| place);
    let is_digit = |at: usize| plain.get(at).is_some_and(char::is_ascii_digit);
    let is_inner =
        |at: usize| is_digit(at) || (plain.get(at) == Some(&'-') && at > 0 && is_digit(at - 1) && is_digit(at + 1));
    let mut at = 0;
    while at < plain.len() {
        let start = at;
        while is_inner(at) {
            at += 1;
        }
        let number: String = plain.get(start..at).unwrap_or_default().iter().collect();
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        if number.contains('-') && digits >= 6 && !super::survivors::is_day(&number) {
            return Some(place(start)..place(at));
        }
        at += usize::from(at == start);
    }
    None
}

/// Whether a number is the year of a day within a text: `19/11/2026`, `2026-11-19`.
fn is_year(text: &str, at: &Range<usize>) -> bool {
    let number = text.get(at.clone()).unwrap_or_default();
    let is_one = number.len() == 4 && (number.starts_with("19") || number.starts_with("20"));
    let before = text.get(..at.start).unwrap_or_default();
    let behind = text.get(at.end..).unwrap_or_default();
    let ends_in_part = || {
        let part = before.strip_suffix(['/', '-', '.']).and_then(|rest| rest.chars().next_back());
        part.is_some_and(|letter| letter.is_ascii_digit())
    };
    let begins_part = || {
        let part = behind.strip_prefix(['/', '-', '.']).and_then(|rest| rest.chars().next());
        part.is_some_and(|letter| letter.is_ascii_digit())
    };
    is_one && (ends_in_part() || begins_part())
}

/// Words beside numbers that are nobody's: units and sides.
pub(in crate::scrub) fn is_unit(word: &str) -> bool {
    const UNITS: &str = "cr dr h s eur usd gbp chf cad aud jpy 円 元 kr zł kč ft rs fr sfr";
    let word = folded_case(word);
    UNITS.split_whitespace().any(|known| known == word)
}
