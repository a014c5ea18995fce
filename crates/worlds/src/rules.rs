//! Bursar's own strategy: the tiers of `domain::ledger`, with a ledger in memory that is
//! kept as a store keeps it.
//!
//! Not here: any rule; whatever is decided is decided in `domain`.

use std::collections::BTreeMap;

use domain::id::TransactionId;
use domain::ledger::references::ReferenceRecord;
use domain::ledger::{
    ABSENCES, COMES_BACK_DAYS, Coverage, Decisions, Entry, Gone, Presence, REACH_DAYS, Reading, Standing, merged,
    settle,
};
use domain::observation::Source;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::ToSpan as _;
use jiff::civil::Date;
use uuid::Uuid;

use crate::strategy::{LedgerId, Read, Strategy};

/// The rules that coordinators keep their ledgers by.
#[derive(Default)]
pub struct Rules {
    accounts: BTreeMap<usize, Vec<Kept>>,
    references: BTreeMap<usize, ReferenceRecord>,
    decisions: Decisions,
    ids: u64,
}

struct Kept {
    id: LedgerId,
    entry: Entry,
    removed_on: Option<Date>,
}

impl Rules {
    fn next_id(&mut self) -> LedgerId {
        self.ids += 1;
        LedgerId(self.ids)
    }
}

impl Strategy for Rules {
    fn name(&self) -> &'static str {
        "Bursar"
    }

    fn sync(&mut self, read: &Read) -> Vec<LedgerId> {
        let mut known = self.accounts.remove(&read.account).unwrap_or_default();
        let coverage = Coverage::of(Some(&read.window), &read.rows);
        // The part of the ledger that a store brings: see the two bounds.
        let days = read.rows.iter().filter_map(|row| row.posted_date.or(row.transaction_date));
        let oldest = days.chain(coverage.posted.map(|(first, _)| first)).min();
        let from = oldest.map(|oldest| oldest.saturating_sub(REACH_DAYS.days()));
        let since = read.day.saturating_sub(COMES_BACK_DAYS.days());
        let is_near = |kept: &Kept| {
            let is_pending = kept.entry.row.status == TransactionStatus::Pending;
            match kept.removed_on {
                Some(day) => day >= since,
                None => is_pending || from.is_some_and(|from| kept.entry.row.posted_date >= Some(from)),
            }
        };
        let near: Vec<usize> = (0..known.len()).filter(|at| is_near(&known[*at])).collect();
        let entries: Vec<Entry> = near.iter().map(|at| known[*at].entry.clone()).collect();
        let references = self.references.get(&read.institution).copied().unwrap_or_default();
        let source = Source::Pages;
        let decisions = &self.decisions;
        let settlement =
            settle(&entries, &Reading { rows: &read.rows, source, coverage, today: read.day, references, decisions });
        self.references.insert(read.institution, references.with(settlement.measured));
        let mut ids = Vec::with_capacity(read.rows.len());
        for (row, standing) in read.rows.iter().zip(&settlement.rows) {
            let id = match standing {
                Standing::Known { entry, .. } => {
                    let kept = &mut known[near[*entry]];
                    let merged = merged(&kept.entry, row, source);
                    (kept.entry.row, kept.entry.alias) = (merged.row, merged.alias);
                    kept.entry.reference_source = merged.reference_source;
                    (kept.entry.absences, kept.entry.presence, kept.removed_on) = (0, Presence::Live, None);
                    kept.id
                }
                Standing::Absorbed { entry } => known[near[*entry]].id,
                Standing::New { .. } => {
                    let id = self.next_id();
                    known.push(Kept { id, entry: entry(id, row.clone(), read.day), removed_on: None });
                    id
                }
            };
            ids.push(id);
        }
        for absence in settlement.absences {
            let kept = &mut known[near[absence.entry]];
            let is_over = match absence.gone {
                Gone::Missing { count } => {
                    kept.entry.absences = count;
                    count >= ABSENCES
                }
                Gone::BecameOneOf { .. } => true,
            };
            if is_over {
                (kept.entry.presence, kept.entry.absences, kept.removed_on) = (Presence::Removed, 0, Some(read.day));
            }
        }
        self.accounts.insert(read.account, known);
        ids
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        let kept = self.accounts.get(&account).into_iter().flatten();
        kept.filter(|kept| kept.removed_on.is_none()).map(|kept| kept.id).collect()
    }
}

fn entry(id: LedgerId, row: ObservedTransaction, today: Date) -> Entry {
    Entry {
        id: TransactionId(Uuid::from_u128(u128::from(id.0))),
        row,
        source: Source::Pages,
        reference_source: Source::Pages,
        alias: None,
        first_seen: today,
        absences: 0,
        presence: Presence::Live,
    }
}
