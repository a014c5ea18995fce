//! What a bank has set at a first sign-in: a password, an authenticator, answers to questions. Each is kept before the
//! bank is told it, so that nobody is locked out who stops in between.
//!
//! ```text
//! a page shows ─▶ (ReadPicture ─▶) Make ─▶ Act ─▶ another page: accepted · the same, saying no: refused · anything else: in doubt
//! ```
//!
//! Terms are a question like any other, which a person or the organization's policy answers.
//!
//! Not here: how something is made and kept, and what becomes of it in doubt.

use std::fmt::Write as _;

use domain::challenge::{ChallengeKind, Question, Terms, TermsAnswer};
use domain::failure::{Failure, FailureCode, Stage};
use domain::institution::CredentialName;
use domain::run::{Effect, EffectOutcome};
use domain::secret::Secret;
use sha2::{Digest as _, Sha256};

use super::settle::Shows;
use super::{Awaiting, Runner, Seen, Then};
use crate::command::{Act, AnswerVerdict, Command, Making, Problem};
use crate::css::Css;
use crate::document::{Document, fold, shown_text, text};
use crate::language::{Asked, Meaning, Page, SecretShown, TermsShown, Worded};

/// How long the title of terms may be, in characters.
const TITLE_LIMIT: usize = 200;

/// A page on which something is set, while it is made.
pub(super) struct BeingSet {
    pub(super) page: Page,
    /// The fields of answers, each with what chooses its question.
    fields: Vec<(Option<Act>, Css)>,
}

impl Runner {
    /// Has made what the page wants set.
    pub(super) fn set(&mut self, seen: &Seen) -> Command {
        self.stage = Stage::Login;
        let document = match Document::parse(&seen.html) {
            Ok(document) => document,
            Err(refused) => return self.fail(FailureCode::ScriptParse, refused.text()),
        };
        let page = &seen.page;
        if let Some(effect) = page.effect()
            && self.set.contains(&effect)
        {
            let message = format!("the page `{}` shows again after it was taken", page.name);
            return self.fail(FailureCode::PageUnrecognised, message);
        }
        let mut fields = Vec::new();
        let making = match &page.meaning {
            Meaning::NewPassword(wanted) => Making::Password(wanted.rules.clone()),
            Meaning::Enrol(enrol) => match &enrol.secret {
                SecretShown::Text(secret) => match document.pick(secret) {
                    Some(secret) => return self.enrol(page.clone(), Secret::new(secret)),
                    None => {
                        let message = format!("on the page `{}`, nothing shows the authenticator's secret", page.name);
                        return self.fail(FailureCode::ElementMissing, message);
                    }
                },
                SecretShown::Picture(picture) => {
                    self.awaiting = Awaiting::PictureRead(page.clone());
                    return Command::ReadPicture(picture.text().to_owned());
                }
            },
            Meaning::Questions(questions) => {
                let mut taken = Vec::new();
                for asked in &questions.asked {
                    let Some((question, choice)) = worded(&document, asked, &taken) else {
                        let message = format!("on the page `{}`, a question that is to be set isn't there", page.name);
                        return self.fail(FailureCode::ElementMissing, message);
                    };
                    taken.push(question);
                    fields.push((choice, asked.answer.clone()));
                }
                Making::Answers(taken)
            }
            _ => return self.fail(FailureCode::PageUnrecognised, "nothing is set on this page"),
        };
        self.awaiting = Awaiting::Made(Box::new(BeingSet { page: page.clone(), fields }));
        Command::Make(making)
    }

    /// Has an authenticator kept with the secret that the page shows.
    fn enrol(&mut self, page: Page, secret: Secret) -> Command {
        self.answers.push(secret.clone());
        self.awaiting = Awaiting::Made(Box::new(BeingSet { page, fields: Vec::new() }));
        Command::Make(Making::Authenticator(secret))
    }

    /// Goes by what the page's picture says, if it is one secret of an authenticator.
    pub(super) fn picture_read(&mut self, page: Page, said: Vec<Secret>) -> Command {
        // Whatever it is, it is nobody else's.
        self.answers.extend(said.iter().cloned());
        let (code, what) = match <[Secret; 1]>::try_from(said) {
            Ok([secret]) if is_of_an_authenticator(&secret) => return self.enrol(page, secret),
            Ok(_) => (FailureCode::PortalActionProfile, "the QR code isn't one of an authenticator"),
            Err(said) if said.is_empty() => {
                (FailureCode::ElementMissing, "the picture has no QR code that can be read")
            }
            Err(_) => (FailureCode::ElementAmbiguous, "the picture has several QR codes"),
        };
        self.fail(code, format!("on the page `{}`, {what}", page.name))
    }

    /// Ends where there is no picture to be looked at.
    pub(super) fn picture_unread(&mut self, page: &Page, problem: Option<Problem>) -> Command {
        let (code, what) = match problem {
            None => (FailureCode::PortalActionProfile, "the secret is in a picture, which takes a browser to be seen"),
            Some(Problem::Ambiguous) => (FailureCode::ElementAmbiguous, "several things could be the picture"),
            Some(_) => (FailureCode::ElementMissing, "the picture with the authenticator's secret isn't there"),
        };
        self.fail(code, format!("on the page `{}`, {what}", page.name))
    }

    /// Types what was made.
    pub(super) fn made(&mut self, being_set: BeingSet, made: Vec<Secret>) -> Command {
        let BeingSet { page, fields } = being_set;
        self.answers.extend(made.iter().cloned());
        self.set.extend(page.effect());
        let mut before = Vec::new();
        for ((choice, answer), text) in fields.into_iter().zip(&made) {
            before.extend(choice);
            before.push(Act::Fill { into: answer.text().into(), text: text.clone() });
        }
        let first = made.into_iter().next();
        if let (Meaning::NewPassword(_), Some(password)) = (&page.meaning, &first) {
            self.new_password = Some(password.clone());
        }
        self.act(&page, first.as_ref(), before)
    }

    /// What the page that shows says of what was set on the one before it.
    pub(super) fn settle_set(&mut self, seen: Seen, shows: Shows) -> Command {
        let outcome = match (&seen.page.meaning, shows) {
            (meaning, Shows::TheSame) => {
                let refused = meaning.refused();
                let words = Document::parse(&seen.html).ok();
                let words = words.and_then(|document| document.shown(refused?).map(shown_text));
                if refused.is_some() && words.is_none() {
                    return self.look_again();
                }
                let failure = Failure::new(refusal(seen.page.effect()), self.stage)
                    .with_institution_message(words.map(|words| self.bounded(&words)));
                let commands = self.settlements(EffectOutcome::Refused, None);
                return self.settle(commands, Then::Fail(failure));
            }
            // The bank speaks of something else, and may have taken it before or not.
            (Meaning::Failure { .. } | Meaning::Challenge(_) | Meaning::SignedOut, _) => EffectOutcome::Happened,
            _ if seen.page.effect() == Some(Effect::Password) => EffectOutcome::Happened,
            _ => EffectOutcome::Accepted,
        };
        if let (EffectOutcome::Accepted, Some(password)) = (outcome, self.new_password.take())
            && let Some(old) = self.plan.credentials.insert(CredentialName::Password, password)
        {
            // It is no secret of the bank's any more, and still nobody's business.
            self.answers.push(old);
        }
        let commands = self.settlements(outcome, None);
        self.settle(commands, Then::Handle(Box::new(seen)))
    }

    /// Asks whether terms are accepted.
    pub(super) fn ask_for_terms(&mut self, seen: &Seen, shown: &TermsShown) -> Command {
        self.stage = Stage::Login;
        let document = match Document::parse(&seen.html) {
            Ok(document) => document,
            Err(refused) => return self.fail(FailureCode::ScriptParse, refused.text()),
        };
        let found = document.pick(&shown.title).zip(document.shown(&shown.text));
        let Some((title, element)) = found else {
            let message = format!("on the page `{}`, the terms or their title aren't there", seen.page.name);
            return self.fail(FailureCode::ElementMissing, message);
        };
        let words = fold(&text(element)).into_owned();
        let mut sha256 = String::new();
        for byte in Sha256::digest(words.as_bytes()) {
            let _ = write!(sha256, "{byte:02x}");
        }
        let title: String = self.masked(&title).chars().take(TITLE_LIMIT).collect();
        if let Some(ended) = self.handed_back_too_often() {
            return ended;
        }
        self.asked += 1;
        self.awaiting = Awaiting::Answer(seen.page.clone());
        Command::Ask(Question {
            kind: ChallengeKind::Terms,
            medium: None,
            masked_target: None,
            prompt: format!("The bank has its terms accepted: {title}"),
            institution_message: None,
            attempts_left: 1,
            resends_left: 0,
            answer_parts: None,
            terms: Some(Terms { title, sha256 }),
        })
    }

    /// Accepts terms, or ends the run.
    pub(super) fn terms_answered(&mut self, page: &Page, answer: &Secret) -> Command {
        self.looks.clear();
        if answer.expose() == TermsAnswer::Accept.as_str() {
            return self.act(page, None, Vec::new());
        }
        let failure = Failure::new(FailureCode::PortalActionTerms, self.stage);
        self.settle([Command::SettleAnswer(AnswerVerdict::Rejected)].into(), Then::Fail(failure))
    }
}

/// What the run ends with when a bank says no to what was set.
const fn refusal(effect: Option<Effect>) -> FailureCode {
    match effect {
        Some(Effect::NewPassword) => FailureCode::PasswordExpired,
        Some(Effect::Enrol) => FailureCode::MfaCodeInvalid,
        _ => FailureCode::PortalActionProfile,
    }
}

/// Whether it is the address that authenticators take. What else is in it the keeper of secrets knows.
fn is_of_an_authenticator(text: &Secret) -> bool {
    text.expose().get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("otpauth:"))
}

/// What is asked, and what chooses it.
fn worded(document: &Document, asked: &Asked, taken: &[String]) -> Option<(String, Option<Act>)> {
    match &asked.question {
        Worded::Shown(pick) => Some((document.pick(pick)?, None)),
        Worded::Chosen(css) => {
            let options = document.options(css)?;
            let is_free = |text: &String| !text.is_empty() && !taken.contains(text);
            let choice = options.into_iter().find(|choice| !choice.value.is_empty() && is_free(&choice.text))?;
            let fill = Act::Fill { into: css.text().into(), text: Secret::new(choice.value) };
            Some((choice.text, Some(fill)))
        }
    }
}
