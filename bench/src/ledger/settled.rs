//! Identity alone: how fast an account's rows are settled and merged in memory, when they are
//! read first, again as they were, and again with some words rewritten.
//!
//! Not here: stores; and whether identity is right, which the worlds show.

use domain::account::ObservedAccount;
use domain::id::TransactionId;
use domain::ledger::references::ReferenceRecord;
use domain::ledger::{Coverage, Decisions, Entry, Presence, Reading, Standing, merged, settle};
use domain::observation::Source;
use domain::transaction::ObservedTransaction;
use jiff::civil::date;
use tests::bare_agent::accounts;
use tokio::time::Instant;
use uuid::Uuid;

use super::median;
use super::synced::REWRITTEN;
use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::Row;

pub(crate) fn measure(count: usize, rounds: usize, progress: &Progress, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let made = accounts(1, count, "identity").pop().unwrap_or_default();
    let with_references = serde_json::from_value::<ObservedAccount>(made)?.transactions;
    let mut without = with_references.clone();
    without.iter_mut().for_each(|row| row.bank_reference = None);
    for (kind, first) in [("with references", with_references), ("without references", without)] {
        let mut again = first.clone();
        for row in again.iter_mut().step_by(REWRITTEN) {
            row.description.push_str(" REWRITTEN");
        }
        let steps = [
            ("first read", &first, count, 0),
            ("read again unchanged", &first, 0, 0),
            ("read again, 1 % rewritten", &again, 0, count.div_ceil(REWRITTEN)),
        ];
        let mut seconds = vec![Vec::new(); steps.len()];
        for round in 0..rounds {
            progress.say(format!("identity alone, {kind}: round {} of {rounds}", round + 1));
            let mut ledger = Ledger::default();
            for ((step, rows, new, modified), seconds) in steps.iter().zip(&mut seconds) {
                let start = Instant::now();
                let came_of_it = ledger.read(rows);
                seconds.push(start.elapsed().as_secs_f64());
                if came_of_it != (*new, *modified) {
                    let (added, changed) = came_of_it;
                    return Err(format!("identity alone, {kind}, {step}: {added} new, {changed} modified").into());
                }
            }
        }
        for ((step, ..), seconds) in steps.iter().zip(seconds) {
            let name = format!("identity alone, 1 × {count} {kind}: {step}");
            rows.push(Row::new(name, count as f64 / median(seconds), "rows/s"));
        }
    }
    Ok(())
}

/// An account's ledger.
#[derive(Default)]
struct Ledger {
    entries: Vec<Entry>,
    references: ReferenceRecord,
}

impl Ledger {
    /// Takes a whole list in; how many were new, and how many modified.
    fn read(&mut self, rows: &[ObservedTransaction]) -> (usize, usize) {
        let (today, source, decisions) = (date(2026, 11, 20), Source::Pages, Decisions::default());
        let coverage = Coverage { posted: Some((jiff::civil::Date::MIN, today)), ..Coverage::NOTHING };
        let references = self.references;
        let reading = Reading { rows, source, coverage, today, references, decisions: &decisions };
        let settlement = settle(&self.entries, &reading);
        self.references = references.with(settlement.measured);
        let (mut new, mut modified) = (0, 0);
        for (row, standing) in rows.iter().zip(&settlement.rows) {
            match standing {
                Standing::Known { entry, .. } => {
                    let merged = merged(&self.entries[*entry], row, source);
                    if merged.is_modified {
                        modified += 1;
                        self.entries[*entry].row = merged.row;
                    }
                }
                Standing::Absorbed { .. } => {}
                Standing::New { .. } => {
                    new += 1;
                    let id = TransactionId(Uuid::from_u128(self.entries.len() as u128));
                    let (row, first_seen, presence) = (row.clone(), today, Presence::Live);
                    let reference_source = source;
                    self.entries.push(Entry {
                        id,
                        row,
                        source,
                        reference_source,
                        alias: None,
                        first_seen,
                        absences: 0,
                        presence,
                    });
                }
            }
        }
        (new, modified)
    }
}
