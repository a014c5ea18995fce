//! A statement file is taken back: what it alone put into the ledger goes, and what others
//! have read too becomes what they say, as if the file had never been.
//!
//! ```text
//! added by the file, read by nobody since ──▶ removed      changed by it ──▶ what it was,
//! added by the file, read since ──▶ what was read since                      and read since
//! ```
//!
//! Which rows of later readings are which transactions is known as it was found then: by the
//! matches that were noted, and otherwise by the tiers that judge nothing.
//!
//! Not here: what later readings would have made of a ledger without the file. A row that is
//! new, since what it could have been was taken by the file, stays new; the next readings
//! settle what is there twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::audit::Action;
use domain::completeness::Checked;
use domain::event::ChangeKind;
use domain::id::{AccountId, TransactionId};
use domain::ledger::references::ReferenceRecord;
use domain::ledger::{
    Coverage, Decisions, Entry, Grounds, Presence, Reading, RemovalCause, Rule, Standing, merged, settle,
};
use domain::observation::Source;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::audit::commit_act;
use super::entries::{Cause, Kept, Origin, Owner, bar, gone, near, remove, rewrite_removed, write};
use super::identity::institution_of;
use super::imports::{ImportRow, Touch, import_columns, keep_touches};
use super::ledger::{covered, differences, tell};
use super::observations;
use super::stream::NewChange;
use super::{SqlStore, Tx, balances, completeness, decisions, failed, from_json, from_ms, references, to_ms};
use crate::store::{Act, Keeping, Observation, Refused, StoreError, TakenBack};

pub(super) async fn take_back(
    store: &SqlStore,
    id: Uuid,
    keeping: Keeping,
    now: Timestamp,
) -> Result<TakenBack, Refused> {
    let mut tx = store.begin().await?;
    let account = sqlx::query_scalar::<_, Uuid>("SELECT account_id FROM imports WHERE id = $1").bind(id);
    let account = account.fetch_optional(&mut *tx).await.map_err(failed("look for an import"))?;
    let owner = decisions::take_account(&mut tx, AccountId(account.ok_or(Refused::NotFound)?)).await?;
    let row = sqlx::query_as::<_, ImportRow>(concat!(
        "UPDATE imports SET taken_back_at = $2, account_number = NULL WHERE id = $1 AND taken_back_at IS NULL RETURNING ",
        import_columns!()
    ));
    let row = row.bind(id).bind(to_ms(now)).fetch_optional(&mut *tx).await.map_err(failed("take an import back"))?;
    let row = row.ok_or(Refused::TakenBackBefore)?;
    observations::one(&mut tx, id).await?.ok_or(Refused::ReadingGone)?;
    let entries = near(&mut tx, owner.account_id, Some(Date::MIN), Date::MIN).await?;
    let touches = touches_of(&mut tx, id).await?;
    let in_force = decisions::in_force(&mut tx, owner.account_id).await?;
    let mut taking = TakingBack { tx: &mut tx, owner, id, now, entries, touches, in_force, changes: Vec::new() };
    taking.refuse_if_decided(from_ms(row.imported_at)?).await?;
    let days = balances::forget(taking.tx, owner, id).await?;
    let sightings = taking.later(&days).await?;
    taking.take_back(sightings).await?;
    taking.forget().await?;
    let changes = taking.changes;
    let institution = institution_of(&mut tx, owner.account_id).await?.unwrap_or_default();
    let measured = (row.references_kept, row.references_broken);
    references::subtract(&mut tx, &institution, Source::File, measured, row.imported_at).await?;
    if !changes.is_empty() || !days.is_empty() {
        completeness::drop_anchor(&mut tx, owner.account_id).await?;
        balances::derive(&mut tx, owner, now).await?;
    }
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
    let taken_back =
        TakenBack { import: row.read()?, removed: count(ChangeKind::Removed), modified: count(ChangeKind::Modified) };
    if keeping == Keeping::Everything {
        tell(&mut tx, owner, &changes, now).await?;
        let act = Act::new(Action::ImportTakenBack).of(owner.organization_id).on(owner.connection_id).to(id);
        commit_act(tx, act, now).await?;
    }
    Ok(taken_back)
}

/// What an import did to transactions that were known.
async fn touches_of(tx: &mut Tx, import: Uuid) -> Result<BTreeMap<TransactionId, Touch>, StoreError> {
    let rows =
        sqlx::query_as::<_, (Uuid, String)>("SELECT transaction_id, change FROM import_changes WHERE import_id = $1");
    let rows = rows.bind(import).fetch_all(&mut **tx).await.map_err(failed("read what an import changed"))?;
    let read = |(id, text): (Uuid, String)| Ok((TransactionId(id), from_json(&text, "import's change")?));
    rows.into_iter().map(read).collect()
}

/// What an import did to one transaction that was known; nothing, if nothing is noted.
async fn touch_of(tx: &mut Tx, import: Uuid, id: TransactionId) -> Result<Touch, StoreError> {
    let text = sqlx::query_scalar::<_, String>(
        "SELECT change FROM import_changes WHERE import_id = $1 AND transaction_id = $2",
    );
    let text = text.bind(import).bind(id.0).fetch_optional(&mut **tx).await;
    let text = text.map_err(failed("read what an import changed"))?;
    text.map_or(Ok(Touch::default()), |text| from_json(&text, "import's change"))
}

/// A row of a reading that came after the file.
struct Seen {
    place: Origin,
    row: ObservedTransaction,
    source: Source,
    today: Date,
    at: Timestamp,
    /// Whether the reading is a file, too, that a person handed in.
    is_import: bool,
}

impl Seen {
    fn new(observation: &Observation, row: usize, shown: &ObservedTransaction) -> Self {
        Self {
            place: Origin { observation_id: observation.id, row: i64::try_from(row).unwrap_or(i64::MAX) },
            row: shown.clone(),
            source: observation.source,
            today: observation.today,
            at: observation.observed_at,
            is_import: observation.run_id.is_none(),
        }
    }
}

/// What later readings show of the transactions that the file brought or changed, oldest
/// first.
type Sightings = HashMap<TransactionId, Vec<Seen>>;

/// A file on its way out of the ledger.
struct TakingBack<'t> {
    tx: &'t mut Tx,
    owner: Owner,
    id: Uuid,
    now: Timestamp,
    /// All that is in the ledger, and what was in it and may come back.
    entries: Vec<Kept>,
    touches: BTreeMap<TransactionId, Touch>,
    in_force: Decisions,
    changes: Vec<NewChange>,
}

impl TakingBack<'_> {
    fn is_from_it(&self, kept: &Kept) -> bool {
        kept.origin.is_some_and(|origin| origin.observation_id == self.id)
    }

    fn concerns(&self, kept: &Kept) -> bool {
        self.is_from_it(kept) || self.touches.contains_key(&kept.entry.id)
    }

    /// A decision that was made since may rest on what the file brought.
    async fn refuse_if_decided(&mut self, imported_at: Timestamp) -> Result<(), Refused> {
        for decision in decisions::list(self.tx, Some(self.owner.account_id), None).await? {
            if decision.undone_at.is_some() || decision.created_at < imported_at {
                continue;
            }
            for id in [decision.transaction_id, decision.other_id] {
                let known = self.entries.iter().find(|kept| kept.entry.id == id).cloned();
                let kept = match known {
                    Some(kept) => Some(kept),
                    None => gone(self.tx, self.owner.account_id, id).await?,
                };
                if kept.is_some_and(|kept| self.concerns(&kept)) {
                    return Err(Refused::DecidedSince(decision.id));
                }
            }
        }
        Ok(())
    }

    /// What the readings since then show of it. Their balances stand in for the file's on
    /// the days that it had told of.
    async fn later(&mut self, days: &BTreeSet<Date>) -> Result<Sightings, StoreError> {
        let ids =
            sqlx::query_scalar::<_, Uuid>("SELECT id FROM observations WHERE account_id = $1 AND id > $2 ORDER BY id");
        let ids = ids.bind(self.owner.account_id.0).bind(self.id).fetch_all(&mut **self.tx).await;
        let mut sightings = Sightings::new();
        let concerned = self.entries.iter().filter(|kept| self.concerns(kept)).map(|kept| kept.entry.id);
        let concerned: HashSet<TransactionId> = concerned.collect();
        for id in ids.map_err(failed("list readings"))? {
            let Some(observation) = observations::one(self.tx, id).await? else { continue };
            let account = &observation.account;
            if !days.is_empty() {
                let coverage = covered(account, &Checked::new(account));
                let from = coverage.posted.map(|(first, _)| first);
                let read = balances::Read { observation_id: id, from, at: observation.observed_at };
                balances::show(self.tx, self.owner, account, read, Some(days)).await?;
            }
            if concerned.is_empty() {
                continue;
            }
            let noted = self.noted(id).await?;
            for (row, id) in self.shown(&observation, &noted) {
                let Some(shown) = observation.account.transactions.get(row) else { continue };
                if concerned.contains(&id) {
                    sightings.entry(id).or_default().push(Seen::new(&observation, row, shown));
                }
            }
        }
        Ok(sightings)
    }

    /// Which rows of a reading were taken for which transactions by a tier that judges.
    async fn noted(&mut self, observation: Uuid) -> Result<HashMap<usize, TransactionId>, StoreError> {
        let rows = sqlx::query_as::<_, (Uuid, i64, String)>(
            "SELECT transaction_id, observation_row, grounds FROM transaction_matches
             WHERE account_id = $1 AND observation_id = $2",
        );
        let rows = rows.bind(self.owner.account_id.0).bind(observation).fetch_all(&mut **self.tx).await;
        let mut noted = HashMap::new();
        for (id, row, grounds) in rows.map_err(failed("read why rows were matched"))? {
            let grounds: Grounds = from_json(&grounds, "match's grounds")?;
            if !matches!(grounds.rule, Rule::KeptApart | Rule::BecameAnother) {
                noted.insert(usize::try_from(row).unwrap_or(usize::MAX), TransactionId(id));
            }
        }
        Ok(noted)
    }

    /// Which row of a reading is which transaction, as far as that is sure.
    fn shown(&self, observation: &Observation, noted: &HashMap<usize, TransactionId>) -> Vec<(usize, TransactionId)> {
        let rows = observation.account.transactions.iter().enumerate();
        let free = rows.filter(|(row, _)| !noted.contains_key(row));
        let (free, free_rows): (Vec<usize>, Vec<ObservedTransaction>) =
            free.map(|(position, row)| (position, row.clone())).unzip();
        let taken: HashSet<TransactionId> = noted.values().copied().collect();
        let entries = self.entries.iter().map(|kept| &kept.entry).filter(|entry| !taken.contains(&entry.id));
        let entries: Vec<Entry> = entries.cloned().collect();
        let reading = Reading {
            rows: &free_rows,
            source: observation.source,
            coverage: Coverage::NOTHING,
            today: observation.today,
            references: ReferenceRecord::default(),
            decisions: &self.in_force,
        };
        let mut found: Vec<(usize, TransactionId)> = noted.iter().map(|(row, id)| (*row, *id)).collect();
        for (row, standing) in free.into_iter().zip(settle(&entries, &reading).rows) {
            let Standing::Known { entry, grounds } = standing else { continue };
            let is_sure = matches!(grounds.rule, Rule::Content | Rule::Reference | Rule::Decision);
            found.extend(entries.get(entry).filter(|_| is_sure).map(|entry| (row, entry.id)));
        }
        found
    }

    async fn take_back(&mut self, mut sightings: Sightings) -> Result<(), StoreError> {
        let concerned: Vec<Kept> = self.entries.iter().filter(|kept| self.concerns(kept)).cloned().collect();
        let (mut alone, mut barred, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for now in concerned {
            let seen = sightings.remove(&now.entry.id).unwrap_or_default();
            let is_live = now.entry.presence == Presence::Live;
            let then = match (self.is_from_it(&now), seen.is_empty()) {
                (true, true) if is_live => {
                    alone.push(now);
                    continue;
                }
                (true, true) => {
                    barred.push(now.entry.id);
                    continue;
                }
                (true, false) => self.read_anew(&now, &seen).await?,
                (false, _) => match self.without_it(&now, &seen).await? {
                    Some(then) => then,
                    None => continue,
                },
            };
            let changed = differences(&now.entry.row, &then.entry.row);
            let is_modified = changed.keys().any(|field| field != "transactionDate");
            kept.push((then, is_modified));
        }
        for (then, is_modified) in &mut kept {
            let is_live = then.entry.presence == Presence::Live;
            if !is_live {
                rewrite_removed(self.tx, then).await?;
            } else if *is_modified {
                then.updated_at = self.now;
                self.changes.push(self.owner.change(ChangeKind::Modified, then.entry.id));
            }
        }
        let live = kept.iter().map(|(kept, _)| kept).filter(|kept| kept.entry.presence == Presence::Live);
        write(self.tx, self.owner, &live.collect::<Vec<_>>()).await?;
        self.changes.extend(alone.iter().map(|kept| self.owner.change(ChangeKind::Removed, kept.entry.id)));
        remove(self.tx, self.owner, &alone.iter().collect::<Vec<_>>(), Cause::TakenBack, self.now).await?;
        bar(self.tx, &barred).await
    }

    /// A transaction that the file brought and others have read since: it is theirs.
    async fn read_anew(&mut self, now: &Kept, seen: &[Seen]) -> Result<Kept, StoreError> {
        let Some((first, rest)) = seen.split_first() else { return Ok(now.clone()) };
        let new = Kept::new(first.row.clone(), first.source, first.today, first.place, first.at);
        let entry = Entry {
            id: now.entry.id,
            absences: now.entry.absences,
            presence: now.entry.presence,
            row: ObservedTransaction { running_balance: None, ..new.entry.row.clone() },
            ..new.entry.clone()
        };
        let mut then = Kept { entry, created_at: now.created_at, updated_at: now.updated_at, ..new };
        // Nothing was taken for it any more: it is what it came from.
        sqlx::query(
            "DELETE FROM transaction_matches WHERE transaction_id = $1 AND observation_id = $2 AND observation_row = $3",
        )
        .bind(now.entry.id.0)
        .bind(first.place.observation_id)
        .bind(first.place.row)
        .execute(&mut **self.tx)
        .await
        .map_err(failed("forget why a row was matched"))?;
        if first.is_import {
            self.keep_touch(first.place.observation_id, now.entry.id, Touch::default()).await?;
        }
        for seen in rest {
            let before = then.clone();
            read_on(&mut then, seen);
            if seen.is_import {
                let touch = Touch::between(&before, &then);
                self.keep_touch(seen.place.observation_id, now.entry.id, touch).await?;
            }
        }
        Ok(then)
    }

    /// A transaction that the file changed: what it was before, with what was read since. None
    /// if it goes again, as it had been removed before and nobody has read it since.
    async fn without_it(&mut self, now: &Kept, seen: &[Seen]) -> Result<Option<Kept>, StoreError> {
        let id = now.entry.id;
        let Some(touch) = self.touches.get(&id).cloned() else { return Ok(Some(now.clone())) };
        let mut then = now.clone();
        let entry = &mut then.entry;
        entry.row = decisions::before(&now.entry.row, &touch.changed)?;
        entry.alias = touch.alias.without(&now.entry.alias);
        let source = touch.reference_source.without(&Some(now.entry.reference_source));
        entry.reference_source = source.unwrap_or(now.entry.reference_source);
        if seen.is_empty() {
            entry.absences = touch.absences.without(&now.entry.absences);
        }
        let booked = touch.booked_seen_at.without(&now.booked_seen_at.map(to_ms));
        then.booked_seen_at = booked.map(from_ms).transpose()?;
        if let (Some((cause, at)), true, Presence::Live) = (touch.gone, seen.is_empty(), now.entry.presence) {
            let cause = if cause == RemovalCause::BecameAnother { Cause::BecameAnother } else { Cause::Absent };
            remove(self.tx, self.owner, &[&then], cause, from_ms(at)?).await?;
            self.changes.push(self.owner.change(ChangeKind::Removed, id));
            return Ok(None);
        }
        let mut gone = touch.gone;
        for seen in seen {
            let before = then.clone();
            read_on(&mut then, seen);
            if seen.is_import {
                let did = touch_of(self.tx, seen.place.observation_id, id).await?;
                // The first that has read it since has brought it back.
                let does = Touch { gone: gone.take(), ..Touch::between(&before, &then) };
                self.keep_touch(seen.place.observation_id, id, did.after(&touch, does)).await?;
            }
            gone = None;
        }
        Ok(Some(then))
    }

    async fn keep_touch(&mut self, import: Uuid, id: TransactionId, touch: Touch) -> Result<(), StoreError> {
        if !touch.is_nothing() {
            return keep_touches(self.tx, import, &[(id, touch)]).await;
        }
        sqlx::query("DELETE FROM import_changes WHERE import_id = $1 AND transaction_id = $2")
            .bind(import)
            .bind(id.0)
            .execute(&mut **self.tx)
            .await
            .map(|_| ())
            .map_err(failed("forget what an import changed"))
    }

    /// Forgets the reading, and what was noted of it.
    async fn forget(&mut self) -> Result<(), StoreError> {
        let account = self.owner.account_id;
        for sql in [
            "DELETE FROM transaction_matches WHERE account_id = $1 AND observation_id = $2",
            "DELETE FROM observations WHERE account_id = $1 AND id = $2",
            "DELETE FROM import_changes WHERE import_id = (SELECT id FROM imports WHERE account_id = $1 AND id = $2)",
        ] {
            let forgotten = sqlx::query(sql).bind(account.0).bind(self.id).execute(&mut **self.tx).await;
            forgotten.map_err(failed("forget an import's reading"))?;
        }
        observations::forget_unused(self.tx, account).await
    }
}

/// Reads a transaction once more.
fn read_on(kept: &mut Kept, seen: &Seen) {
    let now = merged(&kept.entry, &seen.row, seen.source);
    if now.row.status != TransactionStatus::Pending && kept.booked_seen_at.is_none() {
        kept.booked_seen_at = Some(seen.at);
    }
    let row = ObservedTransaction { running_balance: None, ..now.row };
    kept.entry = Entry { row, alias: now.alias, reference_source: now.reference_source, ..kept.entry.clone() };
}
