//! Pages that are kept with failures.
//!
//! Not here: reading one (`runs`), or scrubbing it, which its agent did.

use domain::id::{EvidenceId, RunId};
use jiff::Timestamp;
use protocol::lease::Evidence;
use uuid::Uuid;

use super::{Tx, failed, to_ms};
use crate::store::StoreError;

/// Keeps the page that a run's failure is about.
pub(super) async fn keep(
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
