//! Reading one map of a script key by key: what is there, what is missing, what
//! nobody asked for. Faults are collected, so that reading goes on after them.
//!
//! Not here: which keys there are (`grammar`), or what they mean (`parse`).

use std::fmt::Display;
use std::str::FromStr;

use crate::css::Css;
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code, Position, nearest};
use crate::grammar::Map;
use crate::node::{Entry, Node, Value};

/// Collects faults.
#[derive(Default)]
pub(crate) struct Faults(pub(crate) Vec<Diagnostic>, #[cfg(test)] pub(crate) Asked);

/// Every key that was asked for, each with the id of its map.
#[cfg(test)]
pub(crate) type Asked = std::collections::BTreeSet<(&'static str, &'static str)>;

impl Faults {
    pub(crate) fn add(&mut self, code: Code, at: Position, message: impl Into<String>) {
        self.hinted(code, at, message, None);
    }

    pub(crate) fn hinted(
        &mut self,
        code: Code,
        at: Position,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.0.push(Diagnostic::new(code, at, message).with_hint(hint.into()));
    }

    fn wanted(&mut self, wanted: &str, node: &Node) {
        self.add(Code::ValueType, node.at, format!("{wanted} is wanted here, and this is {}", node.kind()));
    }

    /// A text that isn't empty.
    pub(crate) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            Value::Text(_) => {
                self.add(Code::ValueType, node.at, "a text is wanted here, and this one is empty");
                None
            }
            _ => {
                self.wanted("a text", node);
                None
            }
        }
    }

    /// A text that may be nothing but white space.
    pub(crate) fn blank_text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => self.text(node),
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => {
                self.wanted("a list", node);
                &[]
            }
        }
    }

    /// One text or a list of at least one.
    pub(crate) fn one_or_many<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => {
                if items.is_empty() {
                    self.add(Code::ValueType, node.at, "a list with at least one entry is wanted here");
                }
                items
            }
            _ => std::slice::from_ref(node),
        }
    }

    /// The entries of a map, each key once.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node) -> Vec<&'n Entry> {
        let Value::Map(entries) = &node.value else {
            self.wanted("a map", node);
            return Vec::new();
        };
        let mut kept: Vec<&Entry> = Vec::new();
        let mut seen = std::collections::HashMap::new();
        for entry in entries {
            match seen.insert(entry.key.as_str(), entry.at.line) {
                None => kept.push(entry),
                Some(line) => {
                    let message = format!("`{}` stands here again; it was said on line {line}", entry.key);
                    self.add(Code::KeyDuplicate, entry.at, message);
                }
            }
        }
        kept
    }

    /// A word of a closed list.
    pub(crate) fn word<W: Copy>(&mut self, node: &Node, known: &[(&'static str, W)]) -> Option<W> {
        let word = self.text(node)?;
        let found = known.iter().find(|(known, _)| *known == word);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            self.unknown_word(node.at, word, &words);
        }
        found.map(|(_, value)| *value)
    }

    pub(crate) fn unknown_word(&mut self, at: Position, word: &str, known: &[&str]) {
        let message = format!("`{}` isn't one of {}", cut(word), known.join(", "));
        self.hinted(Code::WordUnknown, at, message, nearest(word, known.iter().copied()));
    }

    /// A text that some type reads.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&mut self, node: &Node) -> Option<T> {
        let text = self.text(node)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(Code::ValueMalformed, node.at, format!("`{}`: {error}", cut(text)));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(&mut self, node: &Node, bounds: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let number = self.text(node)?.parse().ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            let message = format!("a whole number from {} to {} is wanted here", bounds.start(), bounds.end());
            self.add(Code::ValueMalformed, node.at, message);
        }
        number
    }

    /// A CSS selector that works in a browser and on a saved page alike.
    pub(crate) fn css(&mut self, node: &Node) -> Option<Css> {
        let text = self.text(node)?;
        self.css_text(text, node.at)
    }

    pub(crate) fn css_text(&mut self, text: &str, at: Position) -> Option<Css> {
        match Css::parse(text) {
            Some(css) => Some(css),
            None => {
                let message = format!("`{}` isn't a CSS selector that works on saved pages too", cut(text));
                self.hinted(Code::SelectorMalformed, at, message, selector_hint(text));
                None
            }
        }
    }
}

fn selector_hint(text: &str) -> Option<String> {
    let instead = [
        (":enabled", "`:not([disabled])`"),
        (":disabled", "`[disabled]`"),
        (":visible", "the condition `visible`"),
        (":contains", "the condition `text`"),
        (":has-text", "the condition `text`"),
        ("xpath", "CSS"),
        ("//", "CSS"),
    ];
    let found = instead.iter().find(|(wrong, _)| text.contains(wrong));
    found.map(|(wrong, right)| format!("in place of `{wrong}`, use {right}"))
}

/// A text of the script short enough for a message.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A map whose keys are asked for one by one.
pub(crate) struct Form<'n> {
    map: &'static Map,
    pub(crate) at: Position,
    entries: Vec<&'n Entry>,
    asked: Vec<&'static str>,
}

impl<'n> Form<'n> {
    pub(crate) fn new(map: &'static Map, node: &'n Node, faults: &mut Faults) -> Self {
        Self { map, at: node.at, entries: faults.entries(node), asked: Vec::new() }
    }

    /// The value of a key that may be there.
    pub(crate) fn ask(&mut self, key: &'static str) -> Option<&'n Node> {
        debug_assert!(self.map.takes(key).is_some(), "the grammar knows no key `{key}` of {}", self.map.name);
        self.asked.push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value of a key that has to be there.
    pub(crate) fn need(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'n Node> {
        let found = self.ask(key);
        if found.is_none() {
            faults.add(Code::KeyMissing, self.at, format!("{} needs the key `{key}`", self.map.name));
        }
        found
    }

    /// Reports every key that was never asked for.
    pub(crate) fn finish(self, faults: &mut Faults) {
        let fitting = self.map.fitting(self.entries.iter().map(|entry| entry.key.as_str()));
        for entry in self.entries.iter().filter(|entry| !self.asked.contains(&entry.key.as_str())) {
            let message = format!("{} has no key `{}`", self.map.name, cut(&entry.key));
            let hint = match nearest(&entry.key, fitting.iter().copied()) {
                Some(hint) if !fitting.contains(&entry.key.as_str()) => hint,
                _ => format!("its keys here are {}", fitting.join(", ")),
            };
            faults.hinted(Code::KeyUnknown, entry.at, message, hint);
        }
        #[cfg(test)]
        faults.1.extend(self.asked.iter().map(|key| (self.map.id, *key)));
    }
}
