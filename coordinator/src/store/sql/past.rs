//! How far back a connection's lists were read, as a column.
//!
//! Not here: what a run adds to it; `domain::history` says that.

use std::collections::HashSet;

use domain::history::Past;
use domain::id::{ConnectionId, RunId};
use domain::run::RunClass;

use super::{Tx, failed, from_word};
use crate::store::StoreError;

/// Stands where every list was read to its end.
const WHOLE: &str = "whole";

/// What there was before a run.
pub(super) struct Before {
    /// What was read of the connection's lists.
    pub(super) past: Past,
    /// The portal's keys of the accounts of which something was read.
    pub(super) known: HashSet<String>,
    /// Which run it is.
    pub(super) class: RunClass,
}

/// Reads what there was before a run of the connection.
pub(super) async fn read(tx: &mut Tx, run: RunId, connection: ConnectionId) -> Result<Before, StoreError> {
    let (past, class) = sqlx::query_as::<_, (Option<String>, String)>(
        "SELECT c.past, r.class FROM runs r JOIN connections c ON c.id = r.connection_id WHERE r.id = $1",
    )
    .bind(run.0)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("read what was read of a connection"))?;
    let known = sqlx::query_scalar::<_, String>(
        "SELECT portal_key FROM accounts a
         WHERE a.connection_id = $1 AND EXISTS (SELECT 1 FROM observations o WHERE o.account_id = a.id)",
    )
    .bind(connection.0)
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("list accounts that were read"))?;
    Ok(Before {
        past: of_column(past.as_deref())?,
        known: known.into_iter().collect(),
        class: from_word(&class, "run's class")?,
    })
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
