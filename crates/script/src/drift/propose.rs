//! What a script would have to say where a page has changed: each proposal is the whole script with some of its texts written
//! anew, was tried on the page as it is and on those that are known, and waits for a person.
//!
//! Not here: accepting one; and what is written in the place of a thing (`mend`, `systematic`).

use domain::failure::{FailureCode, Stage};
use serde::Serialize;
use url::Url;

use super::lesson::{Lesson, buttons, passage, teach};
use super::mend::{Mend, mends};
use super::relaid::{Relaid, relaid};
use super::text::{Scalar, scalars, written};
use super::{Distance, KnownPage, Skeleton, Trouble, known_page, systematic};
use crate::Script;
use crate::document::Document;
use crate::draft::Sureness;
use crate::scrub::OwnWords;

/// From here on a page is another one, and not one that has changed.
const ANOTHER: Distance = Distance::of_thousandths(650);

/// How many buttons of an unknown page are offered.
const BUTTONS: usize = 6;

/// Something that a script could say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// Which one, from 1.
    pub number: usize,
    /// What it is, in a sentence.
    pub title: String,
    /// What speaks for it, a sentence each.
    pub why: Vec<String>,
    /// How sure it is.
    pub sureness: Sureness,
    /// What is written anew.
    pub changes: Vec<Change>,
    /// The whole script.
    pub source: String,
    /// What only a person can say, or has to look at.
    pub needs_person: Vec<String>,
}

/// A text of the script that is written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The line, from 1; of the script as it was.
    pub at: usize,
    /// What stands there; empty where something is added.
    pub before: String,
    /// What would.
    pub after: String,
}

/// Why nothing is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoProposal {
    /// The script isn't one that this version reads.
    Script,
    /// The page on which it failed wasn't kept, or isn't looked into.
    NoPage,
    /// Nothing is known of the pages as they were.
    NothingKnown,
    /// The page seems to have broken off: nothing new is on it, and its end isn't there.
    BrokenOff(String),
    /// It isn't a change of what a page is built of.
    OtherKind(FailureCode),
    /// What changed is known, and not what to write.
    Lost(Vec<String>),
}

impl std::fmt::Display for NoProposal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Script => out.write_str("the script of the ticket isn't one that this version reads"),
            Self::NoPage => out.write_str("the page on which it failed wasn't kept"),
            Self::NothingKnown => out.write_str("no page is known as it was before, so nothing can be compared"),
            Self::BrokenOff(page) => write!(
                out,
                "the page seems to have broken off: nothing new is on it, and the end of `{page}` isn't there; a script can't mend that"
            ),
            Self::OtherKind(code) => write!(out, "`{code}` isn't about what a page is built of"),
            Self::Lost(what) if what.is_empty() => out.write_str("all that the script looks for is on the page"),
            Self::Lost(what) => write!(out, "what changed can't be written by itself: {}", what.join("; ")),
        }
    }
}

impl std::error::Error for NoProposal {}

/// What a script could say for `trouble` to end, the likeliest first and what the pages disprove last. `known` are its pages as they were, `now` the page on which
/// it failed, all scrubbed.
///
/// # Errors
/// Why nothing is proposed.
pub fn propose(source: &str, known: &[KnownPage], now: &str, trouble: &Trouble) -> Result<Vec<Proposal>, NoProposal> {
    let is_of_layout = matches!(
        trouble.code,
        FailureCode::PageUnrecognised | FailureCode::ElementMissing | FailureCode::ElementAmbiguous
    );
    if !trouble.code.as_str().starts_with("script.") {
        return Err(NoProposal::OtherKind(trouble.code));
    }
    let ground = Ground::new(source, known, now)?;
    let near = ground.nearest();
    let named = trouble.page.as_deref().and_then(|page| near.iter().find(|(at, _)| ground.page(*at) == page));
    let (at, distance) = *named.or(near.first()).ok_or(NoProposal::NothingKnown)?;
    if ground.is_broken_off(at) {
        return Err(NoProposal::BrokenOff(ground.page(at).to_owned()));
    }
    if !is_of_layout {
        return Err(NoProposal::OtherKind(trouble.code));
    }
    let (mut proposals, mut disproved) = (Vec::new(), Vec::new());
    let mut lost = Vec::new();
    if distance < ANOTHER || named.is_some() {
        let (found, missing) = ground.repairs(at, trouble.target.as_deref());
        let is_sound = |one: &Proposal| !ground.is_disproved(&one.source, ground.page(at));
        (proposals, disproved) = found.into_iter().partition(is_sound);
        lost = missing;
    }
    let shows = ground.recognised(&ground.script);
    if trouble.code == FailureCode::PageUnrecognised && trouble.page.is_none() && shows.is_none() {
        let is_repaired =
            proposals.iter().any(|proposal| proposal.sureness >= Sureness::Likely && proposal.needs_person.is_empty());
        if !is_repaired {
            proposals.extend(ground.passages());
        }
    }
    proposals.extend(disproved);
    if proposals.is_empty() {
        return Err(NoProposal::Lost(lost));
    }
    proposals.iter_mut().enumerate().for_each(|(at, proposal)| proposal.number = at + 1);
    Ok(proposals)
}

/// All that proposals are made of.
pub(super) struct Ground<'s> {
    pub(super) source: &'s str,
    pub(super) script: Script,
    own: OwnWords,
    pub(super) known: &'s [KnownPage],
    pub(super) documents: Vec<Document>,
    pub(super) now: Document,
    now_html: &'s str,
}

impl<'s> Ground<'s> {
    pub(super) fn new(source: &'s str, known: &'s [KnownPage], now: &'s str) -> Result<Self, NoProposal> {
        let script = Script::parse(source).map_err(|_| NoProposal::Script)?;
        let parsed = Document::parse(now).map_err(|_| NoProposal::NoPage)?;
        if parsed.everything().nth(3).is_none() {
            return Err(NoProposal::NoPage);
        }
        let documents = known.iter().map(|page| Document::parse(&page.html)).collect::<Result<_, _>>();
        let documents = documents.map_err(|_| NoProposal::NothingKnown)?;
        Ok(Self { source, script, own: OwnWords::of(source), known, documents, now: parsed, now_html: now })
    }

    pub(super) fn page(&self, at: usize) -> &str {
        self.known.get(at).map_or("", |known| known.page.as_str())
    }

    /// The page as it would be kept for all.
    fn bare(&self) -> Skeleton {
        Skeleton::of(&known_page(self.now_html, &[], &self.own))
    }

    /// The known pages, the nearest first.
    fn nearest(&self) -> Vec<(usize, Distance)> {
        let now = self.bare();
        let far = |(at, page): (usize, &KnownPage)| (at, Skeleton::of(&page.html).distance(&now));
        let mut near: Vec<_> = self.known.iter().enumerate().map(far).collect();
        near.sort_by_key(|(_, distance)| *distance);
        near
    }

    fn is_broken_off(&self, at: usize) -> bool {
        let before = self.known.get(at).map(|page| Skeleton::of(&page.html)).unwrap_or_default();
        before.is_broken_off(&self.bare())
    }

    /// What mends the script for the page that was this one; and what nobody finds again.
    pub(super) fn repairs(&self, at: usize, target: Option<&str>) -> (Vec<Proposal>, Vec<String>) {
        let Some(before) = self.documents.get(at) else { return (Vec::new(), Vec::new()) };
        let page = self.page(at);
        let scalars = scalars(self.source);
        let mut proposals = Vec::new();
        if let Some((beginning, mends)) = systematic::mends(&scalars, &self.documents, before, &self.now) {
            let title =
                format!("Names that began with `{beginning}` begin otherwise: know them by their ends, on all pages");
            proposals.extend(self.proposal(title, mends, &[], page));
        }
        let mended = |scalars: &[Scalar]| mends(self.source, scalars, (&self.documents, at), &self.now, target);
        let others = |scalars: Vec<Scalar>| scalars.into_iter().filter(|one| !is_of_list(one)).collect::<Vec<_>>();
        let mut found = mended(&scalars);
        if !found.lost.is_empty() && self.script.read_at(Stage::Transactions) == Some(page) {
            match relaid(&self.script, self.source, &scalars, before, &self.now) {
                Relaid::Not => {}
                Relaid::Unlike(why) => found.lost.push(why),
                Relaid::Lost(why) => {
                    // A part of the list by itself is no repair.
                    found.mends = mended(&others(scalars)).mends;
                    found.lost.push(why);
                }
                Relaid::Found(mend, left) => {
                    let mut whole = mended(&others(scalars));
                    whole.mends.push(*mend);
                    whole.lost.extend(left);
                    let title =
                        format!("It is the page `{page}`, and its list is laid out otherwise: read that layout, too");
                    proposals.extend(self.proposal(title, whole.mends, &whole.lost, page));
                    return (proposals, whole.lost);
                }
            }
        }
        if !found.mends.is_empty() {
            let count = found.mends.len();
            let things = if count == 1 { "a thing of it is".to_owned() } else { format!("{count} things of it are") };
            let title = format!("It is the page `{page}`, and {things} called otherwise");
            proposals.extend(self.proposal(title, found.mends, &found.lost, page));
        }
        (proposals, found.lost)
    }

    fn proposal(&self, title: String, mends: Vec<Mend>, lost: &[String], page: &str) -> Option<Proposal> {
        let change = |mend: &Mend| Change {
            at: mend.line,
            before: self.source.get(mend.span.clone()).unwrap_or_default().to_owned(),
            after: mend.new.clone(),
        };
        let changes = mends.iter().map(change).collect();
        let mut why: Vec<String> = mends.iter().map(|mend| mend.why.clone()).collect();
        why.dedup();
        let sureness = mends.iter().map(|mend| mend.sureness).min().unwrap_or(Sureness::Guess);
        let source: String = written(self.source, mends.into_iter().map(|mend| (mend.span, mend.new)).collect());
        let needs_person = [lost.to_vec(), self.objections(&source, page)?].concat();
        let sureness = if self.is_disproved(&source, page) { Sureness::Guess } else { sureness };
        Some(Proposal { number: 0, title, why, sureness, changes, source, needs_person })
    }

    /// Whether the pages speak against a script whatever its steps do: one of them is taken for another by it, or for none.
    fn is_disproved(&self, source: &str, page: &str) -> bool {
        Script::parse(source).map_or(true, |script| !self.misread(&script, page).is_empty())
    }

    /// What the pages say against a script; none where it is no script.
    pub(super) fn objections(&self, source: &str, page: &str) -> Option<Vec<String>> {
        let script = Script::parse(source).ok()?;
        let mut objections = self.misread(&script, page);
        let trials = script.try_steps(page, self.now_html);
        objections.extend(trials.iter().filter(|trial| trial.is_fault()).map(|trial| trial.told()));
        Some(objections)
    }

    /// Which pages a script takes for others than they are; the page at hand is `page`.
    fn misread(&self, script: &Script, page: &str) -> Vec<String> {
        let mut misread = Vec::new();
        match self.recognised(script) {
            Some(shows) if shows == page => {}
            Some(shows) => misread.push(format!("the page is recognised as `{shows}` by it")),
            None => misread.push("the page isn't recognised by it".to_owned()),
        }
        for known in self.known {
            let before = seen(&self.script, &known.html);
            let after = seen(script, &known.html);
            if before != after && known.page != page {
                let said = |page: Option<String>| page.map_or("no page".to_owned(), |page| format!("`{page}`"));
                misread.push(format!("the page `{}` as it was is recognised as {} by it", known.page, said(after)));
            }
        }
        misread
    }

    /// The page of a script that the page as it is shows.
    pub(super) fn recognised(&self, script: &Script) -> Option<String> {
        seen(script, self.now_html)
    }

    /// The buttons of an unknown page, of which a person may choose one.
    fn passages(&self) -> Vec<Proposal> {
        let press = |button: &super::lesson::Button| {
            let added = passage(self, &button.selector)?;
            let source =
                teach(self.source, self.known, self.now_html, &Lesson::Passage { press: button.selector.clone() })
                    .ok()?;
            let at = self.source.lines().count();
            Some(Proposal {
                number: 0,
                title: format!("A page that nobody knows comes between: press {} and go on", button.called()),
                why: vec!["it is far from every page that is known".to_owned()],
                sureness: Sureness::Guess,
                changes: vec![Change { at, before: String::new(), after: added }],
                source,
                needs_person: vec![format!("whether {} may be pressed, whoever the customer is", button.called())],
            })
        };
        buttons(self).iter().take(BUTTONS).filter_map(press).collect()
    }
}

/// The page of a script that a document shows, as far as it tells without its address.
fn seen(script: &Script, html: &str) -> Option<String> {
    let url: Url = "https://portal.invalid/".parse().ok()?;
    let sights = script.sights(&url, html).ok()?;
    let shows = |sight: &&crate::Sight| sight.signs.iter().all(|sign| sign.holds || sign.sign.starts_with("url "));
    sights.iter().find(shows).map(|sight| sight.page.clone())
}

/// Whether a scalar says how the list of transactions is laid out.
fn is_of_list(scalar: &Scalar) -> bool {
    let [reads, list, key, ..] = scalar.path.as_slice() else { return false };
    let keys = ["table", "records", "skip", "empty", "columns", "date", "pending", "signed", "map", "layouts"];
    reads == "reads" && list == "transactions" && keys.contains(&key.as_str())
}

/// What a scalar says of a page's signs.
pub(super) fn signs<'s>(scalars: &'s [Scalar], page: &'s str) -> impl Iterator<Item = &'s Scalar> {
    scalars.iter().filter(move |scalar| scalar.page() == Some(page) && scalar.is_under("when"))
}

#[cfg(test)]
mod tests;
