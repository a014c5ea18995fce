//! The entries of an account's ledger as rows: those that a reading could be about, and
//! what becomes of them.
//!
//! Not here: which row of a reading is which entry; `domain::ledger` says that.

use std::collections::HashMap;

use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use domain::ledger::{COMES_BACK_DAYS, Entry, Presence, REACH_DAYS, RemovalCause, match_key};
use domain::observation::Source;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::{Db, INSERT_NEW, push_rows};
use super::{ROWS_AT_ONCE, Tx, failed, from_json, from_ms, from_word, to_json, to_ms};
use crate::store::StoreError;
use crate::store::columns::Column;

/// Sorts after every date: pending transactions have none.
pub(super) const NO_DATE: &str = "9999-12-31";

/// An account and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) organization_id: OrganizationId,
    pub(super) connection_id: ConnectionId,
    pub(super) account_id: AccountId,
}

/// A transaction with everything that is kept of it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When it was first read as booked.
    pub(super) booked_seen_at: Option<Timestamp>,
    pub(super) origin: Option<Origin>,
}

/// The reading that a transaction came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) observation_id: Uuid,
    /// From 0.
    pub(super) row: i64,
}

/// Why a transaction isn't in the ledger any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Readings proved it gone.
    Absent,
    /// A reading proved it gone, and it has become one of several rows.
    BecameAnother,
    /// An operator said that it is this other one.
    Merged(TransactionId),
    /// An operator took back what had made it.
    Undone,
    /// An operator took back the file that had brought it.
    TakenBack,
}

impl Cause {
    const fn as_str(self) -> &'static str {
        let word = match self {
            Self::Absent => RemovalCause::Absent,
            Self::BecameAnother => RemovalCause::BecameAnother,
            Self::Merged(_) => RemovalCause::Merged,
            Self::Undone => RemovalCause::Undone,
            Self::TakenBack => RemovalCause::TakenBack,
        };
        word.as_str()
    }
}

impl Kept {
    /// A transaction that wasn't known.
    pub(super) fn new(row: ObservedTransaction, source: Source, today: Date, origin: Origin, now: Timestamp) -> Self {
        let is_booked = row.status != TransactionStatus::Pending;
        let entry = Entry {
            id: TransactionId(Uuid::now_v7()),
            row,
            source,
            reference_source: source,
            alias: None,
            first_seen: today,
            absences: 0,
            presence: Presence::Live,
        };
        let booked_seen_at = is_booked.then_some(now);
        Self { entry, created_at: now, updated_at: now, booked_seen_at, origin: Some(origin) }
    }
}

#[derive(FromRow)]
struct KeptRow {
    id: Uuid,
    status: String,
    posted_date: Option<String>,
    amount: String,
    currency: String,
    entry_type: String,
    description: String,
    raw_description: Option<String>,
    rail: String,
    bank_reference: Option<String>,
    customer_reference: Option<String>,
    bai_code: Option<String>,
    category: Option<String>,
    subcategory: Option<String>,
    mcc: Option<String>,
    merchant_name: Option<String>,
    counterparty_name: Option<String>,
    counterparty_account_masked: Option<String>,
    transaction_date: Option<String>,
    source: String,
    alias: Option<String>,
    reference_source: Option<String>,
    first_seen: Option<String>,
    booked_seen_at: Option<i64>,
    absences: i64,
    observation_id: Option<Uuid>,
    observation_row: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

/// Reads transactions as they are kept.
macro_rules! select {
    () => {
        "SELECT id, status, posted_date, amount, currency, entry_type, description, raw_description, rail, bank_reference,
             customer_reference, bai_code, category, subcategory, mcc, merchant_name, counterparty_name,
             counterparty_account_masked, transaction_date, source, alias, reference_source, first_seen, booked_seen_at,
             absences, observation_id, observation_row, created_at, updated_at
         FROM transactions WHERE "
    };
}

impl KeptRow {
    fn read(self) -> Result<Kept, StoreError> {
        let created_at = from_ms(self.created_at)?;
        let row = ObservedTransaction {
            status: from_word(&self.status, "transaction's status")?,
            posted_date: date(self.posted_date.as_deref())?,
            amount: self.amount,
            currency: self.currency,
            entry_type: from_word(&self.entry_type, "transaction's direction")?,
            description: self.description,
            raw_description: self.raw_description,
            rail: from_word(&self.rail, "transaction's rail")?,
            bank_reference: self.bank_reference,
            customer_reference: self.customer_reference,
            bai_code: self.bai_code,
            category: self.category,
            subcategory: self.subcategory,
            mcc: self.mcc,
            merchant_name: self.merchant_name,
            counterparty_name: self.counterparty_name,
            counterparty_account_masked: self.counterparty_account_masked,
            transaction_date: date(self.transaction_date.as_deref())?,
            running_balance: None,
        };
        let is_booked = row.status != TransactionStatus::Pending;
        let first_seen = date(self.first_seen.as_deref())?;
        let source: Source = from_word(&self.source, "transaction's source")?;
        let entry = Entry {
            id: TransactionId(self.id),
            reference_source: match &self.reference_source {
                Some(word) => from_word(word, "reference's source")?,
                None => source,
            },
            source,
            alias: self.alias,
            first_seen: first_seen.unwrap_or_else(|| created_at.to_zoned(jiff::tz::TimeZone::UTC).date()),
            absences: u32::try_from(self.absences).unwrap_or_default(),
            presence: Presence::Live,
            row,
        };
        let origin = self.observation_id.zip(self.observation_row);
        Ok(Kept {
            entry,
            created_at,
            updated_at: from_ms(self.updated_at)?,
            booked_seen_at: match self.booked_seen_at {
                Some(at) => Some(from_ms(at)?),
                None => is_booked.then_some(created_at),
            },
            origin: origin.map(|(observation_id, row)| Origin { observation_id, row }),
        })
    }
}

fn date(text: Option<&str>) -> Result<Option<Date>, StoreError> {
    let read = |text: &str| text.parse().map_err(|_| StoreError::Unreadable { what: "date" });
    text.map(read).transpose()
}

/// What a removed transaction is kept as.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemovedEntry {
    row: ObservedTransaction,
    source: Source,
    reference_source: Source,
    alias: Option<String>,
    first_seen: Date,
    updated_at: i64,
    booked_seen_at: Option<i64>,
    origin: Option<Origin>,
}

impl RemovedEntry {
    fn text(kept: &Kept) -> Result<String, StoreError> {
        let entry = &kept.entry;
        let removed = Self {
            row: entry.row.clone(),
            source: entry.source,
            reference_source: entry.reference_source,
            alias: entry.alias.clone(),
            first_seen: entry.first_seen,
            updated_at: to_ms(kept.updated_at),
            booked_seen_at: kept.booked_seen_at.map(to_ms),
            origin: kept.origin,
        };
        to_json(&removed, "removed transaction")
    }
}

/// The entries that rows from `oldest` on could be: every live one from then on, every
/// pending one, and those that were removed not long ago and not by an operator.
pub(super) async fn near(
    tx: &mut Tx,
    account: AccountId,
    oldest: Option<Date>,
    today: Date,
) -> Result<Vec<Kept>, StoreError> {
    let from = oldest.map_or(NO_DATE.to_owned(), |date| date.saturating_sub(REACH_DAYS.days()).to_string());
    let rows = sqlx::query_as::<_, KeptRow>(concat!(select!(), "account_id = $1 AND sort_date >= $2 ORDER BY id"));
    let rows = rows.bind(account.0).bind(from).fetch_all(&mut **tx).await.map_err(failed("read known transactions"))?;
    let mut kept = rows.into_iter().map(KeptRow::read).collect::<Result<Vec<_>, _>>()?;
    let since = today.saturating_sub(COMES_BACK_DAYS.days()).to_zoned(jiff::tz::TimeZone::UTC);
    let since = since.map(|since| since.timestamp()).unwrap_or(Timestamp::MIN);
    kept.extend(removed(tx, account, since).await?);
    Ok(kept)
}

/// One live transaction of the account.
pub(super) async fn live(tx: &mut Tx, account: AccountId, id: TransactionId) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query_as::<_, KeptRow>(concat!(select!(), "id = $1 AND account_id = $2"));
    let row = row.bind(id.0).bind(account.0).fetch_optional(&mut **tx).await.map_err(failed("read a transaction"))?;
    row.map(KeptRow::read).transpose()
}

async fn removed(tx: &mut Tx, account: AccountId, since: Timestamp) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query_as::<_, (Uuid, String, i64)>(
        "SELECT id, entry, created_at FROM removed_transactions
         WHERE account_id = $1 AND cause IN ('absent', 'becameAnother') AND removed_at >= $2 ORDER BY id",
    );
    let rows = rows.bind(account.0).bind(to_ms(since)).fetch_all(&mut **tx).await;
    let rows = rows.map_err(failed("read removed transactions"))?;
    rows.into_iter().map(|(id, entry, created_at)| read_removed(id, &entry, created_at)).collect()
}

fn read_removed(id: Uuid, entry: &str, created_at: i64) -> Result<Kept, StoreError> {
    let removed: RemovedEntry = from_json(entry, "removed transaction")?;
    let entry = Entry {
        id: TransactionId(id),
        row: removed.row,
        source: removed.source,
        reference_source: removed.reference_source,
        alias: removed.alias,
        first_seen: removed.first_seen,
        absences: 0,
        presence: Presence::Removed,
    };
    Ok(Kept {
        entry,
        created_at: from_ms(created_at)?,
        updated_at: from_ms(removed.updated_at)?,
        booked_seen_at: removed.booked_seen_at.map(from_ms).transpose()?,
        origin: removed.origin,
    })
}

/// One removed transaction of the account, whoever removed it.
pub(super) async fn gone(tx: &mut Tx, account: AccountId, id: TransactionId) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query_as::<_, (Uuid, String, i64)>(
        "SELECT id, entry, created_at FROM removed_transactions WHERE id = $1 AND account_id = $2",
    );
    let row = row.bind(id.0).bind(account.0).fetch_optional(&mut **tx).await;
    let row = row.map_err(failed("read a removed transaction"))?;
    row.map(|(id, entry, created_at)| read_removed(id, &entry, created_at)).transpose()
}

/// Writes transactions that aren't there.
pub(super) async fn add(tx: &mut Tx, owner: Owner, kept: &[&Kept]) -> Result<(), StoreError> {
    for kept in kept.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new(INSERT_NEW);
        query.push(COLUMNS);
        push_rows(&mut query, columns(owner, kept));
        query.build().execute(&mut **tx).await.map_err(failed("add transactions"))?;
    }
    Ok(())
}

/// Writes transactions, those that are there and those that aren't.
pub(super) async fn write(tx: &mut Tx, owner: Owner, kept: &[&Kept]) -> Result<(), StoreError> {
    for kept in kept.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("INSERT INTO ");
        query.push(COLUMNS);
        push_rows(&mut query, columns(owner, kept));
        query.push(
            " ON CONFLICT (id) DO UPDATE SET
                 status = excluded.status, posted_date = excluded.posted_date, sort_date = excluded.sort_date,
                 amount = excluded.amount, currency = excluded.currency, entry_type = excluded.entry_type,
                 description = excluded.description, raw_description = excluded.raw_description, rail = excluded.rail,
                 bank_reference = excluded.bank_reference, customer_reference = excluded.customer_reference,
                 bai_code = excluded.bai_code, category = excluded.category, subcategory = excluded.subcategory,
                 mcc = excluded.mcc, merchant_name = excluded.merchant_name,
                 counterparty_name = excluded.counterparty_name,
                 counterparty_account_masked = excluded.counterparty_account_masked,
                 transaction_date = excluded.transaction_date, source = excluded.source, alias = excluded.alias,
                 reference_source = excluded.reference_source, first_seen = excluded.first_seen,
                 observation_id = excluded.observation_id, observation_row = excluded.observation_row,
                 booked_seen_at = excluded.booked_seen_at, absences = excluded.absences,
                 match_key = excluded.match_key, updated_at = excluded.updated_at",
        );
        query.build().execute(&mut **tx).await.map_err(failed("keep transactions"))?;
    }
    Ok(())
}

/// The columns of a transaction, in the order of [`columns`].
const COLUMNS: &str = "transactions (id, organization_id, connection_id, account_id, status, posted_date, sort_date,
    amount, currency, entry_type, description, raw_description, rail, bank_reference, customer_reference, bai_code,
    category, subcategory, mcc, merchant_name, counterparty_name, counterparty_account_masked, transaction_date, source,
    alias, reference_source, first_seen, booked_seen_at, absences, observation_id, observation_row, match_key,
    created_at, updated_at) ";

fn columns(owner: Owner, kept: &[&Kept]) -> Vec<Column> {
    type Field = fn(&ObservedTransaction) -> &Option<String>;
    let given = |field: Field| Column::texts(kept, |kept| field(&kept.entry.row).clone());
    let date = |kept: &&Kept| kept.entry.row.posted_date.map(|date| date.to_string());
    vec![
        Column::ids(kept, |kept| Some(kept.entry.id.0)),
        Column::ids(kept, |_| Some(owner.organization_id.0)),
        Column::ids(kept, |_| Some(owner.connection_id.0)),
        Column::ids(kept, |_| Some(owner.account_id.0)),
        Column::words(kept, |kept| kept.entry.row.status.as_str()),
        Column::texts(kept, date),
        Column::texts(kept, |kept| date(kept).or(Some(NO_DATE.to_owned()))),
        Column::words(kept, |kept| &kept.entry.row.amount),
        Column::words(kept, |kept| &kept.entry.row.currency),
        Column::words(kept, |kept| kept.entry.row.entry_type.as_str()),
        Column::words(kept, |kept| &kept.entry.row.description),
        given(|row| &row.raw_description),
        Column::words(kept, |kept| kept.entry.row.rail.as_str()),
        given(|row| &row.bank_reference),
        given(|row| &row.customer_reference),
        given(|row| &row.bai_code),
        given(|row| &row.category),
        given(|row| &row.subcategory),
        given(|row| &row.mcc),
        given(|row| &row.merchant_name),
        given(|row| &row.counterparty_name),
        given(|row| &row.counterparty_account_masked),
        Column::texts(kept, |kept| kept.entry.row.transaction_date.map(|date| date.to_string())),
        Column::words(kept, |kept| kept.entry.source.as_str()),
        Column::texts(kept, |kept| kept.entry.alias.clone()),
        Column::words(kept, |kept| kept.entry.reference_source.as_str()),
        Column::texts(kept, |kept| Some(kept.entry.first_seen.to_string())),
        Column::numbers(kept, |kept| kept.booked_seen_at.map(to_ms)),
        Column::numbers(kept, |kept| Some(i64::from(kept.entry.absences))),
        Column::ids(kept, |kept| kept.origin.map(|origin| origin.observation_id)),
        Column::numbers(kept, |kept| kept.origin.map(|origin| origin.row)),
        Column::texts(kept, |kept| Some(match_key(&kept.entry.row))),
        Column::numbers(kept, |kept| Some(to_ms(kept.created_at))),
        Column::numbers(kept, |kept| Some(to_ms(kept.updated_at))),
    ]
}

/// Notes how many readings in a row have proved these gone.
pub(super) async fn count_absences(tx: &mut Tx, ids: &[TransactionId], count: u32) -> Result<(), StoreError> {
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("UPDATE transactions SET absences = ");
        query.push_bind(i64::from(count)).push(" WHERE id IN (");
        push_ids(&mut query, ids);
        query.build().execute(&mut **tx).await.map_err(failed("count absences"))?;
    }
    Ok(())
}

/// Takes transactions out of the ledger; they are kept beside it.
pub(super) async fn remove(
    tx: &mut Tx,
    owner: Owner,
    kept: &[&Kept],
    cause: Cause,
    now: Timestamp,
) -> Result<(), StoreError> {
    for kept in kept.chunks(ROWS_AT_ONCE) {
        let mut bodies = Vec::with_capacity(kept.len());
        for kept in kept {
            let body = RemovedEntry::text(kept)?;
            bodies.push((kept.entry.id, body, to_ms(kept.created_at)));
        }
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO removed_transactions (id, organization_id, connection_id, account_id, entry, cause, merged_into,
                                               created_at, removed_at) ",
        );
        query.push_values(bodies, |mut place, (id, body, created_at)| {
            let into = if let Cause::Merged(id) = cause { Some(id.0) } else { None };
            place
                .push_bind(id.0)
                .push_bind(owner.organization_id.0)
                .push_bind(owner.connection_id.0)
                .push_bind(owner.account_id.0)
                .push_bind(body)
                .push_bind(cause.as_str())
                .push_bind(into)
                .push_bind(created_at)
                .push_bind(to_ms(now));
        });
        query.build().execute(&mut **tx).await.map_err(failed("keep removed transactions"))?;
        let ids: Vec<TransactionId> = kept.iter().map(|kept| kept.entry.id).collect();
        let mut query = QueryBuilder::<Db>::new("DELETE FROM transactions WHERE id IN (");
        push_ids(&mut query, &ids);
        query.build().execute(&mut **tx).await.map_err(failed("remove transactions"))?;
    }
    Ok(())
}

/// Writes what is kept of a removed transaction, which stays removed.
pub(super) async fn rewrite_removed(tx: &mut Tx, kept: &Kept) -> Result<(), StoreError> {
    sqlx::query("UPDATE removed_transactions SET entry = $2 WHERE id = $1")
        .bind(kept.entry.id.0)
        .bind(RemovedEntry::text(kept)?)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("keep a removed transaction"))
}

/// Lets removed transactions not come back: what brought them was taken back.
pub(super) async fn bar(tx: &mut Tx, ids: &[TransactionId]) -> Result<(), StoreError> {
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("UPDATE removed_transactions SET cause = ");
        query.push_bind(Cause::TakenBack.as_str()).push(" WHERE id IN (");
        push_ids(&mut query, ids);
        query.build().execute(&mut **tx).await.map_err(failed("bar removed transactions"))?;
    }
    Ok(())
}

/// Why and when these were removed.
pub(super) async fn removals(
    tx: &mut Tx,
    ids: &[TransactionId],
) -> Result<HashMap<TransactionId, (RemovalCause, i64)>, StoreError> {
    let mut removals = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("SELECT id, cause, removed_at FROM removed_transactions WHERE id IN (");
        push_ids(&mut query, ids);
        let rows = query.build_query_as::<(Uuid, String, i64)>().fetch_all(&mut **tx).await;
        for (id, cause, at) in rows.map_err(failed("read why transactions were removed"))? {
            removals.insert(TransactionId(id), (from_word(&cause, "cause of a removal")?, at));
        }
    }
    Ok(removals)
}

/// Forgets that these were removed; they are written anew.
pub(super) async fn bring_back(tx: &mut Tx, ids: &[TransactionId]) -> Result<(), StoreError> {
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("DELETE FROM removed_transactions WHERE id IN (");
        push_ids(&mut query, ids);
        query.build().execute(&mut **tx).await.map_err(failed("bring transactions back"))?;
    }
    Ok(())
}

/// Appends ids and a closing bracket.
fn push_ids(query: &mut QueryBuilder<Db>, ids: &[TransactionId]) {
    let mut places = query.separated(", ");
    for id in ids {
        places.push_bind(id.0);
    }
    query.push(")");
}
