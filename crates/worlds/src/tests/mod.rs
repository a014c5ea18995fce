//! What holds for every world and every peer, and what the judge makes of cases that are small
//! enough to be counted by hand.
//!
//! Not here: Bursar's own ledger; its tests play these worlds from outside.

mod judging;
mod manners;
mod peers;
mod reference;
mod worlds;

use std::collections::BTreeMap;

use crate::bank::books::TruthId;
use crate::play::Player;
use crate::world::{View, World};
use crate::{LedgerId, Outcome};

/// Knows the truth: each row has the id of its truth, and what the bank withdrew isn't kept.
struct Oracle<'a> {
    world: &'a World,
    account_of: BTreeMap<TruthId, usize>,
    end: BTreeMap<usize, jiff::civil::Date>,
}

impl<'a> Oracle<'a> {
    fn of(world: &'a World) -> Self {
        Self { world, account_of: BTreeMap::new(), end: BTreeMap::new() }
    }
}

impl Player for Oracle<'_> {
    fn sync(&mut self, view: &View) -> Vec<LedgerId> {
        self.account_of.extend(view.truths.iter().map(|truth| (*truth, view.read.account)));
        let shown = self.world.visits.iter().filter(|visit| visit.account == view.read.account);
        for visit in shown.filter(|visit| visit.day == view.read.day) {
            self.end.extend(visit.books.clone().map(|account| (account, view.read.day)));
        }
        view.truths.iter().map(|truth| LedgerId(truth.0 as u64)).collect()
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        let of_it = |truth: &TruthId| {
            let books = self.world.books.iter().position(|books| books.rows.contains(&truth.0));
            books.and_then(|books| self.end.get(&books)).is_some_and(|day| self.world.holds(*truth, *day))
        };
        let rows = self.account_of.iter().filter(|(_, shown)| **shown == account).map(|(truth, _)| *truth);
        rows.filter(of_it).map(|truth| LedgerId(truth.0 as u64)).collect()
    }
}

/// What went wrong alone, in a form that is easy to read in a failure.
fn faults(outcome: &Outcome) -> String {
    let Outcome { duplicates, lost, id_changes, false_merges, wrongly_removed, dropped_kept, .. } = outcome;
    let counted = [
        (duplicates, "duplicates"),
        (lost, "lost"),
        (id_changes, "id changes"),
        (false_merges, "false merges"),
        (wrongly_removed, "wrongly removed"),
        (dropped_kept, "dropped kept"),
    ];
    let some = counted.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}"));
    some.collect::<Vec<_>>().join(", ")
}
