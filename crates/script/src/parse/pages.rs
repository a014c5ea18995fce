//! Reading the pages: how each is recognised and what it means.
//!
//! Not here: the steps on a page (`steps`), or whether a portal has such pages.

use domain::challenge::{ChallengeKind, Medium};
use domain::failure::FailureCode;

use super::first_login::{self, KEYS};
use super::steps::{Asks, steps, submitting};
use super::{css_list, pick};
use crate::diagnostic::DiagnosticCode as Code;
use crate::form::{Faults, Form, cut};
use crate::grammar;
use crate::language::{Challenge, Meaning, Page, Reads, Resend, Sign};
use crate::node::{Entry, Node, Value};

/// How many pages a script may have.
pub(crate) const PAGES_LIMIT: u32 = 200;

/// How many answers a run tries where the script doesn't say.
const DEFAULT_ATTEMPTS: u32 = 3;

/// How many new codes a run asks for where the script doesn't say.
const DEFAULT_RESENDS: u32 = 2;

pub(super) fn pages(node: &Node, faults: &mut Faults) -> Vec<Page> {
    let entries = faults.entries(node);
    let limit = usize::try_from(PAGES_LIMIT).unwrap_or(usize::MAX);
    if entries.len() > limit {
        faults.add(Code::ValueMalformed, node.at, format!("a script has at most {PAGES_LIMIT} pages"));
    }
    let mut pages = Vec::new();
    for entry in entries.into_iter().take(limit) {
        let is_name = entry.key.len() <= 64
            && entry.key.starts_with(|c: char| c.is_ascii_lowercase())
            && entry.key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_name {
            let message = format!("`{}` isn't the name of a page: lower-case letters, digits and `_`", cut(&entry.key));
            faults.add(Code::ValueMalformed, entry.at, message);
        }
        pages.push(page(&entry.key, &entry.value, faults));
    }
    pages
}

fn page(name: &str, node: &Node, faults: &mut Faults) -> Page {
    let mut form = Form::new(&grammar::PAGE, node, faults);
    let when = form.need("when", faults).map(|node| signs(node, faults)).unwrap_or_default();
    let said = ["failure", "challenge"].into_iter().chain(KEYS).chain(["goal"]);
    let said: Vec<_> = said.map(|key| (key, form.ask(key))).collect();
    let steps_node = form.ask("do");
    form.finish(faults);

    let mut meaning = Meaning::Passage;
    let mut first = None;
    for (key, node) in said {
        let Some(node) = node else { continue };
        if let Some(first) = first {
            let message = format!("a page is a `{first}` or a `{key}`, and this says both");
            faults.add(Code::KeyConflict, node.at, message);
        }
        first = Some(key);
        let read = match key {
            "failure" => failure(node, faults),
            "challenge" => challenge(node, faults).map(|challenge| Meaning::Challenge(Box::new(challenge))),
            key if KEYS.contains(&key) => first_login::meaning(key, node, faults),
            _ => {
                faults.word(node, &[("signed_in", Goal::SignedIn), ("signed_out", Goal::SignedOut)]).map(Goal::meaning)
            }
        };
        meaning = read.unwrap_or(meaning);
    }
    if let (Some("failure"), Some(node)) = (first, steps_node) {
        faults.add(Code::KeyConflict, node.at, "a run ends on a `failure`, so nothing is done there");
    }
    let steps = steps_node.map(|node| steps(node, faults)).unwrap_or_default();
    let at = steps_node.map_or(node.at, |node| node.at);
    super::steps::fit_the_meaning(at, asks(first, &meaning), &steps, faults);
    first_login::fit(at, first, &steps, faults);
    Page { name: name.to_owned(), when, meaning, steps }
}

/// What a person has to do with a page that says this `first`; what a challenge with faults is
/// isn't known.
fn asks(first: Option<&str>, meaning: &Meaning) -> Asks {
    match meaning {
        Meaning::Challenge(challenge) if challenge.kind == ChallengeKind::Takeover => Asks::Takeover,
        Meaning::Challenge(challenge) if !challenge.kind.takes_answer() => Asks::Approval,
        _ if first == Some("challenge") => Asks::Something,
        _ => Asks::Nothing,
    }
}

#[derive(Clone, Copy)]
enum Goal {
    SignedIn,
    SignedOut,
}

impl Goal {
    fn meaning(self) -> Meaning {
        match self {
            Self::SignedIn => Meaning::SignedIn,
            Self::SignedOut => Meaning::SignedOut,
        }
    }
}

/// How a page is recognised: everything in the map has to hold.
fn signs(node: &Node, faults: &mut Faults) -> Vec<Sign> {
    let before = faults.0.len();
    let mut form = Form::new(&grammar::WHEN, node, faults);
    let mut signs = Vec::new();
    if let Some(node) = form.ask("visible") {
        signs.extend(css_list(node, faults).into_iter().map(Sign::Visible));
    }
    if let Some(node) = form.ask("absent") {
        signs.extend(css_list(node, faults).into_iter().map(Sign::Absent));
    }
    if let Some(node) = form.ask("text") {
        for entry in faults.entries(node) {
            let within = faults.css_text(&entry.key, entry.at);
            let contains = faults.text(&entry.value);
            if let (Some(within), Some(contains)) = (within, contains) {
                signs.push(Sign::Text { within, contains: contains.to_owned() });
            }
        }
    }
    if let Some(node) = form.ask("url") {
        for node in faults.one_or_many(node) {
            signs.extend(faults.text(node).map(|part| Sign::Url(part.to_owned())));
        }
    }
    form.finish(faults);
    let is_positive = |sign: &Sign| !matches!(sign, Sign::Absent(_));
    if faults.0.len() == before && !signs.iter().any(is_positive) {
        let message = "a page is recognised by something that is there: `visible`, `text` or `url`";
        faults.add(Code::KeyMissing, node.at, message);
    }
    signs
}

fn failure(node: &Node, faults: &mut Faults) -> Option<Meaning> {
    let mut form = Form::new(&grammar::FAILURE, node, faults);
    let code = form.need("code", faults).and_then(|node| {
        let codes: Vec<(&'static str, FailureCode)> = FailureCode::ALL
            .iter()
            .filter(|code| is_a_portals_answer(**code))
            .map(|code| (code.as_str(), *code))
            .collect();
        faults.word(node, &codes)
    });
    let message = form.ask("message").and_then(|node| pick(node, faults));
    form.finish(faults);
    Some(Meaning::Failure { code: code?, message })
}

/// Whether a page can mean it; the other codes are what the runner itself finds, and families
/// are for codes that nobody knows.
pub(crate) fn is_a_portals_answer(code: FailureCode) -> bool {
    ["auth.", "mfa.", "portal."].iter().any(|prefix| code.as_str().starts_with(prefix))
        && !code.is_family()
        && code != FailureCode::CredentialsMissing
}

/// Whether a script says of a page that it asks this; terms have pages of their own.
pub(crate) const fn is_of_scripts(kind: ChallengeKind) -> bool {
    !matches!(kind, ChallengeKind::Terms)
}

fn challenge(node: &Node, faults: &mut Faults) -> Option<Challenge> {
    let mut form = Form::new(&grammar::CHALLENGE, node, faults);
    let kinds = ChallengeKind::ALL.iter().filter(|kind| is_of_scripts(**kind));
    let kinds = kinds.map(|kind| (kind.as_str(), *kind)).collect::<Vec<_>>();
    let kind = form.need("kind", faults).and_then(|node| faults.word(node, &kinds));
    let media = Medium::ALL.iter().map(|medium| (medium.as_str(), *medium)).collect::<Vec<_>>();
    let medium = form.ask("medium").and_then(|node| faults.word(node, &media));
    let target = form.ask("target").and_then(|node| pick(node, faults));
    let prompt = form.need("prompt", faults).and_then(|node| pick(node, faults));
    let refused = form.ask("refused").and_then(|node| faults.css(node));
    let attempts = form.ask("attempts").and_then(|node| faults.number(node, 1..=5));
    let resent = form.ask("resend");
    form.finish(faults);
    if let (Some(node), Some(kind)) = (resent, kind)
        && kind != ChallengeKind::OneTimeCode
    {
        let message = format!("a bank sends no new `{kind}`: `resend` belongs to a `oneTimeCode`");
        faults.add(Code::KeyConflict, node.at, message);
    }
    let resend = resent.and_then(|node| resend(node, faults));
    Some(Challenge {
        kind: kind?,
        medium,
        target,
        prompt: prompt?,
        refused,
        attempts: attempts.unwrap_or(DEFAULT_ATTEMPTS),
        resend,
    })
}

fn resend(node: &Node, faults: &mut Faults) -> Option<Resend> {
    let mut form = Form::new(&grammar::RESEND, node, faults);
    let click = form.need("click", faults).and_then(|node| submitting(node, faults));
    let said = form.ask("said").and_then(|node| pick(node, faults));
    let limit = form.ask("limit").and_then(|node| faults.number(node, 1..=3));
    form.finish(faults);
    Some(Resend { click: click?, said, limit: limit.unwrap_or(DEFAULT_RESENDS) })
}

/// Reports pages without any use, and a script without a goal. A fault in what a
/// page says isn't made two.
pub(super) fn used(node: &Node, reads: Option<&Reads>, faults: &mut Faults) {
    let Value::Map(pages) = &node.value else { return };
    let says = |page: &Entry, key: &str| match &page.value.value {
        Value::Map(entries) => entries.iter().any(|entry| entry.key == key),
        _ => true,
    };
    // Where the reads have faults of their own, it isn't known which pages they use.
    let is_read = |name: &str| {
        reads.is_none_or(|reads| {
            let is_visited = |visit: &crate::language::Visit| {
                visit.page == name || visit.onward.as_ref().is_some_and(|onward| onward.page == name)
            };
            let is_of_permissions = reads.permissions.as_ref().is_some_and(|read| read.on == name);
            is_of_permissions || reads.accounts.on == name || reads.visit.as_ref().is_some_and(is_visited)
        })
    };
    for page in pages {
        let has_use = ["do", "failure", "challenge", "goal"].into_iter().chain(KEYS).any(|key| says(page, key));
        if !has_use && !is_read(&page.key) {
            let message = format!("the page `{}` has no use: nothing is done, read or said there", cut(&page.key));
            let hint = "give it `do`, `failure`, `challenge` or `goal`, or read something `on` it".to_owned();
            faults.hinted(Code::PageMeaningless, page.at, message, hint);
        }
    }
    let is_goal = |page: &Entry| match &page.value.value {
        Value::Map(entries) => entries.iter().any(|entry| entry.key == "goal" && !is_text(&entry.value, "signed_out")),
        _ => false,
    };
    if !pages.iter().any(is_goal) {
        let hint = "the page that shows after a sign-in has `goal: signed_in`".to_owned();
        faults.hinted(Code::GoalMissing, node.at, "no page says that the sign-in worked", hint);
    }
}

fn is_text(node: &Node, wanted: &str) -> bool {
    matches!(&node.value, Value::Text(text) if text == wanted)
}
