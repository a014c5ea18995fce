//! How a candidate fares: what each of its runs and shadow readings came to, counted, and what of that ends the
//! trial.
//!
//! Not here: what a rollout makes of it ([`super`]), or finding out what a reading changed; the store's
//! transaction does.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::{Event, Halt, Rollout, Stage};
use crate::account::ObservedAccount;
use crate::failure::{FailureCode, Fault};

/// What a reading changed that was settled: nothing that a sync does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Strayed {
    /// Posted transactions that came with another amount, day or words.
    pub changed: u32,
    /// Posted transactions that weren't there any more.
    pub vanished: u32,
    /// Transactions that nobody knew, dated before what was read earlier.
    pub back_dated: u32,
    /// Accounts that are known and weren't listed.
    pub accounts_missing: u32,
    /// Accounts that couldn't be read, for a reason of the script's.
    pub accounts_unread: u32,
    /// Accounts that had a balance before, and had none now.
    pub balances_missing: u32,
    /// Accounts whose list breaks, and wasn't known to break before.
    pub grades_worse: u32,
}

impl Strayed {
    /// Whether nothing settled was changed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Each with what it counts.
    #[must_use]
    pub const fn counts(&self) -> [(u32, &'static str); 7] {
        [
            (self.changed, "settled transactions changed"),
            (self.vanished, "settled transactions gone"),
            (self.back_dated, "back-dated transactions new"),
            (self.accounts_missing, "accounts missing"),
            (self.accounts_unread, "accounts unread"),
            (self.balances_missing, "balances missing"),
            (self.grades_worse, "lists newly broken"),
        ]
    }
}

impl std::ops::AddAssign for Strayed {
    fn add_assign(&mut self, more: Self) {
        self.changed = self.changed.saturating_add(more.changed);
        self.vanished = self.vanished.saturating_add(more.vanished);
        self.back_dated = self.back_dated.saturating_add(more.back_dated);
        self.accounts_missing = self.accounts_missing.saturating_add(more.accounts_missing);
        self.accounts_unread = self.accounts_unread.saturating_add(more.accounts_unread);
        self.balances_missing = self.balances_missing.saturating_add(more.balances_missing);
        self.grades_worse = self.grades_worse.saturating_add(more.grades_worse);
    }
}

impl std::fmt::Display for Strayed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let there = self.counts().into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = there.map(|(count, what)| format!("{count} {what}")).collect();
        if words.is_empty() { formatter.write_str("nothing") } else { formatter.write_str(&words.join(", ")) }
    }
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extent {
    /// So many accounts.
    pub accounts: u32,
    /// So many transactions of theirs.
    pub transactions: u32,
}

/// What a candidate did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A canary's run read what it was to read, and changed nothing that was settled.
    Clean,
    /// A canary's run read what it was to read, where nothing was settled that it could have changed.
    Unheld,
    /// A canary's run read something else than what is settled, and was taken back.
    Strayed(Strayed),
    /// A canary's run failed.
    Failed(FailureCode),
    /// A canary's run ended with an agent that went silent.
    Silent,
    /// It read in a shadow.
    Shadow(Difference),
    /// It read in a shadow all that there is, where the current revision came to nothing with this code.
    ShadowAlone(Extent, FailureCode),
    /// A shadow came to nothing.
    ShadowFailed(FailureCode),
}

impl Extent {
    /// Of what was read; an account that couldn't be read is none of it.
    #[must_use]
    pub fn of(accounts: &[ObservedAccount]) -> Self {
        let read: Vec<_> = accounts.iter().filter(|account| account.failure.is_none()).collect();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let transactions = read.iter().map(|account| account.transactions.len()).sum();
        Self { accounts: count(read.len()), transactions: count(transactions) }
    }
}

/// How a candidate has fared since it was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trial {
    /// Runs by it that ended.
    pub runs: u32,
    /// Those of them that found settled transactions again, and changed nothing settled.
    pub clean: u32,
    /// How many of the last ones were, without a break.
    pub clean_in_a_row: u32,
    /// Runs that failed for a reason of the script's.
    pub failed: u32,
    /// Runs that failed for another reason.
    pub failed_otherwise: u32,
    /// What those strayed from that were taken back.
    pub strayed: Strayed,
    /// Sessions in which it read beside the current revision.
    pub shadows: u32,
    /// Those in which both read the same.
    pub shadows_same: u32,
    /// Those in which it came to nothing.
    pub shadows_failed: u32,
    /// Those in which it read where the current revision came to nothing.
    pub shadows_alone: u32,
    /// How much it read in the last of those.
    pub alone: Extent,
    /// With what the current revision ended there.
    pub alone_instead_of: Option<FailureCode>,
    /// In what the others differed.
    pub difference: Difference,
    /// What it failed with last.
    pub last_failure: Option<FailureCode>,
}

impl Trial {
    /// The counts with one thing more.
    #[must_use]
    pub fn on(mut self, seen: &Seen) -> Self {
        let count = |count: &mut u32| *count = count.saturating_add(1);
        match seen {
            Seen::Clean => {
                count(&mut self.runs);
                count(&mut self.clean);
                count(&mut self.clean_in_a_row);
            }
            // It speaks neither for the candidate nor against it.
            Seen::Unheld => count(&mut self.runs),
            Seen::Strayed(strayed) => {
                count(&mut self.runs);
                self.clean_in_a_row = 0;
                self.strayed += *strayed;
            }
            Seen::Failed(code) => {
                count(&mut self.runs);
                if code.fault() == Fault::Script {
                    count(&mut self.failed);
                    self.clean_in_a_row = 0;
                } else {
                    count(&mut self.failed_otherwise);
                }
                self.last_failure = Some(*code);
            }
            Seen::Silent => {
                count(&mut self.runs);
                count(&mut self.failed_otherwise);
                self.clean_in_a_row = 0;
                self.last_failure = Some(FailureCode::AgentsGone);
            }
            Seen::Shadow(difference) => {
                count(&mut self.shadows);
                if difference.is_none() {
                    count(&mut self.shadows_same);
                }
                self.difference.add(difference);
            }
            Seen::ShadowAlone(extent, code) => {
                count(&mut self.shadows);
                count(&mut self.shadows_alone);
                self.alone = *extent;
                self.alone_instead_of = Some(*code);
            }
            Seen::ShadowFailed(code) => {
                count(&mut self.shadows);
                count(&mut self.shadows_failed);
                self.last_failure = Some(*code);
            }
        }
        self
    }

    /// What it read where the current revision came to nothing last, in words.
    #[must_use]
    pub fn told_alone(&self) -> Option<String> {
        let Extent { accounts, transactions } = self.alone;
        let code = self.alone_instead_of?;
        Some(format!("read {accounts} accounts, {transactions} transactions where the current one ended with {code}"))
    }

    /// The counts where another revision is current than those runs were beside: what was clean by then leads to no
    /// promotion any more.
    #[must_use]
    pub const fn beside_another(mut self) -> Self {
        self.clean_in_a_row = 0;
        self
    }

    /// What follows for the rollout from what was just seen and counted: a canary that fails by its own fault,
    /// strays, or leaves its agent silent is halted, and one that was clean often enough is promoted, if that was asked for. A shadow harms
    /// nobody, and goes on.
    #[must_use]
    pub fn follows(&self, rollout: &Rollout, seen: &Seen) -> Option<Event> {
        let Stage::Canary { candidate, promote_after, .. } = &rollout.stage else { return None };
        let halt = |why| Some(Event::Halt(candidate.revision.clone(), why));
        match seen {
            Seen::Strayed(strayed) => halt(Halt::Strayed(*strayed)),
            Seen::Silent => halt(Halt::Silent),
            Seen::Failed(code) if code.fault() == Fault::Script => halt(Halt::Failure { code: *code }),
            Seen::Clean if promote_after.map(NonZeroU32::get).is_some_and(|after| self.clean_in_a_row >= after) => {
                Some(Event::Promote(candidate.clone()))
            }
            Seen::Clean
            | Seen::Unheld
            | Seen::Failed(_)
            | Seen::Shadow(_)
            | Seen::ShadowAlone(..)
            | Seen::ShadowFailed(_) => None,
        }
    }
}
