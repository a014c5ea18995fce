//! The worlds: each says precisely what its banks do.
//!
//! In all of them a day's sync comes after everything that the bank does on that day, balances
//! are those of the bank's books at that time, and nothing announced or booked is withdrawn in
//! the last week. Rows come newest first with announced ones at the top, and without
//! references, where nothing else is said.
//!
//! Not here: the ordinary life of an account and the way that portals show it (`bank`).

mod accounts;
mod lists;
mod references;

use jiff::civil::{Date, date};

pub use accounts::{busy, card_conversion, corrections, merged_accounts, renamed_bank, ten_years};
pub use lists::{base, missing_pages, missing_pages_unnoticed, partial_windows, reordered_days};
pub use references::{ids_from_booking, ids_per_fetch, positional_ids, stable_ids};

use crate::bank::books::{Books, TrueRow, later};
use crate::bank::life::{Habits, Life, ORDINARY};
use crate::bank::portal::{Manners, PLAIN, Reach};
use crate::rng::Rng;
use crate::world::{INSTITUTIONS, Scale, Visit, World};

/// Makes a world from a seed.
pub type Make = fn(u64, Scale) -> World;

/// Every world, under the name that tables give it.
pub const WORLDS: &[(&str, Make)] = &[
    ("base", base),
    ("partial_windows", partial_windows),
    ("reordered_days", reordered_days),
    ("missing_pages", missing_pages),
    ("missing_pages_unnoticed", missing_pages_unnoticed),
    ("renamed_bank", renamed_bank),
    ("positional_ids", positional_ids),
    ("ids_per_fetch", ids_per_fetch),
    ("stable_ids", stable_ids),
    ("ids_from_booking", ids_from_booking),
    ("merged_accounts", merged_accounts),
    ("card_conversion", card_conversion),
    ("ten_years", ten_years),
    ("busy", busy),
    ("corrections", corrections),
];

/// What a world is made of before its rows are.
struct Plan {
    name: &'static str,
    seed: u64,
    accounts: usize,
    /// Days before the first sync.
    history: i64,
    /// Days with syncs.
    days: i64,
    habits: Habits,
    /// By institution.
    manners: [Manners; INSTITUTIONS],
}

impl Plan {
    /// Twenty accounts that are read on each of 180 days, with the ordinary life of 60 more
    /// before them; far less for a test.
    fn ordinary(name: &'static str, seed: u64, scale: Scale) -> Self {
        let (accounts, history, days) = match scale {
            Scale::Test => (8, 20, 24),
            Scale::Full => (20, 60, 180),
        };
        Self { name, seed, accounts, history, days, habits: ORDINARY, manners: [PLAIN; INSTITUTIONS] }
    }

    fn first(&self) -> Date {
        date(2026, 1, 5)
    }

    /// The day of the first sync.
    fn start(&self) -> Date {
        later(self.first(), self.history)
    }

    fn last(&self) -> Date {
        later(self.start(), self.days - 1)
    }

    /// The world, with a sync of every account on each day for which `reach` has an answer.
    fn world(self, reach: impl FnMut(&mut Rng, usize, Date) -> Option<Reach>) -> World {
        let habits = self.habits;
        self.world_of(reach, |rng, first, last| Life { rng, habits, first, last }.rows())
    }

    /// The same, with rows that the world makes by itself.
    fn world_of(
        self,
        mut reach: impl FnMut(&mut Rng, usize, Date) -> Option<Reach>,
        rows_of: impl Fn(&mut Rng, Date, Date) -> Vec<TrueRow>,
    ) -> World {
        let (mut books, mut rows, mut visits) = (Vec::new(), Vec::new(), Vec::new());
        for account in 0..self.accounts {
            let mut rng = Rng::of(self.seed, "life", account);
            let (opening, begin) = (rng.between(0, 100_000_000), rows.len());
            rows.extend(rows_of(&mut rng, self.first(), self.last()));
            books.push(Books { opening, rows: begin..rows.len() });
        }
        let mut rng = Rng::of(self.seed, "visits", 0);
        let mut day = self.start();
        while day <= self.last() {
            for account in 0..self.accounts {
                let visit = |reach| Visit { account, books: account..account + 1, day, reach };
                visits.extend(reach(&mut rng, account, day).map(visit));
            }
            day = later(day, 1);
        }
        World { name: self.name, seed: self.seed, books, manners: self.manners.into(), rows, visits }
    }
}

/// The dates of the last 60 to 90 days, and now and then the whole list.
#[expect(clippy::unnecessary_wraps, reason = "worlds that leave out a day answer with none")]
fn usual_reach(rng: &mut Rng, _account: usize, _day: Date) -> Option<Reach> {
    Some(if rng.chance(10) { Reach::Whole } else { Reach::Days(rng.between(60, 90)) })
}
