//! Whether a run's end was told before: an agent whose answer was lost tells it again, and nothing is done twice.
//!
//! Not here: the end itself (`runs`), or whether a proof is good (`held`).

use domain::id::RunId;
use protocol::lease::Proof;

use super::super::Db;
use super::{Tx, failed};
use crate::store::{StoreError, fence_of};

/// Whether the run was completed under this very proof before.
pub(super) async fn was_completed_by(tx: &mut Tx, run_id: RunId, proof: Proof) -> Result<bool, StoreError> {
    let count = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM runs WHERE id = $1 AND agent_id = $2 AND fence = $3 AND state = 'succeeded'",
    );
    counts_one(tx, count, run_id, proof).await
}

/// Whether the run was ended with a failure, or put off, under this very proof before.
pub(super) async fn was_failed_by(tx: &mut Tx, run_id: RunId, proof: Proof) -> Result<bool, StoreError> {
    let count = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM runs WHERE id = $1 AND agent_id = $2 AND fence = $3
         AND (state = 'failed' OR (finished_at IS NULL AND started_at IS NULL))",
    );
    counts_one(tx, count, run_id, proof).await
}

async fn counts_one<'q>(
    tx: &mut Tx,
    count: sqlx::query::QueryScalar<'q, Db, i64, <Db as sqlx::Database>::Arguments>,
    run_id: RunId,
    proof: Proof,
) -> Result<bool, StoreError> {
    let (agent, fence) = fence_of(proof);
    let count = count.bind(run_id.0).bind(agent.0).bind(fence).fetch_one(&mut **tx).await;
    count.map(|count| count > 0).map_err(failed("read a run"))
}
