//! Forgetting what is old, in batches that are small enough to keep nobody waiting.
//!
//! Not here: what is forgotten with the thing that it belongs to; the tables' foreign
//! keys see to that.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::super::Db;
use super::{SKIP_HELD, SqlStore, commit, evidence, failed, to_ms};
use crate::store::{Retention, StoreError};

#[async_trait]
impl Retention for SqlStore {
    async fn prune_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        // Rows that somebody else holds go the next time, so that nobody waits for anybody.
        let mut old =
            QueryBuilder::<Db>::new("WITH old AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE settled_at < ");
        old.push_bind(to_ms(before)).push(" ORDER BY settled_at LIMIT ").push_bind(i64::from(limit)).push(SKIP_HELD);
        old.push(") DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM old)");
        let deliveries = old.build().execute(&mut *tx).await.map_err(failed("prune deliveries"))?;
        let events = sqlx::query(
            "DELETE FROM webhook_events WHERE id IN (
                 SELECT e.id FROM webhook_events e
                 WHERE e.created_at < $1 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = e.id)
                 ORDER BY e.created_at LIMIT $2)",
        )
        .bind(to_ms(before))
        .bind(i64::from(limit))
        .execute(&mut *tx)
        .await
        .map_err(failed("prune events"))?;
        commit(tx).await?;
        Ok(deliveries.rows_affected().max(events.rows_affected()))
    }

    async fn prune_evidence(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let evidence = sqlx::query(
            "DELETE FROM evidence WHERE id IN (
                 SELECT id FROM evidence WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        )
        .bind(to_ms(before))
        .bind(i64::from(limit))
        .execute(&self.write)
        .await
        .map_err(failed("prune evidence"))?;
        Ok(evidence.rows_affected())
    }

    async fn prune_steps(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        evidence::prune_steps(self, before, limit).await
    }

    async fn prune_observations(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let readings = sqlx::query_as::<_, (Uuid, Uuid)>(
            "DELETE FROM observations WHERE id IN (
                 SELECT o.id FROM observations o
                 WHERE o.observed_at < $1
                   AND EXISTS (SELECT 1 FROM observations later WHERE later.account_id = o.account_id AND later.id > o.id)
                 ORDER BY o.observed_at LIMIT $2)
             RETURNING id, content_id",
        )
        .bind(to_ms(before))
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await
        .map_err(failed("prune readings"))?;
        if !readings.is_empty() {
            // A file whose reading is forgotten can't be taken back.
            let mut changes = QueryBuilder::<Db>::new("DELETE FROM import_changes WHERE import_id IN (");
            let mut places = changes.separated(", ");
            for (reading, _) in &readings {
                places.push_bind(*reading);
            }
            changes.push(")").build().execute(&mut *tx).await.map_err(failed("prune what imports changed"))?;
            let mut unused = QueryBuilder::<Db>::new("DELETE FROM observation_contents WHERE id IN (");
            let mut places = unused.separated(", ");
            for (_, content) in &readings {
                places.push_bind(*content);
            }
            unused.push(") AND NOT EXISTS (SELECT 1 FROM observations o WHERE o.content_id = observation_contents.id)");
            unused.build().execute(&mut *tx).await.map_err(failed("prune readings' contents"))?;
        }
        commit(tx).await?;
        Ok(u64::try_from(readings.len()).unwrap_or(u64::MAX))
    }

    async fn prune_lockouts(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut removed = 0;
        for statement in [
            "DELETE FROM refused_credentials WHERE fingerprint IN (
                 SELECT fingerprint FROM refused_credentials WHERE refused_at < $1 ORDER BY refused_at LIMIT $2)",
            "DELETE FROM logins WHERE fingerprint IN (
                 SELECT fingerprint FROM logins WHERE used_at < $1 AND locked_at IS NULL ORDER BY used_at LIMIT $2)",
        ] {
            let pruned = sqlx::query(statement).bind(to_ms(before)).bind(i64::from(limit)).execute(&self.write).await;
            removed += pruned.map_err(failed("prune what banks refused"))?.rows_affected();
        }
        Ok(removed)
    }

    async fn forget_previous_secrets(&self, now: Timestamp) -> Result<u64, StoreError> {
        let forgotten = sqlx::query(
            "UPDATE webhooks SET previous_secret_sealed = NULL, previous_secret_until = NULL
             WHERE previous_secret_until <= $1",
        )
        .bind(to_ms(now))
        .execute(&self.write)
        .await
        .map_err(failed("forget a webhook's secret"))?;
        Ok(forgotten.rows_affected())
    }
}
