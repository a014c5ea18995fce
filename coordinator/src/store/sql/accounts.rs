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
use domain::account_match::{KnownAccount, Marks, Match, Matching, SharedRows, adopt, match_accounts};
use domain::event::{ChangeKind, EventType};
use domain::id::{AccountId, ConnectionId, TransactionId};
use domain::ledger::Face;
use domain::presence::{Presence, Sighting};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::entries::{Owner, near};
use super::held::HeldRun;
use super::stream::NewChange;
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

/// Keeps the accounts of a list; those that it lacks are marked. The connection's row was taken, so no other run does the same.
pub(super) async fn keep(
    tx: &mut Tx,
    run: &HeldRun,
    accounts: &[ObservedAccount],
    now: Timestamp,
) -> Result<KeptAccounts, StoreError> {
    let observed: Vec<Marks<'_>> = accounts.iter().map(Marks::from).collect();
    let mut rows = known_of(tx, run.connection_id).await?;
    let mut matching = matched(&rows, &observed)?;
    let is_new = |position: usize| matching.observed.get(position).is_some_and(Option::is_none);
    let new: Vec<usize> = (0..accounts.len()).filter(|position| is_new(*position)).collect();
    let (mut predecessor, mut changes) = (None, Vec::new());
    if !new.is_empty() {
        predecessor = predecessor_of(tx, run.connection_id).await?;
    }
    if let Some(predecessor) = predecessor {
        changes = adopted(tx, run, predecessor, (accounts, &new), now).await?;
        rows = known_of(tx, run.connection_id).await?;
        matching = matched(&rows, &observed)?;
    }
    if !matching.conflicts.is_empty() {
        let count = matching.conflicts.len();
        tracing::warn!(connection_id = %run.connection_id, count, "keys of a portal went to other accounts");
    }
    // One that couldn't be read may be the predecessor's: the next reading will tell.
    let waits = |account: &ObservedAccount| predecessor.is_some() && account.failure.is_some();
    let id = |(account, found): (&ObservedAccount, &Option<Match>)| match found {
        Some(found) => Some((found.id, Origin::Known)),
        None if waits(account) => None,
        None => Some((AccountId(Uuid::now_v7()), Origin::New)),
    };
    let ids: Vec<Option<(AccountId, Origin)>> = accounts.iter().zip(&matching.observed).map(id).collect();
    free_keys(tx, &rows, accounts, &ids).await?;
    for (account, (id, origin)) in accounts.iter().zip(&ids).filter_map(|(account, id)| Some((account, id.as_ref()?))) {
        let event = match (origin, account.failure.is_some()) {
            (Origin::New, _) => {
                insert(tx, run, *id, account, now).await?;
                Some(EventType::AccountCreated)
            }
            // Of an account that couldn't be read, what is known stays as it is.
            (Origin::Known, true) => {
                found(tx, *id, account).await?;
                None
            }
            (Origin::Known, false) => update(tx, *id, account, now).await?.then_some(EventType::AccountUpdated),
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
    Ok(KeptAccounts { ids: ids.into_iter().map(|id| id.map(|(id, _)| id)).collect(), changes })
}

/// What became of a list of accounts.
pub(super) struct KeptAccounts {
    /// In the list's order; none for one that isn't kept yet.
    pub(super) ids: Vec<Option<AccountId>>,
    /// Transactions that came with adopted accounts, which are of this connection now.
    pub(super) changes: Vec<NewChange>,
}

/// Whether an account was known before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Known,
    New,
}

fn matched(rows: &[KnownRow], observed: &[Marks<'_>]) -> Result<Matching, StoreError> {
    let known = rows.iter().map(KnownRow::known).collect::<Result<Vec<_>, _>>()?;
    Ok(match_accounts(&known, observed))
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
    ids: &[Option<(AccountId, Origin)>],
) -> Result<(), StoreError> {
    let key = |(account, id): (&'_ ObservedAccount, &Option<(AccountId, Origin)>)| {
        Some((account.portal_key.clone(), id.as_ref()?.0))
    };
    let wanted: HashMap<String, AccountId> = accounts.iter().zip(ids).filter_map(key).collect();
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

/// The revoked connection that this one came after, if it has accounts still.
async fn predecessor_of(tx: &mut Tx, connection: ConnectionId) -> Result<Option<Uuid>, StoreError> {
    let predecessor = sqlx::query_scalar::<_, Uuid>(
        "SELECT old.id FROM connections new JOIN connections old
            ON old.entity_id = new.entity_id AND old.anchor = new.anchor AND old.id <> new.id
         WHERE new.id = $1 AND old.status = 'revoked' AND EXISTS (SELECT 1 FROM accounts a WHERE a.connection_id = old.id)
         ORDER BY old.created_at DESC, old.id DESC LIMIT 1",
    );
    let predecessor = predecessor.bind(connection.0).fetch_optional(&mut **tx).await;
    predecessor.map_err(failed("look for a predecessor"))
}

/// Moves accounts of a predecessor to this connection, where they are surely the same as
/// those of `accounts` that are `new`: an integrator that made a connection anew finds its
/// accounts, and nothing twice. Returns what that changes.
async fn adopted(
    tx: &mut Tx,
    run: &HeldRun,
    predecessor: Uuid,
    (accounts, new): (&[ObservedAccount], &[usize]),
    now: Timestamp,
) -> Result<Vec<NewChange>, StoreError> {
    let rows = known_of(tx, ConnectionId(predecessor)).await?;
    let known = rows.iter().map(KnownRow::known).collect::<Result<Vec<_>, _>>()?;
    let accounts: Vec<&ObservedAccount> = new.iter().filter_map(|position| accounts.get(*position)).collect();
    let observed: Vec<Marks<'_>> = accounts.iter().map(|account| Marks::from(*account)).collect();
    // Rows are compared only of those that could be the same.
    let proposed = match_accounts(&known, &observed).observed;
    let mut shared = Vec::new();
    for (position, found) in proposed.into_iter().enumerate() {
        let (Some(found), Some(account)) = (found, accounts.get(position)) else { continue };
        let kept = near(tx, found.id, Some(Date::MIN), Date::MAX).await?;
        let mut faces: BTreeMap<Face, u32> = BTreeMap::new();
        for kept in &kept {
            *faces.entry(Face::of(&kept.entry.row)).or_default() += 1;
        }
        let last = kept.iter().filter_map(|kept| kept.entry.row.posted_date).max();
        shared.push(shared_rows(found.id, position, account, faces, last));
    }
    let matching = adopt(&known, &observed, &shared);
    let mut changes = Vec::new();
    for found in matching.observed.into_iter().flatten() {
        for table in ["accounts", "transactions", "balances"] {
            let column = if table == "accounts" { "id" } else { "account_id" };
            let sql = format!("UPDATE {table} SET connection_id = $2, updated_at = $3 WHERE {column} = $1");
            let moved = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(found.id.0).bind(run.connection_id.0);
            moved.bind(to_ms(now)).execute(&mut **tx).await.map_err(failed("adopt an account"))?;
        }
        sqlx::query("UPDATE removed_transactions SET connection_id = $2 WHERE account_id = $1")
            .bind(found.id.0)
            .bind(run.connection_id.0)
            .execute(&mut **tx)
            .await
            .map_err(failed("adopt an account"))?;
        tell(tx, run, EventType::AccountUpdated, found.id, now).await?;
        let ids = sqlx::query_scalar::<_, Uuid>("SELECT id FROM transactions WHERE account_id = $1 ORDER BY id");
        let ids = ids.bind(found.id.0).fetch_all(&mut **tx).await.map_err(failed("list adopted transactions"))?;
        let owner = owner(run, found.id);
        changes.extend(ids.into_iter().map(|id| owner.change(ChangeKind::Modified, TransactionId(id))));
    }
    Ok(changes)
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
    let vouched = sqlx::query_scalar::<_, String>(
        "SELECT account_number FROM imports
         WHERE account_id = $1 AND account_number IS NOT NULL AND taken_back_at IS NULL ORDER BY id",
    );
    let vouched = vouched.bind(account.0).fetch_all(&store.read).await;
    Ok(AccountMarks {
        vouched_numbers: vouched.map_err(failed("read the numbers that files named"))?,
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
