//! The text of a script as scalars that know where they stand, so that one of them is written anew and all else stays: comments,
//! blank lines, the order of keys.
//!
//! Not here: what is written in their place.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Marker, Options, Parser};

/// A key or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    /// The keys above it, its own included where it is a key; `#` for an entry of a list.
    pub(super) path: Vec<String>,
    pub(super) stands: Stands,
    /// What it says.
    pub(super) text: String,
    /// Where, in bytes.
    pub(super) span: Range<usize>,
    /// On which line, from 1.
    pub(super) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Key,
    Value,
}

/// A map or a list that isn't closed yet.
enum Open {
    Map(Option<String>),
    List,
}

impl Scalar {
    /// Whether one of the keys above a value, or its own, is this.
    pub(super) fn is_under(&self, key: &str) -> bool {
        self.path.iter().any(|above| above == key)
    }

    /// The nearest key above it.
    pub(super) fn key(&self) -> &str {
        self.path.iter().rev().find(|key| *key != "#").map_or("", String::as_str)
    }

    /// The page that it is written under, where it is.
    pub(super) fn page(&self) -> Option<&str> {
        let [first, page, _, ..] = self.path.as_slice() else { return None };
        (first == "pages").then_some(page.as_str())
    }
}

/// All of a script's; none of one that is no YAML.
pub(super) fn scalars(source: &str) -> Vec<Scalar> {
    let offsets: Vec<usize> = source.char_indices().map(|(at, _)| at).chain([source.len()]).collect();
    let at = |marker: &Marker| offsets.get(marker.index()).copied().unwrap_or(source.len());
    let (mut open, mut found): (Vec<Open>, Vec<Scalar>) = (Vec::new(), Vec::new());
    for next in Parser::new_from_str_with_options(source, Options::default()) {
        let Ok((event, span)) = next else { return Vec::new() };
        match event {
            Event::Scalar(text, ..) => {
                let (start, end) = (at(&span.start), at(&span.end));
                let written = source.get(start..end).unwrap_or_default().trim_end();
                let stands = match open.last_mut() {
                    Some(Open::Map(key @ None)) => {
                        *key = Some(text.to_string());
                        Stands::Key
                    }
                    _ => Stands::Value,
                };
                let span = start..start + written.len();
                let line = source.get(..start).unwrap_or_default().matches('\n').count() + 1;
                found.push(Scalar { path: path(&open), stands, text: text.into_owned(), span, line });
                if stands == Stands::Value {
                    closed(&mut open);
                }
            }
            Event::SequenceStart(..) => open.push(Open::List),
            Event::MappingStart(..) => open.push(Open::Map(None)),
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                closed(&mut open);
            }
            _ => {}
        }
    }
    found
}

/// A value was there, so the next scalar of a map is a key.
fn closed(open: &mut [Open]) {
    if let Some(Open::Map(key)) = open.last_mut() {
        *key = None;
    }
}

fn path(open: &[Open]) -> Vec<String> {
    let part = |open: &Open| match open {
        Open::Map(key) => key.clone(),
        Open::List => Some("#".to_owned()),
    };
    open.iter().filter_map(part).collect()
}

/// The text with other texts in the place of these scalars.
pub(super) fn written(source: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = source.to_owned();
    for (span, new) in edits {
        if text.is_char_boundary(span.start) && text.is_char_boundary(span.end) && span.end <= text.len() {
            text.replace_range(span, &new);
        }
    }
    text
}

/// The text with a further page behind the others; `block` is what is written, the page's name on its first line.
pub(super) fn with_page(source: &str, block: &str) -> String {
    let scalars = scalars(source);
    let tops = scalars.iter().filter(|scalar| scalar.stands == Stands::Key && scalar.path.len() == 1);
    let next = tops.skip_while(|top| top.text != "pages").nth(1).map(|top| top.line);
    let lines: Vec<&str> = source.lines().collect();
    let mut end = next.map_or(lines.len(), |line| line - 1);
    // A comment above the next key is that key's.
    while end > 0 && lines.get(end - 1).is_some_and(|line| line.trim().is_empty() || line.starts_with('#')) {
        end -= 1;
    }
    let indented = block.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    let (before, after) = lines.split_at(end.min(lines.len()));
    let mut all: Vec<String> = before.iter().map(|line| (*line).to_owned()).chain([String::new()]).collect();
    all.extend(indented);
    all.extend(after.iter().map(|line| (*line).to_owned()));
    all.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{Stands, scalars, with_page, written};

    const SCRIPT: &str = "# Ö\nscript: 1\npages:\n  a: # first\n    when: { visible: \"#ä\", text: { h1: 'It''s' } }\n    do:\n      \
        - { fill: [\"#b\", { label: B }], with: answer }\n\n# What is read.\nreads:\n  x: y\n";

    #[test]
    fn every_scalar_knows_where_it_stands_and_one_is_written_anew_alone() {
        let found = scalars(SCRIPT);
        let told: Vec<String> = found
            .iter()
            .filter(|scalar| scalar.stands == Stands::Value)
            .map(|scalar| format!("{}:{}={}", scalar.line, scalar.path.join("."), scalar.text))
            .collect();
        assert_eq!(
            told,
            [
                "2:script=1",
                "5:pages.a.when.visible=#ä",
                "5:pages.a.when.text.h1=It's",
                "7:pages.a.do.#.fill.#=#b",
                "7:pages.a.do.#.fill.#.label=B",
                "7:pages.a.do.#.with=answer",
                "11:reads.x=y"
            ]
        );
        let edits = found
            .iter()
            .filter(|scalar| scalar.text.starts_with('#'))
            .map(|scalar| (scalar.span.clone(), "c".to_owned()));
        let expected = SCRIPT.replace("\"#ä\"", "c").replace("\"#b\"", "c");
        assert_eq!(written(SCRIPT, edits.collect()), expected);
    }

    #[test]
    fn a_page_comes_behind_the_others_and_before_what_is_said_of_the_next_key() {
        let expected = SCRIPT.replace("answer }\n", "answer }\n\n  b:\n    when: x\n");
        assert_eq!(with_page(SCRIPT, "b:\n  when: x"), expected);
        assert_eq!(with_page("pages:\n  a: b\n", "c:\n  d: e"), "pages:\n  a: b\n\n  c:\n    d: e\n");
    }
}
