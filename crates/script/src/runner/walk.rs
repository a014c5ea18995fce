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
//! there, and says why; the walk goes on with the next one. So it is where what leads to
//! them, on or back can't be acted on (`cost`). It fails where the list can't be read, or
//! not one account.
//!
//! Not here: clicking, waiting, or what happens when another page shows.

mod cost;
mod fetch;

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::Currency;
use jiff::civil::Date;
use scraper::ElementRef;
use url::Url;

use super::After;
use super::answers::Answers;
use super::entitled::Entitled;
use super::pages::{Leg, Pages, Rows, add_answers, add_rows, is_past, keep, weigh, window};
use super::turn;
use crate::command::{Act, Body, Capture, Deed, Download, Expects, Told, WaySeen};
use crate::css::Css;
use crate::document::Document;
use crate::language::{Back, Script, Visit};
use crate::link::{LinkError, link};
use crate::read::{Cells, Listing, Place, Side, details, details_of, list, permissions, settle};
use crate::table::ROWS_LIMIT;
use crate::ways::listed;

/// What comes next.
pub(super) enum Move {
    /// Do this on the page that shows.
    Act { page: String, deed: Deed, after: After },
    /// Open an account like this, once its answers are kept.
    Open { page: String, deed: Deed, capture: Option<Capture> },
    /// Ask for a file on the page that shows.
    Fetch(Download),
    /// Nothing: the page that shows becomes another by itself.
    Wait { page: String },
    /// Open this address, where the list is.
    Visit(Url),
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
    /// The answers that came since the page before.
    bodies: Vec<Body>,
    /// What the user may do.
    pub(super) entitled: Entitled,
    /// Where the list is, from when it is left for permissions until it shows again or is gone back to.
    list_url: Option<Url>,
    /// Where the list showed last.
    home: Option<Url>,
    /// Why nothing led back to the list, from when it is gone to by its address until it shows.
    lost: Option<Failure>,
    /// The keys of the accounts that have no page of their own.
    listed_only: Vec<String>,
    /// What answers came to as a way to transactions, of each account.
    pub(super) answers_seen: Vec<WaySeen>,
    /// What there is to tell of files.
    told: Vec<Told>,
}

enum At {
    /// The list is read for the first time.
    List,
    /// On the page that says what the user may do.
    Permissions,
    /// Back on the list; this account is next, and past the end all are read.
    Between(usize),
    /// On the page of an account.
    Account(Box<Pages>),
}

impl Walk {
    pub(super) fn new(script: Arc<Script>, today: Date, since: Option<Date>) -> Self {
        let (accounts, bodies) = (Vec::new(), Vec::new());
        Self {
            script,
            today,
            since,
            accounts,
            at: At::List,
            rows: 0,
            weight: 0,
            failed: 0,
            bodies,
            entitled: Entitled::Unread,
            list_url: None,
            home: None,
            lost: None,
            listed_only: Vec::new(),
            answers_seen: Vec::new(),
            told: Vec::new(),
        }
    }

    /// The page that is read next.
    pub(super) fn expects(&self) -> &str {
        match (&self.at, &self.script.reads.visit) {
            (At::Account(pages), Some(visit)) => place(visit, pages.leg).0,
            (At::Permissions, _) => self.script.reads.permissions.as_ref().map_or("", |read| &read.on),
            _ => &self.script.reads.accounts.on,
        }
    }

    pub(super) const fn stage(&self) -> Stage {
        match self.at {
            At::Account(_) => Stage::Transactions,
            At::List | At::Permissions | At::Between(_) => Stage::Accounts,
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

    /// How answers are waited for before the page that is expected is read; none where they aren't.
    pub(super) fn awaits(&self) -> Option<Expects> {
        let At::Account(pages) = &self.at else { return None };
        let visit = self.script.reads.visit.as_ref()?;
        let is_there = visit.onward.is_none() || pages.leg == Leg::Onward;
        (is_there && pages.answers.are_kept()).then(|| pages.answers.expects())
    }

    /// What is known of the answers of the account that is opened.
    pub(super) fn set_answers(&mut self, answers: Answers) {
        if let At::Account(pages) = &mut self.at {
            pages.answers = answers;
        }
    }

    /// Keeps where the list is, if it is what shows and is about to be read.
    pub(super) fn stands_at(&mut self, url: &Url) {
        if matches!(self.at, At::List | At::Between(_)) {
            self.home = Some(url.clone());
        }
    }

    /// Keeps where the list is if it is left for permissions now.
    pub(super) fn keep_list(&mut self, url: &Url) {
        if matches!(self.at, At::Permissions) {
            self.list_url = Some(url.clone());
        }
    }

    /// Leaves permissions, or the way back from them, for this; where the list is to be gone back to. Once
    /// only, and nothing where the walk is elsewhere.
    pub(super) fn skip_permissions(&mut self, failure: Failure) -> Option<Url> {
        let url = self.list_url.take()?;
        if !matches!(self.entitled, Entitled::Failed(_)) {
            self.entitled = Entitled::Failed(failure);
        }
        self.at = At::Between(0);
        Some(url)
    }

    /// Brings the answers that came since the page before.
    pub(super) fn bring(&mut self, bodies: Vec<Body>) {
        self.bodies = bodies;
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
                if let Some(read) = &script.reads.permissions
                    && self.entitled.leads_on(&document, read, &place)
                {
                    self.at = At::Permissions;
                    return Ok(click(&script.reads.accounts.on, read.open.text().to_owned()));
                }
                self.open(&document, &listing, 0, &place)
            }
            At::Permissions => {
                self.at = At::Between(0);
                let script = Arc::clone(&self.script);
                let Some(read) = &script.reads.permissions else { return Ok(Move::Wait { page: String::new() }) };
                let said = parse(html, &place);
                let said = said.and_then(|page| permissions(&page, read, cells(&script, self.today), &place));
                self.entitled = said.map_or_else(Entitled::Failed, Entitled::Read);
                Ok(click(&read.on, read.back.text().to_owned()))
            }
            At::Between(index) => {
                (self.list_url, self.lost) = (None, None);
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
            At::List | At::Permissions | At::Between(_) => None,
        }
    }

    /// Goes on to an account of the list, or ends when all are read. One that nothing leads to, or no one thing, can't be
    /// read, and the next one is.
    fn open(
        &mut self,
        document: &Document,
        listing: &Listing<'_>,
        mut index: usize,
        place: &Place,
    ) -> Result<Move, Failure> {
        let script = Arc::clone(&self.script);
        let reads = &script.reads;
        // Accounts without a page of their own have nothing to be opened.
        let has_page = |row| reads.accounts.no_page.as_ref().is_none_or(|css| !css.fits(row));
        let listed_only = listing.entries.iter().filter(|entry| !has_page(entry.row));
        self.listed_only = listed_only.map(|entry| entry.portal_key.clone()).collect();
        let found = loop {
            let rest = self.accounts.get(index..).unwrap_or_default();
            index += rest.iter().take_while(|account| self.listed_only.contains(&account.portal_key)).count();
            let (Some(visit), Some(account)) = (&reads.visit, self.accounts.get(index)) else { break None };
            let Some(entry) = listing.entries.iter().find(|entry| entry.portal_key == account.portal_key) else {
                let what = format!("account {} left the list in mid-read", index + 1);
                return Err(place.failure(FailureCode::DataIncomplete, what));
            };
            match link(document, &reads.accounts.table.css, &visit.open, entry.row) {
                Ok(target) => break Some((target, account.portal_key.clone())),
                Err(error) => self.spoil(index, unopened(error, &visit.open, entry.row, index, place)),
            }
            index += 1;
        };
        let Some((target, portal_key)) = found else { return Ok(self.end()) };
        let captured = reads.transactions.as_ref().and_then(|read| read.captured.as_deref());
        let capture = captured.map(|captured| captured.of_account(&portal_key));
        let (page, deed) = (reads.accounts.on.clone(), clicked(target));
        self.at = At::Account(Box::new(Pages { index, ..Pages::default() }));
        Ok(Move::Open { page, deed, capture })
    }

    /// The end of the walk: all accounts were read, or can't be.
    fn end(&mut self) -> Move {
        let accounts = std::mem::take(&mut self.accounts);
        let first = accounts.iter().find_map(|account| account.failure.clone());
        if let Some(failure) = first.filter(|_| self.failed == accounts.len()) {
            return Move::GiveUp(failure);
        }
        let page = self.script.reads.accounts.on.clone();
        match &self.script.sign_out {
            Some(css) => Move::SignOut { page, target: css.text().to_owned(), accounts },
            None => Move::Finish(accounts),
        }
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
            if let Some(download) = fetch::fetch(&script, (self.today, self.since), read, &mut pages) {
                self.at = At::Account(pages);
                return Ok(Some(Move::Fetch(download)));
            }
            let is_enough = pages.filed.is_enough(read);
            if is_enough && !pages.shows_rows(read) {
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
            let bodies = std::mem::take(&mut self.bodies);
            let is_first = pages.answers.are_kept() && pages.answers.joined().is_none();
            let taken = pages.answers.take(bodies, &document, read, cells, place);
            if is_first {
                self.answers_seen.push(match &taken {
                    Ok(Some(_)) => WaySeen::Found,
                    Ok(None) => WaySeen::Missing,
                    Err(_) => WaySeen::Disagreed,
                });
            }
            let taken = taken?;
            let Rows { date, listed } = match taken {
                Some(taken) => add_answers(taken, &document, read, account, &mut pages, self.weight, place)?,
                None => add_rows(&document, read, account, &mut pages, self.weight, cells, place)?,
            };
            if self.rows + account.transactions.len() > ROWS_LIMIT {
                return Err(place.failure(FailureCode::DataIncomplete, "there are more than 100,000 rows"));
            }
            let next =
                turn::next(&document, read, &pages.keys, pages.answers.joined(), listed, place)?.filter(|_| !is_enough);
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

/// Why an account can't be opened.
fn unopened(error: LinkError, open: &Css, row: ElementRef<'_>, index: usize, place: &Place) -> Failure {
    let number = index + 1;
    let within: Vec<_> = open.within(row).collect();
    let (code, what) = match error {
        LinkError::Missing => {
            (FailureCode::ElementMissing, format!("nothing in the row of account {number} fits `{}`", open.text()))
        }
        LinkError::Ambiguous => {
            let listed = listed(&within);
            let what = format!("no one thing in the row of account {number} fits `{}` ({listed})", open.text());
            (FailureCode::ElementAmbiguous, what)
        }
    };
    place.failure(code, what)
}

fn click(page: &str, target: String) -> Move {
    Move::Act { page: page.to_owned(), deed: clicked(target), after: After::OnceChanged }
}

fn clicked(target: String) -> Deed {
    Deed { acts: vec![Act::Click { target: target.into() }], region: Vec::new() }
}

fn leave(page: &str, back: &Back) -> Move {
    match back {
        Back::Click(css) => click(page, css.text().to_owned()),
        Back::ClosePopup => {
            let deed = Deed { acts: vec![Act::ClosePopup], region: Vec::new() };
            Move::Act { page: page.to_owned(), deed, after: After::OnceChanged }
        }
    }
}

fn cells(script: &Script, today: Date) -> Cells<'_> {
    let (locale, currency) = (script.locale, &script.currency);
    Cells { locale, currency, today, blank: &script.blank, owed: &script.reads.owed, side: Side::Own }
}

fn parse(html: &str, place: &Place) -> Result<Document, Failure> {
    Document::parse(html).map_err(|refused| place.failure(FailureCode::ScriptParse, refused.text()))
}

/// Which page of an account shows, and what leads from it to the list.
fn place(visit: &Visit, leg: Leg) -> (&str, &Back) {
    match &visit.onward {
        Some(onward) if leg == Leg::Onward => (&onward.page, &onward.back),
        _ => (&visit.page, &visit.back),
    }
}
