//! What the queue shows to whoever looks after the fleet: agents, leases, flows.
//!
//! Not here: how much there is (`limits`).

use std::time::Duration;

use domain::id::{AgentId, ConnectionId, OrganizationId, RunId};
use protocol::lease::Seats;

use super::{Queue, QueueError, Waits};

/// An agent that was heard of in the last minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAgent {
    /// Made by the agent when it started.
    pub id: AgentId,
    /// For people.
    pub name: String,
    /// What it said of its seats; none of one that says nothing.
    pub seats: Option<Seats>,
    /// How long ago it was heard of.
    pub seen: Duration,
    /// Whether an operator lets it have no further lease.
    pub drain: DrainState,
}

/// Whether an operator lets an agent have leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainState {
    /// It gets leases.
    Undrained,
    /// It gets no further one.
    Drained,
}

/// A run that is leased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenLease {
    /// The run.
    pub run_id: RunId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The bank.
    pub institution_id: String,
    /// Who holds it.
    pub agent_id: AgentId,
    /// Whether it waits for a person.
    pub waits: Waits,
    /// Since when it is leased.
    pub since: Duration,
    /// When the lease lapses unless it is renewed.
    pub lapses_in: Duration,
}

/// A flow that has ready runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFlow {
    /// The bank.
    pub institution_id: String,
    /// Whose runs they are.
    pub organization_id: OrganizationId,
    /// How many are ready.
    pub ready: u64,
    /// Since when the first of them waits.
    pub oldest: Duration,
}

/// As `leases.lua` answers it.
type RawLease = (String, String, String, String, String, String, u64, u64);

impl Queue {
    /// Notes that an agent was heard of, and what it said of itself.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn note_agent(&self, id: AgentId, name: Option<&str>, seats: Option<Seats>) -> Result<(), QueueError> {
        let seats = seats.map(|seats| serde_json::to_string(&seats)).transpose().map_err(|_| QueueError::Unreadable)?;
        let mut step = self.scripts.note_agent.key(&self.prefix);
        self.step(step.arg(id.to_string()).arg(name.unwrap_or_default()).arg(seats.unwrap_or_default())).await
    }

    /// Notes that an agent has ended; nobody counts on it any more.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn forget_agent(&self, id: AgentId) -> Result<(), QueueError> {
        let mut step = self.scripts.forget_agent.key(&self.prefix);
        self.step(step.arg(id.to_string())).await
    }

    /// The agents that were heard of in the last minute.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn agents(&self) -> Result<Vec<SeenAgent>, QueueError> {
        let raw: Vec<(String, String, String, u64, u8)> = self.step(self.scripts.agents.key(&self.prefix)).await?;
        let agent = |(id, name, seats, seen, draining): (String, String, String, u64, u8)| {
            let drain = if draining == 1 { DrainState::Drained } else { DrainState::Undrained };
            let (seats, seen) = (serde_json::from_str(&seats).ok(), Duration::from_millis(seen));
            Ok(SeenAgent { id: read(&id)?, name, seats, seen, drain })
        };
        raw.into_iter().map(agent).collect()
    }

    /// The leases that lapse first, at most so many.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn leases(&self, limit: u32) -> Result<Vec<SeenLease>, QueueError> {
        let mut step = self.scripts.leases.key(&self.prefix);
        let raw: Vec<RawLease> = self.step(step.arg(limit)).await?;
        let lease = |(run, connection, organization, institution_id, state, agent, since, lapses): RawLease| {
            Ok(SeenLease {
                run_id: read(&run)?,
                connection_id: read(&connection)?,
                organization_id: read(&organization)?,
                institution_id,
                agent_id: read(&agent)?,
                waits: if state == "parked" { Waits::ForPerson } else { Waits::ForNobody },
                since: Duration::from_millis(since),
                lapses_in: Duration::from_millis(lapses),
            })
        };
        raw.into_iter().map(lease).collect()
    }

    /// Flows that have ready runs, at most so many.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn flows(&self, limit: u32) -> Result<Vec<SeenFlow>, QueueError> {
        let mut step = self.scripts.flows.key(&self.prefix);
        let raw: Vec<(String, String, u64, u64)> = self.step(step.arg(limit)).await?;
        let flow = |(institution_id, organization, ready, oldest): (String, String, u64, u64)| {
            let oldest = Duration::from_millis(oldest);
            Ok(SeenFlow { institution_id, organization_id: read(&organization)?, ready, oldest })
        };
        raw.into_iter().map(flow).collect()
    }
}

fn read<T: std::str::FromStr>(text: &str) -> Result<T, QueueError> {
    text.parse().map_err(|_| QueueError::Unreadable)
}
