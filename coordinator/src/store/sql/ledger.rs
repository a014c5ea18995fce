//! What a run read becomes what is known: accounts, the ledger of each, and what of it is
//! to be told.
//!
//! Not here: which row is which (the domain matches them), how entries and readings are
//! kept (`entries`, `observations`), reading them (`records`), or the days' balances
//! (`balances`).

use std::collections::BTreeMap;

use domain::account::ObservedAccount;
use domain::completeness::{Checked, Grade};
use domain::event::{ChangeKind, EventType};
use domain::id::{AccountId, ConnectionId, OrganizationId, RunId, TransactionId};
use domain::ledger::references::ReferenceRecord;
use domain::ledger::{
    ABSENCES, Coverage, Entry, Gone, Grounds, Presence, Reading, Rule, Settlement, Standing, merged, settle,
};
use domain::observation::Source;
use domain::rollout::trial::Strayed;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::super::Db;
use super::entries::{Cause, Kept, Origin, Owner, add, bring_back, count_absences, near, removals, remove, write};
use super::held::HeldRun;
use super::imports::Touch;
use super::observations::{self, NewObservation};
use super::stream::{self, NewChange};
use super::{ROWS_AT_ONCE, Tx, accounts, balances, decisions, failed, references, to_json, to_ms, webhooks};
use crate::store::{Completed, HandedIn, StoreError};

/// Stores what a run read. The changes are still to be published.
pub(super) async fn store(
    tx: &mut Tx,
    run: &HeldRun,
    run_id: RunId,
    handed_in: HandedIn<'_>,
    now: Timestamp,
) -> Result<Stored, StoreError> {
    let (mut completed, mut changes, mut grades) = (Completed::default(), Vec::new(), Vec::new());
    let mut measured: BTreeMap<Source, ReferenceRecord> = BTreeMap::new();
    let mut strayed = Strayed::default();
    let kept = accounts::keep(tx, run, handed_in.accounts, now).await?;
    changes.extend(kept.changes);
    for (account, account_id) in handed_in.accounts.iter().zip(kept.ids) {
        let Some(account_id) = account_id.filter(|_| account.failure.is_none()) else { continue };
        let owner = accounts::owner(run, account_id);
        let context = Context {
            institution_id: &run.institution_id,
            run_id: Some(run_id),
            revision: handed_in.revision,
            today: handed_in.today,
            now,
        };
        let taken_in = take_in(tx, owner, account, &context).await?;
        let record = measured.entry(taken_in.source).or_default();
        *record = record.with(taken_in.measured);
        strayed += taken_in.strayed;
        completed += taken_in.completed(account.transactions.len());
        completed.held += taken_in.held;
        grades.extend(taken_in.grade.map(|grade| (account_id, grade)));
        changes.extend(taken_in.changes);
    }
    // The rows that all runs at one institution share, as late as can be.
    for (source, measured) in measured {
        references::add(tx, &run.institution_id, source, measured, now).await?;
    }
    Ok(Stored { completed, changes, grades, strayed })
}

/// What came of what a run read.
pub(super) struct Stored {
    pub(super) completed: Completed,
    /// Still to be published.
    pub(super) changes: Vec<NewChange>,
    /// How complete each account was found that could be read.
    pub(super) grades: Vec<(AccountId, Grade)>,
    /// What of the rows was settled and is no more as it was.
    pub(super) strayed: Strayed,
}

/// What a reading is taken in with.
pub(super) struct Context<'a> {
    pub(super) institution_id: &'a str,
    pub(super) run_id: Option<RunId>,
    pub(super) revision: Option<&'a str>,
    /// The bank's day.
    pub(super) today: Date,
    pub(super) now: Timestamp,
}

/// What came of a reading of one account.
pub(super) struct TakenIn {
    pub(super) observation_id: Uuid,
    pub(super) source: Source,
    pub(super) measured: ReferenceRecord,
    pub(super) changes: Vec<NewChange>,
    /// What a file did to transactions that were known.
    pub(super) touched: Vec<(TransactionId, Touch)>,
    /// How complete a run found the account.
    pub(super) grade: Option<Grade>,
    /// What of the rows was settled and is no more as it was.
    pub(super) strayed: Strayed,
    /// How many of the rows are transactions that were settled.
    pub(super) held: usize,
}

impl TakenIn {
    /// How much it changed, of so many rows.
    pub(super) fn completed(&self, read: usize) -> Completed {
        let count = |kind| self.changes.iter().filter(|change| change.kind == kind).count();
        Completed {
            read,
            added: count(ChangeKind::Added),
            modified: count(ChangeKind::Modified),
            removed: count(ChangeKind::Removed),
            held: 0,
        }
    }
}

/// Takes one reading of one account into its ledger.
pub(super) async fn take_in(
    tx: &mut Tx,
    owner: Owner,
    account: &ObservedAccount,
    context: &Context<'_>,
) -> Result<TakenIn, StoreError> {
    let source = account.window.as_ref().map_or(Source::Pages, |window| window.source);
    let observation = NewObservation {
        account_id: owner.account_id,
        account,
        source,
        run_id: context.run_id,
        revision: context.revision,
        today: context.today,
    };
    let keeping = observations::begin(tx, &observation).await?;
    let observation_id = keeping.id;
    let rows = account.transactions.as_slice();
    let checked = Checked::new(account);
    let coverage = covered(account, &checked);
    let oldest = rows.iter().filter_map(|row| row.posted_date.or(row.transaction_date)).min();
    let oldest = oldest.into_iter().chain(coverage.posted.map(|(first, _)| first)).min();
    let mut kept = near(tx, owner.account_id, oldest, context.today).await?;
    let days = || kept.iter().filter_map(|kept| kept.entry.row.posted_date);
    let (since, through) = (days().min(), days().max());
    let entries: Vec<Entry> = kept.iter().map(|kept| kept.entry.clone()).collect();
    let references = references::record(tx, context.institution_id, source).await?;
    let decisions = decisions::in_force(tx, owner.account_id).await?;
    let reading = Reading { rows, source, coverage, today: context.today, references, decisions: &decisions };
    let settlement = settle(&entries, &reading);
    let known = |standing: &Standing| match standing {
        Standing::Known { entry, .. } | Standing::Absorbed { entry } => entries.get(*entry),
        Standing::New { .. } => None,
    };
    let held = settlement.rows.iter().filter_map(known).filter(|entry| is_settled(entry)).count();
    let ids = settlement.rows.iter().map(|standing| Some(known(standing)?.id)).collect();
    let (changes, touched) = (Vec::new(), Vec::new());
    let (known, strayed) = (since.zip(through), Strayed::default());
    let mut taking = Taking { tx, owner, source, observation_id, context, changes, touched, ids, known, strayed };
    taking.known(&mut kept, rows, &settlement).await?;
    taking.new_rows(&entries, rows, &settlement).await?;
    taking.absent(&kept, &settlement).await?;
    keeping.end(taking.tx, &observation, context.now).await?;
    let (changes, touched, ids, strayed) = (taking.changes, taking.touched, taking.ids, taking.strayed);
    let read = balances::Read { observation_id, from: coverage.posted.map(|(first, _)| first), at: context.now };
    let posted = balances::refresh(tx, owner, account, read).await?;
    // A file tells of the past; how complete the account is now, runs say.
    let grade = match context.run_id {
        Some(_) => {
            Some(super::completeness::keep(tx, &checked, owner.account_id, &posted, through, &ids, context.now).await?)
        }
        None => None,
    };
    Ok(TakenIn { observation_id, source, measured: settlement.measured, changes, touched, grade, strayed, held })
}

/// What follows from what a reading lacks.
pub(super) fn covered(account: &ObservedAccount, checked: &Checked<'_>) -> Coverage {
    match checked.is_broken() {
        true => Coverage::NOTHING,
        false => Coverage::of(account.window.as_ref(), &account.transactions),
    }
}

/// A reading on its way into the ledger.
struct Taking<'t, 'c> {
    tx: &'t mut Tx,
    owner: Owner,
    source: Source,
    observation_id: Uuid,
    context: &'c Context<'c>,
    changes: Vec<NewChange>,
    /// What a file did to transactions that were known; of a run nothing is noted.
    touched: Vec<(TransactionId, Touch)>,
    /// Which transaction each row is.
    ids: Vec<Option<TransactionId>>,
    /// The days of the oldest and the newest booking that was known.
    known: Option<(Date, Date)>,
    /// What was settled and is no more as it was.
    strayed: Strayed,
}

/// Why a row was taken for a transaction that was known otherwise.
struct NewMatch {
    id: TransactionId,
    row: usize,
    grounds: Grounds,
    changed: Map<String, Value>,
}

impl NewMatch {
    /// Says that nothing was matched, as it could have been any of these.
    fn none(id: TransactionId, row: usize, rule: Rule, rivals: Vec<TransactionId>) -> Self {
        let changed = Map::from_iter([("rivals".to_owned(), json!(rivals))]);
        Self { id, row, grounds: Grounds { rule, likeness: 0, days: 0, cost: None }, changed }
    }
}

impl Taking<'_, '_> {
    /// Rows that are known: what changed is written, and why.
    async fn known(
        &mut self,
        kept: &mut [Kept],
        rows: &[ObservedTransaction],
        settlement: &Settlement,
    ) -> Result<(), StoreError> {
        let (mut changed, mut back, mut seen_again, mut matches) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (position, (row, standing)) in rows.iter().zip(&settlement.rows).enumerate() {
            let Standing::Known { entry: at, grounds } = standing else { continue };
            let Some(kept) = kept.get_mut(*at) else { continue };
            let was = kept.entry.presence;
            let merged = merged(&kept.entry, row, self.source);
            let is_rewritten = merged.is_modified
                || merged.alias != kept.entry.alias
                || merged.reference_source != kept.entry.reference_source
                || merged.row.transaction_date != kept.entry.row.transaction_date;
            if is_rewritten || grounds.rule != Rule::Content {
                let changed = differences(&kept.entry.row, &merged.row);
                let is_once_more = matches!(grounds.rule, Rule::Content | Rule::Reference | Rule::Decision);
                if !is_once_more || !changed.is_empty() {
                    matches.push(NewMatch { id: kept.entry.id, row: position, grounds: *grounds, changed });
                }
            }
            let is_back = was == Presence::Removed;
            let is_touched = is_rewritten || is_back || kept.entry.absences > 0;
            let before = (is_touched && self.context.run_id.is_none()).then(|| kept.clone());
            if !is_rewritten && !is_back {
                if kept.entry.absences > 0 {
                    kept.entry.absences = 0;
                    seen_again.push(kept.entry.id);
                    self.touched.extend(before.map(|before| (before.entry.id, Touch::between(&before, kept))));
                }
                continue;
            }
            if merged.is_modified && is_settled(&kept.entry) && is_rewritten_whole(&kept.entry.row, &merged.row) {
                self.strayed.changed += 1;
            }
            if merged.is_modified || is_back {
                kept.updated_at = self.context.now;
                let kind = if is_back { ChangeKind::Added } else { ChangeKind::Modified };
                self.changes.push(self.owner.change(kind, kept.entry.id));
            }
            if merged.row.status != TransactionStatus::Pending && kept.booked_seen_at.is_none() {
                kept.booked_seen_at = Some(self.context.now);
            }
            if is_back {
                back.push(kept.entry.id);
            }
            kept.entry = Entry {
                row: merged.row,
                alias: merged.alias,
                reference_source: merged.reference_source,
                absences: 0,
                presence: Presence::Live,
                ..kept.entry.clone()
            };
            self.touched.extend(before.map(|before| (before.entry.id, Touch::between(&before, kept))));
            changed.push(*at);
        }
        if !self.touched.is_empty() && !back.is_empty() {
            let removals = removals(self.tx, &back).await?;
            for (id, touch) in &mut self.touched {
                touch.gone = removals.get(id).copied();
            }
        }
        bring_back(self.tx, &back).await?;
        let changed: Vec<&Kept> = changed.into_iter().filter_map(|at| kept.get(at)).collect();
        write(self.tx, self.owner, &changed).await?;
        count_absences(self.tx, &seen_again, 0).await?;
        self.note(&matches).await
    }

    /// Rows that aren't known.
    async fn new_rows(
        &mut self,
        entries: &[Entry],
        rows: &[ObservedTransaction],
        settlement: &Settlement,
    ) -> Result<(), StoreError> {
        let (mut added, mut matches) = (Vec::new(), Vec::new());
        // The portal lists the latest first, so ids grow with the bank's own order.
        for (position, (row, standing)) in rows.iter().zip(&settlement.rows).enumerate().rev() {
            let Standing::New { rivals } = standing else { continue };
            let is_late = |day: Date, (first, last): (Date, Date)| {
                first <= day && day < last.saturating_sub(Span::new().days(BOOKED_LATE_DAYS))
            };
            let late = row.posted_date.zip(self.known).is_some_and(|(day, known)| is_late(day, known));
            self.strayed.back_dated += u32::from(late);
            let origin = Origin { observation_id: self.observation_id, row: to_row(position) };
            let kept = Kept::new(row.clone(), self.source, self.context.today, origin, self.context.now);
            if !rivals.is_empty() {
                let rivals = rivals.iter().filter_map(|at| Some(entries.get(*at)?.id)).collect();
                matches.push(NewMatch::none(kept.entry.id, position, Rule::KeptApart, rivals));
            }
            self.changes.push(self.owner.change(ChangeKind::Added, kept.entry.id));
            if let Some(id) = self.ids.get_mut(position) {
                *id = Some(kept.entry.id);
            }
            added.push(kept);
        }
        add(self.tx, self.owner, &added.iter().collect::<Vec<_>>()).await?;
        self.note(&matches).await
    }

    /// Entries that the reading proves to be gone.
    async fn absent(&mut self, kept: &[Kept], settlement: &Settlement) -> Result<(), StoreError> {
        let mut counted: BTreeMap<u32, Vec<TransactionId>> = BTreeMap::new();
        let (mut missed, mut became_another, mut matches) = (Vec::new(), Vec::new(), Vec::new());
        for absence in &settlement.absences {
            let Some(kept) = kept.get(absence.entry) else { continue };
            self.strayed.vanished += u32::from(is_settled(&kept.entry));
            match &absence.gone {
                Gone::Missing { count } if *count < ABSENCES => {
                    counted.entry(*count).or_default().push(kept.entry.id);
                    continue;
                }
                Gone::Missing { .. } => missed.push(kept),
                Gone::BecameOneOf { rows } => {
                    let row = rows.first().copied().unwrap_or_default();
                    let rivals = rows.iter().filter_map(|row| *self.ids.get(*row)?).collect();
                    matches.push(NewMatch::none(kept.entry.id, row, Rule::BecameAnother, rivals));
                    became_another.push(kept);
                }
            }
            self.changes.push(self.owner.change(ChangeKind::Removed, kept.entry.id));
        }
        for (count, ids) in counted {
            count_absences(self.tx, &ids, count).await?;
        }
        remove(self.tx, self.owner, &missed, Cause::Absent, self.context.now).await?;
        remove(self.tx, self.owner, &became_another, Cause::BecameAnother, self.context.now).await?;
        self.note(&matches).await
    }

    async fn note(&mut self, matches: &[NewMatch]) -> Result<(), StoreError> {
        for matches in matches.chunks(ROWS_AT_ONCE) {
            let mut texts = Vec::with_capacity(matches.len());
            for new in matches {
                texts.push((to_json(&new.grounds, "match's grounds")?, to_json(&new.changed, "match's changes")?));
            }
            let mut query = QueryBuilder::<Db>::new(
                "INSERT INTO transaction_matches (id, account_id, transaction_id, observation_id, observation_row, grounds,
                                                  changed, created_at) ",
            );
            query.push_values(matches.iter().zip(texts), |mut place, (new, (grounds, changed))| {
                place
                    .push_bind(Uuid::now_v7())
                    .push_bind(self.owner.account_id.0)
                    .push_bind(new.id.0)
                    .push_bind(self.observation_id)
                    .push_bind(to_row(new.row))
                    .push_bind(grounds)
                    .push_bind(changed)
                    .push_bind(to_ms(self.context.now));
            });
            query.build().execute(&mut **self.tx).await.map_err(failed("keep why rows were matched"))?;
        }
        Ok(())
    }
}

/// So many days later than its day a booking is shown that a bank books late.
const BOOKED_LATE_DAYS: i64 = 7;

/// Whether a transaction was booked and stood there.
fn is_settled(entry: &Entry) -> bool {
    entry.presence == Presence::Live && entry.row.status == TransactionStatus::Posted
}

/// Whether something was known of a row and is another now; what wasn't known and is, changes nothing settled.
fn is_rewritten_whole(before: &ObservedTransaction, now: &ObservedTransaction) -> bool {
    differences(before, now).values().any(|known| !known.is_null())
}

impl Owner {
    pub(super) const fn change(self, kind: ChangeKind, id: TransactionId) -> NewChange {
        NewChange { kind, transaction_id: id, account_id: self.account_id, connection_id: self.connection_id }
    }
}

fn to_row(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// The fields in which `now` differs from `before`, with what they were.
pub(super) fn differences(before: &ObservedTransaction, now: &ObservedTransaction) -> Map<String, Value> {
    let fields = |row: &ObservedTransaction| match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (before, mut now) = (fields(before), fields(now));
    now.remove("runningBalance");
    let mut changed = Map::new();
    for (field, value) in &before {
        if now.remove(field).as_ref() != Some(value) && field != "runningBalance" {
            changed.insert(field.clone(), value.clone());
        }
    }
    // What wasn't known before is left of what is known now.
    changed.extend(now.into_iter().filter(|(_, value)| !value.is_null()).map(|(field, _)| (field, Value::Null)));
    changed
}

/// Tells the outbox that a connection's records are fresh, and how complete each account was
/// found.
pub(super) async fn announce(
    tx: &mut Tx,
    (organization, connection): (OrganizationId, ConnectionId),
    grades: &[(AccountId, Grade)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let accounts: Vec<Value> =
        grades.iter().map(|(id, grade)| json!({ "accountId": id, "completeness": grade })).collect();
    let data = json!({ "connectionId": connection, "accountId": null, "accounts": accounts });
    webhooks::emit(tx, organization, EventType::TransactionsSyncAvailable, data, now).await
}

/// Tells of changes that no run made: by the outbox and the stream. Only the commit may
/// follow.
pub(super) async fn tell(tx: &mut Tx, owner: Owner, changes: &[NewChange], now: Timestamp) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    announce(tx, (owner.organization_id, owner.connection_id), &[], now).await?;
    stream::publish(tx, owner.organization_id, changes, now).await
}
