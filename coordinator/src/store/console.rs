//! What the console reads that no single integrator may: across organizations, narrowed to those
//! that somebody reaches. Every list is a walk along an index.
//!
//! Not here: changing anything; the use cases do that.

use async_trait::async_trait;
use domain::challenge::ChallengeState;
use domain::connection::ConnectionStatus;
use domain::failure::{Failure, Fault};
use domain::id::{AgentId, ChallengeId, ConnectionId, EvidenceId, OrganizationId, RunId};
use domain::run::{RunClass, RunKind, RunState};
use jiff::Timestamp;
use protocol::lease::RunStep;
use uuid::Uuid;

use super::{Challenge, Connection, ConnectionEventRecord, PageRequest, Refused, RunRevision, StoreError};

/// What the console reads.
#[async_trait]
pub trait ConsoleReads {
    /// A page of connections in the order of ids, the latest first.
    async fn found_connections(
        &self,
        reach: &Reach,
        filter: FoundFilter,
        page: PageRequest,
    ) -> Result<Vec<OwnedConnection>, StoreError>;
    /// One connection, whoever's it is.
    async fn owned_connection(&self, reach: &Reach, id: ConnectionId) -> Result<OwnedConnection, Refused>;
    /// How many connections there are of each status. It goes through an index of all, so nobody
    /// asks for it more often than once a minute.
    async fn count_connections(&self, reach: &Reach) -> Result<Vec<(ConnectionStatus, u64)>, StoreError>;
    /// A page of what happened to a connection, the latest first.
    async fn events_of(
        &self,
        connection: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<ConnectionEventRecord>, StoreError>;
    /// A page of a connection's runs, the latest first.
    async fn runs_of(&self, connection: ConnectionId, page: PageRequest) -> Result<Vec<RunRecord>, StoreError>;
    /// One run.
    async fn run(&self, reach: &Reach, id: RunId) -> Result<RunRecord, Refused>;
    /// What a run did in its last attempt that ended, as long as it is kept.
    async fn steps_of(&self, run: RunId) -> Result<Vec<RunStep>, StoreError>;
    /// The latest evidence that was kept of a run.
    async fn evidence_of(&self, run: RunId) -> Result<Vec<(EvidenceId, Timestamp)>, StoreError>;
    /// One challenge.
    async fn found_challenge(&self, reach: &Reach, id: ChallengeId) -> Result<Challenge, Refused>;
    /// The challenges that were opened by a run, oldest first.
    async fn challenges_of_run(&self, run: RunId) -> Result<Vec<Challenge>, StoreError>;
    /// What waits for a person or for the portal's verdict, what ends first before the rest: what changes of it is told.
    async fn pending_challenges(&self, reach: &Reach) -> Result<Vec<PendingChallenge>, StoreError>;
    /// What happened to connections after an event, in the order of ids.
    async fn happened_after(&self, after: Uuid, limit: u32) -> Result<Vec<Happened>, StoreError>;
    /// Adds to how runs ended.
    async fn add_outcomes(&self, hour: i64, outcomes: &[(String, Option<Fault>, u32)]) -> Result<(), StoreError>;
    /// How runs ended from an hour on, by institution and hour.
    async fn outcomes(&self, since_hour: i64) -> Result<Vec<OutcomeCount>, StoreError>;
    /// Forgets hours before one; how many rows.
    async fn prune_outcomes(&self, before_hour: i64) -> Result<u64, StoreError>;
}

/// Whose things somebody reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's.
    All,
    /// Those of these tenants.
    Tenants(Vec<OrganizationId>),
}

impl Reach {
    /// Whether a tenant's things are reached.
    #[must_use]
    pub fn has(&self, tenant: OrganizationId) -> bool {
        match self {
            Self::All => true,
            Self::Tenants(tenants) => tenants.contains(&tenant),
        }
    }
}

/// Which connections are looked for.
#[derive(Clone, Debug, Default)]
pub struct FoundFilter {
    /// In this status.
    pub status: Option<ConnectionStatus>,
    /// Of this bank.
    pub institution_id: Option<String>,
    /// Of a connection or of an entity: the id, or the entity's id at the integrator.
    pub key: Option<String>,
}

/// A connection with whose it is.
#[derive(Clone, Debug)]
pub struct OwnedConnection {
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The entity's id at the integrator.
    pub external_entity_id: String,
    /// The connection.
    pub connection: Connection,
}

/// A run as it is kept.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// The bank.
    pub institution_id: String,
    /// What it is for.
    pub kind: RunKind,
    /// Which runs it goes before.
    pub class: RunClass,
    /// Where it stands.
    pub state: RunState,
    /// How often it was tried.
    pub attempt: u32,
    /// How many agents went silent on it.
    pub crashes: u32,
    /// Who held it last.
    pub agent_id: Option<AgentId>,
    /// Why it, or its last attempt, came to nothing; of one that succeeded, what it left out.
    pub failure: Option<Failure>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not to be started before.
    pub not_before: Timestamp,
    /// When its last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it was set aside.
    pub dead_at: Option<Timestamp>,
    /// By which revision of the script it was given out last; none before that.
    pub by: Option<RunRevision>,
}

/// A challenge that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PendingChallenge {
    /// Which.
    pub id: ChallengeId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// Where it stands.
    pub state: ChallengeState,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who holds the wheel, in which page.
    pub seat: Option<Uuid>,
    /// Whether it waits for a person, as [`Challenge::waits_for_person`] says.
    pub waits_for_person: bool,
}

/// Something that happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The event.
    pub event_id: Uuid,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// The run that it came from.
    pub run_id: Option<RunId>,
}

/// How many runs ended in one way in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeCount {
    /// The bank.
    pub institution_id: String,
    /// Hours since 1970.
    pub hour: i64,
    /// Whose doing it was that they failed; none of those that succeeded.
    pub fault: Option<Fault>,
    /// How many.
    pub runs: u64,
}
