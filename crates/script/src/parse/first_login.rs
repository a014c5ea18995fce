//! Reading the pages that somebody meets who signs in for the first time, and checking that what is set there is
//! filled in and submitted as the effect that it is.
//!
//! Not here: other steps (`steps`).

use domain::password_rules::{CharacterClass, PasswordRules};
use domain::run::Effect;

use super::pick;
use crate::diagnostic::{DiagnosticCode as Code, Position};
use crate::form::{Faults, Form};
use crate::grammar;
use crate::language::{Asked, Enrol, Meaning, NewPassword, Questions, SecretShown, Source, Step, TermsShown, Worded};
use crate::node::Node;

/// The bounds of a password where the script doesn't say.
const DEFAULT_SHORTEST: u32 = 8;
const DEFAULT_LONGEST: u32 = 64;
/// The kinds of characters where it doesn't.
const DEFAULT_CLASSES: [CharacterClass; 3] = [CharacterClass::Upper, CharacterClass::Lower, CharacterClass::Digit];

/// The keys of a page that say it.
pub(super) const KEYS: [&str; 4] = ["newPassword", "enrol", "questions", "terms"];

/// What a page with one of the keys means.
pub(super) fn meaning(key: &str, node: &Node, faults: &mut Faults) -> Option<Meaning> {
    match key {
        "newPassword" => new_password(node, faults),
        "enrol" => enrol(node, faults),
        "questions" => questions(node, faults),
        _ => terms(node, faults),
    }
}

fn new_password(node: &Node, faults: &mut Faults) -> Option<Meaning> {
    let before = faults.0.len();
    let mut form = Form::new(&grammar::NEW_PASSWORD, node, faults);
    let shortest = form.ask("shortest").and_then(|node| faults.number(node, 1..=128));
    let longest = form.ask("longest").and_then(|node| faults.number(node, 8..=128));
    let known: Vec<_> = CharacterClass::ALL.iter().map(|class| (class.as_str(), *class)).collect();
    let classes = form.ask("classes").map(|node| {
        let nodes = faults.list(node);
        if nodes.is_empty() {
            faults.add(Code::ValueType, node.at, "`classes` is a list with at least one word");
        }
        nodes.iter().filter_map(|node| faults.word(node, &known)).collect::<Vec<_>>()
    });
    let without = form.ask("without").and_then(|node| faults.text(node));
    let refused = form.ask("refused").and_then(|node| faults.css(node));
    form.finish(faults);
    let rules = PasswordRules {
        shortest: shortest.unwrap_or(DEFAULT_SHORTEST),
        longest: longest.unwrap_or(DEFAULT_LONGEST),
        classes: classes.unwrap_or_else(|| DEFAULT_CLASSES.to_vec()),
        without: without.unwrap_or_default().to_owned(),
    };
    if faults.0.len() == before
        && let Err(unmeetable) = rules.check()
    {
        let hint = "no password would fit these rules; see what the bank says of them".to_owned();
        faults.hinted(Code::EffectMisplaced, node.at, unmeetable.to_string(), hint);
    }
    Some(Meaning::NewPassword(Box::new(NewPassword { rules, refused })))
}

fn enrol(node: &Node, faults: &mut Faults) -> Option<Meaning> {
    let mut form = Form::new(&grammar::ENROL, node, faults);
    let secret = match (form.ask("secret"), form.ask("picture")) {
        (Some(secret), None) => pick(secret, faults).map(SecretShown::Text),
        (None, Some(picture)) => faults.css(picture).map(SecretShown::Picture),
        (None, None) => {
            faults.add(Code::KeyMissing, node.at, "`enrol` needs the key `secret` or `picture`");
            None
        }
        (Some(_), Some(picture)) => {
            let hint = "the words say it better; take `picture` out".to_owned();
            faults.hinted(Code::KeyConflict, picture.at, "`picture` stands beside `secret`", hint);
            None
        }
    };
    let refused = form.ask("refused").and_then(|node| faults.css(node));
    form.finish(faults);
    Some(Meaning::Enrol(Box::new(Enrol { secret: secret?, refused })))
}

fn questions(node: &Node, faults: &mut Faults) -> Option<Meaning> {
    let mut form = Form::new(&grammar::QUESTIONS, node, faults);
    let nodes = form.need("asked", faults).map(|node| (node, faults.list(node)));
    if let Some((node, [])) = nodes {
        faults.add(Code::ValueType, node.at, "`asked` is a list with at least one question");
    }
    let asked = nodes.map(|(_, nodes)| nodes.iter().filter_map(|node| asked(node, faults)).collect());
    let refused = form.ask("refused").and_then(|node| faults.css(node));
    form.finish(faults);
    Some(Meaning::Questions(Box::new(Questions { asked: asked?, refused })))
}

fn asked(node: &Node, faults: &mut Faults) -> Option<Asked> {
    let mut form = Form::new(&grammar::ASKED, node, faults);
    let (choose, answer) = (form.ask("choose"), form.need("answer", faults));
    let question = match choose {
        Some(choose) => faults.css(choose).map(Worded::Chosen),
        None => match form.ask("shown") {
            Some(shown) => pick(shown, faults).map(Worded::Shown),
            None => {
                faults.add(Code::KeyMissing, node.at, "a question that is set needs the key `choose` or `shown`");
                None
            }
        },
    };
    let answer = answer.and_then(|node| faults.css(node));
    form.finish(faults);
    Some(Asked { question: question?, answer: answer? })
}

fn terms(node: &Node, faults: &mut Faults) -> Option<Meaning> {
    let mut form = Form::new(&grammar::TERMS, node, faults);
    let title = form.need("title", faults).and_then(|node| pick(node, faults));
    let text = form.need("text", faults).and_then(|node| faults.css(node));
    let refused = form.ask("refused").and_then(|node| faults.css(node));
    form.finish(faults);
    Some(Meaning::Terms(Box::new(TermsShown { title: title?, text: text?, refused })))
}

/// Reports a page on which something is set that isn't submitted as such, and what is set where no page says so. `said`
/// is the key of the page, whether or not what is behind it is sound.
pub(super) fn fit(at: Position, said: Option<&str>, steps: &[Step], faults: &mut Faults) {
    let wanted = match said {
        Some("newPassword") => Some((Effect::NewPassword, Some(("newPassword", Source::NewPassword)))),
        Some("enrol") => Some((Effect::Enrol, Some(("enrolledCode", Source::EnrolledCode)))),
        Some("questions") => Some((Effect::NewAnswers, None)),
        Some("terms") => Some((Effect::AcceptTerms, None)),
        _ => None,
    };
    let effect = steps.last().and_then(Step::effect);
    let filled = |source: Source| steps.iter().any(|step| matches!(step, Step::Fill { with, .. } if *with == source));
    match wanted {
        Some((wanted, source)) => {
            if let Some((word, source)) = source
                && !filled(source)
            {
                let message = format!("nothing on this page is filled in `with: {word}`");
                faults.add(Code::EffectMissing, at, message);
            }
            // A click that submits it without its effect was told of where the click is.
            let is_told = source.is_some_and(|(_, source)| filled(source));
            if effect != Some(wanted) && !is_told {
                let message = format!("the last step of this page isn't a click with the effect `{wanted}`");
                faults.hinted(Code::EffectMissing, at, message, format!("add `effect: {wanted}`"));
            }
        }
        None => {
            if let Some(effect) = effect.filter(|effect| effect.proves_sign_in()) {
                let message = format!("the effect `{effect}` is of a page that says {}", listed());
                faults.add(Code::EffectMisplaced, at, message);
            }
        }
    }
    for (word, source, key) in
        [("newPassword", Source::NewPassword, "newPassword"), ("enrolledCode", Source::EnrolledCode, "enrol")]
    {
        if said != Some(key) && filled(source) {
            let message = format!("`{word}` is filled in on a page that doesn't say `{key}`");
            faults.add(Code::EffectMisplaced, at, message);
        }
    }
}

fn listed() -> String {
    KEYS.map(|key| format!("`{key}`")).join(", ")
}
