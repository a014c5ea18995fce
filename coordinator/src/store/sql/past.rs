//! How far back a connection's lists were read, as a column.
//!
//! Not here: what a run adds to it; `domain::history` says that.

use domain::history::Past;
use domain::id::ConnectionId;

use super::{Tx, failed, from_word};
use crate::store::StoreError;

/// Stands where every list was read to its end.
const WHOLE: &str = "whole";

/// How many accounts of a connection are known, and what was read of their lists.
pub(super) async fn read(tx: &mut Tx, connection: ConnectionId) -> Result<(usize, Past), StoreError> {
    let (known, past) = sqlx::query_as::<_, (i64, Option<String>)>(
        "SELECT (SELECT COUNT(*) FROM accounts a WHERE a.connection_id = c.id), past FROM connections c WHERE id = $1",
    )
    .bind(connection.0)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("read what was read of a connection"))?;
    Ok((usize::try_from(known).unwrap_or(usize::MAX), of_column(past.as_deref())?))
}

/// What the column says.
pub(super) fn of_column(column: Option<&str>) -> Result<Past, StoreError> {
    match column {
        None => Ok(Past::Unread),
        Some(WHOLE) => Ok(Past::Whole),
        Some(date) => Ok(Past::Since(from_word(date, "day that was read back to")?)),
    }
}

/// What the column is to say.
pub(super) fn write(past: Past) -> Option<String> {
    match past {
        Past::Unread => None,
        Past::Since(date) => Some(date.to_string()),
        Past::Whole => Some(WHOLE.to_owned()),
    }
}
