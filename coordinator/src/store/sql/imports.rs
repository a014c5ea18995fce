//! Statement files that persons handed in: taken in, with what it takes to take them back,
//! and listed.
//!
//! Not here: how rows are matched (`ledger`), or taking back (`taking_back`).

use async_trait::async_trait;
use domain::account_match::AccountProof;
use domain::audit::Action;
use domain::id::{AccountId, TransactionId};
use domain::ledger::RemovalCause;
use domain::ledger::references::ReferenceRecord;
use domain::observation::Source;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::commit_act;
use super::entries::Kept;
use super::identity::institution_of;
use super::ledger::{Context, TakenIn, differences, take_in, tell};
use super::{
    ROWS_AT_ONCE, SqlStore, Tx, decisions, failed, from_ms, from_word, references, taking_back, to_json, to_ms,
};
use crate::store::{
    Act, Completed, Import, Imported, Imports, Keeping, NewImport, PageRequest, Refused, StoreError, TakenBack,
};

/// What a file did to a transaction that was known: what takes it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Touch {
    /// What was known before, by field; null where nothing was.
    pub(super) changed: Map<String, Value>,
    /// Its description in the other source.
    pub(super) alias: Was<Option<String>>,
    /// Where its reference was read.
    pub(super) reference_source: Was<Option<Source>>,
    /// When it was first read as booked, in milliseconds.
    pub(super) booked_seen_at: Was<Option<i64>>,
    /// How many readings in a row had proved it gone.
    pub(super) absences: Was<u32>,
    /// Why it had been removed, and when, if the file brought it back.
    pub(super) gone: Option<(RemovalCause, i64)>,
}

/// Something before a file was taken in, and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Was<T>(pub(super) T, pub(super) T);

impl<T: Clone + PartialEq> Was<T> {
    /// What it is without the file: what it was, unless it has changed since.
    pub(super) fn without(&self, now: &T) -> T {
        if *now == self.1 { self.0.clone() } else { now.clone() }
    }

    fn is_change(&self) -> bool {
        self.0 != self.1
    }
}

impl Touch {
    /// What became of what was known.
    pub(super) fn between(before: &Kept, after: &Kept) -> Self {
        let (was, is) = (&before.entry, &after.entry);
        let booked = |kept: &Kept| kept.booked_seen_at.map(to_ms);
        Self {
            changed: differences(&was.row, &is.row),
            alias: Was(was.alias.clone(), is.alias.clone()),
            reference_source: Was(Some(was.reference_source), Some(is.reference_source)),
            booked_seen_at: Was(booked(before), booked(after)),
            absences: Was(was.absences, is.absences),
            gone: None,
        }
    }

    /// What a file did that came after one that is taken back: of what that one had changed,
    /// what this one changes now; of the rest, what it did.
    pub(super) fn after(self, taken_back: &Self, now: Self) -> Self {
        fn either<T: Clone + PartialEq>(did: Was<T>, taken_back: &Was<T>, now: Was<T>) -> Was<T> {
            if taken_back.is_change() { now } else { did }
        }
        let mut changed = self.changed;
        changed.retain(|field, _| !taken_back.changed.contains_key(field));
        changed.extend(now.changed.into_iter().filter(|(field, _)| taken_back.changed.contains_key(field)));
        Self {
            changed,
            alias: either(self.alias, &taken_back.alias, now.alias),
            reference_source: either(self.reference_source, &taken_back.reference_source, now.reference_source),
            booked_seen_at: either(self.booked_seen_at, &taken_back.booked_seen_at, now.booked_seen_at),
            absences: self.absences,
            gone: self.gone.or(now.gone),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        let marks = self.alias.is_change() || self.reference_source.is_change() || self.booked_seen_at.is_change();
        self.changed.is_empty() && !marks && !self.absences.is_change() && self.gone.is_none()
    }
}

#[derive(FromRow)]
pub(super) struct ImportRow {
    id: Uuid,
    account_id: Uuid,
    format: String,
    proof: String,
    masked_number: Option<String>,
    covers_from: Option<String>,
    covers_to: Option<String>,
    row_count: i64,
    added: i64,
    modified: i64,
    removed: i64,
    pub(super) references_kept: i64,
    pub(super) references_broken: i64,
    pub(super) imported_at: i64,
    taken_back_at: Option<i64>,
}

/// The columns of an import.
macro_rules! import_columns {
    () => {
        "id, account_id, format, proof, masked_number, covers_from, covers_to, row_count, added, modified,
         removed, references_kept, references_broken, imported_at, taken_back_at"
    };
}
pub(super) use import_columns;

impl ImportRow {
    pub(super) fn read(self) -> Result<Import, StoreError> {
        let count = |count: i64| usize::try_from(count).unwrap_or_default();
        Ok(Import {
            id: self.id,
            account_id: AccountId(self.account_id),
            format: self.format,
            proof: from_word(&self.proof, "import's proof")?,
            masked_number: self.masked_number,
            covers: (day(self.covers_from.as_deref())?, day(self.covers_to.as_deref())?),
            completed: Completed {
                read: count(self.row_count),
                added: count(self.added),
                modified: count(self.modified),
                removed: count(self.removed),
                held: 0,
            },
            imported_at: from_ms(self.imported_at)?,
            taken_back_at: self.taken_back_at.map(from_ms).transpose()?,
        })
    }
}

fn day(text: Option<&str>) -> Result<Option<Date>, StoreError> {
    text.map(str::parse).transpose().map_err(|_| StoreError::Unreadable { what: "import's day" })
}

#[async_trait]
impl Imports for SqlStore {
    async fn import(
        &self,
        account: AccountId,
        new: NewImport<'_>,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<Imported, Refused> {
        let mut tx = self.begin().await?;
        let owner = decisions::take_account(&mut tx, account).await?;
        let institution = institution_of(&mut tx, account).await?.unwrap_or_default();
        let context = Context { institution_id: &institution, run_id: None, revision: None, today: new.today, now };
        let taken_in = take_in(&mut tx, owner, new.read, &context).await?;
        let completed = taken_in.completed(new.read.transactions.len());
        let measured = references::add(&mut tx, &institution, taken_in.source, taken_in.measured, now).await?;
        let id = match keeping {
            Keeping::Nothing => None,
            Keeping::Everything => {
                note(&mut tx, account, &new, (&taken_in, completed, measured), now).await?;
                tell(&mut tx, owner, &taken_in.changes, now).await?;
                let act = Act::new(Action::ImportTaken).of(owner.organization_id).on(owner.connection_id);
                let act = act.to(taken_in.observation_id).with(json!({ "accountId": account }));
                commit_act(tx, act, now).await?;
                Some(taken_in.observation_id)
            }
        };
        Ok(Imported { id, completed })
    }

    async fn imports(&self, account: AccountId, page: PageRequest) -> Result<Vec<Import>, Refused> {
        let mut tx = self.read.begin().await.map_err(failed("begin to read"))?;
        let known = sqlx::query_scalar::<_, Uuid>("SELECT id FROM accounts WHERE id = $1").bind(account.0);
        super::found(known.fetch_optional(&mut *tx).await, "look for an account")?;
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", import_columns!(), " FROM imports WHERE account_id = "));
        query.push_bind(account.0);
        if let Some(after) = page.after {
            query.push(" AND id < ").push_bind(after);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<ImportRow>().fetch_all(&mut *tx).await;
        let rows = rows.map_err(failed("list imports"))?;
        Ok(rows.into_iter().map(ImportRow::read).collect::<Result<_, _>>()?)
    }

    async fn take_back(&self, import: Uuid, keeping: Keeping, now: Timestamp) -> Result<TakenBack, Refused> {
        taking_back::take_back(self, import, keeping, now).await
    }
}

/// Notes what a file did.
async fn note(
    tx: &mut Tx,
    account: AccountId,
    new: &NewImport<'_>,
    (taken_in, completed, measured): (&TakenIn, Completed, ReferenceRecord),
    now: Timestamp,
) -> Result<(), StoreError> {
    let (window, count) = (new.read.window.as_ref(), |count: usize| i64::try_from(count).unwrap_or(i64::MAX));
    let measured = [measured.kept, measured.broken].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let vouched = new.read.account_number.clone().filter(|_| new.proof == AccountProof::Operator);
    sqlx::query(
        "INSERT INTO imports (id, account_id, format, proof, account_number, masked_number, covers_from, covers_to,
                              row_count, added, modified, removed, references_kept, references_broken, imported_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(taken_in.observation_id)
    .bind(account.0)
    .bind(new.format)
    .bind(new.proof.as_str())
    .bind(vouched)
    .bind(new.read.masked_number.clone())
    .bind(window.and_then(|window| window.from).map(|day| day.to_string()))
    .bind(window.and_then(|window| window.to).map(|day| day.to_string()))
    .bind(count(completed.read))
    .bind(count(completed.added))
    .bind(count(completed.modified))
    .bind(count(completed.removed))
    .bind(measured[0])
    .bind(measured[1])
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map_err(failed("note an import"))?;
    let touched: Vec<(TransactionId, Touch)> =
        taken_in.touched.iter().filter(|(_, touch)| !touch.is_nothing()).cloned().collect();
    keep_touches(tx, taken_in.observation_id, &touched).await
}

/// Keeps what a file did to transactions that were known, in place of what is kept of it.
pub(super) async fn keep_touches(
    tx: &mut Tx,
    import: Uuid,
    touched: &[(TransactionId, Touch)],
) -> Result<(), StoreError> {
    for touched in touched.chunks(ROWS_AT_ONCE) {
        let mut texts = Vec::with_capacity(touched.len());
        for (id, touch) in touched {
            texts.push((id.0, to_json(touch, "import's change")?));
        }
        let mut query = QueryBuilder::<Db>::new("INSERT INTO import_changes (import_id, transaction_id, change) ");
        query.push_values(texts, |mut place, (id, text)| {
            place.push_bind(import).push_bind(id).push_bind(text);
        });
        query.push(" ON CONFLICT (import_id, transaction_id) DO UPDATE SET change = excluded.change");
        query.build().execute(&mut **tx).await.map_err(failed("note what an import changed"))?;
    }
    Ok(())
}
