//! Schedules in SQL: `next_sync_at` of connections, null from the end of a run until
//! somebody has planned the next.
//!
//! Not here: planning.

use async_trait::async_trait;
use domain::audit::Action;
use domain::history::{LastRun, Past};
use domain::id::{ConnectionId, EntityId, OrganizationId, RunId};
use domain::repair::LastTried;
use domain::run::{RunClass, RunKind};
use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::commit_act;
use super::{SqlStore, Tx, authenticators, commit, failed, found, from_json, from_ms, past, runs, to_ms};
use crate::store::{Act, NextSync, PlannedConnection, QueuedRun, Refused, Schedules, StoppedConnection, StoreError};

/// Stands where a connection's run is under way.
const UNDER_WAY: i64 = i64::MAX;
/// Stands where a connection isn't due by itself.
const NEVER: i64 = i64::MAX - 1;

#[derive(FromRow)]
struct PlannedRow {
    id: Uuid,
    entity_id: Uuid,
    institution_id: String,
    attended: Option<String>,
    past: Option<String>,
    last_failure: Option<String>,
    refusals: Option<i64>,
}

#[derive(FromRow)]
struct StoppedRow {
    #[sqlx(flatten)]
    planned: PlannedRow,
    state: String,
    revision: Option<String>,
    shadow: Option<String>,
}

/// The columns of a connection that is planned.
macro_rules! planned_columns {
    () => {
        "id, entity_id, institution_id, past, last_failure,
         (SELECT COALESCE(e.attended, o.attended) FROM entities e, organizations o
          WHERE e.id = connections.entity_id AND o.id = connections.organization_id) AS attended,
         (SELECT a.refusals FROM authenticators a WHERE a.connection_id = connections.id) AS refusals"
    };
}

impl PlannedRow {
    fn read(self) -> Result<PlannedConnection, StoreError> {
        Ok(PlannedConnection {
            id: ConnectionId(self.id),
            entity_id: EntityId(self.entity_id),
            institution_id: self.institution_id,
            attended: self.attended.map(|kept| from_json(&kept, "attended hours")).transpose()?,
            past: past::of_column(self.past.as_deref())?,
            authenticator: self.refusals.map(authenticators::state),
            last_run: if self.last_failure.is_some() { LastRun::Wanting } else { LastRun::Whole },
        })
    }
}

/// Makes those of a tenant, or of one of its entities, unplanned that aren't due by themselves: somebody may attend now.
pub(super) async fn reconsider_of(
    tx: &mut Tx,
    tenant: OrganizationId,
    entity: Option<EntityId>,
) -> Result<(), StoreError> {
    let reconsidered = sqlx::query(
        "UPDATE connections SET next_sync_at = NULL
         WHERE organization_id = $1 AND next_sync_at = $2 AND (entity_id = $3 OR $3 IS NULL)",
    );
    let reconsidered = reconsidered.bind(tenant.0).bind(NEVER).bind(entity.map(|id| id.0)).execute(&mut **tx).await;
    reconsidered.map(|_| ()).map_err(failed("reconsider schedules"))
}

/// Makes those of an institution unplanned that their last run stopped: they may go by another revision now.
pub(super) async fn reconsider_stopped(tx: &mut Tx, institution: &str) -> Result<(), StoreError> {
    let reconsidered = sqlx::query(
        "UPDATE connections SET next_sync_at = NULL
         WHERE institution_id = $1 AND next_sync_at = $2 AND status = 'errored'",
    );
    let reconsidered = reconsidered.bind(institution.to_owned()).bind(NEVER).execute(&mut **tx).await;
    reconsidered.map(|_| ()).map_err(failed("reconsider schedules"))
}

#[async_trait]
impl Schedules for SqlStore {
    async fn unplanned(&self, limit: u32) -> Result<Vec<PlannedConnection>, StoreError> {
        let rows = sqlx::query_as::<_, PlannedRow>(concat!(
            "SELECT ",
            planned_columns!(),
            " FROM connections
             WHERE next_sync_at IS NULL AND status = 'active' AND institution_id IS NOT NULL ORDER BY id LIMIT $1"
        ));
        let rows = rows.bind(i64::from(limit)).fetch_all(&self.read).await;
        rows.map_err(failed("list connections without a schedule"))?.into_iter().map(PlannedRow::read).collect()
    }

    async fn stopped(&self, limit: u32) -> Result<Vec<StoppedConnection>, StoreError> {
        let rows = sqlx::query_as::<_, StoppedRow>(concat!(
            "SELECT ",
            planned_columns!(),
            ", state, (SELECT r.revision FROM runs r WHERE r.connection_id = connections.id ORDER BY r.id DESC LIMIT 1) AS revision,
               (SELECT r.shadow FROM runs r WHERE r.connection_id = connections.id ORDER BY r.id DESC LIMIT 1) AS shadow
             FROM connections
             WHERE next_sync_at IS NULL AND status = 'errored' AND institution_id IS NOT NULL ORDER BY id LIMIT $1"
        ));
        let rows = rows.bind(i64::from(limit)).fetch_all(&self.read).await;
        let read = |row: StoppedRow| {
            let state = from_json(&row.state, "connection's state")?;
            let last = LastTried { revision: row.revision, shadow: row.shadow };
            Ok(StoppedConnection { planned: row.planned.read()?, state, last })
        };
        rows.map_err(failed("list connections that were stopped"))?.into_iter().map(read).collect()
    }

    async fn reconsider(&self) -> Result<(), StoreError> {
        let reconsidered = sqlx::query(
            "UPDATE connections SET next_sync_at = NULL WHERE next_sync_at = $1 OR (next_sync_at = $2
                 AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.connection_id = connections.id AND r.finished_at IS NULL))",
        );
        let reconsidered = reconsidered.bind(NEVER).bind(UNDER_WAY).execute(&self.write).await;
        reconsidered.map(|_| ()).map_err(failed("reconsider schedules"))
    }

    async fn plan(&self, plans: &[(ConnectionId, Option<Timestamp>)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (id, due) in plans {
            sqlx::query("UPDATE connections SET next_sync_at = $2 WHERE id = $1 AND next_sync_at IS NULL")
                .bind(id.0)
                .bind(due.map_or(NEVER, to_ms))
                .execute(&mut *tx)
                .await
                .map_err(failed("plan a sync"))?;
        }
        commit(tx).await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<PlannedConnection>, StoreError> {
        let rows = sqlx::query_as::<_, PlannedRow>(concat!(
            "SELECT ",
            planned_columns!(),
            " FROM connections
             WHERE next_sync_at IS NOT NULL AND next_sync_at <= $1 ORDER BY next_sync_at, id LIMIT $2"
        ));
        let rows = rows.bind(to_ms(now)).bind(i64::from(limit)).fetch_all(&self.read).await;
        rows.map_err(failed("list connections that are due"))?.into_iter().map(PlannedRow::read).collect()
    }

    async fn begin_due(
        &self,
        id: ConnectionId,
        run: RunId,
        class: RunClass,
        now: Timestamp,
    ) -> Result<Option<QueuedRun>, StoreError> {
        let mut tx = self.begin().await?;
        let taken = sqlx::query_as::<_, (Uuid, String)>(
            "UPDATE connections SET next_sync_at = $3 WHERE id = $1 AND next_sync_at <= $2
             RETURNING organization_id, status",
        );
        let taken = taken.bind(id.0).bind(to_ms(now)).bind(UNDER_WAY).fetch_optional(&mut *tx).await;
        let Some((organization, status)) = taken.map_err(failed("take a connection that is due"))? else {
            return Ok(None);
        };
        let mut queued = None;
        // One that was stopped is planned only where another revision may read it.
        if status == "active" || status == "errored" {
            let what = (RunKind::Sync, class);
            queued = match runs::insert(&mut tx, OrganizationId(organization), id, run, what, now).await {
                Ok(queued) => Some(queued),
                Err(Refused::Store(error)) => return Err(error),
                // One is under way.
                Err(_) => None,
            };
        }
        commit(tx).await?;
        Ok(queued)
    }

    async fn put_off(&self, id: ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        let put_off = sqlx::query("UPDATE connections SET next_sync_at = NULL WHERE id = $1 AND next_sync_at <= $2");
        let put_off = put_off.bind(id.0).bind(to_ms(now)).execute(&self.write).await;
        put_off.map(|_| ()).map_err(failed("put a sync off"))
    }

    async fn next_sync(&self, id: ConnectionId) -> Result<(NextSync, Past), Refused> {
        let row = sqlx::query_as::<_, (Option<i64>, i64, String, Option<String>)>(
            "SELECT next_sync_at, (SELECT COUNT(*) FROM runs r WHERE r.connection_id = c.id AND r.finished_at IS NULL),
                 status, past
             FROM connections c WHERE id = $1",
        );
        let row = row.bind(id.0).fetch_optional(&self.read).await;
        let (due, under_way, status, past) = found(row, "read a connection's schedule")?;
        let next = match due {
            _ if under_way > 0 => NextSync::UnderWay,
            _ if status != "active" && status != "errored" => NextSync::OnDemand,
            None => NextSync::Unplanned,
            Some(NEVER | UNDER_WAY) => NextSync::OnDemand,
            Some(due) => NextSync::At(from_ms(due)?),
        };
        Ok((next, past::of_column(past.as_deref())?))
    }

    async fn bring_forward(&self, id: ConnectionId, now: Timestamp) -> Result<(), Refused> {
        let moved = sqlx::query_scalar::<_, Uuid>(
            "UPDATE connections SET next_sync_at = $2
             WHERE id = $1 AND next_sync_at < $3 AND status IN ('active', 'errored')
             RETURNING organization_id",
        );
        let mut tx = self.begin().await?;
        let moved = moved.bind(id.0).bind(to_ms(now)).bind(NEVER).fetch_optional(&mut *tx).await;
        let organization = OrganizationId(found(moved, "make a connection due")?);
        Ok(commit_act(tx, Act::new(Action::ConnectionMadeDue).of(organization).on(id), now).await?)
    }

    async fn due_by(&self, then: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
        let counts = sqlx::query_as::<_, (String, i64)>(
            "SELECT institution_id, COUNT(*) FROM (
                 SELECT institution_id FROM connections WHERE next_sync_at IS NOT NULL AND next_sync_at <= $1 LIMIT 100000
             ) AS due WHERE institution_id IS NOT NULL GROUP BY institution_id ORDER BY institution_id",
        );
        let counts = counts.bind(to_ms(then)).fetch_all(&self.read).await.map_err(failed("count what is due"))?;
        Ok(counts.into_iter().map(|(id, count)| (id, u64::try_from(count).unwrap_or_default())).collect())
    }
}
