//! That each world's banks do what the world says of them.

use std::collections::BTreeMap;

use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::civil::Date;

use crate::{
    Make, Read, Scale, TruthId, base, busy, card_conversion, corrections, ids_from_booking, ids_per_fetch,
    merged_accounts, partial_windows, positional_ids, renamed_bank, reordered_days, stable_ids, ten_years,
};

fn reads(make: Make) -> Vec<Read> {
    make(7, Scale::Test).views().map(|view| view.read).collect()
}

/// Each true row as it was seen: under which account, when, and how.
fn lives(make: Make) -> BTreeMap<TruthId, Vec<(usize, Date, ObservedTransaction)>> {
    let mut lives: BTreeMap<TruthId, Vec<_>> = BTreeMap::new();
    for view in make(7, Scale::Test).views() {
        for (truth, row) in view.truths.iter().zip(view.read.rows) {
            lives.entry(*truth).or_default().push((view.read.account, view.read.day, row));
        }
    }
    lives
}

/// How many rows changed from one sight to the next in the way that `is_it` says.
fn changed(make: Make, is_it: impl Fn(&ObservedTransaction, &ObservedTransaction) -> bool) -> usize {
    let lives = lives(make);
    lives.values().filter(|life| life.windows(2).any(|pair| is_it(&pair[0].2, &pair[1].2))).count()
}

fn is_booked(row: &ObservedTransaction) -> bool {
    row.status == TransactionStatus::Posted
}

#[test]
fn the_base_books_what_it_announced_with_tips_and_with_another_date() {
    let booked = |before: &ObservedTransaction, after: &ObservedTransaction| !is_booked(before) && is_booked(after);
    assert!(changed(base, booked) > 100);
    assert!(changed(base, |before, after| booked(before, after) && before.amount != after.amount) > 3);
    assert!(changed(base, |before, after| booked(before, after) && before.transaction_date < after.posted_date) > 50);
    assert_eq!(changed(base, |before, after| is_booked(before) && !is_booked(after)), 0);
}

#[test]
fn the_base_renames_and_redates_what_is_booked_and_leaves_its_amount() {
    let of_booked = |is_it: fn(&ObservedTransaction, &ObservedTransaction) -> bool| {
        changed(base, |before, after| is_booked(before) && is_it(before, after))
    };
    assert!(of_booked(|before, after| before.description != after.description) > 20);
    assert!(of_booked(|before, after| before.posted_date < after.posted_date) > 2);
    assert!(of_booked(|before, after| before.posted_date > after.posted_date) > 2);
    assert_eq!(of_booked(|before, after| before.amount != after.amount), 0);
}

#[test]
fn the_base_drops_what_it_announced_and_books_late() {
    let lives = lives(base);
    let last = lives.values().flatten().map(|(_, day, _)| *day).max().expect("a day");
    let dropped = |life: &&Vec<(usize, Date, ObservedTransaction)>| {
        life.last().is_some_and(|(_, day, row)| *day < last && !is_booked(row))
    };
    assert!(lives.values().filter(dropped).count() > 3);
    let first = lives.values().flatten().map(|(_, day, _)| *day).min().expect("a day");
    let late = |life: &&Vec<(usize, Date, ObservedTransaction)>| {
        life.first().is_some_and(|(_, day, row)| *day > first && is_booked(row) && row.posted_date < Some(*day))
    };
    assert!(lives.values().filter(late).count() > 10);
}

#[test]
fn partial_windows_cut_days_and_leave_out_weeks() {
    // Both have the same rows, since windows take nothing from the life of an account.
    let world = partial_windows(7, Scale::Test);
    let day_of = |row: &ObservedTransaction| row.posted_date.or(row.transaction_date);
    let whole = base(7, Scale::Test);
    let wholes: BTreeMap<_, _> = whole.views().map(|view| ((view.read.account, view.read.day), view.read)).collect();
    let is_cut = |read: &Read| {
        let Some(end) = read.rows.last().filter(|row| is_booked(row)) else { return false };
        let on = |rows: &[ObservedTransaction]| {
            rows.iter().filter(|row| is_booked(row) && day_of(row) == day_of(end)).count()
        };
        on(&read.rows) < on(&wholes[&(read.account, read.day)].rows)
    };
    assert!(world.views().filter(|view| is_cut(&view.read)).count() > 5);
    assert!(world.views().count() < whole.views().count());
}

#[test]
fn days_come_in_other_orders() {
    let is_newest_first = |read: &&Read| {
        let booked = read.rows.iter().filter(|row| is_booked(row));
        booked.is_sorted_by(|one, other| one.posted_date >= other.posted_date)
    };
    let reads = reads(reordered_days);
    assert!(reads.iter().filter(|read| !is_newest_first(read)).count() > reads.len() / 2);
}

#[test]
fn references_say_as_much_as_their_world_says() {
    let changes = |make| {
        changed(make, |before, after| before.bank_reference != after.bank_reference && after.bank_reference.is_some())
    };
    let all = lives(stable_ids).len();
    assert_eq!(changes(base), 0);
    assert_eq!(changes(stable_ids), 0);
    assert!(changes(positional_ids) > all * 9 / 10);
    assert!(changes(ids_per_fetch) > all * 9 / 10);
    let booked = changed(ids_from_booking, |before, after| !is_booked(before) && is_booked(after));
    assert_eq!(changes(ids_from_booking), booked);
}

#[test]
fn a_renamed_bank_changes_what_is_old_too() {
    let renamed = changed(renamed_bank, |before, after| before.description != after.description);
    assert!(renamed > lives(renamed_bank).len() / 2, "{renamed}");
    let descriptions: Vec<String> =
        reads(renamed_bank).into_iter().flat_map(|read| read.rows).map(|row| row.description).collect();
    assert!(descriptions.iter().any(|words| words.starts_with("TXN - ")));
    assert!(descriptions.iter().any(|words| words.contains(" REF ")));
    assert!(descriptions.iter().any(|words| words.chars().any(char::is_lowercase)));
}

#[test]
fn a_merged_account_goes_on_under_the_one_before_it() {
    let lives = lives(merged_accounts);
    let moved = lives.values().filter(|life| life.windows(2).any(|pair| pair[0].0 != pair[1].0)).count();
    assert!(moved > lives.len() / 4, "{moved}");
    let moves = lives.values().flat_map(|life| life.windows(2).map(|pair| (pair[0].0, pair[1].0)));
    assert!(moves.filter(|(from, to)| from != to).all(|(from, to)| from == to + 1 && to % 2 == 0));
}

#[test]
fn a_conversion_changes_the_amount_by_three_percent_at_most_and_the_currency_too() {
    let decimal = |row: &ObservedTransaction| row.amount.parse::<rust_decimal::Decimal>().expect("a decimal");
    let converted = |before: &ObservedTransaction, after: &ObservedTransaction| {
        !is_booked(before) && is_booked(after) && after.description.starts_with("INTL")
    };
    assert!(changed(card_conversion, |before, after| converted(before, after) && before.currency == "EUR") > 10);
    let near = |before: &ObservedTransaction, after: &ObservedTransaction| {
        let (thirty, cent) = (rust_decimal::Decimal::new(31, 3), rust_decimal::Decimal::new(1, 2));
        (decimal(before) - decimal(after)).abs() <= decimal(before).abs() * thirty + cent
    };
    let at_home = |before: &ObservedTransaction, after: &ObservedTransaction| {
        converted(before, after) && before.currency == "USD"
    };
    assert!(changed(card_conversion, |before, after| at_home(before, after) && near(before, after)) > 20);
    assert_eq!(changed(card_conversion, |before, after| at_home(before, after) && !near(before, after)), 0);
}

#[test]
fn ten_years_begin_with_the_whole_list() {
    let reads = reads(ten_years);
    assert!(reads[0].window.from.is_none() && reads[1..].iter().all(|read| read.window.from.is_some()));
    assert!(reads[0].rows.len() > 2 * reads[1].rows.len());
}

#[test]
fn a_busy_account_has_many_equal_rows_on_a_day() {
    let most = reads(busy).into_iter().map(|read| {
        let mut equal: BTreeMap<_, usize> = BTreeMap::new();
        for row in read.rows {
            *equal.entry((row.posted_date, row.amount, row.description)).or_default() += 1;
        }
        equal.into_values().max().unwrap_or_default()
    });
    assert!(most.max() > Some(8));
}

#[test]
fn corrections_change_amounts_withdraw_bookings_and_reverse_them() {
    let amounts = changed(corrections, |before, after| is_booked(before) && before.amount != after.amount);
    assert!(amounts > 2, "{amounts}");
    let rows: Vec<ObservedTransaction> = reads(corrections).into_iter().flat_map(|read| read.rows).collect();
    assert!(rows.iter().any(|row| row.description.starts_with("REVERSAL ")));
    assert!(rows.iter().any(|row| row.description.starts_with("CANCELLED ")));
    let world = corrections(7, Scale::Test);
    let lives = lives(corrections);
    let last = world.visits.last().expect("a sync").day;
    let withdrawn = |(truth, life): &(&TruthId, &Vec<(usize, Date, ObservedTransaction)>)| {
        life.last().is_some_and(|(_, _, row)| is_booked(row)) && !world.holds(**truth, last)
    };
    assert!(lives.iter().filter(withdrawn).count() > 2);
}
