//! Which table of which page is the list of accounts, and which that of transactions.
//!
//! Not here: what the columns of a table are (`accounts`, `columns`).

use jiff::civil::Date;
use scraper::ElementRef;

use super::accounts::{self, Accounts};
use super::columns::{self, Around, Direction, Ledger};
use super::parts::{self, Part};
use super::pending;
use super::tables::Sheet;
use super::trail::Trail;
use super::values::{self, currencies};
use super::walk::Listed;
use super::{Looked, Sureness, Writing};
use crate::language::Shape;

/// A list of accounts, and where it is.
pub(super) struct AccountsList {
    pub(super) at: usize,
    pub(super) table: (String, Sureness),
    pub(super) shape: Shape,
    pub(super) read: Accounts,
    /// Headers, and how a column says what stands under them, where that isn't the header itself.
    pub(super) said: Vec<(String, String)>,
    pub(super) rows: usize,
}

/// A list of transactions, and where it is.
pub(super) struct LedgerList {
    pub(super) at: usize,
    pub(super) table: (String, Sureness),
    pub(super) skip: Option<String>,
    pub(super) read: Ledger,
    /// What stands together in the cells of a column.
    pub(super) parts: Vec<Part>,
    pub(super) rows: usize,
}

/// The list of transactions that proves most, or else has the most rows; and those that are laid out otherwise.
pub(super) fn ledgers_of(
    looked: &[Looked<'_>],
    sheets: &[Vec<Sheet<'_>>],
    today: Date,
) -> Option<(LedgerList, Vec<LedgerList>)> {
    let mut lists = Vec::new();
    for (at, (page, sheets)) in looked.iter().zip(sheets).enumerate() {
        for sheet in sheets.iter().filter(|sheet| sheet.shape == Shape::Table) {
            let texts = || sheet.headers.iter().map(String::as_str).chain(sheet.cells());
            let mut shown = currencies(texts());
            if shown.is_empty() {
                shown = currencies(std::iter::once(crate::document::text(page.document.html.root_element()).as_str()));
            }
            if shown.is_empty() {
                shown.push(values::currency_of(page.language.as_deref()));
            }
            let rows: Vec<Vec<String>> = sheet.rows.iter().map(|(_, cells)| cells.clone()).collect();
            let around = Around { today, language: page.language.as_deref(), currencies: &shown };
            let Some(read) = columns::ledger(&sheet.headers, &rows, &around) else { continue };
            lists.push(LedgerList {
                at,
                table: sheet.selector.clone(),
                skip: sheet.skip.clone(),
                parts: parts_of(sheet, &read),
                read,
                rows: rows.len(),
            });
        }
    }
    // What is announced in a table of its own is beside the list, and isn't it.
    let is_announced =
        |list: &LedgerList| looked.get(list.at).is_some_and(|page| pending::is_said(&page.document, &list.table.0));
    let booked: Vec<usize> = lists.iter().filter(|list| !is_announced(list)).map(|list| list.at).collect();
    lists.retain(|list| !is_announced(list) || !booked.contains(&list.at));
    let most = |list: &LedgerList| (list.read.chain.map_or(0, |chain| chain.links), list.rows);
    let best = lists.iter().enumerate().max_by_key(|(_, list)| most(list)).map(|(at, _)| at)?;
    let mut best = lists.remove(best);
    // The same list on other pages, of which the first may be the only one with what is pending.
    let (same, others): (Vec<_>, Vec<_>) = lists.into_iter().partition(|other| other.read.columns == best.read.columns);
    for other in same {
        best.read.pending = best.read.pending.or(other.read.pending);
        best.skip = best.skip.or(other.skip);
        if other.read.direction == Direction::Signed {
            best.read.direction = Direction::Signed;
        }
        if best.read.is_date_ambiguous && !other.read.is_date_ambiguous {
            (best.read.date, best.read.is_date_ambiguous) = (other.read.date, false);
        }
        if best.parts.is_empty() {
            best.parts = other.parts;
        }
        if other.at < best.at {
            (best.at, best.table) = (other.at, other.table);
        }
    }
    Some((best, others))
}

/// Of lists that are laid out otherwise those of other accounts: each was opened from the list of accounts, on a page that has no
/// list as the first is.
pub(super) fn otherwise(others: Vec<LedgerList>, trail: &Trail, listed: &Listed) -> Vec<LedgerList> {
    let is_opened = |at: usize| listed.accounts.iter().any(|from| trail.leads(*from, at));
    let is_list = |at: usize| listed.ledgers.contains(&at) || listed.accounts.contains(&at);
    let mut found: Vec<LedgerList> = Vec::new();
    for other in others.into_iter().filter(|other| is_opened(other.at) && !is_list(other.at)) {
        if found.iter().all(|known| known.read.columns != other.read.columns && known.at != other.at) {
            found.push(other);
        }
    }
    found
}

/// What stands in the cells that say what a row is for.
fn parts_of(sheet: &Sheet<'_>, read: &Ledger) -> Vec<Part> {
    let description = read.columns.iter().find(|(field, _)| *field == "description");
    let others = read.columns.iter().map(|(field, _)| *field).filter(|field| *field != "description");
    description.map(|(_, header)| parts::parts(sheet, header, &others.collect::<Vec<_>>())).unwrap_or_default()
}

/// The list of accounts with the most columns that are known, on another page than that of transactions where there is one.
pub(super) fn accounts_of(
    looked: &[Looked<'_>],
    sheets: &[Vec<Sheet<'_>>],
    ledger: Option<&LedgerList>,
    writing: &Writing,
    trail: &Trail,
    today: Date,
) -> Option<AccountsList> {
    let is_ledger =
        |at: usize, sheet: &Sheet<'_>| ledger.is_some_and(|list| list.at == at && list.table.0 == sheet.selector.0);
    let mut lists = Vec::new();
    for (at, (looked, sheets)) in looked.iter().zip(sheets).enumerate() {
        for sheet in sheets.iter().filter(|sheet| !is_ledger(at, sheet)) {
            let how = (writing.locale, &writing.currency);
            let is_in_row = |element: &ElementRef<'_>| {
                element.ancestors().any(|above| sheet.rows.iter().any(|(row, _)| row.id() == above.id()))
            };
            // What a person opened an account by.
            let opened =
                trail.clicks(at, &looked.document).find(|(element, then)| then.is_some() && is_in_row(element));
            let opened = opened.map(|(element, _)| element);
            let Some(read) = accounts::accounts(&sheet.headers, &sheet.rows, how, (opened, today)) else { continue };
            let said = sheet.headers.iter().cloned().zip(sheet.said.iter().cloned()).collect();
            let (table, shape, rows) = (sheet.selector.clone(), sheet.shape, sheet.rows.len());
            let list = AccountsList { at, table, shape, read, said, rows };
            lists.push((opened.is_some(), list));
        }
    }
    let at_ledger = |list: &AccountsList| ledger.is_some_and(|ledger| ledger.at == list.at);
    let best = lists
        .into_iter()
        // Things that repeat may be no list at all, where there is a table.
        .max_by_key(|(is_opened, list)| {
            let is_table = list.shape == Shape::Table;
            (*is_opened, is_table, !at_ledger(list), list.read.columns.len(), usize::MAX - list.at)
        });
    best.map(|(_, list)| list)
}
