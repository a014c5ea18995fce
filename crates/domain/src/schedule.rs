//! When a connection is synced next: as often as its bank's record says, while the portal is
//! open, and never into announced maintenance.
//!
//! ```yaml
//! schedule:
//!   every: 6h                                  # 15m to 7d; a tenth more or less, so that all don't come at once
//!   hours: { from: "06:00", to: "22:00" }      # when the portal is open; always, where it isn't said
//!   maintenance:                               # when it is not, though it should be
//!     - { days: [sun], from: "22:00", to: "04:00" }
//! ```
//!
//! Times are those of the bank's wall clock, on the days on which that clock jumps, too. What
//! falls due while a portal is shut is spread over the first part of the time in which it is
//! open again. A bank that asks for a second factor at every sign-in is only visited while
//! somebody attends, and not at all where nobody ever does; then all that the same people attend begins
//! together, so that they are asked once an hour and not all day long.
//!
//! ```text
//! after ── every ± 10 % ──▶ due ── open? ──▶ then
//!                             │      └─ shut ──▶ the next opening, a little into it
//!                             └─── attended ──▶ the next full hour of those who attend
//! ```
//!
//! Not here: how much a bank is asked at once (`limits`), whether it is well (`breaker`), and
//! waking anybody up; the queue does that.

mod attended;
mod openings;
mod week;

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use attended::{AttendedHours, AttendedHoursError, read as read_windows};
pub use week::{Day, TimeOfDay, Window, WindowError};

use crate::institution::Mfa;
use openings::{Interval, Reach, both, laid, without};
use week::MINUTES_A_WEEK;

/// When the connections of an institution are synced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct Schedule {
    every: Every,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Window>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maintenance: Vec<Window>,
}

/// How often: whole minutes, hours or days, written `90m`, `6h`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Every {
    minutes: u32,
}

/// Whether somebody is there to answer what a bank asks at sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// Nobody has to be: the bank doesn't ask each time.
    NotNeeded,
    /// The bank asks each time, and somebody is there within these windows.
    Within {
        /// On the clock of whoever attends; one at least.
        windows: Vec<Window>,
        /// That clock's.
        zone: TimeZone,
        /// Any number that is the same for all that the same people attend.
        people: u64,
    },
    /// The bank asks each time, and nobody is ever there.
    Nobody,
}

/// A schedule that can't be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A text that is no length of time.
    #[error("schedule.every is `{text}`; write it as 90m, 6h or 2d")]
    NotALength {
        /// The text, cut at 16 characters.
        text: String,
    },
    /// Too often or too seldom.
    #[error("schedule.every is {given}; it has to be from 15m to 7d")]
    OutOfBounds {
        /// As given.
        given: String,
    },
    /// More windows than anybody announces.
    #[error("schedule.maintenance has {given} windows; {} is the most", Schedule::MOST_WINDOWS)]
    TooManyWindows {
        /// How many.
        given: usize,
    },
    /// Maintenance leaves nothing of the hours.
    #[error("the schedule leaves no minute of the week: its maintenance takes all of its hours")]
    NeverOpen,
}

impl Schedule {
    /// The most windows of maintenance that a record may have.
    pub const MOST_WINDOWS: usize = 50;

    /// A schedule that leaves some time in each week.
    ///
    /// # Errors
    /// A [`ScheduleError`] where it doesn't.
    pub fn new(every: Every, hours: Option<Window>, maintenance: Vec<Window>) -> Result<Self, ScheduleError> {
        if maintenance.len() > Self::MOST_WINDOWS {
            return Err(ScheduleError::TooManyWindows { given: maintenance.len() });
        }
        let mut open = vec![hours.is_none(); MINUTES_A_WEEK];
        hours.iter().flat_map(Window::minutes_of_the_week).for_each(|minute| open[minute] = true);
        maintenance.iter().flat_map(Window::minutes_of_the_week).for_each(|minute| open[minute] = false);
        if !open.contains(&true) {
            return Err(ScheduleError::NeverOpen);
        }
        Ok(Self { every, hours, maintenance })
    }

    /// How often a connection is synced.
    #[must_use]
    pub const fn every(&self) -> Every {
        self.every
    }

    /// When the portal is open; none where it always is.
    #[must_use]
    pub const fn hours(&self) -> Option<&Window> {
        self.hours.as_ref()
    }

    /// When it is shut for maintenance.
    #[must_use]
    pub fn maintenance(&self) -> &[Window] {
        &self.maintenance
    }

    /// When something may start, as far as it is within `span`.
    fn openings(&self, zone: &TimeZone, attendance: &Attendance, span: Interval) -> Vec<Interval> {
        let mut open = vec![span];
        if let Some(hours) = &self.hours {
            open = laid(std::slice::from_ref(hours), zone, span, Reach::Certain);
        }
        match attendance {
            Attendance::NotNeeded => {}
            Attendance::Within { windows, zone, .. } => open = both(&open, &laid(windows, zone, span, Reach::Certain)),
            Attendance::Nobody => return Vec::new(),
        }
        without(&open, &laid(&self.maintenance, zone, span, Reach::Possible))
    }

    fn is_always_open(&self) -> bool {
        self.hours.is_none() && self.maintenance.is_empty()
    }
}

impl Every {
    /// What counts where a record says nothing.
    pub const DEFAULT: Self = Self { minutes: 6 * 60 };
    const LEAST_MINUTES: u32 = 15;
    const MOST_MINUTES: u32 = 7 * 24 * 60;

    /// So many minutes.
    ///
    /// # Errors
    /// [`ScheduleError::OutOfBounds`] below a quarter of an hour and above a week.
    pub fn minutes(minutes: u32) -> Result<Self, ScheduleError> {
        if (Self::LEAST_MINUTES..=Self::MOST_MINUTES).contains(&minutes) {
            Ok(Self { minutes })
        } else {
            Err(ScheduleError::OutOfBounds { given: format!("{minutes}m") })
        }
    }

    /// The same as a duration.
    #[must_use]
    pub const fn duration(self) -> SignedDuration {
        SignedDuration::from_mins(self.minutes as i64)
    }

    /// A tenth more or less, as `spread` has it.
    fn spread(self, spread: u64) -> SignedDuration {
        let seconds = i64::from(self.minutes) * 60;
        let tenth = seconds / 10;
        SignedDuration::from_secs(seconds - tenth + share(spread ^ JITTER, 2 * tenth))
    }
}

impl Attendance {
    /// What a bank's habit makes of the windows in which `people` attend.
    #[must_use]
    pub fn of(mfa: Mfa, windows: &[Window], zone: &TimeZone, people: u64) -> Self {
        match mfa {
            Mfa::None | Mfa::Sometimes => Self::NotNeeded,
            Mfa::Always if windows.is_empty() => Self::Nobody,
            Mfa::Always => Self::Within { windows: windows.to_vec(), zone: zone.clone(), people },
        }
    }
}

impl Attendance {
    /// Whether a run may start at `now` as far as somebody has to attend.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        match self {
            Self::NotNeeded => true,
            Self::Nobody => false,
            Self::Within { windows, zone, .. } => {
                let end = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
                !laid(windows, zone, Interval { start: now, end }, Reach::Certain).is_empty()
            }
        }
    }
}

/// How far ahead an opening is looked for: a window of one day a week is skipped by the
/// clock's jump once at most, and comes again a week later.
const HORIZON: SignedDuration = SignedDuration::from_hours(15 * 24);
/// How long before something is due the last opening is looked for.
const LOOKING_BACK: SignedDuration = SignedDuration::from_hours(24);
/// How long somebody has to be there still once a batch begins.
const TO_ANSWER: SignedDuration = SignedDuration::from_mins(10);
/// How far into an opening a start is put off at most.
const LONGEST_PUT_OFF: SignedDuration = SignedDuration::from_hours(2);
/// How far apart those moments are at which people are asked, in seconds.
const BETWEEN_BATCHES: i64 = 3600;
/// Keeps what one number decides from depending on each other.
const JITTER: u64 = 0x6a69_7474_6572_0001;
const PUT_OFF: u64 = 0x7075_746f_6666_0002;

/// When a connection that was last synced at `after` is synced next; none where it never
/// can be: nobody attends, or not while the portal is open.
///
/// `zone` is the bank's. `spread` is any number that stays the same for a connection, and
/// differs between connections, such as half of its id.
#[must_use]
pub fn next_run(
    schedule: &Schedule,
    zone: &TimeZone,
    attendance: &Attendance,
    after: Timestamp,
    spread: u64,
) -> Option<Timestamp> {
    let due = after.checked_add(schedule.every.spread(spread)).ok()?;
    if schedule.is_always_open() && *attendance == Attendance::NotNeeded {
        return Some(due);
    }
    let span = Interval { start: due.checked_sub(LOOKING_BACK).ok()?, end: due.checked_add(HORIZON).ok()? };
    let openings = schedule.openings(zone, attendance, span);
    if let Attendance::Within { people, .. } = attendance {
        return together(&openings, due, *people);
    }
    let next = openings.iter().position(|opening| due < opening.end)?;
    let opening = *openings.get(next)?;
    if opening.holds(due) {
        return Some(due);
    }
    // As many have been waiting as fell due since it shut; they come back no faster than
    // that, in a quarter of the time that there is.
    let shut_at = next.checked_sub(1).and_then(|last| openings.get(last)).map_or(span.start, |last| last.end);
    let shut_for = opening.start.duration_since(shut_at);
    let part = (opening.end.duration_since(opening.start) / 4).min(shut_for).min(LONGEST_PUT_OFF);
    opening.start.checked_add(SignedDuration::from_secs(share(spread ^ PUT_OFF, part.as_secs()))).ok()
}

/// When a run may start at the earliest that isn't put off any longer: `now`, or when the portal opens next and
/// somebody attends. Whoever asked for one attends.
///
/// None where nobody ever does, and at the end of time.
#[must_use]
pub fn earliest_start(
    schedule: &Schedule,
    zone: &TimeZone,
    attendance: &Attendance,
    now: Timestamp,
) -> Option<Timestamp> {
    if schedule.is_always_open() && *attendance == Attendance::NotNeeded {
        return Some(now);
    }
    // Where moments are had in common an opening counts from its beginning, and not from now.
    let back = if matches!(attendance, Attendance::Within { .. }) { LOOKING_BACK } else { SignedDuration::ZERO };
    let span = Interval { start: now.checked_sub(back).ok()?, end: now.checked_add(HORIZON).ok()? };
    let openings = schedule.openings(zone, attendance, span);
    match attendance {
        Attendance::Within { people, .. } => together(&openings, now, *people),
        Attendance::NotNeeded | Attendance::Nobody => openings.first().map(|opening| opening.start),
    }
}

/// The first moment from `due` on at which something may start that all have in common whom the same people attend: once
/// an hour, at a minute of their own, and not so late that nobody is there any more when the bank asks. An opening that is
/// too short to have one counts from its beginning.
fn together(openings: &[Interval], due: Timestamp, people: u64) -> Option<Timestamp> {
    let minute = share(people ^ PUT_OFF, BETWEEN_BATCHES);
    let from = |moment: Timestamp| {
        let since = moment.as_second() - minute;
        let ahead = (BETWEEN_BATCHES - since.rem_euclid(BETWEEN_BATCHES)) % BETWEEN_BATCHES;
        let whole = Timestamp::from_second(moment.as_second() + ahead).ok()?;
        // What is left of a second lies behind it.
        if whole < moment { whole.checked_add(SignedDuration::from_secs(BETWEEN_BATCHES)).ok() } else { Some(whole) }
    };
    openings.iter().filter(|opening| due < opening.end).find_map(|opening| {
        let latest = opening.end.checked_sub(TO_ANSWER).ok()?;
        if from(opening.start)? >= latest {
            return Some(due.max(opening.start));
        }
        from(due.max(opening.start)).filter(|moment| *moment < latest)
    })
}

/// A share of `whole` that follows from `spread`, evenly: from 0 to one less than it.
fn share(spread: u64, whole: i64) -> i64 {
    // The last steps of splitmix64: neighbours end far apart.
    let mut mixed = spread.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let part = (i128::from(mixed) * i128::from(whole)) >> 64;
    i64::try_from(part).unwrap_or_default()
}

impl Default for Every {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for Every {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_a_length = || ScheduleError::NotALength { text: text.chars().take(16).collect() };
        let unit = match text.as_bytes().last() {
            Some(b'm') => 1,
            Some(b'h') => 60,
            Some(b'd') => 24 * 60,
            _ => return Err(not_a_length()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_length());
        }
        let number: u32 = digits.parse().map_err(|_| not_a_length())?;
        let out_of_bounds = |_| ScheduleError::OutOfBounds { given: text.to_owned() };
        Self::minutes(number.saturating_mul(unit)).map_err(out_of_bounds)
    }
}

impl fmt::Display for Every {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes {
            minutes if minutes.is_multiple_of(24 * 60) => write!(formatter, "{}d", minutes / (24 * 60)),
            minutes if minutes.is_multiple_of(60) => write!(formatter, "{}h", minutes / 60),
            minutes => write!(formatter, "{minutes}m"),
        }
    }
}

impl TryFrom<String> for Every {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Every> for String {
    fn from(every: Every) -> Self {
        every.to_string()
    }
}

/// As records have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    every: Every,
    #[serde(default)]
    hours: Option<Window>,
    #[serde(default)]
    maintenance: Vec<Window>,
}

impl TryFrom<Written> for Schedule {
    type Error = ScheduleError;

    fn try_from(Written { every, hours, maintenance }: Written) -> Result<Self, Self::Error> {
        Self::new(every, hours, maintenance)
    }
}

#[cfg(test)]
mod tests;
