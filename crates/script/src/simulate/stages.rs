//! How a script signs in: which of its pages come before the list of accounts, in which order, and what is filled in on each.
//!
//! Not here: what becomes of what was filled in; the portal that is simulated says that.

use domain::challenge::ChallengeKind;
use domain::institution::CredentialName;
use ego_tree::NodeId;
use scraper::ElementRef;

use crate::command::{Problem, Target};
use crate::document::Document;
use crate::language::{Meaning, Page, Script, Source, Step};
use crate::ways::{agreed, fitting};

/// The pages of a script before its list of accounts that it acts on, in the order in which a portal shows them: a script is a
/// map and says no order, so who signs in is asked first, then for what only they have, and then whatever else there is.
pub(super) fn stages(script: &Script) -> Vec<&Page> {
    let reads = &script.reads;
    let visited = reads.visit.iter().flat_map(|visit| {
        [Some(visit.page.as_str()), visit.onward.as_ref().map(|onward| onward.page.as_str())].into_iter().flatten()
    });
    let inside: Vec<&str> = visited.chain([reads.accounts.on.as_str()]).collect();
    let signs_in = |page: &Page| page.steps.iter().any(|step| credential(step).is_some());
    let last = script.pages.iter().rposition(signs_in).unwrap_or(0);
    let rank = |(at, page): &(usize, &Page)| match &page.meaning {
        Meaning::Challenge(_) => 1,
        _ if *at <= last => 0,
        _ => 2,
    };
    let acts = |page: &&Page| {
        let is_passed = matches!(page.meaning, Meaning::Passage | Meaning::Challenge(_) | Meaning::Terms(_));
        is_passed && !page.steps.is_empty() && !inside.contains(&page.name.as_str())
    };
    let mut pages: Vec<(usize, &Page)> = script.pages.iter().filter(acts).enumerate().collect();
    let at = |page: &Page| script.pages.iter().position(|other| other.name == page.name).unwrap_or(0);
    pages.iter_mut().for_each(|(place, page)| *place = at(page));
    pages.sort_by_key(|page| (rank(page), page.0));
    pages.into_iter().map(|(_, page)| page).collect()
}

fn credential(step: &Step) -> Option<CredentialName> {
    match step {
        Step::Fill { with: Source::Credential(name), .. } => Some(*name),
        _ => None,
    }
}

/// What the steps of a page act on in a document.
pub(super) struct Acts {
    /// Each field, its name, and what it takes.
    pub(super) fields: Vec<(NodeId, String, String)>,
    /// What sends them.
    pub(super) sends: NodeId,
}

/// Finds it.
pub(super) fn acts(document: &Document, page: &Page) -> Result<Acts, &'static str> {
    if let Meaning::Challenge(challenge) = &page.meaning
        && matches!(challenge.kind, ChallengeKind::AppApproval | ChallengeKind::Takeover)
    {
        return Err("what is asked on it is approved elsewhere, which isn't simulated");
    }
    let mut fields: Vec<(NodeId, String, String)> = Vec::new();
    let mut sends = None;
    for step in &page.steps {
        match step {
            Step::Fill { into, with } => {
                let field = one(document, into).ok_or("a field that is filled isn't found on it")?;
                let takes = match with {
                    Source::Credential(name) => name.to_string(),
                    Source::Answer => "code".to_owned(),
                    Source::AnswerPart(part) => format!("code.{part}"),
                    Source::NewPassword | Source::EnrolledCode => {
                        return Err("what is set on it isn't simulated");
                    }
                };
                let own = field.attr("name").filter(|name| !name.is_empty());
                let own = own.filter(|name| fields.iter().all(|(_, other, _)| other != name));
                let name = own.map_or_else(|| format!("field-{}", fields.len()), str::to_owned);
                fields.push((field.id(), name, takes));
            }
            Step::Click { target, .. } => {
                sends = Some(one(document, target).ok_or("what is clicked isn't found on it")?.id());
            }
            Step::ClosePopup => return Err("it is in a popup, which isn't simulated"),
        }
    }
    Ok(Acts { fields, sends: sends.ok_or("nothing on it is clicked")? })
}

/// The one thing that a target is; one that waits for a field to be filled counts as if it waited for nothing.
fn one<'d>(document: &'d Document, target: &Target) -> Option<ElementRef<'d>> {
    let fitting = fitting(document, target);
    match agreed(target, &fitting) {
        Ok(found) => Some(found),
        Err(Problem::NotActionable) => fitting.iter().find_map(|fitting| match fitting.all.as_slice() {
            [one] => Some(*one),
            _ => None,
        }),
        Err(_) => None,
    }
}
