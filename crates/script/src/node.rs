//! A script as a tree of texts, lists and maps in which everything knows its line
//! and column, so that the readers can report all faults at once.
//!
//! Not here: what any of it means. Anchors, aliases and tags are refused: a script
//! is read by people in a review, and what they see is what it says.

use serde_saphyr::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Tag};

use crate::diagnostic::{Diagnostic, DiagnosticCode, Position};

/// How large a script may be.
const SOURCE_LIMIT: usize = 256 * 1024;

/// How deep it may be nested; the language itself needs six.
const DEPTH_LIMIT: usize = 16;

/// A piece of a script.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: Position,
}

#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing stands there.
    Empty,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Position,
    pub(crate) value: Node,
}

impl Node {
    /// What kind of piece it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Empty => "nothing",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// A collection that isn't closed yet.
enum Open {
    List { at: Position, items: Vec<Node> },
    Map { at: Position, entries: Vec<Entry>, key: Option<(String, Position)> },
}

/// Builds the tree; the first thing that isn't YAML ends it.
pub(crate) fn tree(source: &str) -> Result<Node, Diagnostic> {
    let start = Position { line: 1, column: 1 };
    if source.len() > SOURCE_LIMIT {
        let message = format!("the script is larger than {} KiB", SOURCE_LIMIT / 1024);
        return Err(Diagnostic::new(DiagnosticCode::SourceTooLarge, start, message));
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(source, options) {
        let (event, span) = next.map_err(|error| syntax(position(error.marker()), error.info()))?;
        let at = position(&span.start);
        let node = match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(syntax(at, "a script is one document, and here begins a second one"));
                }
                continue;
            }
            Event::Scalar(text, style, anchor, tag) => {
                no_extras(at, anchor, tag.as_deref())?;
                scalar(text.into_owned(), style, at)
            }
            Event::SequenceStart(_, anchor, tag) => {
                no_extras(at, anchor, tag.as_deref())?;
                open.push(Open::List { at, items: Vec::new() });
                deep_enough(&open, at)?;
                continue;
            }
            Event::MappingStart(_, anchor, tag) => {
                no_extras(at, anchor, tag.as_deref())?;
                open.push(Open::Map { at, entries: Vec::new(), key: None });
                deep_enough(&open, at)?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { at, items }) => Node { value: Value::List(items), at },
                Some(Open::Map { at, entries, .. }) => Node { value: Value::Map(entries), at },
                None => continue,
            },
            Event::Alias(_) | Event::UnresolvedAlias(_) => return Err(extras(at)),
            _ => continue,
        };
        place(node, &mut open, &mut root)?;
    }
    Ok(root.unwrap_or(Node { value: Value::Empty, at: start }))
}

/// Puts a finished node where it belongs.
fn place(node: Node, open: &mut [Open], root: &mut Option<Node>) -> Result<(), Diagnostic> {
    match open.last_mut() {
        None => *root = Some(node),
        Some(Open::List { items, .. }) => items.push(node),
        Some(Open::Map { entries, key, .. }) => match key.take() {
            Some((key, at)) => entries.push(Entry { key, at, value: node }),
            None => match node.value {
                Value::Text(text) => *key = Some((text, node.at)),
                _ => return Err(syntax(node.at, "a key has to be a text")),
            },
        },
    }
    Ok(())
}

fn scalar(text: String, style: ScalarStyle, at: Position) -> Node {
    let is_plain = style == ScalarStyle::Plain;
    let value = match text.as_str() {
        "" | "~" | "null" if is_plain => Value::Empty,
        _ => Value::Text(text),
    };
    Node { value, at }
}

fn deep_enough(open: &[Open], at: Position) -> Result<(), Diagnostic> {
    if open.len() > DEPTH_LIMIT {
        return Err(syntax(at, "this is nested too deeply"));
    }
    Ok(())
}

fn no_extras(at: Position, anchor: usize, tag: Option<&Tag>) -> Result<(), Diagnostic> {
    if anchor > 0 || tag.is_some() {
        return Err(extras(at));
    }
    Ok(())
}

fn extras(at: Position) -> Diagnostic {
    syntax(at, "anchors, aliases and tags aren't part of the language")
        .with_hint(Some("write it out; to start a text with `*`, `&` or `!`, put it in quotes".into()))
}

fn syntax(at: Position, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(DiagnosticCode::YamlSyntax, at, message)
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}

#[cfg(test)]
mod tests {
    use super::{Node, Value, tree};

    /// The tree in one line, each text with its place.
    fn shown(node: &Node) -> String {
        let list = |items: Vec<String>| items.join(" ");
        match &node.value {
            Value::Empty => "-".into(),
            Value::Text(text) => format!("{text}@{}:{}", node.at.line, node.at.column),
            Value::List(items) => format!("[{}]", list(items.iter().map(shown).collect())),
            Value::Map(entries) => {
                let entry = |entry: &super::Entry| {
                    format!("{}@{}:{}={}", entry.key, entry.at.line, entry.at.column, shown(&entry.value))
                };
                format!("{{{}}}", list(entries.iter().map(entry).collect()))
            }
        }
    }

    fn check(source: &str, expected: Result<&str, &str>) {
        let found = tree(source)
            .map(|node| shown(&node))
            .map_err(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{source}");
    }

    #[test]
    fn everything_knows_where_it_stands() {
        check("a: b\nlist:\n  - 1\n  - 'é': {x: no}\n", Ok("{a@1:1=b@1:4 list@2:1=[1@3:5 {é@4:5={x@4:11=no@4:14}}]}"));
        check("a:\nb: ~\nc: ''\n", Ok("{a@1:1=- b@2:1=- c@3:1=@3:4}"));
        check("", Ok("-"));
        check("a: 1\na: 2\n", Ok("{a@1:1=1@1:4 a@2:1=2@2:4}"));
    }

    #[test]
    fn what_hides_a_text_is_refused() {
        let extras = "anchors, aliases and tags aren't part of the language";
        check("a: &x 1\n", Err(&format!("1:7 {extras}")));
        check("a: !secret 1\n", Err(&format!("1:12 {extras}")));
        check("a: 1\n---\nb: 2\n", Err("2:1 a script is one document, and here begins a second one"));
        check("? [a]\n: b\n", Err("1:3 a key has to be a text"));
        check(&format!("{}{}", "[".repeat(20), "]".repeat(20)), Err("1:17 this is nested too deeply"));
        check(&" ".repeat(300_000), Err("1:1 the script is larger than 256 KiB"));
    }
}
