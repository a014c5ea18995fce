//! How much a bank is asked at once: runs that are under way, and sign-ins that start, over
//! all connections of every organization; and how fast one agent does steps there.
//!
//! ```yaml
//! # What counts where a record says nothing:
//! limits: { atOnce: 4, startsPerMinute: 30, stepsPerMinute: 240 }
//! ```
//!
//! Not here: counting them (the queue's), and what a bank does that is asked too much
//! (`breaker`).

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a bank is asked at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct Limits {
    at_once: u32,
    starts_per_minute: u32,
    steps_per_minute: NonZeroU32,
}

/// Limits that no bank may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Too few or too many runs under way.
    #[error("limits.atOnce is {given}; it has to be from 1 to {}", Limits::MOST_AT_ONCE)]
    AtOnce {
        /// As given.
        given: u32,
    },
    /// Too few or too many starts.
    #[error("limits.startsPerMinute is {given}; it has to be from 1 to {}", Limits::MOST_STARTS_PER_MINUTE)]
    StartsPerMinute {
        /// As given.
        given: u32,
    },
    /// Too few or too many steps.
    #[error("limits.stepsPerMinute is {given}; it has to be from 1 to {}", Limits::MOST_STEPS_PER_MINUTE)]
    StepsPerMinute {
        /// As given.
        given: u32,
    },
}

impl Limits {
    /// What counts where a record says nothing: about as much as the clerks of one office.
    pub const DEFAULT: Self = Self { at_once: 4, starts_per_minute: 30, steps_per_minute: Self::STEPS_PER_MINUTE };
    /// As many steps as four people do who click once a second.
    pub const STEPS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(240).expect("above zero");
    /// The most steps a minute that a record may allow.
    pub const MOST_STEPS_PER_MINUTE: u32 = 60_000;
    /// The most runs under way that a record may allow.
    pub const MOST_AT_ONCE: u32 = 1_000;
    /// The most starts a minute that a record may allow.
    pub const MOST_STARTS_PER_MINUTE: u32 = 6_000;

    /// Limits within their bounds.
    ///
    /// # Errors
    /// A [`LimitsError`] says which number is out of them.
    pub const fn new(at_once: u32, starts_per_minute: u32) -> Result<Self, LimitsError> {
        if at_once == 0 || at_once > Self::MOST_AT_ONCE {
            return Err(LimitsError::AtOnce { given: at_once });
        }
        if starts_per_minute == 0 || starts_per_minute > Self::MOST_STARTS_PER_MINUTE {
            return Err(LimitsError::StartsPerMinute { given: starts_per_minute });
        }
        Ok(Self { at_once, starts_per_minute, ..Self::DEFAULT })
    }

    /// The same with another number of steps.
    ///
    /// # Errors
    /// [`LimitsError::StepsPerMinute`] if that is out of its bounds.
    pub const fn with_steps_per_minute(self, given: u32) -> Result<Self, LimitsError> {
        match NonZeroU32::new(given) {
            Some(steps_per_minute) if given <= Self::MOST_STEPS_PER_MINUTE => Ok(Self { steps_per_minute, ..self }),
            _ => Err(LimitsError::StepsPerMinute { given }),
        }
    }

    /// How many runs may be under way at once.
    #[must_use]
    pub const fn at_once(self) -> u32 {
        self.at_once
    }

    /// How many runs may start in a minute.
    #[must_use]
    pub const fn starts_per_minute(self) -> u32 {
        self.starts_per_minute
    }

    /// How many steps one agent's sessions do there together in a minute: pages that are opened,
    /// and forms that are filled and sent.
    #[must_use]
    pub const fn steps_per_minute(self) -> NonZeroU32 {
        self.steps_per_minute
    }

    /// How many seats these limits can keep busy with runs that take so long: by Little's law
    /// no more than start while one of them lasts, and one at least.
    #[must_use]
    pub fn seats(self, service: Duration) -> u32 {
        let started = (u128::from(self.starts_per_minute) * service.as_millis()).div_ceil(60_000);
        u32::try_from(started).unwrap_or(u32::MAX).clamp(1, self.at_once)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// As records have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    at_once: Option<u32>,
    #[serde(default)]
    starts_per_minute: Option<u32>,
    #[serde(default)]
    steps_per_minute: Option<u32>,
}

impl TryFrom<Written> for Limits {
    type Error = LimitsError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Self { at_once, starts_per_minute, steps_per_minute } = Self::DEFAULT;
        Self::new(written.at_once.unwrap_or(at_once), written.starts_per_minute.unwrap_or(starts_per_minute))?
            .with_steps_per_minute(written.steps_per_minute.unwrap_or(steps_per_minute.get()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Limits;

    #[test]
    fn a_record_may_leave_out_what_is_usual() {
        let check = |json: &str, expected: Result<(u32, u32, u32), &str>| match serde_json::from_str::<Limits>(json) {
            Ok(limits) => {
                let steps = limits.steps_per_minute().get();
                assert_eq!(Ok((limits.at_once(), limits.starts_per_minute(), steps)), expected, "{json}");
            }
            Err(error) => {
                let said = error.to_string();
                assert!(expected.is_err_and(|expected| said.contains(expected)), "{json}: {said}");
            }
        };
        check("{}", Ok((4, 30, 240)));
        check(r#"{"atOnce": 1000}"#, Ok((1_000, 30, 240)));
        check(r#"{"atOnce": 1, "startsPerMinute": 6000}"#, Ok((1, 6_000, 240)));
        check(r#"{"stepsPerMinute": 60000}"#, Ok((4, 30, 60_000)));
        check(r#"{"stepsPerMinute": 0}"#, Err("limits.stepsPerMinute is 0; it has to be from 1 to 60000"));
        check(r#"{"stepsPerMinute": 60001}"#, Err("limits.stepsPerMinute is 60001"));
        check(r#"{"atOnce": 0}"#, Err("limits.atOnce is 0; it has to be from 1 to 1000"));
        check(r#"{"atOnce": 1001}"#, Err("limits.atOnce is 1001"));
        check(r#"{"startsPerMinute": 0}"#, Err("limits.startsPerMinute is 0; it has to be from 1 to 6000"));
        check(r#"{"startsPerMinute": 6001}"#, Err("limits.startsPerMinute is 6001"));
        check(r#"{"startsPerHour": 7}"#, Err("unknown field `startsPerHour`"));
    }

    #[test]
    fn the_pace_bounds_the_seats_that_can_be_busy() {
        let check = |at_once, starts, seconds, expected| {
            let limits = Limits::new(at_once, starts).expect("limits");
            assert_eq!(limits.seats(Duration::from_secs(seconds)), expected, "{limits:?} {seconds}");
        };
        check(4, 30, 20, 4);
        check(40, 30, 20, 10);
        check(40, 30, 21, 11);
        check(40, 1, 1, 1);
        check(40, 1, 0, 1);
        check(1_000, 6_000, u64::MAX, 1_000);
    }
}
