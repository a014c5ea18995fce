//! The tiers that need no judgement: the bank's reference, the same face, an operator's
//! word.
//!
//! Not here: rows that changed between two readings.

use std::collections::{HashMap, VecDeque};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::face::{Traits, folded, reference};
use super::posting;
use super::references::ReferenceRecord;
use super::table::Table;
use super::{Face, Presence, Rule};
use crate::observation::Source;

/// How far a row with a trusted reference may have moved, in days either way.
const MOVED: i32 = 10;

/// How alike its words have to be if it has moved: a reference may have been used again.
const ALIKE: u32 = 20;

/// A face without copies, and whether it is pending: what was announced isn't what was
/// booked only because both look alike.
type FaceKey<'t> = (Option<Date>, Decimal, &'t str, &'t str, bool);

fn key<'t>(traits: &'t Traits, currency: &'t str, words: &'t str) -> FaceKey<'t> {
    (traits.day, traits.amount, currency, words, traits.is_pending)
}

/// Entries and rows that share something, each in their order.
#[derive(Default)]
struct Alike {
    entries: Vec<usize>,
    rows: Vec<usize>,
}

/// What a reading shows of references, and whether it lets them be believed.
pub(super) struct Measured {
    /// What counts: rows on days that the reading covers, of a list that has moved. A list
    /// that nothing was added to would keep even the numbers of its rows.
    pub(super) record: ReferenceRecord,
    /// Whether more of all that could be compared had another reference than the same: then
    /// the bank has changed what its references are, however long they were good.
    pub(super) is_upset: bool,
}

/// Compares references of rows that are recognised by their face alone, one on each side.
pub(super) fn measure(table: &Table<'_>) -> Measured {
    let (mut record, mut kept, mut broken) = (ReferenceRecord::default(), 0_u64, 0_u64);
    if table.reading.rows.iter().all(|row| reference(row).is_none()) {
        return Measured { record, is_upset: false };
    }
    let faces = faces(table);
    let has_moved = faces.values().any(|alike| alike.rows.len() > alike.entries.len());
    for Alike { entries, rows } in faces.values() {
        let ([entry], [row]) = (entries.as_slice(), rows.as_slice()) else { continue };
        let (entry, traits) = table.entry(*entry);
        let is_comparable =
            entry.presence == Presence::Live && entry.reference_source == table.reading.source && !traits.is_pending;
        let (Some(one), Some(other), true) = (reference(&entry.row), reference(table.row(*row).0), is_comparable)
        else {
            continue;
        };
        let is_covered = table.reading.coverage.covers(&entry.row);
        if one == other {
            kept += 1;
            record.kept += u64::from(is_covered && has_moved);
        } else {
            broken += 1;
            record.broken += u64::from(is_covered);
        }
    }
    Measured { record, is_upset: broken > kept }
}

fn faces<'t>(table: &'t Table<'_>) -> HashMap<FaceKey<'t>, Alike> {
    let mut faces: HashMap<FaceKey<'t>, Alike> = HashMap::with_capacity(table.reading.rows.len());
    for row in table.free_rows() {
        let (shown, traits) = table.row(row);
        faces.entry(key(traits, &shown.currency, &traits.words)).or_default().rows.push(row);
    }
    for entry in table.free_entries() {
        let (known, traits) = table.entry(entry);
        if posting::is_out_of_date(table, entry) {
            continue;
        }
        if let Some(alike) = faces.get_mut(&key(traits, &known.row.currency, &traits.words)) {
            alike.entries.push(entry);
        }
    }
    faces
}

/// The bank's own reference, unique on both sides, where amount and day fit.
pub(super) fn by_reference(table: &mut Table<'_>) {
    let mut references: HashMap<&str, Alike> = HashMap::new();
    for row in table.free_rows() {
        if let Some(reference) = reference(table.row(row).0) {
            references.entry(reference).or_default().rows.push(row);
        }
    }
    for entry in table.free_entries() {
        let known = table.entry(entry).0;
        let reference = reference(&known.row).filter(|_| known.reference_source == table.reading.source);
        if let Some(alike) = reference.and_then(|reference| references.get_mut(reference)) {
            alike.entries.push(entry);
        }
    }
    let mut pairs: Vec<(usize, usize)> = references
        .into_values()
        .filter_map(|alike| match (alike.entries.as_slice(), alike.rows.as_slice()) {
            ([entry], [row]) => Some((*entry, *row)),
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    for (entry, row) in pairs {
        let (known, shown) = (table.entry(entry).1, table.row(row).1);
        let fits = match (known.is_pending, shown.is_pending) {
            (true, _) => posting::is_plausible(table, entry, row),
            (false, false) => {
                let days = table.days(entry, row).abs();
                let is_alike = days == 0 || table.likeness(entry, row) >= ALIKE;
                known.amount == shown.amount && days <= MOVED && is_alike
            }
            (false, true) => false,
        };
        if fits && table.may_be(entry, row) {
            let likeness = table.likeness(entry, row);
            table.pair(entry, row, Rule::Reference, likeness, None);
        }
    }
}

/// The same face, as many as both sides have; then the same by the words of another source.
pub(super) fn by_face(table: &mut Table<'_>) {
    let groups: Vec<Alike> = faces(table).into_values().filter(|alike| !alike.entries.is_empty()).collect();
    for alike in groups {
        pair_alike(table, alike);
    }
    if table.entries.iter().all(|entry| entry.alias.is_none()) {
        return;
    }
    let aliases: Vec<(usize, String)> = table
        .free_entries()
        .filter_map(|entry| Some((entry, folded(table.entry(entry).0.alias.as_deref()?))))
        .collect();
    let groups: Vec<Alike> = {
        let mut faces = faces(table);
        faces.values_mut().for_each(|alike| alike.entries.clear());
        for (entry, words) in &aliases {
            let (known, traits) = table.entry(*entry);
            if let Some(alike) = faces.get_mut(&key(traits, &known.row.currency, words)) {
                alike.entries.push(*entry);
            }
        }
        faces.into_values().filter(|alike| !alike.entries.is_empty()).collect()
    };
    for alike in groups {
        pair_alike(table, alike);
    }
}

/// Pairs rows and entries that look the same: first by the same reference, then in their
/// order, live entries first.
fn pair_alike(table: &mut Table<'_>, alike: Alike) {
    let Alike { entries, rows } = alike;
    let (mut entries, mut rows) = (entries, rows);
    if entries.len() > 1 || rows.len() > 1 {
        let mut by_reference: HashMap<(Source, String), VecDeque<usize>> = HashMap::new();
        for entry in &entries {
            let known = table.entry(*entry).0;
            if let Some(reference) = reference(&known.row) {
                by_reference.entry((known.reference_source, reference.to_owned())).or_default().push_back(*entry);
            }
        }
        rows.retain(|row| {
            let reference = reference(table.row(*row).0).map(str::to_owned);
            let same = reference.and_then(|reference| by_reference.get_mut(&(table.reading.source, reference)));
            match same.and_then(VecDeque::pop_front) {
                Some(entry) if table.may_be(entry, *row) => {
                    table.pair(entry, *row, Rule::Content, 100, None);
                    false
                }
                _ => true,
            }
        });
        entries.retain(|entry| table.is_free(*entry));
    }
    // Mostly all of them may be paired; where an operator forbade it, the next one is.
    let mut left: VecDeque<usize> = entries.into();
    for row in rows {
        let passed = left.iter().position(|entry| table.may_be(*entry, row));
        if let Some(entry) = passed.and_then(|at| left.remove(at)) {
            table.pair(entry, row, Rule::Content, 100, None);
        }
    }
}

/// What an operator said to be the same.
pub(super) fn by_decision(table: &mut Table<'_>) {
    if table.reading.decisions.same.is_empty() {
        return;
    }
    let positions: HashMap<_, _> = table.entries.iter().enumerate().map(|(at, entry)| (entry.id, at)).collect();
    let mut same: HashMap<&Face, Vec<usize>> = HashMap::new();
    for (id, face) in &table.reading.decisions.same {
        if let Some(at) = positions.get(id) {
            same.entry(face).or_default().push(*at);
        }
    }
    let rows: Vec<usize> = table.free_rows().collect();
    for row in rows {
        // Each decision stands for one row of a reading.
        let Some(entries) = same.get_mut(&Face::of(table.row(row).0)) else { continue };
        let Some(entry) = entries.pop() else { continue };
        if table.is_free(entry) {
            let likeness = table.likeness(entry, row);
            table.pair(entry, row, Rule::Decision, likeness, None);
        } else {
            table.absorb(entry, row);
        }
    }
}
