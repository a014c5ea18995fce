//! What a draft of a recording can't know and asks: in the terminal, of a file, or of nobody, whose answer is what was proposed.
//! Whoever records and whoever drafts what was recorded elsewhere is asked alike.
//!
//! Not here: what is asked (the script crate's `draft`), and what was typed at the bank, which nobody is asked for.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::secret::Secret;
use script::{Draft, Question, masked};

use super::terminal::{Heard, Terminal};
use super::{ReadError, plain, plain_file, say};

/// How large a file of answers may be.
const LARGEST: u64 = 1024 * 1024;

/// How many times a draft is made anew with what was answered: an answer may lead to a question, and not for ever.
const ROUNDS: usize = 4;

/// Who answers, as the command line says it.
#[derive(Debug, Args)]
pub struct AnswerArguments {
    /// Take whatever is proposed, and ask nothing.
    #[arg(long, conflicts_with = "answers")]
    yes: bool,
    /// Take answers from this JSON file, by the questions' ids; what isn't in it is as proposed.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

impl AnswerArguments {
    /// Whoever that is; the author, where there is a terminal and nothing is said.
    ///
    /// # Errors
    /// When there is no such file of answers.
    pub(super) fn answers(&self) -> Result<Answers, AnswersError> {
        match (&self.answers, self.yes) {
            (Some(path), _) => Answers::of_file(path),
            (None, true) => Ok(Answers::Proposed),
            (None, false) if io::stdin().is_terminal() && io::stderr().is_terminal() => Ok(Answers::Terminal),
            (None, false) => Ok(Answers::Proposed),
        }
    }
}

/// A draft, and what was answered for it.
pub(super) struct Settled {
    pub(super) drafted: Draft,
    pub(super) given: BTreeMap<String, String>,
}

/// Who answers.
pub(super) enum Answers {
    /// The author, at the terminal.
    Terminal,
    /// A file; what isn't in it is as proposed.
    File(BTreeMap<String, String>),
    /// Whatever is proposed is taken.
    Proposed,
}

/// Why a file of answers can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It holds something else.
    #[error("{} holds no answers", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Answers {
    /// Makes a draft, and makes it anew until nothing of it is open; none where the author has had enough of the whole. Of what
    /// was typed nothing is asked.
    ///
    /// # Errors
    /// What making it fails with.
    pub(super) async fn settle<E>(
        &self,
        terminal: &mut Terminal,
        secrets: &[Secret],
        make: impl Fn(&BTreeMap<String, String>) -> Result<Draft, E>,
    ) -> Result<Option<Settled>, E> {
        let mut given = BTreeMap::new();
        let mut drafted = make(&given)?;
        for _ in 0..ROUNDS {
            let open = open(&drafted, &given, secrets);
            if open.is_empty() {
                break;
            }
            for (id, question) in open {
                let Some(answer) = self.of(&question, terminal).await else { return Ok(None) };
                given.insert(id, answer);
            }
            drafted = make(&given)?;
        }
        Ok(Some(Settled { drafted, given }))
    }

    /// Those of a file: a JSON object of texts, by the questions' ids.
    fn of_file(path: &Path) -> Result<Self, AnswersError> {
        let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
        if plain_file(path).map_err(unreadable)? > LARGEST {
            return Err(ReadError::TooLarge(path.to_owned()).into());
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let answers = serde_json::from_str(&text);
        Ok(Self::File(answers.map_err(|source| AnswersError::Form { path: path.to_owned(), source })?))
    }

    /// Answers one question; none where the author has had enough of the whole.
    async fn of(&self, question: &Question, terminal: &mut Terminal) -> Option<String> {
        match self {
            Self::Proposed => Some(question.proposal.clone()),
            Self::File(answers) => {
                let given = answers.get(&question.id);
                if let Some(unfit) = given.filter(|given| !question.takes(given)) {
                    let (id, taken) = (plain(&question.id), plain(&question.proposal));
                    say(&format!("`{}` answers nothing of `{id}`; `{taken}` is taken", plain(unfit)));
                }
                Some(given.filter(|given| question.takes(given)).unwrap_or(&question.proposal).clone())
            }
            Self::Terminal => at_terminal(question, terminal).await,
        }
    }
}

/// A question as it may be asked. What is proposed and may be chosen is the language's.
pub(super) fn clean_question(question: &Question, secrets: &[&str]) -> Question {
    Question { id: masked(&question.id, secrets), asks: masked(&question.asks, secrets), ..question.clone() }
}

/// The questions that aren't answered yet, each with its own id and as it may be asked.
pub(super) fn open(drafted: &Draft, given: &BTreeMap<String, String>, secrets: &[Secret]) -> Vec<(String, Question)> {
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    let open = drafted.questions.iter().filter(|question| !given.contains_key(&question.id));
    open.map(|question| (question.id.clone(), clean_question(question, &secrets))).collect()
}

async fn at_terminal(question: &Question, terminal: &mut Terminal) -> Option<String> {
    let choices = match question.numbers {
        Some([least, most]) => format!(" ({least} to {most})"),
        None if question.choices.is_empty() => String::new(),
        None => format!(" ({})", question.choices.join(", ")),
    };
    loop {
        say(&format!("{}{choices} [{}]", plain(&question.asks), plain(&question.proposal)));
        let line = match terminal.heard().await {
            Heard::Line(line) => line,
            Heard::End => String::new(),
            Heard::Interrupt => return None,
        };
        let typed = line.trim();
        if typed.is_empty() {
            return Some(question.proposal.clone());
        }
        if question.takes(typed) {
            return Some(typed.to_owned());
        }
        say("that is none of them");
    }
}

#[cfg(test)]
mod tests {
    use script::Question;

    use super::{Answers, AnswersError};
    use crate::author::terminal::Terminal;

    #[tokio::test]
    async fn what_a_file_doesnt_answer_is_as_proposed_and_anything_else_is_no_file_of_answers() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.json");
        let question = |id: &str| Question {
            id: id.into(),
            asks: "What?".into(),
            proposal: "answer".into(),
            choices: vec!["answer", "code"],
            numbers: None,
        };
        std::fs::write(&path, r##"{ "fill #pin": "code" }"##).expect("a file");
        let answers = Answers::of_file(&path).expect("answers");
        let mut nobody = Terminal::of(|| std::io::Cursor::new("")).expect("a terminal");
        for (id, expected) in [("fill #pin", "code"), ("medium", "answer")] {
            assert_eq!(answers.of(&question(id), &mut nobody).await.as_deref(), Some(expected));
        }
        assert_eq!(Answers::Proposed.of(&question("fill #pin"), &mut nobody).await.as_deref(), Some("answer"));
        // At a terminal what is none of the choices is asked for once more, and Enter or its end takes what is proposed.
        let mut terminal = Terminal::of(|| std::io::Cursor::new("nonsense\ncode\n\n")).expect("a terminal");
        for expected in ["code", "answer", "answer"] {
            assert_eq!(Answers::Terminal.of(&question("x"), &mut terminal).await.as_deref(), Some(expected));
        }
        let days = Question { choices: Vec::new(), proposal: "30".into(), numbers: Some([1, 90]), ..question("days") };
        let mut terminal = Terminal::of(|| std::io::Cursor::new("many\n91\n60\n")).expect("a terminal");
        assert_eq!(Answers::Terminal.of(&days, &mut terminal).await.as_deref(), Some("60"));
        std::fs::write(&path, r#"{ "days": "91", "medium": "nonsense" }"#).expect("a file");
        let answers = Answers::of_file(&path).expect("answers");
        assert_eq!(answers.of(&days, &mut nobody).await.as_deref(), Some("30"));
        assert_eq!(answers.of(&question("medium"), &mut nobody).await.as_deref(), Some("answer"));
        std::fs::write(&path, "[1]").expect("a file");
        assert!(matches!(Answers::of_file(&path), Err(AnswersError::Form { .. })));
        assert!(matches!(Answers::of_file(folder.path().join("none").as_path()), Err(AnswersError::Read(_))));
    }
}
