//! How many agents there should be, and which of them may go first.
//!
//! ```text
//! runnable = Σ min(ready, cap − in flight)                   over institutions
//! slots    = max(λ·S/ρ, leased + runnable · min(1, S/T))
//! desired  = clamp(⌈slots/k⌉ + ⌈parked/k_mem⌉, min, max)     never below the busy agents
//! ```
//!
//! λ is how many runs become ready, S how long one takes, ρ how busy a slot should be, T the
//! dwell goal: for how long a run may wait for an agent. The left side of `max` is what a
//! steady flow needs, the right one what a heap needs to be gone within T. The queue's length
//! isn't in it: a run that waits for its bank's cap gains nothing from one more agent. For the
//! same reason no institution counts for more of λ·S/ρ than its cap.
//!
//! Runs that fall due within the time in which an agent starts count as ready: agents that are
//! started when the work is there come too late for it.
//!
//! With a minimum of none, the last agent goes when nothing is ready, leased, parked or due.
//!
//! Not here: measuring any of it; starting and stopping agents, which whatever runs them does;
//! and keeping the number from swinging (`steady`).

pub mod agents;
pub mod steady;

use std::time::Duration;

/// How busy a slot should be, in thousandths: ρ.
pub const UTILISATION_PER_MILLE: u32 = 700;

/// What a pool of agents is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The fewest agents.
    pub min: u32,
    /// The most agents.
    pub max: u32,
    /// How many runs an agent drives at once; counted as one where it is none.
    pub slots_per_agent: u32,
    /// How many sessions that wait for a person an agent holds in memory; likewise.
    pub parked_per_agent: u32,
    /// For how long a run may wait for an agent.
    pub dwell_goal: Duration,
}

/// What stands before a pool, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// For each institution with anything to count.
    pub backlogs: Vec<Backlog>,
    /// Over how long [`Backlog::arrivals`] were counted.
    pub counted_over: Duration,
    /// How long a run takes at the median, without waiting for a person.
    pub service: Duration,
    /// Runs that an agent drives, without those that are parked.
    pub leased: u32,
    /// Runs that wait for a person in an agent's memory.
    pub parked: u32,
    /// Agents that hold any of them, and aren't going already.
    pub busy_agents: u32,
}

/// What stands before one institution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Runs that would start, were there an agent and room at the bank.
    pub ready: u32,
    /// Runs that fall due within the time in which an agent starts.
    pub due_soon: u32,
    /// Runs under way, with those that are parked.
    pub in_flight: u32,
    /// How many may be under way: [`Limits::seats`](crate::limits::Limits::seats), or none or one where
    /// the [`breaker`](crate::breaker) says so.
    pub cap: u32,
    /// Runs that became ready of late.
    pub arrivals: u32,
}

/// How many agents there should be, and what it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How many agents there should be.
    pub desired: u32,
    /// How many slots that takes.
    pub slots: u64,
    /// Runs that are ready.
    pub ready: u64,
    /// Those of them that would start if there were agents enough.
    pub runnable: u64,
    /// Those that wait for their bank.
    pub blocked: u64,
    /// Agents that may not be taken away.
    pub busy_agents: u32,
}

impl Backlog {
    /// The ready runs that the bank would let in.
    #[must_use]
    pub fn runnable(&self) -> u32 {
        self.ready.min(self.room())
    }

    /// The same, with those that fall due soon.
    fn soon_runnable(&self) -> u32 {
        self.ready.saturating_add(self.due_soon).min(self.room())
    }

    const fn room(&self) -> u32 {
        self.cap.saturating_sub(self.in_flight)
    }
}

impl Demand {
    /// How many agents this takes of a pool.
    #[must_use]
    pub fn scale(&self, pool: &Pool) -> Scale {
        let sum = |of: fn(&Backlog) -> u32| self.backlogs.iter().map(|backlog| u64::from(of(backlog))).sum::<u64>();
        let (ready, runnable) = (sum(|backlog| backlog.ready), sum(Backlog::runnable));
        let due_soon = sum(|backlog| backlog.due_soon);
        let slots = self.steady_slots().max(self.heap_slots(sum(Backlog::soon_runnable), pool.dwell_goal));
        let agents = slots.div_ceil(u64::from(pool.slots_per_agent.max(1)));
        let agents = agents + u64::from(self.parked).div_ceil(u64::from(pool.parked_per_agent.max(1)));
        let is_idle = ready == 0 && due_soon == 0 && self.leased == 0 && self.parked == 0;
        let least = if is_idle { pool.min } else { pool.min.max(1) };
        let agents = u32::try_from(agents).unwrap_or(u32::MAX).max(least).min(pool.max);
        let (busy_agents, blocked) = (self.busy_agents, ready - runnable);
        Scale { desired: agents.max(busy_agents), slots, ready, runnable, blocked, busy_agents }
    }

    /// λ·S/ρ, each institution's share bounded by its cap.
    fn steady_slots(&self) -> u64 {
        // In slots over this, so that nothing is rounded before the end.
        let whole = self.counted_over.as_millis().max(1) * u128::from(UTILISATION_PER_MILLE);
        let share = |backlog: &Backlog| {
            let offered = u128::from(backlog.arrivals) * self.service.as_millis() * 1_000;
            offered.min(u128::from(backlog.cap) * whole)
        };
        narrowed(self.backlogs.iter().map(share).sum::<u128>().div_ceil(whole))
    }

    /// leased + runnable · min(1, S/T).
    fn heap_slots(&self, runnable: u64, dwell_goal: Duration) -> u64 {
        let (service, goal) = (self.service.as_millis(), dwell_goal.as_millis());
        let share = match service < goal {
            true => narrowed((u128::from(runnable) * service).div_ceil(goal)),
            false => runnable,
        };
        u64::from(self.leased).saturating_add(share)
    }
}

fn narrowed(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
