//! A list that was scrolled, of which each page that was saved shows the rows that were in sight: one page with all of them, as far
//! as they follow each other.
//!
//! Not here: rows that stand on pages of their own (`lists`).

use std::collections::BTreeSet;

use ego_tree::{NodeId, NodeRef, Tree};
use scraper::Node;

use super::rows::PLACE;
use super::{SimulateError, Work};
use crate::css::Css;
use crate::language::TransactionsRead;
use crate::read::page;

/// Puts the rows of pages into the last on which the list's end shows, in their order; its place. A page of which no row was in
/// sight before ends it: what lies between wasn't saved.
///
/// # Errors
/// Where the end shows on none, or nothing tells one row from another.
pub(super) fn join(
    works: &mut [Work<'_>],
    listed: &[usize],
    read: &TransactionsRead,
    end: &Css,
    left_out: &mut Vec<String>,
) -> Result<usize, SimulateError> {
    let first = listed.first().copied().unwrap_or(0);
    let refuse = |at: usize, why: String| SimulateError::File { file: works[at].recorded.file.to_owned(), why };
    let base = listed.iter().copied().rfind(|at| works[*at].document.shown(end).is_some());
    let base = base.ok_or_else(|| refuse(first, "its list was never scrolled until its end shows".to_owned()))?;
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut joined: Vec<(usize, NodeId)> = Vec::new();
    for at in listed {
        let shown = page(&works[*at].document, read, &PLACE).map_err(|failure| refuse(*at, failure.message))?;
        let keys: Option<Vec<String>> = shown.keys.into_iter().collect();
        let keys = keys.ok_or_else(|| refuse(*at, "one of its rows has no `key`".to_owned()))?;
        if !known.is_empty() && keys.iter().all(|key| !known.contains(key)) {
            left_out.push(format!("the rows from {} on, before which some weren't in sight", works[*at].recorded.file));
            break;
        }
        for (key, row) in keys.into_iter().zip(shown.rows) {
            if known.insert(key) {
                joined.push((*at, row.id()));
            }
        }
    }
    let own: Vec<NodeId> = page(&works[base].document, read, &PLACE)
        .map_err(|failure| refuse(base, failure.message))?
        .rows
        .into_iter()
        .map(|row| row.id())
        .collect();
    let Some(before) = own.first().copied() else { return Ok(base) };
    for (at, row) in joined {
        let copy = works[at].document.html.tree.get(row).map(copied);
        let tree = &mut works[base].document.html.tree;
        if let Some(copy) = copy {
            let copy = tree.extend_tree(copy).id();
            if let Some(mut before) = tree.get_mut(before) {
                before.insert_id_before(copy);
            }
        }
    }
    for row in own {
        if let Some(mut row) = works[base].document.html.tree.get_mut(row) {
            row.detach();
        }
    }
    Ok(base)
}

/// What is below a node, it included, as a tree.
fn copied(top: NodeRef<'_, Node>) -> Tree<Node> {
    let mut tree = Tree::new(top.value().clone());
    let root = tree.root().id();
    let mut work: Vec<(NodeRef<'_, Node>, NodeId)> = top.children().rev().map(|child| (child, root)).collect();
    while let Some((node, parent)) = work.pop() {
        let Some(id) = tree.get_mut(parent).map(|mut above| above.append(node.value().clone()).id()) else { continue };
        work.extend(node.children().rev().map(|child| (child, id)));
    }
    tree
}
