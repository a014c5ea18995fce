//! A layout as a script says it, and where.
//!
//! Not here: what it says.

use super::super::text::{Scalar, Stands};
use super::spots::{Group, Says};
use crate::draft::yaml_text;
use crate::language::{Debits, Layout, Shape, TransactionField};

/// A layout that was found.
pub(super) struct Laid<'g> {
    pub(super) group: &'g Group,
    pub(super) fields: Vec<(&'static str, Says)>,
    /// The one that was there.
    pub(super) layout: &'g Layout,
}

/// What is added to a script.
pub(super) struct Place {
    /// Where, in bytes, and on which line, from 1.
    pub(super) at: usize,
    pub(super) line: usize,
    pub(super) text: String,
}

/// The layout behind the others; none where the script isn't written line by line.
pub(super) fn place(source: &str, scalars: &[Scalar], laid: &Laid<'_>) -> Option<Place> {
    let is_within = |scalar: &&Scalar| matches!(scalar.path.as_slice(), [reads, list, _, ..] if reads == "reads" && list == "transactions");
    let within = || scalars.iter().filter(is_within);
    let of_layouts = || within().filter(|scalar| scalar.path.get(2).is_some_and(|key| key == "layouts"));
    let first = within().find(|scalar| scalar.stands == Stands::Key)?;
    let indent = before_on_line(source, first.span.start).filter(|before| before.trim().is_empty())?;
    let (last, mut lines, item) = match of_layouts().next_back() {
        None => (within().next_back()?, vec![format!("{indent}layouts:")], format!("{indent}  ")),
        Some(last) => {
            let first = of_layouts().find(|scalar| scalar.path.len() > 3)?;
            let item = before_on_line(source, first.span.start)?
                .strip_suffix("- ")
                .filter(|before| before.trim().is_empty())?;
            (last, Vec::new(), item.to_owned())
        }
    };
    for (at, line) in laid.lines(scalars).into_iter().enumerate() {
        lines.push(format!("{item}{}{line}", if at == 0 { "- " } else { "  " }));
    }
    let rest = source.get(last.span.end..)?;
    let (at, opens) = match rest.find('\n') {
        Some(end) => (last.span.end + end + 1, ""),
        None => (source.len(), "\n"),
    };
    let line = source.get(..last.span.end)?.matches('\n').count() + 2;
    Some(Place { at, line, text: format!("{opens}{}\n", lines.join("\n")) })
}

fn before_on_line(source: &str, at: usize) -> Option<&str> {
    let before = source.get(..at)?;
    before.get(before.rfind('\n').map_or(0, |end| end + 1)..)
}

impl Laid<'_> {
    fn lines(&self, scalars: &[Scalar]) -> Vec<String> {
        let key = match self.group.shape {
            Shape::Table => "table",
            Shape::Records => "records",
        };
        let mut lines = vec![format!("{key}: {}", yaml_text(&self.group.selector))];
        lines.extend(self.group.skip.as_ref().map(|skip| format!("skip: {}", yaml_text(skip))));
        lines.push("columns:".to_owned());
        lines.extend(self.fields.iter().map(|(field, says)| format!("  {field}: {}", says.written())));
        let has = |name: &str| self.fields.iter().any(|(field, _)| *field == name);
        let name = |field: TransactionField| {
            TransactionField::KNOWN.iter().find(|(_, known)| *known == field).map_or("", |(name, _)| *name)
        };
        if let Some((field, text)) = self.layout.pending.as_ref().filter(|(field, _)| has(name(*field))) {
            let is_it = |scalar: &&Scalar| {
                scalar.stands == Stands::Value
                    && scalar.path.get(2..).is_some_and(|path| *path == ["pending", name(*field)])
            };
            let text = scalars.iter().find(is_it).map_or(text, |scalar| &scalar.text);
            lines.push(format!("pending: {{ {}: {} }}", name(*field), yaml_text(text)));
        }
        if self.layout.debits == Debits::Signed && has("debit") {
            lines.push("signed: debit".to_owned());
        }
        lines
    }
}
