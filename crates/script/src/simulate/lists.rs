//! How the pages of an account's list hang together: each leads to the next and the last is the last that there is; or they are
//! what comes of a choice; or they are one page that was scrolled.
//!
//! Not here: what leads on from one page (`rows`).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use ego_tree::NodeId;
use scraper::ElementRef;

use super::leads::Lead;
use super::{Own, SimulateError, SimulatedChoice, Work, place_of, rows, scrolled};
use crate::controls::value_of;
use crate::css::Css;
use crate::document::{is_disabled, name};
use crate::language::{Next, Script, TransactionsRead};

/// Has each list lead from page to page, and end with the last that was saved; takes the rows of accounts without pages out.
pub(super) fn follow(
    script: &Script,
    works: &mut [Work<'_>],
    owns: &mut Vec<Own>,
    left_out: &mut Vec<String>,
) -> Result<(), SimulateError> {
    let list_at = place_of(works, &script.reads.accounts.on).unwrap_or(0);
    for gone in owns.iter().filter(|own| !own.is_whole) {
        if let Some(mut row) = works[list_at].document.html.tree.get_mut(gone.row) {
            row.detach();
        }
    }
    owns.retain(|own| own.is_whole);
    let Some(read) = &script.reads.transactions else { return Ok(()) };
    for own in owns.iter_mut() {
        let shows_none = |at: &usize| read.unless.as_ref().is_some_and(|css| works[*at].document.shown(css).is_some());
        let (without, listed): (Vec<usize>, Vec<usize>) = own.rows.iter().partition(|at| shows_none(at));
        for at in &listed {
            works[*at].has_rows = true;
        }
        let followed = match &read.next {
            _ if listed.is_empty() => Vec::new(),
            Some(Next::Choose { of, click }) => choose(works, &listed, (of, click), left_out)?,
            Some(Next::Scroll { end, .. }) => vec![scrolled::join(works, &listed, read, end, left_out)?],
            _ => turn(works, &listed, read, left_out)?,
        };
        // Of pages of a list that grows the last has all rows.
        own.read = match &read.next {
            Some(Next::More(_)) => followed.last().copied().into_iter().collect(),
            _ => followed.clone(),
        };
        if own.details.is_some_and(|at| listed.contains(&at)) {
            own.details = followed.first().copied();
        }
        own.rows = if followed.is_empty() { without } else { followed };
        let total = own.read.iter().map(|at| rows::count(&works[*at].document, read)).sum();
        if let (Some(pick), Some(first)) = (&read.announced, own.rows.first()) {
            let file = works[*first].recorded.file.to_owned();
            rows::announce(&mut works[*first].document, pick, total)
                .map_err(|why| SimulateError::File { file, why })?;
        }
    }
    Ok(())
}

/// Has each page lead to the next; those that are led to.
fn turn(
    works: &mut [Work<'_>],
    listed: &[usize],
    read: &TransactionsRead,
    left_out: &mut Vec<String>,
) -> Result<Vec<usize>, SimulateError> {
    let mut followed = 0;
    for (place, here) in listed.iter().enumerate() {
        let work = &mut works[*here];
        let file = work.recorded.file;
        let refuse = |why| SimulateError::File { file: file.to_owned(), why };
        followed = place + 1;
        let Some((lead, css)) = rows::leads_on(&work.document, read).map_err(refuse)? else { break };
        if let Some(next) = listed.get(followed) {
            work.wires.put(lead, &css, Lead::Page(*next));
            work.leads_on = true;
        } else {
            rows::end(&mut work.document, read).map_err(refuse)?;
            left_out.push(format!("what comes after {file}, the last page of its list that is saved"));
        }
    }
    let (followed, lost) = listed.split_at(followed);
    left_out.extend(lost.iter().map(|at| format!("{}, to which nothing leads", works[*at].recorded.file)));
    Ok(followed.to_vec())
}

/// Has the choice on each page lead to the page on which that was chosen, the first of the choices first; choices of which no
/// page was saved are taken out.
fn choose(
    works: &mut [Work<'_>],
    listed: &[usize],
    (of, click): (&Css, &Css),
    left_out: &mut Vec<String>,
) -> Result<Vec<usize>, SimulateError> {
    let mut chosen: BTreeMap<usize, (String, usize)> = BTreeMap::new();
    for at in listed {
        let Work { document, recorded, .. } = &works[*at];
        let refuse = |why: &str| SimulateError::File { file: recorded.file.to_owned(), why: why.to_owned() };
        let options = document.options(of).ok_or_else(|| refuse("what is chosen on it isn't found"))?;
        let shown = options.into_iter().enumerate().find(|(_, option)| option.is_selected);
        let (place, option) = shown.ok_or_else(|| refuse("nothing is chosen on it"))?;
        match chosen.entry(place) {
            Entry::Vacant(free) => {
                free.insert((option.value, *at));
            }
            Entry::Occupied(_) => {
                left_out.push(format!("{}, on which the same is chosen as on another", recorded.file));
            }
        }
    }
    let pages: BTreeMap<String, usize> = chosen.values().cloned().collect();
    let mut lost = BTreeSet::new();
    for at in pages.values() {
        let work = &mut works[*at];
        let refuse = |why: &str| SimulateError::File { file: work.recorded.file.to_owned(), why: why.to_owned() };
        let field = work.document.shown(of).ok_or_else(|| refuse("what is chosen on it isn't found"))?;
        let sends = work.document.shown(click).ok_or_else(|| refuse("what asks for a choice isn't found on it"))?.id();
        let sent = field.attr("name").filter(|name| !name.is_empty()).unwrap_or("choice").to_owned();
        let field_id = field.id();
        let options = field.descendants().filter_map(ElementRef::wrap).filter(|element| &**name(element) == "option");
        let gone: Vec<(NodeId, String)> = options
            .filter(|option| !is_disabled(option))
            .map(|option| (option.id(), value_of(&option)))
            .filter(|(_, value)| !pages.contains_key(value))
            .collect();
        for (id, value) in gone {
            lost.insert(value);
            if let Some(mut option) = work.document.html.tree.get_mut(id) {
                option.detach();
            }
        }
        work.wires.fields = vec![(field_id, sent.clone())];
        work.wires.put(sends, click.text(), Lead::Choice(*at));
        work.choice = Some(SimulatedChoice { name: sent, pages: pages.clone() });
    }
    if let Some(at) = pages.values().next().filter(|_| !lost.is_empty()) {
        left_out.push(format!("{} choices beside {}, of which no page is saved", lost.len(), works[*at].recorded.file));
    }
    Ok(chosen.into_values().map(|(_, at)| at).collect())
}
