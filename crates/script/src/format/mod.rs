//! Formatting a script: keys in the order of the language, two blanks for each level, a blank line between pages,
//! comments where they belong. No text is written otherwise than its author did, quotes included, and a map on one line
//! stays on one line while it fits.
//!
//! What comes out says the same as what went in, and holds the same comments: that is compared before it is given away.
//! What can't be laid out without a guess, such as a text over several lines, is refused.
//!
//! Not here: whether the script is sound. A faulty one is laid out too, as long as it is YAML.

mod comments;
mod layout;
#[cfg(test)]
mod tests;
mod tree;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Position};
use crate::node::{Node, Value, tree as node_tree};

/// The script as it should be laid out.
///
/// # Errors
/// Why it can't be: it isn't YAML as the language has it, or has something that isn't laid out.
pub fn format(source: &str) -> Result<String, Diagnostics> {
    formatted(&source.replace("\r\n", "\n")).map_err(|fault| Diagnostics::new(source, vec![fault]))
}

fn formatted(source: &str) -> Result<String, Diagnostic> {
    let before = node_tree(source)?;
    let (root, comments) = tree::read(source)?;
    let Some(mut root) = root else { return Ok(source.to_owned()) };
    if root.kind == tree::Kind::List {
        return Err(refused(root.start, "a script is a map, and this is none"));
    }
    let texts = texts(&comments);
    let end = comments::attach(&mut root, comments, source);
    let laid_out = layout::print(&root, &end)?;

    let (_, comments) = tree::read(&laid_out)?;
    let is_same = shape(&before) == shape(&node_tree(&laid_out)?) && texts == self::texts(&comments);
    is_same.then_some(laid_out).ok_or_else(|| {
        let start = Position { line: 1, column: 1 };
        refused(start, "laid out, the script would say something else or lose a comment, so it is left as it is")
    })
}

/// What isn't laid out.
fn refused(at: Position, message: &str) -> Diagnostic {
    Diagnostic::new(DiagnosticCode::YamlSyntax, at, message)
}

/// The comments' texts, whatever their order.
fn texts(comments: &[tree::Comment]) -> Vec<String> {
    let mut texts: Vec<String> = comments.iter().map(|comment| comment.text.clone()).collect();
    texts.sort_unstable();
    texts
}

/// What a script says, whatever the order of the keys in its maps.
fn shape(node: &Node) -> String {
    match &node.value {
        Value::Empty => "-".into(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            // Equal keys stay in their order.
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|one, other| one.key.cmp(&other.key));
            let entries: Vec<String> =
                entries.iter().map(|entry| format!("{:?}:{}", entry.key, shape(&entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}
