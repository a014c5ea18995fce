//! What it costs that something on a page that was to be read couldn't be acted on: the account that it was for, and
//! not the others. Where nothing leads back to the list any more, the list is gone to by its address: the account that
//! was left stays as it was read, and where the list doesn't show there, so does all that was read before.
//!
//! Not here: that it couldn't be acted on; the driver says that.

use std::sync::Arc;

use domain::failure::Failure;

use super::{At, Leg, Move, Walk, leave, place};
use crate::language::Back;

/// The pages that an account may have.
const LEGS: [Leg; 2] = [Leg::Own, Leg::Onward];

impl Walk {
    /// What comes next where the page that was acted on still shows, as it couldn't be acted on; none where that was
    /// for no account.
    pub(in crate::runner) fn stuck(
        &mut self,
        page: &str,
        html: &str,
        failure: &Failure,
    ) -> Option<Result<Move, Failure>> {
        let script = Arc::clone(&self.script);
        let visit = script.reads.visit.as_ref()?;
        let of_account = |index: usize| {
            let message = format!("account {}, {}", index + 1, failure.message);
            failure.clone().with_message(message)
        };
        match &self.at {
            // It wasn't opened, and the list still shows.
            At::Account(pages) if page == script.reads.accounts.on => {
                let index = pages.index;
                self.spoil(index, of_account(index));
                self.at = At::Between(index + 1);
                Some(self.read(html))
            }
            At::Account(pages) => {
                let index = pages.index;
                let shown = LEGS.map(|leg| place(visit, leg));
                let (page, back) = shown.into_iter().find(|(known, _)| *known == page)?;
                self.spoil(index, of_account(index));
                self.at = At::Between(index + 1);
                Some(Ok(leave(page, back)))
            }
            At::Between(next) => {
                let index = next.checked_sub(1)?;
                let is_left = |(known, back): (&str, &Back)| known == page && matches!(back, Back::Click(_));
                if !LEGS.into_iter().any(|leg| is_left(place(visit, leg))) {
                    return None;
                }
                let home = self.home.clone()?;
                self.lost = Some(of_account(index));
                Some(Ok(Move::Visit(home)))
            }
            At::List | At::Permissions => None,
        }
    }

    /// The end where the list was gone to by its address, as nothing else led back, and doesn't show: the accounts that
    /// weren't opened yet can't be read, for what was wrong first. None where the walk is elsewhere.
    pub(in crate::runner) fn end_without_list(&mut self) -> Option<Move> {
        let lost = self.lost.take()?;
        let At::Between(next) = self.at else { return None };
        let message = format!("the list of accounts didn't show again; before, {}", lost.message);
        let failure = lost.with_message(message);
        for index in next..self.accounts.len() {
            let is_complete = |key| self.listed_only.contains(key);
            if !self.accounts.get(index).is_some_and(|account| is_complete(&account.portal_key)) {
                self.spoil(index, failure.clone());
            }
        }
        Some(match self.end() {
            // What signs out is on the list.
            Move::SignOut { accounts, .. } => Move::Finish(accounts),
            end => end,
        })
    }
}
