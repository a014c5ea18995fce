//! The eras of the Japanese calendar: the first day and the names of each.
//!
//! Not here: other calendars.

use std::iter::Peekable;
use std::str::Chars;

use jiff::civil::{Date, date};

/// What stands for the first year of an era.
pub(super) const FIRST: char = '元';

/// An era since the calendar is the Gregorian one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Era {
    pub(super) name: &'static str,
    letter: char,
    pub(super) first_year: i16,
    first_day: Date,
}

/// The latest first.
const ERAS: [Era; 5] = [
    Era { name: "令和", letter: 'R', first_year: 2019, first_day: date(2019, 5, 1) },
    Era { name: "平成", letter: 'H', first_year: 1989, first_day: date(1989, 1, 8) },
    Era { name: "昭和", letter: 'S', first_year: 1926, first_day: date(1926, 12, 25) },
    Era { name: "大正", letter: 'T', first_year: 1912, first_day: date(1912, 7, 30) },
    Era { name: "明治", letter: 'M', first_year: 1868, first_day: date(1868, 1, 25) },
];

impl Era {
    /// The year of the era that a year of the calendar is.
    pub(super) const fn year(self, year: i16) -> i16 {
        year.saturating_sub(self.first_year).saturating_add(1)
    }
}

/// The era that a day is in; days before all are in the earliest.
pub(super) fn of(day: Date) -> Era {
    let [latest, .., earliest] = ERAS;
    if day >= latest.first_day {
        return latest;
    }
    ERAS.into_iter().find(|era| era.first_day <= day).unwrap_or(earliest)
}

/// Whether an era has this name.
pub(super) fn is_named(name: &str) -> bool {
    ERAS.iter().any(|era| era.name == name)
}

/// Takes an era's name or its letter.
pub(super) fn take(chars: &mut Peekable<Chars<'_>>) -> Option<Era> {
    let first = chars.next()?;
    if let Some(era) = ERAS.iter().find(|era| era.letter == first.to_ascii_uppercase()) {
        return Some(*era);
    }
    let name = String::from_iter([first, chars.next()?]);
    ERAS.iter().find(|era| era.name == name).copied()
}
