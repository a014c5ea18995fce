//! Who answers what the bank asks: the author at the terminal.
//!
//! Not here: when somebody is asked.

use std::io::{self, BufRead as _};

use async_trait::async_trait;
use domain::challenge::{ChallengeKind, Question};
use domain::secret::Secret;
use tokio::sync::oneshot;

use super::is_attended;
use crate::author::{plain, say};

/// What an author types in place of a code to have a new one sent.
const RESEND: &str = "resend";

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Asked {
    Answer(Secret),
    /// The bank is to send a new code.
    Resend,
    /// It is done elsewhere, as an approval in the bank's app.
    Elsewhere,
    /// Nobody answers.
    Nobody,
}

/// Somebody who can be asked.
#[async_trait]
pub(crate) trait Person: Send {
    /// Asks, and waits.
    async fn ask(&mut self, question: &Question) -> Asked;
}

/// The author at the terminal, or whoever writes to standard input.
pub(crate) struct Terminal;

#[async_trait]
impl Person for Terminal {
    async fn ask(&mut self, question: &Question) -> Asked {
        let Question { kind, medium, masked_target, prompt, institution_message, attempts_left, resends_left, .. } =
            question;
        if let Some(message) = institution_message {
            say(&format!("the bank says: {}", plain(message)));
        }
        let prompt = plain(prompt);
        if !kind.takes_answer() {
            say(&format!(
                "the bank asks: {prompt}\napprove it where the bank asks you to; this waits for the portal to go on"
            ));
            return Asked::Elsewhere;
        }
        let medium = medium.map(|medium| format!(" by {medium}")).unwrap_or_default();
        let target = masked_target.as_deref().map(|target| format!(" to {}", plain(target))).unwrap_or_default();
        let resend = match resends_left {
            0 => String::new(),
            left => format!("; `{RESEND}` has a new code sent, {left} left"),
        };
        say(&format!("the bank asks{medium}{target}: {prompt} ({attempts_left} left{resend})"));
        if *kind == ChallengeKind::Terms {
            say("type `accept` or `decline`");
        }
        if let Some(count) = question.answer_parts {
            say(&format!("it takes {count} parts: write them with spaces between"));
        }
        // A code is good for this one sign-in; the answer to a question is good for years.
        let is_lasting = *kind == ChallengeKind::SecurityQuestion;
        let echo = if is_lasting && is_attended() { Echo::Hidden } else { Echo::Shown };
        loop {
            let Some(typed) = typed(echo).await else {
                say("standard input ended, so nobody can answer the bank's question");
                return Asked::Nobody;
            };
            let answer = Secret::new(typed.expose().trim().to_owned());
            match answer.expose() {
                "" => return Asked::Nobody,
                RESEND if *resends_left > 0 => return Asked::Resend,
                _ if question.takes(&answer) => return Asked::Answer(answer),
                _ => say("it has other parts than these, and nothing was sent; once more:"),
            }
        }
    }
}

/// Whether what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    Shown,
    Hidden,
}

/// A line, read on a thread of its own: the runtime would wait for a read that nobody ends.
async fn typed(echo: Echo) -> Option<Secret> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let read = match echo {
            Echo::Hidden => rpassword::prompt_password("answer: "),
            Echo::Shown => line(),
        };
        let _ = sender.send(read.ok().map(Secret::new));
    });
    receiver.await.ok().flatten()
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}
