//! Any list with a true chain, shown as banks show them, and with one thing wrong.

use jiff::ToSpan as _;
use jiff::civil::Date;
use proptest::prelude::{Strategy, any, prop, proptest};
use rust_decimal::Decimal;

use super::{Anchor, Sync, day, said, whole};
use crate::account::AccountType;
use crate::completeness::{Balance, CheckName, Completeness, End, Grade, Outcome, Row, Totals};

/// A true list: its rows from the oldest on, and where the portal shows each.
#[derive(Clone, Debug)]
struct Truth {
    opening: Decimal,
    rows: Vec<Row>,
    is_newest_first: bool,
    /// Decide the order within a day; none for the order of booking.
    shuffle: Option<Vec<u32>>,
}

impl Truth {
    fn closing(&self) -> Decimal {
        self.opening + self.rows.iter().map(|row| row.amount).sum::<Decimal>()
    }

    /// The rows as the portal shows them; `position` tells where each came to stand.
    fn shown(&self, rows: &[Row]) -> Vec<Row> {
        let mut keyed: Vec<(Date, u32, usize)> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let key = self.shuffle.as_ref().and_then(|keys| keys.get(index).copied());
            keyed.push((row.date, key.unwrap_or_default(), index));
        }
        keyed.sort_unstable();
        if self.is_newest_first {
            keyed.reverse();
        }
        (0..).zip(keyed).map(|(position, (_, _, index))| Row { position, ..rows[index] }).collect()
    }

    /// A sync that reads these rows, after one that saw the balance before them.
    fn sync(&self, rows: &[Row]) -> Sync {
        let first = self.rows.first().map(|row| row.date);
        let anchor = Anchor {
            date: first.and_then(|date| date.yesterday().ok()),
            ledger_balance: self.opening,
            counted_from: first,
            posted: Decimal::ZERO,
            proven_from: None,
        };
        Sync {
            account_type: AccountType::Checking,
            rows: self.shown(rows),
            window: Some(whole()),
            balance: Some(Balance { ledger_balance: self.closing(), date: None }),
            totals: Totals::default(),
            anchor: Some(anchor),
            before: std::collections::BTreeMap::new(),
            through: None,
        }
    }

    fn assess(&self, rows: &[Row]) -> Completeness {
        self.sync(rows).assess().completeness
    }
}

fn amounts() -> impl Strategy<Value = Decimal> {
    (1_i64..100_000_000_000, any::<bool>())
        .prop_map(|(cents, is_out)| Decimal::new(if is_out { -cents } else { cents }, 2))
}

fn truths(amounts: impl Strategy<Value = Decimal>, least: usize) -> impl Strategy<Value = Truth> {
    let row = (0_i64..3, amounts);
    let keys = prop::option::of(prop::collection::vec(any::<u32>(), 30));
    (amounts_of_any_sign(), prop::collection::vec(row, least..30), any::<bool>(), keys).prop_map(
        |(opening, steps, is_newest_first, shuffle)| {
            let (mut date, mut balance, mut rows) = (day(1), opening, Vec::new());
            for (position, (days, amount)) in (0..).zip(steps) {
                date = date.saturating_add(days.days());
                balance += amount;
                rows.push(Row { position, date, amount, running_balance: Some(balance) });
            }
            Truth { opening, rows, is_newest_first, shuffle }
        },
    )
}

fn amounts_of_any_sign() -> impl Strategy<Value = Decimal> {
    (-100_000_i64..100_000).prop_map(|cents| Decimal::new(cents, 2))
}

/// Few different amounts, so that balances come again and days go in circles.
fn small_amounts() -> impl Strategy<Value = Decimal> {
    (-3_i64..4).prop_map(|whole| Decimal::new(whole, 0))
}

/// Where a row came to stand, told by its running balance and amount.
fn stands_at(shown: &[Row], row: &Row) -> End {
    let is_it = |other: &&Row| (other.amount, other.running_balance) == (row.amount, row.running_balance);
    End::Row(shown.iter().find(is_it).expect("it is shown").position)
}

fn running_balance(found: &Completeness) -> Outcome {
    found.checks.iter().find(|check| check.name == CheckName::RunningBalance).expect("it is there").outcome
}

proptest! {
    #[test]
    fn a_true_list_is_proven_in_either_order_and_in_any_order_of_its_days(truth in truths(amounts(), 1)) {
        let found = truth.assess(&truth.rows);
        assert_eq!(said(&found), "proven", "{found:?}");
    }

    #[test]
    fn a_true_list_is_proven_also_where_balances_come_again(truth in truths(small_amounts(), 1)) {
        let found = truth.assess(&truth.rows);
        assert_eq!(said(&found), "proven", "{found:?}");
    }

    #[test]
    fn a_true_list_whose_rows_show_a_balance_now_and_then_is_proven(
        truth in truths(amounts(), 1),
        silent in prop::collection::vec(any::<bool>(), 30),
    ) {
        // A portal that shuffles a day shows all of its balances, or none of them is of use.
        let mut truth = Truth { shuffle: None, ..truth };
        for (row, silent) in truth.rows.iter_mut().skip(1).zip(silent) {
            row.running_balance = row.running_balance.filter(|_| !silent);
        }
        let found = truth.assess(&truth.rows);
        assert_eq!(said(&found), "proven", "{found:?}");
    }

    #[test]
    fn a_missing_row_breaks_the_list_exactly_there(truth in truths(amounts(), 2), at: prop::sample::Index) {
        let at = at.index(truth.rows.len());
        let mut rows = truth.rows.clone();
        let missing = rows.remove(at);
        let found = truth.assess(&rows);
        assert_eq!(found.grade, Grade::Broken);
        let broken = found.broken.expect("a place");
        assert_eq!(broken.gap, missing.amount);
        let shown = truth.shown(&rows);
        if at > 0 && at < rows.len() {
            let neighbours = (stands_at(&shown, &rows[at - 1]), stands_at(&shown, &rows[at]));
            assert_eq!(broken.between, neighbours, "{found:?}");
        } else {
            assert_eq!(running_balance(&found), Outcome::Passed, "at an edge the anchor or the balance notices");
        }
    }

    #[test]
    fn a_row_that_was_read_twice_breaks_the_list(truth in truths(amounts(), 1), at: prop::sample::Index) {
        let at = at.index(truth.rows.len());
        let mut rows = truth.rows.clone();
        rows.insert(at, rows[at]);
        let found = truth.assess(&rows);
        assert_eq!((found.grade, running_balance(&found)), (Grade::Broken, Outcome::Failed));
        // In an oldest day that is out of order, the row may as well be the one that it begins with.
        if truth.shuffle.is_none() || rows[at].date > rows[0].date {
            assert_eq!(found.broken.map(|broken| broken.gap), Some(-rows[at].amount), "{found:?}");
        }
    }

    #[test]
    fn an_amount_that_was_misread_is_noticed(
        truth in truths(amounts(), 1),
        at: prop::sample::Index,
        by in amounts(),
    ) {
        let at = at.index(truth.rows.len());
        let mut rows = truth.rows.clone();
        rows[at].amount += by;
        let found = truth.assess(&rows);
        assert_eq!(found.grade, Grade::Broken);
        assert_eq!(found.broken.map(|broken| broken.gap), Some(-by), "{found:?}");
        // Before the oldest row nothing is shown but by the anchor.
        assert_eq!(running_balance(&found) == Outcome::Failed, at > 0, "{found:?}");
    }

    #[test]
    fn nothing_that_is_missing_goes_unnoticed_where_balances_come_again(
        truth in truths(small_amounts(), 2),
        at: prop::sample::Index,
    ) {
        let mut rows = truth.rows.clone();
        let missing = rows.remove(at.index(truth.rows.len()));
        let found = truth.assess(&rows);
        assert_eq!(found.grade == Grade::Broken, !missing.amount.is_zero(), "{found:?}");
    }
}
