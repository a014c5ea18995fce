//! A world: the accounts of some banks with their true rows, and the syncs that read them.
//!
//! Not here: which worlds there are (`worlds`).

use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::bank::books::{Books, CURRENCY, TrueRow, TruthId};
use crate::bank::portal::{Fetch, Manners, Page, Reach, shown};
use crate::strategy::Read;

/// How much of a world there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Enough to see every manner of it, and little enough for a test.
    Test,
    /// Enough for rates.
    Full,
}

/// One read, with the true row behind each of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What a strategy sees.
    pub read: Read,
    /// What it doesn't: for each row, in their order.
    pub truths: Vec<TruthId>,
}

/// A sync of one account.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Under which account the portal shows it.
    pub(crate) account: usize,
    /// Whose rows the portal shows there.
    pub(crate) books: Range<usize>,
    pub(crate) day: Date,
    pub(crate) reach: Reach,
}

/// Some banks over some time.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    /// By account.
    pub(crate) books: Vec<Books>,
    /// By institution.
    pub(crate) manners: Vec<Manners>,
    /// By truth.
    pub(crate) rows: Vec<TrueRow>,
    /// In the order of their days.
    pub(crate) visits: Vec<Visit>,
}

impl World {
    /// What the tables call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many accounts there are, numbered from zero.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.books.len()
    }

    /// How many true rows the banks had announced or booked by the last sync of their accounts.
    #[must_use]
    pub fn true_rows(&self) -> usize {
        let by_account = self.books.iter().zip(self.last_visits());
        let begun = |(books, last): (&Books, Option<Date>)| {
            let rows = &self.rows[books.rows.clone()];
            rows.iter().filter(|row| last.is_some_and(|last| row.has_begun(last))).count()
        };
        by_account.map(begun).sum()
    }

    /// The reads, in their order.
    pub fn views(&self) -> impl Iterator<Item = View> + '_ {
        self.visits.iter().enumerate().map(|(number, visit)| self.view(number, visit))
    }

    /// The same world, with the balance after each booked row beside it, whatever its portals
    /// show by themselves.
    #[must_use]
    pub fn with_running_balances(mut self) -> Self {
        for manners in &mut self.manners {
            manners.has_running_balances = true;
        }
        self
    }

    /// What was on an account before the first of the rows that its portal shows on a day, if
    /// it shows the account then.
    #[must_use]
    pub fn opening(&self, account: usize, day: Date) -> Option<Decimal> {
        let visit = self.visits.iter().find(|visit| visit.account == account && visit.day == day)?;
        Some(Decimal::new(self.opening_of(visit), 2))
    }

    /// Whether the bank holds a row on a day: announced or booked, and not withdrawn.
    pub(crate) fn holds(&self, truth: TruthId, day: Date) -> bool {
        self.rows[truth.0].on(day).is_some()
    }

    /// The day of the last sync that could have shown an account's rows, for each account.
    pub(crate) fn last_visits(&self) -> Vec<Option<Date>> {
        let last = |account: usize| {
            self.visits.iter().rev().find(|visit| visit.books.contains(&account)).map(|visit| visit.day)
        };
        (0..self.books.len()).map(last).collect()
    }

    /// Whether what portals show as references says which row it is.
    pub(crate) fn has_telling_references(&self) -> bool {
        self.manners.iter().any(|manners| manners.reference.tells())
    }

    fn view(&self, number: usize, visit: &Visit) -> View {
        let institution = institution_of(visit.account);
        let rows = visit.books.clone().flat_map(|account| self.books[account].rows.clone());
        let held = rows.filter_map(|row| Some((TruthId(row), self.rows[row].on(visit.day)?)));
        let fetch = Fetch { seed: self.seed, number, day: visit.day, reach: visit.reach };
        let Page { rows, truths, window, balance } =
            shown(held, self.opening_of(visit), &self.manners[institution], fetch);
        let (account, day) = (visit.account, visit.day);
        View {
            read: Read { institution, account, currency: CURRENCY, day, rows, window, balance: Some(balance) },
            truths,
        }
    }

    fn opening_of(&self, visit: &Visit) -> i64 {
        self.books[visit.books.clone()].iter().map(|books| books.opening).sum()
    }
}

/// How many banks there are in every world.
pub(crate) const INSTITUTIONS: usize = 4;

/// The bank of an account: two accounts that follow each other share one.
pub(crate) const fn institution_of(account: usize) -> usize {
    account / 2 % INSTITUTIONS
}
