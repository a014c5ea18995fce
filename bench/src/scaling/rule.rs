//! Rules by which a fleet grows and shrinks: Bursar's own, and that of a queue's length, as
//! autoscalers are set up for queues by default.
//!
//! Not here: carrying it out; that is the same for all of them (`fleet`).

use std::time::Duration;

use domain::scale::agents::{Held, Standing};
use domain::scale::steady::{Answer, WINDOWS_REMEMBERED, answer};
use domain::scale::{Demand, Pool};
use jiff::{SignedDuration, Timestamp};

use super::scenario::{Moment, SECOND};

/// What is played with.
pub(super) const POOL: Pool =
    Pool { min: 0, max: 150, slots_per_agent: 4, parked_per_agent: 20, dwell_goal: Duration::from_secs(60) };
/// Before it shrinks: what the Kubernetes autoscaler takes by default.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How often the number is asked for, likewise.
pub(super) const ASKED_EVERY: Moment = 15 * SECOND;

/// An agent that may be taken away.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) agent: usize,
    pub(super) busy: u32,
}

pub(super) trait Rule {
    /// How many agents there should be.
    fn agents(&mut self, now: Moment, demand: &Demand, present: u32) -> u32;

    /// The order in which agents go; they come in the order in which they started.
    fn order(&self, candidates: &mut Vec<Candidate>);
}

/// `domain::scale`.
#[derive(Default)]
pub(super) struct Runnable {
    answers: Vec<Answer>,
}

/// So many of the queue's runs for each agent: an `AverageValue` of its length, with the
/// autoscaler's tolerance of a tenth.
#[derive(Default)]
pub(super) struct QueueLength {
    wanted: Vec<(Moment, u32)>,
}

impl Rule for Runnable {
    fn agents(&mut self, now: Moment, demand: &Demand, _present: u32) -> u32 {
        let now = timestamp(now);
        self.answers.retain(|answer| now.duration_since(answer.at) <= WINDOW * WINDOWS_REMEMBERED);
        let next = answer(&self.answers, &demand.scale(&POOL), now, WINDOW);
        self.answers.push(next);
        next.answered
    }

    fn order(&self, candidates: &mut Vec<Candidate>) {
        let cost = |it: &Candidate| {
            Held { agent: it.agent, standing: Standing::Serving, busy: it.busy, parked: 0 }.deletion_cost()
        };
        candidates.sort_by_key(cost);
    }
}

impl Rule for QueueLength {
    fn agents(&mut self, now: Moment, demand: &Demand, present: u32) -> u32 {
        let ready: u32 = demand.backlogs.iter().map(|backlog| backlog.ready).sum();
        let capacity = present * POOL.slots_per_agent;
        let wanted = if ready.abs_diff(capacity) * 10 <= capacity {
            present
        } else {
            ready.div_ceil(POOL.slots_per_agent).clamp(POOL.min, POOL.max)
        };
        let window = u64::try_from(WINDOW.as_millis()).unwrap_or_default();
        self.wanted.retain(|(at, _)| now - at < window);
        self.wanted.push((now, wanted));
        let highest = self.wanted.iter().map(|(_, wanted)| *wanted).max().unwrap_or(wanted);
        // It grows to what is wanted now, and shrinks to what was wanted lately.
        if wanted > present { wanted } else { highest.min(present) }
    }

    fn order(&self, candidates: &mut Vec<Candidate>) {
        candidates.reverse();
    }
}

fn timestamp(at: Moment) -> Timestamp {
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::MAX)
}
