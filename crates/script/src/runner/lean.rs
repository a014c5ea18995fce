//! Reading without the browser that signed in, where the script says that it can be done: with
//! the session's cookies, at a small part of what a browser takes.
//!
//! ```text
//! signed in ─▶ leave the browser ─▶ read ──all──▶ sign out
//!                  │ it can't be      │ anything fails, an account can't be read,
//!                  ▼                  ▼ or it is to be compared
//!              read in the browser ◀──┘
//! ```
//!
//! What fails without the browser is no failure of the run: all is read again in it. Where what
//! was read is compared, the browser's is what counts.
//!
//! Not here: cookies, or how a page is asked for.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::FailureCode;
use domain::run::Reading;

use super::{Awaiting, Compares, Phase, Runner, Seen, Walk};
use crate::command::Command;
use crate::language::ReadBy;

/// How far reading without the browser has come.
#[derive(Default)]
pub(super) struct Lean {
    stage: Stage,
    compares: Compares,
    /// Why it went wrong.
    why: Option<FailureCode>,
}

#[derive(Default)]
enum Stage {
    /// It isn't done.
    #[default]
    Off,
    /// It is being done.
    On,
    /// It went wrong.
    FellBack,
    /// It was done, with this; now the browser reads the same.
    Comparing(Vec<ObservedAccount>),
    /// It was done, and what it comes to.
    Over(Reading),
}

impl Lean {
    pub(super) const fn is_on(&self) -> bool {
        matches!(self.stage, Stage::On)
    }

    /// Whether these were read without the browser and aren't what the run ends with: one
    /// couldn't be read, or they are compared.
    pub(super) fn is_unproven(&self, accounts: &[ObservedAccount]) -> bool {
        let is_whole = accounts.iter().all(|account| account.failure.is_none());
        self.is_on() && (!is_whole || self.compares == Compares::Yes)
    }

    /// What the run ends with, held against what was read before.
    pub(super) fn compared(&mut self, accounts: Vec<ObservedAccount>) -> Vec<ObservedAccount> {
        let reading = match &self.stage {
            Stage::On => Reading::Http,
            Stage::FellBack => Reading::FellBack,
            Stage::Comparing(before) if is_same(before, &accounts) => Reading::Same,
            Stage::Comparing(_) => Reading::Differs,
            Stage::Off => Reading::Session,
            Stage::Over(reading) => *reading,
        };
        self.stage = Stage::Over(reading);
        accounts
    }

    const fn reading(&self) -> Reading {
        match &self.stage {
            Stage::Over(reading) => *reading,
            Stage::FellBack => Reading::FellBack,
            Stage::On => Reading::Http,
            Stage::Off | Stage::Comparing(_) => Reading::Session,
        }
    }
}

impl Runner {
    /// By what the accounts were read, as far as it is known.
    #[must_use]
    pub const fn reading(&self) -> Reading {
        self.lean.reading()
    }

    /// Why they weren't read without the browser, though the script says so.
    #[must_use]
    pub const fn fell_back_for(&self) -> Option<FailureCode> {
        self.lean.why
    }

    /// Begins with the list of accounts, whatever was read before.
    pub(super) fn begin_reading(&mut self) {
        let walk = Walk::new(Arc::clone(&self.script), self.plan.today, self.plan.since);
        self.phase = Phase::Reading(Box::new(walk));
    }

    /// Leaves the browser, if the script says that what comes needs none.
    pub(super) fn leave_browser(&mut self, seen: &Seen) -> Option<Command> {
        if self.script.reads.by != ReadBy::Http {
            return None;
        }
        self.lean = Lean { stage: Stage::On, compares: self.plan.compares, why: None };
        self.acted = None;
        self.awaiting = Awaiting::BrowserLeft(Box::new(seen.clone()));
        Some(Command::LeaveBrowser)
    }

    /// The browser couldn't be left, so it reads.
    pub(super) fn kept(&mut self, seen: Seen) -> Command {
        self.lean.stage = Stage::Off;
        self.handle(seen)
    }

    /// Reads all of it in the browser, as this went wrong without it.
    pub(super) fn return_to_browser(&mut self, code: FailureCode) -> Command {
        self.lean.why = Some(code);
        self.go_back(Stage::FellBack)
    }

    /// Reads in the browser what was read without it.
    pub(super) fn prove(&mut self, accounts: Vec<ObservedAccount>) -> Command {
        match accounts.iter().find_map(|account| account.failure.as_ref()) {
            Some(failure) => self.return_to_browser(failure.code),
            None => self.go_back(Stage::Comparing(accounts)),
        }
    }

    fn go_back(&mut self, stage: Stage) -> Command {
        self.lean.stage = stage;
        self.stuck = None;
        self.acted = None;
        self.spoiled_page = None;
        self.looks.clear();
        self.begin_reading();
        self.awaiting = Awaiting::BrowserReturned;
        Command::ReturnToBrowser
    }
}

/// Whether two readings have the same records. What was kept of the pages may differ in what
/// nobody reads.
fn is_same(one: &[ObservedAccount], other: &[ObservedAccount]) -> bool {
    let bare = |accounts: &[ObservedAccount]| -> Vec<ObservedAccount> {
        accounts.iter().map(|account| ObservedAccount { sheets: Vec::new(), ..account.clone() }).collect()
    };
    bare(one) == bare(other)
}
