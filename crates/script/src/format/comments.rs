//! Which entry a comment belongs to: the one on whose line it stands, or the next one, or, where it is further to the
//! right than that, the end of what stands above it.
//!
//! Not here: where a comment is printed then (`layout`).

use super::tree::{Apart, Collection, Comment, Entry, Kind, Stands, Style, Value};
use crate::diagnostic::Position;

/// The way to an entry: its place among those of the root, among those of that one, and so on.
type Way = Vec<usize>;

/// An entry that gets a line of its own.
struct Line {
    way: Way,
    at: Position,
    /// The last line of the entry itself, without what is below it.
    end: usize,
}

/// Gives each comment to an entry, and returns those at the top of the script.
pub(super) fn attach(root: &mut Collection, comments: Vec<Comment>, source: &str) -> Vec<String> {
    // A map in braces with a comment within can't be one line.
    break_up(root, &comments);
    let mut lines = Vec::new();
    list(root, &mut Vec::new(), &mut lines);
    let blank: Vec<bool> = source.lines().map(|line| line.trim().is_empty()).collect();
    let below_blank = |line: usize| line >= 2 && blank.get(line - 2).copied().unwrap_or_default();
    for Comment { text, at, stands } in comments {
        let own = (stands == Stands::Behind).then(|| lines.iter().rev().find(|line| holds(line, at))).flatten();
        if let Some(entry) = own.and_then(|line| entry_at(root, &line.way))
            && entry.behind.is_none()
        {
            entry.behind = Some((text, at.column));
            continue;
        }
        let spaced = if below_blank(at.line) { Apart::Yes } else { Apart::No };
        match belongs(root, &lines, at) {
            Belongs::Above(way) => {
                let Some(entry) = entry_at(root, &way) else { continue };
                if entry.lead.is_empty() {
                    entry.apart = spaced;
                } else if spaced == Apart::Yes {
                    entry.lead.push(String::new());
                }
                entry.lead.push(text);
            }
            Belongs::Tail(way) => {
                let Some(collection) = collection_at(root, &way) else { continue };
                if spaced == Apart::Yes {
                    collection.tail.push(String::new());
                }
                collection.tail.push(text);
            }
        }
    }
    for Line { way, at, .. } in &lines {
        let Some(entry) = entry_at(root, way) else { continue };
        if below_blank(at.line) {
            match entry.lead.is_empty() {
                true => entry.apart = Apart::Yes,
                false => entry.lead.push(String::new()),
            }
        }
    }
    // What stands at the top is about the script, whichever key comes first.
    root.entries.first_mut().map(|first| std::mem::take(&mut first.lead)).unwrap_or_default()
}

/// Whether a comment there stands on a line of the entry.
fn holds(line: &Line, at: Position) -> bool {
    line.at.line <= at.line && at.line <= line.end && line.at < at
}

fn break_up(collection: &mut Collection, comments: &[Comment]) {
    let is_within = |comment: &Comment| collection.start < comment.at && comment.at < collection.end;
    if collection.style == Style::Flow && comments.iter().any(is_within) {
        collection.style = Style::Block;
    }
    for entry in &mut collection.entries {
        if let Value::Collection(below) = &mut entry.value {
            break_up(below, comments);
        }
    }
}

/// The entries that get lines, in the order of the document.
fn list(collection: &Collection, way: &mut Way, lines: &mut Vec<Line>) {
    if collection.style == Style::Flow {
        return;
    }
    for (index, entry) in collection.entries.iter().enumerate() {
        way.push(index);
        let end = match &entry.value {
            Value::Empty => entry.at.line,
            Value::Scalar(_, end) => *end,
            Value::Collection(below) if below.style == Style::Flow => below.end.line,
            Value::Collection(_) => entry.at.line,
        };
        // An entry of a list has no line but that of what is in it.
        let is_below = matches!(&entry.value, Value::Collection(below) if below.style == Style::Block);
        let end = if entry.key.is_empty() && is_below { 0 } else { end };
        lines.push(Line { way: way.clone(), at: entry.at, end });
        if let Value::Collection(below) = &entry.value {
            list(below, way, lines);
        }
        way.pop();
    }
}

/// Where a comment that stands alone belongs.
enum Belongs {
    Above(Way),
    /// The end of the collection that this leads to.
    Tail(Way),
}

fn belongs(root: &Collection, lines: &[Line], at: Position) -> Belongs {
    let next = lines.iter().find(|line| line.at > at);
    let before = lines.iter().rev().find(|line| line.at < at);
    let Some(before) = before else {
        return next.map_or(Belongs::Tail(Vec::new()), |next| Belongs::Above(next.way.clone()));
    };
    if let Some(next) = next.filter(|next| at.column <= next.at.column) {
        return Belongs::Above(next.way.clone());
    }
    // From the innermost collection outwards: the first that begins as far to the left, or in whose braces it stands.
    for depth in (0..before.way.len()).rev() {
        let way = before.way.get(..depth).unwrap_or_default();
        let Some(collection) = collection_in(root, way) else { continue };
        let column = match collection.kind {
            // Where its dashes are.
            Kind::List => collection.start.column,
            Kind::Map => collection.entries.first().map_or(1, |entry| entry.at.column),
        };
        if column <= at.column || depth == 0 {
            return match next {
                // It isn't the end where another entry follows.
                Some(next) if next.way.starts_with(way) => Belongs::Above(next.way.clone()),
                _ => Belongs::Tail(way.to_vec()),
            };
        }
    }
    Belongs::Tail(Vec::new())
}

fn entry_at<'t>(root: &'t mut Collection, way: &[usize]) -> Option<&'t mut Entry> {
    let (last, above) = way.split_last()?;
    collection_at(root, above)?.entries.get_mut(*last)
}

fn collection_at<'t>(root: &'t mut Collection, way: &[usize]) -> Option<&'t mut Collection> {
    way.iter().try_fold(root, |collection, index| match &mut collection.entries.get_mut(*index)?.value {
        Value::Collection(below) => Some(below),
        Value::Empty | Value::Scalar(..) => None,
    })
}

fn collection_in<'t>(root: &'t Collection, way: &[usize]) -> Option<&'t Collection> {
    way.iter().try_fold(root, |collection, index| match &collection.entries.get(*index)?.value {
        Value::Collection(below) => Some(below),
        Value::Empty | Value::Scalar(..) => None,
    })
}
