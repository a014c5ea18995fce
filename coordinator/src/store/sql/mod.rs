//! The SQL, written once for SQLite and PostgreSQL: `$n` places, `RETURNING`,
//! `ON CONFLICT`, row values. `super::Db` is the database that it is compiled for.
//!
//! A row that is going to be changed is taken with an `UPDATE … RETURNING`, which
//! locks it on PostgreSQL; on SQLite the transaction holds the one write lock.
//!
//! Each statement names its columns: those that are prepared are kept, and a newer coordinator may
//! add a column under them.
//!
//! What is looked up by a key is never compared with the state of a partial index as well: an open
//! run is one that isn't finished (`finished_at IS NULL`), a pending delivery one that isn't settled, and
//! a challenge's state is compared as `state || ''`. While statistics say that nothing is open, going
//! through the whole of such an index looks as cheap as the key.
//!
//! Not here: what the two databases do differently; that is in `sqlite.rs` and
//! `postgres.rs`.

mod accounts;
mod again;
mod audit;
mod authenticators;
mod balances;
mod calling;
mod candidates;
mod challenges;
mod closing;
mod completeness;
mod connections;
mod console;
mod control_tokens;
mod dead_letters;
mod decisions;
mod drift;
mod entities;
mod entries;
mod evidence;
mod held;
mod idempotency;
mod identity;
mod imports;
mod inbound;
mod institutions;
mod intents;
mod keys;
mod ledger;
mod lines;
mod lockout;
mod matches;
mod observations;
mod organizations;
mod outbox;
mod past;
mod people;
mod permissions;
mod pools;
mod portals;
mod records;
mod references;
mod repairs;
mod resends;
mod retention;
mod revisions;
mod runs;
mod schedules;
mod setup_links;
mod simplefin;
mod sources;
pub(in crate::store) mod steps;
mod straying;
mod stream;
mod taking_back;
mod transition;
mod ways;
mod webhooks;
mod wheel;

use async_trait::async_trait;
use domain::id::OrganizationId;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{BEGIN, Db, HOLD, ROWS_AT_ONCE, SKIP_HELD};
use crate::store::{Reach, Refused, Store, StoreError};

/// The store on one kind of database.
pub(in crate::store) struct SqlStore {
    pub(super) read: sqlx::Pool<Db>,
    pub(super) write: sqlx::Pool<Db>,
}

/// A transaction that is rolled back unless it is committed.
type Tx = sqlx::Transaction<'static, Db>;

impl SqlStore {
    async fn begin(&self) -> Result<Tx, StoreError> {
        self.write.begin_with(BEGIN).await.map_err(failed("begin a transaction"))
    }
}

async fn commit(tx: Tx) -> Result<(), StoreError> {
    tx.commit().await.map_err(failed("commit a transaction"))
}

#[async_trait]
impl Store for SqlStore {
    async fn ping(&self) -> Result<(), StoreError> {
        let one = sqlx::query_scalar::<_, i64>("SELECT CAST(1 AS BIGINT)");
        one.fetch_one(&self.read).await.map(|_| ()).map_err(failed("answer a ping"))
    }
}

/// Names what was being done when the database refused.
fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source }
}

/// Like [`failed`], where no row means that there is no such thing.
fn found<T>(row: Result<Option<T>, sqlx::Error>, doing: &'static str) -> Result<T, Refused> {
    row.map_err(failed(doing))?.ok_or(Refused::NotFound)
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

fn to_ms(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

fn from_ms(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Unreadable { what: "moment" })
}

fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Unreadable { what })
}

fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable { what })
}

fn from_word<T: std::str::FromStr>(word: &str, what: &'static str) -> Result<T, StoreError> {
    word.parse().map_err(|_| StoreError::Unreadable { what })
}

/// Appends whose rows a list holds: the organization's, or what belongs to a thing of the
/// organization's, of which the narrowest comes first. Named by that thing alone, since a
/// planner that is given the organization too may walk all of the organization's rows.
fn push_owned(
    query: &mut sqlx::QueryBuilder<Db>,
    (owner, organization): (&'static str, OrganizationId),
    narrowed: [(&'static str, &'static str, Option<Uuid>); 2],
) {
    let mut things = narrowed.into_iter().filter_map(|(column, table, id)| Some((column, table, id?)));
    let Some((column, table, id)) = things.next() else {
        query.push(owner).push(" = ").push_bind(organization.0);
        return;
    };
    query.push(column).push(" = (SELECT id FROM ").push(table).push(" WHERE id = ").push_bind(id);
    query.push(" AND organization_id = ").push_bind(organization.0).push(")");
    for (column, _, id) in things {
        query.push(" AND ").push(column).push(" = ").push_bind(id);
    }
}

/// Leaves of what a query finds what is within reach.
fn narrow(query: &mut sqlx::QueryBuilder<Db>, reach: &Reach) {
    let Reach::Tenants(tenants) = reach else { return };
    query.push(" AND organization_id IN (");
    let mut ids = query.separated(", ");
    for tenant in tenants {
        ids.push_bind(tenant.0);
    }
    ids.push_unseparated(if tenants.is_empty() { "NULL)" } else { ")" });
}

/// Appends the keyset condition and order of a list that is sorted by id.
fn push_page(query: &mut sqlx::QueryBuilder<Db>, id: &'static str, page: crate::store::PageRequest) {
    if let Some(after) = page.after {
        query.push(" AND ").push(id).push(" > ").push_bind(after);
    }
    query.push(" ORDER BY ").push(id).push(" LIMIT ").push_bind(i64::from(page.limit));
}
