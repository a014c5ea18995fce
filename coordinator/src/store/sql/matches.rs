//! Why rows were taken for transactions that were known otherwise.
//!
//! Not here: the grounds themselves; `domain::ledger` gives them.

use domain::id::TransactionId;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Tx, failed, from_json, from_ms};
use crate::store::{Match, StoreError};

#[derive(FromRow)]
struct MatchRow {
    id: Uuid,
    observation_id: Uuid,
    observation_row: i64,
    grounds: String,
    changed: String,
    created_at: i64,
}

/// Those of one transaction, oldest first.
pub(super) async fn matches_of(tx: &mut Tx, id: TransactionId) -> Result<Vec<Match>, StoreError> {
    let rows = sqlx::query_as::<_, MatchRow>(
        "SELECT id, observation_id, observation_row, grounds, changed, created_at FROM transaction_matches
         WHERE transaction_id = $1 ORDER BY id",
    );
    let rows = rows.bind(id.0).fetch_all(&mut **tx).await.map_err(failed("read why rows were matched"))?;
    let read = |row: MatchRow| {
        Ok(Match {
            id: row.id,
            grounds: from_json(&row.grounds, "match's grounds")?,
            changed: from_json(&row.changed, "match's changes")?,
            observation_id: row.observation_id,
            row: row.observation_row,
            at: from_ms(row.created_at)?,
        })
    };
    rows.into_iter().map(read).collect()
}
