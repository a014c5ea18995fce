//! The words that a script itself says: they are nobody's secret, and a page that is kept to try the script on needs them
//! to be recognised again.
//!
//! Not here: what becomes of everything else on a page.

use std::collections::BTreeSet;

use crate::document::folded_case;
use crate::node::{Node, Value, tree};

/// How short a word may be to be kept; shorter ones stand within anything.
const SHORTEST: usize = 2;

/// How long a text may be in which words are looked for.
const LONGEST: usize = 4 * 1024;

/// What a script says, as far as it may stand on a page.
#[derive(Clone, Debug, Default)]
pub struct OwnWords {
    /// Whole texts, case folded: those of signs, headers, labels, and what is in `map`.
    phrases: BTreeSet<String>,
    /// Pieces of selectors, case folded.
    pieces: BTreeSet<String>,
    /// The attributes that selectors name.
    attributes: BTreeSet<String>,
}

impl OwnWords {
    /// Those of a script's text; none of one that is no YAML.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let mut own = Self::default();
        if let Ok(root) = tree(source) {
            own.add_node(&root);
        }
        own
    }

    fn add_node(&mut self, node: &Node) {
        match &node.value {
            Value::Empty => {}
            Value::Text(text) => self.add(text),
            Value::List(items) => items.iter().for_each(|item| self.add_node(item)),
            Value::Map(entries) => {
                for entry in entries {
                    self.add(&entry.key);
                    self.add_node(&entry.value);
                }
            }
        }
    }

    fn add(&mut self, text: &str) {
        let phrase = folded_case(text.trim_end_matches(['…', '.']));
        let pieces = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-');
        let is_word = |word: &String| word.chars().count() >= SHORTEST;
        self.pieces.extend(pieces.map(str::to_lowercase).filter(is_word));
        for part in text.split('[').skip(1) {
            let name = part.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').next();
            self.attributes.extend(name.filter(|name| !name.is_empty()).map(str::to_lowercase));
        }
        self.phrases.extend(Some(phrase).filter(is_word));
    }

    /// Whether selectors name the attribute.
    pub(super) fn name(&self, attribute: &str) -> bool {
        self.attributes.contains(attribute)
    }

    /// A text of a page, scrubbed sign by sign, with the script's own texts in it as they were.
    pub(super) fn kept_in_text(&self, text: &str, scrubbed: String) -> String {
        restored(text, scrubbed, &self.phrases)
    }

    /// The same for the value of an attribute, of which selectors name pieces.
    pub(super) fn kept_in_value(&self, value: &str, scrubbed: String) -> String {
        restored(value, scrubbed, &self.pieces)
    }
}

/// The scrubbed text with each of the words that stands alone in the text as it was. One whose signs aren't those of the
/// text one by one is left.
fn restored(text: &str, scrubbed: String, words: &BTreeSet<String>) -> String {
    let lower = text.to_lowercase();
    let count = text.chars().count();
    if words.is_empty() || text.len() > LONGEST || lower.chars().count() != count || scrubbed.chars().count() != count {
        return scrubbed;
    }
    let mut is_kept = vec![false; lower.len()];
    for word in words {
        for (at, found) in lower.match_indices(word.as_str()) {
            let before = lower.get(..at).and_then(|before| before.chars().next_back());
            let after = lower.get(at + found.len()..).and_then(|after| after.chars().next());
            let goes_on = |edge: Option<char>, beyond: Option<char>| {
                edge.is_some_and(char::is_alphanumeric) && beyond.is_some_and(char::is_alphanumeric)
            };
            if goes_on(word.chars().next(), before) || goes_on(word.chars().next_back(), after) {
                continue;
            }
            is_kept.iter_mut().skip(at).take(found.len()).for_each(|kept| *kept = true);
        }
    }
    let places = lower.char_indices().map(|(at, _)| is_kept.get(at) == Some(&true));
    let letters = text.chars().zip(scrubbed.chars()).zip(places);
    letters.map(|((own, scrubbed), is_kept)| if is_kept { own } else { scrubbed }).collect()
}

#[cfg(test)]
mod tests {
    use super::OwnWords;
    use crate::scrub::scrub_keeping;

    const SCRIPT: &str = r##"
pages:
  account:
    when: { text: { ">>> a": "Transaction History" }, visible: "input[value=Display]" }
reads:
  accounts:
    map: { type: { Compte courant …: checking } }
    open: "a[href*='FN=HIST'], #row12"
"##;

    fn check(html: &str, expected: &str) {
        let scrubbed = scrub_keeping(html, &["hunter2"], &OwnWords::of(SCRIPT));
        assert!(scrubbed.contains(expected), "{expected}:\n{scrubbed}");
    }

    #[test]
    fn what_a_script_says_stays_on_a_page_and_nothing_else_of_a_cell_does() {
        check("<a>Transaction History of Ada 7</a>", "<a>Transaction History xx xxx 0</a>");
        check("<td>COMPTE COURANT n° 4711", "COMPTE COURANT x");
        check("<td>Comptes courants", "xxxxxxx xxxxxxxx");
        check("<input value=Display>", "value=\"Display\"");
        check("<input value='Ada Lovelace'>", "value=\"xxx xxxxxxxx\"");
        check("<a href='/cgi/wt?S=abc9&FN=HIST&A=12'>x</a>", "href=\"/cgi/wt?x=xxx0&amp;FN=HIST&amp;x=00\"");
        check("<b id=row12></b>", "id=\"row12\"");
        check("<b id=row13></b>", "id=\"row00\"");
        // A secret is one whatever the script says.
        check("<td>Transaction History of hunter2", "[secret]");
        check("<input value='Display hunter2'>", "value=\"[secret]\"");
    }

    #[test]
    fn without_a_scripts_words_a_page_is_scrubbed_as_ever() {
        let html = "<a href='/a?b=c'>Transaction History</a><input value=Display>";
        assert_eq!(scrub_keeping(html, &[], &OwnWords::default()), crate::scrub(html, &[]));
        assert_eq!(scrub_keeping(html, &[], &OwnWords::of("a: [")), crate::scrub(html, &[]));
    }
}
