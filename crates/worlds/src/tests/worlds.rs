//! What holds for every world.

use std::collections::{BTreeSet, HashMap};

use domain::observation::Extent;
use domain::transaction::{EntryType, ObservedTransaction, TransactionStatus};
use rust_decimal::Decimal;

use super::{Oracle, faults};
use crate::play::judge;
use crate::{Read, Scale, TruthId, View, WORLDS, World};

const SEED: u64 = 7;

fn every_world(check: impl Fn(&'static str, &World)) {
    for (name, make) in WORLDS {
        check(name, &make(SEED, Scale::Test));
    }
}

fn amount(row: &ObservedTransaction) -> Decimal {
    row.amount.parse().expect("a decimal")
}

fn booked(read: &Read) -> impl Iterator<Item = &ObservedTransaction> {
    read.rows.iter().filter(|row| row.status == TransactionStatus::Posted)
}

#[test]
fn a_world_carries_the_name_that_the_table_gives_it() {
    every_world(|name, world| assert_eq!(world.name(), name));
    let names: BTreeSet<_> = WORLDS.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), WORLDS.len());
}

#[test]
fn the_same_seed_makes_the_same_world_and_another_seed_another() {
    for (name, make) in WORLDS {
        let views = |seed| make(seed, Scale::Test).views().collect::<Vec<View>>();
        assert!(views(SEED) == views(SEED), "{name}");
        assert!(views(SEED) != views(SEED + 1), "{name}");
    }
}

#[test]
fn an_oracle_makes_no_fault_in_any_world() {
    every_world(|name, world| {
        let outcome = judge(world, &mut Oracle::of(world));
        assert_eq!(faults(&outcome), "", "{name}");
        assert!(outcome.is_flawless());
        assert!(outcome.seen > 100 && outcome.seen <= outcome.true_rows && outcome.rows > outcome.seen, "{name}");
        assert_eq!(outcome.syncs, world.views().count());
    });
}

#[test]
fn reads_come_in_the_order_of_their_days_with_a_truth_for_each_row() {
    every_world(|name, world| {
        let mut last = None;
        for View { read, truths } in world.views() {
            assert!(last <= Some(read.day), "{name}");
            last = Some(read.day);
            assert_eq!(read.rows.len(), truths.len(), "{name}");
            assert_eq!(truths.iter().collect::<BTreeSet<_>>().len(), truths.len(), "{name}: a row is shown once");
            assert!(read.account < world.accounts());
        }
    });
}

#[test]
fn rows_are_what_a_portal_could_show() {
    every_world(|name, world| {
        for row in world.views().flat_map(|view| view.read.rows) {
            let value = amount(&row);
            assert_eq!(row.entry_type == EntryType::Debit, value.is_sign_negative(), "{name}");
            assert!(!value.is_zero() && value.scale() == 2, "{name}");
            assert_eq!(row.posted_date.is_some(), row.status == TransactionStatus::Posted, "{name}");
            assert!(row.posted_date.is_some() || row.currency == "USD" || name == "card_conversion", "{name}");
            assert!(!row.description.is_empty() && row.description.trim() == row.description, "{name}");
        }
    });
}

#[test]
fn nothing_is_dated_after_the_sync_that_saw_it() {
    every_world(|name, world| {
        for View { read, .. } in world.views() {
            let dates = read.rows.iter().filter_map(|row| row.posted_date.or(row.transaction_date));
            assert!(dates.max() <= Some(read.day), "{name}");
            let from = read.window.from;
            assert!(booked(&read).all(|row| row.posted_date >= from), "{name}: nothing from before the window");
        }
    });
}

#[test]
fn the_opening_and_what_was_booked_make_the_balance_of_every_whole_list() {
    every_world(|name, world| {
        let mut lists = 0;
        for View { read, .. } in world.views() {
            if read.window.extent == Extent::Whole && read.window.from.is_none() {
                let sum: Decimal = booked(&read).map(amount).sum();
                let opening = world.opening(read.account, read.day).expect("it was read then");
                assert_eq!(Some(opening + sum), read.balance, "{name}");
                lists += 1;
            }
        }
        let never = ["partial_windows", "missing_pages", "missing_pages_unnoticed", "busy"];
        assert_eq!(lists == 0, never.contains(&name), "{name}");
    });
}

#[test]
fn running_balances_lead_from_row_to_row_up_to_the_balance() {
    every_world(|name, world| {
        if ["reordered_days", "missing_pages", "missing_pages_unnoticed"].contains(&name) {
            return;
        }
        for View { read, .. } in world.clone().with_running_balances().views() {
            let mut expected = read.balance.expect("a balance");
            for row in booked(&read) {
                let after: Decimal = row.running_balance.as_deref().expect("a balance").parse().expect("a decimal");
                assert_eq!(after, expected, "{name}");
                expected -= amount(row);
            }
        }
    });
}

#[test]
fn only_a_missing_page_makes_a_list_shorter_than_it_was_announced() {
    every_world(|name, world| {
        let mut short = 0;
        for View { read, .. } in world.views() {
            let Some(announced) = read.window.rows_announced else { continue };
            let is_short = announced > read.rows.len() as u64;
            assert!(!is_short || name.starts_with("missing_pages") || read.window.extent == Extent::Partial, "{name}");
            short += usize::from(is_short && read.window.extent == Extent::Whole);
        }
        assert_eq!(short > 0, name == "missing_pages_unnoticed", "{name}");
    });
}

#[test]
fn every_world_has_rows_that_change_and_rows_that_are_alike() {
    every_world(|name, world| {
        let (mut looks, mut changed, mut twins) = (HashMap::<TruthId, ObservedTransaction>::new(), 0, 0);
        for View { read, truths } in world.views() {
            let mut here = BTreeSet::new();
            for (row, truth) in read.rows.into_iter().zip(truths) {
                let plain = ObservedTransaction { bank_reference: None, running_balance: None, ..row };
                twins += usize::from(!here.insert(format!("{plain:?}")));
                changed += usize::from(looks.insert(truth, plain.clone()).is_some_and(|before| before != plain));
            }
        }
        assert!(changed > 20 && twins > 0, "{name}: {changed} changed, {twins} alike");
    });
}
