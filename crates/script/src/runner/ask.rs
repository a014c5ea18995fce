//! Asking a person what the bank asks, and telling a refused answer from a page that
//! is on its way.
//!
//! Not here: who is asked, or how the answer travels.

use domain::challenge::{ChallengeKind, Question};
use domain::failure::{Failure, FailureCode, Stage};
use domain::secret::Secret;

use super::{Acted, Awaiting, Runner, Seen, Then};
use crate::command::{AnswerVerdict, Command};
use crate::document::{Document, shown_text};
use crate::language::{Challenge, Meaning, Page, Source, Step};
use crate::scrub::masked;

/// How many questions one run asks, whatever the script allows for each.
const QUESTIONS_LIMIT: u32 = 10;

/// How much of the bank's words is kept.
const WORDS_LIMIT: usize = 500;

/// How much of them is looked through for secrets, in bytes.
const MASKED_LIMIT: usize = 16 * 1024;

impl Runner {
    pub(super) fn ask(&mut self, seen: &Seen, challenge: &Challenge) -> Command {
        self.stage = Stage::Challenge;
        let document = match Document::parse(&seen.html) {
            Ok(document) => document,
            Err(refused) => return self.fail(FailureCode::ScriptParse, refused.text()),
        };
        let refusal = refusal(challenge, &document).map(|words| self.bounded(&words));
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
            institution_message: refusal,
            attempts_left: challenge.attempts - self.attempts,
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
        self.attempts += 1;
        self.answers.push(answer.clone());
        // A person acted, so the page may come up anew.
        self.looks.clear();
        if parts(page, answer).is_none() {
            // The portal wants other parts than these, and needn't be told.
            self.acted = None;
            return self.settle([Command::SettleAnswer(AnswerVerdict::Rejected)].into(), Then::Look);
        }
        self.act(page, Some(answer), Vec::new())
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

/// The parts of an answer that a page takes, none of one that it takes whole: its words, or its
/// signs. None at all where there are more or fewer.
pub(super) fn parts(page: &Page, answer: &Secret) -> Option<Vec<Secret>> {
    let wanted = page.steps.iter().filter_map(|step| match step {
        Step::Fill { with: Source::AnswerPart(part), .. } => Some(part + 1),
        _ => None,
    });
    let Some(wanted) = wanted.max() else { return Some(Vec::new()) };
    let words: Vec<&str> = answer.expose().split([' ', ',', ';', '\t']).filter(|word| !word.is_empty()).collect();
    let parts: Vec<String> = match words.as_slice() {
        [word] if wanted > 1 => word.chars().map(String::from).collect(),
        words => words.iter().map(|word| (*word).to_owned()).collect(),
    };
    (parts.len() == wanted).then(|| parts.into_iter().map(Secret::new).collect())
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
        ChallengeKind::AppApproval => "The bank waits for an approval in its app.".into(),
        ChallengeKind::Terms => "The bank has its terms accepted.".into(),
    }
}
