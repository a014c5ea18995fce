//! How much may go on at an institution at once, what stands in the queue, and whether the
//! queue is in order.
//!
//! Not here: where limits come from, or what closes a gate.

use std::time::Duration;

use domain::id::AgentId;
use redis::AsyncCommands as _;

use super::{Queue, QueueError};

/// How much may go on at an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many leases at once, those that wait for a person among them: the bank sees a
    /// session for each.
    pub at_once: u32,
    /// How long between two starts; zero for no pace.
    pub interval: Duration,
}

/// Whether anything is started at an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// As its limit allows.
    Open,
    /// Nothing for so long, and after that one run at a time, to see how it fares.
    ClosedThenProbing(Duration),
    /// Nothing for so long.
    Closed(Duration),
}

/// Whether a leased run waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It does: it counts memory, and no processor.
    ForPerson,
    /// It is being worked on.
    ForNobody,
}

/// What stands in the queue, all counted in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// By institution.
    pub institutions: Vec<InstitutionDepth>,
    /// Runs that aren't due yet.
    pub delayed: u64,
    /// Runs that are leased, parked ones among them.
    pub leased: u64,
    /// Runs that wait for a person.
    pub parked: u64,
    /// How long runs were ready before they were leased, the latest first, in milliseconds.
    pub waits: Vec<u64>,
    /// How long leases took to their end, the latest first, in milliseconds.
    pub services: Vec<u64>,
}

/// What stands in the queue of one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstitutionDepth {
    /// Its id.
    pub institution_id: String,
    /// Runs that could start but for the limits.
    pub ready: u64,
    /// Runs that are leased.
    pub started: u64,
    /// How many may be leased at once now.
    pub cap: u64,
    /// For how long nothing is started there by pace or gate; zero: something may.
    pub closed_for: Duration,
    /// Since when the oldest ready run waits.
    pub oldest: Duration,
    /// How many runs became ready in the last full minute.
    pub arrivals: u64,
}

impl InstitutionDepth {
    /// How many runs could start at once if there were agents.
    #[must_use]
    pub fn runnable(&self) -> u64 {
        if self.closed_for.is_zero() { self.ready.min(self.cap.saturating_sub(self.started)) } else { 0 }
    }
}

/// As `depth.lua` answers it.
type RawDepth = (Vec<(String, u64, u64, u64, u64, u64, u64)>, u64, u64, u64, Vec<u64>, Vec<u64>);

/// Over how long [`InstitutionDepth::arrivals`] are counted.
pub const COUNTED_OVER: Duration = Duration::from_secs(60);

impl Queue {
    /// Limits what goes on at an institution from now on.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn limit(&self, institution: &str, limit: Limit) -> Result<(), QueueError> {
        let mut step = self.scripts.limit.key(&self.prefix);
        step.arg(institution).arg(limit.at_once.max(1)).arg(limit.interval.as_millis().to_string());
        self.step(step).await
    }

    /// Opens or closes an institution's gate. What is under way goes on.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn gate(&self, institution: &str, gate: Gate) -> Result<(), QueueError> {
        let (closed, probing) = match gate {
            Gate::Open => (Duration::ZERO, "0"),
            Gate::ClosedThenProbing(span) => (span, "1"),
            Gate::Closed(span) => (span, "0"),
        };
        let mut step = self.scripts.gate.key(&self.prefix);
        step.arg(institution).arg(closed.as_millis().to_string()).arg(probing);
        self.step(step).await
    }

    /// What stands in the queue.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        let (institutions, delayed, leased, parked, waits, services): RawDepth =
            self.step(self.scripts.depth.key(&self.prefix)).await?;
        let institution = |(institution_id, ready, started, cap, closed, oldest, arrivals)| InstitutionDepth {
            institution_id,
            ready,
            started,
            cap,
            closed_for: Duration::from_millis(closed),
            oldest: Duration::from_millis(oldest),
            arrivals,
        };
        let mut institutions: Vec<_> = institutions.into_iter().map(institution).collect();
        institutions.sort_by(|one: &InstitutionDepth, other| one.institution_id.cmp(&other.institution_id));
        Ok(Depth { institutions, delayed, leased, parked, waits, services })
    }

    /// What isn't in order, a sentence each; nothing is changed. It looks at everything, so
    /// it holds up a long queue.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn audit(&self) -> Result<Vec<String>, QueueError> {
        self.step(self.scripts.audit.key(&self.prefix)).await
    }

    /// Gives an agent no further lease until [`Queue::undrain`].
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn drain(&self, agent: AgentId) -> Result<(), QueueError> {
        let key = self.key_of("draining").await?;
        self.redis.clone().sadd(key, agent.to_string()).await.map_err(QueueError::Redis)
    }

    /// Gives an agent leases again.
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn undrain(&self, agent: AgentId) -> Result<(), QueueError> {
        let key = self.key_of("draining").await?;
        self.redis.clone().srem(key, agent.to_string()).await.map_err(QueueError::Redis)
    }

    /// The answers that autoscalers were given last, oldest first, as they were kept.
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn answers(&self) -> Result<Vec<String>, QueueError> {
        let key = self.key_of("answers").await?;
        self.redis.clone().lrange(key, 0, -1).await.map_err(QueueError::Redis)
    }

    /// Keeps an answer that an autoscaler was given, with so many before it.
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn note_answer(&self, answer: &str, before: i64) -> Result<(), QueueError> {
        let key = self.key_of("answers").await?;
        let mut step = redis::pipe();
        step.atomic()
            .rpush(&key, answer)
            .ignore()
            .ltrim(&key, isize::try_from(-before).unwrap_or(isize::MIN), -1)
            .ignore();
        step.query_async(&mut self.redis.clone()).await.map_err(QueueError::Redis)
    }

    /// A key of the current generation.
    pub(super) async fn key_of(&self, name: &str) -> Result<String, QueueError> {
        let generation = self.standing().await?.generation.ok_or(QueueError::Lost)?;
        Ok(format!("{}{generation}:2:{name}", self.prefix))
    }
}
