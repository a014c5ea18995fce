//! The pages of one account: what was read of them so far, and what each adds.
//!
//! Not here: which page is next (`walk`, `turn`).

use std::collections::HashSet;

use domain::account::ObservedAccount;
use domain::calendar::DateFormat;
use domain::failure::{Failure, FailureCode};
use domain::observation::{Extent, Sheet, Source, Window};
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::answers::{Answers, Joined, Taken};
use super::files::Filed;
use super::turn::{self, Keys, Listed, Windowed};
use crate::document::Document;
use crate::language::{Next, TransactionsRead};
use crate::read::{Cells, Place, announced, announcements, has_year, layout, page, transactions};
use crate::table::weight;

/// How much the sheets of a run weigh together. What is beyond is read and not kept: a
/// run has to fit into one message.
const KEPT_LIMIT: usize = 24 * 1024 * 1024;

/// The pages of one account that were read so far.
#[derive(Default)]
pub(super) struct Pages {
    /// Which account it is, from 0.
    pub(super) index: usize,
    /// How many they are.
    pub(super) count: usize,
    /// Of each page of transactions, so that none is read twice.
    pub(super) digests: HashSet<[u8; 32]>,
    /// What the sheets weigh.
    pub(super) weight: usize,
    /// How many rows the first page says there are; of windows, the first of each.
    pub(super) announced: Option<u64>,
    /// Whether they are on a page of their own, and the account's is behind.
    pub(super) leg: Leg,
    /// Which rows were read, where rows come and go.
    pub(super) keys: Keys,
    /// Where rows that are added to begin, of the account's and of its sheets.
    pub(super) grows_from: Option<(usize, usize)>,
    /// Which days were asked for.
    pub(super) windowed: Windowed,
    /// What the portal answered its page.
    pub(super) answers: Answers,
    /// The files that were asked for.
    pub(super) filed: Filed,
}

impl Pages {
    /// Whether the page that shows holds rows: where days are asked for it does once some were.
    pub(super) fn shows_rows(&self, read: &TransactionsRead) -> bool {
        read.windows.is_none() || self.windowed.is_asked()
    }
}

/// Which of an account's pages shows.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Leg {
    #[default]
    Own,
    Onward,
}

/// What is known of the rows of a page.
pub(super) struct Rows {
    /// How their days are written.
    pub(super) date: Option<DateFormat>,
    pub(super) listed: Listed,
}

/// Adds the rows of a page of transactions to an account.
pub(super) fn add_rows(
    document: &Document,
    read: &TransactionsRead,
    account: &mut ObservedAccount,
    pages: &mut Pages,
    others: usize,
    cells: Cells<'_>,
    place: &Place,
) -> Result<Rows, Failure> {
    let page = page(document, read, place)?;
    let date = layout(&page.sheet, read).and_then(|layout| layout.format.date.clone());
    refuse_repeated(document, read, &page.text(), pages, place)?;
    let sheet = pages.keys.unseen(page.sheet, page.keys).map_err(|what| place.failure(what.code(), what.text()))?;
    let rows = transactions(&sheet, read, cells, place)?;
    if let Some(pick) = read.announced.as_ref().filter(|_| pages.count == 0 || pages.windowed.is_fresh()) {
        let announced = announced(document, pick, cells.locale, &rows, place)?;
        pages.announced = match (pages.announced, announced) {
            (Some(before), more) => Some(before + more.unwrap_or(0)),
            (None, announced) => announced,
        };
    }
    pages.windowed.look();
    if let Some(sheet) = announcements(document, read, place)?.filter(|_| pages.count == 0 || !grows(read)) {
        account.transactions.extend(transactions(&sheet, read, cells, place)?);
        keep(sheet, account, pages, others);
    }
    if grows(read) {
        // What was there is there again, with more below it.
        let (rows, sheets) = *pages.grows_from.get_or_insert((account.transactions.len(), account.sheets.len()));
        account.transactions.truncate(rows);
        pages.weight -= account.sheets.get(sheets..).unwrap_or_default().iter().map(weigh).sum::<usize>();
        account.sheets.truncate(sheets);
    }
    let listed = if rows.is_empty() { Listed::Nothing } else { Listed::Rows };
    account.transactions.extend(rows);
    pages.count += 1;
    if !sheet.rows.is_empty() || !matches!(read.next, Some(Next::Scroll { .. })) {
        keep(sheet, account, pages, others);
    }
    Ok(Rows { date, listed })
}

/// Refuses a page of transactions that came before. One that is scrolled may show what it did.
fn refuse_repeated(
    document: &Document,
    read: &TransactionsRead,
    text: &str,
    pages: &mut Pages,
    place: &Place,
) -> Result<(), Failure> {
    if matches!(read.next, Some(Next::Scroll { .. })) {
        return Ok(());
    }
    let chosen = read.next.as_ref().and_then(|next| turn::chosen(document, next)).unwrap_or_default();
    let asked = pages.windowed.count().to_string();
    let digest = Sha256::digest([&asked, "\n", &chosen, "\n", text].concat()).into();
    if pages.digests.insert(digest) {
        return Ok(());
    }
    let what = "a page of transactions came up again in place of the next one";
    Err(place.failure(FailureCode::DataIncomplete, what))
}

/// Adds the rows that answers brought to an account.
pub(super) fn add_answers(
    taken: Taken,
    document: &Document,
    read: &TransactionsRead,
    account: &mut ObservedAccount,
    pages: &mut Pages,
    others: usize,
    place: &Place,
) -> Result<Rows, Failure> {
    refuse_repeated(document, read, &page(document, read, place)?.text(), pages, place)?;
    for (sheet, rows) in taken.rows {
        account.transactions.extend(rows);
        keep(sheet, account, pages, others);
    }
    pages.count += 1;
    pages.announced = pages.answers.joined().and_then(Joined::announced);
    let date = read.captured.as_ref().map(|captured| captured.date.clone());
    let listed = if taken.is_empty { Listed::Nothing } else { Listed::Rows };
    Ok(Rows { date, listed })
}

/// Whether the rows of the next page come below those that are there.
const fn grows(read: &TransactionsRead) -> bool {
    matches!(read.next, Some(Next::More(_)))
}

/// Keeps a sheet with its account while there is room for all of them: without one of
/// them an account can't be read again, so then it has none.
pub(super) fn keep(sheet: Sheet, account: &mut ObservedAccount, pages: &mut Pages, others: usize) {
    pages.weight += weigh(&sheet);
    if others + pages.weight <= KEPT_LIMIT {
        account.sheets.push(sheet);
    } else {
        account.sheets = Vec::new();
    }
}

pub(super) fn weigh(sheet: &Sheet) -> usize {
    weight(&sheet.headers) + weight(sheet.rows.iter().flatten())
}

/// What was walked: to the list's end, or to the day from which on it was wanted. What can't
/// be walked so far is a failure.
pub(super) fn window(pages: &Pages, cut: Option<Date>) -> Window {
    Window {
        source: Source::Pages,
        extent: Extent::Whole,
        from: cut,
        to: None,
        pages: u32::try_from(pages.count).unwrap_or(u32::MAX),
        // The portal says how many there are in all.
        rows_announced: pages.announced.filter(|_| cut.is_none()),
    }
}

/// Whether the last page of a list that has the newest first, whose rows begin at `from`, holds
/// nothing any more that was booked on `since` or later. A whole page: rows of a weekend may
/// be out of order.
pub(super) fn is_past(account: &ObservedAccount, from: usize, date: Option<&DateFormat>, since: Date) -> bool {
    let dates = |rows: &[ObservedTransaction]| rows.iter().filter_map(|row| row.posted_date).max();
    let first = account.transactions.iter().find_map(|row| row.posted_date);
    let newest = account.transactions.get(from..).and_then(dates);
    // A day without a year is settled by the order of the whole list.
    let is_dated = date.is_some_and(has_year);
    is_dated && newest.is_some_and(|newest| newest < since && first > Some(newest))
}
