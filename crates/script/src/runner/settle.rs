//! Settling what is open before anything else is done: the page that shows says what
//! became of the effects and of the answer that was given.
//!
//! Not here: declaring effects, or what is done on the page.

use std::collections::VecDeque;

use domain::failure::{Failure, FailureCode};
use domain::run::{Effect, EffectOutcome};

use super::{Awaiting, Intents, Runner, Seen, Then, ask};
use crate::command::{AnswerVerdict, Command};
use crate::document::{Document, shown_text};
use crate::language::{Meaning, Page, Step};

/// Which page shows after an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// The one that was acted on, anew.
    TheSame,
    Another,
}

impl Runner {
    /// What the page that shows says about what was done before it.
    pub(super) fn settle_by(&mut self, seen: Seen, shows: Shows) -> Command {
        if self.intents == Intents::Inherited {
            let commands = match told(&seen.page) {
                Some(outcome) => self.settlements(outcome, None),
                // It stays open, for a later page or a later run.
                None => VecDeque::new(),
            };
            return self.settle(commands, Then::Handle(Box::new(seen)));
        }
        if self.sets {
            return self.settle_set(seen, shows);
        }
        if self.answered && self.handed_back.as_ref().is_some_and(|page| page.as_ref() == Some(&seen.page.name)) {
            // A person had it, and it shows still: it asks anew, and the bank said nothing of any answer of ours.
            self.handed_back = None;
            let commands = self.settlements(EffectOutcome::Happened, None);
            return self.settle(commands, Then::Handle(Box::new(seen)));
        }
        let verdict = match (&seen.page.meaning, shows) {
            _ if !self.answered => None,
            (Meaning::Failure { code, .. }, _) => {
                let is_about_it = code.as_str().starts_with("mfa.") || is_of_sign_in(*code);
                is_about_it.then_some(AnswerVerdict::Rejected)
            }
            // It is loaded anew while it waits.
            (_, Shows::TheSame) if ask::is_approval(&seen.page) => {
                self.looks.clear();
                return self.watch();
            }
            (Meaning::Challenge(challenge), Shows::TheSame) => {
                if !ask::is_refused(challenge, &seen.html) {
                    return self.look_again();
                }
                Some(AnswerVerdict::Rejected)
            }
            (Meaning::Terms(terms), Shows::TheSame) => {
                let document = Document::parse(&seen.html).ok();
                let words = document.and_then(|document| document.shown(terms.refused.as_ref()?).map(shown_text));
                let Some(words) = words else { return self.look_again() };
                let failure = Failure::new(FailureCode::PortalActionTerms, self.stage);
                let failure = failure.with_institution_message(Some(self.bounded(&words)));
                let commands = self.settlements(EffectOutcome::Happened, Some(AnswerVerdict::Rejected));
                return self.settle(commands, Then::Fail(failure));
            }
            (_, Shows::TheSame) => return self.look_again(),
            (_, Shows::Another) => Some(AnswerVerdict::Accepted),
        };
        self.handed_back = None;
        let is_reaction = verdict.is_some() || shows == Shows::Another;
        if self.intents == Intents::Own && !is_reaction {
            return self.look_again();
        }
        if verdict == Some(AnswerVerdict::Accepted) {
            self.attempts = 0;
        }
        let commands = self.settlements(EffectOutcome::Happened, verdict);
        self.settle(commands, Then::Handle(Box::new(seen)))
    }

    /// The page that was acted on shows again and says nothing new: it may be on its
    /// way to something else.
    pub(super) fn look_again(&mut self) -> Command {
        self.came_again = true;
        self.watch()
    }

    /// The commands that settle what this run did; what an earlier holder left open
    /// stays open.
    pub(super) fn own_settlements(&mut self, outcome: EffectOutcome) -> VecDeque<Command> {
        match self.intents {
            Intents::Own => self.settlements(outcome, None),
            Intents::None | Intents::Inherited => VecDeque::new(),
        }
    }

    /// The commands that settle what is open; afterwards nothing is.
    pub(super) fn settlements(&mut self, outcome: EffectOutcome, verdict: Option<AnswerVerdict>) -> VecDeque<Command> {
        let mut commands = VecDeque::new();
        if self.intents != Intents::None {
            commands.push_back(Command::SettleIntents(outcome));
            self.intents = Intents::None;
        }
        if let Some(verdict) = verdict {
            commands.push_back(Command::SettleAnswer(verdict));
        }
        self.answered = false;
        self.sets = false;
        commands
    }

    pub(super) fn settle(&mut self, mut commands: VecDeque<Command>, then: Then) -> Command {
        if let Some(command) = commands.pop_front() {
            self.awaiting = Awaiting::Done(commands, then);
            return command;
        }
        match then {
            Then::Handle(seen) => self.handle(*seen),
            Then::Look => self.watch(),
            Then::OfferWheel(offer) => {
                let (question, failure) = *offer;
                self.awaiting = Awaiting::Wheel(failure);
                Command::OfferWheel(question)
            }
            Then::Fail(failure) => self.fail_unless_aside(failure),
        }
    }
}

/// What the first page tells of an effect that an earlier holder declared; none when
/// it says nothing of how far the sign-in is, as a page about maintenance.
fn told(page: &Page) -> Option<EffectOutcome> {
    match &page.meaning {
        Meaning::SignedIn => Some(EffectOutcome::Happened),
        // The bank speaks of the credentials that it was given.
        Meaning::Failure { code, .. } if code.freezes_credentials() => Some(EffectOutcome::Happened),
        Meaning::Failure { code, .. } if is_of_sign_in(*code) => Some(EffectOutcome::Absent),
        Meaning::Failure { .. } | Meaning::SignedOut => None,
        Meaning::Challenge(_)
        | Meaning::NewPassword(_)
        | Meaning::Enrol(_)
        | Meaning::Questions(_)
        | Meaning::Terms(_) => Some(EffectOutcome::Absent),
        Meaning::Passage => page.steps.last().and_then(Step::effect).map(|_: Effect| EffectOutcome::Absent),
    }
}

fn is_of_sign_in(code: FailureCode) -> bool {
    code.as_str().starts_with("auth.")
}
