//! The moments at which something may start: windows of a wall clock laid on the line of
//! time, and what is left of it when they are cut out.
//!
//! Twice a year a wall clock jumps. What a window names in the hour that is skipped falls
//! together at the jump. Where an hour comes twice, a window that has to hold counts for
//! what is in it for certain, and one that has to be kept clear of for all that may be.
//!
//! Not here: which windows, and what starts.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use super::week::{Day, TimeOfDay, Window};

/// From a moment to another one, which is no longer in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// What of a window counts where the hour in which it begins or ends comes twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// What is in it for certain.
    Certain,
    /// All that may be in it.
    Possible,
}

/// Which of the two moments at which a clock shows the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Second,
}

impl Interval {
    pub(super) fn holds(&self, moment: Timestamp) -> bool {
        self.start <= moment && moment < self.end
    }
}

/// When the windows are, as far as they touch `span`: in order, apart from each other.
pub(super) fn laid(windows: &[Window], zone: &TimeZone, span: Interval, reach: Reach) -> Vec<Interval> {
    let mut laid = Vec::new();
    // A window that began the day before may still last.
    let mut date = zone.to_datetime(span.start).date().yesterday().unwrap_or(Date::MIN);
    let last = zone.to_datetime(span.end).date();
    while date <= last {
        let day = Day::from(date.weekday());
        let of_the_day = windows.iter().filter(|window| window.days().contains(&day));
        laid.extend(of_the_day.filter_map(|window| on(window, date, zone, reach)));
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    both(&joined(laid), &[span])
}

/// What is in both; each list is in order, and its intervals are apart.
pub(super) fn both(some: &[Interval], others: &[Interval]) -> Vec<Interval> {
    let common = |one: &Interval, other: &Interval| {
        let common = Interval { start: one.start.max(other.start), end: one.end.min(other.end) };
        (common.start < common.end).then_some(common)
    };
    some.iter().flat_map(|one| others.iter().filter_map(move |other| common(one, other))).collect()
}

/// What is left of `some` without the others; each list is in order, and its intervals are apart.
pub(super) fn without(some: &[Interval], others: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    for one in some {
        let mut start = one.start;
        for other in others.iter().filter(|other| other.end > one.start && other.start < one.end) {
            left.push(Interval { start, end: other.start });
            start = other.end;
        }
        left.push(Interval { start, end: one.end });
    }
    left.retain(|interval| interval.start < interval.end);
    left
}

/// The window that begins on that date, unless nothing of it counts.
fn on(window: &Window, date: Date, zone: &TimeZone, reach: Reach) -> Option<Interval> {
    let ends_on = if window.passes_midnight() { date.tomorrow().ok()? } else { date };
    let (start, end) = match reach {
        Reach::Certain => (Pass::Second, Pass::First),
        Reach::Possible => (Pass::First, Pass::Second),
    };
    let start = moment(at(date, window.from())?, zone, start)?;
    let end = moment(at(ends_on, window.to())?, zone, end)?;
    (start < end).then_some(Interval { start, end })
}

fn at(date: Date, time: TimeOfDay) -> Option<DateTime> {
    match time.on_the_clock() {
        Some((hour, minute)) => Some(date.at(hour, minute, 0, 0)),
        None => Some(date.tomorrow().ok()?.at(0, 0, 0, 0)),
    }
}

/// When the clock shows that; or jumps over it, where it never does.
fn moment(shown: DateTime, zone: &TimeZone, pass: Pass) -> Option<Timestamp> {
    let offset = match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, .. } if pass == Pass::First => before,
        AmbiguousOffset::Fold { after, .. } => after,
        AmbiguousOffset::Gap { before, .. } => {
            let past_the_jump = before.to_timestamp(shown).ok()?.checked_add(1.nanosecond()).ok()?;
            return zone.preceding(past_the_jump).next().map(|jump| jump.timestamp());
        }
    };
    offset.to_timestamp(shown).ok()
}

/// In order, what touches made one.
fn joined(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut joined: Vec<Interval> = Vec::new();
    for interval in intervals {
        match joined.last_mut() {
            Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
            _ => joined.push(interval),
        }
    }
    joined
}
