//! Asking a person what the bank asks, and telling a refused answer from a page that
//! is on its way.
//!
//! Not here: who is asked, or how the answer travels.

use domain::challenge::{ChallengeKind, Question, in_parts};
use domain::failure::{Failure, FailureCode, Stage};
use domain::run::{Effect, EffectOutcome};
use domain::secret::Secret;

use super::act::{After, Batch};
use super::{Acted, Awaiting, Phase, Runner, Seen, Then, UnknownPages};
use crate::command::{Act, AnswerVerdict, Command, Deed};
use crate::document::{Document, shown_text};
use crate::language::{Challenge, Meaning, Page, Source, Step};
use crate::scrub::masked;

/// How many questions one run asks, whatever the script allows for each.
const QUESTIONS_LIMIT: u32 = 10;

/// How often a person can hand back pages that ask, in one run. They cost no answer, but a run isn't to go on for ever.
const HAND_BACKS_LIMIT: u32 = 20;

/// How often a page that the script doesn't know is handed to a person before the sign-in fails.
const WHEEL_ATTEMPTS: u32 = 3;

/// How much of the bank's words is kept.
const WORDS_LIMIT: usize = 500;

/// How much of them is looked through for secrets, in bytes.
const MASKED_LIMIT: usize = 16 * 1024;

impl Runner {
    pub(super) fn ask(&mut self, seen: &Seen, page: &Page, challenge: &Challenge) -> Command {
        self.stage = Stage::Challenge;
        let document = match Document::parse(&seen.html) {
            Ok(document) => document,
            Err(refused) => return self.fail(FailureCode::ScriptParse, refused.text()),
        };
        let refusal = refusal(challenge, &document).map(|words| self.bounded(&words));
        let resend = challenge.resend.as_ref();
        let said = resend.filter(|_| self.resent > 0).and_then(|resend| document.pick(resend.said.as_ref()?));
        let said = said.map(|words| self.bounded(&words));
        if let Some(ended) = self.handed_back_too_often() {
            return ended;
        }
        if self.attempts == 0 && self.asked >= QUESTIONS_LIMIT {
            return self
                .fail(FailureCode::MfaCodeInvalid, "no answer had as many parts as the page takes, and none was sent");
        }
        if self.attempts >= challenge.attempts || self.asked >= QUESTIONS_LIMIT {
            let failure = Failure::new(FailureCode::MfaCodeInvalid, self.stage).with_institution_message(refusal);
            return self.end(Command::Fail(failure));
        }
        let question = Question {
            kind: challenge.kind,
            medium: challenge.medium,
            masked_target: challenge
                .target
                .as_ref()
                .and_then(|pick| document.pick(pick))
                .map(|words| self.bounded(&words)),
            prompt: document
                .pick(&challenge.prompt)
                .map_or_else(|| prompt(challenge.kind), |words| self.bounded(&words)),
            institution_message: refusal.or(said),
            attempts_left: challenge.attempts - self.attempts,
            resends_left: resend.map_or(0, |resend| resend.limit.saturating_sub(self.resent)),
            answer_parts: answer_parts(page),
            terms: None,
        };
        self.asked += 1;
        self.awaiting = Awaiting::Answer(seen.page.clone());
        Command::Ask(question)
    }

    pub(super) fn answered(&mut self, page: &Page, answer: &Secret) -> Command {
        if let Meaning::Terms(_) = page.meaning {
            return self.terms_answered(page, answer);
        }
        self.answers.push(answer.clone());
        // A person acted, so the page may come up anew.
        self.looks.clear();
        if parts(page, answer).is_none() {
            // The portal wants other parts than these. It isn't told, and so counts nothing.
            self.acted = None;
            return self.settle([Command::SettleAnswer(AnswerVerdict::Rejected)].into(), Then::Look);
        }
        self.attempts += 1;
        self.act(page, Some(answer), Vec::new())
    }

    /// The end of a run whose page a person had as often as one run allows.
    pub(super) fn handed_back_too_often(&mut self) -> Option<Command> {
        let message = "a person had the page as often as one run allows, and it asks still";
        (self.hand_backs >= HAND_BACKS_LIMIT).then(|| self.fail(FailureCode::MfaTimeout, message))
    }

    /// A person went on in the page itself, and may have done anything to it: what shows now is looked at as if it
    /// were the first page. `page` is the one that they had, if the script knows it.
    pub(super) fn handed_back(&mut self, page: Option<String>) -> Command {
        if page.is_some() {
            // The run gave the bank no answer, and didn't come to ask of an approval what a person did instead.
            self.attempts = self.attempts.saturating_sub(u32::from(self.answered));
            self.asked = self.asked.saturating_sub(1);
            self.hand_backs += 1;
        }
        self.answered = true;
        self.came_again = false;
        (self.acted, self.stuck) = (None, None);
        self.handed_back = Some(page);
        self.looks.clear();
        self.watch()
    }

    /// Offers a page that the script doesn't know to a person who looks on; none where that isn't to be, or was too
    /// often.
    pub(super) fn offer_wheel(&mut self, html: &str) -> Option<Question> {
        let may = self.unknown_pages == UnknownPages::OfferWheel
            && matches!(self.phase, Phase::SigningIn)
            && self.asked < QUESTIONS_LIMIT
            && self.offered < WHEEL_ATTEMPTS;
        if !may {
            return None;
        }
        (self.asked, self.offered) = (self.asked + 1, self.offered + 1);
        let title = Document::parse(html).ok().and_then(|document| document.title());
        let title = title.map(|title| self.bounded(&title)).filter(|title| !title.is_empty());
        let prompt = title.map_or_else(
            || "The bank shows a page that the script doesn't know.".to_owned(),
            |title| format!("The bank shows a page that the script doesn't know: “{title}”."),
        );
        Some(Question {
            kind: ChallengeKind::Takeover,
            medium: None,
            masked_target: None,
            prompt: prompt.chars().take(WORDS_LIMIT).collect(),
            institution_message: None,
            attempts_left: WHEEL_ATTEMPTS - self.offered + 1,
            resends_left: 0,
            answer_parts: None,
            terms: None,
        })
    }

    /// Has the bank send a new code: somebody asked for it. The page shows again then, and the question goes on.
    pub(super) fn resend(&mut self, page: Page) -> Command {
        // A person acted, so the page may come up anew, and it counts as it stands.
        self.looks.clear();
        self.acted = None;
        let Meaning::Challenge(challenge) = &page.meaning else { return self.watch() };
        let Some(resend) = challenge.resend.as_ref().filter(|resend| self.resent < resend.limit) else {
            return self.watch();
        };
        self.resent += 1;
        self.asked = self.asked.saturating_sub(1);
        let deed = Deed { acts: vec![Act::Click { target: resend.click.clone() }], region: Vec::new() };
        let effect = Some(Effect::SendCode);
        self.awaiting = Awaiting::Declared(Batch { page: page.name, deed, effect, after: After::AtOnce });
        Command::Declare(Effect::SendCode)
    }

    /// What can't have a new code sent is asked again as it stands; nothing happened.
    pub(super) fn not_resent(&mut self) -> Command {
        self.acted = None;
        let commands = self.own_settlements(EffectOutcome::Absent);
        self.settle(commands, Then::Look)
    }

    /// Waits for the portal to go on by itself: a person approves it elsewhere.
    pub(super) fn approving(&mut self, page: Page) -> Command {
        self.attempts += 1;
        self.answered = true;
        self.looks.clear();
        self.acted = Some(Acted { page: page.name });
        self.watch()
    }

    /// Whether the page that shows is one that a person approves elsewhere.
    pub(super) fn is_approving(&self) -> bool {
        let acted = self.acted.as_ref().filter(|_| self.answered);
        acted.and_then(|acted| self.script.page(&acted.page)).is_some_and(is_approval)
    }

    /// The bank's words without the secrets that are known, cut where nobody would
    /// read on.
    pub(super) fn bounded(&self, words: &str) -> String {
        // Masked before it is cut, so that no half of a secret is left at the end.
        let masked = self.masked(words.get(..words.floor_char_boundary(MASKED_LIMIT)).unwrap_or_default());
        masked.chars().take(WORDS_LIMIT).collect()
    }

    pub(super) fn masked(&self, words: &str) -> String {
        let secrets: Vec<&str> = self.plan.credentials.values().chain(&self.answers).map(Secret::expose).collect();
        masked(words, &secrets)
    }
}

/// In how many parts a page takes an answer, if it doesn't take it whole.
fn answer_parts(page: &Page) -> Option<usize> {
    let part = |step: &Step| match step {
        Step::Fill { with: Source::AnswerPart(part), .. } => Some(part + 1),
        _ => None,
    };
    page.steps.iter().filter_map(part).max()
}

/// The parts of an answer that a page takes, none of one that it takes whole. None at all where there are more or fewer.
pub(super) fn parts(page: &Page, answer: &Secret) -> Option<Vec<Secret>> {
    answer_parts(page).map_or_else(|| Some(Vec::new()), |count| in_parts(answer, count))
}

/// Whether a page waits for an approval elsewhere.
pub(super) fn is_approval(page: &Page) -> bool {
    matches!(&page.meaning, Meaning::Challenge(challenge) if !challenge.kind.takes_answer())
}

/// Whether a page that asks says that the answer before was refused.
pub(super) fn is_refused(challenge: &Challenge, html: &str) -> bool {
    match &challenge.refused {
        Some(_) => Document::parse(html).is_ok_and(|document| refusal(challenge, &document).is_some()),
        // Without a sign for it, that the bank asks again has to do.
        None => true,
    }
}

fn refusal(challenge: &Challenge, document: &Document) -> Option<String> {
    let shown = document.shown(challenge.refused.as_ref()?)?;
    Some(shown_text(shown))
}

/// Our own words where the bank's can't be found.
fn prompt(kind: ChallengeKind) -> String {
    match kind {
        ChallengeKind::OneTimeCode => "The bank asks for a one-time code.".into(),
        ChallengeKind::SecurityQuestion => "The bank asks a security question.".into(),
        ChallengeKind::GridCard => "The bank asks for squares of its card.".into(),
        ChallengeKind::Takeover => "The bank shows a page that only a person can pass.".into(),
        ChallengeKind::AppApproval => "The bank waits for an approval in its app.".into(),
        ChallengeKind::Terms => "The bank has its terms accepted.".into(),
    }
}
