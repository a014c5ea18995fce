//! How a script signs in: which of its pages come before the list of accounts, in which order, what is filled in on each, and
//! how they lead on.
//!
//! Not here: what becomes of what was filled in; the portal that is simulated says that.

use domain::challenge::ChallengeKind;
use domain::institution::CredentialName;
use ego_tree::NodeId;
use scraper::ElementRef;

use super::leads::Lead;
use super::{SimulateError, SimulatedCode, SimulatedField, SimulatedStep, Work, place_of};
use crate::command::{Problem, Target};
use crate::css::root_of;
use crate::document::Document;
use crate::language::{Meaning, Page, Script, Source, Step};
use crate::roots::open;
use crate::ways::{agreed, fitting};

/// The pages of a script before its list of accounts that it acts on, in the order in which a portal shows them: a script is a
/// map and says no order, so who signs in is asked first, then for what only they have, and then whatever else there is.
fn stages(script: &Script) -> Vec<&Page> {
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
        let is_approved = |page: &Page| matches!(&page.meaning, Meaning::Challenge(challenge) if challenge.kind == ChallengeKind::AppApproval);
        is_passed && (!page.steps.is_empty() || is_approved(page)) && !inside.contains(&page.name.as_str())
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

/// Wires the pages before the list of accounts.
pub(super) fn sign_in(
    script: &Script,
    works: &mut [Work<'_>],
    left_out: &mut Vec<String>,
) -> Result<Vec<SimulatedStep>, SimulateError> {
    let failure = |works: &[Work<'_>], wanted: &str| {
        let of_code = |page: &str| match script.page(page).map(|page| &page.meaning) {
            Some(Meaning::Failure { code, .. }) => code.as_str() == wanted,
            _ => false,
        };
        works.iter().position(|work| of_code(work.recorded.page))
    };
    let mut steps = Vec::new();
    for page in stages(script) {
        if page.steps.iter().any(|step| matches!(step, Step::ClosePopup)) {
            left_out.push(format!("the page `{}`, which is in a window that is opened", page.name));
            continue;
        }
        let Some(at) = place_of(works, &page.name) else {
            left_out.push(format!("the page `{}`, of which none is saved", page.name));
            continue;
        };
        let file = works[at].recorded.file;
        let refuse = |why: &str| SimulateError::File { file: file.to_owned(), why: why.to_owned() };
        let own = joined_acts(&mut works[at].document, page).map_err(refuse)?;
        let place = steps.len();
        let asks = match &page.meaning {
            Meaning::Challenge(challenge) => Some(challenge),
            _ => None,
        };
        let is_approved = asks.is_some_and(|asked| asked.kind == ChallengeKind::AppApproval);
        let parts = own.fields.iter().filter(|(_, _, takes)| takes.starts_with("code.")).count();
        let code = asks.filter(|_| !is_approved).map(|asked| SimulatedCode {
            digits: if parts > 0 { parts } else { digits(&works[at].document, &own) },
            by_phone: asked.medium.is_some(),
        });
        let refused = match asks {
            // The look of the page that says that the answer before was wrong.
            Some(asked) => asked.refused.as_ref().and_then(|css| {
                works.iter().position(|work| work.recorded.page == page.name && work.document.shown(css).is_some())
            }),
            None => failure(works, "auth.credentials.invalid"),
        };
        let fields = own.fields.iter().map(|(id, name, takes)| SimulatedField {
            name: name.clone(),
            takes: takes.clone(),
            at_most: at_most(&works[at].document, *id),
        });
        steps.push(SimulatedStep { page: at, fields: fields.collect(), refused, code, is_approved });
        // Where a refusal shows the form again, it takes another answer.
        for shown in [Some(at), refused].into_iter().flatten() {
            let Ok(Acts { fields, sends: Some((sends, css)) }) = joined_acts(&mut works[shown].document, page) else {
                continue;
            };
            let wires = &mut works[shown].wires;
            if wires.leads.is_empty() {
                wires.fields = fields.into_iter().map(|(id, name, _)| (id, name)).collect();
                wires.put(sends, &css, Lead::Step(place));
            }
        }
    }
    if !steps.iter().any(|step| step.fields.iter().any(|field| field.takes == "password")) {
        return Err(SimulateError::Unsupported("a sign-in without a page on which a password is filled in"));
    }
    Ok(steps)
}

/// How many digits a code has: as many as its field takes.
fn digits(document: &Document, acts: &Acts) -> usize {
    let longest = acts.fields.first().and_then(|(id, _, _)| at_most(document, *id));
    longest.filter(|digits| (4..=10).contains(digits)).unwrap_or(6)
}

/// How many signs a field takes.
fn at_most(document: &Document, field: NodeId) -> Option<usize> {
    document.html.tree.get(field).and_then(scraper::ElementRef::wrap)?.attr("maxlength")?.parse().ok()
}

/// What the steps of a page act on in a document.
struct Acts {
    /// Each field, its name, and what it takes.
    fields: Vec<(NodeId, String, String)>,
    /// What sends them, and the selector that finds it; none where the page goes on by itself.
    sends: Option<(NodeId, String)>,
}

impl Acts {
    /// Whether all of it is in one root: what is filled in another isn't sent.
    fn is_joined(&self, document: &Document) -> bool {
        let root = |id: NodeId| document.html.tree.get(id).and_then(ElementRef::wrap).map(root_of);
        let Some((sends, _)) = &self.sends else { return true };
        self.fields.iter().all(|(field, _, _)| root(*field) == root(*sends))
    }
}

/// The same in one root: where what is filled stands in shadow roots apart from what sends it, the page has none any more.
fn joined_acts(document: &mut Document, page: &Page) -> Result<Acts, &'static str> {
    let found = acts(document, page)?;
    if found.is_joined(document) {
        return Ok(found);
    }
    open(&mut document.html.tree);
    let found = acts(document, page)?;
    if found.is_joined(document) {
        Ok(found)
    } else {
        Err("what is filled and what sends it are in two frames, which isn't simulated")
    }
}

/// Finds it.
fn acts(document: &Document, page: &Page) -> Result<Acts, &'static str> {
    match &page.meaning {
        Meaning::Challenge(challenge) if challenge.kind == ChallengeKind::Takeover => {
            return Err("only a person passes it, which isn't simulated");
        }
        Meaning::Challenge(challenge) if challenge.kind == ChallengeKind::AppApproval => {
            return match page.steps.as_slice() {
                [] => Ok(Acts { fields: Vec::new(), sends: None }),
                _ => Err("something is done on it beside what is approved elsewhere, which isn't simulated"),
            };
        }
        _ => {}
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
                let found = one(document, target).ok_or("what is clicked isn't found on it")?;
                sends = Some((found.id(), target.text().to_owned()));
            }
            Step::ClosePopup => return Err("it is in a popup, which isn't simulated"),
        }
    }
    let sends = Some(sends.ok_or("nothing on it is clicked")?);
    Ok(Acts { fields, sends })
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
