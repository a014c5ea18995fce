//! What is set at a bank in an author's run: made here, and written into a file before the bank is told it. Nobody else
//! keeps it, so without a file nothing is set.
//!
//! Not here: the fleet's runs, where the coordinator keeps it ([`crate::making`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use domain::challenge::{ChallengeKind, Medium, Question};
use domain::password_rules::{CharacterClass, PasswordRules};
use domain::secret::Secret;
use jiff::Timestamp;
use script::command::Making;
use serde_json::json;

use super::person::{Asked, Person};
use crate::author::say;

/// How long answers to security questions are.
const ANSWER: u32 = 16;

/// Writes down what is set.
#[derive(Debug)]
pub(super) struct Maker {
    file: Option<(PathBuf, File)>,
    institution: String,
}

impl Maker {
    /// Keeps what is set in `path`, which nobody else can read.
    pub(super) fn open(path: Option<&Path>, institution: &str) -> io::Result<Self> {
        let file = match path {
            None => None,
            Some(path) => {
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
                if file.metadata()?.permissions().mode() & 0o077 != 0 {
                    return Err(io::Error::other("it can be read by others"));
                }
                Some((path.to_owned(), file))
            }
        };
        Ok(Self { file, institution: institution.to_owned() })
    }

    /// Makes something and writes it down; none where it can't be.
    pub(super) async fn make(&mut self, making: &Making, person: &mut dyn Person) -> Option<Vec<Secret>> {
        if self.file.is_none() {
            say("the bank has something set that must not be lost, and nothing is set without a place to keep it");
            say("hint: add `--secrets FILE`; what is set is written there before the bank is told it");
            return None;
        }
        match making {
            Making::Password(rules) => {
                let password = compose(rules)?;
                self.keep("password", &json!(password.expose()))?;
                Some(vec![password])
            }
            Making::Authenticator(secret) => {
                self.keep("totpSecret", &json!(secret.expose()))?;
                let prompt = "enter the secret into an authenticator app, and type the code that it shows";
                let question = Question {
                    kind: ChallengeKind::OneTimeCode,
                    medium: Some(Medium::Device),
                    masked_target: None,
                    prompt: prompt.into(),
                    institution_message: None,
                    attempts_left: 1,
                    resends_left: 0,
                    answer_parts: None,
                    terms: None,
                };
                match person.ask(&question).await {
                    Asked::Answer(code) => Some(vec![code]),
                    Asked::Resend | Asked::Elsewhere | Asked::Nobody => None,
                }
            }
            Making::Answers(questions) => {
                let classes = vec![CharacterClass::Lower, CharacterClass::Digit];
                let rules = PasswordRules { shortest: ANSWER, longest: ANSWER, classes, without: String::new() };
                let mut answers = Vec::new();
                for question in questions {
                    let answer = compose(&rules)?;
                    self.keep("answer", &json!({ "question": question, "answer": answer.expose() }))?;
                    answers.push(answer);
                }
                Some(answers)
            }
        }
    }

    /// Writes a line, and waits until it is on the disk.
    fn keep(&mut self, what: &str, value: &serde_json::Value) -> Option<()> {
        let (path, file) = self.file.as_mut()?;
        let line = json!({ "at": Timestamp::now(), "institution": self.institution, what: value });
        let written = writeln!(file, "{line}").and_then(|()| file.sync_all());
        match written {
            Ok(()) => {
                say(&format!("what is set at the bank now stands in {}", path.display()));
                Some(())
            }
            Err(error) => {
                say(&format!("could not write to {}: {error}; nothing is set at the bank", path.display()));
                None
            }
        }
    }
}

fn compose(rules: &PasswordRules) -> Option<Secret> {
    let mut is_random = true;
    let made = rules.compose(&mut |below| {
        let end = u32::MAX - u32::MAX % below.max(1);
        loop {
            match getrandom::u32() {
                Ok(drawn) if drawn < end => return drawn % below.max(1),
                Ok(_) => {}
                Err(_) => {
                    is_random = false;
                    return 0;
                }
            }
        }
    });
    made.ok().filter(|_| is_random)
}
