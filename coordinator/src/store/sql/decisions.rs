//! What operators decided of an account's transactions: carried out, kept, taken back.
//!
//! A decision takes the connection's row first, as a run does, so that none of them comes
//! in between.
//!
//! Not here: how a decision outranks the tiers; `domain::ledger` sees to that.

use std::collections::HashMap;

use domain::audit::Action;
use domain::event::ChangeKind;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use domain::ledger::{DecisionKind, Decisions, Entry, Face, Presence, merged};
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::commit_act;
use super::entries::{Cause, Kept, Origin, Owner, bring_back, gone, live, remove, write};
use super::ledger::tell;
use super::matches::matches_of;
use super::stream::NewChange;
use super::{SqlStore, Tx, balances, completeness, failed, from_json, from_ms, from_word, to_json, to_ms};
use crate::store::{Act, Decision, NewDecision, Refused, StoreError, Wish};

/// What a decision says of rows to come.
#[derive(Default, Serialize, Deserialize)]
struct Said {
    same: Vec<(TransactionId, Face)>,
    apart: Vec<(TransactionId, Face)>,
}

/// What takes a decision's effect back.
#[derive(Serialize, Deserialize)]
struct Undo {
    /// What was known of the transaction before, and what the decision made of it; none
    /// where it changed nothing.
    change: Option<Change>,
}

/// A change that a decision made.
#[derive(Serialize, Deserialize)]
struct Change {
    before: ObservedTransaction,
    after: ObservedTransaction,
    alias: Option<String>,
    /// When it had first been read as booked, in milliseconds.
    booked_seen_at: Option<i64>,
}

/// What is in force for an account. What was said of a transaction that was merged since is
/// said of the one that it was merged into.
pub(super) async fn in_force(tx: &mut Tx, account: AccountId) -> Result<Decisions, StoreError> {
    let said = sqlx::query_scalar::<_, String>(
        "SELECT said FROM ledger_decisions WHERE account_id = $1 AND undone_at IS NULL ORDER BY id",
    );
    let said = said.bind(account.0).fetch_all(&mut **tx).await.map_err(failed("read decisions"))?;
    let mut decisions = Decisions::default();
    if said.is_empty() {
        return Ok(decisions);
    }
    let merged = sqlx::query_as::<_, (Uuid, Uuid)>(
        "SELECT id, merged_into FROM removed_transactions WHERE account_id = $1 AND merged_into IS NOT NULL",
    );
    let merged = merged.bind(account.0).fetch_all(&mut **tx).await.map_err(failed("read what was merged"))?;
    let merged: HashMap<Uuid, Uuid> = merged.into_iter().collect();
    let now = |(id, face): (TransactionId, Face)| {
        let mut id = id.0;
        // Each step leads to one that was merged later, so there are no more than merges.
        for _ in 0..merged.len() {
            let Some(into) = merged.get(&id) else { break };
            id = *into;
        }
        (TransactionId(id), face)
    };
    for said in said {
        let said: Said = from_json(&said, "decision")?;
        decisions.same.extend(said.same.into_iter().map(now));
        decisions.apart.extend(said.apart.into_iter().map(now));
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

/// The columns of a decision.
macro_rules! columns {
    () => {
        "id, kind, account_id, transaction_id, other_id, undo, reason, created_at, undone_at"
    };
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
    let mut query = sqlx::QueryBuilder::new(concat!("SELECT ", columns!(), " FROM ledger_decisions WHERE 1 = 1"));
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
    tell(tx, owner, changes, now).await
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
        concat!(
            "INSERT INTO ledger_decisions (id, organization_id, account_id, kind, transaction_id, other_id, said, undo, reason,
                                           created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ",
            columns!()
        ),
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
    let act = Act::new(Action::LedgerDecided).of(owner.organization_id).on(owner.connection_id).to(new.id);
    commit_act(tx, act.with(json!({ "kind": kind, "transactionId": transaction })), now).await?;
    Ok(row.read()?)
}

pub(super) async fn undo(store: &SqlStore, id: Uuid, now: Timestamp) -> Result<Decision, Refused> {
    let mut tx = store.begin().await?;
    let account = sqlx::query_scalar::<_, Uuid>("SELECT account_id FROM ledger_decisions WHERE id = $1").bind(id);
    let account = account.fetch_optional(&mut *tx).await.map_err(failed("look for a decision"))?;
    let owner = take_account(&mut tx, AccountId(account.ok_or(Refused::NotFound)?)).await?;
    let row = sqlx::query_as::<_, DecisionRow>(concat!(
        "UPDATE ledger_decisions SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL RETURNING ",
        columns!()
    ));
    let row = row.bind(id).bind(to_ms(now)).fetch_optional(&mut *tx).await.map_err(failed("undo a decision"))?;
    let row = row.ok_or(Refused::Undecidable("the decision was undone before"))?;
    let undo: Undo = from_json(&row.undo, "decision")?;
    let decision = row.read()?;
    let (transaction, other) = (decision.transaction_id, decision.other_id);
    let later = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM ledger_decisions WHERE account_id = $1 AND undone_at IS NULL AND id > $2
             AND (transaction_id IN ($3, $4) OR other_id IN ($3, $4))",
    );
    let later = later.bind(owner.account_id.0).bind(id).bind(transaction.0).bind(other.0);
    if later.fetch_one(&mut *tx).await.map_err(failed("look for later decisions"))? > 0 {
        return Err(Refused::Undecidable("a later decision is about one of the two: undo that one first"));
    }
    let mut deciding = Deciding { tx: &mut tx, owner, now, changes: Vec::new() };
    match decision.kind {
        DecisionKind::KeepApart => {}
        DecisionKind::Merge => {
            deciding.restore(transaction, undo).await?;
            deciding.revive(other).await?;
        }
        DecisionKind::Split => deciding.unite(transaction, other).await?,
    }
    let changes = deciding.changes;
    settle(&mut tx, owner, &changes, now).await?;
    let act = Act::new(Action::LedgerUndone).of(owner.organization_id).on(owner.connection_id).to(id);
    commit_act(tx, act, now).await?;
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
        let (one, two) = (&kept.entry.row, &dropped.entry.row);
        let are_booked = [one, two].iter().all(|row| row.status != TransactionStatus::Pending);
        let amount = |row: &ObservedTransaction| row.amount.parse::<rust_decimal::Decimal>().ok();
        if one.currency != two.currency || (are_booked && amount(one) != amount(two)) {
            return Err(Refused::Undecidable("two bookings of different amounts or currencies are two"));
        }
        let mut said = Said { same: vec![(id, Face::of(&dropped.entry.row))], apart: Vec::new() };
        let mut undo = Undo { change: None };
        // What was read last is what the bank shows now.
        if dropped.created_at > kept.created_at {
            let face = Face::of(&kept.entry.row);
            let now = merged(&kept.entry, &dropped.entry.row, dropped.entry.source);
            if Face::of(&now.row) != face {
                said.same.push((id, face));
            }
            if now.is_modified {
                let change = Change {
                    before: kept.entry.row.clone(),
                    after: now.row.clone(),
                    alias: kept.entry.alias.clone(),
                    booked_seen_at: kept.booked_seen_at.map(to_ms),
                };
                undo.change = Some(change);
                // The balances that were read since then have it.
                let booked_seen_at = kept.booked_seen_at.into_iter().chain(dropped.booked_seen_at).min();
                self.change(&mut kept, now.row, now.alias, booked_seen_at).await?;
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
        Ok(Effect { other, said: Said { same: Vec::new(), apart }, undo: Undo { change: None } })
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
        self.change(&mut kept, row, alias, None).await?;
        write(self.tx, self.owner, &[&split_off]).await?;
        self.changes.push(self.owner.change(ChangeKind::Added, new));
        Ok(Effect { other: new, said: Said { same: Vec::new(), apart: faces }, undo: Undo { change: None } })
    }

    /// Gives a transaction other fields and tells of it.
    async fn change(
        &mut self,
        kept: &mut Kept,
        row: ObservedTransaction,
        alias: Option<String>,
        booked_seen_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        kept.booked_seen_at = match row.status {
            TransactionStatus::Pending => None,
            _ => booked_seen_at.or(kept.booked_seen_at).or(Some(self.now)),
        };
        kept.entry = Entry { row, alias, absences: 0, ..kept.entry.clone() };
        kept.updated_at = self.now;
        write(self.tx, self.owner, &[kept]).await?;
        self.changes.push(self.owner.change(ChangeKind::Modified, kept.entry.id));
        Ok(())
    }

    /// Gives a transaction back what a decision took from it, unless the bank has changed it
    /// since.
    async fn restore(&mut self, id: TransactionId, undo: Undo) -> Result<(), StoreError> {
        let (Some(change), Some(mut kept)) = (undo.change, live(self.tx, self.owner.account_id, id).await?) else {
            return Ok(());
        };
        if kept.entry.row == change.after {
            let booked_seen_at = change.booked_seen_at.map(from_ms).transpose()?;
            kept.booked_seen_at = None;
            self.change(&mut kept, change.before, change.alias, booked_seen_at).await?;
        }
        Ok(())
    }

    /// Makes one again of what was split: the transaction is what was split off, whatever has
    /// become of either.
    async fn unite(&mut self, id: TransactionId, split_off: TransactionId) -> Result<(), Refused> {
        let account = self.owner.account_id;
        let Some(other) = live(self.tx, account, split_off).await? else { return Ok(()) };
        let (row, alias, booked_seen_at) = (other.entry.row.clone(), other.entry.alias.clone(), other.booked_seen_at);
        if live(self.tx, account, id).await?.is_none() {
            self.revive(id).await?;
        }
        let lost = Refused::Undecidable("the transaction that it was split from isn't known any more");
        let mut kept = live(self.tx, account, id).await?.ok_or(lost)?;
        self.remove(&other, Cause::Undone).await?;
        Ok(self.change(&mut kept, row, alias, booked_seen_at).await?)
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
pub(super) fn before(
    row: &ObservedTransaction,
    changed: &Map<String, Value>,
) -> Result<ObservedTransaction, StoreError> {
    let unreadable = |_| StoreError::Unreadable { what: "match's changes" };
    let mut fields = serde_json::to_value(row).map_err(unreadable)?;
    if let Value::Object(fields) = &mut fields {
        fields.extend(changed.clone());
    }
    serde_json::from_value(fields).map_err(unreadable)
}
