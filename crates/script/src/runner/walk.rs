//! The order in which things are read once the sign-in worked: the list of accounts,
//! then for each account its page, its transactions page by page, and back.
//!
//! ```text
//! list ──open──▶ account ──next──▶ account (its next page)
//!  ▲ │             │
//!  │ └─all read──▶ sign out          each page differs from those before,
//!  └──────back─────┘                 or the walk ends with a failure
//! ```
//!
//! Not here: clicking, waiting, or what happens when another page shows.

use std::collections::HashSet;
use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::Currency;
use jiff::civil::Date;

use crate::css::Css;
use crate::document::Document;
use crate::language::{Script, TransactionsRead, Visit};
use crate::read::{Cells, Listed, Place, TransactionsPage, details, list, transactions};
use crate::table::{LinkError, ROWS_LIMIT, link};

/// What comes next.
pub(super) enum Move {
    /// Click this on the page that shows.
    Click { page: String, target: String, region: Option<String> },
    /// All is read: end the session.
    SignOut { page: String, target: String, accounts: Vec<ObservedAccount> },
    /// All is read, and there is nothing to sign out with.
    Finish(Vec<ObservedAccount>),
}

/// Where the walk stands.
pub(super) struct Walk {
    script: Arc<Script>,
    today: Date,
    /// In the order of the list.
    accounts: Vec<ObservedAccount>,
    at: At,
    rows: usize,
}

enum At {
    /// The list is read for the first time.
    List,
    /// Back on the list; this account is next, and past the end all are read.
    Between(usize),
    /// On the page of an account.
    Account { index: usize, pages: HashSet<String> },
}

impl Walk {
    pub(super) fn new(script: Arc<Script>, today: Date) -> Self {
        Self { script, today, accounts: Vec::new(), at: At::List, rows: 0 }
    }

    /// The page that is read next.
    pub(super) fn expects(&self) -> &str {
        match (&self.at, &self.script.reads.visit) {
            (At::Account { .. }, Some(visit)) => &visit.page,
            _ => &self.script.reads.accounts.on,
        }
    }

    pub(super) const fn stage(&self) -> Stage {
        match self.at {
            At::Account { .. } => Stage::Transactions,
            At::List | At::Between(_) => Stage::Accounts,
        }
    }

    /// Reads the page that was expected.
    pub(super) fn read(&mut self, html: &str) -> Result<Move, Failure> {
        let place = Place { stage: self.stage(), account: self.account_number() };
        let document =
            Document::parse(html).map_err(|refused| place.failure(FailureCode::ScriptParse, refused.text()))?;
        match std::mem::replace(&mut self.at, At::List) {
            At::List => {
                let listed = self.list(&document, &place)?;
                self.accounts = listed.iter().map(|listed| listed.account.clone()).collect();
                self.open(&document, &listed, 0, &place)
            }
            At::Between(index) => {
                let listed = self.list(&document, &place)?;
                self.open(&document, &listed, index, &place)
            }
            At::Account { index, pages } => self.account(&document, index, pages, &place),
        }
    }

    /// From 1, while an account's own page is read.
    const fn account_number(&self) -> Option<usize> {
        match self.at {
            At::Account { index, .. } => Some(index + 1),
            At::List | At::Between(_) => None,
        }
    }

    fn list<'d>(&self, document: &'d Document, place: &Place) -> Result<Vec<Listed<'d>>, Failure> {
        list(document, &self.script.reads.accounts, self.cells(&self.script.currency), place)
    }

    fn cells<'s>(&self, currency: &'s Currency) -> Cells<'s> {
        Cells { locale: self.script.locale, currency, today: self.today }
    }

    /// Goes on to an account of the list, or ends when all are read.
    fn open(
        &mut self,
        document: &Document,
        listed: &[Listed<'_>],
        index: usize,
        place: &Place,
    ) -> Result<Move, Failure> {
        let reads = &self.script.reads;
        let (Some(visit), Some(account)) = (&reads.visit, self.accounts.get(index)) else {
            let accounts = std::mem::take(&mut self.accounts);
            let page = reads.accounts.on.clone();
            return Ok(match &self.script.sign_out {
                Some(css) => Move::SignOut { page, target: css.text().to_owned(), accounts },
                None => Move::Finish(accounts),
            });
        };
        let Some(row) = listed.iter().find(|listed| listed.account.portal_key == account.portal_key) else {
            let what = format!("account {} left the list in mid-read", index + 1);
            return Err(place.failure(FailureCode::DataIncomplete, what));
        };
        let target = link(document, &reads.accounts.table.css, &visit.open, row.row).map_err(|error| {
            let (code, why) = match error {
                LinkError::Missing => (FailureCode::ElementMissing, "nothing"),
                LinkError::Ambiguous => (FailureCode::ElementAmbiguous, "no one thing"),
            };
            place.failure(code, format!("{why} in the row of account {} fits `{}`", index + 1, visit.open.text()))
        })?;
        let page = reads.accounts.on.clone();
        self.at = At::Account { index, pages: HashSet::new() };
        Ok(Move::Click { page, target, region: None })
    }

    /// Reads one page of an account and goes on to the next one, or back.
    fn account(
        &mut self,
        document: &Document,
        index: usize,
        mut pages: HashSet<String>,
        place: &Place,
    ) -> Result<Move, Failure> {
        let script = Arc::clone(&self.script);
        let (Some(visit), Some(account)) = (&script.reads.visit, self.accounts.get_mut(index)) else {
            return Err(place.failure(FailureCode::DataIncomplete, "the account isn't known any more"));
        };
        let cells = Cells { locale: script.locale, currency: &script.currency, today: self.today };
        if let Some(read) = script.reads.account.as_ref().filter(|_| pages.is_empty()) {
            details(document, read, account, cells, place)?;
        }
        // The account's own page may have said it.
        let currency = Currency::parse(&account.currency).unwrap_or_else(|_| script.currency.clone());
        let cells = Cells { currency: &currency, ..cells };
        if let Some(read) = &script.reads.transactions {
            let page = transactions(document, read, cells, place)?;
            if let Some(next) = turn(document, read, page, account, &mut pages, &mut self.rows, place)? {
                let region = Some(read.table.css.text().to_owned());
                self.at = At::Account { index, pages };
                return Ok(Move::Click { page: visit.page.clone(), target: next.text().to_owned(), region });
            }
        }
        Ok(self.back(visit, index))
    }

    fn back(&mut self, visit: &Visit, index: usize) -> Move {
        self.at = At::Between(index + 1);
        Move::Click { page: visit.page.clone(), target: visit.back.text().to_owned(), region: None }
    }
}

/// Keeps the rows of a page and says what leads to the next one, if there is one.
fn turn<'r>(
    document: &Document,
    read: &'r TransactionsRead,
    page: TransactionsPage,
    account: &mut ObservedAccount,
    pages: &mut HashSet<String>,
    rows: &mut usize,
    place: &Place,
) -> Result<Option<&'r Css>, Failure> {
    *rows += page.transactions.len();
    if *rows > ROWS_LIMIT {
        return Err(place.failure(FailureCode::DataIncomplete, "there are more than 100,000 rows"));
    }
    let is_empty = page.transactions.is_empty();
    account.transactions.extend(page.transactions);
    if !pages.insert(page.text) {
        let what = "a page of transactions came up again in place of the next one";
        return Err(place.failure(FailureCode::DataIncomplete, what));
    }
    let Some(next) = &read.next else { return Ok(None) };
    // Without it nothing tells the last page from one that changed, except where there
    // is nothing to turn.
    if !is_empty && document.all(next).next().is_none() {
        let what = format!("nothing on the page of transactions fits `{}`, which is `next`", next.text());
        return Err(place.failure(FailureCode::ElementMissing, what));
    }
    let next = Some(next).filter(|css| document.can_click(css));
    let limit = usize::try_from(read.limit).unwrap_or(usize::MAX);
    if next.is_some() && pages.len() >= limit {
        let what = format!("after {limit} pages of transactions there are still more; see `limit`");
        return Err(place.failure(FailureCode::DataIncomplete, what));
    }
    Ok(next)
}
