//! Accounts as a run read them become accounts that are known: found again, new, or no
//! longer listed.
//!
//! Keys belong to one account of a connection at a time. One that a portal has given to
//! another account is taken from the one that had it, which keeps it behind its own id.
//!
//! Not here: which account is which (`domain::account_match`), their transactions
//! (`ledger`), or reading them (`records`).

use std::collections::{BTreeMap, HashMap};

use domain::account::{AccountStatus, ObservedAccount};
use domain::account_match::{KnownAccount, Marks, SharedRows, adopt, match_accounts};
use domain::event::EventType;
use domain::id::{AccountId, ConnectionId};
use domain::ledger::Face;
use domain::presence::{Presence, Sighting};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::entries::{Owner, near};
use super::held::HeldRun;
use super::{SqlStore, Tx, failed, from_word, to_ms, webhooks};
use crate::store::{AccountMarks, Refused, StoreError};

#[derive(FromRow)]
struct KnownRow {
    id: Uuid,
    portal_key: String,
    #[sqlx(rename = "type")]
    account_type: String,
    currency: String,
    name: String,
    status: String,
    masked_number: Option<String>,
    account_number: Option<String>,
    unseen: i64,
}

impl KnownRow {
    fn known(&self) -> Result<KnownAccount<'_>, StoreError> {
        let marks = Marks {
            portal_key: &self.portal_key,
            account_number: self.account_number.as_deref(),
            masked_number: self.masked_number.as_deref(),
            account_type: from_word(&self.account_type, "account's type")?,
            currency: &self.currency,
            name: &self.name,
        };
        Ok(KnownAccount { id: AccountId(self.id), marks })
    }
}

/// Keeps the accounts of a list; returns their ids, in its order. Those that it lacks are
/// marked. The connection's row was taken, so no other run does the same.
pub(super) async fn keep(
    tx: &mut Tx,
    run: &HeldRun,
    accounts: &[ObservedAccount],
    now: Timestamp,
) -> Result<Vec<AccountId>, StoreError> {
    let mut rows = known_of(tx, run.connection_id).await?;
    if rows.is_empty() && adopt_predecessor(tx, run, accounts, now).await? {
        rows = known_of(tx, run.connection_id).await?;
    }
    let known = rows.iter().map(KnownRow::known).collect::<Result<Vec<_>, _>>()?;
    let observed: Vec<Marks<'_>> = accounts.iter().map(Marks::from).collect();
    let matching = match_accounts(&known, &observed);
    if !matching.conflicts.is_empty() {
        let count = matching.conflicts.len();
        tracing::warn!(connection_id = %run.connection_id, count, "keys of a portal went to other accounts");
    }
    let ids: Vec<(AccountId, bool)> = matching
        .observed
        .iter()
        .map(|found| found.map_or_else(|| (AccountId(Uuid::now_v7()), true), |found| (found.id, false)))
        .collect();
    free_keys(tx, &rows, accounts, &ids).await?;
    for (account, (id, is_new)) in accounts.iter().zip(&ids) {
        let event = match (*is_new, account.failure.is_some()) {
            (true, _) => {
                insert(tx, run, *id, account, now).await?;
                Some(EventType::AccountCreated)
            }
            // Of an account that couldn't be read, what is known stays as it is.
            (false, true) => {
                found(tx, *id, account).await?;
                None
            }
            (false, false) => update(tx, *id, account, now).await?.then_some(EventType::AccountUpdated),
        };
        if let Some(event) = event {
            tell(tx, run, event, *id, now).await?;
        }
    }
    for id in matching.unseen {
        let row = rows.iter().find(|row| row.id == id.0);
        if let Some(row) = row {
            miss(tx, run, row, now).await?;
        }
    }
    Ok(ids.into_iter().map(|(id, _)| id).collect())
}

async fn known_of(tx: &mut Tx, connection: ConnectionId) -> Result<Vec<KnownRow>, StoreError> {
    let rows = sqlx::query_as::<_, KnownRow>(
        "SELECT id, portal_key, type, currency, name, status, masked_number, account_number, unseen FROM accounts
         WHERE connection_id = $1 ORDER BY id",
    );
    rows.bind(connection.0).fetch_all(&mut **tx).await.map_err(failed("read known accounts"))
}

/// Takes keys from those accounts that have one which is another's now.
async fn free_keys(
    tx: &mut Tx,
    rows: &[KnownRow],
    accounts: &[ObservedAccount],
    ids: &[(AccountId, bool)],
) -> Result<(), StoreError> {
    let wanted: HashMap<&str, AccountId> =
        accounts.iter().zip(ids).map(|(account, (id, _))| (account.portal_key.as_str(), *id)).collect();
    for row in rows {
        if wanted.get(row.portal_key.as_str()).is_some_and(|id| id.0 != row.id) {
            sqlx::query("UPDATE accounts SET portal_key = $2 WHERE id = $1")
                .bind(row.id)
                .bind(format!("was {} of {}", row.portal_key, row.id))
                .execute(&mut **tx)
                .await
                .map_err(failed("free an account's key"))?;
        }
    }
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    run: &HeldRun,
    id: AccountId,
    account: &ObservedAccount,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO accounts (id, organization_id, connection_id, portal_key, type, currency, name, status, official_name,
             masked_number, account_number, routing_number, swift_bic, current_balance, available_balance, balance_as_of,
             metadata, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '{}', $17, $17)",
    )
    .bind(id.0)
    .bind(run.organization_id.0)
    .bind(run.connection_id.0)
    .bind(account.portal_key.clone())
    .bind(account.account_type.as_str())
    .bind(account.currency.clone())
    .bind(account.name.clone())
    .bind(account.status.as_str())
    .bind(account.official_name.clone())
    .bind(account.masked_number.clone())
    .bind(account.account_number.clone())
    .bind(account.routing_number.clone())
    .bind(account.swift_bic.clone())
    .bind(account.current_balance.clone())
    .bind(account.available_balance.clone())
    .bind(account.balance_as_of.map(|date| date.to_string()))
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep an account"))
}

/// Brings a known account up to date; says whether something that is shown changed.
async fn update(tx: &mut Tx, id: AccountId, account: &ObservedAccount, now: Timestamp) -> Result<bool, StoreError> {
    found(tx, id, account).await?;
    let changed = sqlx::query(
        "UPDATE accounts SET type = $2, currency = $3, name = $4, status = $5, official_name = $6, masked_number = $7,
             account_number = $8, routing_number = $9, swift_bic = $10, current_balance = $11, available_balance = $12,
             balance_as_of = $13, updated_at = $14
         WHERE id = $1 AND ((type, currency, name, status) IS DISTINCT FROM ($2, $3, $4, $5)
            OR official_name IS DISTINCT FROM $6 OR masked_number IS DISTINCT FROM $7
            OR account_number IS DISTINCT FROM $8 OR routing_number IS DISTINCT FROM $9 OR swift_bic IS DISTINCT FROM $10
            OR current_balance IS DISTINCT FROM $11 OR available_balance IS DISTINCT FROM $12
            OR balance_as_of IS DISTINCT FROM $13)",
    )
    .bind(id.0)
    .bind(account.account_type.as_str())
    .bind(account.currency.clone())
    .bind(account.name.clone())
    .bind(account.status.as_str())
    .bind(account.official_name.clone())
    .bind(account.masked_number.clone())
    .bind(account.account_number.clone())
    .bind(account.routing_number.clone())
    .bind(account.swift_bic.clone())
    .bind(account.current_balance.clone())
    .bind(account.available_balance.clone())
    .bind(account.balance_as_of.map(|date| date.to_string()))
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map_err(failed("bring an account up to date"))?;
    Ok(changed.rows_affected() > 0)
}

/// Notes that an account is listed, and under which key.
async fn found(tx: &mut Tx, id: AccountId, account: &ObservedAccount) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET portal_key = $2, unseen = 0 WHERE id = $1 AND (portal_key <> $2 OR unseen <> 0)")
        .bind(id.0)
        .bind(account.portal_key.clone())
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("note that an account is listed"))
}

/// Notes that a list lacks an account. Runs hand in a list only if it was walked to its end.
async fn miss(tx: &mut Tx, run: &HeldRun, row: &KnownRow, now: Timestamp) -> Result<(), StoreError> {
    let before = Presence::of(u32::try_from(row.unseen).unwrap_or_default());
    let after = before.after(Sighting::Missing);
    let shown: AccountStatus = from_word(&row.status, "account's status")?;
    let status = after.status(shown);
    if after == before && status == shown {
        return Ok(());
    }
    sqlx::query(
        "UPDATE accounts SET unseen = $2, status = $3, updated_at = CASE WHEN status <> $3 THEN $4 ELSE updated_at END
         WHERE id = $1",
    )
    .bind(row.id)
    .bind(i64::from(after.unseen_in()))
    .bind(status.as_str())
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map_err(failed("note that an account isn't listed"))?;
    if status != shown {
        tell(tx, run, EventType::AccountUpdated, AccountId(row.id), now).await?;
    }
    Ok(())
}

async fn tell(tx: &mut Tx, run: &HeldRun, event: EventType, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let data = json!({ "connectionId": run.connection_id, "accountId": id });
    webhooks::emit(tx, run.organization_id, event, data, now).await
}

/// Moves accounts of the connection that this one came after to it, where they are surely
/// the same: an integrator that made a connection anew finds its accounts, and nothing
/// twice. Says whether any was.
async fn adopt_predecessor(
    tx: &mut Tx,
    run: &HeldRun,
    accounts: &[ObservedAccount],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let predecessor = sqlx::query_scalar::<_, Uuid>(
        "SELECT old.id FROM connections new JOIN connections old
            ON old.entity_id = new.entity_id AND old.anchor = new.anchor AND old.id <> new.id
         WHERE new.id = $1 AND old.status = 'revoked' AND EXISTS (SELECT 1 FROM accounts a WHERE a.connection_id = old.id)
         ORDER BY old.created_at DESC, old.id DESC LIMIT 1",
    );
    let predecessor = predecessor.bind(run.connection_id.0).fetch_optional(&mut **tx).await;
    let Some(predecessor) = predecessor.map_err(failed("look for a predecessor"))? else { return Ok(false) };
    let rows = known_of(tx, ConnectionId(predecessor)).await?;
    let known = rows.iter().map(KnownRow::known).collect::<Result<Vec<_>, _>>()?;
    let observed: Vec<Marks<'_>> = accounts.iter().map(Marks::from).collect();
    let mut shared = Vec::new();
    for one in &known {
        let kept = near(tx, one.id, Some(Date::MIN), Date::MAX).await?;
        let mut faces: BTreeMap<Face, u32> = BTreeMap::new();
        for kept in &kept {
            *faces.entry(Face::of(&kept.entry.row)).or_default() += 1;
        }
        let last = kept.iter().filter_map(|kept| kept.entry.row.posted_date).max();
        for (position, account) in accounts.iter().enumerate() {
            shared.push(shared_rows(one.id, position, account, faces.clone(), last));
        }
    }
    let matching = adopt(&known, &observed, &shared);
    let mut is_any = false;
    for found in matching.observed.into_iter().flatten() {
        for table in ["accounts", "transactions", "removed_transactions", "balances"] {
            let column = if table == "accounts" { "id" } else { "account_id" };
            let sql = format!("UPDATE {table} SET connection_id = $2 WHERE {column} = $1");
            let moved = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(found.id.0).bind(run.connection_id.0);
            moved.execute(&mut **tx).await.map_err(failed("adopt an account"))?;
        }
        tell(tx, run, EventType::AccountUpdated, found.id, now).await?;
        is_any = true;
    }
    Ok(is_any)
}

/// How many of an observed account's rows a known one has, up to the last day that it has.
fn shared_rows(
    known: AccountId,
    observed: usize,
    account: &ObservedAccount,
    mut faces: BTreeMap<Face, u32>,
    last: Option<Date>,
) -> SharedRows {
    let (mut shared, mut of) = (0, 0);
    for row in account.transactions.iter().filter(|row| row.posted_date.is_some() && row.posted_date <= last) {
        of += 1;
        if let Some(count) = faces.get_mut(&Face::of(row)).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    SharedRows { known, observed, shared, of }
}

/// What an account can be told by.
pub(super) async fn marks_of(store: &SqlStore, account: AccountId) -> Result<AccountMarks, Refused> {
    let row = sqlx::query_as::<_, KnownRow>(
        "SELECT id, portal_key, type, currency, name, status, masked_number, account_number, unseen FROM accounts
         WHERE id = $1",
    );
    let row = super::found(row.bind(account.0).fetch_optional(&store.read).await, "read an account")?;
    Ok(AccountMarks {
        account_type: from_word(&row.account_type, "account's type")?,
        portal_key: row.portal_key,
        account_number: row.account_number,
        masked_number: row.masked_number,
        currency: row.currency,
        name: row.name,
    })
}

/// Whose an account of a run is.
pub(super) const fn owner(run: &HeldRun, account_id: AccountId) -> Owner {
    Owner { organization_id: run.organization_id, connection_id: run.connection_id, account_id }
}
