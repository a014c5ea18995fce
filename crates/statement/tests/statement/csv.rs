//! CSV with declared columns.
//!
//! Not here: broken files of any format (`hostile.rs`).

use domain::calendar::{DateFormat, YearHint};
use domain::money::Locale;
use domain::observation::Extent;
use jiff::civil::date;
use statement::{CsvAmounts, CsvColumns, CsvEncoding, How, SignWords, StatedAccount, Statement, read};

use crate::check_rows;

const BANK: &[u8] = include_bytes!("../samples/bank.csv");

/// The columns of a file with a signed amount, in American English.
pub(crate) fn plain(currency: &str) -> CsvColumns {
    CsvColumns {
        account: StatedAccount { currency: currency.into(), ..StatedAccount::default() },
        delimiter: b',',
        encoding: CsvEncoding::Utf8,
        skipped_lines: 0,
        date_format: DateFormat::parse("YYYY-MM-DD").expect("a pattern"),
        year_hint: YearHint::up_to(date(2026, 11, 25)),
        locale: Locale::EnUs,
        date: "Date".into(),
        transaction_date: None,
        amounts: CsvAmounts::Signed("Amount".into()),
        description: vec!["Text".into()],
        running_balance: None,
        bank_reference: None,
        customer_reference: None,
        counterparty_name: None,
    }
}

fn german() -> CsvColumns {
    CsvColumns {
        delimiter: b';',
        encoding: CsvEncoding::Windows1252,
        skipped_lines: 3,
        date_format: DateFormat::parse("DD.MM.YYYY").expect("a pattern"),
        locale: Locale::DeDe,
        date: "buchungstag".into(),
        transaction_date: Some("Wertstellung".into()),
        amounts: CsvAmounts::Worded {
            amount: "Umsatz in EUR".into(),
            sign: "Soll/Haben".into(),
            words: SignWords { debit: vec!["S".into(), "Soll".into()], credit: vec!["h".into()] },
        },
        description: vec!["Empfänger".into(), "Verwendungszweck".into()],
        running_balance: Some("Saldo".into()),
        counterparty_name: Some("Empfänger".into()),
        ..plain("EUR")
    }
}

fn read_csv(text: &[u8], columns: CsvColumns) -> Result<Statement, String> {
    let statements = read(text, &How::csv(columns)).map_err(|error| error.to_string())?;
    let [statement] = statements.try_into().map_err(|_| "more than one")?;
    Ok(statement)
}

#[track_caller]
fn check(text: &str, columns: CsvColumns, expected: Result<&[&str], &str>) {
    match (read_csv(text.as_bytes(), columns), expected) {
        (Ok(statement), Ok(rows)) => check_rows(&statement, rows),
        (found, expected) => assert_eq!(found.err().as_deref(), expected.err()),
    }
}

#[test]
fn rows_are_read_as_declared() {
    let statement = read_csv(BANK, german()).expect("a statement");
    check_rows(
        &statement,
        &[
            "posted | 2026-10-02 | 2026-10-01 | 1000.00 | EUR | Möller KG Rechnung \"4711\"; vom 1.10. | - | - | unknown",
            "posted | 2026-10-05 | - | -1300.00 | EUR | =cmd|' calc'!A0 | - | - | unknown",
        ],
    );
    assert_eq!(statement.transactions[0].running_balance.as_deref(), Some("2000.00"));
    assert_eq!(statement.transactions[0].counterparty_name.as_deref(), Some("Möller KG"));
    // Nothing in the file says where it ends.
    assert_eq!(statement.extent, Extent::Partial);
}

#[test]
fn a_debit_and_a_credit_column_are_read() {
    let columns =
        || CsvColumns { amounts: CsvAmounts::DebitCredit { debit: "Out".into(), credit: "In".into() }, ..plain("USD") };
    check(
        "Date,Out,In,Text\n2026-10-02,,\"1,000.00\",a\n2026-10-05,5.00,,b\n",
        columns(),
        Ok(&[
            "posted | 2026-10-02 | - | 1000.00 | USD | a | - | - | unknown",
            "posted | 2026-10-05 | - | -5.00 | USD | b | - | - | unknown",
        ]),
    );
    check(
        "Date,Out,In,Text\n2026-10-02,1.00,1.00,a\n",
        columns(),
        Err("line 2: column `Out`: both the debit and the credit cell are filled"),
    );
}

#[test]
fn what_a_spreadsheet_would_run_is_a_text_where_texts_belong_and_refused_elsewhere() {
    for cell in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t5.00x"] {
        check(
            &format!("Date,Amount,Text\n2026-10-02,1.00,{cell}\n"),
            plain("USD"),
            Ok(&[&format!("posted | 2026-10-02 | - | 1.00 | USD | {} | - | - | unknown", cell.trim())]),
        );
        let refused = read_csv(format!("Date,Amount,Text\n2026-10-02,{cell},a\n").as_bytes(), plain("USD"));
        let refused = refused.expect_err("it is no amount");
        assert!(refused.starts_with("line 2: column `Amount`: the cell"), "{refused}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    check("Day,Amount,Text\n", plain("USD"), Err("line 1: the header has no column `Date`"));
    check("Date,Amount,Text, date\n", plain("USD"), Err("line 1: the header has more than one column `Date`"));
    check("Date,Amount,Text\n2026-10-02,1\n", plain("USD"), Err("line 2: the row has 2 cells and the header has 3"));
    check(
        "Date,Amount,Text\n\n2026-02-30,1,a\n",
        plain("USD"),
        Err("line 2: column `Date`: the calendar has no such day"),
    );
    check(
        "Date,Amount,Text\n2026-10-02,1,\"a\n",
        plain("USD"),
        Err("line 2: the file ends before the end of a quoted cell"),
    );
    check(
        "Date,Amount,Text\n2026-10-02,1e5,a\n",
        plain("USD"),
        Err("line 2: column `Amount`: the cell is not an amount as en-US writes it"),
    );
    check("", plain("USD"), Err("the file is empty"));
    check("\n\n", plain("USD"), Err("the file ends before the header"));
    check("Date,Amount,Text\n", plain(""), Err("nothing says the account's currency"));
}

#[test]
fn the_last_row_needs_no_line_end() {
    check(
        "Date,Amount,Text\r\n2026-10-02,1,\"a\"",
        plain("USD"),
        Ok(&["posted | 2026-10-02 | - | 1 | USD | a | - | - | unknown"]),
    );
}
