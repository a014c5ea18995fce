//! The words that a script itself says of its portal's pages: they are nobody's secret, and a page that is kept to try the
//! script on needs them to be recognised again. They are those of signs, headers, labels, `map` and selectors; nothing
//! without a letter is kept, as any number may be a customer's.
//!
//! Not here: what becomes of everything else on a page.

use std::collections::BTreeSet;

use crate::document::folded_case;
use crate::node::{Entry, Node, Value, tree};

/// How short a word may be to be kept; shorter ones stand within anything.
const SHORTEST: usize = 2;

/// How long a text may be in which words are looked for.
const LONGEST: usize = 4 * 1024;

/// What a script says, as far as it may stand on a page.
#[derive(Clone, Debug, Default)]
pub struct OwnWords {
    /// Whole texts, white space and case folded: those of signs, headers, labels, and what is in `map`.
    phrases: BTreeSet<String>,
    /// Pieces of selectors, case folded.
    pieces: BTreeSet<String>,
    /// The attributes that selectors name.
    attributes: BTreeSet<String>,
    /// Attributes with the whole values that selectors want of them, case folded: a number, too.
    values: BTreeSet<(String, String)>,
    /// Parts of addresses that pages are recognised by, as they are.
    addresses: BTreeSet<String>,
}

/// What a text of a script is to the portal's pages, by the key that it stands under.
#[derive(Clone, Copy)]
enum Says {
    /// Nothing: a setting, or what is filled in.
    Nothing,
    /// Neither does anything within: it is of files or of answers, and on no page.
    NothingWithin,
    /// A text that shows.
    Words,
    Selector,
    /// The one or the other.
    Either,
    /// Part of an address.
    Address,
    /// The name of an attribute.
    Attribute,
    /// A map from what the script names to texts that show, or selectors.
    Named,
    /// Pages by their names.
    Pages,
    /// A map from texts that show to words of the language.
    Mapped,
    /// A map from selectors to texts that show.
    Within,
    /// The ways to a field, or a map from selectors to what their options are called.
    Filled,
}

impl Says {
    fn under(key: &str) -> Self {
        match key {
            "pages" => Self::Pages,
            "captured" | "csv" => Self::NothingWithin,
            "columns" | "fields" | "pending" => Self::Named,
            "map" => Self::Mapped,
            "text" => Self::Within,
            "fill" => Self::Filled,
            "url" => Self::Address,
            "attribute" => Self::Attribute,
            "granted" | "refused" => Self::Either,
            "label" | "name" | "column" | "starts" | "after" | "before" | "blank" => Self::Words,
            "visible" | "absent" | "busy" | "click" | "message" | "target" | "prompt" | "table" | "records"
            | "skip" | "key" | "noPage" | "open" | "back" | "empty" | "unless" | "announced" | "next" | "choose"
            | "behind" | "more" | "scroll" | "end" | "from" | "to" | "answer" | "of" | "sign_out" => Self::Selector,
            _ => Self::Nothing,
        }
    }
}

impl OwnWords {
    /// Those of a script's text; none of one that is no YAML.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let mut own = Self::default();
        if let Ok(root) = tree(source) {
            own.add_node(&root, Says::Nothing);
        }
        own
    }

    /// Parts of addresses that pages are recognised by.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(String::as_str)
    }

    fn add_node(&mut self, node: &Node, says: Says) {
        match &node.value {
            Value::Empty => {}
            Value::Text(text) => self.add(text, says),
            Value::List(items) => items.iter().for_each(|item| self.add_node(item, says)),
            Value::Map(entries) => entries.iter().for_each(|entry| self.add_entry(entry, says)),
        }
    }

    fn add_entry(&mut self, entry: &Entry, around: Says) {
        let own = Says::under(&entry.key);
        match around {
            Says::NothingWithin => {}
            Says::Pages => self.add_node(&entry.value, Says::Nothing),
            Says::Named => self.add_node(&entry.value, Says::Either),
            Says::Mapped if matches!(entry.value.value, Value::Map(_)) => self.add_node(&entry.value, Says::Mapped),
            Says::Mapped => self.add(&entry.key, Says::Words),
            Says::Within => {
                self.add(&entry.key, Says::Selector);
                self.add_node(&entry.value, Says::Words);
            }
            Says::Filled if !matches!(entry.key.as_str(), "label" | "text" | "role" | "name") => {
                self.add(&entry.key, Says::Selector);
                self.add_node(&entry.value, Says::Words);
            }
            _ => self.add_node(&entry.value, own),
        }
    }

    fn add(&mut self, text: &str, says: Says) {
        match says {
            // A scalar under `text` is the words on a link.
            Says::Words | Says::Within | Says::Named => self.add_words(text),
            Says::Selector | Says::Filled => self.add_selector(text),
            Says::Either => {
                self.add_words(text);
                self.add_selector(text);
            }
            Says::Address => {
                self.add_words(text);
                self.addresses.extend(Some(text.to_owned()).filter(|text| is_telling(text)));
            }
            Says::Attribute => self.attributes.extend(Some(text.to_lowercase())),
            Says::Nothing | Says::NothingWithin | Says::Pages | Says::Mapped => {}
        }
    }

    fn add_words(&mut self, text: &str) {
        let phrase = folded_case(text.trim_end_matches(['…', '.']));
        // A text that a piece is cut out by may stand in an address.
        self.pieces.extend(Some(folded_case(text)).filter(|phrase| is_telling(phrase)));
        self.phrases.extend(Some(phrase).filter(|phrase| is_telling(phrase)));
        self.add_pieces(text);
    }

    fn add_selector(&mut self, text: &str) {
        self.add_pieces(text);
        for part in text.split('[').skip(1) {
            let name = part.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').next();
            self.attributes.extend(name.filter(|name| !name.is_empty()).map(str::to_lowercase));
        }
        self.values.extend(text.split('[').skip(1).filter_map(wanted));
        // What a selector wants of an attribute that people are told.
        let quoted = text.split(['"', '\'']).skip(1).step_by(2).map(folded_case);
        self.phrases.extend(quoted.filter(|phrase| is_telling(phrase)));
    }

    fn add_pieces(&mut self, text: &str) {
        let pieces = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-');
        self.pieces.extend(pieces.map(str::to_lowercase).filter(|piece| is_telling(piece)));
    }

    /// Whether selectors name the attribute.
    pub(super) fn name(&self, attribute: &str) -> bool {
        self.attributes.contains(attribute)
    }

    /// Whether a selector wants this value of the attribute.
    pub(super) fn want(&self, attribute: &str, value: &str) -> bool {
        !self.values.is_empty() && self.values.contains(&(attribute.to_owned(), folded_case(value)))
    }

    /// Whether the script says this very text.
    pub(super) fn say(&self, text: &str) -> bool {
        self.phrases.contains(&folded_case(text))
    }

    /// The words of what the script says, case folded.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let texts = self.phrases.iter().chain(&self.pieces);
        texts.flat_map(|text| text.split(|letter: char| !letter.is_alphabetic())).filter(|word| !word.is_empty())
    }

    /// A text of a page, scrubbed sign by sign, with the script's own texts in it as they were.
    pub(super) fn kept_in_text(&self, text: &str, scrubbed: String) -> String {
        restored(text, scrubbed, &self.phrases)
    }

    /// Of each sign of a text whether it is of a text that the script says.
    pub(super) fn signs_of_own(&self, text: &str) -> Vec<bool> {
        kept(text, &self.phrases)
    }

    /// The same for the value of an attribute, of which selectors name pieces.
    pub(super) fn kept_in_value(&self, value: &str, scrubbed: String) -> String {
        restored(value, scrubbed, &self.pieces)
    }
}

/// The attribute and the whole value that a selector wants of it, from behind its bracket.
fn wanted(part: &str) -> Option<(String, String)> {
    let (inside, _) = part.split_once(']')?;
    let (name, value) = inside.split_once('=')?;
    let value = folded_case(value.trim_end_matches(" i").trim_matches(['"', '\'', ' ']));
    // With a sign before the `=` it is a part of the value.
    let is_whole = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    (is_whole && !value.is_empty()).then(|| (name.to_lowercase(), value))
}

/// Whether a word tells anything: a number alone could be part of an amount, a day or an account's number.
fn is_telling(word: &str) -> bool {
    word.chars().count() >= SHORTEST && word.chars().any(char::is_alphabetic)
}

/// A text, white space and case folded, and of each of its bytes which sign of the text it came from.
fn folded_with_places(text: &str) -> (String, Vec<usize>) {
    let (mut folded, mut places) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
    for (place, letter) in text.chars().enumerate() {
        if !letter.is_whitespace() {
            folded.extend(letter.to_lowercase());
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
        places.resize(folded.len(), place);
    }
    (folded, places)
}

/// The scrubbed text with each of the words that stands alone in the text as it was. One whose signs aren't those of the
/// text one by one is left.
fn restored(text: &str, scrubbed: String, words: &BTreeSet<String>) -> String {
    if words.is_empty() || text.len() > LONGEST || scrubbed.chars().count() != text.chars().count() {
        return scrubbed;
    }
    let letters = text.chars().zip(scrubbed.chars()).zip(kept(text, words));
    letters.map(|((own, scrubbed), is_kept)| if is_kept { own } else { scrubbed }).collect()
}

/// Of each sign of a text whether it is of one of the words, which stands there alone.
fn kept(text: &str, words: &BTreeSet<String>) -> Vec<bool> {
    let mut is_kept = vec![false; text.chars().count()];
    if words.is_empty() || text.len() > LONGEST {
        return is_kept;
    }
    let (folded, places) = folded_with_places(text);
    for word in words {
        for (at, found) in folded.match_indices(word.as_str()) {
            let end = at + found.len();
            let before = folded.get(..at).and_then(|before| before.chars().next_back());
            let after = folded.get(end..).and_then(|after| after.chars().next());
            let goes_on = |edge: Option<char>, beyond: Option<char>| {
                edge.is_some_and(char::is_alphanumeric) && beyond.is_some_and(char::is_alphanumeric)
            };
            if goes_on(word.chars().next(), before) || goes_on(word.chars().next_back(), after) {
                continue;
            }
            let (Some(first), Some(last)) = (places.get(at), places.get(end.saturating_sub(1))) else { continue };
            is_kept.iter_mut().take(last + 1).skip(*first).for_each(|kept| *kept = true);
        }
    }
    is_kept
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
    columns: { amount: Amount due }
    windows: { days: 90, from: "#from-90", date: DD.MM.YYYY }
    limit: 200
    maskedNumber: { of: a, attribute: href, after: "&ACC=" }
    key: { of: "table[border='1'] b", after: "2026" }
    captured: { url: /accounts/, fields: { amount: cents } }
    files: [{ fill: { "#format": camt053 } }]
"##;

    fn check(html: &str, expected: &str) {
        let scrubbed = scrub_keeping(html, &["hunter2"], &OwnWords::of(SCRIPT)).html;
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
        check("<td>Transaction\n  History&nbsp;of Ada", "Transaction\n  History\u{a0}xx xxx");
        check("<td>AMOUNT&nbsp;&nbsp;DUE: 7", "AMOUNT\u{a0}\u{a0}DUE: 0");
        check("<td>İ Transaction History", "x Transaction History");
        // Settings are no words of a page, and numbers are no words at all.
        check("<td>1,234.90", "0,000.00");
        check("<td>200 of 2026-01-02", "000 xx 0000-00-00");
        check("<td>cents checking account", "xxxxx xxxxxxxx xxxxxxx");
        check("<a data-x='90 200 2026 from-90'></a>", "data-x=\"00 000 0000 from-90\"");
        check("<table border=1>", "<table border=\"1\">");
        check("<table border=12>", "<table border=\"00\">");
        check("<a href='/a?S=7&ACC=4711'>x</a>", "href=\"/a?x=0&amp;ACC=0000\"");
        check("<b id=row12></b>", "id=\"row12\"");
        check("<b id=row13></b>", "id=\"row00\"");
        let (options, kept) = (
            "<option value=camt053>7<option value=mt940>8",
            "<option value=\"camt053\">0</option><option value=\"xx000\">0</option>",
        );
        check(&format!("<select>{options}</select>"), kept);
        // A secret is one whatever the script says.
        check("<td>Transaction History of hunter2", "[secret]");
        check("<input value='Display hunter2'>", "value=\"[secret]\"");
    }

    #[test]
    fn without_a_scripts_words_a_page_is_scrubbed_as_ever() {
        let html = "<a href='/a?b=c'>Transaction History</a><input value=Display>";
        assert_eq!(scrub_keeping(html, &[], &OwnWords::default()).html, crate::scrub(html, &[]));
        assert_eq!(scrub_keeping(html, &[], &OwnWords::of("a: [")).html, crate::scrub(html, &[]));
    }
}
