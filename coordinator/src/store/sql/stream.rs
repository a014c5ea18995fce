//! The stream of changes, written so that nobody who reads it can miss one.
//!
//! Positions come from `streams.head`, which is moved in the transaction that makes the
//! changes. Its row stays locked until the commit, so the next writer of the same
//! organization gets its positions only when these are there for everyone: positions
//! are committed in their order and without gaps. Whoever sees a head therefore sees
//! every event up to it. (Positions of a sequence, or of a transaction of their own,
//! could be committed the other way round, and a reader would pass over the later one.)
//!
//! The row is the last one that a transaction locks. Whoever holds it waits for nobody,
//! so it can be part of no deadlock, and writers wait for each other only as long as it
//! takes to write events.
//!
//! Not here: when something is published; the transactions that change transactions say
//! that.

use async_trait::async_trait;
use domain::event::ChangeKind;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use jiff::Timestamp;
use sqlx::{FromRow, QueryBuilder, Row as _};
use uuid::Uuid;

use super::super::{Db, INSERT_NEW, RANDOM_ID, push_rows};
use super::records::TransactionRow;
use super::{ROWS_AT_ONCE, SqlStore, Tx, commit, failed, from_ms, from_word, to_ms};
use crate::store::columns::Column;
use crate::store::{Change, Changes, Refused, StoreError, Stream, StreamFilter};

/// The row of a database that `Db` answers with.
type DbRow = <Db as sqlx::Database>::Row;

/// A change that is to be told.
pub(super) struct NewChange {
    pub(super) kind: ChangeKind,
    pub(super) transaction_id: TransactionId,
    pub(super) account_id: AccountId,
    pub(super) connection_id: ConnectionId,
}

/// Appends changes to the stream, in their order. Only the commit may follow: see above.
pub(super) async fn publish(
    tx: &mut Tx,
    organization: OrganizationId,
    changes: &[NewChange],
    now: Timestamp,
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(changes.len()).map_err(|_| StoreError::Unreadable { what: "number of changes" })?;
    let first = advance(tx, organization, count).await? - count + 1;
    let mut position = first;
    for changes in changes.chunks(ROWS_AT_ONCE) {
        let positions = changes.iter().zip(position..).map(|(_, position)| Some(position)).collect();
        let columns = vec![
            Column::ids(changes, |_| Some(organization.0)),
            Column::Number(positions),
            Column::ids(changes, |_| Some(Uuid::now_v7())),
            Column::words(changes, |change| change.kind.as_str()),
            Column::ids(changes, |change| Some(change.transaction_id.0)),
            Column::ids(changes, |change| Some(change.account_id.0)),
            Column::ids(changes, |change| Some(change.connection_id.0)),
            Column::numbers(changes, |_| Some(to_ms(now))),
        ];
        let mut query = QueryBuilder::<Db>::new(INSERT_NEW);
        query.push(
            "transaction_events (organization_id, position, id, type, transaction_id, account_id, connection_id,
                                 created_at) ",
        );
        push_rows(&mut query, columns);
        query.build().execute(&mut **tx).await.map_err(failed("tell of changes"))?;
        position += i64::try_from(changes.len()).unwrap_or(i64::MAX);
    }
    Ok(())
}

/// Tells that every transaction of an entity is removed, without bringing them here.
/// Its connections' rows were taken, so no transaction is added meanwhile. Only their
/// deletion and the commit may follow.
pub(super) async fn publish_removal(
    tx: &mut Tx,
    organization: OrganizationId,
    entity: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let count = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM transactions WHERE connection_id IN (SELECT id FROM connections WHERE entity_id = $1)",
    )
    .bind(entity)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("count an entity's transactions"))?;
    if count == 0 {
        return Ok(());
    }
    let head = advance(tx, organization, count).await?;
    let mut query = QueryBuilder::<Db>::new(
        "INSERT INTO transaction_events (organization_id, position, id, type, transaction_id, account_id, connection_id,
                                         created_at)
         SELECT organization_id, ",
    );
    query.push_bind(head - count).push(" + ROW_NUMBER() OVER (ORDER BY id), ").push(RANDOM_ID).push(", ");
    query.push_bind(ChangeKind::Removed.as_str()).push(", id, account_id, connection_id, ").push_bind(to_ms(now));
    query.push(" FROM transactions WHERE connection_id IN (SELECT id FROM connections WHERE entity_id = ");
    query.push_bind(entity).push(")");
    query.build().execute(&mut **tx).await.map(|_| ()).map_err(failed("tell of removals"))
}

/// Takes the stream's row for this transaction and moves its head by `count`; returns
/// the new head.
async fn advance(tx: &mut Tx, organization: OrganizationId, count: i64) -> Result<i64, StoreError> {
    sqlx::query_scalar::<_, i64>(
        "INSERT INTO streams (organization_id, head) VALUES ($1, $2)
         ON CONFLICT (organization_id) DO UPDATE SET head = streams.head + excluded.head RETURNING head",
    )
    .bind(organization.0)
    .bind(count)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("move a stream's head"))
}

struct ChangeRow {
    position: i64,
    id: Uuid,
    kind: String,
    transaction_id: Uuid,
    created_at: i64,
    transaction: Option<TransactionRow>,
}

impl<'r> FromRow<'r, DbRow> for ChangeRow {
    fn from_row(row: &'r DbRow) -> Result<Self, sqlx::Error> {
        let is_there = row.try_get::<Option<Uuid>, _>("id")?.is_some();
        Ok(Self {
            position: row.try_get("event_position")?,
            id: row.try_get("event_id")?,
            kind: row.try_get("event_type")?,
            transaction_id: row.try_get("event_of")?,
            created_at: row.try_get("event_at")?,
            transaction: is_there.then(|| TransactionRow::from_row(row)).transpose()?,
        })
    }
}

impl ChangeRow {
    fn read(self) -> Result<Change, StoreError> {
        let kind: ChangeKind = from_word(&self.kind, "change's kind")?;
        let transaction = self.transaction.filter(|_| kind != ChangeKind::Removed);
        Ok(Change {
            id: self.id,
            at: from_ms(self.created_at)?,
            kind: if transaction.is_some() { kind } else { ChangeKind::Removed },
            transaction_id: TransactionId(self.transaction_id),
            transaction: transaction.map(TransactionRow::read).transpose()?,
        })
    }
}

impl SqlStore {
    /// A stream's head and the last position that was pruned.
    async fn extent(&self, organization: OrganizationId) -> Result<(i64, i64), StoreError> {
        let extent = sqlx::query_as("SELECT head, pruned_through FROM streams WHERE organization_id = $1");
        let extent = extent.bind(organization.0).fetch_optional(&self.read).await;
        Ok(extent.map_err(failed("read a stream's extent"))?.unwrap_or((0, 0)))
    }
}

#[async_trait]
impl Stream for SqlStore {
    async fn head(&self, organization: OrganizationId) -> Result<i64, StoreError> {
        Ok(self.extent(organization).await?.0)
    }

    async fn changes(
        &self,
        organization: OrganizationId,
        filter: StreamFilter,
        after: i64,
        limit: u32,
    ) -> Result<Changes, Refused> {
        // The head first: all events up to it are there from now on, also those that
        // the filter leaves out, so the next read may begin there.
        let (head, _) = self.extent(organization).await?;
        let mut query = QueryBuilder::<Db>::new(
            "SELECT e.position AS event_position, e.id AS event_id, e.type AS event_type, e.transaction_id AS event_of,
                    e.created_at AS event_at,
                    t.id, t.connection_id, t.account_id, t.status, t.posted_date, t.sort_date, t.amount,
                    t.currency, t.entry_type, t.description, t.raw_description, t.rail, t.bank_reference,
                    t.customer_reference, t.bai_code, t.category, t.subcategory, t.mcc, t.merchant_name,
                    t.counterparty_name, t.counterparty_account_masked, t.updated_at
             FROM transaction_events e LEFT JOIN transactions t ON t.id = e.transaction_id
             WHERE e.organization_id = ",
        );
        query.push_bind(organization.0);
        query.push(" AND e.position > ").push_bind(after).push(" AND e.position <= ").push_bind(head);
        if let Some(account) = filter.account_id {
            query.push(" AND e.account_id = ").push_bind(account.0);
        }
        if let Some(connection) = filter.connection_id {
            query.push(" AND e.connection_id = ").push_bind(connection.0);
        }
        query.push(" ORDER BY e.position LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build_query_as::<ChangeRow>().fetch_all(&self.read).await;
        let mut rows = rows.map_err(failed("read a stream"))?;
        // Pruning may have happened at any time until the events were read, so only now.
        let (_, pruned_through) = self.extent(organization).await?;
        if after < pruned_through || after > head {
            return Err(Refused::PositionGone);
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let position = match rows.last() {
            Some(last) if has_more => last.position,
            None if has_more => after,
            _ => head,
        };
        let events = rows.into_iter().map(ChangeRow::read).collect::<Result<_, _>>()?;
        Ok(Changes { events, position, has_more })
    }

    async fn prune_stream(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        // The oldest event of a stream stands right behind what was pruned.
        let old = sqlx::query_scalar::<_, Uuid>(
            "SELECT s.organization_id FROM streams s JOIN transaction_events e
                ON e.organization_id = s.organization_id AND e.position = s.pruned_through + 1
             WHERE e.created_at < $1 LIMIT 1",
        )
        .bind(to_ms(before))
        .fetch_optional(&self.read)
        .await
        .map_err(failed("look for old events"))?;
        let Some(organization) = old else { return Ok(0) };
        let mut tx = self.begin().await?;
        let pruned_through = sqlx::query_scalar::<_, i64>(
            "UPDATE streams SET head = head WHERE organization_id = $1 RETURNING pruned_through",
        )
        .bind(organization)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("take a stream"))?;
        let Some(pruned_through) = pruned_through else { return Ok(0) };
        let oldest = sqlx::query_as::<_, (i64, i64)>(
            "SELECT position, created_at FROM transaction_events
             WHERE organization_id = $1 AND position > $2 ORDER BY position LIMIT $3",
        )
        .bind(organization)
        .bind(pruned_through)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await
        .map_err(failed("read old events"))?;
        let old = oldest.iter().take_while(|(_, created_at)| *created_at < to_ms(before));
        let Some((through, _)) = old.last().copied() else { return Ok(0) };
        let deleted = sqlx::query("DELETE FROM transaction_events WHERE organization_id = $1 AND position <= $2")
            .bind(organization)
            .bind(through)
            .execute(&mut *tx)
            .await
            .map_err(failed("prune a stream"))?
            .rows_affected();
        sqlx::query("UPDATE streams SET pruned_through = $2 WHERE organization_id = $1")
            .bind(organization)
            .bind(through)
            .execute(&mut *tx)
            .await
            .map_err(failed("mark a stream as pruned"))?;
        commit(tx).await?;
        Ok(deleted)
    }
}
