//! Reading what is done on a page, and checking that a submit is marked as the
//! effect that it is.
//!
//! Not here: what a driver makes of a step.

use domain::institution::CredentialName;
use domain::run::Effect;

use crate::command::{Target, Way};
use crate::diagnostic::{DiagnosticCode as Code, Position};
use crate::document::folded_case;
use crate::form::{Faults, Form};
use crate::grammar;
use crate::language::{Back, Source, Step};
use crate::node::{Node, Value};
use crate::ways::ROLES;

pub(super) fn steps(node: &Node, faults: &mut Faults) -> Vec<Step> {
    let nodes = faults.list(node);
    if nodes.is_empty() {
        faults.add(Code::ValueType, node.at, "`do` is a list with at least one step");
    }
    let mut steps = Vec::new();
    let mut filled: Vec<Filled> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let Some(step) = step(node, faults) else { continue };
        let is_last = index + 1 == nodes.len();
        match &step {
            Step::Fill { with, .. } => filled.extend(Filled::of(*with, node.at)),
            Step::ClosePopup if !is_last => {
                let message = "a closed popup is followed by other steps";
                let hint = "what shows then is another page".to_owned();
                faults.hinted(Code::PopupMisplaced, node.at, message, hint);
            }
            Step::ClosePopup => {}
            Step::Click { effect, .. } => {
                submits(&mut filled, *effect, node.at, faults);
                if let Some(effect) = effect
                    && !is_last
                {
                    let message = format!("the effect `{effect}` is followed by other steps");
                    let hint = "an effect is the last step of its page; what comes then is another page".to_owned();
                    faults.hinted(Code::EffectMisplaced, node.at, message, hint);
                }
            }
        }
        steps.push(step);
    }
    // That an answer isn't submitted is said where its challenge is.
    for secret in filled.iter().filter(|secret| secret.effect != Effect::Code) {
        let message = format!("{} is filled in, and no click after it submits it", secret.what);
        let hint = format!("end the steps with a click that has `effect: {}`", secret.effect);
        faults.hinted(Code::EffectMissing, secret.at, message, hint);
    }
    steps
}

/// A secret that stands in a field and wasn't submitted.
struct Filled {
    what: &'static str,
    /// What a click that submits it is.
    effect: Effect,
    at: Position,
}

impl Filled {
    fn of(source: Source, at: Position) -> Option<Self> {
        let (what, effect) = match source {
            Source::Credential(CredentialName::Password) => ("the password", Effect::Password),
            Source::Answer | Source::AnswerPart(_) => ("the answer", Effect::Code),
            Source::NewPassword => ("the new password", Effect::NewPassword),
            Source::EnrolledCode => ("the authenticator's code", Effect::Enrol),
            Source::Credential(_) => return None,
        };
        Some(Self { what, effect, at })
    }
}

/// A click after a password or an answer was filled in has to be the effect of it,
/// and no other.
fn submits(filled: &mut Vec<Filled>, marked: Option<Effect>, at: Position, faults: &mut Faults) {
    // Whoever sets another password says the one before it.
    let is_set_anew = filled.iter().any(|filled| filled.effect == Effect::NewPassword);
    for Filled { what, effect, .. } in filled.drain(..) {
        let effect = if is_set_anew && effect == Effect::Password { Effect::NewPassword } else { effect };
        let (message, hint) = match marked {
            Some(marked) if marked == effect => continue,
            Some(marked) => (
                format!("this click may submit {what} and is marked as the effect `{marked}`"),
                format!("use `effect: {effect}`; each secret is submitted on a page of its own"),
            ),
            None => (
                format!("this click may submit {what} and isn't marked as an effect"),
                format!("add `effect: {effect}`"),
            ),
        };
        faults.hinted(Code::EffectMissing, at, message, hint);
    }
}

fn step(node: &Node, faults: &mut Faults) -> Option<Step> {
    let mut form = Form::new(&grammar::STEP, node, faults);
    let (fill, click) = (form.ask("fill"), form.ask("click"));
    if fill.is_none() && click.is_none() && form.ask("close").is_some() {
        let step = closed(&mut form, faults);
        form.finish(faults);
        return step;
    }
    let step = match (fill, click) {
        (Some(fill), None) => {
            let with = form.need("with", faults).and_then(|node| source(node, faults));
            // The wrong field would get the secret, so one way alone isn't believed where there are more.
            let votes = with.map_or(1, |with| if Filled::of(with, node.at).is_some() { 2 } else { 1 });
            target(fill, votes, faults).zip(with).map(|(into, with)| Step::Fill { into, with })
        }
        (None, Some(click)) => {
            let effects: Vec<_> = Effect::ALL.iter().map(|effect| (effect.as_str(), *effect)).collect();
            let effect = form.ask("effect").and_then(|node| faults.word(node, &effects));
            let votes = if effect.is_some() { 2 } else { 1 };
            target(click, votes, faults).map(|target| Step::Click { target, effect })
        }
        (Some(_), Some(_)) => {
            faults.add(Code::KeyConflict, node.at, "a step does one thing: `fill` or `click`");
            return None;
        }
        (None, None) => {
            faults.add(Code::KeyMissing, node.at, "a step needs the key `fill`, `click` or `close`");
            // What belongs to either is no fault of its own.
            form.ask("with");
            form.ask("effect");
            None
        }
    };
    form.finish(faults);
    step
}

/// What `close` says: a popup is all that can be closed.
fn closed(form: &mut Form<'_>, faults: &mut Faults) -> Option<Step> {
    let closed = form.need("close", faults).and_then(|node| faults.word(node, &[("popup", ())]));
    closed.map(|()| Step::ClosePopup)
}

/// What leads back from a page: a selector, or that its popup is closed.
pub(super) fn back(node: &Node, faults: &mut Faults) -> Option<Back> {
    let Value::Map(_) = node.value else {
        return faults.css(node).map(Back::Click);
    };
    let mut form = Form::new(&grammar::CLOSE, node, faults);
    let closed = form.need("close", faults).and_then(|node| faults.word(node, &[("popup", ())]));
    form.finish(faults);
    closed.map(|()| Back::ClosePopup)
}

/// What is clicked with an effect.
pub(super) fn submitting(node: &Node, faults: &mut Faults) -> Option<Target> {
    target(node, 2, faults)
}

/// What is acted on, by one way or several of which so many have to agree.
fn target(node: &Node, votes: usize, faults: &mut Faults) -> Option<Target> {
    let nodes = faults.one_or_many(node);
    if nodes.is_empty() {
        faults.add(Code::ValueType, node.at, "a way to find it is wanted here, and this list is empty");
    }
    let mut ways: Vec<Way> = Vec::new();
    for node in nodes {
        let Some(way) = way(node, faults) else { continue };
        if ways.contains(&way) {
            faults.add(Code::KeyDuplicate, node.at, "this way to find it was said already");
        }
        ways.push(way);
    }
    let mut ways = ways.into_iter();
    // One that is faulty would be missed by the others.
    Some(Target::new(ways.next()?, ways.collect(), votes)).filter(|target| target.ways().len() == nodes.len())
}

/// A selector, or a map of what a person would go by.
fn way(node: &Node, faults: &mut Faults) -> Option<Way> {
    let Value::Map(_) = node.value else {
        return faults.css(node).map(|css| Way::Css(css.text().to_owned()));
    };
    let mut form = Form::new(&grammar::WAY, node, faults);
    let way = if let Some(label) = form.ask("label") {
        faults.text(label).map(folded_case).map(Way::Label)
    } else if let Some(text) = form.ask("text") {
        faults.text(text).map(folded_case).map(Way::Text)
    } else if let Some(role) = form.ask("role") {
        let roles: Vec<(&'static str, &'static str)> = ROLES.iter().map(|role| (*role, *role)).collect();
        let name = form.need("name", faults).and_then(|node| faults.text(node)).map(folded_case);
        let role = faults.word(role, &roles);
        role.zip(name).map(|(role, name)| Way::Role { role: role.to_owned(), name })
    } else {
        faults.add(Code::KeyMissing, node.at, "a way to find it needs the key `label`, `text` or `role`");
        form.ask("name");
        None
    };
    form.finish(faults);
    way
}

fn source(node: &Node, faults: &mut Faults) -> Option<Source> {
    let known: Vec<(&'static str, Source)> = vec![
        ("credentials.bankUsername", Source::Credential(CredentialName::BankUsername)),
        ("credentials.bankCustomerId", Source::Credential(CredentialName::BankCustomerId)),
        ("credentials.password", Source::Credential(CredentialName::Password)),
        ("answer", Source::Answer),
        ("answer.1", Source::AnswerPart(0)),
        ("answer.2", Source::AnswerPart(1)),
        ("answer.3", Source::AnswerPart(2)),
        ("answer.4", Source::AnswerPart(3)),
        ("answer.5", Source::AnswerPart(4)),
        ("answer.6", Source::AnswerPart(5)),
        ("answer.7", Source::AnswerPart(6)),
        ("answer.8", Source::AnswerPart(7)),
        ("newPassword", Source::NewPassword),
        ("enrolledCode", Source::EnrolledCode),
    ];
    faults.word(node, &known)
}

/// Whether the bank asks something on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Something,
    /// It waits for somebody who approves it elsewhere.
    Approval,
    /// A person has to pass it.
    Takeover,
    Nothing,
}

/// Reports an answer where nothing is asked, and a question that nobody answers.
pub(super) fn fit_the_meaning(at: Position, asks: Asks, steps: &[Step], faults: &mut Faults) {
    if asks == Asks::Approval {
        if !steps.is_empty() {
            faults.add(Code::KeyConflict, at, "nothing is done on a page that waits for an approval elsewhere");
        }
        return;
    }
    if asks == Asks::Takeover {
        if !steps.is_empty() {
            faults.add(Code::KeyConflict, at, "nothing is done on a page that a person passes at the wheel");
        }
        return;
    }
    let is_challenge = asks == Asks::Something;
    let answers =
        steps.iter().any(|step| matches!(step, Step::Fill { with: Source::Answer | Source::AnswerPart(_), .. }));
    if !parts_fit(steps) {
        let message = "an answer is filled in whole, or in parts of which each from `answer.1` on is filled in";
        faults.add(Code::KeyConflict, at, message);
    }
    if !is_challenge && steps.iter().any(|step| step.effect() == Some(Effect::Code)) {
        faults.add(Code::KeyConflict, at, "the effect `code` belongs on a page with a `challenge`");
    }
    if answers && !is_challenge {
        faults.add(Code::KeyConflict, at, "there is an `answer` only on a page with a `challenge`");
    }
    if is_challenge && !answers {
        faults.add(Code::KeyMissing, at, "a `challenge` needs a step that fills in the `answer`");
    }
    if is_challenge && steps.last().is_some_and(|step| step.effect().is_none()) {
        faults.add(
            Code::EffectMissing,
            at,
            "the last step on a page with a `challenge` is an effect that submits the answer",
        );
    }
}

/// Whether an answer is filled in whole, or in parts without a gap.
fn parts_fit(steps: &[Step]) -> bool {
    let parts = || {
        steps.iter().filter_map(|step| match step {
            Step::Fill { with: Source::AnswerPart(part), .. } => Some(*part),
            _ => None,
        })
    };
    let is_whole = steps.iter().any(|step| matches!(step, Step::Fill { with: Source::Answer, .. }));
    let count = parts().max().map_or(0, |last| last + 1);
    (count == 0 || !is_whole) && (0..count).all(|part| parts().any(|known| known == part))
}
