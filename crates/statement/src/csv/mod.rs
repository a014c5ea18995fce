//! CSV: rows of cells, read as their declaration says.
//!
//! The whole file is one statement of the declared account. Nothing in such a file says where it ends or what it comes
//! to, so nothing can be held against it, and its window is never called whole.
//!
//! A cell that a spreadsheet would run (`=`, `+`, `@`, a tab) is a text like any other: it stays as written where texts
//! belong, and the grammars of amounts and dates refuse it elsewhere. Whoever writes a spreadsheet has to quote it.
//!
//! Not here: guessing a delimiter, a header, a locale or a pattern.

mod columns;
mod rows;

use domain::money::{Currency, Locale, read_amount};
use domain::observation::Extent;
use domain::transaction::{ObservedTransaction, Rail, TransactionStatus};

use crate::amount::direction;
use crate::format::Format;
use crate::how::CsvColumns;
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};
use crate::statement::Statement;
use crate::text::{collapsed, filled};
use columns::{Column, Columns};
use rows::Rows;

pub(crate) fn read(text: &str, declared: &CsvColumns, meter: &mut Meter) -> Result<Vec<Statement>, StatementError> {
    let code = declared.account.currency.as_str();
    let currency = match code {
        "" => return Err(Refusal::NoCurrency.into()),
        code => Currency::parse(code).map_err(|_| Refusal::NotACurrency { field: "the declared currency" })?,
    };
    let mut rows = Rows::of(text, declared, meter.bounds());
    let columns = match rows.next()? {
        Some(header) => Columns::of(&header, declared).map_err(|refusal| refusal.at(header.line))?,
        None => return Err(Refusal::Truncated { before: "the header" }.into()),
    };
    meter.statement()?;
    let mut statement = Statement::of(Format::Csv, declared.account.clone());
    statement.extent = Extent::Partial;
    while let Some(row) = rows.next()? {
        let at = |refusal: Refusal| refusal.at(row.line);
        meter.row().map_err(at)?;
        if row.count() != columns.count {
            let (expected, found) = (size(columns.count), size(row.count()));
            return Err(at(Refusal::CellCount { expected, found }));
        }
        statement.transactions.push(transaction(&row, &columns, declared, &currency).map_err(at)?);
    }
    Ok(vec![statement])
}

fn transaction(
    row: &rows::Row<'_>,
    columns: &Columns<'_>,
    declared: &CsvColumns,
    currency: &Currency,
) -> Result<ObservedTransaction, Refusal> {
    let date = |column: &Column<'_>| {
        let read = domain::calendar::read_date(row.cell(column.index), &declared.date_format, declared.year_hint);
        read.map_err(|source| Refusal::Date { column: column.name.to_owned(), source })
    };
    let text = |column: &Option<Column<'_>>| column.as_ref().and_then(|column| filled(row.cell(column.index)));
    let amount = columns.amounts.read(row, &declared.locale, currency)?;
    let posted_date = date(&columns.date)?;
    let used = columns.transaction_date.as_ref().filter(|column| !row.cell(column.index).trim().is_empty());
    let used = used.map(date).transpose()?;
    let running = columns.running_balance.as_ref().filter(|column| !row.cell(column.index).trim().is_empty());
    let running = running.map(|column| number(column, row, &declared.locale, currency)).transpose()?;
    let mut raw = String::new();
    for column in &columns.description {
        let cell = row.cell(column.index);
        if !raw.is_empty() && !cell.trim().is_empty() {
            raw.push('\n');
        }
        raw.push_str(cell);
    }
    Ok(ObservedTransaction {
        status: TransactionStatus::Posted,
        posted_date: Some(posted_date),
        amount: amount.to_string(),
        currency: currency.as_str().to_owned(),
        entry_type: direction(amount),
        description: collapsed(&raw),
        raw_description: filled(&raw),
        rail: Rail::Unknown,
        bank_reference: text(&columns.bank_reference),
        customer_reference: text(&columns.customer_reference),
        bai_code: None,
        category: None,
        subcategory: None,
        mcc: None,
        merchant_name: None,
        counterparty_name: text(&columns.counterparty_name),
        counterparty_account_masked: None,
        transaction_date: used.filter(|used| *used != posted_date),
        running_balance: running.map(|balance| balance.to_string()),
    })
}

fn number(
    column: &Column<'_>,
    row: &rows::Row<'_>,
    locale: &Locale,
    currency: &Currency,
) -> Result<rust_decimal::Decimal, Refusal> {
    let read = read_amount(row.cell(column.index), locale, currency);
    read.map_err(|source| Refusal::Amount { column: column.name.to_owned(), source })
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
