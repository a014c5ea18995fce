//! What the judge makes of a few rows.

use std::collections::BTreeMap;

use domain::transaction::Rail;
use jiff::civil::{Date, date};

use super::faults;
use crate::bank::books::{Books, CURRENCY, Face, TrueRow};
use crate::bank::portal::{Manners, PLAIN, Reach, Reference};
use crate::world::Visit;
use crate::{LedgerId, Read, Strategy, World, play};

/// Gives the ids that it was told to give, and holds those that it was told to hold.
struct Told {
    ids: BTreeMap<i8, Vec<u64>>,
    live: BTreeMap<i8, Vec<u64>>,
    today: i8,
}

impl Strategy for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn sync(&mut self, read: &Read) -> Vec<LedgerId> {
        self.today = read.day.day();
        let ids = self.ids.get(&self.today).cloned().unwrap_or_default();
        assert_eq!(ids.len(), read.rows.len(), "an id for each row of day {}", self.today);
        ids.into_iter().map(LedgerId).collect()
    }

    fn live(&self, _account: usize) -> Vec<LedgerId> {
        let live = self.live.get(&self.today).cloned().unwrap_or_default();
        live.into_iter().map(LedgerId).collect()
    }
}

fn on(day: i8) -> Date {
    date(2026, 10, day)
}

/// `rows` is a row for each line, `day words, day words, …`, where a `-` for words withdraws it;
/// rows come in this order. `syncs` is `day: ids | live ids`, one for each line.
fn check(rows: &str, syncs: &str, expected: &str) {
    check_with(Reference::Absent, rows, syncs, expected);
}

fn check_with(reference: Reference, rows: &str, syncs: &str, expected: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let numbers = |text: &str| -> Vec<u64> { text.split_whitespace().map(|one| one.parse().expect("an id")).collect() };
    let day_of = |text: &str| text.trim().parse::<i8>().expect("a day");
    let row = |(place, line): (usize, &String)| {
        let phases = line.split(',').map(|phase| phase.trim().split_once(' ').expect("a day and words"));
        let mut row = TrueRow { phases: Vec::new() };
        for (day, words) in phases {
            if words == "-" {
                row.withdrawn(on(day_of(day)));
                continue;
            }
            let (rank, words) = (100 - place as u64, words.to_owned());
            let face =
                Face { is_booked: true, date: on(1), cents: -450, currency: CURRENCY, words, rail: Rail::Card, rank };
            row.phases.extend(TrueRow::since(on(day_of(day)), face).phases);
        }
        row
    };
    let rows: Vec<TrueRow> = lines(rows).iter().enumerate().map(row).collect();
    let (mut ids, mut live, mut visits) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for line in lines(syncs) {
        let (day, rest) = line.split_once(':').expect("a day");
        let (given, present) = rest.split_once('|').expect("ids, and live ones");
        let day = day_of(day);
        ids.insert(day, numbers(given));
        live.insert(day, numbers(present));
        visits.push(Visit { account: 0, books: 0..1, day: on(day), reach: Reach::Whole });
    }
    let world = World {
        name: "by hand",
        seed: 0,
        books: vec![Books { opening: 0, rows: 0..rows.len() }],
        manners: vec![Manners { reference, ..PLAIN }],
        rows,
        visits,
    };
    let outcome = play(&world, &mut Told { ids, live, today: 0 });
    assert_eq!(faults(&outcome), expected, "{syncs}");
    assert_eq!(outcome.is_flawless(), expected.is_empty());
}

#[test]
fn an_id_for_each_row_from_first_to_last_is_no_fault() {
    check("1 coffee\n1 tea", "1: 1 2 | 1 2\n2: 1 2 | 1 2", "");
    check("1 coffee, 2 espresso\n3 tea", "1: 1 | 1\n2: 1 | 1\n3: 1 2 | 1 2", "");
}

#[test]
fn a_row_under_a_second_id_is_doubled_while_the_first_one_stays() {
    check("1 coffee", "1: 1 | 1\n2: 2 | 1 2", "1 duplicates, 1 id changes");
    check("1 coffee", "1: 1 | 1\n2: 2 | 2", "1 id changes");
}

#[test]
fn an_id_that_stands_for_nothing_is_a_duplicate() {
    check("1 coffee", "1: 1 | 1 9", "1 duplicates");
}

#[test]
fn rows_that_share_an_id_are_lost_but_for_one() {
    check("1 coffee\n1 coffee\n1 coffee", "1: 1 1 1 | 1\n2: 1 1 1 | 1", "2 lost");
    check("1 coffee\n1 tea", "1: 1 1 | 1", "1 lost");
}

#[test]
fn a_row_that_the_bank_holds_and_the_ledger_does_not_is_lost() {
    check("1 coffee", "1: 1 |", "1 lost");
    check("1 coffee", "1: 1 | 1\n2: 1 |", "1 lost, 1 wrongly removed");
    check("1 coffee", "1: 1 | 1\n2: 1 |\n3: 1 | 1", "1 wrongly removed");
}

#[test]
fn a_row_that_was_never_shown_is_not_lost() {
    check("1 coffee\n9 tea", "1: 1 | 1\n2: 1 | 1", "");
    check("1 coffee\n2 tea, 3 -", "1: 1 | 1\n4: 1 | 1", "");
}

#[test]
fn a_withdrawn_row_is_kept_or_rightly_removed() {
    check("1 coffee, 2 -\n1 tea", "1: 1 2 | 1 2\n2: 2 | 1 2", "1 dropped kept");
    check("1 coffee, 2 -\n1 tea", "1: 1 2 | 1 2\n2: 2 | 2", "");
}

#[test]
fn an_id_that_goes_over_to_another_row_is_a_false_merge() {
    check("1 coffee, 2 -\n2 tea", "1: 1 | 1\n2: 1 | 1", "1 false merges");
    check("1 coffee\n1 tea", "1: 1 2 | 1 2\n2: 2 1 | 1 2", "2 id changes, 2 false merges");
}

#[test]
fn rows_that_are_alike_may_change_places() {
    check("1 coffee\n1 coffee", "1: 1 2 | 1 2\n2: 2 1 | 1 2", "");
    // Which of them was withdrawn, renamed or late, nobody can say.
    check("1 coffee, 2 -\n1 coffee", "1: 1 2 | 1 2\n2: 1 | 1", "");
    check("1 coffee, 2 espresso\n1 coffee", "1: 1 2 | 1 2\n2: 2 1 | 1 2", "");
    check("1 coffee, 3 espresso\n2 coffee", "1: 1 | 1\n2: 2 1 | 1 2\n3: 2 1 | 1 2", "");
    check("1 coffee, 3 -\n1 coffee", "1: 1 2 | 1 2\n2: 2 1 | 1 2\n3: 1 | 1", "");
    check("1 coffee, 3 -\n1 coffee", "1: 1 2 | 1 2\n2: 2 1 | 1 2\n3: 2 | 2", "");
    // But there are two of them.
    check("1 coffee, 2 espresso\n1 coffee", "1: 1 2 | 1 2\n2: 3 1 | 1 3", "1 id changes");
    check("1 coffee, 2 -\n1 coffee", "1: 1 2 | 1 2\n2: 3 | 1 2 3", "1 duplicates, 1 id changes, 1 dropped kept");
}

#[test]
fn rows_with_references_of_their_own_are_never_alike() {
    check_with(Reference::Stable, "1 coffee\n1 coffee", "1: 1 2 | 1 2\n2: 1 2 | 1 2", "");
    check_with(Reference::Stable, "1 coffee\n1 coffee", "1: 1 2 | 1 2\n2: 2 1 | 1 2", "2 id changes, 2 false merges");
    check_with(Reference::AnotherEachTime, "1 coffee\n1 coffee", "1: 1 2 | 1 2\n2: 2 1 | 1 2", "");
}
