//! Statements of an account, day after day.
//!
//! Not here: pages of one statement (`mt940.rs`).

use domain::observation::Extent;
use jiff::civil::date;
use statement::{Control, joined};

use crate::{check_control, read_all};

const DAYS: &str = include_str!("../samples/days.mt940");

#[test]
fn days_that_follow_each_other_become_one_window() {
    let [account] = joined(read_all(DAYS.as_bytes())).expect("they follow").try_into().expect("one account");
    assert_eq!((account.from, account.to), (Some(date(2026, 10, 2)), Some(date(2026, 10, 3))));
    assert_eq!((account.extent, account.transactions.len()), (Extent::Whole, 1));
    let observed = account.observed("a".into());
    let days: Vec<_> = observed.balances.iter().map(|shown| shown.date).collect();
    assert_eq!(days, [date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)]);
}

#[test]
fn a_day_that_is_missing_makes_the_window_partial() {
    let later = DAYS.replace("C261003EUR0,00", "C261009EUR5,00");
    let [account] = joined(read_all(later.as_bytes())).expect("they follow").try_into().expect("one account");
    assert_eq!(account.extent, Extent::Partial);
}

#[test]
fn days_whose_balances_differ_do_not_follow() {
    let other = DAYS.replace("C261003EUR0,00", "C261003EUR5,00");
    check_control(&joined(read_all(other.as_bytes())).expect_err("they differ"), Control::Pages);
}

#[test]
fn days_that_two_statements_have_are_not_counted_twice() {
    let file = include_str!("../samples/two.ofx");
    let twice = [read_all(file.as_bytes()), read_all(file.as_bytes())].concat();
    check_control(&joined(twice).expect_err("they share their days"), Control::Pages);
}
