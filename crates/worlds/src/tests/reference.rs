//! A strategy that trusts the bank's reference, in the worlds where it may and where it may not:
//! without the truth, a ledger can be flawless.

use std::collections::BTreeMap;

use domain::observation::Extent;
use jiff::civil::Date;

use super::faults;
use crate::rng::hash;
use crate::{LedgerId, Make, Outcome, Read, Scale, Strategy, ids_from_booking, ids_per_fetch, play, stable_ids};

/// The reference is the id, and what is missing from a whole window is gone.
#[derive(Default)]
struct Trusting(BTreeMap<usize, BTreeMap<LedgerId, Option<Date>>>);

impl Strategy for Trusting {
    fn name(&self) -> &'static str {
        "trusting"
    }

    fn sync(&mut self, read: &Read) -> Vec<LedgerId> {
        let id_of = |reference: &Option<String>| LedgerId(hash([reference.as_deref().unwrap_or_default().as_bytes()]));
        let ids: Vec<LedgerId> = read.rows.iter().map(|row| id_of(&row.bank_reference)).collect();
        let held = self.0.entry(read.account).or_default();
        held.extend(ids.iter().zip(&read.rows).map(|(id, row)| (*id, row.posted_date)));
        if read.window.extent == Extent::Whole {
            let reaches = |date: Option<Date>| date.is_none_or(|date| read.window.from.is_none_or(|from| date >= from));
            held.retain(|id, date| ids.contains(id) || !reaches(*date));
        }
        ids
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        self.0.get(&account).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }
}

fn outcome(make: Make) -> Outcome {
    play(&make(7, Scale::Test), &mut Trusting::default())
}

#[test]
fn a_reference_that_is_the_rows_own_leaves_no_fault() {
    assert_eq!(faults(&outcome(stable_ids)), "");
}

#[test]
fn a_reference_that_changes_with_the_booking_changes_ids_and_nothing_else() {
    let outcome = outcome(ids_from_booking);
    assert!(outcome.id_changes > 100);
    assert_eq!(faults(&outcome), format!("{} id changes", outcome.id_changes));
}

#[test]
fn a_reference_that_is_new_at_each_fetch_changes_every_id() {
    let outcome = outcome(ids_per_fetch);
    assert!(outcome.id_changes > outcome.rows * 9 / 10 - outcome.seen, "{}", faults(&outcome));
}
