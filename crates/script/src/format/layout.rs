//! Printing a script: levels, lines, the order of keys.
//!
//! Not here: reading it (`tree`), or which comment is whose (`comments`).

use super::refused;
use super::tree::{Apart, Collection, Entry, Kind, Style, Value};
use crate::diagnostic::Diagnostic;
use crate::grammar::{Keys, Map, SCRIPT, Takes};

/// How long a line with a map in braces may be.
const WIDTH: usize = 120;

/// How far a level is moved to the right.
const STEP: usize = 2;

/// The script, with the comments at its top.
pub(super) fn print(root: &Collection, top: &[String]) -> Result<String, Diagnostic> {
    let mut lines = Lines(Vec::new());
    lines.comments(top, 0);
    lines.block(root, 0, Some(Takes::Map(&SCRIPT)))?;
    let mut text = lines.0.join("\n");
    text.push('\n');
    Ok(text)
}

struct Lines(Vec<String>);

impl Lines {
    fn push(&mut self, depth: usize, text: &str) {
        self.0.push(format!("{}{text}", " ".repeat(depth)));
    }

    /// One blank line, and never two, or one at the top.
    fn blank(&mut self) {
        if self.0.last().is_some_and(|line| !line.is_empty()) {
            self.0.push(String::new());
        }
    }

    fn comments(&mut self, comments: &[String], depth: usize) {
        for comment in comments {
            if comment.is_empty() {
                self.blank();
            } else {
                self.push(depth, comment);
            }
        }
    }

    /// A collection with a line for each entry.
    fn block(&mut self, collection: &Collection, depth: usize, takes: Option<Takes>) -> Result<(), Diagnostic> {
        for (index, entry) in ordered(collection, takes).into_iter().enumerate() {
            if index > 0 && (entry.apart == Apart::Yes || stands_apart(takes, &entry.name)) {
                self.blank();
            }
            self.comments(&entry.lead, depth);
            match collection.kind {
                Kind::Map => self.entry(entry, depth, within(takes, &entry.name))?,
                Kind::List => self.item(entry, depth, takes.map(each))?,
            }
        }
        self.comments(&collection.tail, depth);
        Ok(())
    }

    /// A key with its value.
    fn entry(&mut self, entry: &Entry, depth: usize, takes: Option<Takes>) -> Result<(), Diagnostic> {
        let Entry { key, value, .. } = entry;
        match value {
            Value::Empty => self.push(depth, &format!("{key}:")),
            Value::Scalar(text, _) => self.push(depth, &format!("{key}: {text}")),
            Value::Collection(below) => match flow_that_fits(below, depth + key.chars().count() + 2, takes)? {
                Some(flow) => self.push(depth, &format!("{key}: {flow}")),
                None => {
                    self.push(depth, &format!("{key}:"));
                    // Where it stood was behind what is on other lines now.
                    let column = if below.style == Style::Flow { Some(0) } else { None };
                    self.behind(entry, column);
                    return self.block(below, depth + STEP, takes);
                }
            },
        }
        self.behind(entry, None);
        Ok(())
    }

    /// An entry of a list.
    fn item(&mut self, entry: &Entry, depth: usize, takes: Option<Takes>) -> Result<(), Diagnostic> {
        match &entry.value {
            Value::Empty => self.push(depth, "-"),
            Value::Scalar(text, _) => self.push(depth, &format!("- {text}")),
            Value::Collection(below) => match flow_that_fits(below, depth + 2, takes)? {
                Some(flow) => self.push(depth, &format!("- {flow}")),
                None => {
                    let mut inner = Self(Vec::new());
                    inner.block(below, depth + STEP, takes)?;
                    // There is no line for the whole that it could stand behind.
                    if let Some((comment, _)) = &entry.behind {
                        self.push(depth, comment);
                    }
                    // What stands above the first key stands above the dash.
                    let is_entry = |line: &String| !line.trim_start().starts_with('#') && !line.is_empty();
                    let first = inner.0.iter().position(is_entry).unwrap_or_default();
                    for (index, line) in inner.0.iter().enumerate() {
                        match index.cmp(&first) {
                            std::cmp::Ordering::Less => self.push(depth, line.trim_start()),
                            std::cmp::Ordering::Equal => self.push(depth, &format!("- {}", line.trim_start())),
                            std::cmp::Ordering::Greater => self.0.push(line.clone()),
                        }
                    }
                    return Ok(());
                }
            },
        }
        self.behind(entry, None);
        Ok(())
    }

    /// The comment behind the line that was printed last, in its column or that one, where there is room.
    fn behind(&mut self, entry: &Entry, other: Option<usize>) {
        let (Some((comment, column)), Some(line)) = (&entry.behind, self.0.last_mut()) else { return };
        let column = other.unwrap_or(*column);
        let length = line.chars().count();
        let blanks = column.saturating_sub(1 + length).max(1);
        line.push_str(&" ".repeat(blanks));
        line.push_str(comment);
    }
}

/// A collection on one line, if it is one and there is room for it behind so many characters.
fn flow_that_fits(collection: &Collection, before: usize, takes: Option<Takes>) -> Result<Option<String>, Diagnostic> {
    if collection.entries.is_empty() {
        if !collection.tail.is_empty() || collection.style == Style::Block {
            let message = "a comment within an empty list or map isn't laid out";
            return Err(refused(collection.start, message));
        }
        return Ok(Some(empty(collection.kind).to_owned()));
    }
    let flow = (collection.style == Style::Flow).then(|| flow(collection, takes));
    Ok(flow.filter(|flow| before + flow.chars().count() <= WIDTH))
}

const fn empty(kind: Kind) -> &'static str {
    match kind {
        Kind::Map => "{}",
        Kind::List => "[]",
    }
}

fn flow(collection: &Collection, takes: Option<Takes>) -> String {
    if collection.entries.is_empty() {
        return empty(collection.kind).to_owned();
    }
    let value = |entry: &Entry, takes| match &entry.value {
        Value::Empty => String::new(),
        Value::Scalar(text, _) => text.clone(),
        Value::Collection(below) => flow(below, takes),
    };
    let entries = ordered(collection, takes);
    match collection.kind {
        Kind::List => {
            let items: Vec<String> = entries.iter().map(|entry| value(entry, takes.map(each))).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map => {
            let pair = |entry: &&Entry| {
                let value = value(entry, within(takes, &entry.name));
                format!("{}: {value}", entry.key).trim_end().to_owned()
            };
            let pairs: Vec<String> = entries.iter().map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

/// The map that is meant where a key takes this.
fn map_of(takes: Option<Takes>) -> Option<&'static Map> {
    match takes? {
        Takes::Map(map) | Takes::Or(_, map) => Some(map),
        Takes::Text(_) | Takes::Word(_) | Takes::Whole(..) | Takes::List(..) | Takes::OneOrMany(_) => None,
    }
}

/// What a key of a map takes.
fn within(takes: Option<Takes>, key: &str) -> Option<Takes> {
    map_of(takes)?.takes(key)
}

/// What each entry of a list is.
fn each(takes: Takes) -> Takes {
    match takes {
        Takes::List(each, _) | Takes::OneOrMany(each) => *each,
        takes => takes,
    }
}

/// The entries in the order of the language; what it doesn't know comes last.
fn ordered(collection: &Collection, takes: Option<Takes>) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = collection.entries.iter().collect();
    if let (Kind::Map, Some(Map { keys: Keys::Ordered(keys), .. })) = (collection.kind, map_of(takes)) {
        let place = |entry: &&Entry| keys.iter().position(|key| key.name == entry.name).unwrap_or(keys.len());
        entries.sort_by_key(place);
    }
    entries
}

/// Whether a blank line stands above every entry like this one.
fn stands_apart(takes: Option<Takes>, name: &str) -> bool {
    match map_of(takes).map(|map| map.id) {
        Some("script") => ["pages", "reads", "sign_out"].contains(&name),
        Some("pages" | "reads") => true,
        _ => false,
    }
}
