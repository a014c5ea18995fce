//! What each format's files become, and what none of them may do to us.
//!
//! The samples were written for these tests, after the formats' specifications and the shapes of public sample files.
//!
//! Not here: how much memory a file costs (`memory.rs`).

mod archive;
mod bai2;
mod camt;
mod csv;
mod hostile;
mod joined;
mod mt940;
mod mutated;
mod ofx;
mod public;
mod round_trip;
mod writer;

use domain::transaction::ObservedTransaction;
use statement::{How, Refusal, Statement, StatementError, read};

/// The statements of a file that is recognised.
#[track_caller]
fn read_all(bytes: &[u8]) -> Vec<Statement> {
    let read = read(bytes, &How::detect());
    read.map_err(|error| format!("{error}; hint: {}", error.hint())).expect("it is a statement file")
}

/// Why a file is refused.
#[track_caller]
fn refused(bytes: &[u8]) -> StatementError {
    read(bytes, &How::detect()).map(|statements| statements.len()).expect_err("it has to be refused")
}

/// Holds that a file is refused so.
#[track_caller]
fn check_refused(bytes: &[u8], expected: &str) {
    let error = refused(bytes);
    assert_eq!(error.to_string(), expected);
    assert!(!error.hint().is_empty());
}

/// Holds that changing a sample in one place refuses it so; `@` stands for the number of the line that is changed.
#[track_caller]
fn check_changed(sample: &str, from: &str, to: &str, expected: &str) {
    assert!(sample.contains(from), "the sample has no {from:?}");
    let line = sample.split(from).next().unwrap_or_default().matches('\n').count() + 1;
    let expected = expected.replace('@', &line.to_string());
    check_refused(sample.replacen(from, to, 1).as_bytes(), &expected);
}

/// A row in one line: days, amount, words, references, way.
fn line(row: &ObservedTransaction) -> String {
    let day = |day: Option<jiff::civil::Date>| day.map_or("-".to_owned(), |day| day.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
    [
        row.status.to_string(),
        day(row.posted_date),
        day(row.transaction_date),
        row.amount.clone(),
        row.currency.clone(),
        row.description.clone(),
        text(&row.bank_reference),
        text(&row.customer_reference),
        row.rail.to_string(),
    ]
    .join(" | ")
}

/// Holds that a statement has these rows.
#[track_caller]
fn check_rows(statement: &Statement, expected: &[&str]) {
    let found: Vec<String> = statement.transactions.iter().map(line).collect();
    assert_eq!(found, expected);
}

/// Holds that a refusal is a control's.
#[track_caller]
fn check_control(error: &StatementError, control: statement::Control) {
    assert!(matches!(error.refusal, Refusal::Control { control: found, .. } if found == control), "{error}");
}
