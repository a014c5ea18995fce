//! When a command couldn't be carried out: the portal can't be reached, no known page
//! shows, an act can't be done.
//!
//! Not here: the pages on which a bank itself says no.

use std::collections::VecDeque;

use domain::failure::{Failure, FailureCode};
use domain::institution::CredentialName;
use domain::run::EffectOutcome;
use url::Url;

use super::{Acted, Batch, Phase, Runner, Then, recognise};
use crate::command::{Act, AnswerVerdict, Command, Problem, Target, Trouble};
use crate::document::Document;
use crate::language::{Page, Source, Step};
use crate::link::shown_target;
use crate::ways::told;

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
    pub(super) fn stuck(&mut self, batch: Batch, target: &str, problem: Problem, html: &str) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        if let (Phase::Reading(walk), Problem::AtEnd) = (&mut self.phase, problem) {
            // Whether the list ends there is for the page to say.
            walk.reached_end();
            self.acted = None;
            return self.watch();
        }
        if self.lean.is_on() {
            return self.return_to_browser(FailureCode::ElementMissing);
        }
        if batch.is_resend(&self.script) {
            return self.not_resent();
        }
        let (code, what) = match problem {
            Problem::Missing => (FailureCode::ElementMissing, "nothing fits"),
            Problem::Ambiguous => (FailureCode::ElementAmbiguous, "several things fit"),
            Problem::NotActionable => (FailureCode::ElementMissing, "what fits is hidden or disabled:"),
            Problem::Disagreement => {
                (FailureCode::ElementAmbiguous, "the ways to find it name different things, or too few find it:")
            }
            Problem::AtEnd => (FailureCode::ElementMissing, "nothing further down is in"),
        };
        // A driver names the thing alone. What fits it is looked up in the page as it stood.
        let several = match problem {
            Problem::Ambiguous | Problem::Disagreement => self.masked(&several(&batch, target, html)),
            Problem::Missing | Problem::NotActionable | Problem::AtEnd => String::new(),
        };
        let message = format!("on the page `{}`, {what} `{}`{several}", batch.page, shown_target(target));
        self.stuck = Some(Failure::new(code, self.stage).with_message(message));
        let in_doubt = self.script.page(&batch.page).is_some_and(|page| may_submit_itself(page, target));
        self.acted = Some(Acted { page: batch.page });
        let commands = match batch.effect {
            // The effect is the last act, so it didn't happen.
            Some(_) if !in_doubt => self.own_settlements(EffectOutcome::Absent),
            _ => VecDeque::new(),
        };
        self.settle(commands, Then::Look)
    }

    pub(super) fn unrecognised(&mut self, url: &Url, html: &str, still: Option<&str>) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        if self.lean.is_on() {
            return self.return_to_browser(FailureCode::PageUnrecognised);
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
        let offered = self.offer_wheel(html);
        let is_answered = std::mem::take(&mut self.answered) && still.is_none();
        let mut commands = if is_reaction { self.own_settlements(EffectOutcome::Happened) } else { VecDeque::new() };
        // What is open is settled before a person does anything: the answer led to another page than the one that asked,
        // if it isn't the very page that somebody handed back.
        if offered.is_some() && is_answered && !matches!(self.handed_back.take(), Some(None)) {
            commands.push_back(Command::SettleAnswer(AnswerVerdict::Accepted));
        }
        let then = match offered {
            Some(question) => Then::OfferWheel(Box::new((question, failure))),
            None => Then::Fail(failure),
        };
        self.settle(commands, then)
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
                let message = "the portal led to an address outside of the hosts that the script allows, or to one that \
                               browsers refuse";
                Failure::new(FailureCode::PageUnrecognised, self.stage).with_message(message)
            }
        };
        if self.lean.is_on() {
            return self.return_to_browser(failure.code);
        }
        self.fail_unless_aside(failure)
    }
}

/// What fits something that was to be acted on, in brackets; nothing where the page doesn't say.
fn several(batch: &Batch, target: &str, html: &str) -> String {
    let wanted = batch.deed.acts.iter().find(|act| act.target() == target);
    let wanted: Target = match wanted {
        Some(Act::Fill { into: target, .. } | Act::Click { target }) => target.clone(),
        Some(Act::Scroll { within, .. }) => within.as_str().into(),
        Some(Act::ClosePopup) | None => return String::new(),
    };
    let told = Document::parse(html).map(|document| told(&document, &wanted)).unwrap_or_default();
    if told.is_empty() { told } else { format!(" ({told})") }
}

/// Whether a secret was filled in before the act on `target` was tried: some forms
/// submit themselves once they are full, and then what is to be clicked is gone.
fn may_submit_itself(page: &Page, target: &str) -> bool {
    let before = page.steps.iter().take_while(|step| step.target().is_none_or(|own| own.text() != target));
    before.into_iter().any(|step| match step {
        Step::Fill { with, .. } => {
            !matches!(with, Source::Credential(CredentialName::BankUsername | CredentialName::BankCustomerId))
        }
        Step::Click { .. } | Step::ClosePopup => false,
    })
}
