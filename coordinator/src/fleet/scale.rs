//! How many agents there should be, measured now: what autoscalers, the metrics and
//! operators are told.
//!
//! Not here: the rule (`domain::scale`), or starting and ending agents.

use std::time::Duration;

use domain::id::AgentId;
use domain::scale::agents::{Held, Standing, drainable};
use domain::scale::steady::{Answer, WINDOWS_REMEMBERED, answer};
use domain::scale::{Backlog, Demand, Pool, Scale};
use jiff::{SignedDuration, Timestamp};
use protocol::lease::AgentState;
use serde::{Deserialize, Serialize};

use super::gatekeeper::limit;
use super::{Error, Fleet};
use crate::clock;
use crate::queue::{COUNTED_OVER, Depth, DrainState, InstitutionDepth, SeenAgent};

/// How long a run takes as long as none was measured.
const USUAL_SERVICE: Duration = Duration::from_secs(20);

/// An answer like the one before isn't kept again sooner.
const KEEP_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// So many answers are remembered beside one for each [`KEEP_EVERY`].
const REMEMBERED: i64 = 200;

/// An agent that wasn't heard of for so long may be dead: one that has nothing to do asks for
/// a lease more often.
const SILENCE: Duration = Duration::from_secs(45);

/// How many agents there should be, and all that it follows from.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What the rule says.
    pub scale: Scale,
    /// What autoscalers are told: the same without swinging.
    pub desired: u32,
    /// What the rule was given.
    pub demand: Demand,
    /// The pool that it holds for.
    pub pool: Pool,
    /// Runs that aren't due yet.
    pub delayed: u64,
    /// Since when the oldest run waits where something could start.
    pub oldest: Duration,
    /// For how long one in twenty runs waited longer, of late.
    pub dwell_p95: Duration,
    /// The agents that were heard of.
    pub agents: Vec<SeenAgent>,
    /// Those that may be taken away now.
    pub drainable: Vec<AgentId>,
    /// The queue's generation: it grows when Redis was lost.
    pub generation: u32,
    /// When all this was so.
    pub at: Timestamp,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    at: i64,
    wanted: u32,
    answered: u32,
}

/// Shows the same at `/metrics`.
pub struct Meter(pub std::sync::Arc<Fleet>);

impl Meter {
    /// One round.
    ///
    /// # Errors
    /// [`Error`]; what was shown before stays until the next round.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats, and no fleet is that large")]
    pub async fn run_once(&self) -> Result<(), Error> {
        let measured = self.0.measure().await?;
        let is_going = |agent: &&SeenAgent| held(agent).standing == Standing::Draining;
        let going = measured.agents.iter().filter(is_going).count();
        let gauges: [(&'static str, f64); 9] = [
            ("bursar_pool_desired_agents", f64::from(measured.desired)),
            ("bursar_pool_ready_runs", measured.scale.ready as f64),
            ("bursar_pool_runnable_runs", measured.scale.runnable as f64),
            ("bursar_pool_blocked_runs", measured.scale.blocked as f64),
            ("bursar_pool_delayed_runs", measured.delayed as f64),
            ("bursar_pool_leased_runs", f64::from(measured.demand.leased)),
            ("bursar_pool_parked_runs", f64::from(measured.demand.parked)),
            ("bursar_pool_oldest_ready_seconds", measured.oldest.as_secs_f64()),
            ("bursar_pool_dwell_p95_seconds", measured.dwell_p95.as_secs_f64()),
        ];
        for (name, value) in gauges {
            metrics::gauge!(name).set(value);
        }
        let agents = [("ready", measured.agents.len() - going), ("draining", going)];
        for (state, count) in agents {
            metrics::gauge!("bursar_pool_agents", "state" => state).set(count as f64);
        }
        Ok(())
    }
}

impl Fleet {
    /// Measures how many agents there should be.
    ///
    /// # Errors
    /// [`Error`] if the queue or the store is away.
    pub async fn measure(&self) -> Result<Measured, Error> {
        let now = clock::now();
        let (depth, agents) = (self.queue.depth().await?, self.queue.agents().await?);
        let settings = &self.config.pool;
        let soon = now + SignedDuration::try_from(settings.start).unwrap_or(SignedDuration::ZERO);
        let due = self.store.due_by(soon).await?;
        let service = middle(&depth.services).unwrap_or(USUAL_SERVICE);
        let backlog = |institution: &InstitutionDepth| {
            let id = &institution.institution_id;
            let limits = self.catalog().institution(id).map(|institution| institution.limits).unwrap_or_default();
            // Its pace alone doesn't close it for longer.
            let is_closed = institution.closed_for > settings.start.max(limit(limits).interval);
            Backlog {
                ready: narrow(institution.ready),
                due_soon: due.iter().find(|(known, _)| known == id).map_or(0, |(_, count)| narrow(*count)),
                in_flight: narrow(institution.started),
                cap: if is_closed { 0 } else { limits.seats(service).min(narrow(institution.cap)) },
                arrivals: narrow(institution.arrivals),
            }
        };
        let held: Vec<Held<AgentId>> = agents.iter().filter(|agent| agent.seen < SILENCE).map(held).collect();
        let is_busy = |held: &&Held<AgentId>| held.standing == Standing::Serving && held.busy + held.parked > 0;
        let demand = Demand {
            backlogs: depth.institutions.iter().map(backlog).collect(),
            counted_over: COUNTED_OVER,
            service,
            leased: narrow(depth.leased.saturating_sub(depth.parked)),
            parked: narrow(depth.parked),
            busy_agents: narrow(held.iter().filter(is_busy).count() as u64),
        };
        let pool = Pool {
            min: settings.min,
            max: settings.max,
            slots_per_agent: said(&agents, |seats| seats.total).unwrap_or(settings.slots_per_agent),
            parked_per_agent: said(&agents, |seats| seats.parked_limit).unwrap_or(settings.parked_per_agent),
            dwell_goal: settings.dwell_goal,
        };
        let scale = demand.scale(&pool);
        let runnable = depth.institutions.iter().filter(|institution| institution.runnable() > 0);
        let desired = self.steady(&scale, now).await?;
        Ok(Measured {
            scale,
            desired,
            demand,
            pool,
            delayed: depth.delayed,
            oldest: runnable.map(|institution| institution.oldest).max().unwrap_or_default(),
            dwell_p95: dwell_p95(&depth).unwrap_or_default(),
            drainable: drainable(&held, desired),
            agents,
            generation: self.queue.standing().await?.generation.unwrap_or_default(),
            at: now,
        })
    }

    /// What is answered where this is wanted, after what all coordinators answered.
    async fn steady(&self, scale: &Scale, now: Timestamp) -> Result<u32, Error> {
        let window = SignedDuration::try_from(self.config.pool.window).unwrap_or(SignedDuration::MAX);
        let kept = self.queue.answers().await?;
        let read = |kept: &String| {
            let KeptAnswer { at, wanted, answered } = serde_json::from_str(kept).ok()?;
            Some(Answer { at: Timestamp::from_millisecond(at).ok()?, wanted, answered })
        };
        let remembered = |answer: &Answer| now.duration_since(answer.at) < window * WINDOWS_REMEMBERED;
        let before: Vec<Answer> = kept.iter().filter_map(read).filter(remembered).collect();
        let answer = answer(&before, scale, now, window);
        let is_like = |last: &Answer| {
            (last.wanted, last.answered) == (answer.wanted, answer.answered) && now.duration_since(last.at) < KEEP_EVERY
        };
        if !before.last().is_some_and(is_like) {
            let kept = KeptAnswer { at: now.as_millisecond(), wanted: answer.wanted, answered: answer.answered };
            let kept = serde_json::to_string(&kept).unwrap_or_default();
            let spans = (window * WINDOWS_REMEMBERED).as_secs() / KEEP_EVERY.as_secs();
            self.queue.note_answer(&kept, spans.saturating_add(REMEMBERED)).await?;
        }
        Ok(answer.answered)
    }
}

/// What an agent holds, as it says itself.
pub fn held(agent: &SeenAgent) -> Held<AgentId> {
    let is_going =
        agent.drain == DrainState::Drained || agent.seats.is_some_and(|seats| seats.state == AgentState::Draining);
    Held {
        agent: agent.id,
        standing: if is_going { Standing::Draining } else { Standing::Serving },
        // One that says nothing may hold anything.
        busy: agent.seats.map_or(1, |seats| seats.busy),
        parked: agent.seats.map_or(0, |seats| seats.parked),
    }
}

/// What the agent in the middle says of one number; none if none says anything.
fn said(agents: &[SeenAgent], number: impl Fn(&protocol::lease::Seats) -> u32) -> Option<u32> {
    let mut numbers: Vec<u32> = agents.iter().filter_map(|agent| agent.seats.as_ref()).map(number).collect();
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied()
}

fn middle(milliseconds: &[u64]) -> Option<Duration> {
    at_rank(milliseconds, 500)
}

/// For how long one in twenty runs waited longer, of late, if one was leased.
#[must_use]
pub fn dwell_p95(depth: &Depth) -> Option<Duration> {
    high(&depth.waits)
}

fn high(milliseconds: &[u64]) -> Option<Duration> {
    at_rank(milliseconds, 950)
}

/// The value that so many thousandths are at or below.
fn at_rank(milliseconds: &[u64], thousandths: usize) -> Option<Duration> {
    let mut sorted = milliseconds.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * thousandths).div_ceil(1_000).saturating_sub(1);
    sorted.get(rank).copied().map(Duration::from_millis)
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::id::AgentId;
    use domain::scale::agents::drainable;
    use uuid::Uuid;

    use super::{held, high, middle};
    use crate::queue::{DrainState, SeenAgent};

    #[test]
    fn an_agent_that_says_nothing_of_its_seats_is_not_taken_for_idle() {
        let silent = SeenAgent {
            id: AgentId(Uuid::nil()),
            name: "older".into(),
            seats: None,
            seen: Duration::ZERO,
            drain: DrainState::Undrained,
        };
        assert!(drainable(&[held(&silent)], 0).is_empty());
    }

    #[test]
    fn ranks_are_those_of_the_values_that_are_there() {
        let check = |values: &[u64], at_middle: Option<u64>, at_high: Option<u64>| {
            let expected = (at_middle.map(Duration::from_millis), at_high.map(Duration::from_millis));
            assert_eq!((middle(values), high(values)), expected, "{values:?}");
        };
        check(&[], None, None);
        check(&[7], Some(7), Some(7));
        check(&[3, 1, 2], Some(2), Some(3));
        check(&(1..=100).collect::<Vec<_>>(), Some(50), Some(95));
    }
}
