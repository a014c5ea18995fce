//! One page of an account's list: what leads on from it, how it becomes the last there is, and how many rows it announces.
//!
//! Not here: reading the rows, or which page follows which (`lists`).

use domain::failure::Stage;
use ego_tree::NodeId;
use scraper::Node;

use crate::command::Act;
use crate::document::Document;
use crate::language::{Next, Pick, TransactionsRead};
use crate::read::{Place, announcements, page};
use crate::runner::{Listed, next_acts};
use crate::ways::found;

/// How many things may lead on from one page.
const LEADS_AT_MOST: usize = 64;

pub(super) const PLACE: Place = Place { stage: Stage::Transactions, account: None };

/// What leads to the next page, with the selector that finds it; none on the last.
///
/// # Errors
/// Where it isn't known which page is the last.
pub(super) fn leads_on(document: &Document, read: &TransactionsRead) -> Result<Option<(NodeId, String)>, String> {
    let rows = page(document, read, &PLACE).map_err(|failure| failure.message)?.sheet.rows.len();
    let listed = if rows == 0 { Listed::Nothing } else { Listed::Rows };
    let acts = next_acts(document, read, listed, &PLACE).map_err(|failure| failure.message)?;
    match acts.as_slice() {
        [] => Ok(None),
        [Act::Click { target }] => match found(document, target) {
            Ok(element) => Ok(Some((element.id(), target.text().to_owned()))),
            Err(_) => Err(format!("`{}`, which leads on, isn't one thing", target.text())),
        },
        _ => Err("more than a click leads on".to_owned()),
    }
}

/// Makes a page the last one: what leads on is taken out of it, or, where its list has to say that it ends by something that
/// can't be clicked, switched off.
///
/// # Errors
/// Where it still isn't the last by what the script says.
pub(super) fn end(document: &mut Document, read: &TransactionsRead) -> Result<bool, String> {
    let mut is_cut = false;
    for _ in 0..LEADS_AT_MOST {
        let Some((lead, _)) = leads_on(document, read)? else { return Ok(is_cut) };
        is_cut = true;
        let says_end = match &read.next {
            // Without it nothing would tell the last page from one that changed.
            Some(Next::Click { end: None, .. }) => false,
            _ => true,
        };
        if says_end {
            if let Some(mut node) = document.html.tree.get_mut(lead) {
                node.detach();
            }
        } else {
            super::wire::change(&mut document.html.tree, lead, &[("disabled", Some("")), ("href", None)]);
        }
    }
    Err("what leads on doesn't end".to_owned())
}

/// How many rows a page has, those that are announced beside them among them.
pub(super) fn count(document: &Document, read: &TransactionsRead) -> usize {
    let beside = announcements(document, read, &PLACE).ok().flatten().map_or(0, |sheet| sheet.rows.len());
    page(document, read, &PLACE).map_or(0, |page| page.sheet.rows.len()) + beside
}

/// Has the first page announce as many rows as there are now.
///
/// # Errors
/// Where the number isn't one text.
pub(super) fn announce(document: &mut Document, pick: &Pick, rows: usize) -> Result<(), String> {
    let Some(shown) = document.pick(pick) else { return Ok(()) };
    let wanted = rows.to_string();
    let within = match &pick.of {
        Some(css) => document.shown(css),
        None => document.elements().next(),
    };
    let texts: Vec<(NodeId, String)> = within
        .into_iter()
        .flat_map(|element| element.descendants())
        .filter_map(|node| Some((node.id(), node.value().as_text()?.to_string())))
        .collect();
    for (id, text) in texts {
        for (at, _) in text.match_indices(&shown) {
            let made = format!("{}{wanted}{}", &text[..at], &text[at + shown.len()..]);
            set(document, id, &made);
            if document.pick(pick).as_deref() == Some(&wanted) {
                return Ok(());
            }
            set(document, id, &text);
        }
    }
    Err("the number of rows that it announces can't be set".to_owned())
}

fn set(document: &mut Document, id: NodeId, text: &str) {
    if let Some(mut node) = document.html.tree.get_mut(id)
        && let Node::Text(own) = node.value()
    {
        own.text = text.into();
    }
}
