//! What a draft asks a person: what neither a page nor the trail tells.
//!
//! Not here: who answers. A question keeps its id from draft to draft, so that an answer finds it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;

/// Something to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// By what it is answered.
    pub id: String,
    /// It, in words.
    pub asks: String,
    /// What is taken unless somebody says otherwise.
    pub proposal: String,
    /// What may be answered; anything where it is empty.
    pub choices: Vec<&'static str>,
    /// The least and the most that may be answered, where it is a number.
    pub numbers: Option<[u32; 2]>,
}

impl Question {
    /// Whether that may be answered.
    #[must_use]
    pub fn takes(&self, answer: &str) -> bool {
        let is_number =
            |[least, most]: [u32; 2]| answer.trim().parse().is_ok_and(|number| (least..=most).contains(&number));
        self.numbers.is_none_or(is_number) && (self.choices.is_empty() || self.choices.contains(&answer))
    }
}

/// What was answered, and what is asked.
pub(super) struct Inquiry<'a> {
    answers: &'a BTreeMap<String, String>,
    pub(super) asked: Vec<Question>,
}

impl<'a> Inquiry<'a> {
    pub(super) const fn new(answers: &'a BTreeMap<String, String>) -> Self {
        Self { answers, asked: Vec::new() }
    }

    /// What was answered, whatever it is.
    pub(super) fn answered(&self, id: &str) -> Option<&'a str> {
        self.answers.get(id).map(String::as_str)
    }

    /// Asks one of several things; what was answered, or else what is proposed.
    pub(super) fn choose(
        &mut self,
        id: String,
        asks: String,
        proposal: &'static str,
        choices: &[&'static str],
    ) -> &'static str {
        let answer = self.answers.get(&id);
        let answer = answer.and_then(|answer| choices.iter().find(|choice| *choice == answer)).copied();
        if self.asked.iter().all(|known| known.id != id) {
            self.asked.push(Question {
                id,
                asks,
                proposal: proposal.to_owned(),
                choices: choices.to_vec(),
                numbers: None,
            });
        }
        answer.unwrap_or(proposal)
    }

    /// Asks for a number; what was answered, if it is one of these, or else what is proposed.
    pub(super) fn number(&mut self, id: &str, asks: &str, proposal: u32, of: RangeInclusive<u32>) -> u32 {
        let (own, asks, numbers) = (id.to_owned(), asks.to_owned(), Some([*of.start(), *of.end()]));
        let question = Question { id: own, asks, proposal: proposal.to_string(), choices: Vec::new(), numbers };
        let answer = self.answers.get(id).filter(|answer| question.takes(answer));
        let answer = answer.and_then(|answer| answer.trim().parse().ok());
        if self.asked.iter().all(|known| known.id != id) {
            self.asked.push(question);
        }
        answer.unwrap_or(proposal)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Inquiry;

    #[test]
    fn what_was_answered_counts_if_it_is_one_of_the_choices() {
        let answers = BTreeMap::from([("a".to_owned(), "code".to_owned()), ("b".to_owned(), "nonsense".to_owned())]);
        let mut inquiry = Inquiry::new(&answers);
        let mut choose = |id: &str| inquiry.choose(id.into(), "What?".into(), "answer", &["answer", "code"]);
        assert_eq!((choose("a"), choose("b"), choose("c"), choose("a")), ("code", "answer", "answer", "code"));
        assert_eq!(inquiry.asked.len(), 3);
    }

    #[test]
    fn a_number_that_was_answered_counts_if_there_can_be_so_many() {
        let answers = BTreeMap::from([("a".to_owned(), " 90 ".to_owned()), ("b".to_owned(), "0".to_owned())]);
        let mut inquiry = Inquiry::new(&answers);
        let mut number = |id: &str| inquiry.number(id, "How many?", 30, 1..=100);
        assert_eq!((number("a"), number("b"), number("c"), number("a")), (90, 30, 30, 90));
        assert_eq!(inquiry.asked.len(), 3);
    }
}
