//! What a run by a canary's revision changed that was settled, found out in the transaction that would keep it: so
//! it can be taken back whole.
//!
//! Not here: rows, whose settling says it itself (`ledger`), or what follows (`domain::rollout::trial`).

use std::collections::BTreeMap;

use domain::account::ObservedAccount;
use domain::completeness::Grade;
use domain::failure::Fault;
use domain::id::ConnectionId;
use domain::rollout::trial::Strayed;
use sqlx::FromRow;
use uuid::Uuid;

use super::ledger::Stored;
use super::{Tx, completeness, failed};
use crate::store::StoreError;

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    portal_key: String,
    current_balance: Option<String>,
    completeness: Option<String>,
    unseen: i64,
}

/// A connection's accounts as they were.
pub(super) struct Before(BTreeMap<Uuid, AccountRow>);

/// Looks at a connection's accounts before a reading is kept.
pub(super) async fn before(tx: &mut Tx, connection: ConnectionId) -> Result<Before, StoreError> {
    let rows = sqlx::query_as::<_, AccountRow>(
        "SELECT id, portal_key, current_balance, completeness, unseen FROM accounts WHERE connection_id = $1",
    );
    let rows = rows.bind(connection.0).fetch_all(&mut **tx).await.map_err(failed("look at a connection's accounts"))?;
    Ok(Before(rows.into_iter().map(|row| (row.id, row)).collect()))
}

/// What a reading that was kept in this transaction changed.
pub(super) async fn strayed(
    tx: &mut Tx,
    connection: ConnectionId,
    (before, stored): (Before, &Stored),
    read: &[ObservedAccount],
) -> Result<Strayed, StoreError> {
    let now = self::before(tx, connection).await?;
    let mut strayed = stored.strayed;
    let keys: BTreeMap<&str, &AccountRow> = before.0.values().map(|row| (row.portal_key.as_str(), row)).collect();
    for row in before.0.values() {
        let is_missed = now.0.get(&row.id).is_some_and(|now| now.unseen > row.unseen);
        strayed.accounts_missing += u32::from(is_missed && row.unseen == 0);
    }
    for account in read {
        match &account.failure {
            Some(failure) => strayed.accounts_unread += u32::from(failure.code.fault() == Fault::Script),
            None => {
                let had = keys.get(account.portal_key.as_str()).is_some_and(|row| row.current_balance.is_some());
                strayed.balances_missing += u32::from(had && account.current_balance.is_none());
            }
        }
    }
    for (account, grade) in &stored.grades {
        let graded = before.0.get(&account.0).and_then(|row| row.completeness.clone());
        let was = completeness::read(graded)?.map(|graded| graded.completeness.grade);
        strayed.grades_worse += u32::from(*grade == Grade::Broken && was != Some(Grade::Broken));
    }
    Ok(strayed)
}
