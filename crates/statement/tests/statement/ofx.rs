//! OFX, in SGML and XML.
//!
//! Not here: broken files of any format (`hostile.rs`).

use domain::account::AccountType;
use domain::observation::Extent;
use jiff::civil::date;
use statement::{AccountNumber, BalanceKind};

use crate::{check_changed, check_rows, read_all};

const CARD: &str = include_str!("../samples/card.ofx");
const TWO: &str = include_str!("../samples/two.ofx");

#[test]
fn accounts_of_a_file_in_sgml_are_read() {
    let [bank, card] = read_all(CARD.as_bytes()).try_into().expect("two statements");
    assert_eq!(bank.account.number, Some(AccountNumber::Other("0123456789".into())));
    assert_eq!(bank.account.routing_number.as_deref(), Some("021000021"));
    assert_eq!(bank.account.account_type, Some(AccountType::Checking));
    assert_eq!((bank.from, bank.to, bank.extent), (Some(date(2026, 10, 2)), Some(date(2026, 10, 5)), Extent::Whole));
    check_rows(
        &bank,
        &[
            // Late in the evening there is the next day in UTC.
            "posted | 2026-10-02 | 2026-10-01 | 1000.00 | USD | MOLLER & CO INVOICE 4711 | REF-1 | E2E-77 | unknown",
            "posted | 2026-10-05 | - | -1300.00 | USD |  | REF-2 | 1001 | check",
            "posted | 2026-10-05 | - | 38.40 | USD | AT&T SHOP REFUND | REF-3 | - | card",
        ],
    );
    assert_eq!(bank.transactions[2].mcc.as_deref(), Some("5812"));
    assert_eq!(card.account.account_type, Some(AccountType::CreditCard));
    assert_eq!(card.closing.as_ref().map(|closing| closing.ledger_balance.as_str()), Some("-12.00"));
    // A ledger balance holds at a time of its day.
    assert_eq!(bank.closing_kind, BalanceKind::Interim);
    let account = bank.observed("a".into());
    assert_eq!((account.current_balance.as_deref(), account.balances.len()), (Some("738.40"), 0));
    assert_eq!(account.available_balance.as_deref(), Some("700.00"));
}

#[test]
fn a_file_in_xml_is_read() {
    let [statement] = read_all(TWO.as_bytes()).try_into().expect("one statement");
    check_rows(&statement, &["posted | 2026-10-05 | - | 1.5 | GBP | Café <One> a < b & c | I1 | - | interest"]);
    assert_eq!(statement.transactions[0].counterparty_name.as_deref(), Some("Café <One>"));
    assert_eq!(statement.transactions[0].counterparty_account_masked.as_deref(), Some("•••• 4321"));
    assert_eq!(statement.account.account_type, Some(AccountType::Savings));
}

#[test]
fn line_ends_mean_nothing() {
    let (header, body) = CARD.split_once("\n\n").expect("a header");
    let one_line = [header, "\n\n", &body.replace('\n', "")].concat();
    assert_eq!(read_all(one_line.as_bytes()), read_all(CARD.as_bytes()));
}

#[test]
fn windows_letters_are_read_where_the_header_says_so() {
    let bytes =
        [CARD.split("MOLLER").next().expect("a half"), "M\u{f6}LLER", CARD.split("MOLLER").nth(1).expect("a half")]
            .concat();
    let latin: Vec<u8> = bytes.chars().map(|char| u8::try_from(u32::from(char)).expect("latin")).collect();
    assert_eq!(read_all(&latin)[0].transactions[0].description, "MöLLER & CO INVOICE 4711");
}

#[test]
fn a_pending_row_has_no_day_of_booking() {
    let pending = "<BANKTRANLISTP><DTASOF>20261005<STMTTRNP><TRNTYPE>DEBIT<DTTRAN>20261006<TRNAMT>-5<NAME>HOTEL</STMTTRNP></BANKTRANLISTP>\n<LEDGERBAL>";
    let statement = read_all(CARD.replacen("<LEDGERBAL>", pending, 1).as_bytes()).remove(0);
    assert_eq!(
        crate::line(&statement.transactions[3]),
        "pending | - | 2026-10-06 | -5 | USD | HOTEL | - | - | unknown"
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    check_changed(
        CARD,
        "<TRNAMT>1000.00",
        "<TRNAMT>1,000.00",
        "line 21: TRNAMT is not a number as the format writes it",
    );
    check_changed(CARD, "<TRNAMT>1000.00", "", "line 21: TRNAMT is missing");
    check_changed(
        CARD,
        "<DTPOSTED>20261005<TRNAMT>-",
        "<DTPOSTED>20261305<TRNAMT>-",
        "line @: the calendar has no such day as DTPOSTED",
    );
    check_changed(
        CARD,
        "<DTPOSTED>20261005<TRNAMT>-",
        "<DTPOSTED>2026-10-05<TRNAMT>-",
        "line @: DTPOSTED is not a date as the format writes it",
    );
    check_changed(CARD, "<CURDEF>USD", "", "line 21: nothing says the account's currency");
    check_changed(CARD, "<CREDITCARDMSGSRSV1>", "<INVSTMTMSGSRSV1>", "line @: an investment statement can't be read");
    check_changed(
        CARD,
        "<SEVERITY>INFO",
        "<SEVERITY>ERROR",
        "line 35: an answer in which the bank reports an error can't be read",
    );
    check_changed(
        CARD,
        "<FITID>REF-2",
        "<FITID>REF-2<CORRECTFITID>REF-1<CORRECTACTION>REPLACE",
        "line @: a row that corrects or deletes an earlier one can't be read",
    );
}
