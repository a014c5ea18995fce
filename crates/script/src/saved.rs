//! Reading without a portal: a page that was saved, or the cells that an account was
//! read from.
//!
//! Not here: how a cell is read (`read`), or what becomes of what was read.

use domain::account::ObservedAccount;
use domain::calendar::DateFormat;
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::Currency;
use domain::observation::{Sheet, SheetKind};
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;

use crate::document::Document;
use crate::language::{Script, TransactionsRead};
use crate::read::{Cells, Place, Side, blank, captured, details, layout, listed, page, settle, transactions};

/// Reads the transactions on one page as the script reads them, in its own currency.
/// `today` is the day on which it was saved, in the bank's time zone.
///
/// # Errors
/// What a run would end with on this page.
pub fn read_transactions(script: &Script, html: &str, today: Date) -> Result<Vec<ObservedTransaction>, Failure> {
    let place = Place { stage: Stage::Transactions, account: None };
    let Some(read) = &script.reads.transactions else {
        return Err(place.failure(FailureCode::ScriptParse, "the script reads no transactions"));
    };
    let document = Document::parse(html).map_err(|refused| place.failure(FailureCode::ScriptParse, refused.text()))?;
    let sheet = page(&document, read, &place)?.sheet;
    let mut rows = transactions(&sheet, read, cells(script, today), &place)?;
    settle(&mut rows, date_of(&sheet, read), today)
        .map_err(|error| place.failure(FailureCode::ScriptParse, error.text()))?;
    Ok(rows)
}

/// Reads an account again from its sheets, as this revision of its script would have
/// read it. `today` is the day on which it was read the first time, in the bank's time
/// zone.
///
/// What isn't in the sheets stays as it is: the key, the window, balances of other days.
/// Which rows are records was decided when they were taken, and so was what stands in a
/// piece of text.
///
/// # Errors
/// [`FailureCode::DataIncomplete`] if the account has no sheets, or none of a kind that
/// the script reads; else what a run would have ended with.
pub fn reread(script: &Script, account: &ObservedAccount, today: Date) -> Result<ObservedAccount, Failure> {
    let reads = &script.reads;
    let of = |kind| account.sheets.iter().filter(move |sheet: &&Sheet| sheet.kind == kind);
    let cells = cells(script, today);
    let mut again = blank(account.portal_key.clone(), &script.currency);

    let place = Place { stage: Stage::Accounts, account: None };
    let missing =
        |what: &str| place.failure(FailureCode::DataIncomplete, format!("the account was kept without {what}"));
    let sheet = of(SheetKind::Listed).next().ok_or_else(|| missing("the cells that it was read from"))?;
    listed(sheet, &reads.accounts, &mut again, cells, &place, 1)?;

    let place = Place { stage: Stage::Transactions, account: None };
    if let Some(read) = &reads.account {
        let sheet = of(SheetKind::Details).next().ok_or_else(|| missing("the details on its own page"))?;
        details(sheet, read, &mut again, cells, &place)?;
    }
    if let Some(read) = &reads.transactions {
        let currency = Currency::parse(&again.currency).unwrap_or_else(|_| script.currency.clone());
        let cells = Cells { currency: &currency, ..cells }.of_type(again.account_type);
        let captured_by = read.captured.as_deref().filter(|_| of(SheetKind::Captured).next().is_some());
        let date = if let Some(captured_by) = captured_by {
            for sheet in of(SheetKind::Captured) {
                again.transactions.extend(captured(sheet, captured_by, cells, &place)?);
            }
            Some(&captured_by.date)
        } else {
            let first = of(SheetKind::Transactions).next().ok_or_else(|| missing("its pages of transactions"))?;
            let is_listed = |sheet: &&Sheet| matches!(sheet.kind, SheetKind::Transactions | SheetKind::Pending);
            for sheet in account.sheets.iter().filter(is_listed) {
                again.transactions.extend(transactions(sheet, read, cells, &place)?);
            }
            date_of(first, read)
        };
        settle(&mut again.transactions, date, today)
            .map_err(|error| place.failure(FailureCode::ScriptParse, error.text()))?;
    }
    again.window.clone_from(&account.window);
    again.balances.clone_from(&account.balances);
    again.sheets.clone_from(&account.sheets);
    Ok(again)
}

pub(crate) fn cells(script: &Script, today: Date) -> Cells<'_> {
    Cells {
        locale: script.locale,
        currency: &script.currency,
        today,
        blank: &script.blank,
        owed: &script.reads.owed,
        side: Side::Own,
    }
}

/// How the days of the rows of a sheet are written.
fn date_of<'r>(sheet: &Sheet, read: &'r TransactionsRead) -> Option<&'r DateFormat> {
    layout(sheet, read).and_then(|layout| layout.format.date.as_ref())
}
