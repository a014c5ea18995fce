//! When a command couldn't be carried out: the portal can't be reached, no known page
//! shows, an act can't be done.
//!
//! Not here: the pages on which a bank itself says no.

use std::collections::VecDeque;

use domain::failure::{Failure, FailureCode};
use domain::run::EffectOutcome;
use url::Url;

use super::{Acted, Batch, Intents, Phase, Runner, Then, recognise};
use crate::command::{Command, Problem, Trouble};

impl Runner {
    /// The end of a run that was signing out: whatever comes of that, it doesn't spoil
    /// what was read.
    pub(super) fn signed_out(&mut self) -> Option<Command> {
        let Phase::SigningOut(end) = &self.phase else { return None };
        let end = Command::clone(end);
        Some(self.end(end))
    }

    /// An act couldn't be done. What shows now may say more than that, so it is
    /// looked at once more.
    pub(super) fn stuck(&mut self, batch: Batch, target: &str, problem: Problem) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        let (code, what) = match problem {
            Problem::Missing => (FailureCode::ElementMissing, "nothing fits"),
            Problem::Ambiguous => (FailureCode::ElementAmbiguous, "several things fit"),
            Problem::NotActionable => (FailureCode::ElementMissing, "what fits is hidden or disabled:"),
        };
        let message = format!("on the page `{}`, {what} `{target}`", batch.page);
        self.stuck = Some(Failure::new(code, self.stage).with_message(message));
        self.acted = Some(Acted { page: batch.page, region: None });
        // The effect is the last act, so it didn't happen.
        let commands = match batch.effect {
            Some(_) => self.settlements(EffectOutcome::Absent, None),
            None => VecDeque::new(),
        };
        self.settle(commands, Then::Look)
    }

    pub(super) fn unrecognised(&mut self, url: &Url, html: &str, still: Option<&str>) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        let failure = self.stuck.take().unwrap_or_else(|| {
            let message = match still {
                Some(page) => format!("the page `{page}` still shows though it was acted on"),
                None => recognise::likeness(&self.script, url, html),
            };
            Failure::new(FailureCode::PageUnrecognised, self.stage).with_message(message)
        });
        // Another page is a reaction, and so is the same one anew. The same page as it
        // was leaves the effect in doubt, and its intent open.
        let is_reaction = still.is_none() || self.came_again;
        let commands = match self.intents {
            Intents::Own if is_reaction => self.settlements(EffectOutcome::Happened, None),
            _ => VecDeque::new(),
        };
        self.settle(commands, Then::Fail(failure))
    }

    pub(super) fn unreachable(&mut self, trouble: Trouble) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        let failure = match trouble {
            Trouble::Dns => Failure::new(FailureCode::NetDns, self.stage),
            Trouble::Tls => Failure::new(FailureCode::NetTls, self.stage),
            Trouble::Timeout => Failure::new(FailureCode::NetTimeout, self.stage),
            Trouble::Reset => Failure::new(FailureCode::NetReset, self.stage),
            Trouble::Status(status) => {
                let code = match status {
                    429 => FailureCode::PortalRatelimited,
                    403 => FailureCode::PortalBlocked,
                    _ => FailureCode::PortalUnavailable,
                };
                Failure::new(code, self.stage)
                    .with_message(format!("{} Its answer had the status {status}.", code.text()))
            }
            Trouble::Forbidden => {
                let message = "the portal led to an address outside of the hosts that the script allows";
                Failure::new(FailureCode::PageUnrecognised, self.stage).with_message(message)
            }
        };
        self.end(Command::Fail(failure))
    }
}
