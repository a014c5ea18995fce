//! Dead letters in SQL: runs with a time at which they were set aside.
//!
//! Not here: ending them (`runs`).

use async_trait::async_trait;
use domain::audit::Action;
use domain::connection::{Actor, ConnectionEvent, ConnectionState};
use domain::id::{ConnectionId, OrganizationId, RunId};
use domain::run::{RunClass, RunKind};
use jiff::Timestamp;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::commit_act;
use super::transition::{Happening, apply, note, take};
use super::{SqlStore, failed, found, from_json, from_ms, from_word, lockout, narrow, push_page, runs, to_ms};
use crate::store::{Act, DeadLetter, DeadLetters, PageRequest, QueuedRun, Reach, Refused, StoreError};

#[derive(FromRow)]
struct DeadRow {
    id: Uuid,
    organization_id: Uuid,
    connection_id: Uuid,
    institution_id: String,
    kind: String,
    crashes: i64,
    lapses: i64,
    failure: Option<String>,
    dead_at: i64,
}

impl DeadRow {
    fn read(self) -> Result<DeadLetter, StoreError> {
        Ok(DeadLetter {
            run_id: RunId(self.id),
            organization_id: OrganizationId(self.organization_id),
            connection_id: ConnectionId(self.connection_id),
            institution_id: self.institution_id,
            kind: from_word(&self.kind, "run's kind")?,
            crashes: u32::try_from(self.crashes).unwrap_or(u32::MAX),
            lapses: u32::try_from(self.lapses).unwrap_or(u32::MAX),
            failure: self.failure.map(|failure| from_json(&failure, "failure")).transpose()?,
            dead_at: from_ms(self.dead_at)?,
        })
    }
}

#[async_trait]
impl DeadLetters for SqlStore {
    async fn dead_letters(&self, reach: &Reach, page: PageRequest) -> Result<Vec<DeadLetter>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT id, organization_id, connection_id, institution_id, kind, crashes, lapses, failure, dead_at FROM runs
             WHERE dead_at IS NOT NULL AND revived_at IS NULL",
        );
        narrow(&mut query, reach);
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<DeadRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list dead letters"))?.into_iter().map(DeadRow::read).collect()
    }

    async fn revive(&self, run: RunId, new_run: RunId, now: Timestamp) -> Result<QueuedRun, Refused> {
        let mut tx = self.begin().await?;
        let row = sqlx::query_as::<_, (Uuid, Uuid)>(
            "UPDATE runs SET revived_at = $2 WHERE id = $1 AND dead_at IS NOT NULL AND revived_at IS NULL
             RETURNING organization_id, connection_id",
        );
        let row = row.bind(run.0).bind(to_ms(now)).fetch_optional(&mut *tx).await;
        let (organization, connection) = found(row, "revive a dead letter")?;
        let (organization, connection) = (OrganizationId(organization), ConnectionId(connection));
        let state = take(&mut tx, organization, connection).await?;
        let happening =
            Happening { connection_id: connection, cause: "revived", actor: Actor::Platform, run_id: Some(new_run) };
        let kind = match state {
            ConnectionState::Draft { .. } => {
                apply(&mut tx, organization, &state, ConnectionEvent::SetupCompleted, happening, now).await?;
                lockout::usable(&mut tx, connection).await?;
                RunKind::Activate
            }
            ConnectionState::Active | ConnectionState::Errored { .. } => {
                note(&mut tx, Some(&state), &state, None, happening, now).await?;
                RunKind::Sync
            }
            _ => return Err(Refused::NotActive(state.status())),
        };
        let queued = runs::insert(&mut tx, organization, connection, new_run, (kind, RunClass::OnDemand), now).await?;
        let act = Act::new(Action::RunRevived).of(organization).on(connection).to(run);
        commit_act(tx, act.with(serde_json::json!({ "newRun": new_run })), now).await?;
        Ok(queued)
    }
}
