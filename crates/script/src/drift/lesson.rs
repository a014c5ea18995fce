//! What a person teaches of a page that no script knew: it is a page that changed, something on it is to be pressed, or it is
//! the bank's no.
//!
//! Not here: asking the person.

use domain::failure::FailureCode;
use scraper::ElementRef;
use serde::{Deserialize, Serialize};

use super::KnownPage;
use super::anew::{is_said, is_told, said_words};
use super::mend::{Says, says, shown};
use super::propose::{Ground, NoProposal, signs};
use super::skeleton::is_in_data_row;
use super::text::{scalars, with_page, written};
use crate::css::Css;
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::draft::selectors::selectors;
use crate::draft::yaml_text;
use crate::parse::is_a_portals_answer;
use crate::ways::{called, is_usable, role_of};

/// How many things are named to people.
const SHOWN: usize = 6;

/// What a person says of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "it")]
pub enum Lesson {
    /// It is this page of the script, and has changed.
    Is {
        /// Its name.
        page: String,
    },
    /// Something on it is to be pressed, and the way goes on.
    Passage {
        /// A selector, or the words on a button or a link.
        press: String,
    },
    /// The portal says no.
    Failure {
        /// What it means.
        code: FailureCode,
        /// What the bank's words stand in, a selector.
        #[serde(default)]
        message: Option<String>,
    },
}

/// Why a lesson teaches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LessonError {
    /// There is nothing to teach on.
    Ground(NoProposal),
    /// There is no such page, or nothing is known of it.
    PageUnknown(String),
    /// Nothing tells the page from the others.
    NoSign,
    /// There is no such button, or several.
    NotPressed(String),
    /// There is no such button, and these have words that are scrubbed, by their selectors.
    Scrubbed(String, Vec<String>),
    /// That isn't what a portal answers.
    NoAnswer(FailureCode),
    /// The script would say it, and the pages speak against it.
    Objections(Vec<String>),
}

impl std::fmt::Display for LessonError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ground(why) => why.fmt(out),
            Self::PageUnknown(page) => write!(out, "nothing is known of a page `{page}` as it was"),
            Self::NoSign => out.write_str("nothing on the page tells it from all others that are known"),
            Self::NotPressed(what) => write!(out, "`{what}` isn't one button or link of the page"),
            Self::Scrubbed(what, others) => write!(
                out,
                "`{what}` isn't one button or link of the page as it is kept, where the words of some are scrubbed: say which by a selector, as `{}`",
                others.join("`, `")
            ),
            Self::NoAnswer(code) => write!(out, "`{code}` isn't what a portal answers: auth.…, mfa.… or portal.…"),
            Self::Objections(what) => out.write_str(&what.join("; ")),
        }
    }
}

impl std::error::Error for LessonError {}

/// A button or a link of a page that nobody knows.
pub(super) struct Button {
    /// What it says; none where that is a customer's to know, and scrubbed.
    words: Option<String>,
    pub(super) selector: String,
}

impl Button {
    /// As people are told of it.
    pub(super) fn called(&self) -> String {
        self.words.as_ref().map_or_else(|| format!("`{}`", self.selector), |words| format!("\"{words}\""))
    }
}

/// The script as the lesson has it.
///
/// # Errors
/// Why it can't be taught.
pub fn teach(source: &str, known: &[KnownPage], now: &str, lesson: &Lesson) -> Result<String, LessonError> {
    let ground = Ground::new(source, known, now).map_err(LessonError::Ground)?;
    let (source, page) = match lesson {
        Lesson::Is { page } => (changed(&ground, page)?, page.clone()),
        Lesson::Passage { press } => {
            let block = passage(&ground, press).ok_or_else(|| not_pressed(&ground, press))?;
            added(&ground, &block)
        }
        Lesson::Failure { code, message } => {
            let block = refusal(&ground, *code, message.as_deref())?;
            added(&ground, &block)
        }
    };
    match ground.objections(&source, &page) {
        Some(objections) if objections.is_empty() => Ok(source),
        Some(objections) => Err(LessonError::Objections(objections)),
        None => Err(LessonError::NoSign),
    }
}

fn added(ground: &Ground<'_>, block: &str) -> (String, String) {
    let page = block.split(':').next().unwrap_or_default().to_owned();
    (with_page(ground.source, block), page)
}

/// The script in which a page that changed is known again.
fn changed(ground: &Ground<'_>, page: &str) -> Result<String, LessonError> {
    let at = ground.known.iter().position(|known| known.page == page);
    let at = at.ok_or_else(|| LessonError::PageUnknown(page.to_owned()))?;
    let (repairs, _) = ground.repairs(at, None);
    let is_known = |source: &str| ground.objections(source, page).is_some_and(|objections| objections.is_empty());
    if let Some(repair) = repairs.iter().find(|repair| is_known(&repair.source)) {
        return Ok(repair.source.clone());
    }
    // Somebody says what it is, so whatever tells it from the others is a sign of it.
    let source = repairs.into_iter().next().map_or_else(|| ground.source.to_owned(), |repair| repair.source);
    let sign = sign(ground, None).ok_or(LessonError::NoSign)?;
    let scalars = scalars(&source);
    let gone = |css: &Css| shown(&ground.now, css).is_empty();
    let mut edits = Vec::new();
    for scalar in
        signs(&scalars, page).filter(|scalar| says(scalar) == Some(Says::Selector) && !scalar.is_under("absent"))
    {
        if Css::parse(&scalar.text).is_some_and(|css| gone(&css)) {
            edits.push((scalar.span.clone(), yaml_text(&sign)));
        }
    }
    if edits.len() != 1 {
        return Err(LessonError::NoSign);
    }
    Ok(written(&source, edits))
}

/// A page on which something is pressed, as the script would say it.
pub(super) fn passage(ground: &Ground<'_>, press: &str) -> Option<String> {
    let all = pressed(&ground.now);
    let by_words =
        || all.iter().filter(|element| called(&ground.now, **element) == folded_case(press)).collect::<Vec<_>>();
    let by_selector = Css::parse(press).map(|css| shown(&ground.now, &css)).unwrap_or_default();
    let element = match (by_selector.as_slice(), by_words().as_slice()) {
        ([one], _) => *one,
        (_, [one]) => **one,
        _ => return None,
    };
    let name = name(ground);
    let sign = sign(ground, Some(element))
        .map(|sign| format!("{{ visible: {} }}", yaml_text(&sign)))
        .or_else(|| heading(ground))?;
    let words = said_words(&ground.now, element).filter(|words| is_said(words, ground.source));
    let is_alone = by_words_alone(&ground.now, element);
    let role = role_of(&element).filter(|role| matches!(role.as_str(), "button" | "link"));
    let way = match (words.filter(|_| is_alone), role) {
        (Some(words), Some(role)) => format!("{{ role: {role}, name: {} }}", yaml_text(&words)),
        _ => yaml_text(&own_selector(ground, element)?),
    };
    Some(format!("{name}:\n  when: {sign}\n  do:\n    - {{ click: {way} }}"))
}

/// Why nothing is pressed.
fn not_pressed(ground: &Ground<'_>, press: &str) -> LessonError {
    let is_scrubbed = |button: &Button| button.words.is_none();
    let others: Vec<String> =
        buttons(ground).into_iter().filter(is_scrubbed).map(|button| button.selector).take(SHOWN).collect();
    match others.is_empty() {
        true => LessonError::NotPressed(press.to_owned()),
        false => LessonError::Scrubbed(press.to_owned(), others),
    }
}

/// A page that is the bank's no, as the script would say it.
fn refusal(ground: &Ground<'_>, code: FailureCode, message: Option<&str>) -> Result<String, LessonError> {
    if !is_a_portals_answer(code) {
        return Err(LessonError::NoAnswer(code));
    }
    let sign = heading(ground).or_else(|| Some(format!("{{ visible: {} }}", yaml_text(&sign(ground, None)?))));
    let sign = sign.ok_or(LessonError::NoSign)?;
    let message = match message {
        Some(text) if Css::parse(text).is_none_or(|css| shown(&ground.now, &css).is_empty()) => {
            return Err(LessonError::NotPressed(text.to_owned()));
        }
        Some(text) => format!(", message: {}", yaml_text(text)),
        None => String::new(),
    };
    Ok(format!("{}:\n  when: {sign}\n  failure: {{ code: {code}{message} }}", name(ground)))
}

/// The buttons of the page, and its links, which no page that is known has.
pub(super) fn buttons(ground: &Ground<'_>) -> Vec<Button> {
    let is_known = |element: &ElementRef<'_>| {
        let words = called(&ground.now, *element);
        ground.documents.iter().any(|document| pressed(document).iter().any(|other| called(document, *other) == words))
    };
    let mut found: Vec<ElementRef<'_>> =
        pressed(&ground.now).into_iter().filter(|element| !is_known(element)).collect();
    // What sends nothing is pressed with less harm.
    let harm = |element: &ElementRef<'_>| match (role_of(element).as_deref(), element.attr("type")) {
        (Some("button"), Some("button")) => 0,
        (Some("button"), _) => 1,
        _ => 2,
    };
    found.sort_by_key(harm);
    let button = |element: ElementRef<'_>| {
        let words = said_words(&ground.now, element).filter(|words| is_said(words, ground.source));
        Some(Button { selector: own_selector(ground, element).or_else(|| words.clone())?, words })
    };
    found.into_iter().filter_map(button).collect()
}

/// What people press.
fn pressed(document: &Document) -> Vec<ElementRef<'_>> {
    let is_pressed = |element: &ElementRef<'_>| {
        matches!(role_of(element).as_deref(), Some("button" | "link"))
            && !is_hidden(element)
            && is_usable(element)
            && !is_in_data_row(*element)
            && !called(document, *element).is_empty()
    };
    document.everything().filter(is_pressed).collect()
}

fn by_words_alone(document: &Document, element: ElementRef<'_>) -> bool {
    let words = called(document, element);
    pressed(document).iter().filter(|other| called(document, **other) == words).count() == 1
}

fn own_selector(ground: &Ground<'_>, element: ElementRef<'_>) -> Option<String> {
    let all = selectors(&ground.now, element).into_iter().map(|text| text.replace('"', "'"));
    all.into_iter().find(|text| is_told(text, ground.source))
}

/// A selector of something on the page that shows on no other that is known: what is around the thing at hand, or the largest
/// part that has a name.
fn sign(ground: &Ground<'_>, around: Option<ElementRef<'_>>) -> Option<String> {
    let is_part = |element: &ElementRef<'_>| {
        matches!(element.value().name(), "form" | "dialog" | "section" | "main" | "article" | "table" | "div")
            || element.attr("role").is_some_and(|role| matches!(role, "dialog" | "alertdialog" | "form"))
    };
    let parts: Vec<ElementRef<'_>> = match around {
        Some(element) => element.ancestors().filter_map(ElementRef::wrap).filter(is_part).chain([element]).collect(),
        None => ground.now.everything().filter(|element| !is_hidden(element)).filter(is_part).collect(),
    };
    let is_new = |text: &String| {
        let Some(css) = Css::parse(text) else { return false };
        !text.contains(":nth-") && ground.documents.iter().all(|document| shown(document, &css).is_empty())
    };
    let told = |element: ElementRef<'_>| {
        let all = selectors(&ground.now, element).into_iter().map(|text| text.replace('"', "'"));
        all.into_iter().find(|text| is_told(text, ground.source) && is_new(text))
    };
    parts.into_iter().find_map(told)
}

/// The heading of the page, where no other has it.
fn heading(ground: &Ground<'_>) -> Option<String> {
    let tag = ["h1", "h2", "h3"]
        .into_iter()
        .find(|tag| ground.now.everything().any(|element| element.value().name() == *tag))?;
    let element = ground.now.everything().find(|element| element.value().name() == tag && !is_hidden(element))?;
    let words = shown_text(element);
    let css = Css::parse(tag)?;
    let has = |document: &Document| {
        shown(document, &css).iter().any(|other| folded_case(&shown_text(*other)) == folded_case(&words))
    };
    let is_sign =
        !words.is_empty() && words.len() <= 80 && is_said(&words, ground.source) && !ground.documents.iter().any(has);
    is_sign.then(|| format!("{{ text: {{ {tag}: {} }} }}", yaml_text(&words)))
}

/// A name for a new page: what its heading says, in small letters.
fn name(ground: &Ground<'_>) -> String {
    let heading = ground.now.everything().find(|element| matches!(element.value().name(), "h1" | "h2"));
    let words = heading
        .map(|heading| folded_case(&shown_text(heading)))
        .filter(|words| is_said(words, ground.source))
        .unwrap_or_default();
    let pieces = words.split(|sign: char| !sign.is_ascii_lowercase()).filter(|piece| !piece.is_empty()).take(4);
    let name = pieces.collect::<Vec<_>>().join("_");
    let name: String = if name.is_empty() { "between".to_owned() } else { name.chars().take(40).collect() };
    let taken = |name: &str| ground.script.pages().any(|page| page == name);
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}
