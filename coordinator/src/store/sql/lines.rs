//! Where agents' lines are, in SQL.
//!
//! Not here: the lines themselves.

use async_trait::async_trait;
use domain::id::AgentId;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{SqlStore, failed, to_ms};
use crate::store::{LinePlace, Lines, StoreError};

/// After so long a line is forgotten whose coordinator didn't live to say that it ended.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(1);

#[async_trait]
impl Lines for SqlStore {
    async fn note_line(&self, agent: AgentId, place: LinePlace, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM agent_lines WHERE seen_at < $1")
            .bind(to_ms(now.saturating_sub(FORGOTTEN).unwrap_or(now)))
            .execute(&self.write)
            .await
            .map_err(failed("forget old lines"))?;
        sqlx::query(
            "INSERT INTO agent_lines (agent_id, line, address, seen_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (agent_id) DO UPDATE SET line = excluded.line, address = excluded.address,
                 seen_at = excluded.seen_at",
        )
        .bind(agent.0)
        .bind(place.line)
        .bind(place.address)
        .bind(to_ms(now))
        .execute(&self.write)
        .await
        .map(|_| ())
        .map_err(failed("note a line"))
    }

    async fn keep_line(&self, agent: AgentId, line: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        sqlx::query("UPDATE agent_lines SET seen_at = $3 WHERE agent_id = $1 AND line = $2")
            .bind(agent.0)
            .bind(line)
            .bind(to_ms(now))
            .execute(&self.write)
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(failed("keep a line"))
    }

    async fn forget_line(&self, agent: AgentId, line: Uuid) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM agent_lines WHERE agent_id = $1 AND line = $2")
            .bind(agent.0)
            .bind(line)
            .execute(&self.write)
            .await
            .map(|_| ())
            .map_err(failed("forget a line"))
    }

    async fn line_of(&self, agent: AgentId, since: Timestamp) -> Result<Option<LinePlace>, StoreError> {
        let row = sqlx::query_as::<_, (Uuid, String)>(
            "SELECT line, address FROM agent_lines WHERE agent_id = $1 AND seen_at >= $2",
        );
        let row = row.bind(agent.0).bind(to_ms(since)).fetch_optional(&self.read).await;
        let row = row.map_err(failed("look where a line is"))?;
        Ok(row.map(|(line, address)| LinePlace { line, address }))
    }
}
