//! The entries on one side, the rows on the other, and who has found whom so far.
//!
//! Not here: any tier; each takes what is free and pairs what it is sure of.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::face::{Traits, reference};
use super::references::ReferenceRecord;
use super::vocabulary::Vocabulary;
use super::{Absence, Entry, Face, Gone, Grounds, Presence, Reading, Rule, Settlement, Standing};
use crate::observation::Source;
use crate::transaction::ObservedTransaction;

pub(super) struct Table<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) reading: &'a Reading<'a>,
    entry_traits: Vec<Traits>,
    row_traits: Vec<Traits>,
    is_taken: Vec<bool>,
    standings: Vec<Option<Standing>>,
    rivals: BTreeMap<usize, Vec<usize>>,
    /// By entry: faces that it must not be given.
    apart: HashMap<usize, HashSet<&'a Face>>,
    trusts_references: bool,
    vocabulary: OnceCell<Vocabulary>,
}

impl<'a> Table<'a> {
    pub(super) fn new(entries: &'a [Entry], reading: &'a Reading<'a>) -> Self {
        let mut apart: HashMap<usize, HashSet<&Face>> = HashMap::new();
        if !reading.decisions.apart.is_empty() {
            let positions: HashMap<_, _> = entries.iter().enumerate().map(|(at, entry)| (entry.id, at)).collect();
            for (id, face) in &reading.decisions.apart {
                if let Some(at) = positions.get(id) {
                    apart.entry(*at).or_default().insert(face);
                }
            }
        }
        Self {
            entries,
            reading,
            entry_traits: entries.iter().map(|entry| Traits::of(&entry.row)).collect(),
            row_traits: reading.rows.iter().map(Traits::of).collect(),
            is_taken: vec![false; entries.len()],
            standings: vec![None; reading.rows.len()],
            rivals: BTreeMap::new(),
            apart,
            trusts_references: false,
            vocabulary: OnceCell::new(),
        }
    }

    pub(super) const fn trust_references(&mut self) {
        self.trusts_references = true;
    }

    /// Entries that no row was found for, in their order, the live ones first.
    pub(super) fn free_entries(&self) -> impl Iterator<Item = usize> + '_ {
        let of = move |presence| {
            let entries = self.entries.iter().zip(&self.is_taken).enumerate();
            let free = entries.filter(move |(_, (entry, taken))| !**taken && entry.presence == presence);
            free.map(|(at, _)| at)
        };
        of(Presence::Live).chain(of(Presence::Removed))
    }

    /// Rows that nothing was found for, in their order.
    pub(super) fn free_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.standings.iter().enumerate().filter(|(_, standing)| standing.is_none()).map(|(at, _)| at)
    }

    pub(super) fn has_free_entries_and_rows(&self) -> bool {
        self.free_entries().next().is_some() && self.free_rows().next().is_some()
    }

    pub(super) fn is_free(&self, entry: usize) -> bool {
        self.is_taken.get(entry).is_some_and(|taken| !taken)
    }

    /// `at` is a position of this table, as all of them are.
    pub(super) fn entry(&self, at: usize) -> (&'a Entry, &Traits) {
        (&self.entries[at], &self.entry_traits[at])
    }

    /// `at` is a position of this table, as all of them are.
    pub(super) fn row(&self, at: usize) -> (&'a ObservedTransaction, &Traits) {
        (&self.reading.rows[at], &self.row_traits[at])
    }

    /// Whether the row may be this entry, as far as operators and trusted references say.
    pub(super) fn may_be(&self, entry: usize, row: usize) -> bool {
        let (known, traits) = self.entry(entry);
        let (shown, shown_traits) = self.row(row);
        if self.apart.get(&entry).is_some_and(|faces| faces.contains(&Face::of(shown))) {
            return false;
        }
        // A reference may change when the bank books what it announced.
        let both_booked = !traits.is_pending && !shown_traits.is_pending;
        let same_source = known.reference_source == self.reading.source;
        match (reference(&known.row), reference(shown)) {
            (Some(one), Some(other)) if self.trusts_references && both_booked && same_source => one == other,
            _ => true,
        }
    }

    /// How alike their words are, from 0 to 100; the words of either source count.
    pub(super) fn likeness(&self, entry: usize, row: usize) -> u32 {
        let vocabulary = self.vocabulary.get_or_init(|| {
            let known = self.entry_traits.iter().map(|traits| traits.words.as_str());
            Vocabulary::of(known.chain(self.row_traits.iter().map(|traits| traits.words.as_str())))
        });
        let (known, traits) = self.entry(entry);
        let words = &self.row(row).1.words;
        let likeness = vocabulary.likeness(&traits.words, words);
        let alias = known.alias.as_deref().map(super::face::folded);
        alias.map_or(likeness, |alias| likeness.max(vocabulary.likeness(&alias, words)))
    }

    /// How many days later the row is than what was known; 0 where either has no day.
    pub(super) fn days(&self, entry: usize, row: usize) -> i32 {
        match (self.entry(entry).1.day, self.row(row).1.day) {
            (Some(from), Some(to)) => (to - from).get_days(),
            _ => 0,
        }
    }

    /// The row is this entry.
    pub(super) fn pair(&mut self, entry: usize, row: usize, rule: Rule, likeness: u32, cost: Option<u32>) {
        let grounds = Grounds { rule, likeness, days: self.days(entry, row), cost };
        self.is_taken[entry] = true;
        self.standings[row] = Some(Standing::Known { entry, grounds });
    }

    /// The row is an entry that has its row already.
    pub(super) fn absorb(&mut self, entry: usize, row: usize) {
        self.standings[row] = Some(Standing::Absorbed { entry });
    }

    /// The row could be any of these, which are too like each other.
    pub(super) fn leave_apart(&mut self, row: usize, rivals: Vec<usize>) {
        self.rivals.entry(row).or_insert(rivals);
    }

    pub(super) fn settled(mut self, measured: ReferenceRecord) -> Settlement {
        let coverage = self.reading.coverage;
        let gone = self.entries.iter().zip(&self.is_taken).enumerate().filter(|(_, (entry, taken))| {
            // A file says what was so when it was made, which may be long ago.
            self.reading.source == Source::Pages
                && !**taken
                && entry.presence == Presence::Live
                && coverage.proves_gone(entry)
        });
        // What has surely become one of several rows needn't be missed twice.
        let mut became: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let is_new = |row: usize| self.standings.get(row).is_some_and(Option::is_none);
        for (row, rivals) in self.rivals.iter().filter(|(row, _)| is_new(**row)) {
            for entry in rivals {
                became.entry(*entry).or_default().push(*row);
            }
        }
        let absence = |(at, (entry, _)): (usize, (&Entry, &bool))| {
            let gone = match became.remove(&at) {
                Some(rows) => Gone::BecameOneOf { rows },
                None => Gone::Missing { count: entry.absences.saturating_add(1) },
            };
            Absence { entry: at, gone }
        };
        let absences = gone.map(absence).collect();
        let standings = std::mem::take(&mut self.standings);
        let rows = standings.into_iter().enumerate().map(|(row, standing)| {
            standing.unwrap_or_else(|| Standing::New { rivals: self.rivals.remove(&row).unwrap_or_default() })
        });
        Settlement { rows: rows.collect(), absences, measured }
    }
}
