//! Whether a bank is left in peace for a while: one breaker for each institution, over all
//! connections of every organization.
//!
//! ```text
//!               so many failures in a row,
//!               a refusal, an announcement
//!   Closed ─────────────────────────────────▶ Open ◀──────────────┐
//!     ▲                                        │                  │ ill, or
//!     │                             its time   │                  │ no answer
//!     │ well                        is up      ▼                  │
//!     └───────────────────────────────────── HalfOpen ────────────┘
//!                                             │    ▲
//!                                             └────┘ the probe never reports, or failed
//!                                                    for a reason of our own
//! ```
//!
//! What a run says of its bank:
//!
//! | a run that | says that the bank is |
//! |---|---|
//! | succeeded, or failed for a reason of the user's, of the data, or because the sign-in wasn't let through | well: the portal answered as it does |
//! | failed for a reason of the bank's | ill; after [`FAILURES_ALLOWED`] in a row the breaker opens |
//! | was told until when it is shut, or to stay away | ill; the breaker opens until then, a day at most |
//! | was blocked, or asked for proof of a person | not to be asked again soon; the breaker opens for an hour |
//! | never reached it, or found a page that no script knows | nothing |
//! | failed for a reason of our own | nothing, and a probe is made again |
//!
//! Each time that a probe finds the bank ill it is left alone for twice as long, from a minute
//! to an hour. An operator's reset closes the breaker whatever its state.
//!
//! Not here: how many runs a bank that is well may have (`limits`), when a connection's run
//! is tried again (`run`), and whose run is the probe; the queue decides that.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::failure::{FailureCode, Fault};

/// How many failures of a bank's in a row, over all of its connections, open its breaker.
pub const FAILURES_ALLOWED: u32 = 5;

/// For how long a bank is left alone the first time.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// For how long at most, where it doesn't say until when.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// For how long at most, whatever it says.
pub const LONGEST_ANNOUNCED: SignedDuration = SignedDuration::from_hours(24);

/// For how long a probe may keep silent before there is another one.
pub const PROBE_PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Whether a bank is left in peace, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Breaker {
    /// It is asked as usual.
    Closed {
        /// How many of its failures there were in a row; fewer than [`FAILURES_ALLOWED`].
        failures: u32,
    },
    /// It is left alone.
    Open {
        /// When it is probed.
        until: Timestamp,
        /// How often it opened since it was last well; one at least.
        times: u32,
    },
    /// One run may find out how it is.
    HalfOpen {
        /// Since when that run may be under way. Whoever keeps this state first has the probe.
        since: Timestamp,
        /// How often it opened since it was last well; one at least.
        times: u32,
    },
}

/// What happens to a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerEvent {
    /// A run read what it was to read, or some of it.
    Succeeded,
    /// A run failed.
    Failed {
        /// With what.
        code: FailureCode,
        /// When the bank says that it is over.
        until: Option<Timestamp>,
    },
    /// Time passed.
    TimePassed,
    /// An operator says that the bank is well.
    Reset,
}

/// Which runs may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// As many as the limits allow.
    All,
    /// One, if no other is under way.
    Probe,
    /// None before that.
    NoneUntil(Timestamp),
}

/// What a run says of its bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Well,
    Ill,
    /// Ill until then.
    Shut(Timestamp),
    Refused,
    Unheard,
    /// Nothing, for a reason that isn't between us and the bank.
    Ours,
}

impl Breaker {
    /// That of a bank of which nothing is known.
    pub const NEW: Self = Self::Closed { failures: 0 };

    /// The breaker after an event. Every pair goes together.
    #[must_use]
    pub fn on(self, event: BreakerEvent, now: Timestamp) -> Self {
        match event {
            BreakerEvent::Succeeded => self.told(Verdict::Well, now),
            BreakerEvent::Failed { code, until } => self.told(Verdict::of(code, until, now), now),
            BreakerEvent::TimePassed => match self {
                Self::Open { until, times } if until <= now => Self::HalfOpen { since: now, times },
                Self::HalfOpen { since, times } if now.duration_since(since) >= PROBE_PATIENCE => {
                    Self::HalfOpen { since: now, times }
                }
                same @ (Self::Closed { .. } | Self::Open { .. } | Self::HalfOpen { .. }) => same,
            },
            BreakerEvent::Reset => Self::NEW,
        }
    }

    /// The breaker as it is at `now`. A [`HalfOpen`](Self::HalfOpen) that differs from the one
    /// before stands for one probe.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        self.on(BreakerEvent::TimePassed, now)
    }

    /// Which runs may start now, as far as the breaker is concerned.
    #[must_use]
    pub const fn admission(self) -> Admission {
        match self {
            Self::Closed { .. } => Admission::All,
            Self::HalfOpen { .. } => Admission::Probe,
            Self::Open { until, .. } => Admission::NoneUntil(until),
        }
    }

    fn told(self, verdict: Verdict, now: Timestamp) -> Self {
        use Verdict as V;
        match (self, verdict) {
            (Self::Closed { .. } | Self::HalfOpen { .. }, V::Well) => Self::NEW,
            (Self::Closed { failures }, V::Ill) if failures.saturating_add(1) < FAILURES_ALLOWED => {
                Self::Closed { failures: failures + 1 }
            }
            (same @ Self::Closed { .. }, V::Unheard | V::Ours) => same,
            (Self::Closed { .. }, V::Ill | V::Shut(_) | V::Refused) => Self::opened(1, verdict, now),

            // Of a run that started before it opened: it changes nothing but for how long.
            (same @ Self::Open { .. }, V::Well | V::Ill | V::Unheard | V::Ours) => same,
            (Self::Open { until, times }, V::Shut(_) | V::Refused) => match Self::opened(times, verdict, now) {
                Self::Open { until: said, .. } => Self::Open { until: until.max(said), times },
                Self::Closed { .. } | Self::HalfOpen { .. } => self,
            },

            (Self::HalfOpen { times, .. }, V::Ill | V::Shut(_) | V::Refused) => {
                Self::opened(times.saturating_add(1), verdict, now)
            }
            (Self::HalfOpen { times, .. }, V::Unheard) => Self::opened(times, verdict, now),
            (Self::HalfOpen { times, .. }, V::Ours) => Self::HalfOpen { since: now, times },
        }
    }

    /// The breaker that opens for the so-many-th time.
    fn opened(times: u32, verdict: Verdict, now: Timestamp) -> Self {
        let alone = match verdict {
            Verdict::Refused => LONGEST,
            _ => doubled(times),
        };
        let until = match verdict {
            Verdict::Shut(until) => until,
            _ => now.checked_add(alone).unwrap_or(Timestamp::MAX),
        };
        Self::Open { until, times }
    }
}

impl Verdict {
    fn of(code: FailureCode, until: Option<Timestamp>, now: Timestamp) -> Self {
        use FailureCode as C;
        let latest = now.checked_add(LONGEST_ANNOUNCED).unwrap_or(Timestamp::MAX);
        let announced = until.filter(|until| *until > now).map(|until| until.min(latest));
        match (code, announced) {
            (C::PortalBlocked | C::PortalCaptcha, _) => Self::Refused,
            (C::PortalMaintenance | C::PortalRatelimited, Some(until)) => Self::Shut(until),
            (C::Unknown, _) => Self::Unheard,
            // Whoever isn't let in was answered, also where it is for the bank to let them in.
            _ if code.as_str().starts_with("auth") => Self::Well,
            _ => match code.fault() {
                Fault::Bank => Self::Ill,
                Fault::Platform => Self::Ours,
                Fault::Network | Fault::Script => Self::Unheard,
                // Whoever gets data that aren't sound was answered.
                Fault::User | Fault::Unknown => Self::Well,
            },
        }
    }
}

/// For how long a bank is left alone that opened its breaker for the so-many-th time.
fn doubled(times: u32) -> SignedDuration {
    let doublings = times.saturating_sub(1).min(6);
    (SHORTEST * (1 << doublings)).min(LONGEST)
}

impl Default for Breaker {
    fn default() -> Self {
        Self::NEW
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Admission, Breaker, BreakerEvent, FAILURES_ALLOWED, doubled};
    use crate::failure::FailureCode;

    fn now() -> Timestamp {
        minute(0)
    }

    /// So many minutes from now.
    fn minute(minutes: i64) -> Timestamp {
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a moment");
        noon + SignedDuration::from_mins(minutes)
    }

    const fn failed(code: FailureCode) -> BreakerEvent {
        BreakerEvent::Failed { code, until: None }
    }

    fn shut(minutes: i64) -> BreakerEvent {
        BreakerEvent::Failed { code: FailureCode::PortalMaintenance, until: Some(minute(minutes)) }
    }

    /// As in the table below: `closed 4`, `open 12 3` in minutes from now and times.
    fn told(breaker: Breaker) -> String {
        let minutes = |at: Timestamp| at.duration_since(now()).as_mins();
        match breaker {
            Breaker::Closed { failures } => format!("closed {failures}"),
            Breaker::Open { until, times } => format!("open {} {times}", minutes(until)),
            Breaker::HalfOpen { since, times } => format!("half {} {times}", minutes(since)),
        }
    }

    #[test]
    fn every_state_meets_every_event_as_the_picture_says() {
        let states = [
            Breaker::NEW,
            Breaker::Closed { failures: FAILURES_ALLOWED - 1 },
            Breaker::Open { until: minute(3), times: 2 },
            Breaker::Open { until: minute(0), times: 2 },
            Breaker::HalfOpen { since: minute(-9), times: 2 },
            Breaker::HalfOpen { since: minute(-10), times: 2 },
        ];
        let events = [
            ("well", BreakerEvent::Succeeded),
            ("a wrong password", failed(FailureCode::CredentialsInvalid)),
            ("unsound data", failed(FailureCode::DataIncomplete)),
            ("unavailable", failed(FailureCode::PortalUnavailable)),
            ("shut, until when isn't said", failed(FailureCode::PortalMaintenance)),
            ("shut for 90 minutes", shut(90)),
            ("shut for a year", shut(525_600)),
            ("shut until a moment ago", shut(-1)),
            ("blocked", failed(FailureCode::PortalBlocked)),
            ("a captcha", failed(FailureCode::PortalCaptcha)),
            ("not reached", failed(FailureCode::NetTimeout)),
            ("an unknown page", failed(FailureCode::PageUnrecognised)),
            ("an unknown failure", failed(FailureCode::Unknown)),
            ("the browser crashed", failed(FailureCode::BrowserCrashed)),
            ("time", BreakerEvent::TimePassed),
            ("reset", BreakerEvent::Reset),
        ];
        // One column a state, in the order above.
        let expected = "
            closed 0    | closed 0    | open 3 2    | open 0 2    | closed 0    | closed 0
            closed 0    | closed 0    | open 3 2    | open 0 2    | closed 0    | closed 0
            closed 0    | closed 0    | open 3 2    | open 0 2    | closed 0    | closed 0
            closed 1    | open 1 1    | open 3 2    | open 0 2    | open 4 3    | open 4 3
            closed 1    | open 1 1    | open 3 2    | open 0 2    | open 4 3    | open 4 3
            open 90 1   | open 90 1   | open 90 2   | open 90 2   | open 90 3   | open 90 3
            open 1440 1 | open 1440 1 | open 1440 2 | open 1440 2 | open 1440 3 | open 1440 3
            closed 1    | open 1 1    | open 3 2    | open 0 2    | open 4 3    | open 4 3
            open 60 1   | open 60 1   | open 60 2   | open 60 2   | open 60 3   | open 60 3
            open 60 1   | open 60 1   | open 60 2   | open 60 2   | open 60 3   | open 60 3
            closed 0    | closed 4    | open 3 2    | open 0 2    | open 2 2    | open 2 2
            closed 0    | closed 4    | open 3 2    | open 0 2    | open 2 2    | open 2 2
            closed 0    | closed 4    | open 3 2    | open 0 2    | open 2 2    | open 2 2
            closed 0    | closed 4    | open 3 2    | open 0 2    | half 0 2    | half 0 2
            closed 0    | closed 4    | open 3 2    | half 0 2    | half -9 2   | half 0 2
            closed 0    | closed 0    | closed 0    | closed 0    | closed 0    | closed 0";
        let lines: Vec<&str> = expected.trim().lines().collect();
        assert_eq!(lines.len(), events.len());
        for (line, (name, event)) in lines.into_iter().zip(events) {
            let row = states.map(|state| told(state.on(event, now())));
            assert_eq!(row.to_vec(), line.split('|').map(str::trim).collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn a_bank_that_stays_ill_is_left_alone_for_twice_as_long_each_time() {
        let minutes: Vec<i128> = (1..=8).map(|times| doubled(times).as_millis() / 60_000).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(doubled(0), doubled(1));
        assert_eq!(doubled(u32::MAX), doubled(8));
    }

    #[test]
    fn failures_count_only_in_a_row() {
        let ill = failed(FailureCode::PortalUnavailable);
        let after = |events: &[BreakerEvent]| events.iter().fold(Breaker::NEW, |it, event| it.on(*event, now()));
        assert_eq!(told(after(&[ill; 5])), "open 1 1");
        let wrong = failed(FailureCode::CredentialsInvalid);
        assert_eq!(told(after(&[ill, ill, ill, ill, wrong, ill])), "closed 1");
        let unreached = failed(FailureCode::NetDns);
        assert_eq!(told(after(&[ill, ill, unreached, ill, ill, ill])), "open 1 1");
    }

    #[test]
    fn one_run_at_a_time_finds_out_how_a_bank_is() {
        let open = Breaker::Open { until: minute(1), times: 1 };
        assert_eq!(open.at(now()).admission(), Admission::NoneUntil(minute(1)));
        let half = open.at(minute(2));
        assert_eq!(half.admission(), Admission::Probe);
        // Whoever looks again doesn't find another probe until the first one was silent for too long.
        assert_eq!(half.at(minute(11)), half);
        assert_ne!(half.at(minute(12)), half);
        assert_eq!(half.on(BreakerEvent::Succeeded, minute(3)).admission(), Admission::All);
    }

    #[test]
    fn whoever_is_not_let_in_was_answered() {
        for code in [FailureCode::CredentialsInvalid, FailureCode::Locked, FailureCode::SessionConflict] {
            let half = Breaker::HalfOpen { since: now(), times: 3 };
            assert_eq!(half.on(failed(code), now()), Breaker::NEW, "{code}");
            let closed = Breaker::Closed { failures: FAILURES_ALLOWED - 1 };
            assert_eq!(closed.on(failed(code), now()), Breaker::NEW, "{code}");
        }
    }

    #[test]
    fn a_breaker_is_kept_as_json() {
        let check = |breaker: Breaker, json: &str| {
            assert_eq!(serde_json::to_string(&breaker).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Breaker>(json).expect("a breaker"), breaker);
        };
        check(Breaker::NEW, r#"{"state":"closed","failures":0}"#);
        check(Breaker::Open { until: now(), times: 2 }, r#"{"state":"open","until":"2026-11-20T12:00:00Z","times":2}"#);
        check(
            Breaker::HalfOpen { since: now(), times: 2 },
            r#"{"state":"halfOpen","since":"2026-11-20T12:00:00Z","times":2}"#,
        );
    }
}
