//! Pages as a bank changes them: a column of the transactions stands elsewhere, fields have other ids.
//!
//! Not here: faults that need no other page, such as a banner; a portal has those by itself.

use ego_tree::NodeId;
use scraper::ElementRef;

use super::wire::change;
use crate::document::Document;
use crate::language::{Page, Script, Shape, Step};
use crate::roots::declared;
use crate::ways::found;

/// The page with the first two columns of its transactions the other way round; none where it has no table of them.
pub(super) fn moved(script: &Script, html: &str) -> Option<String> {
    let read = script.reads.transactions.as_ref()?;
    let mut document = Document::parse(html).ok()?;
    let tables = read.layouts.iter().map(|layout| &layout.table).filter(|table| table.shape == Shape::Table);
    let (own, table) = tables.into_iter().find_map(|table| Some((table, document.shown(&table.css)?)))?;
    // A pager within it may be a table of its own.
    let around = |element: &ElementRef<'_>| {
        let tables = element.ancestors().filter_map(ElementRef::wrap);
        tables.into_iter().find(|above| above.value().name() == "table").map(|table| table.id())
    };
    let within = if table.value().name() == "table" { Some(table.id()) } else { around(&table) };
    let is_row = |element: &ElementRef<'_>| {
        let is_skipped = own.skip.as_ref().is_some_and(|skip| skip.fits(*element));
        element.value().name() == "tr" && around(element) == within && !is_skipped
    };
    let rows = table.descendants().filter_map(ElementRef::wrap).filter(is_row);
    let cells = rows.map(|row| {
        let is_cell = |cell: &ElementRef<'_>| matches!(cell.value().name(), "td" | "th");
        row.child_elements().filter(is_cell).collect::<Vec<_>>()
    });
    let pairs: Vec<(NodeId, NodeId)> = cells
        .filter_map(|cells| match cells.as_slice() {
            [first, second, _, ..] if [first, second].iter().all(|cell| cell.attr("colspan").is_none()) => {
                Some((first.id(), second.id()))
            }
            _ => None,
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    for (first, second) in pairs {
        if let Some(mut second) = document.html.tree.get_mut(second) {
            second.insert_id_after(first);
        }
    }
    Some(declared(document.html.tree.root()))
}

/// The page with other ids of the fields that are filled on it, and of what their labels are for; none where they have none.
pub(super) fn renamed(page: &Page, html: &str) -> Option<String> {
    let mut document = Document::parse(html).ok()?;
    let filled = page.steps.iter().filter_map(|step| match step {
        Step::Fill { into, .. } => found(&document, into).ok(),
        _ => None,
    });
    let ids: Vec<(NodeId, String)> =
        filled.filter_map(|field| Some((field.id(), field.attr("id")?.to_owned()))).collect();
    let labels: Vec<(NodeId, String)> = document
        .everything()
        .filter_map(|element| Some((element.id(), element.attr("for")?.to_owned())))
        .filter(|(_, named)| ids.iter().any(|(_, id)| id == named))
        .collect();
    if ids.is_empty() {
        return None;
    }
    for (node, id) in &ids {
        change(&mut document.html.tree, *node, &[("id", Some(&other(id)))]);
    }
    for (node, id) in &labels {
        change(&mut document.html.tree, *node, &[("for", Some(&other(id)))]);
    }
    Some(declared(document.html.tree.root()))
}

fn other(id: &str) -> String {
    format!("{id}-2")
}
