//! Reading what is done on a page, and checking that a submit is marked as the
//! effect that it is.
//!
//! Not here: what a driver makes of a step.

use domain::institution::CredentialName;
use domain::run::Effect;

use crate::diagnostic::{DiagnosticCode as Code, Position};
use crate::form::{Faults, Form};
use crate::language::{Source, Step};
use crate::node::Node;

pub(super) fn steps(node: &Node, faults: &mut Faults) -> Vec<Step> {
    let nodes = faults.list(node);
    if nodes.is_empty() {
        faults.add(Code::ValueType, node.at, "`do` is a list with at least one step");
    }
    let mut steps = Vec::new();
    let mut secrets: Vec<Source> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let Some(step) = step(node, faults) else { continue };
        let is_last = index + 1 == nodes.len();
        match &step {
            Step::Fill { with, .. } => secrets.push(*with),
            Step::Click { effect: Some(effect), .. } => {
                if !is_last {
                    let message = format!("the effect `{effect}` is followed by other steps");
                    let hint = "an effect is the last step of its page; what comes then is another page".to_owned();
                    faults.hinted(Code::EffectMisplaced, node.at, message, hint);
                }
                secrets.clear();
            }
            Step::Click { effect: None, .. } => submits(&secrets, node.at, faults),
        }
        steps.push(step);
    }
    steps
}

/// A click after a password or an answer was filled in has to be an effect.
fn submits(secrets: &[Source], at: Position, faults: &mut Faults) {
    for secret in secrets {
        let (what, effect) = match secret {
            Source::Credential(CredentialName::Password) => ("the password", Effect::Password),
            Source::Answer => ("the answer", Effect::Code),
            Source::Credential(_) => continue,
        };
        let message = format!("this click may submit {what} and isn't marked as an effect");
        faults.hinted(Code::EffectMissing, at, message, format!("add `effect: {effect}`"));
    }
}

fn step(node: &Node, faults: &mut Faults) -> Option<Step> {
    let mut form = Form::new("a step", node, faults);
    let (fill, click) = (form.ask("fill"), form.ask("click"));
    let step = match (fill, click) {
        (Some(fill), None) => {
            let with = form.need("with", faults).and_then(|node| source(node, faults));
            faults.css(fill).zip(with).map(|(into, with)| Step::Fill { into, with })
        }
        (None, Some(click)) => {
            let effects: Vec<_> = Effect::ALL.iter().map(|effect| (effect.as_str(), *effect)).collect();
            let effect = form.ask("effect").and_then(|node| faults.word(node, &effects));
            faults.css(click).map(|target| Step::Click { target, effect })
        }
        (Some(_), Some(_)) => {
            faults.add(Code::KeyConflict, node.at, "a step does one thing: `fill` or `click`");
            return None;
        }
        (None, None) => {
            faults.add(Code::KeyMissing, node.at, "a step needs the key `fill` or `click`");
            // What belongs to either is no fault of its own.
            form.ask("with");
            form.ask("effect");
            None
        }
    };
    form.finish(faults);
    step
}

fn source(node: &Node, faults: &mut Faults) -> Option<Source> {
    let known: Vec<(&'static str, Source)> = vec![
        ("credentials.bankUsername", Source::Credential(CredentialName::BankUsername)),
        ("credentials.bankCustomerId", Source::Credential(CredentialName::BankCustomerId)),
        ("credentials.password", Source::Credential(CredentialName::Password)),
        ("answer", Source::Answer),
    ];
    faults.word(node, &known)
}

/// Reports an answer where nothing is asked, and a question that nobody answers.
pub(super) fn fit_the_meaning(at: Position, is_challenge: bool, steps: &[Step], faults: &mut Faults) {
    let answers = steps.iter().any(|step| matches!(step, Step::Fill { with: Source::Answer, .. }));
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
