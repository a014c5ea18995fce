//! Reading a page that the walk expects, and doing what the walk says comes next.
//!
//! Not here: in which order things are read (`walk`), or how (`read`).

use domain::account::ObservedAccount;
use domain::failure::Failure;

use super::act::{After, Batch};
use super::walk::Move;
use super::{Acted, Awaiting, Phase, Runner, Seen};
use crate::command::Command;
use crate::css::Css;
use crate::document::Document;

impl Runner {
    /// Reads the page that was expected.
    pub(super) fn read(&mut self, seen: Seen) -> Command {
        let Phase::Reading(walk) = &mut self.phase else { return self.watch() };
        self.stage = walk.stage();
        walk.stands_at(&seen.url);
        let step = walk.read(&seen.html);
        walk.keep_list(&seen.url);
        self.told.extend(walk.tell());
        self.entitled.clone_from(&walk.entitled);
        self.answers_seen.clone_from(&walk.answers_seen);
        match step {
            Ok(step) => {
                if walk.failed() > 0 && self.spoiled_page.is_none() {
                    self.spoiled_page = Some(seen.clone());
                }
                self.walk(step, seen)
            }
            Err(failure) if self.lean.is_on() => self.return_to_browser(failure.code),
            Err(failure) => self.give_up(failure, seen),
        }
    }

    /// Goes on with the next account where it is one that it costs that an act couldn't be done; none where it isn't.
    pub(super) fn go_on_without(&mut self, seen: &Seen, failure: &Failure) -> Option<Command> {
        let Phase::Reading(walk) = &mut self.phase else { return None };
        let step = walk.stuck(&seen.page.name, &seen.html, failure)?;
        if walk.failed() > 0 {
            self.spoiled_page.get_or_insert_with(|| seen.clone());
        }
        Some(match step {
            Ok(step) => self.walk(step, seen.clone()),
            Err(failure) => self.give_up(failure, seen.clone()),
        })
    }

    pub(super) fn walk(&mut self, step: Move, seen: Seen) -> Command {
        self.looks.clear();
        match step {
            Move::Open { page, deed, capture: Some(capture) } => {
                self.capture(capture, Batch { page, deed, effect: None, after: After::OnceChanged })
            }
            Move::Open { page, deed, capture: None } => {
                self.carry_out(Batch { page, deed, effect: None, after: After::OnceChanged })
            }
            Move::Act { page, deed, after } => self.carry_out(Batch { page, deed, effect: None, after }),
            Move::Fetch(download) => self.fetch(download, seen),
            Move::Visit(url) => {
                self.acted = None;
                self.awaiting = Awaiting::Visited;
                Command::Visit(url)
            }
            Move::Wait { page } => {
                self.acted = Some(Acted { page });
                self.watch()
            }
            Move::SignOut { accounts, .. } | Move::Finish(accounts) if self.lean.is_unproven(&accounts) => {
                self.prove(accounts)
            }
            Move::GiveUp(failure) if self.lean.is_on() => self.return_to_browser(failure.code),
            Move::SignOut { page, target, accounts } => {
                let accounts = self.lean.compared(accounts);
                let accounts = self.masked_failures(accounts);
                self.sign_out(page, target, Command::Finish(accounts))
            }
            Move::Finish(accounts) => self.finish(accounts),
            Move::GiveUp(failure) => {
                self.failed_page = self.spoiled_page.take();
                self.give_up(failure, seen)
            }
        }
    }

    /// The end with what was read, where nothing but its address led back to the list and it doesn't show there. None
    /// elsewhere.
    pub(super) fn end_without_list(&mut self) -> Option<Command> {
        let Phase::Reading(walk) = &mut self.phase else { return None };
        match walk.end_without_list()? {
            Move::Finish(accounts) => Some(self.finish(accounts)),
            Move::GiveUp(failure) => {
                self.failed_page = self.spoiled_page.take();
                let message = self.masked(&failure.message);
                Some(self.end(Command::Fail(failure.with_message(message))))
            }
            _ => None,
        }
    }

    fn finish(&mut self, accounts: Vec<ObservedAccount>) -> Command {
        let accounts = self.lean.compared(accounts);
        let accounts = self.masked_failures(accounts);
        self.end(Command::Finish(accounts))
    }

    /// What is said of a page may name its headers, and they may repeat a secret.
    pub(super) fn masked_failures(&self, mut accounts: Vec<ObservedAccount>) -> Vec<ObservedAccount> {
        for failure in accounts.iter_mut().filter_map(|account| account.failure.as_mut()) {
            failure.message = self.masked(&failure.message);
        }
        accounts
    }

    /// What was read isn't enough. A session that stays open would be in the way of
    /// the next run, so it is ended where the page has what ends it.
    pub(super) fn give_up(&mut self, failure: Failure, seen: Seen) -> Command {
        let message = self.masked(&failure.message);
        let end = Command::Fail(failure.with_message(message));
        let page = seen.page.name.clone();
        let can_click = |css: &&Css| Document::parse(&seen.html).is_ok_and(|document| document.can_click(css));
        let target = self.script.sign_out.as_ref().filter(can_click).map(|css| css.text().to_owned());
        self.failed_page.get_or_insert(seen);
        match target {
            Some(target) => self.sign_out(page, target, end),
            None => self.end(end),
        }
    }
}
