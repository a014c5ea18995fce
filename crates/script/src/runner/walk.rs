//! The order in which things are read once the sign-in worked: the list of accounts,
//! then for each account its page, its transactions page by page, and back.
//!
//! ```text
//! list ──open──▶ account ──next──▶ account (its next page)
//!  ▲ │             │ └─open─▶ its transactions ──next──▶ its transactions
//!  │ └─all read──▶ sign out    │
//!  └──────back─────┴───back────┘     each page differs from those before,
//!                                    or the account can't be read
//! ```
//!
//! An account whose own pages can't be read is left without anything that was read
//! there, and says why; the walk goes on with the next one. It fails where the list
//! can't be read, or not one account.
//!
//! Not here: clicking, waiting, or what happens when another page shows.

mod fetch;

use std::collections::HashSet;
use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::calendar::DateFormat;
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::Currency;
use domain::observation::{Extent, Sheet, Source, Window};
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::After;
use super::files::Filed;
use super::turn::{self, Keys, Windowed};
use crate::command::{Act, Deed, Download, Told};
use crate::document::Document;
use crate::language::{Back, Next, Script, TransactionsRead, Visit};
use crate::link::{LinkError, link};
use crate::read::{
    Cells, Listing, Place, Side, announced, announcements, details, details_of, has_year, layout, list, page, settle,
    transactions,
};
use crate::table::{ROWS_LIMIT, weight};

/// How much the sheets of a run weigh together. What is beyond is read and not kept: a
/// run has to fit into one message.
const KEPT_LIMIT: usize = 24 * 1024 * 1024;

/// What comes next.
pub(super) enum Move {
    /// Do this on the page that shows.
    Act { page: String, deed: Deed, after: After },
    /// Ask for a file on the page that shows.
    Fetch(Download),
    /// Nothing: the page that shows becomes another by itself.
    Wait { page: String },
    /// All is read: end the session.
    SignOut { page: String, target: String, accounts: Vec<ObservedAccount> },
    /// All is read, and there is nothing to sign out with.
    Finish(Vec<ObservedAccount>),
    /// Not one account could be read; why the first couldn't.
    GiveUp(Failure),
}

/// Where the walk stands.
pub(super) struct Walk {
    script: Arc<Script>,
    today: Date,
    /// From which day on transactions are wanted; none for all.
    since: Option<Date>,
    /// In the order of the list.
    accounts: Vec<ObservedAccount>,
    at: At,
    /// How many rows the accounts have that were read, and what their sheets weigh.
    rows: usize,
    weight: usize,
    /// How many accounts couldn't be read.
    failed: usize,
    /// What there is to tell of files.
    told: Vec<Told>,
}

enum At {
    /// The list is read for the first time.
    List,
    /// Back on the list; this account is next, and past the end all are read.
    Between(usize),
    /// On the page of an account.
    Account(Box<Pages>),
}

/// The pages of one account that were read so far.
#[derive(Default)]
struct Pages {
    /// Which account it is, from 0.
    index: usize,
    /// How many they are.
    count: usize,
    /// Of each page of transactions, so that none is read twice.
    digests: HashSet<[u8; 32]>,
    /// What the sheets weigh.
    weight: usize,
    /// How many rows the first page says there are; of windows, the first of each.
    announced: Option<u64>,
    /// Whether they are on a page of their own, and the account's is behind.
    leg: Leg,
    /// Which rows were read, where rows come and go.
    keys: Keys,
    /// Where rows that are added to begin, of the account's and of its sheets.
    grows_from: Option<(usize, usize)>,
    /// Which days were asked for.
    windowed: Windowed,
    /// The files that were.
    filed: Filed,
}

/// Which of an account's pages shows.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Leg {
    #[default]
    Own,
    Onward,
}

impl Walk {
    pub(super) fn new(script: Arc<Script>, today: Date, since: Option<Date>) -> Self {
        let (accounts, told) = (Vec::new(), Vec::new());
        Self { script, today, since, accounts, at: At::List, rows: 0, weight: 0, failed: 0, told }
    }

    /// The page that is read next.
    pub(super) fn expects(&self) -> &str {
        match (&self.at, &self.script.reads.visit) {
            (At::Account(pages), Some(visit)) => place(visit, pages.leg).0,
            _ => &self.script.reads.accounts.on,
        }
    }

    pub(super) const fn stage(&self) -> Stage {
        match self.at {
            At::Account(_) => Stage::Transactions,
            At::List | At::Between(_) => Stage::Accounts,
        }
    }

    /// How many accounts couldn't be read so far.
    pub(super) const fn failed(&self) -> usize {
        self.failed
    }

    /// There is nothing further down on the page that is read.
    pub(super) fn reached_end(&mut self) {
        if let At::Account(pages) = &mut self.at {
            pages.keys.is_at_end = true;
        }
    }

    /// Reads the page that was expected.
    pub(super) fn read(&mut self, html: &str) -> Result<Move, Failure> {
        let place = Place { stage: self.stage(), account: self.account_number() };
        match std::mem::replace(&mut self.at, At::List) {
            At::List => {
                let document = parse(html, &place)?;
                let script = Arc::clone(&self.script);
                let read = &script.reads.accounts;
                let listing = list(&document, read, &place)?;
                self.accounts = listing.accounts(read, cells(&script, self.today), &place)?;
                self.weight = self.accounts.iter().flat_map(|account| &account.sheets).map(weigh).sum();
                self.open(&document, &listing, 0, &place)
            }
            At::Between(index) => {
                let document = parse(html, &place)?;
                let listing = list(&document, &self.script.reads.accounts, &place)?;
                self.open(&document, &listing, index, &place)
            }
            At::Account(pages) => {
                let script = Arc::clone(&self.script);
                let Some(visit) = &script.reads.visit else {
                    return Err(place.failure(FailureCode::DataIncomplete, "no account's own page is read"));
                };
                let (index, (page, back)) = (pages.index, self::place(visit, pages.leg));
                match self.account(html, visit, pages, &place) {
                    Ok(Some(turn)) => return Ok(turn),
                    Ok(None) => {}
                    Err(failure) => self.spoil(index, failure),
                }
                self.at = At::Between(index + 1);
                Ok(leave(page, back))
            }
        }
    }

    /// From 1, while an account's own page is read.
    const fn account_number(&self) -> Option<usize> {
        match &self.at {
            At::Account(pages) => Some(pages.index + 1),
            At::List | At::Between(_) => None,
        }
    }

    /// Goes on to an account of the list, or ends when all are read.
    fn open(
        &mut self,
        document: &Document,
        listing: &Listing<'_>,
        index: usize,
        place: &Place,
    ) -> Result<Move, Failure> {
        let reads = &self.script.reads;
        // Accounts without a page of their own have nothing to be opened.
        let has_page = |row| reads.accounts.no_page.as_ref().is_none_or(|css| !css.fits(row));
        let is_listed_only = |account: &ObservedAccount| {
            let mut entries = listing.entries.iter();
            entries.find(|entry| entry.portal_key == account.portal_key).is_some_and(|entry| !has_page(entry.row))
        };
        let rest = self.accounts.get(index..).unwrap_or_default();
        let index = index + rest.iter().take_while(|account| is_listed_only(account)).count();
        let (Some(visit), Some(account)) = (&reads.visit, self.accounts.get(index)) else {
            let accounts = std::mem::take(&mut self.accounts);
            let first = accounts.iter().find_map(|account| account.failure.clone());
            if let Some(failure) = first.filter(|_| self.failed == accounts.len()) {
                return Ok(Move::GiveUp(failure));
            }
            let page = reads.accounts.on.clone();
            return Ok(match &self.script.sign_out {
                Some(css) => Move::SignOut { page, target: css.text().to_owned(), accounts },
                None => Move::Finish(accounts),
            });
        };
        let Some(entry) = listing.entries.iter().find(|entry| entry.portal_key == account.portal_key) else {
            let what = format!("account {} left the list in mid-read", index + 1);
            return Err(place.failure(FailureCode::DataIncomplete, what));
        };
        let target = link(document, &reads.accounts.table.css, &visit.open, entry.row).map_err(|error| {
            let (code, why) = match error {
                LinkError::Missing => (FailureCode::ElementMissing, "nothing"),
                LinkError::Ambiguous => (FailureCode::ElementAmbiguous, "no one thing"),
            };
            place.failure(code, format!("{why} in the row of account {} fits `{}`", index + 1, visit.open.text()))
        })?;
        self.at = At::Account(Box::new(Pages { index, ..Pages::default() }));
        Ok(click(&reads.accounts.on, target))
    }

    /// Reads one page of an account; none when it was the last.
    fn account(
        &mut self,
        html: &str,
        visit: &Visit,
        mut pages: Box<Pages>,
        place: &Place,
    ) -> Result<Option<Move>, Failure> {
        let script = Arc::clone(&self.script);
        let Some(account) = self.accounts.get_mut(pages.index) else {
            return Err(place.failure(FailureCode::DataIncomplete, "the account isn't known any more"));
        };
        let document = parse(html, place)?;
        let cells = cells(&script, self.today);
        let is_first = pages.count == 0 && !pages.windowed.is_asked() && !pages.filed.is_begun();
        if let Some(read) = script.reads.account.as_ref().filter(|_| is_first && pages.leg == Leg::Own) {
            let sheet = details_of(&document, read, place)?;
            details(&sheet, read, account, cells, place)?;
            keep(sheet, account, &mut pages, self.weight);
        }
        let unless = script.reads.transactions.as_ref().and_then(|read| read.unless.as_ref());
        if is_first && unless.is_some_and(|css| document.shown(css).is_some()) {
            self.weight += pages.weight;
            return Ok(None);
        }
        if let Some(onward) = visit.onward.as_ref().filter(|_| pages.leg == Leg::Own) {
            pages.leg = Leg::Onward;
            self.at = At::Account(pages);
            return Ok(Some(click(&visit.page, onward.open.text().to_owned())));
        }
        if let Some(read) = &script.reads.transactions {
            let on = self::place(visit, pages.leg).0.to_owned();
            if let Some(failure) = pages.filed.refused() {
                return Err(failure);
            }
            let shows_rows = read.windows.is_none() || pages.windowed.is_asked();
            if let Some(download) = fetch::fetch(&script, (self.today, self.since), read, &mut pages) {
                self.at = At::Account(pages);
                return Ok(Some(Move::Fetch(download)));
            }
            let is_enough = pages.filed.is_enough(read);
            if is_enough && !shows_rows {
                return self.settle_files(read, &mut pages, place).map(|()| None);
            }
            if let Some(windows) = read.windows.as_ref().filter(|_| !pages.windowed.is_asked()) {
                let turn = pages.windowed.ask(windows, read, self.today, (0, account.sheets.len()));
                self.at = At::Account(pages);
                return Ok(Some(turn.on(on)));
            }
            // The account's own page may have said it.
            let currency = Currency::parse(&account.currency).unwrap_or_else(|_| script.currency.clone());
            let cells = Cells { currency: &currency, ..cells }.of_type(account.account_type);
            let read_before = account.transactions.len();
            let Rows { date, is_empty } = add_rows(&document, read, account, &mut pages, self.weight, cells, place)?;
            if self.rows + account.transactions.len() > ROWS_LIMIT {
                return Err(place.failure(FailureCode::DataIncomplete, "there are more than 100,000 rows"));
            }
            let next = turn::next(&document, read, &pages.keys, is_empty, place)?.filter(|_| !is_enough);
            let next = turn::within(next, read, pages.count, place)?;
            let is_past = |since: &Date| is_past(account, read_before, date.as_ref(), *since);
            let cut = self.since.filter(|since| next.is_some() && read.windows.is_none() && is_past(since));
            if let Some(next) = next.filter(|_| cut.is_none()) {
                pages.keys.is_at_end = false;
                pages.filed.turn();
                self.at = At::Account(pages);
                return Ok(Some(next.on(on)));
            }
            if let Some(windows) = &read.windows {
                let until = (account.transactions.len(), account.sheets.len());
                if pages.windowed.goes_on(windows, self.since, self.today) {
                    let turn = pages.windowed.ask(windows, read, self.today, until);
                    self.at = At::Account(pages);
                    return Ok(Some(turn.on(on)));
                }
                pages.windowed.put_in_order(account);
            }
            settle(&mut account.transactions, date.as_ref(), self.today)
                .map_err(|error| place.failure(FailureCode::ScriptParse, error.text()))?;
            account.window = Some(window(&pages, cut.or(pages.windowed.first_day())));
            return self.settle_files(read, &mut pages, place).map(|()| None);
        }
        self.weight += pages.weight;
        Ok(None)
    }

    /// Leaves an account without anything that says how much is on it: half of one
    /// looks like a whole one.
    fn spoil(&mut self, index: usize, failure: Failure) {
        self.failed += 1;
        if let Some(account) = self.accounts.get_mut(index) {
            account.current_balance = None;
            account.available_balance = None;
            account.balance_as_of = None;
            account.transactions = Vec::new();
            account.balances = Vec::new();
            account.window = None;
            account.sheets = Vec::new();
            account.failure = Some(failure);
        }
    }
}

/// What is known of the rows of a page.
struct Rows {
    /// How their days are written.
    date: Option<DateFormat>,
    is_empty: bool,
}

/// Adds the rows of a page of transactions to an account.
fn add_rows(
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
    if !matches!(read.next, Some(Next::Scroll { .. })) {
        let chosen = read.next.as_ref().and_then(|next| turn::chosen(document, next)).unwrap_or_default();
        let asked = pages.windowed.count().to_string();
        let digest = Sha256::digest([&asked, "\n", &chosen, "\n", &page.text()].concat()).into();
        if !pages.digests.insert(digest) {
            let what = "a page of transactions came up again in place of the next one";
            return Err(place.failure(FailureCode::DataIncomplete, what));
        }
    }
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
    let is_empty = rows.is_empty();
    account.transactions.extend(rows);
    pages.count += 1;
    if !sheet.rows.is_empty() || !matches!(read.next, Some(Next::Scroll { .. })) {
        keep(sheet, account, pages, others);
    }
    Ok(Rows { date, is_empty })
}

/// Whether the rows of the next page come below those that are there.
const fn grows(read: &TransactionsRead) -> bool {
    matches!(read.next, Some(Next::More(_)))
}

fn click(page: &str, target: String) -> Move {
    act(page, Act::Click { target: target.into() })
}

fn leave(page: &str, back: &Back) -> Move {
    match back {
        Back::Click(css) => click(page, css.text().to_owned()),
        Back::ClosePopup => act(page, Act::ClosePopup),
    }
}

fn act(page: &str, act: Act) -> Move {
    let deed = Deed { acts: vec![act], region: Vec::new() };
    Move::Act { page: page.to_owned(), deed, after: After::OnceChanged }
}

fn cells(script: &Script, today: Date) -> Cells<'_> {
    let (locale, currency) = (script.locale, &script.currency);
    Cells { locale, currency, today, blank: &script.blank, owed: &script.reads.owed, side: Side::Own }
}

fn parse(html: &str, place: &Place) -> Result<Document, Failure> {
    Document::parse(html).map_err(|refused| place.failure(FailureCode::ScriptParse, refused.text()))
}

/// Keeps a sheet with its account while there is room for all of them: without one of
/// them an account can't be read again, so then it has none.
fn keep(sheet: Sheet, account: &mut ObservedAccount, pages: &mut Pages, others: usize) {
    pages.weight += weigh(&sheet);
    if others + pages.weight <= KEPT_LIMIT {
        account.sheets.push(sheet);
    } else {
        account.sheets = Vec::new();
    }
}

fn weigh(sheet: &Sheet) -> usize {
    weight(&sheet.headers) + weight(sheet.rows.iter().flatten())
}

/// What was walked: to the list's end, or to the day from which on it was wanted. What can't
/// be walked so far is a failure.
fn window(pages: &Pages, cut: Option<Date>) -> Window {
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
fn is_past(account: &ObservedAccount, from: usize, date: Option<&DateFormat>, since: Date) -> bool {
    let dates = |rows: &[ObservedTransaction]| rows.iter().filter_map(|row| row.posted_date).max();
    let first = account.transactions.iter().find_map(|row| row.posted_date);
    let newest = account.transactions.get(from..).and_then(dates);
    // A day without a year is settled by the order of the whole list.
    let is_dated = date.is_some_and(has_year);
    is_dated && newest.is_some_and(|newest| newest < since && first > Some(newest))
}

/// Which page of an account shows, and what leads from it to the list.
fn place(visit: &Visit, leg: Leg) -> (&str, &Back) {
    match &visit.onward {
        Some(onward) if leg == Leg::Onward => (&onward.page, &onward.back),
        _ => (&visit.page, &visit.back),
    }
}
