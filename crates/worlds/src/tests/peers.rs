//! What the peers make of the worlds: each has the faults that it is known for.

use super::faults;
use crate::peers::{self, ContentHash, OccurrenceHash, PositionHash};
use crate::{Outcome, Scale, Strategy, WORLDS, base, busy, merged_accounts, play, renamed_bank, reordered_days};

fn outcome(make: crate::Make, strategy: &mut dyn Strategy) -> Outcome {
    play(&make(7, Scale::Test), strategy)
}

#[test]
fn a_row_that_is_known_by_its_place_is_added_again_with_each_row_on_top() {
    let base = outcome(base, &mut PositionHash::default());
    assert!(base.duplicates > base.true_rows, "{}", faults(&base));
    assert!(base.id_changes > base.true_rows);
    assert_eq!(base.wrongly_removed, 0);
}

#[test]
fn equal_rows_are_one_to_a_hash_of_their_content() {
    let base = outcome(base, &mut ContentHash::default());
    assert!(base.lost > 0 && base.duplicates > 0 && base.dropped_kept > 0, "{}", faults(&base));
    let busy = outcome(busy, &mut ContentHash::default());
    assert!(busy.lost * 2 > busy.seen, "{}", faults(&busy));
}

#[test]
fn a_count_of_occurrences_keeps_equal_rows_apart_and_doubles_what_changes() {
    let of_content = outcome(base, &mut ContentHash::default());
    let of_occurrence = outcome(base, &mut OccurrenceHash::default());
    assert!(of_occurrence.lost < of_content.lost, "{}", faults(&of_occurrence));
    assert!(of_occurrence.duplicates > 0, "{}", faults(&of_occurrence));
}

#[test]
fn an_order_that_changes_is_nothing_to_a_hash_of_the_content() {
    let outcome = outcome(reordered_days, &mut ContentHash::default());
    assert!(outcome.duplicates < outcome.true_rows / 2, "{}", faults(&outcome));
}

#[test]
fn a_bank_that_renames_everything_doubles_what_is_known_by_its_words() {
    let outcome = outcome(renamed_bank, &mut ContentHash::default());
    assert!(outcome.duplicates * 2 > outcome.true_rows, "{}", faults(&outcome));
}

#[test]
fn an_account_that_goes_into_another_doubles_its_rows() {
    let outcome = outcome(merged_accounts, &mut OccurrenceHash::default());
    assert!(outcome.duplicates * 4 > outcome.true_rows, "{}", faults(&outcome));
}

#[test]
fn nobody_but_an_oracle_is_without_a_fault() {
    for (name, make) in WORLDS {
        let world = make(7, Scale::Test);
        for mut peer in peers::all() {
            assert!(!play(&world, peer.as_mut()).is_flawless(), "{} in {name}", peer.name());
        }
    }
}
