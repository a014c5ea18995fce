//! A script as a tree of entries that know their lines, with every scalar as its author wrote it; and its comments.
//!
//! Not here: which entry a comment belongs to (`comments`).

use serde_saphyr::granit_parser::{Event, Marker, Options, Parser, Placement, ScalarStyle, Span, StructureStyle};

use super::refused;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Position};

/// A comment.
#[derive(Debug)]
pub(super) struct Comment {
    /// From its `#` on, without blanks at its end.
    pub(super) text: String,
    pub(super) at: Position,
    pub(super) stands: Stands,
}

/// Where a comment stands on its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Alone,
    /// Behind something else.
    Behind,
}

/// A map or a list.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) kind: Kind,
    pub(super) style: Style,
    pub(super) entries: Vec<Entry>,
    /// Comments behind the last entry, and blank lines among them.
    pub(super) tail: Vec<String>,
    pub(super) start: Position,
    pub(super) end: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Map,
    List,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// An entry on each line.
    Block,
    /// In braces or brackets.
    Flow,
}

/// A key with its value, or an entry of a list.
#[derive(Debug)]
pub(super) struct Entry {
    /// As it is written; empty in a list.
    pub(super) key: String,
    /// As it is meant; empty in a list.
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) value: Value,
    /// Comments above it, and blank lines among them.
    pub(super) lead: Vec<String>,
    /// The comment behind it, and the column where it began.
    pub(super) behind: Option<(String, usize)>,
    /// Whether a blank line stands above it and its comments.
    pub(super) apart: Apart,
}

/// Whether a blank line stands above something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apart {
    Yes,
    No,
}

#[derive(Debug)]
pub(super) enum Value {
    Empty,
    /// As it is written, and the line on which it ends.
    Scalar(String, usize),
    Collection(Collection),
}

/// A value with the place at which it begins.
struct Placed {
    /// What it says, where it is a text.
    name: Option<String>,
    at: Position,
    value: Value,
}

/// A collection that isn't closed yet, and the key that waits for its value.
struct Open {
    collection: Collection,
    key: Option<(String, String, Position)>,
}

/// The root of the script, none where it is empty, and all comments in their order.
pub(super) fn read(source: &str) -> Result<(Option<Collection>, Vec<Comment>), Diagnostic> {
    let offsets: Vec<usize> = source.char_indices().map(|(at, _)| at).chain([source.len()]).collect();
    let slice = |span: &Span| {
        let at = |marker: &Marker| offsets.get(marker.index()).copied().unwrap_or(source.len());
        source.get(at(&span.start)..at(&span.end)).unwrap_or_default().trim().to_owned()
    };
    let mut options = Options::default();
    options.emit_comments = true;
    options.max_buffered_comment_events = usize::MAX;
    let (mut open, mut comments): (Vec<Open>, Vec<Comment>) = (Vec::new(), Vec::new());
    let mut root = None;
    for next in Parser::new_from_str_with_options(source, options) {
        let (event, span) = next.map_err(|error| {
            Diagnostic::new(DiagnosticCode::YamlSyntax, position(error.marker()), error.info().to_owned())
        })?;
        let at = position(&span.start);
        let placed = match event {
            Event::Comment(text, placement) => {
                let stands = if placement == Placement::Right { Stands::Behind } else { Stands::Alone };
                comments.push(Comment { text: format!("#{}", text.trim_end()), at, stands });
                continue;
            }
            Event::Scalar(text, style, ..) => {
                let written = slice(&span);
                if written.contains('\n') || matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    let message = "a text over several lines isn't laid out";
                    let hint = "write it on one line, in quotes where it needs them".to_owned();
                    return Err(refused(at, message).with_hint(Some(hint)));
                }
                let value =
                    if written.is_empty() { Value::Empty } else { Value::Scalar(written, position(&span.end).line) };
                Placed { name: Some(text.into_owned()), at, value }
            }
            Event::SequenceStart(style, ..) => {
                open.push(Open::new(Kind::List, style, at));
                continue;
            }
            Event::MappingStart(style, ..) => {
                open.push(Open::new(Kind::Map, style, at));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { mut collection, .. }) = open.pop() else { continue };
                collection.end = position(&span.end);
                if open.is_empty() {
                    root = Some(collection);
                    continue;
                }
                Placed { name: None, at: collection.start, value: Value::Collection(collection) }
            }
            _ => continue,
        };
        let Some(above) = open.last_mut() else {
            return Err(refused(at, "a script is a map, and this is none"));
        };
        above.place(placed)?;
    }
    Ok((root, comments))
}

impl Open {
    fn new(kind: Kind, style: StructureStyle, at: Position) -> Self {
        let style = if style == StructureStyle::Flow { Style::Flow } else { Style::Block };
        let collection = Collection { kind, style, entries: Vec::new(), tail: Vec::new(), start: at, end: at };
        Self { collection, key: None }
    }

    /// Puts a value, or the key of one, where it belongs.
    fn place(&mut self, placed: Placed) -> Result<(), Diagnostic> {
        let Placed { name, at, value } = placed;
        let (key, name, at) = match (self.collection.kind, self.key.take()) {
            (Kind::Map, Some(key)) => key,
            (Kind::Map, None) => {
                let written = match value {
                    Value::Scalar(written, _) => written,
                    Value::Empty | Value::Collection(_) => return Err(refused(at, "a key has to be a text")),
                };
                self.key = Some((written, name.unwrap_or_default(), at));
                return Ok(());
            }
            (Kind::List, _) => {
                if matches!(value, Value::Empty) {
                    return Err(refused(at, "an entry of a list that says nothing isn't laid out"));
                }
                (String::new(), String::new(), at)
            }
        };
        self.collection.entries.push(Entry { key, name, at, value, lead: Vec::new(), behind: None, apart: Apart::No });
        Ok(())
    }
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}
