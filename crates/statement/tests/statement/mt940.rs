//! MT940.
//!
//! Not here: broken files of any format (`hostile.rs`).

use domain::observation::Extent;
use jiff::civil::date;
use statement::{AccountNumber, Format, How, read};

use crate::{check_changed, check_rows, read_all};

const MONTH: &str = include_str!("../samples/month.mt940");
const DAYS: &str = include_str!("../samples/days.mt940");

#[test]
fn pages_of_a_statement_are_joined() {
    let [statement] = read_all(MONTH.as_bytes()).try_into().expect("one statement");
    assert_eq!(statement.account.number, Some(AccountNumber::Other("0532013000".into())));
    assert_eq!(statement.account.routing_number.as_deref(), Some("37040044"));
    assert_eq!(statement.account.currency, "EUR");
    assert_eq!(statement.reference.as_deref(), Some("00193"));
    check_rows(
        &statement,
        &[
            "posted | 2026-10-02 | 2026-10-01 | 1000 | EUR | Möller KG Rechnung 4711 vom 1.10. | REF-1 | E2E-77 | sepaCredit",
            "posted | 2026-10-05 | - | -1300.00 | EUR | SAMMLER | REF-2 | SALARIES-10 | unknown",
            "posted | 2026-10-05 | - | 50 | EUR | Strom BV Terug 12/2026 | - | RF18 | unknown",
            // Booked in the year after the one that its value is of.
            "posted | 2027-01-02 | 2026-12-31 | -11.6 | EUR | FREE TEXT SECOND LINE | - | Q4 | fee",
        ],
    );
    assert_eq!(statement.transactions[0].counterparty_account_masked.as_deref(), Some("•••• 2051"));
    assert_eq!(statement.transactions[2].counterparty_name.as_deref(), Some("Strom BV"));
    let opening = statement.opening.as_ref().expect("an opening balance");
    assert_eq!((opening.date, opening.ledger_balance.as_str()), (date(2026, 10, 1), "1000.00"));
    assert_eq!((statement.from, statement.to), (Some(date(2026, 10, 2)), Some(date(2026, 10, 5))));
    let account = statement.observed("a".into());
    assert_eq!(account.current_balance.as_deref(), Some("738.40"));
    assert_eq!(account.available_balance.as_deref(), Some("700.00"));
}

#[test]
fn statements_of_several_days_and_a_banks_own_lines_between_them_are_read() {
    let [first, second] = read_all(DAYS.as_bytes()).try_into().expect("two statements");
    // A row is booked on the opening balance's own day, so that balance is the day before's.
    assert_eq!(first.opening.as_ref().map(|opening| opening.date), Some(date(2026, 10, 1)));
    assert_eq!(first.opening.map(|opening| opening.ledger_balance).as_deref(), Some("-10.00"));
    assert_eq!(first.account.number, Some(AccountNumber::Iban("NL91ABNA0417164300".into())));
    assert_eq!((second.from, second.to), (Some(date(2026, 10, 3)), Some(date(2026, 10, 3))));
    assert!(second.transactions.is_empty());
}

#[test]
fn line_ends_of_any_kind_and_latin_letters_are_read() {
    let expected = read_all(MONTH.as_bytes());
    assert_eq!(read_all(MONTH.replace('\n', "\r\n").as_bytes())[0].transactions.len(), 4);
    let latin: Vec<u8> = MONTH.chars().map(|char| u8::try_from(u32::from(char)).expect("latin")).collect();
    assert_eq!(read_all(&latin), expected);
}

#[test]
fn a_statement_that_begins_with_a_later_page_is_partial() {
    let (_, page) = MONTH.split_once("-}").expect("two pages");
    let [statement] = read(page.as_bytes(), &How::format(Format::Mt940)).expect("a page").try_into().expect("one");
    assert_eq!((statement.extent, statement.opening), (Extent::Partial, None));
}

#[test]
fn every_control_is_held() {
    let balances = "the sum of opening balance and transactions against the closing balance doesn't hold";
    check_changed(MONTH, "CR1000,N", "CR1000,01N", &format!("statement 1, line 9: {balances}"));
    check_changed(MONTH, "738,40", "738,41", &format!("statement 1, line 23: {balances}"));
    check_changed(
        MONTH,
        ":60M:C261002EUR2000,00",
        ":60M:C261002EUR2000,01",
        "statement 1, line @: the balance between two pages doesn't hold",
    );
    check_changed(
        MONTH,
        "00193/002",
        "00194/002",
        "statement 1, line 14: the file ends before the statement's last page",
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    let row = |to: &str, expected: &str| {
        check_changed(MONTH, "261005DR1300,00N166", to, &format!("statement 1, line @: {expected}"));
    };
    row("260230DR1300,00N166", "the calendar has no such day as the row's value date");
    row("261005XR1300,00N166", "this is not mt940: a row has no debit or credit mark");
    row("261005DR1300.00N166", "this is not mt940: a row has no transaction type");
    row("261005DR1300,00X166", "this is not mt940: a row has no transaction type");
    row("261005DR13,00,00N166", "the row's amount is not a number as the format writes it");
    row("261005DR1300,005N166", "the row's amount has more decimals than its currency");
    row(&format!("261005DR{},N166", "9".repeat(40)), "the row's amount has more digits than can be held");
    check_changed(MONTH, ":25:37040044/0532013000EUR\n", "", "statement 1, line 4: field 25 is missing");
    check_changed(MONTH, ":64:C", ":62F:C", "statement 1, line @: field 62 stands there twice");
    check_changed(
        MONTH,
        ":62F:C261005EUR738,40\n:64:C261005EUR700,00\n:65:C261006EUR690,00\n",
        "",
        "statement 1: the file ends before field 62",
    );
    check_changed(
        MONTH,
        ":60F:C261001EUR",
        ":60F:C261001eur",
        "statement 1, line @: a balance's currency is not the code of a currency",
    );
}
