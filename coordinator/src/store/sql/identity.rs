//! How transactions came to be what they are, and what another reading makes of them.
//!
//! Not here: decisions (`decisions`), or the rules (`domain::ledger`).

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::audit::Action;
use domain::event::ChangeKind;
use domain::id::{AccountId, ConnectionId, TransactionId};
use domain::ledger::references::ReferenceRecord;
use domain::ledger::{Coverage, Face, Presence, Reading, Rule, Standing, settle};
use domain::observation::SheetKind;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::commit_act;
use super::entries::{Kept, Origin, Owner, gone, live, near, write};
use super::ledger::{differences, tell};
use super::matches::matches_of;
use super::observations::ObservationRow;
use super::{
    SqlStore, Tx, accounts, balances, commit, completeness, decisions, failed, from_ms, from_word, observations,
    references,
};
use crate::store::{
    AccountMarks, Act, Decision, Difference, Explanation, Identity, InstitutionReferences, Keeping, KeptReading,
    MatchedRow, NewDecision, Observation, PageRequest, Refused, Removed, Replayed, Reread, Sighting, StoreError,
};

/// What is said of a removed transaction.
#[derive(FromRow)]
struct RemovedRow {
    cause: String,
    merged_into: Option<Uuid>,
    removed_at: i64,
}

#[async_trait]
impl Identity for SqlStore {
    async fn explanation(&self, id: TransactionId) -> Result<Explanation, Refused> {
        let mut tx = self.read.begin().await.map_err(failed("begin to read"))?;
        let account = sqlx::query_scalar::<_, Uuid>(
            "SELECT account_id FROM transactions WHERE id = $1
             UNION ALL SELECT account_id FROM removed_transactions WHERE id = $1",
        );
        let account = account.bind(id.0).fetch_optional(&mut *tx).await.map_err(failed("look for a transaction"))?;
        let account_id = AccountId(account.ok_or(Refused::NotFound)?);
        let (kept, removed) = match live(&mut tx, account_id, id).await? {
            Some(kept) => (kept, None),
            None => {
                let kept = gone(&mut tx, account_id, id).await?.ok_or(Refused::NotFound)?;
                (kept, Some(why_removed(&mut tx, id).await?))
            }
        };
        let institution_id = institution_of(&mut tx, account_id).await?;
        let institution = institution_id.as_deref().unwrap_or_default();
        let latest = match observations(&mut tx, account_id, 1).await?.pop() {
            Some(observation) => sighting(&observation, &Face::of(&kept.entry.row)),
            None => None,
        };
        let origin = match kept.origin {
            Some(origin) => Some(seen_at(&mut tx, origin).await?.0),
            None => None,
        };
        let mut matches = Vec::new();
        for found in matches_of(&mut tx, id).await? {
            let place = Origin { observation_id: found.observation_id, row: found.row };
            let (sighting, row) = seen_at(&mut tx, place).await?;
            matches.push(MatchedRow { found, sighting, row });
        }
        Ok(Explanation {
            id,
            account_id,
            origin,
            matches,
            references: references::record(&mut tx, institution, kept.entry.source).await?,
            institution_id,
            source: kept.entry.source,
            decisions: decisions::list(&mut tx, None, Some(id)).await?,
            row: kept.entry.row,
            alias: kept.entry.alias,
            created_at: kept.created_at,
            absences: kept.entry.absences,
            removed,
            latest,
        })
    }

    async fn decide(&self, new: NewDecision, now: Timestamp) -> Result<Decision, Refused> {
        decisions::decide(self, new, now).await
    }

    async fn undo(&self, decision: Uuid, now: Timestamp) -> Result<Decision, Refused> {
        decisions::undo(self, decision, now).await
    }

    async fn decisions(&self, account: Option<AccountId>) -> Result<Vec<Decision>, StoreError> {
        let mut tx = self.read.begin().await.map_err(failed("begin to read"))?;
        decisions::list(&mut tx, account, None).await
    }

    async fn accounts_of(&self, connection: ConnectionId) -> Result<Vec<AccountId>, StoreError> {
        let ids = sqlx::query_scalar::<_, Uuid>("SELECT id FROM accounts WHERE connection_id = $1 ORDER BY id");
        let ids = ids.bind(connection.0).fetch_all(&self.read).await.map_err(failed("list a connection's accounts"))?;
        Ok(ids.into_iter().map(AccountId).collect())
    }

    async fn accounts_at(&self, institution: &str, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        let ids = sqlx::query_scalar::<_, Uuid>(
            "SELECT a.id FROM accounts a JOIN connections c ON c.id = a.connection_id WHERE c.institution_id = $1
             AND c.last_synced_at IS NOT NULL ORDER BY c.last_synced_at DESC, a.id LIMIT $2",
        );
        let ids = ids.bind(institution.to_owned()).bind(i64::from(limit)).fetch_all(&self.read).await;
        Ok(ids.map_err(failed("list accounts at an institution"))?.into_iter().map(AccountId).collect())
    }

    async fn institution_of(&self, account: AccountId) -> Result<Option<String>, Refused> {
        let row = sqlx::query_scalar::<_, Option<String>>(
            "SELECT c.institution_id FROM accounts a JOIN connections c ON c.id = a.connection_id WHERE a.id = $1",
        );
        super::found(row.bind(account.0).fetch_optional(&self.read).await, "look for an account's institution")
    }

    async fn observations(&self, account: AccountId, limit: u32) -> Result<Vec<Observation>, StoreError> {
        let mut tx = self.read.begin().await.map_err(failed("begin to read"))?;
        observations(&mut tx, account, limit).await
    }

    async fn replay(
        &self,
        account: AccountId,
        rereads: &[Reread],
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<Replayed, Refused> {
        let mut tx = self.begin().await?;
        let owner = decisions::take_account(&mut tx, account).await?;
        let (changed, found) = replayed(&mut tx, owner, rereads, now).await?;
        if keeping == Keeping::Everything {
            for reread in rereads {
                observations::replace(&mut tx, owner.account_id, reread).await?;
            }
        }
        if keeping == Keeping::Everything && changed.is_empty() {
            commit(tx).await?;
        } else if keeping == Keeping::Everything {
            write(&mut tx, owner, &changed.iter().collect::<Vec<_>>()).await?;
            let told = changed.iter().map(|kept| owner.change(ChangeKind::Modified, kept.entry.id));
            let told: Vec<_> = told.collect();
            completeness::drop_anchor(&mut tx, owner.account_id).await?;
            balances::derive(&mut tx, owner, now).await?;
            tell(&mut tx, owner, &told, now).await?;
            commit(tx).await?;
        }
        Ok(found)
    }

    async fn readings(&self, account: AccountId, page: PageRequest) -> Result<Vec<KeptReading>, Refused> {
        let mut tx = self.read.begin().await.map_err(failed("begin to read"))?;
        let known = sqlx::query_scalar::<_, Uuid>("SELECT id FROM accounts WHERE id = $1").bind(account.0);
        super::found(known.fetch_optional(&mut *tx).await, "look for an account")?;
        Ok(observations::list(&mut tx, account, page).await?)
    }

    async fn drop_anchor(&self, account: AccountId, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        let owner = decisions::take_account(&mut tx, account).await?;
        completeness::drop_anchor(&mut tx, owner.account_id).await?;
        let act = Act::new(Action::LedgerAnchorDropped).of(owner.organization_id).on(owner.connection_id).to(account);
        Ok(commit_act(tx, act, now).await?)
    }

    async fn account_marks(&self, account: AccountId) -> Result<AccountMarks, Refused> {
        accounts::marks_of(self, account).await
    }

    async fn reference_records(&self) -> Result<Vec<InstitutionReferences>, StoreError> {
        let rows = sqlx::query_as::<_, (String, String, i64, i64, Option<i64>)>(
            "SELECT institution_id, source, kept, broken, demoted_at FROM reference_records
             ORDER BY institution_id, source",
        );
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list what was measured of references"))?;
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        let read = |(institution_id, source, kept, broken, demoted_at): (String, String, i64, i64, Option<i64>)| {
            let record = ReferenceRecord { kept: count(kept), broken: count(broken), demoted: demoted_at.is_some() };
            Ok(InstitutionReferences {
                institution_id,
                source: from_word(&source, "source of references")?,
                record,
                demoted_at: demoted_at.map(from_ms).transpose()?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    async fn forget_references(&self, institution: &str, now: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query("DELETE FROM reference_records WHERE institution_id = $1").bind(institution.to_owned());
        let gone = gone.execute(&mut *tx).await.map_err(failed("forget what was measured of references"))?;
        commit_act(tx, Act::new(Action::LedgerReferencesForgotten).to(institution), now).await?;
        Ok(gone.rows_affected())
    }
}

pub(super) async fn institution_of(tx: &mut Tx, account: AccountId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query_scalar::<_, Option<String>>(
        "SELECT c.institution_id FROM accounts a JOIN connections c ON c.id = a.connection_id WHERE a.id = $1",
    );
    let row = row.bind(account.0).fetch_optional(&mut **tx).await;
    Ok(row.map_err(failed("look for an account's institution"))?.flatten())
}

async fn why_removed(tx: &mut Tx, id: TransactionId) -> Result<Removed, Refused> {
    let row = sqlx::query_as::<_, RemovedRow>(
        "SELECT cause, merged_into, removed_at FROM removed_transactions WHERE id = $1",
    );
    let row = super::found(row.bind(id.0).fetch_optional(&mut **tx).await, "read a removed transaction")?;
    let cause = from_word(&row.cause, "cause of a removal")?;
    Ok(Removed { cause, merged_into: row.merged_into.map(TransactionId), at: from_ms(row.removed_at)? })
}

/// The readings of an account, latest first.
async fn observations(tx: &mut Tx, account: AccountId, limit: u32) -> Result<Vec<Observation>, StoreError> {
    let sql = format!("SELECT {} WHERE o.account_id = $1 ORDER BY o.id DESC LIMIT $2", ObservationRow::COLUMNS);
    let rows = sqlx::query_as::<_, ObservationRow>(sqlx::AssertSqlSafe(sql));
    let rows = rows.bind(account.0).bind(i64::from(limit)).fetch_all(&mut **tx).await;
    rows.map_err(failed("read readings"))?.into_iter().map(ObservationRow::read).collect()
}

/// A row of a reading, as far as it is kept.
async fn seen_at(tx: &mut Tx, origin: Origin) -> Result<(Sighting, Option<ObservedTransaction>), StoreError> {
    let Some(observation) = observations::one(tx, origin.observation_id).await? else {
        let unkept = Sighting {
            observation_id: origin.observation_id,
            run_id: None,
            revision: None,
            observed_at: None,
            row: origin.row,
            rows: None,
            cells: Vec::new(),
        };
        return Ok((unkept, None));
    };
    let sighting = at_row(&observation, origin.row);
    let rows = &observation.account.transactions;
    Ok((sighting, usize::try_from(origin.row).ok().and_then(|row| rows.get(row).cloned())))
}

/// Where a face stands in a reading.
fn sighting(observation: &Observation, face: &Face) -> Option<Sighting> {
    let row = observation.account.transactions.iter().position(|row| Face::of(row) == *face)?;
    Some(at_row(observation, i64::try_from(row).ok()?))
}

fn at_row(observation: &Observation, row: i64) -> Sighting {
    Sighting {
        observation_id: observation.id,
        run_id: observation.run_id,
        revision: observation.revision.clone(),
        observed_at: Some(observation.observed_at),
        row,
        rows: Some(observation.account.transactions.len()),
        cells: usize::try_from(row).map(|row| cells(&observation.account, row)).unwrap_or_default(),
    }
}

/// The cells of a row by header, where they are kept: sheets hold the rows in order.
fn cells(account: &ObservedAccount, row: usize) -> Vec<(String, String)> {
    let is_listed = |kind| matches!(kind, SheetKind::Transactions | SheetKind::Pending | SheetKind::Captured);
    let sheets = account.sheets.iter().filter(|sheet| is_listed(sheet.kind));
    let mut rows = sheets.flat_map(|sheet| sheet.rows.iter().map(|row| (&sheet.headers, row)));
    let Some((headers, cells)) = rows.nth(row) else { return Vec::new() };
    headers.iter().cloned().zip(cells.iter().cloned()).collect()
}

/// What another reading makes of an account's transactions: the latest reading that holds
/// one says what is to be known of it.
async fn replayed(
    tx: &mut Tx,
    owner: Owner,
    rereads: &[Reread],
    now: Timestamp,
) -> Result<(Vec<Kept>, Replayed), StoreError> {
    let mut kept = near(tx, owner.account_id, Some(Date::MIN), Date::MAX).await?;
    kept.retain(|kept| kept.entry.presence == Presence::Live);
    let decisions = decisions::in_force(tx, owner.account_id).await?;
    let mut done: HashSet<TransactionId> = HashSet::new();
    let mut changed: HashMap<TransactionId, Kept> = HashMap::new();
    let (mut order, mut found) = (Vec::new(), Replayed::default());
    for reread in rereads {
        let entries: Vec<_> = kept.iter().map(|kept| kept.entry.clone()).collect();
        let reading = Reading {
            rows: &reread.before,
            source: reread.source,
            coverage: Coverage::NOTHING,
            today: reread.today,
            references: ReferenceRecord::default(),
            decisions: &decisions,
        };
        for ((before, after), standing) in
            reread.before.iter().zip(&reread.after.transactions).zip(settle(&entries, &reading).rows)
        {
            let Standing::Known { entry, grounds } = standing else {
                found.unmatched += 1;
                continue;
            };
            // An older reading may look like what is known now only to a tier that judges.
            let is_sure = matches!(grounds.rule, Rule::Content | Rule::Reference | Rule::Decision);
            let Some(kept) = kept.get(entry).filter(|_| is_sure) else {
                found.unmatched += 1;
                continue;
            };
            if !done.insert(kept.entry.id) {
                continue;
            }
            let row = corrected(&kept.entry.row, before, after)?;
            let before = differences(&kept.entry.row, &row);
            if before.keys().all(|field| field == "transactionDate") {
                found.unchanged.push(kept.entry.id);
                continue;
            }
            let after = differences(&row, &kept.entry.row);
            found.differences.push(Difference { id: kept.entry.id, before, after });
            let mut kept = kept.clone();
            kept.entry.row = row;
            kept.updated_at = now;
            if kept.entry.row.status == TransactionStatus::Pending {
                kept.booked_seen_at = None;
            }
            order.push(kept.entry.id);
            changed.insert(kept.entry.id, kept);
        }
    }
    let changed = order.into_iter().filter_map(|id| changed.remove(&id)).collect();
    Ok((changed, found))
}

/// What is known, where it is what the first reading of some cells said, becomes what the
/// other reading says. What was learnt elsewhere, or has changed since, stays.
fn corrected(
    known: &ObservedTransaction,
    before: &ObservedTransaction,
    after: &ObservedTransaction,
) -> Result<ObservedTransaction, StoreError> {
    let unreadable = |_| StoreError::Unreadable { what: "transaction" };
    let mut fields = serde_json::to_value(known).map_err(unreadable)?;
    let after_fields = serde_json::to_value(after).map_err(unreadable)?;
    for (field, said) in differences(before, after) {
        if fields[&field] == said {
            fields[&field] = after_fields[&field].clone();
        }
    }
    serde_json::from_value(fields).map_err(unreadable)
}
