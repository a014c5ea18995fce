//! What it costs that something on a page that was to be read couldn't be acted on: the account that it was for, and
//! not the others. Where nothing leads back to the list any more, the list is gone to by its address.
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
                // One that couldn't be read has said why.
                if self.accounts.get(index).is_some_and(|account| account.failure.is_none()) {
                    self.spoil(index, of_account(index));
                }
                Some(Ok(Move::Visit(home)))
            }
            At::List | At::Permissions => None,
        }
    }
}
