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

use std::collections::HashSet;
use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::Currency;
use domain::observation::{Extent, Sheet, Source, Window};
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::css::Css;
use crate::document::Document;
use crate::language::{Next, Script, TransactionsRead, Visit};
use crate::read::{
    Cells, Listing, Place, announced, announcements, details, details_of, has_year, list, page, settle, transactions,
};
use crate::table::{LinkError, ROWS_LIMIT, behind, link, weight};

/// How much the sheets of a run weigh together. What is beyond is read and not kept: a
/// run has to fit into one message.
const KEPT_LIMIT: usize = 24 * 1024 * 1024;

/// What comes next.
pub(super) enum Move {
    /// Click this on the page that shows, a field put to a value before where there is one.
    Click { page: String, choice: Option<(String, String)>, target: String, region: Option<String> },
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
}

enum At {
    /// The list is read for the first time.
    List,
    /// Back on the list; this account is next, and past the end all are read.
    Between(usize),
    /// On the page of an account.
    Account(Pages),
}

/// The pages of one account that were read so far.
#[derive(Default)]
struct Pages {
    /// Which account it is, from 0.
    index: usize,
    /// Of each page of transactions, so that none is read twice.
    digests: HashSet<[u8; 32]>,
    /// What the sheets weigh.
    weight: usize,
    /// How many rows the first page says there are.
    announced: Option<u64>,
    /// Whether they are on a page of their own, and the account's is behind.
    leg: Leg,
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
        Self { script, today, since, accounts: Vec::new(), at: At::List, rows: 0, weight: 0, failed: 0 }
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

    /// Reads the page that was expected.
    pub(super) fn read(&mut self, html: &str) -> Result<Move, Failure> {
        let place = Place { stage: self.stage(), account: self.account_number() };
        match std::mem::replace(&mut self.at, At::List) {
            At::List => {
                let document = parse(html, &place)?;
                let read = &self.script.reads.accounts;
                let listing = list(&document, read, &place)?;
                self.accounts = listing.accounts(read, self.cells(&self.script.currency), &place)?;
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
                let (page, target) = (page.to_owned(), back.text().to_owned());
                Ok(Move::Click { page, choice: None, target, region: None })
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

    fn cells<'s>(&self, currency: &'s Currency) -> Cells<'s> {
        Cells { locale: self.script.locale, currency, today: self.today }
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
        let (Some(visit), Some(account)) = (&reads.visit, self.accounts.get(index)) else {
            let accounts = std::mem::take(&mut self.accounts);
            let first = accounts.first().and_then(|account| account.failure.clone());
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
        let page = reads.accounts.on.clone();
        self.at = At::Account(Pages { index, ..Pages::default() });
        Ok(Move::Click { page, choice: None, target, region: None })
    }

    /// Reads one page of an account; none when it was the last.
    fn account(&mut self, html: &str, visit: &Visit, mut pages: Pages, place: &Place) -> Result<Option<Move>, Failure> {
        let script = Arc::clone(&self.script);
        let Some(account) = self.accounts.get_mut(pages.index) else {
            return Err(place.failure(FailureCode::DataIncomplete, "the account isn't known any more"));
        };
        let document = parse(html, place)?;
        let cells = Cells { locale: script.locale, currency: &script.currency, today: self.today };
        let is_first = pages.digests.is_empty();
        if let Some(read) = script.reads.account.as_ref().filter(|_| is_first && pages.leg == Leg::Own) {
            let sheet = details_of(&document, read, place)?;
            details(&sheet, read, account, cells, place)?;
            keep(sheet, account, &mut pages, self.weight);
        }
        if let Some(onward) = visit.onward.as_ref().filter(|_| pages.leg == Leg::Own) {
            self.at = At::Account(Pages { leg: Leg::Onward, ..pages });
            let (page, target) = (visit.page.clone(), onward.open.text().to_owned());
            return Ok(Some(Move::Click { page, choice: None, target, region: None }));
        }
        if let Some(read) = &script.reads.transactions {
            // The account's own page may have said it.
            let currency = Currency::parse(&account.currency).unwrap_or_else(|_| script.currency.clone());
            let cells = Cells { currency: &currency, ..cells };
            let page = page(&document, read, place)?;
            let chosen = read.next.as_ref().and_then(|next| chosen(&document, next)).unwrap_or_default();
            let digest = Sha256::digest([chosen.as_str(), "\n", &page.text()].concat()).into();
            let rows = transactions(&page.sheet, read, cells, place)?;
            if let Some(pick) = read.announced.as_ref().filter(|_| is_first) {
                pages.announced = announced(&document, pick, script.locale, &rows, place)?;
            }
            let is_empty = rows.is_empty();
            if let Some(sheet) = announcements(&document, read, place)? {
                account.transactions.extend(transactions(&sheet, read, cells, place)?);
                keep(sheet, account, &mut pages, self.weight);
            }
            let read_before = account.transactions.len();
            account.transactions.extend(rows);
            keep(page.sheet, account, &mut pages, self.weight);
            if self.rows + account.transactions.len() > ROWS_LIMIT {
                return Err(place.failure(FailureCode::DataIncomplete, "there are more than 100,000 rows"));
            }
            if !pages.digests.insert(digest) {
                let what = "a page of transactions came up again in place of the next one";
                return Err(place.failure(FailureCode::DataIncomplete, what));
            }
            let next = turn(&document, read, is_empty, pages.digests.len(), place)?;
            let cut = self.since.filter(|since| next.is_some() && is_past(account, read_before, read, *since));
            if let Some((choice, target)) = next.filter(|_| cut.is_none()) {
                let region = Some(read.table.css.text().to_owned());
                let page = self::place(visit, pages.leg).0.to_owned();
                self.at = At::Account(pages);
                return Ok(Some(Move::Click { page, choice, target, region }));
            }
            settle(&mut account.transactions, read.format.date.as_ref(), self.today)
                .map_err(|error| place.failure(FailureCode::ScriptParse, error.text()))?;
            account.window = Some(window(&pages, cut));
        }
        self.rows += account.transactions.len();
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
        pages: u32::try_from(pages.digests.len()).unwrap_or(u32::MAX),
        // The portal says how many there are in all.
        rows_announced: pages.announced.filter(|_| cut.is_none()),
    }
}

/// Whether the last page of a list that has the newest first, whose rows begin at `from`, holds
/// nothing any more that was booked on `since` or later. A whole page: rows of a weekend may
/// be out of order.
fn is_past(account: &ObservedAccount, from: usize, read: &TransactionsRead, since: Date) -> bool {
    let dates = |rows: &[ObservedTransaction]| rows.iter().filter_map(|row| row.posted_date).max();
    let first = account.transactions.iter().find_map(|row| row.posted_date);
    let newest = account.transactions.get(from..).and_then(dates);
    // A day without a year is settled by the order of the whole list.
    let is_dated = read.format.date.as_ref().is_some_and(has_year);
    is_dated && newest.is_some_and(|newest| newest < since && first > Some(newest))
}

/// Which page of an account shows, and what leads from it to the list.
fn place(visit: &Visit, leg: Leg) -> (&str, &Css) {
    match &visit.onward {
        Some(onward) if leg == Leg::Onward => (&onward.page, &onward.back),
        _ => (&visit.page, &visit.back),
    }
}

/// What leads to the next page: a field and its value, if there is one, and what is clicked.
type Turn = (Option<(String, String)>, String);

/// What leads to the next page, if there is one. `pages` were read.
fn turn(
    document: &Document,
    read: &TransactionsRead,
    is_empty: bool,
    pages: usize,
    place: &Place,
) -> Result<Option<Turn>, Failure> {
    let missing = |css: &Css| {
        let what = format!("nothing on the page of transactions fits `{}`, which is `next`", css.text());
        place.failure(FailureCode::ElementMissing, what)
    };
    let next = match &read.next {
        None => None,
        // Without it nothing tells the last page from one that changed, except where there
        // is nothing to turn.
        Some(Next::Click(css)) if !is_empty && document.all(css).next().is_none() => return Err(missing(css)),
        Some(Next::Click(css)) => document.can_click(css).then(|| (None, css.text().to_owned())),
        Some(Next::Choose { of, click }) => {
            let options = document.options(of).ok_or_else(|| missing(of))?;
            let later = options.iter().skip_while(|option| !option.is_selected).nth(1);
            later.map(|option| (Some((of.text().to_owned(), option.value.clone())), click.text().to_owned()))
        }
        Some(Next::Behind { shown, click }) => {
            let target = behind(document, shown, click).map_err(|error| match error {
                LinkError::Missing => missing(shown),
                LinkError::Ambiguous => missing(click),
            })?;
            target.map(|target| (None, target))
        }
    };
    let limit = usize::try_from(read.limit).unwrap_or(usize::MAX);
    if next.is_some() && pages >= limit {
        let what = format!("after {limit} pages of transactions there are still more; see `limit`");
        return Err(place.failure(FailureCode::DataIncomplete, what));
    }
    Ok(next)
}

/// The option that the page shows, where pages are those of options.
fn chosen(document: &Document, next: &Next) -> Option<String> {
    let Next::Choose { of, .. } = next else { return None };
    document.options(of)?.into_iter().find(|option| option.is_selected).map(|option| option.value)
}
