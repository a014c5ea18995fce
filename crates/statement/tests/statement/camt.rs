//! CAMT.053.
//!
//! Not here: what is hostile in XML (`hostile.rs`).

use domain::account::AccountType;
use domain::observation::{Extent, Source};
use jiff::civil::date;
use statement::{AccountNumber, BalanceKind, Format};

use crate::{check_changed, check_refused, check_rows, read_all};

const DAY: &str = include_str!("../samples/day.camt.xml");
const OLD: &str = include_str!("../samples/old.camt.xml");

#[test]
fn a_statement_is_read_with_its_account_balances_and_rows() {
    let [statement] = read_all(DAY.as_bytes()).try_into().expect("one statement");
    assert_eq!(statement.format, Format::Camt053);
    assert_eq!(statement.reference.as_deref(), Some("STMT-193"));
    assert_eq!(statement.account.number, Some(AccountNumber::Iban("DE89370400440532013000".into())));
    assert_eq!(statement.account.bic.as_deref(), Some("COBADEFFXXX"));
    assert_eq!(statement.account.owner.as_deref(), Some("Harbour & Söhne GmbH"));
    assert_eq!(statement.account.account_type, Some(AccountType::Checking));
    assert_eq!((statement.from, statement.to), (Some(date(2026, 10, 2)), Some(date(2026, 10, 5))));
    assert_eq!(statement.informational, 1);
    check_rows(
        &statement,
        &[
            "posted | 2026-10-02 | 2026-10-01 | 1000.00 | EUR | Möller KG Rechnung 4711 vom 1.10. | REF-1 | E2E-77 | sepaCredit",
            "posted | 2026-10-05 | - | -1300.00 | EUR | SAMMLER | REF-2 | SALARIES-10 | sepaCredit",
            "posted | 2026-10-05 | - | 50.00 | EUR | Strom AG RF18539007547034 | - | - | check",
            "posted | 2026-10-05 | - | -11.60 | EUR | ENTGELT <Q3> | - | - | fee",
            "pending | - | 2026-10-06 | -9.99 | EUR | KARTE | - | - | unknown",
        ],
    );
    let first = &statement.transactions[0];
    assert_eq!(first.counterparty_name.as_deref(), Some("Möller KG"));
    assert_eq!(first.counterparty_account_masked.as_deref(), Some("•••• 2051"));
    assert_eq!(first.raw_description.as_deref(), Some("Möller KG\nRechnung  4711\nvom 1.10."));
    // The parties of a reversal are those of what it reverses, so its creditor is the other side.
    assert_eq!(statement.transactions[2].counterparty_name.as_deref(), Some("Strom AG"));
    assert_eq!(statement.transactions[2].bai_code.as_deref(), Some("475"));
}

#[test]
fn a_statement_becomes_an_observed_account() {
    let [statement] = read_all(DAY.as_bytes()).try_into().expect("one statement");
    let account = statement.observed("acct-1".into());
    let window = account.window.expect("a window");
    assert_eq!((window.source, window.extent, window.pages), (Source::File, Extent::Whole, 1));
    assert_eq!((window.from, window.to), (Some(date(2026, 10, 2)), Some(date(2026, 10, 5))));
    assert_eq!(window.rows_announced, Some(5));
    assert_eq!(account.portal_key, "acct-1");
    assert_eq!(account.currency, "EUR");
    assert_eq!(account.name, "Betriebskonto");
    assert_eq!(account.masked_number.as_deref(), Some("•••• 3000"));
    assert_eq!(account.current_balance.as_deref(), Some("738.40"));
    assert_eq!(account.available_balance.as_deref(), Some("700.00"));
    assert_eq!(account.balance_as_of, Some(date(2026, 10, 5)));
    // What is there before a day is what was there at the end of the day before.
    let balances: Vec<_> = account.balances.iter().map(|shown| (shown.date, shown.ledger_balance.as_str())).collect();
    assert_eq!(balances, [(date(2026, 10, 1), "1000.00"), (date(2026, 10, 5), "738.40")]);
}

#[test]
fn the_oldest_version_with_prefixes_and_another_encoding_is_read() {
    let bytes = OLD.replace("Zahlung", "Zahlung Sch\u{f6}n");
    let bytes: Vec<u8> = bytes.chars().map(|char| u8::try_from(u32::from(char)).expect("latin")).collect();
    let [statement] = read_all(&bytes).try_into().expect("one statement");
    check_rows(&statement, &["posted | 2026-10-02 | - | 1200 | JPY | Zahlung Schön <1> | - | - | unknown"]);
    let opening = statement.opening.as_ref().expect("an opening balance");
    assert_eq!((opening.date, opening.ledger_balance.as_str()), (date(2026, 10, 1), "-500"));
    assert_eq!(statement.account.number, Some(AccountNumber::Other("12345678".into())));
    assert_eq!(statement.account.currency, "JPY");
    assert_eq!(statement.from, Some(date(2026, 10, 2)));
}

#[test]
fn every_version_is_read() {
    for version in 2..=13 {
        let namespace = format!("camt.053.001.{version:02}");
        assert_eq!(read_all(DAY.replace("camt.053.001.08", &namespace).as_bytes()).len(), 1, "{namespace}");
    }
}

#[test]
fn every_control_is_held() {
    let wrong = |from, to, control: &str| check_changed(DAY, from, to, control);
    let not = |control: &str| format!("statement 1, line 79: {control} doesn't hold");
    wrong("738.40", "738.41", &not("the sum of opening balance and transactions against the closing balance"));
    wrong(
        "<NbOfNtries>4<",
        "<NbOfNtries>7<",
        "statement 1, line 79: the number of entries doesn't hold: the file says 7, and there are 4",
    );
    wrong("<Sum>2361.60<", "<Sum>2361.61<", "statement 1, line 79: the sum of entries doesn't hold");
    wrong("<Amt>261.60<", "<Amt>261.06<", "statement 1, line 79: the net of entries doesn't hold");
    wrong("<Sum>1050.00<", "<Sum>1050.01<", "statement 1, line 79: the sum of credits doesn't hold");
    wrong("<Sum>1311.60<", "<Sum>1311.61<", "statement 1, line 79: the sum of debits doesn't hold");
    wrong(
        "<TtlCdtNtries><NbOfNtries>2<",
        "<TtlCdtNtries><NbOfNtries>1<",
        "statement 1, line 79: the number of credits doesn't hold: the file says 1, and there are 2",
    );
}

#[test]
fn a_summary_may_count_what_is_not_booked_if_all_its_figures_do() {
    let all = DAY
        .replace("<NbOfNtries>4</NbOfNtries><Sum>2361.60</Sum>", "<NbOfNtries>6</NbOfNtries><Sum>2372.59</Sum>")
        .replace("<Amt>261.60</Amt>", "<Amt>272.59</Amt>")
        .replace("<NbOfNtries>2</NbOfNtries><Sum>1311.60</Sum>", "<NbOfNtries>4</NbOfNtries><Sum>1322.59</Sum>");
    assert_eq!(read_all(all.as_bytes())[0].announced.rows, Some(5));
}

#[test]
fn an_interim_page_ends_no_day() {
    let interim = DAY.replace("<Cd>CLBD</Cd></CdOrPrtry>", "<Cd>CLBD</Cd></CdOrPrtry><SubTp><Cd>INTM</Cd></SubTp>");
    let [statement] = read_all(interim.as_bytes()).try_into().expect("one statement");
    assert_eq!((statement.closing_kind, statement.extent), (BalanceKind::Interim, Extent::Partial));
    let account = statement.observed("a".into());
    assert_eq!(account.balances.len(), 1);
    assert_eq!(account.current_balance.as_deref(), Some("738.40"));
}

#[test]
fn an_opening_balance_that_carries_the_day_before_belongs_to_it() {
    let before = "<Dt><Dt>2026-10-02</Dt></Dt></Bal>";
    let [statement] =
        read_all(DAY.replacen(before, "<Dt><Dt>2026-10-01</Dt></Dt></Bal>", 1).as_bytes()).try_into().expect("one");
    assert_eq!(statement.opening.map(|opening| opening.date), Some(date(2026, 10, 1)));
}

#[test]
fn what_cannot_be_read_says_why() {
    check_changed(
        DAY,
        "<Amt Ccy=\"EUR\">11.60</Amt>",
        "<Amt Ccy=\"USD\">11.60</Amt>",
        "statement 1, line 68: an entry is in another currency than the account",
    );
    check_changed(
        DAY,
        "<Amt Ccy=\"EUR\">11.60<",
        "<Amt Ccy=\"EUR\">11,60<",
        "statement 1, line @: the entry's Amt is not a number as the format writes it",
    );
    check_changed(DAY, "2026-10-06", "2026-02-30", "statement 1, line @: the calendar has no such day as ValDt");
    check_changed(
        DAY,
        "<Cd>PDNG</Cd>",
        "<Cd>MAYBE</Cd>",
        "statement 1, line 74: the entry's Sts is none of the words that the format has for it",
    );
    check_changed(DAY, "<IBAN>DE89370400440532013000</IBAN>", "", "statement 1, line 79: the account's Id is missing");
    let report = DAY.replace("BkToCstmrStmt", "BkToCstmrAcctRpt");
    check_refused(report.as_bytes(), "line 3: an account report (CAMT.052) can't be read");
}
