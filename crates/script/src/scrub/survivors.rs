//! Whether something of a customer's survived: what looks like the number of a card or an account, an IBAN, an e-mail address, a
//! phone number or a name on the pages as they were, looked for on the pages as they are.
//!
//! It errs on the side of finding. What is found is told by its kind and its shape, never by itself.
//!
//! Not here: replacing it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::disguise::Secrets;
use super::fiction::{is_card, is_iban};
use super::{OwnWords, Voice, shape, voice_within};
use crate::document::{Document, folded_case};
use ego_tree::NodeRef;
use scraper::{ElementRef, Node};

/// A number with so many digits is somebody's.
const DIGITS: usize = 6;

/// A word with so many letters may be a name.
const LETTERS: usize = 4;

/// Something that is on a page as it was before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Survivor {
    /// The page, from 0.
    pub page: usize,
    /// What it looks like.
    pub kind: SurvivorKind,
    /// Its shape: letters as `x`, digits as `0`.
    pub shape: String,
}

/// What something looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SurvivorKind {
    /// The number of a card, by its check digit.
    Card,
    /// An IBAN, by its check digits.
    Iban,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// Another number with six digits or more.
    Number,
    /// A word of a text that isn't the portal's own.
    Name,
}

/// What of the pages as they were is on the pages as they are. Words of the script's own, and of the portal's headings,
/// labels and buttons, are nobody's name.
///
/// # Errors
/// The page, from 0, that isn't looked into, and why not.
pub fn survivors(before: &[&str], after: &[&str], own: &OwnWords) -> Result<Vec<Survivor>, (usize, &'static str)> {
    let mut theirs: BTreeMap<String, SurvivorKind> = BTreeMap::new();
    let mut portals: BTreeSet<String> = own.words().map(str::to_owned).collect();
    for (place, html) in before.iter().enumerate() {
        let document = Document::parse(html).map_err(|refused| (place, refused.text()))?;
        texts(document.html.tree.root(), Voice::Shape, &mut |voice, text| {
            if voice == Voice::Words {
                portals.extend(words(text));
            }
            add(&mut theirs, voice, text);
        });
    }
    theirs.retain(|text, kind| *kind != SurvivorKind::Name || !portals.contains(text));
    let mut survivors = BTreeSet::new();
    let names: BTreeSet<&str> =
        theirs.iter().filter(|(_, kind)| **kind == SurvivorKind::Name).map(|(name, _)| name.as_str()).collect();
    let others: Vec<(&str, SurvivorKind, Secrets)> = theirs
        .iter()
        .filter(|(_, kind)| **kind != SurvivorKind::Name)
        .map(|(text, kind)| (text.as_str(), *kind, Secrets::new(&[text.as_str()])))
        .collect();
    for (page, html) in after.iter().enumerate() {
        let document = Document::parse(html).map_err(|refused| (page, refused.text()))?;
        texts(document.html.tree.root(), Voice::Shape, &mut |_, text| {
            for word in words(text).filter(|word| names.contains(word.as_str())) {
                survivors.insert(Survivor { page, kind: SurvivorKind::Name, shape: shape(&word) });
            }
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            for (found, kind, secret) in &others {
                let is_there = match kind {
                    SurvivorKind::Email | SurvivorKind::Iban => secret.are_in(text),
                    _ => digits.contains(*found),
                };
                if is_there {
                    survivors.insert(Survivor { page, kind: *kind, shape: shape(found) });
                }
            }
        });
    }
    Ok(survivors.into_iter().collect())
}

/// What a text has that is somebody's.
fn add(theirs: &mut BTreeMap<String, SurvivorKind>, voice: Voice, text: &str) {
    for word in text.split_whitespace().filter(|word| word.contains('@') && word.contains('.')) {
        theirs.insert(word.trim_matches(|sign: char| !sign.is_alphanumeric()).to_owned(), SurvivorKind::Email);
    }
    let bare: String = text.chars().filter(|sign| !matches!(sign, ' ' | '-' | '\u{a0}')).collect();
    for part in bare.split(|sign: char| !sign.is_ascii_alphanumeric()) {
        if is_iban(part) {
            theirs.insert(part.to_owned(), SurvivorKind::Iban);
        }
    }
    // Digits with single signs between them; a dot or a comma may part an amount, which is no number of anybody's.
    let mut digits = String::new();
    let mut is_phone = false;
    let mut before = ' ';
    for sign in text.chars().chain(['\n', '\n']) {
        if sign.is_ascii_digit() {
            if digits.is_empty() {
                is_phone = before == '+' || before == '(';
            }
            digits.push(sign);
        } else if !matches!(sign, ' ' | '-' | '\u{a0}' | '(' | ')' | '/') || !before.is_ascii_digit() && before != ')' {
            if digits.len() >= DIGITS && !is_day(text) {
                let kind = match () {
                    () if is_card(&digits) => SurvivorKind::Card,
                    () if is_phone && digits.len() >= 7 => SurvivorKind::Phone,
                    () => SurvivorKind::Number,
                };
                theirs.insert(std::mem::take(&mut digits), kind);
            }
            digits.clear();
        }
        before = sign;
    }
    if voice == Voice::Shape {
        for word in words(text) {
            theirs.entry(word).or_insert(SurvivorKind::Name);
        }
    }
}

/// Whether it is a day by itself, which stays.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split(['-', '.', '/', ' ']).collect();
    let is_part = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_part)
}

/// The words of a text that may be names, case folded.
fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|sign: char| !sign.is_alphabetic()).filter(|word| word.chars().count() >= LETTERS);
    parts.map(folded_case)
}

/// Each text of a document, those of attributes that people read too, with how it speaks.
fn texts(node: NodeRef<'_, Node>, voice: Voice, told: &mut dyn FnMut(Voice, &str)) {
    let nothing = Secrets::new(&[]);
    let mut work = vec![(node, voice)];
    while let Some((node, voice)) = work.pop() {
        let mut inner = voice;
        match node.value() {
            Node::Text(text) => told(voice, text),
            Node::Element(element) => {
                if matches!(element.name(), "script" | "style") {
                    continue;
                }
                if let Some(element) = ElementRef::wrap(node) {
                    inner = voice_within(element, voice, &nothing);
                }
                for name in ["value", "title", "alt", "aria-label", "placeholder"] {
                    if let Some(text) = element.attr(name) {
                        told(if name == "placeholder" { Voice::Words } else { inner }, text);
                    }
                }
            }
            _ => {}
        }
        work.extend(node.children().map(|child| (child, inner)));
    }
}
