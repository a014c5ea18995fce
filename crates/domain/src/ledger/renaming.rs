//! Booked rows that the bank has changed since: other words, or another day.
//!
//! Not here: what was announced and is booked now (`posting`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Rule;
use super::table::Table;
use crate::transaction::{ObservedTransaction, TransactionStatus};

/// How alike words have to be, from 0 to 100, to be the same in other form.
const ALIKE: u32 = 50;

/// How far a booking may move, in days either way.
const MOVED: i32 = 3;

/// Of more rows with one amount than this, none is taken for one that was moved.
const EQUAL_AMOUNTS: usize = 1_000;

/// Beyond so many pairs rows and entries are paired in their order, not the likest first.
const PAIRS: usize = 10_000;

/// Entries and rows of one day and amount.
#[derive(Default)]
struct Group {
    entries: Vec<usize>,
    rows: Vec<usize>,
}

/// Same day and amount, other words.
///
/// Alike words are enough. Where the bank provably no longer shows what was known, and
/// shows as many others in its place, even they aren't needed: the day's sum is the same.
pub(super) fn renamed(table: &mut Table<'_>) {
    let mut groups: BTreeMap<(Date, Decimal, String), Group> = BTreeMap::new();
    for row in table.free_rows() {
        let (shown, traits) = table.row(row);
        if let (Some(day), false) = (traits.day, traits.is_pending) {
            groups.entry((day, traits.amount, shown.currency.clone())).or_default().rows.push(row);
        }
    }
    for entry in table.free_entries() {
        let (known, traits) = table.entry(entry);
        if let (Some(day), false) = (traits.day, traits.is_pending)
            && known.presence == super::Presence::Live
            && let Some(group) = groups.get_mut(&(day, traits.amount, known.row.currency.clone()))
        {
            group.entries.push(entry);
        }
    }
    let edge = table.reading.coverage.edge.filter(|edge| is_uncut(table, *edge));
    for group in groups.into_values().filter(|group| !group.entries.is_empty()) {
        let is_gone = |entry: &usize| {
            let row = &table.entry(*entry).0.row;
            table.reading.coverage.covers(row) || edge.is_some_and(|edge| row.posted_date == Some(edge))
        };
        let is_conserved = group.entries.len() == group.rows.len() && group.entries.iter().all(is_gone);
        for (entry, row, likeness) in best_pairs(table, &group) {
            if likeness >= ALIKE || is_conserved {
                table.pair(entry, row, Rule::Renamed, likeness, None);
            }
        }
    }
}

/// Whether as many bookings of a day are shown as are known of it.
fn is_uncut(table: &Table<'_>, day: Date) -> bool {
    let is_of = |row: &ObservedTransaction| row.posted_date == Some(day) && row.status != TransactionStatus::Pending;
    let known = table.entries.iter().filter(|entry| entry.presence == super::Presence::Live && is_of(&entry.row));
    known.count() == table.reading.rows.iter().filter(|row| is_of(row)).count()
}

/// The pairs that are most alike together, each once.
fn best_pairs(table: &Table<'_>, group: &Group) -> Vec<(usize, usize, u32)> {
    let may_be = |entry: usize, row: usize| table.may_be(entry, row);
    if group.entries.len().saturating_mul(group.rows.len()) > PAIRS {
        // Both in the order of the portal: where that fails, likeness has to decide later.
        let pairs = group.entries.iter().zip(&group.rows);
        let pairs = pairs.filter(|(entry, row)| may_be(**entry, **row));
        return pairs.map(|(entry, row)| (*entry, *row, table.likeness(*entry, *row))).collect();
    }
    let mut pairs: Vec<(u32, usize, usize)> = Vec::new();
    for &entry in &group.entries {
        for &row in group.rows.iter().filter(|row| may_be(entry, **row)) {
            pairs.push((table.likeness(entry, row), entry, row));
        }
    }
    // The likest first; between equals the portal's own order.
    pairs.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| (one.1, one.2).cmp(&(other.1, other.2))));
    let (mut taken_entries, mut taken_rows) = (Vec::new(), Vec::new());
    let mut best = Vec::new();
    for (likeness, entry, row) in pairs {
        if !taken_entries.contains(&entry) && !taken_rows.contains(&row) {
            taken_entries.push(entry);
            taken_rows.push(row);
            best.push((entry, row, likeness));
        }
    }
    best
}

/// Same amount and alike words, on another day close by, one candidate each way. What was
/// known must be gone for certain, or else it may only be out of sight.
pub(super) fn redated(table: &mut Table<'_>) {
    let mut rows_by_amount: BTreeMap<(Decimal, String), Vec<usize>> = BTreeMap::new();
    for row in table.free_rows() {
        let (shown, traits) = table.row(row);
        if !traits.is_pending && traits.day.is_some() {
            rows_by_amount.entry((traits.amount, shown.currency.clone())).or_default().push(row);
        }
    }
    let mut candidates: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut of_row: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for entry in table.free_entries() {
        let (known, traits) = table.entry(entry);
        // Two sources may date a booking differently, and then neither has gone.
        let is_elsewhere = known.source != table.reading.source && known.alias.is_none();
        let is_gone = known.presence == super::Presence::Live
            && !traits.is_pending
            && (is_elsewhere || table.reading.coverage.covers(&known.row));
        let rows = rows_by_amount.get(&(traits.amount, known.row.currency.clone()));
        // Among so many equal amounts nothing tells which has moved.
        let rows = rows.filter(|rows| is_gone && rows.len() <= EQUAL_AMOUNTS);
        for &row in rows.into_iter().flatten() {
            let is_near = table.days(entry, row).abs() <= MOVED;
            if is_near && table.may_be(entry, row) && table.likeness(entry, row) >= ALIKE {
                candidates.entry(entry).or_default().push(row);
                of_row.entry(row).or_default().push(entry);
            }
        }
    }
    for (entry, rows) in &candidates {
        let Some(first) = rows.first() else { continue };
        let entries = of_row.get(first).map(Vec::as_slice).unwrap_or_default();
        if let ([row], [_]) = (rows.as_slice(), entries) {
            let likeness = table.likeness(*entry, *row);
            table.pair(*entry, *row, Rule::Redated, likeness, None);
        } else if is_interchangeable(table, entries, rows) {
            // As many equal ones moved together: which is which makes no difference.
            let free: Vec<usize> = entries.iter().copied().filter(|entry| table.is_free(*entry)).collect();
            if free.len() == rows.len() {
                for (entry, row) in free.into_iter().zip(rows) {
                    let likeness = table.likeness(entry, *row);
                    table.pair(entry, *row, Rule::Redated, likeness, None);
                }
            }
        } else {
            for row in rows {
                table.leave_apart(*row, of_row.get(row).cloned().unwrap_or_default());
            }
        }
    }
}

/// Whether all entries look the same, and all rows, and there are as many of both.
fn is_interchangeable(table: &Table<'_>, entries: &[usize], rows: &[usize]) -> bool {
    let entry = |at: usize| (table.entry(at).1.day, &table.entry(at).1.words);
    let row = |at: usize| (table.row(at).1.day, &table.row(at).1.words);
    let same_entries = entries.iter().all(|at| entries.first().is_some_and(|first| entry(*at) == entry(*first)));
    let same_rows = rows.iter().all(|at| rows.first().is_some_and(|first| row(*at) == row(*first)));
    entries.len() == rows.len() && same_entries && same_rows
}
