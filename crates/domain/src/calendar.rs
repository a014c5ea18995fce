//! Reads dates as portals show them: the whole cell by the declared pattern, or not at all.
//!
//! | in a pattern | stands for |
//! |---|---|
//! | `YYYY` `YY` | the year, in four digits or two; it may be missing |
//! | `MM` `M` | the month, in two digits, or in one or two |
//! | `MMM` `MMMM` | the month's name, short (`Sep`, `Sept`, `Sep.`) or in full, in any case |
//! | `DD` `D` | the day, in two digits, or in one or two |
//! | `GY` | a Japanese era and its year: `令和8`, `R8`, `平成元` |
//! | a blank | one blank or more, of any kind |
//! | any other character but `A` to `Z` and `a` to `z` | itself |
//! | `[de]` before all else | names are German; without it, English; `fr` `es` `it` `nl` `pt` likewise |
//!
//! What a bank shows is a calendar date in the bank's own time zone; it never passes through UTC, so there are no
//! instants and no zones here. Not here either: what day it is (callers say), and guessing a pattern.

mod eras;
mod months;

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use months::Language;

/// A declared pattern such as `MM/DD/YYYY`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DateFormat {
    pattern: String,
    language: Language,
    parts: Vec<Part>,
}

/// A date as a cell shows it, perhaps without its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ShownDate {
    year: SeenYear,
    month: i8,
    day: i8,
}

/// What is known about when a date must be, for years of two digits and for those that are missing.
///
/// It doesn't bound dates with a year in full: they need no hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearHint {
    latest: Date,
    earliest: Option<Date>,
}

/// Why a cell is not a date. It doesn't repeat the cell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Nothing, or only blanks.
    #[error("the cell is empty")]
    Empty,
    /// Something else than the pattern says.
    #[error("the cell is not a date of the form {pattern}")]
    NotInFormat {
        /// The declared pattern.
        pattern: String,
    },
    /// A day or month that isn't in the calendar.
    #[error("the calendar has no such day")]
    NoSuchDay,
    /// No year puts the date between the earliest and the latest that it can be.
    #[error("no year puts the date where it can be, up to {latest}")]
    OutsideWindow {
        /// The latest date that was possible.
        latest: Date,
    },
}

/// Why a pattern can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Letters that stand for nothing.
    #[error("`{letters}` stands for nothing in a date's pattern; use YYYY YY GY MMMM MMM MM M DD D")]
    UnknownLetters {
        /// The letters.
        letters: String,
    },
    /// Square brackets around something else than a language.
    #[error("`[…]` holds a language of months' names: en, de, fr, es, it, nl or pt")]
    UnknownLanguage,
    /// A part that must be there once.
    #[error("a date's pattern has exactly one {part}")]
    NotOnce {
        /// `day` or `month`.
        part: &'static str,
    },
    /// More than one year.
    #[error("a date's pattern has at most one year")]
    TwoYears,
    /// An era without its year right behind it, or the other way round.
    #[error("an era and its year stand together: GY")]
    EraApart,
    /// A part of one or two digits, with the next digits right behind it.
    #[error("nothing separates `{part}` from the digits behind it")]
    Unseparated {
        /// The part.
        part: &'static str,
    },
}

/// Whether a word is a day's own: what a month is called in one of the languages, in full or short, in whichever case; or an era.
#[must_use]
pub fn names_part_of_day(word: &str) -> bool {
    let small = word.to_lowercase();
    let names_month = |language: &Language| language.month(&small).or_else(|| language.short_month(&small)).is_some();
    Language::ALL.iter().any(names_month) || eras::is_named(word)
}

/// Reads the date in a cell.
pub fn read_date(cell: &str, format: &DateFormat, reference: YearHint) -> Result<Date, DateError> {
    format.see(cell)?.within(reference)
}

impl DateFormat {
    /// Reads a pattern.
    pub fn parse(pattern: &str) -> Result<Self, FormatError> {
        let pattern = pattern.trim();
        let (language, rest) = match pattern.strip_prefix('[') {
            None => (Language::English, pattern),
            Some(rest) => {
                let (language, rest) = rest.split_once(']').ok_or(FormatError::UnknownLanguage)?;
                (language.parse().map_err(|_| FormatError::UnknownLanguage)?, rest.trim_start())
            }
        };
        let mut parts = Vec::new();
        let mut chars = rest.chars().peekable();
        while let Some(char) = chars.next() {
            if char.is_whitespace() {
                while chars.next_if(|next| next.is_whitespace()).is_some() {}
                parts.push(Part::Blank);
            } else if char.is_ascii_alphabetic() {
                let mut letters = String::from(char);
                while let Some(same) = chars.next_if_eq(&char) {
                    letters.push(same);
                }
                let known = Part::LETTERS.iter().find(|(known, _)| *known == letters);
                let (_, part) = known.ok_or(FormatError::UnknownLetters { letters })?;
                parts.push(*part);
            } else {
                parts.push(Part::Char(char));
            }
        }
        check_parts(&parts)?;
        Ok(Self { pattern: pattern.to_owned(), language, parts })
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Writes a day as the pattern has it, as a portal wants it typed.
    #[must_use]
    pub fn write(&self, day: Date) -> String {
        let (year, month) = (day.year(), day.month());
        let part = |part: &Part| match part {
            Part::Year => format!("{year:04}"),
            Part::ShortYear => format!("{:02}", year.rem_euclid(100)),
            Part::Era => eras::of(day).name.to_owned(),
            Part::EraYear => eras::of(day).year(year).to_string(),
            Part::Month => format!("{month:02}"),
            Part::NarrowMonth => month.to_string(),
            Part::Name => self.language.name(month),
            Part::ShortName => self.language.short_name(month),
            Part::Day => format!("{:02}", day.day()),
            Part::NarrowDay => day.day().to_string(),
            Part::Blank => " ".to_owned(),
            Part::Char(char) => char.to_string(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Whether a cell is a date of this form, whatever year it is of.
    #[must_use]
    pub fn fits(&self, cell: &str) -> bool {
        self.see(cell).is_ok()
    }

    /// Reads a cell, and leaves open which year it is where the cell doesn't say.
    fn see(&self, cell: &str) -> Result<ShownDate, DateError> {
        let cell = cell.trim();
        if cell.is_empty() {
            return Err(DateError::Empty);
        }
        self.read(cell).ok_or_else(|| DateError::NotInFormat { pattern: self.pattern.clone() })
    }

    fn read(&self, cell: &str) -> Option<ShownDate> {
        let mut seen = ShownDate { year: SeenYear::Missing, month: 0, day: 0 };
        let mut chars = cell.chars().peekable();
        let mut era = None;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Era => era = Some(eras::take(&mut chars)?),
                Part::EraYear => {
                    let year = if chars.next_if_eq(&eras::FIRST).is_some() { 1 } else { digits(&mut chars, 1, 2)? };
                    seen.year = SeenYear::Full(era?.first_year.checked_add(year)?.checked_sub(1)?);
                }
                Part::Year => seen.year = SeenYear::Full(digits(&mut chars, 4, 4)?),
                Part::ShortYear => seen.year = SeenYear::Short(digits(&mut chars, 2, 2)?),
                Part::Month => seen.month = small(digits(&mut chars, 2, 2)?)?,
                Part::NarrowMonth => seen.month = small(digits(&mut chars, 1, 2)?)?,
                Part::Name => seen.month = self.language.month(&letters(&mut chars))?,
                Part::ShortName => {
                    seen.month = self.language.short_month(&letters(&mut chars))?;
                    // Where the pattern has a dot of its own, that one is meant.
                    if self.parts.get(index + 1) != Some(&Part::Char('.')) {
                        chars.next_if_eq(&'.');
                    }
                }
                Part::Day => seen.day = small(digits(&mut chars, 2, 2)?)?,
                Part::NarrowDay => seen.day = small(digits(&mut chars, 1, 2)?)?,
                Part::Blank => {
                    chars.next_if(|next| next.is_whitespace())?;
                    while chars.next_if(|next| next.is_whitespace()).is_some() {}
                }
                Part::Char(char) => drop(chars.next_if_eq(char)?),
            }
        }
        chars.next().is_none().then_some(seen)
    }
}

impl ShownDate {
    /// The date, its year being what the hint makes it where the cell doesn't say.
    pub fn within(self, hint: YearHint) -> Result<Date, DateError> {
        match self.year {
            SeenYear::Full(year) => Date::new(year, self.month, self.day).map_err(|_| DateError::NoSuchDay),
            SeenYear::Short(short) => hint.with_century(short, self),
            SeenYear::Missing => hint.with_year(self),
        }
    }
}

impl YearHint {
    /// How far after the latest date known a date may still be: portals show what they will book next.
    const SLACK_DAYS: i32 = 7;
    /// A year of two digits is from this many years before the latest date to the rest of a century after it.
    const YEARS_BACK: i16 = 79;

    /// No date is more than a week later than this; the day of the sync, or the end of the window that was asked for.
    #[must_use]
    pub fn up_to(latest: Date) -> Self {
        Self::never_after(latest.saturating_add(Span::new().days(Self::SLACK_DAYS)))
    }

    /// No date is later than this; the row before, in a list that has the newest first.
    #[must_use]
    pub const fn never_after(latest: Date) -> Self {
        Self { latest, earliest: None }
    }

    /// No date is earlier than this; the start of the window, or the row before in a list that has the oldest first.
    #[must_use]
    pub const fn not_before(self, earliest: Date) -> Self {
        Self { earliest: Some(earliest), ..self }
    }

    /// The latest date that it could be.
    fn with_year(self, seen: ShownDate) -> Result<Date, DateError> {
        // The twenty-ninth of February may be eight years back.
        let candidates = (0..=8).filter_map(|back| {
            let year = self.latest.year().checked_sub(back)?;
            Date::new(year, seen.month, seen.day).ok()
        });
        let mut candidates = candidates.peekable();
        if candidates.peek().is_none() {
            return Err(DateError::NoSuchDay);
        }
        let date = candidates.find(|date| *date <= self.latest);
        self.admit(date)
    }

    /// The date in the century around the latest; a date that would then be in the future is not moved into the past.
    fn with_century(self, short: i16, seen: ShownDate) -> Result<Date, DateError> {
        let first = self.latest.year().saturating_sub(Self::YEARS_BACK);
        let year = first.saturating_add((short - first).rem_euclid(100));
        let date = Date::new(year, seen.month, seen.day).map_err(|_| DateError::NoSuchDay)?;
        self.admit(Some(date))
    }

    fn admit(self, date: Option<Date>) -> Result<Date, DateError> {
        let fits = |date: &Date| *date <= self.latest && self.earliest.is_none_or(|earliest| earliest <= *date);
        date.filter(fits).ok_or(DateError::OutsideWindow { latest: self.latest })
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.pattern)
    }
}

impl std::str::FromStr for DateFormat {
    type Err = FormatError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        Self::parse(pattern)
    }
}

impl TryFrom<String> for DateFormat {
    type Error = FormatError;

    fn try_from(pattern: String) -> Result<Self, Self::Error> {
        Self::parse(&pattern)
    }
}

impl From<DateFormat> for String {
    fn from(format: DateFormat) -> Self {
        format.pattern
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Era,
    EraYear,
    Month,
    NarrowMonth,
    ShortName,
    Name,
    Day,
    NarrowDay,
    Blank,
    Char(char),
}

impl Part {
    const LETTERS: &[(&str, Self)] = &[
        ("YYYY", Self::Year),
        ("YY", Self::ShortYear),
        ("G", Self::Era),
        ("Y", Self::EraYear),
        ("MM", Self::Month),
        ("M", Self::NarrowMonth),
        ("MMM", Self::ShortName),
        ("MMMM", Self::Name),
        ("DD", Self::Day),
        ("D", Self::NarrowDay),
    ];

    const fn is_year(self) -> bool {
        matches!(self, Self::Year | Self::ShortYear | Self::EraYear)
    }

    const fn is_month(self) -> bool {
        matches!(self, Self::Month | Self::NarrowMonth | Self::ShortName | Self::Name)
    }

    const fn is_day(self) -> bool {
        matches!(self, Self::Day | Self::NarrowDay)
    }

    /// Whether it may begin with a digit.
    fn is_digits(self) -> bool {
        match self {
            Self::ShortName | Self::Name | Self::Era | Self::Blank => false,
            Self::Char(char) => char.is_ascii_digit(),
            _ => true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SeenYear {
    Full(i16),
    Short(i16),
    Missing,
}

fn check_parts(parts: &[Part]) -> Result<(), FormatError> {
    let count = |is: fn(Part) -> bool| parts.iter().filter(|part| is(**part)).count();
    if count(Part::is_day) != 1 {
        return Err(FormatError::NotOnce { part: "day" });
    }
    if count(Part::is_month) != 1 {
        return Err(FormatError::NotOnce { part: "month" });
    }
    if count(Part::is_year) > 1 {
        return Err(FormatError::TwoYears);
    }
    let together = parts.windows(2).filter(|pair| matches!(pair, [Part::Era, Part::EraYear])).count();
    if count(|part| part == Part::Era) != together || count(|part| part == Part::EraYear) != together {
        return Err(FormatError::EraApart);
    }
    for pair in parts.windows(2) {
        let part = match pair {
            [Part::EraYear, next] if next.is_digits() => "Y",
            [Part::NarrowDay, next] if next.is_digits() => "D",
            [Part::NarrowMonth, next] if next.is_digits() => "M",
            _ => continue,
        };
        return Err(FormatError::Unseparated { part });
    }
    Ok(())
}

/// Takes digits, of ASCII or of full width, at least and at most so many; there are never more than four.
fn digits(chars: &mut Peekable<Chars<'_>>, least: usize, most: usize) -> Option<i16> {
    let mut number: i16 = 0;
    for count in 0..most {
        match chars.peek().copied().and_then(digit) {
            Some(digit) => {
                chars.next();
                number = number * 10 + i16::try_from(digit).ok()?;
            }
            None if count >= least => break,
            None => return None,
        }
    }
    Some(number)
}

fn digit(char: char) -> Option<u32> {
    match char {
        '０'..='９' => Some(u32::from(char) - u32::from('０')),
        _ => char.to_digit(10),
    }
}

fn small(number: i16) -> Option<i8> {
    number.try_into().ok()
}

/// Takes letters, in lower case.
fn letters(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::new();
    while let Some(letter) = chars.next_if(|next| next.is_alphabetic()) {
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests;
