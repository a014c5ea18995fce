//! At which coordinator the line of an agent is, for live views that are opened at another.
//!
//! Not here: the line itself, and what is said on it; nothing of that is kept.

use async_trait::async_trait;
use domain::id::AgentId;
use jiff::Timestamp;
use uuid::Uuid;

use super::StoreError;

/// Where agents' lines are.
#[async_trait]
pub trait Lines {
    /// Notes that a line of an agent was opened at a coordinator: it is the newest, and takes the place of any other.
    async fn note_line(&self, agent: AgentId, place: LinePlace, now: Timestamp) -> Result<(), StoreError>;
    /// Notes that a line stands still; false if a newer one took its place, or it was forgotten.
    async fn keep_line(&self, agent: AgentId, line: Uuid, now: Timestamp) -> Result<bool, StoreError>;
    /// Forgets a line that ended; a newer one of the agent stays.
    async fn forget_line(&self, agent: AgentId, line: Uuid) -> Result<(), StoreError>;
    /// Where an agent's line is, by what was last noted since a moment.
    async fn line_of(&self, agent: AgentId, since: Timestamp) -> Result<Option<LinePlace>, StoreError>;
}

/// Where a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePlace {
    /// Which line.
    pub line: Uuid,
    /// Where other coordinators reach the one at which it is.
    pub address: String,
}
