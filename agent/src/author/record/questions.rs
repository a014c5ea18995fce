//! What a recorder can't know and asks: in the terminal, of a file, or of nobody, whose answer is what was proposed.
//!
//! Not here: what is asked (`draft`), and what was typed at the bank, which nobody is asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use script::Question;

use super::terminal::{Heard, Terminal};
use crate::author::{ReadError, plain, plain_file, say};

/// How large a file of answers may be.
const LARGEST: u64 = 1024 * 1024;

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
    /// Those of a file: a JSON object of texts, by the questions' ids.
    pub(super) fn of_file(path: &Path) -> Result<Self, AnswersError> {
        let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
        if plain_file(path).map_err(unreadable)? > LARGEST {
            return Err(ReadError::TooLarge(path.to_owned()).into());
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let answers = serde_json::from_str(&text);
        Ok(Self::File(answers.map_err(|source| AnswersError::Form { path: path.to_owned(), source })?))
    }

    /// Answers one question; none where the author has had enough of the whole.
    pub(super) async fn of(&self, question: &Question, terminal: &mut Terminal) -> Option<String> {
        match self {
            Self::Proposed => Some(question.proposal.clone()),
            Self::File(answers) => Some(answers.get(&question.id).unwrap_or(&question.proposal).clone()),
            Self::Terminal => at_terminal(question, terminal).await,
        }
    }
}

async fn at_terminal(question: &Question, terminal: &mut Terminal) -> Option<String> {
    let choices =
        if question.choices.is_empty() { String::new() } else { format!(" ({})", question.choices.join(", ")) };
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
        if question.choices.is_empty() || question.choices.contains(&typed) {
            return Some(typed.to_owned());
        }
        say("that is none of them");
    }
}

#[cfg(test)]
mod tests {
    use script::Question;

    use super::{Answers, AnswersError};
    use crate::author::record::terminal::Terminal;

    #[tokio::test]
    async fn what_a_file_doesnt_answer_is_as_proposed_and_anything_else_is_no_file_of_answers() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.json");
        let question = |id: &str| Question {
            id: id.into(),
            asks: "What?".into(),
            proposal: "answer".into(),
            choices: vec!["answer", "code"],
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
        std::fs::write(&path, "[1]").expect("a file");
        assert!(matches!(Answers::of_file(&path), Err(AnswersError::Form { .. })));
        assert!(matches!(Answers::of_file(folder.path().join("none").as_path()), Err(AnswersError::Read(_))));
    }
}
