//! What explains later how a run went: the page that was showing, and the steps of its last attempt.
//!
//! Not here: how long either is kept; the pruner says that.

use domain::id::{EvidenceId, RunId};
use jiff::Timestamp;
use protocol::lease::{Evidence, RunStep};
use uuid::Uuid;

use super::{SqlStore, Tx, failed, to_json, to_ms};
use crate::store::StoreError;

/// Keeps a page.
pub(super) async fn keep_page(
    tx: &mut Tx,
    run_id: RunId,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<EvidenceId, StoreError> {
    let id = EvidenceId(Uuid::now_v7());
    sqlx::query("INSERT INTO evidence (id, run_id, url, html, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(id.0)
        .bind(run_id.0)
        .bind(evidence.url.clone())
        .bind(evidence.html.clone())
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("keep evidence"))?;
    Ok(id)
}

/// Keeps steps in place of those of an attempt before.
pub(super) async fn keep_steps(
    tx: &mut Tx,
    run_id: RunId,
    steps: &[RunStep],
    now: Timestamp,
) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO run_steps (run_id, steps, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (run_id) DO UPDATE SET steps = excluded.steps, created_at = excluded.created_at",
    )
    .bind(run_id.0)
    .bind(to_json(&steps, "steps")?)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep what a run did"))
}

/// The steps that are kept of a run.
pub(super) async fn steps_of(store: &SqlStore, run_id: RunId) -> Result<Vec<RunStep>, StoreError> {
    let steps = sqlx::query_scalar::<_, String>("SELECT steps FROM run_steps WHERE run_id = $1").bind(run_id.0);
    let steps = steps.fetch_optional(&store.read).await.map_err(failed("read what a run did"))?;
    let Some(steps) = steps else { return Ok(Vec::new()) };
    serde_json::from_str(&steps).map_err(|_| StoreError::Unreadable { what: "steps" })
}

/// Removes the steps of before `before`, `limit` runs' at most.
pub(super) async fn prune_steps(store: &SqlStore, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let pruned = sqlx::query(
        "DELETE FROM run_steps WHERE run_id IN (
             SELECT run_id FROM run_steps WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
    );
    let pruned = pruned.bind(to_ms(before)).bind(i64::from(limit)).execute(&store.write).await;
    Ok(pruned.map_err(failed("prune what runs did"))?.rows_affected())
}
