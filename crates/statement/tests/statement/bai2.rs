//! BAI2.
//!
//! Not here: broken files of any format (`hostile.rs`).

use domain::observation::Extent;
use jiff::civil::date;
use statement::{AccountNumber, BalanceKind};

use crate::{check_changed, check_refused, check_rows, read_all};

const DAY: &str = include_str!("../samples/day.bai");

#[test]
fn a_day_is_read_with_its_accounts_balances_and_rows() {
    let [first, second] = read_all(DAY.as_bytes()).try_into().expect("two statements");
    assert_eq!(first.account.number, Some(AccountNumber::Other("0123456789".into())));
    assert_eq!(first.account.routing_number.as_deref(), Some("021000021"));
    assert_eq!(first.account.currency, "USD");
    assert_eq!((first.from, first.to), (Some(date(2026, 10, 5)), Some(date(2026, 10, 5))));
    let opening = first.opening.as_ref().expect("an opening balance");
    assert_eq!((opening.date, opening.ledger_balance.as_str()), (date(2026, 10, 4), "1000.00"));
    assert_eq!(first.closing.as_ref().map(|closing| closing.ledger_balance.as_str()), Some("738.40"));
    assert_eq!((first.informational, first.extent), (1, Extent::Whole));
    check_rows(
        &first,
        &[
            "posted | 2026-10-05 | - | 1000.00 | USD | WIRE FROM MOLLER, KG INVOICE 4711 | REF-1 | E2E-77 | wire",
            "posted | 2026-10-05 | 2026-10-06 | -1300.00 | USD | CHECK PAID | REF-2 | 1001 | check",
            "posted | 2026-10-05 | - | 50.00 | USD | TRANSFER | REF-3 | - | internalTransfer",
            "posted | 2026-10-05 | - | -11.60 | USD | ANALYSIS FEE | - | - | fee",
        ],
    );
    assert_eq!(first.transactions[0].bai_code.as_deref(), Some("195"));
    let observed = first.observed("a".into());
    assert_eq!(observed.available_balance.as_deref(), Some("700.00"));
    // Yen have no smaller unit, and a report of a balance alone doesn't say that nothing happened.
    assert_eq!(second.closing.as_ref().map(|closing| closing.ledger_balance.as_str()), Some("-500"));
    assert_eq!(second.extent, Extent::Partial);
}

#[test]
fn every_control_is_held() {
    let sums = "doesn't hold";
    check_changed(
        DAY,
        "49,716160,10/",
        "49,716161,10/",
        &format!("statement 1, line 12: the account's control total (49) {sums}"),
    );
    check_changed(
        DAY,
        "49,716160,10/",
        "49,716160,9/",
        &format!(
            "statement 1, line 12: the account's number of records (49) {sums}: the file says 9, and there are 10"
        ),
    );
    check_changed(
        DAY,
        "98,715660,2,14/",
        "98,715661,2,14/",
        &format!("line 15: the group's control total (98) {sums}"),
    );
    check_changed(
        DAY,
        "98,715660,2,14/",
        "98,715660,3,14/",
        &format!("line 15: the group's number of accounts (98) {sums}: the file says 3, and there are 2"),
    );
    check_changed(
        DAY,
        "98,715660,2,14/",
        "98,715660,2,15/",
        &format!("line 15: the group's number of records (98) {sums}: the file says 15, and there are 14"),
    );
    check_changed(DAY, "99,715660,1,16/", "99,715661,1,16/", &format!("line 16: the file's control total (99) {sums}"));
    check_changed(
        DAY,
        "99,715660,1,16/",
        "99,715660,2,16/",
        &format!("line 16: the file's number of groups (99) {sums}: the file says 2, and there are 1"),
    );
    check_changed(
        DAY,
        "99,715660,1,16/",
        "99,715660,1,17/",
        &format!("line 16: the file's number of records (99) {sums}: the file says 17, and there are 16"),
    );
}

#[test]
fn opening_rows_and_closing_are_held_against_each_other() {
    let wrong = DAY.replace("015,73840", "015,73850").replace("716160", "716170").replace("715660", "715670");
    check_refused(
        wrong.as_bytes(),
        "statement 1, line 12: the sum of opening balance and transactions against the closing balance doesn't hold",
    );
}

#[test]
fn a_day_that_has_not_ended_shows_no_closing_balance() {
    let interim = DAY.replace("261005,2359,,2/", "261005,1200,,3/");
    let statement = read_all(interim.as_bytes()).remove(0);
    assert_eq!((statement.closing_kind, statement.extent), (BalanceKind::Interim, Extent::Partial));
    assert_eq!(statement.observed("a".into()).balances.len(), 1);
}

#[test]
fn files_may_follow_each_other() {
    assert_eq!(read_all([DAY, DAY].concat().as_bytes()).len(), 4);
}

#[test]
fn what_cannot_be_read_says_why() {
    check_changed(DAY, "16,475,", "16,975,", "statement 1, line @: a row whose type code has no side can't be read");
    check_changed(
        DAY,
        "130000,V",
        "1300.00,V",
        "statement 1, line @: the row's amount is not a number as the format writes it",
    );
    check_changed(
        DAY,
        "021000021,1,261005",
        "021000021,2,261005",
        "line @: a group that deletes what was reported can't be read",
    );
    check_changed(
        DAY,
        "021000021,1,261005",
        "021000021,1,260230",
        "line @: the calendar has no such day as the group's day",
    );
    check_changed(
        DAY,
        "16,277,5000,S",
        "16,277,5000,Q",
        "statement 1, line @: a type of funds is none of the words that the format has for it",
    );
    check_changed(DAY, "99,715660,1,16/\n", "", "the file ends before the file's end (99)");
    check_changed(
        DAY,
        "99,715660,1,16/\n",
        "98,715660,2,14/\n",
        "line @: this is not bai2: a record stands where it can't",
    );
    check_changed(DAY, ",80,1,2/", ",80,1,1/", "line @: a version of BAI other than 2 can't be read");
}
