//! The audit trail in SQL.
//!
//! Whoever adds an entry takes the head forward under its row's lock and then commits: positions
//! become visible in their order and without gaps, and many coordinators make one chain. As the row is
//! the last that is locked, it is part of no deadlock.
//!
//! Not here: what is written down; each change says that for itself.

use async_trait::async_trait;
use domain::audit::{AuditEntry, KeptActor};
use jiff::Timestamp;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::{SqlStore, Tx, commit, failed, from_ms, to_json, to_ms};
use crate::store::{Act, Audit, AuditFilter, AuditHead, HashedEntry, StoreError, actor, audit_hash};

#[derive(FromRow)]
struct EntryRow {
    position: i64,
    at: i64,
    actor_kind: String,
    actor_id: Option<String>,
    actor_name: Option<String>,
    action: String,
    organization_id: Option<Uuid>,
    connection_id: Option<Uuid>,
    subject: Option<String>,
    detail: String,
    previous_hash: String,
    hash: String,
}

/// The columns of an entry.
macro_rules! columns {
    () => {
        "position, at, actor_kind, actor_id, actor_name, action, organization_id, connection_id, subject, detail,
         previous_hash, hash"
    };
}

impl EntryRow {
    /// The entry as it stands there: one that was altered is shown, and doesn't have its hash any more.
    fn read(self) -> HashedEntry {
        let entry = AuditEntry {
            position: self.position,
            // What is no moment is another one than was hashed.
            at: from_ms(self.at).unwrap_or(Timestamp::MIN),
            actor: KeptActor { kind: self.actor_kind, id: self.actor_id, name: self.actor_name },
            action: self.action,
            organization_id: self.organization_id,
            connection_id: self.connection_id,
            subject: self.subject,
            detail: self.detail,
            previous_hash: self.previous_hash,
        };
        HashedEntry { entry, hash: self.hash }
    }
}

/// Commits what was done and the entry that says so.
pub(super) async fn commit_act(mut tx: Tx, act: Act, now: Timestamp) -> Result<(), StoreError> {
    write(&mut tx, vec![act], now).await?;
    commit(tx).await
}

/// Writes acts down, in their order. Nothing but the commit may follow: the head stays locked until then.
pub(super) async fn write(tx: &mut Tx, acts: Vec<Act>, now: Timestamp) -> Result<(), StoreError> {
    let Some(last) = i64::try_from(acts.len()).ok().filter(|count| *count > 0) else { return Ok(()) };
    let taken = sqlx::query_as::<_, (i64, String)>(
        "UPDATE audit_head SET position = position + $1 WHERE only_row = 1 RETURNING position, hash",
    );
    let (end, mut previous_hash) =
        taken.bind(last).fetch_one(&mut **tx).await.map_err(failed("take the audit trail's head"))?;
    let by = actor();
    for (position, act) in (end - last + 1..).zip(acts) {
        let entry = AuditEntry {
            position,
            // As exactly as it is kept, since it is hashed.
            at: from_ms(to_ms(now))?,
            actor: by.clone().into(),
            action: act.action.to_string(),
            organization_id: act.organization,
            connection_id: act.connection,
            subject: act.subject,
            detail: to_json(&act.detail, "detail of the audit trail")?,
            previous_hash,
        };
        previous_hash = audit_hash(&entry);
        insert(tx, &entry, &previous_hash).await?;
    }
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE only_row = 1")
        .bind(previous_hash)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("move the audit trail's head"))
}

async fn insert(tx: &mut Tx, entry: &AuditEntry, hash: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_entries (position, at, actor_kind, actor_id, actor_name, action, organization_id,
                                    connection_id, subject, detail, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(entry.position)
    .bind(to_ms(entry.at))
    .bind(entry.actor.kind.clone())
    .bind(entry.actor.id.clone())
    .bind(entry.actor.name.clone())
    .bind(entry.action.clone())
    .bind(entry.organization_id)
    .bind(entry.connection_id)
    .bind(entry.subject.clone())
    .bind(entry.detail.clone())
    .bind(entry.previous_hash.clone())
    .bind(hash.to_owned())
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("write into the audit trail"))
}

#[async_trait]
impl Audit for SqlStore {
    async fn note_act(&self, act: Act, now: Timestamp) -> Result<(), StoreError> {
        commit_act(self.begin().await?, act, now).await
    }

    async fn audit_entries(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HashedEntry>, StoreError> {
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", columns!(), " FROM audit_entries WHERE position < "));
        query.push_bind(before.unwrap_or(i64::MAX));
        if let Some(organizations) = &filter.organizations {
            query.push(" AND organization_id IN (");
            let mut ids = query.separated(", ");
            for id in organizations {
                ids.push_bind(id.0);
            }
            // An empty list has nothing in it.
            ids.push_unseparated(if organizations.is_empty() { "NULL)" } else { ")" });
        }
        if let Some(connection) = filter.connection {
            query.push(" AND connection_id = ").push_bind(connection.0);
        }
        if let Some(actor) = filter.actor {
            query.push(" AND actor_id = ").push_bind(actor);
        }
        if let Some(action) = filter.action {
            query.push(" AND action = ").push_bind(action.as_str());
        }
        if let Some(since) = filter.since {
            query.push(" AND at >= ").push_bind(to_ms(since));
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build_query_as::<EntryRow>().fetch_all(&self.read).await;
        Ok(rows.map_err(failed("list the audit trail"))?.into_iter().map(EntryRow::read).collect())
    }

    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<HashedEntry>, StoreError> {
        let rows = sqlx::query_as::<_, EntryRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM audit_entries WHERE position > $1 ORDER BY position LIMIT $2"
        ));
        let rows = rows.bind(after).bind(i64::from(limit)).fetch_all(&self.read).await;
        Ok(rows.map_err(failed("read the audit trail"))?.into_iter().map(EntryRow::read).collect())
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let head = sqlx::query_as::<_, (i64, String)>("SELECT position, hash FROM audit_head WHERE only_row = 1");
        let (position, hash) = head.fetch_one(&self.read).await.map_err(failed("read the audit trail's head"))?;
        Ok(AuditHead { position, hash })
    }
}
