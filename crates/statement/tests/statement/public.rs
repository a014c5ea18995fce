//! Files that others wrote, and ways of banks that they show.
//!
//! Not here: samples of ours.

use domain::money::Currency;
use statement::{Control, How, read};

use crate::{check_changed, check_control, check_rows, read_all, refused};

const MONTH: &str = include_str!("../samples/month.mt940");
const CARD: &str = include_str!("../samples/card.ofx");
const DAY: &str = include_str!("../samples/day.bai");

#[test]
fn a_day_of_a_british_bank_is_read() {
    let [statement] = read_all(include_bytes!("../samples/public/nwb_example.bai2")).try_into().expect("one");
    assert_eq!((statement.account.currency.as_str(), statement.transactions.len()), ("GBP", 5));
}

#[test]
fn two_days_of_an_american_bank_become_one_window() {
    let days = read_all(include_bytes!("../samples/public/svb_us_example.bai2"));
    assert_eq!(days.len(), 2);
    // The bank gives both days as 2022-02-01 and -02, and each begins with what the one before ended with.
    let [account] = statement::joined(days).expect("they follow").try_into().expect("one account");
    check_rows(
        &account,
        &[
            "posted | 2022-02-01 | - | 4901.96 | USD | SOME PAYMENT ACH OFFSET | 172629 | - | ach",
            "posted | 2022-02-02 | - | 9058.00 | USD | SOME PAYMENT ACH OFFSET | 150675 | - | ach",
        ],
    );
}

#[test]
fn a_sample_whose_amounts_were_changed_no_longer_adds_up() {
    check_control(&refused(include_bytes!("../samples/public/citi_example.bai2")), Control::Balances);
}

#[test]
fn statements_of_canadian_american_and_australian_banks_are_read() {
    let check = |bytes: &[u8], currency: &str, rows: usize| {
        let how = How::detect().with_currency(Currency::parse("USD").expect("a currency"));
        let [statement] = read(bytes, &how).expect("a statement").try_into().expect("one");
        assert_eq!((statement.account.currency.as_str(), statement.transactions.len()), (currency, rows));
    };
    check(include_bytes!("../samples/public/bank_medium.ofx"), "CAD", 3);
    check(include_bytes!("../samples/public/checking.ofx"), "USD", 3);
    check(include_bytes!("../samples/public/suncorp.ofx"), "AUD", 1);
}

#[test]
fn statements_of_a_german_and_a_dutch_bank_are_read() {
    let [german] = read_all(include_bytes!("../samples/public/mt940_1.sta")).try_into().expect("one");
    assert_eq!(german.transactions[0].counterparty_name.as_deref(), Some("MUELLER"));
    assert_eq!(german.transactions[0].description, "MUELLER Miete November");
    let [first, second] = read_all(include_bytes!("../samples/public/sns.sta")).try_into().expect("two");
    assert_eq!((first.transactions.len(), second.transactions.len()), (2, 0));
}

#[test]
fn a_whole_amount_of_a_row_may_lack_its_comma_and_a_balance_may_not() {
    assert_eq!(read_all(MONTH.replace("RD50,N", "RD50N").as_bytes())[0].transactions[2].amount, "50");
    let cut = MONTH.replace("C261001EUR1000,00", "C261001EUR1000");
    check_changed(&cut, "-}", "-}", "statement 1, line 5: a balance is not a number as the format writes it");
}

#[test]
fn details_may_begin_with_a_blank_and_a_type_may_have_blanks() {
    let blank = MONTH.replace(":86:166?", ":86: 166?").replace("N166SALARIES", "S   SALARIES");
    let rows = &read_all(blank.as_bytes())[0].transactions;
    assert_eq!(rows[0].description, "Möller KG Rechnung 4711 vom 1.10.");
    assert_eq!(rows[1].customer_reference.as_deref(), Some("SALARIES-10"));
}

#[test]
fn a_blank_balance_or_one_of_no_day_is_none() {
    for (from, to) in [
        ("<BALAMT>738.40", "<BALAMT></BALAMT>"),
        ("<BALAMT>738.40<DTASOF>20261005120000", "<BALAMT>738.40<DTASOF>00000000"),
    ] {
        let statement = read_all(CARD.replacen(from, to, 1).as_bytes()).remove(0);
        assert_eq!(statement.closing, None);
    }
}

#[test]
fn a_currency_that_only_the_rows_name_is_the_accounts() {
    let rows = CARD.replacen("<CURDEF>USD", "<CURDEF></CURDEF>", 1);
    let rows = rows.replacen("<FITID>REF-1", "<FITID>REF-1<CURRENCY><CURRATE>1.0<CURSYM>AUD</CURRENCY>", 1);
    assert_eq!(read_all(rows.as_bytes())[0].account.currency, "AUD");
    check_changed(
        CARD,
        "<FITID>REF-1",
        "<FITID>REF-1<CURRENCY><CURSYM>AUD</CURRENCY>",
        "line 19: TRNAMT is in another currency than the account",
    );
}

#[test]
fn a_control_total_may_be_blank_where_it_would_be_nought() {
    let blank = DAY.replace("03,9876543210,JPY,015,-500,,/\n49,-500,2/", "03,9876543210,JPY,,,,/\n49,,2/");
    let blank = blank.replace("715660", "716160");
    assert_eq!(read_all(blank.as_bytes()).len(), 2);
    check_changed(DAY, "49,-500,2/", "49,,2/", "statement 2, line @: the account's control total (49) doesn't hold");
}
