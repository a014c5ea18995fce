//! Lists of banks, whole and with something wrong.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::{
    Anchor, Assessment, Balance, Break, CheckName, Completeness, End, Grade, Known, Reading, Row, Totals,
    UnreadableAmount, assess, posted_rows,
};
use crate::account::AccountType;
use crate::observation::{Extent, Source, Window};
use crate::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};

mod property;

fn day(day: i8) -> Date {
    date(2026, 10, 1).saturating_add((i64::from(day) - 1).days())
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn whole() -> Window {
    Window { source: Source::Pages, extent: Extent::Whole, from: None, to: None, pages: 1, rows_announced: None }
}

/// `day amount [running]`, a row each, separated by commas, in the portal's order.
fn rows(list: &str) -> Vec<Row> {
    let row = |(position, text): (u32, &str)| {
        let mut words = text.trim().split(' ');
        let mut next = || words.next();
        let date = day(next().expect("a day").parse().expect("a day"));
        let amount = decimal(next().expect("an amount"));
        Row { position, date, amount, running_balance: next().map(decimal) }
    };
    (0..).zip(list.split(',').filter(|text| !text.trim().is_empty())).map(row).collect()
}

/// A sync, as the store would hand it over.
struct Sync {
    account_type: AccountType,
    rows: Vec<Row>,
    window: Option<Window>,
    balance: Option<Balance>,
    totals: Totals,
    anchor: Option<Anchor>,
    /// What the ledger holds beside the rows.
    before: BTreeMap<Date, Decimal>,
    through: Option<Date>,
}

impl Sync {
    /// A list that was walked to its end, and the account's balance, if it shows one.
    fn of(list: &str, balance: &str) -> Self {
        let mut words = balance.split(' ').filter(|word| !word.is_empty());
        let ledger_balance = words.next().map(decimal);
        let date = words.next().map(|word| day(word.parse().expect("a day")));
        Self {
            account_type: AccountType::Checking,
            rows: rows(list),
            window: Some(whole()),
            balance: ledger_balance.map(|ledger_balance| Balance { ledger_balance, date }),
            totals: Totals::default(),
            anchor: None,
            before: BTreeMap::new(),
            through: None,
        }
    }

    fn card(self) -> Self {
        Self { account_type: AccountType::CreditCard, ..self }
    }

    fn cut(self) -> Self {
        Self { window: self.window.map(|window| Window { extent: Extent::Partial, ..window }), ..self }
    }

    fn from(self, first: i8) -> Self {
        Self { window: self.window.map(|window| Window { from: Some(day(first)), ..window }), ..self }
    }

    fn announced(self, rows: u64) -> Self {
        Self { window: self.window.map(|window| Window { rows_announced: Some(rows), ..window }), ..self }
    }

    /// The sync after another, whose rows the ledger holds if they aren't read again.
    fn after(self, first: &Self) -> Self {
        let anchor = first.assess().anchor;
        let mut before = first.before.clone();
        let known = |row: &&Row| !self.rows.iter().any(|again| (again.date, again.amount) == (row.date, row.amount));
        for row in first.rows.iter().filter(known) {
            *before.entry(row.date).or_default() += row.amount;
        }
        Self { anchor, before, through: first.rows.iter().map(|row| row.date).max(), ..self }
    }

    fn assess(&self) -> Assessment {
        let mut posted = self.before.clone();
        for row in &self.rows {
            *posted.entry(row.date).or_default() += row.amount;
        }
        let reading = Reading {
            account_type: self.account_type,
            rows: &self.rows,
            rows_read: self.rows.len() as u64,
            window: self.window.as_ref(),
            balance: self.balance,
            totals: self.totals,
        };
        assess(&reading, &Known { anchor: self.anchor.as_ref(), posted: &posted, through: self.through })
    }
}

fn end(end: End) -> String {
    match end {
        End::Row(position) => position.to_string(),
        End::Edge(edge) => edge.to_string(),
    }
}

/// The grade, and the break if there is one.
fn said(found: &Completeness) -> String {
    match found.broken {
        Some(Break { between: (older, newer), gap }) => {
            format!("{} between {} and {} by {gap}", found.grade, end(older), end(newer))
        }
        None => found.grade.to_string(),
    }
}

/// `expected` is the grade and the break, then the checks that are named in it with
/// outcome and detail.
fn check(sync: &Sync, expected: &str) {
    let found = sync.assess().completeness;
    let mut parts = expected.split("; ");
    assert_eq!(Some(said(&found).as_str()), parts.next(), "{found:?}");
    for part in parts {
        let name: CheckName = part.split(' ').next().and_then(|name| name.parse().ok()).expect("a check's name");
        let check = found.checks.iter().find(|check| check.name == name).expect("every check is there");
        let detail = check.detail.map(|detail| format!(" {detail}")).unwrap_or_default();
        assert_eq!(format!("{name} {}{detail}", check.outcome), part);
    }
}

#[test]
fn a_chain_that_reaches_the_balance_from_the_end_of_the_list_is_proven() {
    check(&Sync::of("3 -4.50 95.50,2 50.00 100.00,1 50.00 50.00", "95.50"), "proven; runningBalance passed");
    check(&Sync::of("1 50.00 50.00,2 50.00 100.00,3 -4.50 95.50", "95.50"), "proven; runningBalance passed");
    check(&Sync::of("3 -4.5 95.5,2 50 100.00", "95.500"), "proven; chainReachesAnchor notPossible noAnchor");
    let found = Sync::of("3 -4.50 95.50,2 50.00 100.00", "95.50 4").assess().completeness;
    assert_eq!((found.proven_from, found.as_of), (Some(day(2)), Some(day(4))));
}

#[test]
fn a_chain_from_the_middle_of_a_list_is_its_own_anchor() {
    check(&Sync::of("3 -4.50 95.50,2 50.00 100.00", "95.50").cut(), "consistent; listEnd failed");
}

#[test]
fn rows_of_a_day_may_stand_in_any_order_that_chains() {
    check(
        &Sync::of("2 5.00 6.00,2 -8.00 2.00,2 -1.00 1.00,1 10.00 10.00", "6.00"),
        "proven; runningBalance passed reordered",
    );
    check(&Sync::of("2 5.00 7.00,2 -8.00 2.00,2 -1.00 1.00,1 10.00 10.00", "7.00"), "broken between 2 and 0 by 1.00");
    // Only the day after says where the circle of the oldest day begins.
    check(&Sync::of("2 1.00 11.00,1 5.00 10.00,1 -5.00 5.00", "11.00"), "proven; runningBalance passed");
    check(&Sync::of("2 1.00 6.00,1 5.00 10.00,1 -5.00 5.00", "6.00"), "proven; runningBalance passed reordered");
}

#[test]
fn a_missing_row_breaks_the_chain_where_it_is_missing() {
    check(&Sync::of("3 -4.50 95.50,1 50.00 50.00", "95.50"), "broken between 1 and 0 by 50.00");
    check(&Sync::of("1 50.00 50.00,3 -4.50 95.50", "95.50"), "broken between 0 and 1 by 50.00");
    check(&Sync::of("2 50.00 100.00,1 50.00 50.00", "95.50"), "broken between 0 and balance by -4.50");
}

#[test]
fn rows_without_a_running_balance_are_bridged_by_their_amounts() {
    check(&Sync::of("3 -4.50 95.50,2 50.00,1 50.00 50.00", "95.50"), "proven");
    check(&Sync::of("4 -5.50,3 -4.50 95.50,2 50.00,1 50.00", "90.00"), "proven");
    check(&Sync::of("3 -4.50 95.50,2 40.00,1 50.00 50.00", "95.50"), "broken between 2 and 0 by 10.00");
}

#[test]
fn a_balance_that_is_shown_once_a_day_is_that_of_its_end() {
    check(&Sync::of("2 1.00 13.00,2 2.00 13.00,1 10.00 10.00", "13.00"), "proven");
    check(&Sync::of("2 1.00,2 2.00 13.00,1 10.00 10.00", "13.00"), "proven");
    check(&Sync::of("2 1.00 14.00,2 2.00 14.00,1 10.00 10.00", "14.00"), "broken between 2 and 0 by 1.00");
}

#[test]
fn without_running_balances_the_anchor_and_the_sum_have_to_make_the_balance() {
    let first = Sync::of("2 50.00,1 50.00", "100.00 2");
    check(&first, "covered; runningBalance notPossible notShown; anchorBalance notPossible noAnchor");
    check(&Sync::of("3 -4.50,2 50.00", "95.50 3").after(&first), "consistent; overlap passed");
    check(&Sync::of("2 50.00", "95.50 3").after(&first), "broken between anchor and balance by -4.50");
    // Dated back to before the first sync, and booked after it.
    check(&Sync::of("3 -4.50,1 -1.00,1 50.00,2 50.00", "94.50 3").after(&first), "consistent");
}

#[test]
fn what_a_backfill_brings_does_not_count() {
    let first = Sync::of("3 50.00,2 50.00,1 7.00", "100.00 3").cut();
    check(&Sync::of("3 50.00,2 50.00,1 7.00,1 8.00,0 9.00", "100.00 3").after(&first), "consistent");
}

#[test]
fn a_chain_that_goes_back_to_a_proven_anchor_is_proven_as_from_where_that_was() {
    let first = Sync::of("2 50.00 100.00,1 50.00 50.00", "100.00 2");
    let second = Sync::of("3 -4.50 95.50,2 50.00 100.00", "95.50 3").cut().after(&first);
    check(&second, "proven; chainReachesAnchor passed; anchorBalance passed");
    assert_eq!(second.assess().completeness.proven_from, Some(day(1)));
    // A booking that the bank dates back has moved the balance of the anchor's day.
    let late = Sync::of("3 -4.50 94.50,2 -1.00 99.00,2 50.00 100.00", "94.50 3").cut().after(&first);
    check(&late, "proven; chainReachesAnchor passed");
    let late = Sync::of("3 -4.50 94.50,2 50.00 99.00,1 -1.00 49.00", "94.50 3").cut().after(&first);
    check(&late, "proven; chainReachesAnchor passed bySum");
}

#[test]
fn a_hole_between_the_anchor_and_the_rows_is_a_break() {
    let first = Sync::of("2 50.00 100.00,1 50.00 50.00", "100.00 2");
    let second = Sync::of("5 -4.50 85.50", "85.50 5").from(4).after(&first);
    check(&second, "broken between anchor and 0 by -10.00; overlap failed; anchorBalance failed");
    assert_eq!(second.assess().anchor, second.anchor, "a broken sync sets no anchor");
}

#[test]
fn a_ledger_that_doubled_a_row_contradicts_the_balance() {
    let first = Sync::of("2 50.00 100.00,1 50.00 50.00", "100.00 2");
    let mut second = Sync::of("3 -4.50 95.50,2 50.00 100.00", "95.50 3").after(&first);
    second.before.insert(day(3), decimal("-4.50"));
    check(&second, "broken between anchor and balance by 4.50; chainReachesAnchor passed");
}

#[test]
fn a_quiet_list_keeps_a_proof() {
    let first = Sync::of("2 50.00 100.00,1 50.00 50.00", "100.00 3");
    check(&Sync::of("", "100.00 5").from(3).after(&first), "proven; runningBalance notPossible noRows");
    check(&Sync::of("", "100.00 5").from(4).after(&first), "consistent");
    check(&Sync::of("", "100.00 5").cut().after(&first), "consistent");
    check(&Sync::of("", "90.00 5").from(2).after(&first), "broken between anchor and balance by -10.00");
    let covered = Sync::of("2 50.00,1 50.00", "100.00 3");
    check(&Sync::of("", "100.00 5").from(3).after(&covered), "consistent");
}

#[test]
fn a_balance_of_an_earlier_day_is_met_at_its_end() {
    check(&Sync::of("3 -4.50 95.50,2 50.00 100.00", "100.00 2"), "proven; chainReachesBalance passed earlierDay");
    check(&Sync::of("3 -4.50 95.50,2 50.00 100.00", "99.00 2"), "broken between 1 and balance by -1.00");
    check(&Sync::of("3 -4.50 95.50,2 50.00 100.00", "49.00 1"), "broken between balance and 1 by 1.00");
}

#[test]
fn what_is_owed_may_rise_with_money_out() {
    let missing = "4 -5.00 79.50,3 -4.50 74.50,1 -20.00 20.00";
    check(&Sync::of(missing, "79.50").card(), "broken between 2 and 1 by -50.00; chainReachesBalance passed inverted");
    let owed = "3 -4.50 74.50,2 -50.00 70.00,1 -20.00 20.00";
    check(&Sync::of(owed, "74.50").card(), "proven; runningBalance passed inverted");
    check(&Sync::of(owed, "-74.50").card(), "proven; runningBalance passed inverted; chainReachesBalance passed");
    // An account that holds money doesn't fall with money in: the script misread the sign.
    check(&Sync::of(owed, "74.50"), "broken between 2 and 1 by 100.00");
    let first = Sync::of("1 -20.00", "20.00").card();
    check(&Sync::of("2 -50.00", "70.00").card().after(&first), "consistent; anchorBalance passed inverted");
    check(&Sync::of("2 -50.00", "71.00").card().after(&first), "broken between anchor and balance by 101.00");
}

#[test]
fn a_list_that_was_walked_to_its_end_is_covered_if_nothing_speaks_against_it() {
    check(&Sync::of("2 1.00,1 1.00", ""), "covered; rowCount notPossible notShown; overlap notPossible nothingKnown");
    check(&Sync::of("2 1.00,1 1.00", "").announced(2), "covered; rowCount passed");
    check(&Sync::of("2 1.00,1 1.00", "").announced(3), "unproven; rowCount failed");
    check(&Sync::of("2 1.00,1 1.00", "").cut(), "unproven; listEnd failed");
    check(&Sync { window: None, ..Sync::of("2 1.00", "") }, "unproven; listEnd notPossible noWindow");
    let first = Sync::of("2 1.00,1 1.00", "");
    check(&Sync::of("4 1.00,2 1.00", "").from(2).after(&first), "covered; overlap passed; ledgerSum passed");
    check(&Sync::of("4 1.00", "").from(3).after(&first), "unproven; overlap failed");
}

#[test]
fn a_ledger_that_holds_something_else_than_the_list_is_not_proven_by_it() {
    let first = Sync::of("3 1.00 6.00,2 5.00 5.00", "6.00 3");
    let next = || Sync::of("4 2.00 8.00,3 1.00 6.00", "8.00 4").from(3).after(&first);
    check(&next(), "proven; ledgerSum passed");
    // A row of the list stands twice in the ledger, or not at all.
    let mut twice = next();
    *twice.before.entry(day(4)).or_default() += Decimal::TWO;
    check(&twice, "broken between anchor and balance by -2.00; ledgerSum failed");
    check(&Sync { anchor: None, ..twice }, "unproven; ledgerSum failed");
}

#[test]
fn a_statement_is_held_against_its_own_totals() {
    let with = |opening: &str, closing: &str, credits: &str, debits: &str| Sync {
        totals: Totals {
            opening: opening.parse().ok(),
            closing: closing.parse().ok(),
            credits: credits.parse().ok(),
            debits: debits.parse().ok(),
        },
        ..Sync::of("2 5.00,1 -2.00", "")
    };
    check(&with("1.00", "4.00", "5.00", "2.00"), "covered; statementTotals passed");
    check(&with("1.00", "5.00", "", ""), "broken between opening and closing by 1.00; statementTotals failed");
    check(&with("", "", "5.00", "3.00"), "broken between opening and closing by -1.00");
    check(&with("1.00", "", "", ""), "covered; statementTotals notPossible notShown");
}

#[test]
fn sums_that_do_not_fit_prove_nothing() {
    let most = Decimal::MAX.to_string();
    let list = format!("2 {most} {most},1 {most} -{most}");
    check(&Sync::of(&list, &most), "covered; runningBalance notPossible tooLarge");
}

#[test]
fn only_posted_rows_in_the_currency_of_the_account_count() {
    let row = |status, date: Option<Date>, amount: &str, currency: &str| ObservedTransaction {
        status,
        posted_date: date,
        amount: amount.into(),
        currency: currency.into(),
        entry_type: EntryType::Debit,
        description: "bean".into(),
        raw_description: None,
        rail: Rail::Card,
        bank_reference: None,
        customer_reference: None,
        bai_code: None,
        category: None,
        subcategory: None,
        mcc: None,
        merchant_name: None,
        counterparty_name: None,
        counterparty_account_masked: None,
        transaction_date: None,
        running_balance: Some("7.00".into()),
    };
    let (pending, posted) = (TransactionStatus::Pending, TransactionStatus::Posted);
    let list = [
        row(pending, None, "-1.00", "USD"),
        row(posted, Some(day(2)), "-2.00", "USD"),
        row(posted, None, "-3.00", "USD"),
        row(posted, Some(day(1)), "-4.00", "EUR"),
    ];
    let found = posted_rows(&list, "USD").expect("decimals");
    let found: Vec<_> = found.iter().map(|row| (row.position, row.date, row.amount)).collect();
    assert_eq!(found, [(1, day(2), decimal("-2.00")), (2, day(2), decimal("-3.00"))]);
    let unreadable = [row(posted, Some(day(2)), "two", "USD")];
    assert_eq!(posted_rows(&unreadable, "USD"), Err(UnreadableAmount { position: 0 }));
}

#[test]
fn it_is_kept_and_shown_as_words() {
    let json = |sync: &Sync| serde_json::to_value(sync.assess().completeness).expect("it is JSON");
    let broken = json(&Sync::of("3 -4.50 95.50,1 50.00 50.00", "95.50"));
    assert_eq!(broken["grade"], "broken");
    assert_eq!(broken["broken"], serde_json::json!({ "between": [1, 0], "gap": "50.00" }));
    assert_eq!(broken["checks"][0], serde_json::json!({ "name": "runningBalance", "outcome": "failed" }));
    let at_the_balance = json(&Sync::of("1 50.00 50.00", "95.50 3"));
    assert_eq!(at_the_balance["broken"]["between"], serde_json::json!([0, "balance"]));
    for sync in [Sync::of("1 50.00 50.00", "95.50 3"), Sync::of("1 50.00 50.00", "50.00")] {
        let found = sync.assess().completeness;
        assert_eq!(serde_json::from_value::<Completeness>(json(&sync)).expect("it reads back"), found);
    }
    assert!(Grade::Broken < Grade::Unproven && Grade::Consistent < Grade::Proven);
}
