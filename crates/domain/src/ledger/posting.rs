//! From announced to booked: which of the booked rows is which of those that were pending.
//!
//! Between the two a bank may move the day, rewrite the words and change the amount: by a
//! tip, by the rate of a currency, from a hold that a pump or a hotel took to what was
//! owed. Each possible pair has a cost; the pairs are chosen so that all of them together
//! cost the least (the assignment problem, by the Hungarian method of Kuhn and Munkres).
//! Where another pair would have cost about as much and would have left a different one
//! over, none is chosen: the row is new, and the announced one, if it is gone for certain,
//! has become one of several.
//!
//! Not here: rows that were booked before.

use std::collections::{BTreeMap, BTreeSet};

use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use rust_decimal::Decimal;

use super::table::Table;
use super::{Presence, Rule};

/// How many days before its announcement a row may be booked.
const EARLY: i32 = 1;
/// How many days after its announcement a row may be booked.
const LATE: i32 = 14;
/// A booked amount is at most so many hundredths of the announced one: a tip.
const TIP: i64 = 135;
/// An announced amount is off by at most so many hundredths where it was an estimate.
const ESTIMATE: i64 = 5;
/// How alike words have to be, from 0 to 100, where the amount is the same.
const ALIKE: u32 = 30;
/// How alike words have to be where it is nearly the same, as it is after a conversion.
const ALIKE_SOMEWHAT: u32 = 35;
/// How alike words have to be where it isn't.
const ALIKE_ENOUGH: u32 = 50;
/// How alike words have to be where nearly nothing else speaks for it.
const ALIKE_VERY: u32 = 70;
/// No pair costs more than leaving both alone.
const ALONE: u32 = 120;
/// Two costs that are no further apart can't be told from each other.
const ABOUT_AS_MUCH: u32 = 5;
/// Beyond so many pairs only equal amounts are looked at.
const PAIRS: usize = 200_000;
/// Beyond so many cells the cheapest pairs are taken one by one, in place of the best
/// assignment.
const CELLS: usize = 40_000;

/// Pairs what was announced with what it has become.
pub(super) fn posted(table: &mut Table<'_>) {
    let costs = costs(table);
    for group in groups(&costs) {
        let chosen = assign(&group);
        let taken: BTreeSet<usize> = chosen.iter().map(|(entry, _, _)| *entry).collect();
        let taken_rows: BTreeSet<usize> = chosen.iter().map(|(_, row, _)| *row).collect();
        for (entry, row, cost) in &chosen {
            let is_rival = |(other, other_row, other_cost): &&(usize, usize, u32)| {
                let left_over = (*other_row == *row && !taken.contains(other) && differ(table, *other, *entry))
                    || (*other == *entry && !taken_rows.contains(other_row) && rows_differ(table, *other_row, *row));
                left_over && *other_cost <= cost.saturating_add(ABOUT_AS_MUCH)
            };
            let rivals: Vec<usize> = group.iter().filter(is_rival).map(|(entry, _, _)| *entry).collect();
            if rivals.is_empty() {
                let likeness = table.likeness(*entry, *row);
                table.pair(*entry, *row, Rule::Posted, likeness, Some(*cost));
            } else {
                let mut rivals = [vec![*entry], rivals].concat();
                rivals.sort_unstable();
                rivals.dedup();
                table.leave_apart(*row, rivals);
            }
        }
    }
}

/// Whether the row could be what was announced, by amount, day and words.
pub(super) fn is_plausible(table: &Table<'_>, entry: usize, row: usize) -> bool {
    cost(table, entry, row).is_some()
}

/// Whether it is an announcement without a day that was removed so long ago that nothing
/// which looks the same today can be it.
pub(super) fn is_out_of_date(table: &Table<'_>, entry: usize) -> bool {
    let (known, traits) = table.entry(entry);
    let is_undated = traits.is_pending && traits.day.is_none();
    let since = (table.reading.today - known.first_seen).get_days();
    known.presence == Presence::Removed && is_undated && since > LATE
}

fn differ(table: &Table<'_>, one: usize, other: usize) -> bool {
    let look = |at: usize| {
        let (entry, traits) = table.entry(at);
        (traits.amount, &traits.words, traits.day, &entry.row.currency)
    };
    look(one) != look(other)
}

fn rows_differ(table: &Table<'_>, one: usize, other: usize) -> bool {
    let look = |at: usize| {
        let (row, traits) = table.row(at);
        (traits.amount, &traits.words, traits.day, &row.currency)
    };
    look(one) != look(other)
}

/// Every possible pair with its cost, by entry and row.
fn costs(table: &Table<'_>) -> Vec<(usize, usize, u32)> {
    let is_recent = |entry: &usize| {
        let entry = table.entry(*entry).0;
        let since = (table.reading.today - entry.first_seen).get_days();
        entry.presence == Presence::Live || since <= LATE * 2
    };
    let pending: Vec<usize> =
        table.free_entries().filter(|entry| table.entry(*entry).1.is_pending).filter(is_recent).collect();
    let rows: Vec<usize> = table.free_rows().collect();
    let mut by_amount: BTreeMap<Decimal, Vec<usize>> = BTreeMap::new();
    let is_too_many = pending.len().saturating_mul(rows.len()) > PAIRS;
    for &row in rows.iter().filter(|_| is_too_many) {
        by_amount.entry(table.row(row).1.amount).or_default().push(row);
    }
    let mut costs = Vec::new();
    for entry in pending {
        let near = if is_too_many {
            by_amount.get(&table.entry(entry).1.amount).map(Vec::as_slice).unwrap_or_default()
        } else {
            &rows
        };
        for &row in near {
            if costs.len() >= PAIRS {
                // So many look the same that nothing tells them apart.
                return Vec::new();
            }
            if let Some(cost) = cost(table, entry, row).filter(|_| table.may_be(entry, row)) {
                costs.push((entry, row, cost));
            }
        }
    }
    costs
}

/// What speaks against the row being what was announced; none if it can't be.
fn cost(table: &Table<'_>, entry: usize, row: usize) -> Option<u32> {
    let (known, traits) = table.entry(entry);
    let (shown, shown_traits) = table.row(row);
    let announced = traits.day.unwrap_or(known.first_seen);
    let booked = shown_traits.day.unwrap_or(table.reading.today);
    let days = (booked - announced).get_days();
    // What is still announced may be announced otherwise, and not on another day.
    let is_still_announced = shown_traits.is_pending && traits.day.is_some();
    if !(-EARLY..=LATE).contains(&days) || (is_still_announced && days != 0) {
        return None;
    }
    let (from, to) = (traits.amount, shown_traits.amount);
    let same_sign = from.is_zero() || to.is_zero() || from.is_sign_negative() == to.is_sign_negative();
    if !same_sign {
        return None;
    }
    let is_gone = known.presence == Presence::Live && table.reading.coverage.covers(&known.row);
    let (change, alike) = if known.row.currency != shown.currency {
        (35, ALIKE_SOMEWHAT)
    } else if from == to {
        (0, if is_gone { 0 } else { ALIKE })
    } else {
        changed(from, to)?
    };
    let likeness = table.likeness(entry, row);
    if likeness < alike {
        return None;
    }
    let unlike = (100 - likeness.min(100)) / 2;
    let cost = change + days.unsigned_abs() + unlike;
    (cost < ALONE).then_some(cost)
}

/// What a change of the amount costs, and how alike the words then have to be.
fn changed(from: Decimal, to: Decimal) -> Option<(u32, u32)> {
    let (size, booked) = (from.abs(), to.abs());
    if size.is_zero() || size == Decimal::ONE {
        // A bank asks whether a card is good with nothing or with one.
        return Some((40, ALIKE_VERY));
    }
    let hundred = Decimal::ONE_HUNDRED;
    let difference = (booked - size).abs().checked_mul(hundred)?;
    let is_within = |hundredths: i64| Some(difference <= size.checked_mul(Decimal::from(hundredths))?);
    if is_within(ESTIMATE)? {
        return Some((10, ALIKE_SOMEWHAT));
    }
    if booked > size && is_within(TIP - 100)? {
        return Some((20, ALIKE_ENOUGH));
    }
    // A hold is taken for more than is owed in the end.
    (booked < size).then_some((45, ALIKE_VERY))
}

/// Pairs that have anything to do with each other, together.
fn groups(costs: &[(usize, usize, u32)]) -> Vec<Vec<(usize, usize, u32)>> {
    let mut of_row: BTreeMap<usize, usize> = BTreeMap::new();
    let mut of_entry: BTreeMap<usize, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<(usize, usize, u32)>> = Vec::new();
    for &(entry, row, cost) in costs {
        let there = [of_entry.get(&entry).copied(), of_row.get(&row).copied()];
        let group = match there {
            [Some(one), Some(other)] if one != other => {
                // The smaller one moves, so that no pair moves often.
                let (into, from) = if groups[one].len() >= groups[other].len() { (one, other) } else { (other, one) };
                for pair in std::mem::take(&mut groups[from]) {
                    of_entry.insert(pair.0, into);
                    of_row.insert(pair.1, into);
                    groups[into].push(pair);
                }
                into
            }
            [Some(group), _] | [None, Some(group)] => group,
            [None, None] => {
                groups.push(Vec::new());
                groups.len() - 1
            }
        };
        groups[group].push((entry, row, cost));
        of_entry.insert(entry, group);
        of_row.insert(row, group);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The pairs that cost the least together, each entry and row once.
fn assign(group: &[(usize, usize, u32)]) -> Vec<(usize, usize, u32)> {
    if let [pair] = group {
        return vec![*pair];
    }
    let entries: Vec<usize> = group.iter().map(|pair| pair.0).collect::<BTreeSet<_>>().into_iter().collect();
    let rows: Vec<usize> = group.iter().map(|pair| pair.1).collect::<BTreeSet<_>>().into_iter().collect();
    // Beside the rows each entry has a place of its own to stay alone.
    let columns = rows.len() + entries.len();
    if entries.len().saturating_mul(columns) > CELLS {
        return cheapest_first(group);
    }
    let known: BTreeMap<(usize, usize), u32> = group.iter().map(|(entry, row, cost)| ((*entry, *row), *cost)).collect();
    // Between assignments that cost the same, that of the entries which come first.
    let unit = i64::try_from(columns * columns).unwrap_or(i64::MAX / 1_000_000);
    let impossible = i64::from(ALONE) * unit * 100;
    let place = |at: usize| i64::try_from(at).unwrap_or_default();
    let weights = Matrix::from_fn(entries.len(), columns, |(at, column)| match rows.get(column) {
        Some(row) => known.get(&(entries[at], *row)).map_or(impossible, |cost| i64::from(*cost) * unit + place(at)),
        None if column - rows.len() == at => i64::from(ALONE) * unit,
        None => impossible,
    });
    let (_, columns) = kuhn_munkres_min(&weights);
    let pairs = entries.iter().zip(columns).filter_map(|(entry, column)| {
        let row = *rows.get(column)?;
        Some((*entry, row, *known.get(&(*entry, row))?))
    });
    pairs.collect()
}

fn cheapest_first(group: &[(usize, usize, u32)]) -> Vec<(usize, usize, u32)> {
    let mut pairs = group.to_vec();
    pairs.sort_by_key(|(entry, row, cost)| (*cost, *entry, *row));
    let (mut entries, mut rows) = (BTreeSet::new(), BTreeSet::new());
    pairs.retain(|(entry, row, _)| {
        let is_free = !entries.contains(entry) && !rows.contains(row);
        if is_free {
            entries.insert(*entry);
            rows.insert(*row);
        }
        is_free
    });
    pairs
}
