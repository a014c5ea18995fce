//! One statement, written in every format, reads back to the same rows: a file and another file of one account, and a
//! file and a page, say the same.
//!
//! Not here: how it is written (`writer.rs`).

use domain::observation::ShownBalance;
use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::{Just, Strategy, prop};
use proptest::{prop_assert, prop_assert_eq, prop_compose, prop_oneof, proptest};
use rust_decimal::Decimal;
use statement::{CsvColumns, Format, How, read};

use crate::csv::plain;
use crate::writer::{self, Book, BookRow, IsXml};

prop_compose! {
    fn amount()(size in 1i64..1_000_000_000, sign in prop_oneof![Just(1), Just(-1)]) -> Decimal {
        Decimal::new(size * sign, 2)
    }
}

prop_compose! {
    fn row()(
        amount in amount(),
        days in -40i64..40,
        words in "[A-Z][a-zA-Z0-9 &<=+@'\"äß,-]{0,80}[a-z]",
        bank_reference in "[A-Z0-9]{1,16}",
        customer_reference in "[A-Z0-9]{1,12}",
    ) -> (Decimal, i64, String, String, String) {
        (amount, days, words, bank_reference, customer_reference)
    }
}

fn book() -> impl Strategy<Value = Book> {
    // Around the end of a year and of a February.
    let day = (0i64..800).prop_map(|days| date(2026, 12, 1).saturating_add(days.days()));
    (amount(), day, prop::collection::vec(row(), 1..12)).prop_map(|(opening, day, rows)| {
        let rows = rows.into_iter().map(|(amount, days, words, bank_reference, customer_reference)| BookRow {
            amount,
            valued: day.saturating_add(days.days()),
            words,
            bank_reference,
            customer_reference,
        });
        Book { opening, day, rows: rows.collect() }
    })
}

fn columns() -> CsvColumns {
    CsvColumns {
        transaction_date: Some("Valued".into()),
        bank_reference: Some("Bank".into()),
        customer_reference: Some("Customer".into()),
        ..plain("EUR")
    }
}

proptest! {
    #[test]
    fn every_format_gives_the_same_rows(book in book()) {
        let files = [
            (writer::camt(&book), How::format(Format::Camt053)),
            (writer::bai2(&book), How::format(Format::Bai2)),
            (writer::mt940(&book), How::format(Format::Mt940)),
            (writer::ofx(&book, IsXml::No), How::format(Format::Ofx)),
            (writer::ofx(&book, IsXml::Yes), How::detect()),
            (writer::csv(&book), How::csv(columns())),
        ];
        for (file, how) in files {
            let found = read(file.as_bytes(), &how);
            prop_assert!(found.is_ok(), "{:?}: {found:?}", how.format);
            let statement = found.unwrap_or_default().pop().expect("a statement");
            prop_assert_eq!(statement.transactions.len(), book.rows.len());
            for (found, row) in statement.transactions.iter().zip(&book.rows) {
                prop_assert_eq!(found.posted_date, Some(book.day));
                prop_assert_eq!(found.transaction_date, Some(row.valued).filter(|day| *day != book.day));
                prop_assert_eq!(&found.amount, &row.amount.to_string());
                prop_assert_eq!(&found.description, &row.words.split_whitespace().collect::<Vec<_>>().join(" "));
                prop_assert_eq!(found.bank_reference.as_deref(), Some(row.bank_reference.as_str()));
                prop_assert_eq!(found.customer_reference.as_deref(), Some(row.customer_reference.as_str()));
                prop_assert_eq!(&found.currency, "EUR");
            }
            let day_before = book.day.yesterday().expect("a day");
            let shown = |date, amount: Decimal| Some(ShownBalance { date, ledger_balance: amount.to_string() });
            match statement.format {
                Format::Csv => {}
                Format::Ofx => prop_assert_eq!(statement.closing, shown(book.day, book.closing())),
                _ => {
                    prop_assert_eq!(statement.opening, shown(day_before, book.opening));
                    prop_assert_eq!(statement.closing, shown(book.day, book.closing()));
                    prop_assert_eq!((statement.from, statement.to), (Some(book.day), Some(book.day)));
                }
            }
        }
    }

    #[test]
    fn a_statement_that_lacks_a_row_is_refused_by_its_controls(book in book(), index in 0usize..12) {
        let files = [(writer::camt(&book), "<Ntry>"), (writer::bai2(&book), "16,"), (writer::mt940(&book), ":61:")];
        for (file, mark) in files {
            let (mut at, mut kept) = (0, String::new());
            for line in file.split_inclusive('\n') {
                let begins = line.find(mark).filter(|_| mark == "<Ntry>" || line.starts_with(mark));
                match begins {
                    Some(begin) => {
                        at += 1;
                        kept += if at - 1 == index % book.rows.len() { &line[..begin] } else { line };
                    }
                    None => kept += line,
                }
            }
            prop_assert!(read(kept.as_bytes(), &How::detect()).is_err(), "{mark}");
        }
    }
}
