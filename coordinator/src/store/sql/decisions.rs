//! What operators decided of an account's transactions: carried out, kept, taken back.
//!
//! A decision takes the connection's row first, as a run does, so that none of them comes
//! in between.
//!
//! Not here: how a decision outranks the tiers; `domain::ledger` sees to that.

use domain::event::ChangeKind;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use domain::ledger::{DecisionKind, Decisions, Entry, Face, Presence, merged};
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::FromRow;
use uuid::Uuid;

use super::entries::{Cause, Kept, Origin, Owner, bring_back, gone, live, remove, write};
use super::matches::matches_of;
use super::stream::{self, NewChange};
use super::{SqlStore, Tx, balances, commit, completeness, failed, from_json, from_ms, from_word, to_json, to_ms};
use crate::store::{Decision, NewDecision, Refused, StoreError, Wish};

/// What a decision says of rows to come.
#[derive(Default, Serialize, Deserialize)]
struct Said {
    same: Vec<(TransactionId, Face)>,
    apart: Vec<(TransactionId, Face)>,
}

/// What takes a decision's effect back.
#[derive(Serialize, Deserialize)]
struct Undo {
    /// What was known of the transaction before, where the decision changed it.
    row: Option<ObservedTransaction>,
    alias: Option<String>,
}

/// What is in force for an account.
pub(super) async fn in_force(tx: &mut Tx, account: AccountId) -> Result<Decisions, StoreError> {
    let said = sqlx::query_scalar::<_, String>(
        "SELECT said FROM ledger_decisions WHERE account_id = $1 AND undone_at IS NULL ORDER BY id",
    );
    let said = said.bind(account.0).fetch_all(&mut **tx).await.map_err(failed("read decisions"))?;
    let mut decisions = Decisions::default();
    for said in said {
        let said: Said = from_json(&said, "decision")?;
        decisions.same.extend(said.same);
        decisions.apart.extend(said.apart);
    }
    Ok(decisions)
}

#[derive(FromRow)]
struct DecisionRow {
    id: Uuid,
    kind: String,
    account_id: Uuid,
    transaction_id: Uuid,
    other_id: Uuid,
    undo: String,
    reason: Option<String>,
    created_at: i64,
    undone_at: Option<i64>,
}

impl DecisionRow {
    fn read(self) -> Result<Decision, StoreError> {
        Ok(Decision {
            id: self.id,
            kind: from_word(&self.kind, "decision's kind")?,
            account_id: AccountId(self.account_id),
            transaction_id: TransactionId(self.transaction_id),
            other_id: TransactionId(self.other_id),
            reason: self.reason,
            created_at: from_ms(self.created_at)?,
            undone_at: self.undone_at.map(from_ms).transpose()?,
        })
    }
}

/// Decisions of one transaction, one account, or all, oldest first.
pub(super) async fn list(
    tx: &mut Tx,
    account: Option<AccountId>,
    transaction: Option<TransactionId>,
) -> Result<Vec<Decision>, StoreError> {
    let mut query = sqlx::QueryBuilder::new("SELECT * FROM ledger_decisions WHERE 1 = 1");
    if let Some(account) = account {
        query.push(" AND account_id = ").push_bind(account.0);
    }
    if let Some(transaction) = transaction {
        query.push(" AND (transaction_id = ").push_bind(transaction.0);
        query.push(" OR other_id = ").push_bind(transaction.0).push(")");
    }
    let rows = query.push(" ORDER BY id").build_query_as::<DecisionRow>().fetch_all(&mut **tx).await;
    rows.map_err(failed("list decisions"))?.into_iter().map(DecisionRow::read).collect()
}

/// Takes the connection of a transaction for this one; says whose the transaction is.
pub(super) async fn take_owner(tx: &mut Tx, id: TransactionId) -> Result<Owner, Refused> {
    let account = sqlx::query_scalar::<_, Uuid>(
        "SELECT account_id FROM transactions WHERE id = $1
         UNION ALL SELECT account_id FROM removed_transactions WHERE id = $1",
    );
    let account = account.bind(id.0).fetch_optional(&mut **tx).await.map_err(failed("look for a transaction"))?;
    take_account(tx, AccountId(account.ok_or(Refused::NotFound)?)).await
}

/// Takes the connection of an account for this transaction.
pub(super) async fn take_account(tx: &mut Tx, account: AccountId) -> Result<Owner, Refused> {
    let row = sqlx::query_as::<_, (Uuid, Uuid)>(
        "UPDATE connections SET updated_at = updated_at
         WHERE id = (SELECT connection_id FROM accounts WHERE id = $1) RETURNING organization_id, id",
    );
    let row = row.bind(account.0).fetch_optional(&mut **tx).await.map_err(failed("take an account's connection"))?;
    let (organization, connection) = row.ok_or(Refused::NotFound)?;
    Ok(Owner {
        organization_id: OrganizationId(organization),
        connection_id: ConnectionId(connection),
        account_id: account,
    })
}

/// Brings up to date what follows from changed bookings, and tells of them.
async fn settle(tx: &mut Tx, owner: Owner, changes: &[NewChange], now: Timestamp) -> Result<(), StoreError> {
    if !changes.is_empty() {
        completeness::drop_anchor(tx, owner.account_id).await?;
        balances::derive(tx, owner, now).await?;
    }
    stream::publish(tx, owner.organization_id, changes, now).await
}

/// A decision on its way.
struct Deciding<'t> {
    tx: &'t mut Tx,
    owner: Owner,
    now: Timestamp,
    changes: Vec<NewChange>,
}

/// What came of it.
struct Effect {
    other: TransactionId,
    said: Said,
    undo: Undo,
}

pub(super) async fn decide(store: &SqlStore, new: NewDecision, now: Timestamp) -> Result<Decision, Refused> {
    let mut tx = store.begin().await?;
    let transaction = new.wish.transaction();
    let owner = take_owner(&mut tx, transaction).await?;
    let mut deciding = Deciding { tx: &mut tx, owner, now, changes: Vec::new() };
    let (kind, effect) = match new.wish {
        Wish::Merge { other, .. } => (DecisionKind::Merge, deciding.merge(transaction, other).await?),
        Wish::KeepApart { other, .. } => (DecisionKind::KeepApart, deciding.keep_apart(transaction, other).await?),
        Wish::Split { by, new, .. } => (DecisionKind::Split, deciding.split(transaction, by, new).await?),
    };
    let changes = deciding.changes;
    let row = sqlx::query_as::<_, DecisionRow>(
        "INSERT INTO ledger_decisions (id, organization_id, account_id, kind, transaction_id, other_id, said, undo, reason,
                                       created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *",
    )
    .bind(new.id)
    .bind(owner.organization_id.0)
    .bind(owner.account_id.0)
    .bind(kind.as_str())
    .bind(transaction.0)
    .bind(effect.other.0)
    .bind(to_json(&effect.said, "decision")?)
    .bind(to_json(&effect.undo, "decision")?)
    .bind(new.reason)
    .bind(to_ms(now))
    .fetch_one(&mut *tx)
    .await
    .map_err(failed("keep a decision"))?;
    settle(&mut tx, owner, &changes, now).await?;
    commit(tx).await?;
    Ok(row.read()?)
}

pub(super) async fn undo(store: &SqlStore, id: Uuid, now: Timestamp) -> Result<Decision, Refused> {
    let mut tx = store.begin().await?;
    let account = sqlx::query_scalar::<_, Uuid>("SELECT account_id FROM ledger_decisions WHERE id = $1").bind(id);
    let account = account.fetch_optional(&mut *tx).await.map_err(failed("look for a decision"))?;
    let owner = take_account(&mut tx, AccountId(account.ok_or(Refused::NotFound)?)).await?;
    let row = sqlx::query_as::<_, DecisionRow>(
        "UPDATE ledger_decisions SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL RETURNING *",
    );
    let row = row.bind(id).bind(to_ms(now)).fetch_optional(&mut *tx).await.map_err(failed("undo a decision"))?;
    let row = row.ok_or(Refused::Undecidable("the decision was undone before"))?;
    let undo: Undo = from_json(&row.undo, "decision")?;
    let decision = row.read()?;
    let (transaction, other) = (decision.transaction_id, decision.other_id);
    let mut deciding = Deciding { tx: &mut tx, owner, now, changes: Vec::new() };
    match decision.kind {
        DecisionKind::KeepApart => {}
        DecisionKind::Merge => {
            deciding.restore(transaction, undo).await?;
            deciding.revive(other).await?;
        }
        DecisionKind::Split => {
            // What was split off is what the transaction is again.
            let split_off = live(deciding.tx, owner.account_id, other).await?;
            let undo = match &split_off {
                Some(kept) => Undo { row: Some(kept.entry.row.clone()), alias: kept.entry.alias.clone() },
                None => undo,
            };
            if let Some(kept) = split_off {
                deciding.remove(&kept, Cause::Undone).await?;
            }
            deciding.restore(transaction, undo).await?;
        }
    }
    let changes = deciding.changes;
    settle(&mut tx, owner, &changes, now).await?;
    commit(tx).await?;
    Ok(decision)
}

impl Deciding<'_> {
    async fn live(&mut self, id: TransactionId) -> Result<Kept, Refused> {
        let kept = live(self.tx, self.owner.account_id, id).await?;
        kept.ok_or(Refused::Undecidable("both have to be in the ledger of one account"))
    }

    async fn merge(&mut self, id: TransactionId, other: TransactionId) -> Result<Effect, Refused> {
        if id == other {
            return Err(Refused::Undecidable("it is one and the same transaction"));
        }
        let (mut kept, dropped) = (self.live(id).await?, self.live(other).await?);
        let undo = Undo { row: Some(kept.entry.row.clone()), alias: kept.entry.alias.clone() };
        let mut said = Said { same: vec![(id, Face::of(&dropped.entry.row))], apart: Vec::new() };
        // What was read last is what the bank shows now.
        if dropped.created_at > kept.created_at {
            let face = Face::of(&kept.entry.row);
            let now = merged(&kept.entry, &dropped.entry.row, dropped.entry.source);
            if Face::of(&now.row) != face {
                said.same.push((id, face));
            }
            if now.is_modified {
                self.change(&mut kept, now.row, now.alias).await?;
            }
        }
        self.remove(&dropped, Cause::Merged(id)).await?;
        Ok(Effect { other, said, undo })
    }

    async fn keep_apart(&mut self, id: TransactionId, other: TransactionId) -> Result<Effect, Refused> {
        if id == other {
            return Err(Refused::Undecidable("it is one and the same transaction"));
        }
        let (one, two) = (self.live(id).await?, self.live(other).await?);
        let (face, other_face) = (Face::of(&one.entry.row), Face::of(&two.entry.row));
        if face == other_face {
            return Err(Refused::Undecidable("they look the same, and are kept as many as the bank shows anyway"));
        }
        let apart = vec![(id, other_face), (other, face)];
        Ok(Effect { other, said: Said { same: Vec::new(), apart }, undo: Undo { row: None, alias: None } })
    }

    async fn split(&mut self, id: TransactionId, by: Option<Uuid>, new: TransactionId) -> Result<Effect, Refused> {
        let mut kept = self.live(id).await?;
        let matches = matches_of(self.tx, id).await?;
        // From the latest back to the one in question, what each of them changed is taken
        // back; every state from then on is the row's, and not the transaction's.
        let now = kept.entry.row.clone();
        let (mut row, mut faces, mut origin) = (now.clone(), Vec::new(), None);
        for one in matches.iter().rev().filter(|one| !one.is_kept_apart()) {
            faces.push((id, Face::of(&row)));
            row = before(&row, &one.changed)?;
            origin = Some(Origin { observation_id: one.observation_id, row: one.row });
            if by.is_none_or(|by| by == one.id) {
                break;
            }
            origin = None;
        }
        let origin = origin.ok_or(Refused::Undecidable("no row was taken for it that it wasn't before"))?;
        if Face::of(&row) == Face::of(&now) {
            return Err(Refused::Undecidable("what it was before looks the same"));
        }
        let is_booked = now.status != TransactionStatus::Pending;
        let split_off = Kept {
            entry: Entry { id: new, row: now.clone(), absences: 0, presence: Presence::Live, ..kept.entry.clone() },
            created_at: self.now,
            updated_at: self.now,
            booked_seen_at: is_booked.then_some(kept.booked_seen_at).flatten(),
            origin: Some(origin),
        };
        let alias = kept.entry.alias.clone();
        let undo = Undo { row: Some(now), alias: alias.clone() };
        self.change(&mut kept, row, alias).await?;
        write(self.tx, self.owner, &[&split_off]).await?;
        self.changes.push(self.owner.change(ChangeKind::Added, new));
        Ok(Effect { other: new, said: Said { same: Vec::new(), apart: faces }, undo })
    }

    /// Gives a transaction other fields and tells of it.
    async fn change(
        &mut self,
        kept: &mut Kept,
        row: ObservedTransaction,
        alias: Option<String>,
    ) -> Result<(), StoreError> {
        kept.booked_seen_at = match row.status {
            TransactionStatus::Pending => None,
            _ => kept.booked_seen_at.or(Some(self.now)),
        };
        kept.entry = Entry { row, alias, absences: 0, ..kept.entry.clone() };
        kept.updated_at = self.now;
        write(self.tx, self.owner, &[kept]).await?;
        self.changes.push(self.owner.change(ChangeKind::Modified, kept.entry.id));
        Ok(())
    }

    /// Gives a transaction back what was known of it, if it is still there.
    async fn restore(&mut self, id: TransactionId, undo: Undo) -> Result<(), StoreError> {
        let kept = live(self.tx, self.owner.account_id, id).await?;
        if let (Some(mut kept), Some(row)) = (kept, undo.row)
            && kept.entry.row != row
        {
            self.change(&mut kept, row, undo.alias).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, kept: &Kept, cause: Cause) -> Result<(), StoreError> {
        remove(self.tx, self.owner, &[kept], cause, self.now).await?;
        self.changes.push(self.owner.change(ChangeKind::Removed, kept.entry.id));
        Ok(())
    }

    async fn revive(&mut self, id: TransactionId) -> Result<(), StoreError> {
        let Some(mut kept) = gone(self.tx, self.owner.account_id, id).await? else { return Ok(()) };
        bring_back(self.tx, &[id]).await?;
        kept.updated_at = self.now;
        write(self.tx, self.owner, &[&kept]).await?;
        self.changes.push(self.owner.change(ChangeKind::Added, id));
        Ok(())
    }
}

/// A row as it was before these fields became what they are.
fn before(row: &ObservedTransaction, changed: &Map<String, Value>) -> Result<ObservedTransaction, StoreError> {
    let unreadable = |_| StoreError::Unreadable { what: "match's changes" };
    let mut fields = serde_json::to_value(row).map_err(unreadable)?;
    if let Value::Object(fields) = &mut fields {
        fields.extend(changed.clone());
    }
    serde_json::from_value(fields).map_err(unreadable)
}
