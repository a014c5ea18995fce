//! What the console reads, in SQL: each list is a walk along one index, however many rows there are.
//!
//! Where somebody reaches some tenants alone, each is walked through by itself: with several at once, the
//! order of ids would have to be made by sorting all that they have. So is each thing that a key names.
//!
//! Not here: what is shown of it.

use async_trait::async_trait;
use domain::challenge::ChallengeState;
use domain::connection::ConnectionStatus;
use domain::failure::Fault;
use domain::id::{AgentId, ChallengeId, ConnectionId, EvidenceId, OrganizationId, RunId};
use jiff::Timestamp;
use protocol::lease::RunStep;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::challenges::ChallengeRow;
use super::connections::{ConnectionRow, EventRow, SELECT};
use super::revisions::run_revision;
use super::{SqlStore, commit, evidence, failed, found, from_json, from_ms, from_word, narrow, sources};
use crate::store::{
    Challenge, ConnectionEventRecord, ConsoleReads, FoundFilter, Happened, OutcomeCount, OwnedConnection, PageRequest,
    PendingChallenge, Reach, Refused, RunRecord, StoreError,
};

/// How a run that succeeded is counted.
const SUCCEEDED: &str = "succeeded";

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    organization_id: Uuid,
    connection_id: Uuid,
    institution_id: String,
    kind: String,
    class: String,
    state: String,
    attempt: i64,
    crashes: i64,
    agent_id: Option<Uuid>,
    failure: Option<String>,
    created_at: i64,
    not_before: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    dead_at: Option<i64>,
    revision: Option<String>,
    part: Option<String>,
    shadow: Option<String>,
}

/// The columns of a run.
macro_rules! run_columns {
    () => {
        "id, organization_id, connection_id, institution_id, kind, class, state, attempt, crashes, agent_id, failure,
         created_at, not_before, started_at, finished_at, dead_at, revision, part, shadow"
    };
}

impl RunRow {
    fn read(self) -> Result<RunRecord, StoreError> {
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(RunRecord {
            id: RunId(self.id),
            organization_id: OrganizationId(self.organization_id),
            connection_id: ConnectionId(self.connection_id),
            institution_id: self.institution_id,
            kind: from_word(&self.kind, "run's kind")?,
            class: from_word(&self.class, "run's class")?,
            state: from_word(&self.state, "run's state")?,
            attempt: count(self.attempt),
            crashes: count(self.crashes),
            agent_id: self.agent_id.map(AgentId),
            failure: self.failure.as_deref().map(|text| from_json(text, "failure")).transpose()?,
            created_at: from_ms(self.created_at)?,
            not_before: from_ms(self.not_before)?,
            started_at: self.started_at.map(from_ms).transpose()?,
            finished_at: self.finished_at.map(from_ms).transpose()?,
            dead_at: self.dead_at.map(from_ms).transpose()?,
            by: run_revision((self.revision, self.part, self.shadow))?,
        })
    }
}

/// A connection that was found, before it is read.
type Found = (Uuid, Uuid, String);

/// A challenge under way.
#[derive(FromRow)]
struct PendingRow {
    id: Uuid,
    organization_id: Uuid,
    connection_id: Uuid,
    state: String,
    updated_at: i64,
    seat: Option<Uuid>,
    people_at: Option<i64>,
    may_answer: Option<String>,
}

impl PendingRow {
    fn read(self) -> Result<PendingChallenge, StoreError> {
        let state: ChallengeState = from_word(&self.state, "challenge's state")?;
        let is_sure = self.may_answer.as_deref().is_some_and(sources::is_answered_in_any_case);
        Ok(PendingChallenge {
            id: ChallengeId(self.id),
            organization_id: OrganizationId(self.organization_id),
            connection_id: ConnectionId(self.connection_id),
            state,
            updated_at: from_ms(self.updated_at)?,
            seat: self.seat,
            waits_for_person: state == ChallengeState::Open && self.people_at.is_none() && !is_sure,
        })
    }
}

/// What one walk along an index goes by.
#[derive(Clone, Copy)]
enum Walk {
    /// All connections.
    All,
    /// One.
    Connection(Uuid),
    /// Those of one entity.
    Entity(Uuid),
    /// Those of one tenant.
    Tenant(OrganizationId),
}

/// How many entities may have the same id at their integrators.
const NAMESAKES: i64 = 20;

/// How many challenges that wait for somebody are looked at.
const PENDING: i64 = 10_000;

impl SqlStore {
    /// What to go by for what is looked for. A key comes first: one that several conditions share could be
    /// answered by going through everything in the order that is wanted.
    async fn walks(&self, reach: &Reach, key: Option<&str>) -> Result<Vec<Walk>, StoreError> {
        let Some(key) = key else {
            return Ok(match reach {
                Reach::All => vec![Walk::All],
                Reach::Tenants(tenants) => tenants.iter().copied().map(Walk::Tenant).collect(),
            });
        };
        if let Ok(id) = Uuid::parse_str(key) {
            return Ok(vec![Walk::Connection(id), Walk::Entity(id)]);
        }
        let mut entities = QueryBuilder::<Db>::new("SELECT id FROM entities WHERE external_entity_id = ");
        narrow(entities.push_bind(key.to_owned()), reach);
        entities.push(" ORDER BY id DESC LIMIT ").push_bind(NAMESAKES);
        let entities = entities.build_query_scalar::<Uuid>().fetch_all(&self.read).await;
        Ok(entities.map_err(failed("look for entities"))?.into_iter().map(Walk::Entity).collect())
    }

    /// Which connections a page has, by one walk.
    async fn find(&self, walk: Walk, filter: &FoundFilter, page: PageRequest) -> Result<Vec<Found>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT c.id, c.organization_id, e.external_entity_id
             FROM connections c JOIN entities e ON e.id = c.entity_id WHERE ",
        );
        match walk {
            Walk::All => query.push("1 = 1"),
            Walk::Connection(id) => query.push("c.id = ").push_bind(id),
            Walk::Entity(id) => query.push("c.entity_id = ").push_bind(id),
            Walk::Tenant(tenant) => query.push("c.organization_id = ").push_bind(tenant.0),
        };
        if let Some(status) = filter.status {
            query.push(" AND c.status = ").push_bind(status.as_str());
        }
        if let Some(institution) = &filter.institution_id {
            query.push(" AND c.institution_id = ").push_bind(institution.clone());
        }
        if let Some(after) = page.after {
            query.push(" AND c.id < ").push_bind(after);
        }
        query.push(" ORDER BY c.id DESC LIMIT ").push_bind(i64::from(page.limit));
        query.build_query_as::<Found>().fetch_all(&self.read).await.map_err(failed("find connections"))
    }

    /// Reads connections that were found, in their order.
    async fn read_found(&self, found: Vec<Found>) -> Result<Vec<OwnedConnection>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("c.id IN (");
        let mut ids = query.separated(", ");
        for (id, _, _) in &found {
            ids.push_bind(*id);
        }
        query.push(")");
        let rows = query.build_query_as::<ConnectionRow>().fetch_all(&self.read).await;
        let rows = rows.map_err(failed("read connections"))?.into_iter().map(ConnectionRow::read);
        let mut connections = rows.collect::<Result<Vec<_>, _>>()?;
        let owned = |(id, organization, external_entity_id): Found| {
            let at = connections.iter().position(|connection| connection.id.0 == id)?;
            let connection = connections.swap_remove(at);
            Some(OwnedConnection { organization_id: OrganizationId(organization), external_entity_id, connection })
        };
        Ok(found.into_iter().filter_map(owned).collect())
    }
}

#[async_trait]
impl ConsoleReads for SqlStore {
    async fn found_connections(
        &self,
        reach: &Reach,
        filter: FoundFilter,
        page: PageRequest,
    ) -> Result<Vec<OwnedConnection>, StoreError> {
        let mut found = Vec::new();
        for walk in self.walks(reach, filter.key.as_deref()).await? {
            found.extend(self.find(walk, &filter, page).await?);
        }
        found.retain(|(_, organization, _)| reach.has(OrganizationId(*organization)));
        found.sort_by_key(|(id, _, _)| std::cmp::Reverse(*id));
        found.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
        self.read_found(found).await
    }

    async fn owned_connection(&self, reach: &Reach, id: ConnectionId) -> Result<OwnedConnection, Refused> {
        let row = sqlx::query_as::<_, Found>(
            "SELECT c.id, c.organization_id, e.external_entity_id
             FROM connections c JOIN entities e ON e.id = c.entity_id WHERE c.id = $1",
        );
        let row = found(row.bind(id.0).fetch_optional(&self.read).await, "look for a connection")?;
        if !reach.has(OrganizationId(row.1)) {
            return Err(Refused::NotFound);
        }
        self.read_found(vec![row]).await?.pop().ok_or(Refused::NotFound)
    }

    async fn count_connections(&self, reach: &Reach) -> Result<Vec<(ConnectionStatus, u64)>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT status, COUNT(*) FROM connections WHERE 1 = 1");
        narrow(&mut query, reach);
        query.push(" GROUP BY status");
        let rows = query.build_query_as::<(String, i64)>().fetch_all(&self.read).await;
        let rows = rows.map_err(failed("count connections"))?.into_iter();
        rows.map(|(status, count)| Ok((from_word(&status, "connection's status")?, count.unsigned_abs()))).collect()
    }

    async fn events_of(
        &self,
        connection: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<ConnectionEventRecord>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(EventRow::SELECT);
        query.push(" WHERE connection_id = ").push_bind(connection.0);
        if let Some(after) = page.after {
            query.push(" AND id < ").push_bind(after);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<EventRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list what happened to a connection"))?.into_iter().map(EventRow::read).collect()
    }

    async fn runs_of(&self, connection: ConnectionId, page: PageRequest) -> Result<Vec<RunRecord>, StoreError> {
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", run_columns!(), " FROM runs WHERE connection_id = "));
        query.push_bind(connection.0);
        if let Some(after) = page.after {
            query.push(" AND id < ").push_bind(after);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<RunRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list a connection's runs"))?.into_iter().map(RunRow::read).collect()
    }

    async fn run(&self, reach: &Reach, id: RunId) -> Result<RunRecord, Refused> {
        let row = sqlx::query_as::<_, RunRow>(concat!("SELECT ", run_columns!(), " FROM runs WHERE id = $1"));
        let run = found(row.bind(id.0).fetch_optional(&self.read).await, "read a run")?.read()?;
        if reach.has(run.organization_id) { Ok(run) } else { Err(Refused::NotFound) }
    }

    async fn steps_of(&self, run: RunId) -> Result<Vec<RunStep>, StoreError> {
        evidence::steps_of(self, run).await
    }

    async fn evidence_of(&self, run: RunId) -> Result<Vec<(EvidenceId, Timestamp)>, StoreError> {
        let rows = sqlx::query_as::<_, (Uuid, i64)>(
            "SELECT id, created_at FROM evidence WHERE run_id = $1 ORDER BY id DESC LIMIT 20",
        );
        let rows = rows.bind(run.0).fetch_all(&self.read).await.map_err(failed("list evidence"))?;
        rows.into_iter().map(|(id, at)| Ok((EvidenceId(id), from_ms(at)?))).collect()
    }

    async fn found_challenge(&self, reach: &Reach, id: ChallengeId) -> Result<Challenge, Refused> {
        let mut query = QueryBuilder::<Db>::new(ChallengeRow::SELECT);
        query.push(" WHERE id = ").push_bind(id.0);
        let row = query.build_query_as::<ChallengeRow>().fetch_optional(&self.read).await;
        let challenge = found(row, "read a challenge")?.read()?;
        if reach.has(challenge.organization_id) { Ok(challenge) } else { Err(Refused::NotFound) }
    }

    async fn challenges_of_run(&self, run: RunId) -> Result<Vec<Challenge>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(ChallengeRow::SELECT);
        query.push(" WHERE run_id = ").push_bind(run.0).push(" ORDER BY id LIMIT 100");
        let rows = query.build_query_as::<ChallengeRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list a run's challenges"))?.into_iter().map(ChallengeRow::read).collect()
    }

    async fn pending_challenges(&self, reach: &Reach) -> Result<Vec<PendingChallenge>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT id, organization_id, connection_id, state, updated_at, seat, people_at, may_answer FROM challenges
             WHERE state IN ('open', 'answered')",
        );
        narrow(&mut query, reach);
        // Those that end first are the ones to be looked at.
        query.push(" ORDER BY expires_at LIMIT ").push_bind(PENDING);
        let rows = query.build_query_as::<PendingRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list pending challenges"))?.into_iter().map(PendingRow::read).collect()
    }

    async fn happened_after(&self, after: Uuid, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let rows = sqlx::query_as::<_, (Uuid, Uuid, Uuid, Option<Uuid>)>(
            "SELECT e.id, c.organization_id, e.connection_id, e.run_id
             FROM connection_events e JOIN connections c ON c.id = e.connection_id
             WHERE e.id > $1 ORDER BY e.id LIMIT $2",
        );
        let rows = rows.bind(after).bind(i64::from(limit)).fetch_all(&self.read).await;
        let read = |(event_id, organization, connection, run): (Uuid, Uuid, Uuid, Option<Uuid>)| Happened {
            event_id,
            organization_id: OrganizationId(organization),
            connection_id: ConnectionId(connection),
            run_id: run.map(RunId),
        };
        Ok(rows.map_err(failed("list what happened"))?.into_iter().map(read).collect())
    }

    async fn add_outcomes(&self, hour: i64, outcomes: &[(String, Option<Fault>, u32)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (institution, fault, runs) in outcomes {
            sqlx::query(
                "INSERT INTO run_outcomes (institution_id, hour, outcome, runs) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (institution_id, hour, outcome) DO UPDATE SET runs = run_outcomes.runs + excluded.runs",
            )
            .bind(institution.clone())
            .bind(hour)
            .bind(fault.map_or(SUCCEEDED, Fault::as_str))
            .bind(i64::from(*runs))
            .execute(&mut *tx)
            .await
            .map_err(failed("count how runs ended"))?;
        }
        commit(tx).await
    }

    async fn outcomes(&self, since_hour: i64) -> Result<Vec<OutcomeCount>, StoreError> {
        let rows = sqlx::query_as::<_, (String, i64, String, i64)>(
            "SELECT institution_id, hour, outcome, runs FROM run_outcomes WHERE hour >= $1
             ORDER BY institution_id, hour, outcome",
        );
        let rows = rows.bind(since_hour).fetch_all(&self.read).await.map_err(failed("read how runs ended"))?;
        let read = |(institution_id, hour, outcome, runs): (String, i64, String, i64)| {
            let fault = if outcome == SUCCEEDED { None } else { Some(from_word(&outcome, "fault")?) };
            Ok(OutcomeCount { institution_id, hour, fault, runs: runs.unsigned_abs() })
        };
        rows.into_iter().map(read).collect()
    }

    async fn prune_outcomes(&self, before_hour: i64) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM run_outcomes WHERE hour < $1").bind(before_hour);
        gone.execute(&self.write).await.map(|done| done.rows_affected()).map_err(failed("forget how runs ended"))
    }
}
