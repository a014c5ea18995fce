//! `coordinator challenge list|answer|resend`.
//!
//! Not here: answering through the API, which needs a running coordinator; this needs
//! the store.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use domain::challenge::{Question, TermsAnswer};
use domain::id::ChallengeId;
use domain::secret::Secret;
use serde_json::json;

use super::{CommandError, Ground, print_table, printable};
use crate::config::Config;
use crate::fleet;
use crate::store::Challenge;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List what banks ask right now, of every organization.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Answer a question; the answer is read from stdin, so that it stays out of the
    /// shell's history. A bank's terms are answered with `accept` or `decline`.
    Answer {
        /// The challenge, from the list.
        id: String,
    },
    /// Have the bank send a new code, where its portal can be asked for one.
    Resend {
        /// The challenge, from the list.
        id: String,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let waiting = ground.store.waiting_challenges().await?;
        match self {
            Self::List { json } => list(&waiting, json),
            Self::Resend { id } => {
                let challenge = named(waiting, id)?;
                let (owner, connection) = (challenge.organization_id, challenge.connection_id);
                fleet::request_resend(&*ground.store, config, owner, connection, challenge.id).await?;
                eprintln!("The bank is asked for a new code.");
            }
            Self::Answer { id } => {
                let challenge = named(waiting, id)?;
                let answer = ask(&challenge)?;
                let (owner, connection) = (challenge.organization_id, challenge.connection_id);
                let (store, sealer) = (&*ground.store, &ground.sealer);
                fleet::answer_challenge(store, sealer, owner, connection, challenge.id, answer).await?;
                eprintln!("Answered; the run goes on.");
            }
        }
        Ok(())
    }
}

fn named(waiting: Vec<Challenge>, id: String) -> Result<Challenge, CommandError> {
    let wanted = id.parse::<ChallengeId>().ok();
    let challenge = waiting.into_iter().find(|challenge| Some(challenge.id) == wanted);
    challenge.ok_or(CommandError::Unknown { what: "open challenge", name: id })
}

fn list(challenges: &[Challenge], as_json: bool) {
    if as_json {
        let shown = challenges.iter().map(|challenge| {
            json!({
                "id": challenge.id,
                "connectionId": challenge.connection_id,
                "kind": challenge.question.kind,
                "maskedTarget": challenge.question.masked_target,
                "prompt": challenge.question.prompt,
                "terms": challenge.question.terms,
                "answerParts": challenge.question.answer_parts,
                "attemptsLeft": challenge.question.attempts_left,
                "resendsLeft": challenge.resends_left,
                "expiresAt": challenge.expires_at,
            })
        });
        outln!("{}", shown.collect::<serde_json::Value>());
        return;
    }
    let row = |challenge: &Challenge| {
        let question = &challenge.question;
        vec![
            challenge.id.to_string(),
            challenge.connection_id.to_string(),
            format!("{}{}", printable(&question.prompt), form(question)),
            question.attempts_left.to_string(),
            challenge.expires_at.to_string(),
        ]
    };
    print_table(&["ID", "CONNECTION", "THE BANK ASKS", "ATTEMPTS LEFT", "EXPIRES"], challenges.iter().map(row));
}

/// What an answer looks like, where it isn't one word of any kind.
fn form(question: &Question) -> String {
    if let Some(terms) = &question.terms {
        let (accept, decline) = (TermsAnswer::Accept, TermsAnswer::Decline);
        return format!(" (“{}”: {accept} or {decline})", printable(&terms.title));
    }
    question.answer_parts.map(|count| format!(" ({count} parts, with spaces between)")).unwrap_or_default()
}

fn ask(challenge: &Challenge) -> Result<Secret, CommandError> {
    let unreadable = |error: std::io::Error| CommandError::Said(format!("no answer could be read: {error}"));
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        eprint!("{}{}\n> ", printable(&challenge.question.prompt), form(&challenge.question));
        std::io::stderr().flush().map_err(unreadable)?;
    }
    let mut line = String::new();
    stdin.read_line(&mut line).map_err(unreadable)?;
    Ok(Secret::new(line))
}

#[cfg(test)]
mod tests {
    use domain::challenge::Question;
    use serde_json::json;

    use super::form;

    #[test]
    fn whoever_answers_terms_is_told_the_two_words() {
        let check = |more: serde_json::Value, expected: &str| {
            let mut question = json!({ "kind": "terms", "prompt": "Please accept.", "attemptsLeft": 1 });
            question.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            let question: Question = serde_json::from_value(question).expect("a question");
            assert_eq!(form(&question), expected);
        };
        let terms = json!({ "title": "Online Access Agreement", "sha256": "0".repeat(64) });
        check(json!({ "terms": terms }), " (“Online Access Agreement”: accept or decline)");
        check(json!({ "kind": "gridCard", "answerParts": 3 }), " (3 parts, with spaces between)");
        check(json!({ "kind": "oneTimeCode" }), "");
    }
}
