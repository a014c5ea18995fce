//! A step of somebody else's file, of which each field is taken once, and what nobody took is told.
//!
//! Not here: what a field means.

use serde_json::{Map, Value as Json};

use super::Notes;

/// How long a text of a step may be, in bytes.
const TEXT: usize = 4_096;

/// The fields of a step that nobody took yet.
pub(super) struct Fields<'a> {
    /// Which step, from 1; none of the whole file.
    pub(super) step: Option<usize>,
    /// What it is called where something is told of it; empty for the whole file.
    pub(super) kind: String,
    fields: Vec<(&'a str, &'a Json)>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(step: Option<usize>, kind: &str, object: &'a Map<String, Json>) -> Self {
        let fields = object.iter().map(|(name, value)| (name.as_str(), value)).collect();
        Self { step, kind: kind.to_owned(), fields }
    }

    /// A field, whatever it holds; `null` is nothing.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a Json> {
        let at = self.fields.iter().position(|(known, _)| *known == name)?;
        Some(self.fields.swap_remove(at).1).filter(|value| !value.is_null())
    }

    /// A text that isn't too long; refused where it is another thing.
    pub(super) fn text(&mut self, name: &str, notes: &mut Notes) -> Option<&'a str> {
        let value = self.take(name)?;
        let text = value.as_str().filter(|text| text.len() <= TEXT);
        if text.is_none() {
            notes.refuse(self.step, format!("`{}` is no text, or a very long one", self.path(name)));
        }
        text
    }

    /// The same of a text that has to be there.
    pub(super) fn needed(&mut self, name: &str, notes: &mut Notes) -> Option<&'a str> {
        if !self.fields.iter().any(|(known, _)| *known == name) {
            notes.refuse(self.step, format!("`{}` is missing", self.path(name)));
            return None;
        }
        self.text(name, notes)
    }

    /// Leaves a field out, and says why; one that isn't there says nothing.
    pub(super) fn leave(&mut self, name: &str, why: &'static str, notes: &mut Notes) {
        if self.take(name).is_some() {
            notes.leave(self.step, self.path(name), why);
        }
    }

    /// Tells of whatever nobody took.
    pub(super) fn end(self, notes: &mut Notes) {
        for (name, _) in &self.fields {
            // A name is told, so it has to look like one.
            let plain = name.len() <= 40 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            let name = if plain { name } else { "…" };
            notes.leave(self.step, self.path(name), "nobody here knows this field");
        }
    }

    fn path(&self, name: &str) -> String {
        if self.kind.is_empty() { name.to_owned() } else { format!("{}.{name}", self.kind) }
    }
}
