//! The tiers, one after the other, on rows that are written as `day amount words`.

use jiff::civil::{Date, date};
use uuid::Uuid;

use super::references::ReferenceRecord;
use super::{Coverage, Decisions, Entry, Face, Gone, Presence, Reading, Rule, Settlement, Standing, match_key, settle};
use crate::id::TransactionId;
use crate::observation::Source;
use crate::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};

const TODAY: Date = date(2026, 10, 9);

/// `2026-10-03 -4.50 bean`, `pending -4.50 bean`, `pending:2026-10-03 -4.50 bean`; a last
/// word that begins with `ref:` is the bank's reference.
pub(crate) fn row(text: &str) -> ObservedTransaction {
    let mut parts = text.trim().splitn(3, ' ');
    let (day, amount) = (parts.next().unwrap_or_default(), parts.next().expect("an amount"));
    let words = parts.next().unwrap_or_default();
    let (words, reference) = match words.rsplit_once("ref:") {
        Some((words, reference)) => (words.trim(), Some(reference.to_owned())),
        None => (words, None),
    };
    let pending = day.strip_prefix("pending");
    let shown = pending.and_then(|rest| rest.strip_prefix(':')).and_then(|day| day.parse().ok());
    ObservedTransaction {
        status: if pending.is_some() { TransactionStatus::Pending } else { TransactionStatus::Posted },
        posted_date: pending.is_none().then(|| day.parse().expect("a day")),
        amount: amount.into(),
        currency: "USD".into(),
        entry_type: if amount.starts_with('-') { EntryType::Debit } else { EntryType::Credit },
        description: words.into(),
        raw_description: None,
        rail: Rail::Card,
        bank_reference: reference,
        customer_reference: None,
        bai_code: None,
        category: None,
        subcategory: None,
        mcc: None,
        merchant_name: None,
        counterparty_name: None,
        counterparty_account_masked: None,
        transaction_date: shown,
        running_balance: None,
    }
}

/// Rows, separated by commas.
pub(crate) fn rows(text: &str) -> Vec<ObservedTransaction> {
    text.split(',').filter(|one| !one.trim().is_empty()).map(row).collect()
}

pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let entry = |(number, row): (usize, ObservedTransaction)| Entry {
        id: id(number),
        first_seen: row.posted_date.or(row.transaction_date).unwrap_or(date(2026, 10, 5)),
        row,
        source: Source::Pages,
        reference_source: Source::Pages,
        alias: None,
        absences: 0,
        presence: Presence::Live,
    };
    rows(text).into_iter().enumerate().map(entry).collect()
}

fn id(number: usize) -> TransactionId {
    TransactionId(Uuid::from_u128(number as u128 + 1))
}

const EVERYTHING: Coverage = Coverage { posted: Some((date(2020, 1, 1), Date::MAX)), pending: true, edge: None };

fn read(known: &[Entry], shown: &[ObservedTransaction], coverage: Coverage, decisions: &Decisions) -> Settlement {
    let references = ReferenceRecord::default();
    settle(known, &Reading { rows: shown, source: Source::Pages, coverage, today: TODAY, references, decisions })
}

fn told(settlement: &Settlement) -> String {
    let row = |standing: &Standing| match standing {
        Standing::Known { entry, grounds } => format!("{entry} {}", grounds.rule),
        Standing::Absorbed { entry } => format!("{entry} absorbed"),
        Standing::New { rivals } if rivals.is_empty() => "new".into(),
        Standing::New { rivals } => format!("new, like {rivals:?}"),
    };
    settlement.rows.iter().map(row).collect::<Vec<_>>().join("; ")
}

fn check(known: &str, shown: &str, expected: &str) {
    let settlement = read(&entries(known), &rows(shown), EVERYTHING, &Decisions::default());
    assert_eq!(told(&settlement), expected, "{known} → {shown}");
}

/// The same where nothing follows from what is missing.
fn check_uncovered(known: &str, shown: &str, expected: &str) {
    let settlement = read(&entries(known), &rows(shown), Coverage::NOTHING, &Decisions::default());
    assert_eq!(told(&settlement), expected, "{known} → {shown}");
    assert!(settlement.absences.is_empty());
}

#[test]
fn equal_rows_stay_as_many_as_the_bank_shows() {
    check("", "2026-10-03 -4.50 bean, 2026-10-03 -4.50 bean", "new; new");
    check("2026-10-03 -4.50 bean", "2026-10-03 -4.50 bean, 2026-10-03 -4.50 bean", "0 content; new");
    let two = "2026-10-03 -4.50 bean, 2026-10-03 -4.50 bean";
    check(two, two, "0 content; 1 content");
    check(two, "2026-10-03 -4.50 bean", "0 content");
}

#[test]
fn reading_everything_again_adds_nothing_in_whatever_order() {
    let known = "2026-10-03 -4.50 bean, 2026-10-03 12.00 rent, 2026-10-02 -4.50 bean, pending -1.00 tea";
    let shown = "pending -1.00 tea, 2026-10-02 -4.50 Bean, 2026-10-03 12.0 rent, 2026-10-03 -4.50  bean";
    check(known, shown, "3 content; 2 content; 1 content; 0 content");
    check_uncovered(known, shown, "3 content; 2 content; 1 content; 0 content");
}

#[test]
fn other_words_on_the_same_day_for_the_same_amount_are_the_same_row() {
    check("2026-10-03 -4.50 POS 1234 STARBUCKS", "2026-10-03 -4.50 STARBUCKS #1234 SEATTLE WA", "0 renamed");
    check_uncovered("2026-10-03 -4.50 POS 1234 STARBUCKS", "2026-10-03 -4.50 STARBUCKS #1234", "0 renamed");
    // Even wholly other words, if the old ones are gone for certain.
    check("2026-10-03 -4.50 cash", "2026-10-03 -4.50 Auszahlung", "0 renamed");
    check_uncovered("2026-10-03 -4.50 cash", "2026-10-03 -4.50 Auszahlung", "new");
    check("2026-10-03 -4.50 cash", "2026-10-03 -4.50 Auszahlung, 2026-10-03 -4.50 Gebühr", "new; new");
    check("2026-10-03 -4.50 cash", "2026-10-03 -4.51 cash", "new");
}

#[test]
fn on_the_oldest_day_as_many_rows_as_are_known_are_all_of_them() {
    let known = entries("2026-10-05 -1 a, 2026-10-03 -7 gamma, 2026-10-03 -8 delta");
    let coverage = Coverage { edge: Some(date(2026, 10, 3)), ..EVERYTHING };
    let coverage = Coverage { posted: Some((date(2026, 10, 4), Date::MAX)), ..coverage };
    let told = |shown: &str| told(&read(&known, &rows(shown), coverage, &Decisions::default()));
    assert_eq!(told("2026-10-05 -1 a, 2026-10-03 -7 wholly, 2026-10-03 -8 other"), "0 content; 1 renamed; 2 renamed");
    // One of them may have been cut, and the other may be another one.
    assert_eq!(told("2026-10-05 -1 a, 2026-10-03 -7 wholly"), "0 content; new");
}

#[test]
fn of_several_that_could_be_renamed_the_likest_are_taken() {
    check(
        "2026-10-03 -9.99 shell 17, 2026-10-03 -9.99 tesco 4",
        "2026-10-03 -9.99 TESCO EXPRESS 4, 2026-10-03 -9.99 SHELL STATION 17",
        "1 renamed; 0 renamed",
    );
}

#[test]
fn a_row_may_move_three_days_if_it_is_the_only_one_that_can() {
    check("2026-10-03 -4.50 bean", "2026-10-06 -4.50 bean", "0 redated");
    check("2026-10-03 -4.50 bean", "2026-10-07 -4.50 bean", "new");
    check("2026-10-03 -4.50 bean", "2026-10-05 -4.50 rent", "new");
    check_uncovered("2026-10-03 -4.50 bean", "2026-10-04 -4.50 bean", "new");
    check("2026-10-03 -4.50 bean, 2026-10-05 -4.50 bean", "2026-10-04 -4.50 bean", "new, like [0, 1]");
    // Two equal ones that moved together.
    let two = "2026-10-03 -4.50 bean, 2026-10-03 -4.50 bean";
    check(two, "2026-10-05 -4.50 bean, 2026-10-05 -4.50 bean", "0 redated; 1 redated");
}

#[test]
fn what_was_announced_keeps_its_id_when_it_is_booked() {
    check("pending:2026-10-03 -10.00 cafe 12", "2026-10-05 -10.00 CAFE 12 BERLIN", "0 posted");
    check("pending:2026-10-03 -10.00 cafe 12", "2026-10-05 -12.00 cafe 12", "0 posted");
    check("pending:2026-10-03 -10.00 cafe 12", "2026-10-05 -13.51 cafe 12", "new");
    check("pending:2026-10-03 -10.00 cafe 12", "2026-10-05 10.00 cafe 12", "new");
    check("pending:2026-10-03 -10.00 cafe 12", "2026-10-18 -10.00 cafe 12", "new");
    check("pending:2026-10-03 -10.00 cafe 12", "2026-10-01 -10.00 cafe 12", "new");
    check("pending:2026-10-03 -10.00 cafe 12", "pending:2026-10-03 -10.20 cafe 12", "0 posted");
    // A hold at a pump, a question whether the card is good.
    check("pending:2026-10-03 -100.00 fuel 12", "2026-10-05 -43.17 fuel 12", "0 posted");
    check("pending:2026-10-03 -1.00 fuel 12", "2026-10-05 -43.17 fuel 12", "0 posted");
    check("pending:2026-10-03 -100.00 fuel 12", "2026-10-05 -43.17 books", "new");
}

#[test]
fn pending_rows_are_assigned_so_that_all_of_them_fit_best() {
    // Taken one by one, the first would take what the second needs.
    check(
        "pending:2026-10-03 -10.00 cafe, pending:2026-10-03 -11.00 cafe",
        "2026-10-04 -11.00 cafe, 2026-10-04 -12.00 cafe",
        "1 posted; 0 posted",
    );
    check(
        "pending:2026-10-03 -10.00 cafe, pending:2026-10-03 -10.00 cafe",
        "2026-10-04 -10.00 cafe, 2026-10-04 -10.00 cafe",
        "0 posted; 1 posted",
    );
}

#[test]
fn what_could_be_either_of_two_is_kept_apart() {
    check(
        "pending:2026-10-03 -10.00 bar north, pending:2026-10-03 -10.00 bar south",
        "2026-10-04 -10.00 bar",
        "new, like [0, 1]",
    );
    // Which of two equal ones it was makes no difference.
    check("pending:2026-10-03 -10.00 bar, pending:2026-10-03 -10.00 bar", "2026-10-04 -10.00 bar", "0 posted");
}

#[test]
fn what_has_become_one_of_several_rows_goes_at_once_if_it_is_gone_for_certain() {
    let known = entries("pending:2026-10-03 -10.00 bar north, pending:2026-10-03 -10.00 bar south");
    let shown = rows("2026-10-04 -10.00 bar");
    let gone = |coverage| {
        let settlement = read(&known, &shown, coverage, &Decisions::default());
        settlement.absences.into_iter().map(|absence| (absence.entry, absence.gone)).collect::<Vec<_>>()
    };
    let became = || Gone::BecameOneOf { rows: vec![0] };
    assert_eq!(gone(EVERYTHING), [(0, became()), (1, became())]);
    assert_eq!(gone(Coverage::NOTHING), []);
}

#[test]
fn what_a_row_could_have_been_is_not_gone_for_it_once_the_row_is_something_else() {
    let known = entries("2026-10-03 -10.00 bar, 2026-10-05 -10.00 bar, pending:2026-10-04 -10.00 bar");
    let settlement = read(&known, &rows("2026-10-04 -10.00 bar"), EVERYTHING, &Decisions::default());
    assert_eq!(told(&settlement), "2 posted");
    let missing = |absence: &super::Absence| absence.gone == Gone::Missing { count: 1 };
    assert!(settlement.absences.len() == 2 && settlement.absences.iter().all(missing), "{settlement:?}");
}

#[test]
fn what_is_missing_twice_in_a_row_is_removed_and_only_from_what_is_covered() {
    let mut known = entries("2026-10-03 -4.50 bean, 2026-10-04 -1.00 tea");
    let shown = rows("2026-10-04 -1.00 tea");
    let absences = |known: &[Entry], coverage| {
        let settlement = read(known, &shown, coverage, &Decisions::default());
        let count = |gone: &Gone| match gone {
            Gone::Missing { count } => *count,
            Gone::BecameOneOf { .. } => u32::MAX,
        };
        settlement.absences.iter().map(|absence| (absence.entry, count(&absence.gone))).collect::<Vec<_>>()
    };
    assert_eq!(absences(&known, EVERYTHING), [(0, 1)]);
    known[0].absences = 1;
    assert_eq!(absences(&known, EVERYTHING), [(0, 2)]);
    assert_eq!(absences(&known, Coverage::NOTHING), []);
    let later = Coverage { posted: Some((date(2026, 10, 4), Date::MAX)), pending: true, edge: None };
    assert_eq!(absences(&known, later), []);
    known[0].presence = Presence::Removed;
    assert_eq!(absences(&known, EVERYTHING), []);
}

#[test]
fn what_was_removed_and_is_shown_again_has_its_old_id() {
    let mut known = entries("2026-10-03 -4.50 bean, 2026-10-03 -4.50 bean");
    known[0].presence = Presence::Removed;
    let check = |shown: &str, expected: &str| {
        let settlement = read(&known, &rows(shown), EVERYTHING, &Decisions::default());
        assert_eq!(told(&settlement), expected);
    };
    check("2026-10-03 -4.50 bean", "1 content");
    check("2026-10-03 -4.50 bean, 2026-10-03 -4.50 bean", "1 content; 0 content");
    check("2026-10-03 -4.50 other", "1 renamed");
}

#[test]
fn an_operator_outranks_every_tier() {
    let known = entries("2026-10-03 -4.50 bean, 2026-10-04 -1.00 tea");
    let face = |text: &str| Face::of(&row(text));
    let check = |decisions: &Decisions, shown: &str, expected: &str| {
        assert_eq!(told(&read(&known, &rows(shown), EVERYTHING, decisions)), expected);
    };
    let apart = Decisions { apart: vec![(id(0), face("2026-10-03 -4.50 bean"))], ..Decisions::default() };
    check(&apart, "2026-10-03 -4.50 bean", "new");
    check(&apart, "2026-10-03 -4.50 beans", "0 renamed");
    let same = Decisions { same: vec![(id(0), face("2026-09-01 -9.00 coffee"))], ..Decisions::default() };
    check(&same, "2026-09-01 -9.00 coffee", "0 decision");
    check(&same, "2026-09-01 -9.00 coffee, 2026-10-03 -4.50 bean", "0 absorbed; 0 content");
    check(&same, "2026-09-01 -9.00 coffee, 2026-09-01 -9.00 coffee", "0 decision; new");
}

#[test]
fn a_trusted_reference_finds_a_row_whatever_else_changed_and_an_untrusted_one_does_not() {
    let known = entries("2026-10-03 -4.50 bean ref:77");
    let shown = rows("2026-10-08 -4.50 bean and more ref:77");
    let read = |references| {
        let decisions = &Decisions::default();
        let coverage = Coverage::NOTHING;
        told(&settle(
            &known,
            &Reading { rows: &shown, source: Source::Pages, coverage, today: TODAY, references, decisions },
        ))
    };
    assert_eq!(read(ReferenceRecord { kept: 100, broken: 0, demoted: false }), "0 reference");
    assert_eq!(read(ReferenceRecord::default()), "new");
    assert_eq!(read(ReferenceRecord { kept: 100, broken: 9, demoted: true }), "new");
}

#[test]
fn two_equal_rows_with_trusted_references_of_their_own_are_two() {
    let known = entries("2026-10-03 -4.50 bean ref:1, 2026-10-03 -1.00 tea ref:5");
    let shown = rows("2026-10-03 -4.50 bean ref:2, 2026-10-03 -1.00 tea ref:5");
    let read = |references| told(&read_with(&known, &shown, references));
    assert_eq!(read(TRUSTED), "new; 1 reference");
    assert_eq!(read(ReferenceRecord::default()), "0 content; 1 content");
}

#[test]
fn a_bank_that_changes_all_its_references_on_one_day_doubles_nothing() {
    let known = entries("2026-10-03 -4.50 bean ref:1, 2026-10-03 -1.00 tea ref:5, 2026-10-02 -2.00 pie ref:6");
    let shown = rows("2026-10-03 -4.50 bean ref:A, 2026-10-03 -1.00 tea ref:B, 2026-10-02 -2.00 pie ref:C");
    let settlement = read_with(&known, &shown, ReferenceRecord { kept: 100_000, ..TRUSTED });
    assert_eq!(told(&settlement), "0 content; 1 content; 2 content");
}

const TRUSTED: ReferenceRecord = ReferenceRecord { kept: 1_000, broken: 0, demoted: false };

fn read_with(known: &[Entry], shown: &[ObservedTransaction], references: ReferenceRecord) -> Settlement {
    let (decisions, coverage) = (&Decisions::default(), Coverage::NOTHING);
    settle(known, &Reading { rows: shown, source: Source::Pages, coverage, today: TODAY, references, decisions })
}

#[test]
fn what_stands_for_no_reference_is_none_and_one_word_in_common_is_the_least() {
    let check = |known: &str, shown: &str, expected: &str| {
        assert_eq!(told(&read_with(&entries(known), &rows(shown), TRUSTED)), expected, "{known} → {shown}");
    };
    for placeholder in ["NONREF", "NotProvided", "0", "-", "N/A", "000"] {
        let (known, shown) =
            (format!("2026-10-01 -5 shop ref:{placeholder}"), format!("2026-10-08 -5 garage ref:{placeholder}"));
        check(&known, &shown, "new");
    }
    check("2026-10-01 -5 rent ref:R7", "2026-10-06 -5 loan payment ref:R7", "new");
    check("2026-10-01 -5 rent ref:R7", "2026-10-01 -5 loan payment ref:R7", "0 reference");
    check("2026-10-01 -5 rent ref:R7", "2026-10-06 -5 the rent ref:R7", "0 reference");
}

#[test]
fn a_file_proves_nothing_gone() {
    let known = entries("2026-10-03 -4.50 bean, 2026-10-04 -1.00 tea");
    let (shown, decisions) = (rows("2026-10-04 -1.00 tea"), Decisions::default());
    let references = ReferenceRecord::default();
    let reading = Reading {
        rows: &shown,
        source: Source::File,
        coverage: EVERYTHING,
        today: TODAY,
        references,
        decisions: &decisions,
    };
    assert!(settle(&known, &reading).absences.is_empty());
}

#[test]
fn references_are_measured_on_rows_that_are_alike_in_all_else() {
    let measured = |known: &str, shown: &str| {
        let measured = read(&entries(known), &rows(shown), EVERYTHING, &Decisions::default()).measured;
        (measured.kept, measured.broken)
    };
    let known = "2026-10-03 -4.50 bean ref:1, 2026-10-04 -1.00 tea ref:2, 2026-10-04 -2.00 pie";
    // A list that nothing was added to says nothing: its rows' numbers would be the same.
    assert_eq!(measured(known, known), (0, 0));
    let moved = format!("2026-10-05 -7.00 new ref:3, {known}");
    assert_eq!(measured(known, &moved), (2, 0));
    assert_eq!(measured(known, "2026-10-03 -4.50 bean ref:2, 2026-10-04 -1.00 tea ref:3"), (0, 2));
    // Of two equal rows nothing says which is which.
    let twice = "2026-10-03 -4.50 bean ref:1, 2026-10-03 -4.50 bean ref:2";
    assert_eq!(measured(twice, twice), (0, 0));
}

#[test]
fn the_words_of_another_source_are_the_rows_too() {
    let mut known = entries("2026-10-03 -4.50 bean");
    known[0].alias = Some("SEPA 4711 BEAN INC".into());
    let settlement =
        read(&known, &rows("2026-10-03 -4.50 sepa 4711 bean inc"), Coverage::NOTHING, &Decisions::default());
    assert_eq!(told(&settlement), "0 content");
}

#[test]
fn a_difference_in_any_shown_part_makes_another_key_for_older_coordinators() {
    let bean = row("2026-10-03 -4.50 bean");
    let mut other = bean.clone();
    other.bank_reference = Some("7".into());
    assert_ne!(match_key(&bean), match_key(&other));
    other = bean.clone();
    other.status = TransactionStatus::Pending;
    assert_ne!(match_key(&bean), match_key(&other));
}

#[test]
fn every_rule_has_its_word() {
    for &rule in Rule::ALL {
        assert_eq!(rule.as_str().parse(), Ok(rule));
    }
}
