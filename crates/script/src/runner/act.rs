//! Doing what a page says: its steps in one go, their effect declared before.
//!
//! Not here: which page shows, or what became of what was done (`settle`).

use domain::failure::{FailureCode, Stage};
use domain::run::Effect;
use domain::secret::Secret;

use super::{Awaiting, Intents, Phase, Runner, ask};
use crate::command::{Act, Command, Deed};
use crate::language::{Meaning, Page, Script, Source, Step};

/// What is done to a page in one go.
pub(super) struct Batch {
    pub(super) page: String,
    pub(super) deed: Deed,
    pub(super) effect: Option<Effect>,
    /// Whether the page counts as it stands afterwards.
    pub(super) after: After,
}

impl Batch {
    /// Whether it has the bank send a new code, which an answer is still waited for after.
    pub(super) fn is_resend(&self, script: &Script) -> bool {
        let page = script.page(&self.page);
        let is_of_challenge = page.is_some_and(|page| matches!(page.meaning, Meaning::Challenge(_)));
        is_of_challenge && self.effect == Some(Effect::SendCode)
    }
}

/// When the page that was acted on counts again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Once it was left, or its region is another.
    OnceChanged,
    /// At once: not each such act changes it.
    AtOnce,
}

impl Runner {
    pub(super) fn sign_out(&mut self, page: String, target: String, end: Command) -> Command {
        self.stage = Stage::Logout;
        self.phase = Phase::SigningOut(Box::new(end));
        let deed = Deed { acts: vec![Act::Click { target: target.into() }], region: Vec::new() };
        self.carry_out(Batch { page, deed, effect: None, after: After::OnceChanged })
    }

    /// Does a page's steps in one go, its effect declared before.
    /// `given` is what a person answered, or what was made for the page; `before` comes before the page's own steps.
    pub(super) fn act(&mut self, page: &Page, given: Option<&Secret>, before: Vec<Act>) -> Command {
        let effect = page.effect();
        if effect == Some(Effect::Password) && self.password_submitted {
            return match self.phase {
                Phase::SigningIn => {
                    let message = format!("the page `{}` shows again after the password was submitted", page.name);
                    self.fail(FailureCode::PageUnrecognised, message)
                }
                _ => self.fail(FailureCode::SessionExpired, "the bank asks to sign in again in mid-run"),
            };
        }
        let parts = given.and_then(|answer| ask::parts(page, answer)).unwrap_or_default();
        let mut acts = before;
        for step in &page.steps {
            acts.push(match step {
                Step::ClosePopup => Act::ClosePopup,
                Step::Click { target, .. } => Act::Click { target: target.clone() },
                Step::Fill { into, with } => {
                    let text = match with {
                        Source::Credential(name) => self.plan.credentials.get(name),
                        Source::Answer | Source::NewPassword | Source::EnrolledCode => given,
                        Source::AnswerPart(part) => parts.get(*part),
                    };
                    let Some(text) = text else {
                        return self.fail(FailureCode::CredentialsMissing, "there is nothing to fill in");
                    };
                    Act::Fill { into: into.clone(), text: text.clone() }
                }
            });
        }
        let region = page.meaning.refused().iter().map(|css| css.text().to_owned()).collect();
        let deed = Deed { acts, region };
        let batch = Batch { page: page.name.clone(), deed, effect, after: After::OnceChanged };
        match effect {
            // That was declared when it was made.
            Some(effect) if effect.sets_something() => self.carry_out(batch),
            Some(effect) => {
                self.awaiting = Awaiting::Declared(batch);
                Command::Declare(effect)
            }
            None => self.carry_out(batch),
        }
    }

    pub(super) fn carry_out(&mut self, batch: Batch) -> Command {
        if let Some(effect) = batch.effect {
            self.intents = Intents::Own;
            self.password_submitted |= effect == Effect::Password;
            self.sets = effect.sets_something();
            let page = self.script.page(&batch.page);
            let is_answered =
                page.is_some_and(|page| matches!(page.meaning, Meaning::Challenge(_) | Meaning::Terms(_)));
            self.answered = is_answered && effect != Effect::SendCode;
        }
        self.came_again = false;
        let deed = batch.deed.clone();
        self.awaiting = Awaiting::Acted(batch);
        Command::Act(deed)
    }
}
