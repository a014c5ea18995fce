//! Spans of a week on a wall clock, as a bank announces them: "Sundays from 22:00 to 04:00".
//!
//! Not here: which moments those are; that takes a time zone (`openings`).

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// A day of the week.
    pub enum Day {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

const MINUTES_A_DAY: u16 = 24 * 60;
/// How many minutes a week has on the clock.
pub(super) const MINUTES_A_WEEK: usize = 7 * 24 * 60;

/// A time on a wall clock to the minute, written `06:30`; `24:00` ends a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    /// Since midnight, 1440 at most.
    minutes: u16,
}

/// A span that comes back each week. It begins on each of its days, and ends on the next
/// one where `to` isn't later than `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct Window {
    /// On which it begins; one at least, each once.
    days: Vec<Day>,
    from: TimeOfDay,
    to: TimeOfDay,
}

/// A span that no clock shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A time that can't be read.
    #[error("`{text}` is no time of day; write it as 06:30, from 00:00 to 24:00")]
    NotATime {
        /// The text, cut at 16 characters.
        text: String,
    },
    /// A span that can't be read.
    #[error("`{text}` is no window; write it as mon-fri 09:00-17:00 or sat,sun 10:00-12:00")]
    NotAWindow {
        /// The text, cut at 40 characters.
        text: String,
    },
    /// A span that begins where a day has ended.
    #[error("a window can't begin at 24:00; write 00:00 and the day after")]
    BeginsAtTheEnd,
    /// Whether it is nothing or a whole day can't be told.
    #[error("a window from {at} to {at} is empty; write 00:00 to 24:00 for a whole day")]
    Empty {
        /// Its beginning and end.
        at: TimeOfDay,
    },
    /// It begins on no day.
    #[error("a window's days are empty; leave them out where it is every day")]
    NoDays,
    /// A day stands twice.
    #[error("a window's days have `{day}` twice")]
    TwiceADay {
        /// Which.
        day: Day,
    },
}

impl Window {
    /// A span that begins on `days`.
    ///
    /// # Errors
    /// A [`WindowError`] says what is wrong with it.
    pub fn new(mut days: Vec<Day>, from: TimeOfDay, to: TimeOfDay) -> Result<Self, WindowError> {
        days.sort_unstable();
        if let Some(twice) = days.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(WindowError::TwiceADay { day: twice[0] });
        }
        if days.is_empty() {
            return Err(WindowError::NoDays);
        }
        if from.minutes == MINUTES_A_DAY {
            return Err(WindowError::BeginsAtTheEnd);
        }
        if from == to {
            return Err(WindowError::Empty { at: from });
        }
        Ok(Self { days, from, to })
    }

    /// A span of every day.
    ///
    /// # Errors
    /// A [`WindowError`] says what is wrong with it.
    pub fn daily(from: TimeOfDay, to: TimeOfDay) -> Result<Self, WindowError> {
        Self::new(Day::ALL.to_vec(), from, to)
    }

    /// The days on which it begins, in the order of the week.
    #[must_use]
    pub fn days(&self) -> &[Day] {
        &self.days
    }

    /// When it begins.
    #[must_use]
    pub const fn from(&self) -> TimeOfDay {
        self.from
    }

    /// When it ends, which is no longer in it.
    #[must_use]
    pub const fn to(&self) -> TimeOfDay {
        self.to
    }

    /// Whether it ends on the day after the one on which it began.
    pub(super) fn passes_midnight(&self) -> bool {
        self.to < self.from
    }

    /// The minutes of a week that are in it, Monday's first being 0.
    pub(super) fn minutes_of_the_week(&self) -> impl Iterator<Item = usize> {
        let days_after = if self.passes_midnight() { MINUTES_A_DAY } else { 0 };
        let (from, to) = (usize::from(self.from.minutes), usize::from(self.to.minutes + days_after));
        let begins = self.days.iter().map(|day| *day as usize * usize::from(MINUTES_A_DAY));
        begins.flat_map(move |day| (from..to).map(move |minute| (day + minute) % MINUTES_A_WEEK))
    }
}

impl TimeOfDay {
    /// The hour and the minute on the clock, or none for the end of the day.
    pub(super) fn on_the_clock(self) -> Option<(i8, i8)> {
        let part = |number: u16| i8::try_from(number).ok();
        (self.minutes < MINUTES_A_DAY).then_some(())?;
        Some((part(self.minutes / 60)?, part(self.minutes % 60)?))
    }
}

impl From<Weekday> for Day {
    fn from(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// As settings have it: `mon-fri 09:00-17:00`, `sat,sun 10:00-12:00`, or `10:00-12:00` for
/// every day.
impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unreadable = || WindowError::NotAWindow { text: text.chars().take(40).collect() };
        let (days, span) = match text.trim().rsplit_once(' ') {
            Some((days, span)) => (Some(days), span),
            None => (None, text.trim()),
        };
        let (from, to) = span.split_once('-').ok_or_else(unreadable)?;
        let (from, to) = (from.parse()?, to.parse()?);
        let Some(days) = days else { return Self::daily(from, to) };
        let day = |text: &str| text.trim().parse::<Day>().map_err(|_| unreadable());
        let mut begins = Vec::new();
        for part in days.split(',') {
            match part.split_once('-') {
                None => begins.push(day(part)?),
                Some((first, last)) => {
                    let (first, last) = (day(first)? as usize, day(last)? as usize);
                    let count = (last + Day::ALL.len() - first) % Day::ALL.len() + 1;
                    begins.extend(Day::ALL.iter().cycle().skip(first).take(count));
                }
            }
        }
        Self::new(begins, from, to)
    }
}

impl FromStr for TimeOfDay {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let two = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        };
        let read = || {
            let (hours, minutes) = text.split_once(':')?;
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            let sum = hours * 60 + minutes;
            (minutes < 60 && sum <= MINUTES_A_DAY).then_some(Self { minutes: sum })
        };
        read().ok_or_else(|| WindowError::NotATime { text: text.chars().take(16).collect() })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// As records have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    /// Every day, where it isn't said.
    #[serde(default)]
    days: Option<Vec<Day>>,
    from: TimeOfDay,
    to: TimeOfDay,
}

impl TryFrom<Written> for Window {
    type Error = WindowError;

    fn try_from(Written { days, from, to }: Written) -> Result<Self, Self::Error> {
        Self::new(days.unwrap_or_else(|| Day::ALL.to_vec()), from, to)
    }
}
