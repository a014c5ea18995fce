//! Reading a script: from text to a [`Script`], or to all that is wrong with it.
//!
//! Not here: YAML itself (`node`), or anything about a portal that is running.

mod captured;
mod files;
mod first_login;
mod lists;
mod pages;
mod permissions;
mod reads;
mod steps;

pub(crate) use pages::{PAGES_LIMIT, is_a_portals_answer, is_of_scripts};
use sha2::{Digest, Sha256};

use crate::command::Popups;
use crate::diagnostic::{DiagnosticCode as Code, Diagnostics};
use crate::document::folded_case;
use crate::form::{Faults, Form, cut};
use crate::grammar;
use crate::language::{Pick, Script};
use crate::node::{Node, Value, tree};

/// How long a page is waited for where the script doesn't say.
const DEFAULT_PATIENCE_MS: u64 = 15_000;

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the document; alone when the text
    /// isn't YAML at all.
    pub fn parse(source: &str) -> Result<Self, Diagnostics> {
        let root = tree(source).map_err(|fault| Diagnostics::new(source, vec![fault]))?;
        let mut faults = Faults::default();
        let script = read(&root, &mut faults);
        match script {
            Some(script) if faults.0.is_empty() => Ok(script),
            _ => Err(Diagnostics::new(source, faults.0)),
        }
    }

    /// The name of a script's text: the first 12 hexadecimal digits of its SHA-256.
    #[must_use]
    pub fn revision(source: &str) -> String {
        Sha256::digest(source).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

const POPUPS: [(&str, Popups); 2] = [("close", Popups::Close), ("follow", Popups::Follow)];

/// Reads what is sound; a script comes out only when nothing that it needs is
/// missing, and counts only when no fault was found.
pub(crate) fn read(root: &Node, faults: &mut Faults) -> Option<Script> {
    let mut form = Form::new(&grammar::SCRIPT, root, faults);
    if let Some(node) = form.need("script", faults) {
        version(node, faults);
    }
    let institution = form.need("institution", faults).and_then(|node| slug(node, faults));
    let locale = form.need("locale", faults).and_then(|node| faults.parsed(node));
    let timezone = form.need("timezone", faults).and_then(|node| timezone(node, faults));
    let currency = form.need("currency", faults).and_then(|node| faults.parsed(node));
    let hosts = form.ask("hosts").map(|node| hosts(node, faults)).unwrap_or_default();
    let start = form.ask("start").and_then(|node| start(node, faults));
    let busy = form.ask("busy").map(|node| css_list(node, faults)).unwrap_or_default();
    let popups_at = form.ask("popups").map(|node| node.at);
    let popups = form.ask("popups").and_then(|node| faults.word(node, &POPUPS)).unwrap_or_default();
    let blank = form.ask("blank").map(|node| words(node, faults)).unwrap_or_default();
    let patience = form.ask("patience").and_then(|node| duration_ms(node, faults));
    let pages_node = form.need("pages", faults);
    let pages = pages_node.map(|node| pages::pages(node, faults));
    let names: Vec<&str> = pages.iter().flatten().map(|page| page.name.as_str()).collect();
    let before = faults.0.len();
    let reads = form.need("reads", faults).and_then(|node| reads::reads(node, &names, faults));
    let reads_are_sound = faults.0.len() == before;
    let sign_out = form.ask("sign_out").and_then(|node| faults.css(node));
    form.finish(faults);

    if let Some(node) = pages_node {
        pages::used(node, reads.as_ref().filter(|_| reads_are_sound), faults);
    }
    let script = Script {
        institution: institution?,
        locale: locale?,
        currency: currency?,
        timezone: timezone?,
        hosts,
        start,
        busy,
        popups,
        blank,
        patience_ms: patience.unwrap_or(DEFAULT_PATIENCE_MS),
        pages: pages?,
        reads: reads?,
        sign_out,
    };
    if popups == Popups::Close && script.closes_popups() {
        let message = "a popup is closed in this script, and it follows none";
        faults.hinted(Code::PopupMisplaced, root.at, message, "add `popups: follow`".to_owned());
    }
    let takes_answers = script.reads.transactions.as_ref().is_some_and(|read| read.captured.is_some());
    if popups == Popups::Follow && takes_answers {
        let at = popups_at.unwrap_or(root.at);
        let message = "answers are `captured` of the first window alone, and `popups: follow` reads in others";
        let hint = "take out `captured`, and the table is read; or `popups`, and windows that pages open are closed";
        faults.hinted(Code::PopupMisplaced, at, message, hint.to_owned());
    }
    Some(script)
}

fn version(node: &Node, faults: &mut Faults) {
    if faults.text(node).is_some_and(|version| version != "1") {
        faults.add(Code::VersionUnknown, node.at, "this is a version of the language other than 1");
    }
}

fn slug(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = faults.text(node)?;
    let is_slug = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_slug {
        faults.add(Code::ValueMalformed, node.at, "an institution's id is lower-case letters, digits and `-`");
        return None;
    }
    Some(text.to_owned())
}

fn timezone(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = faults.text(node)?;
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_+-".contains(c))
    };
    let is_name = text == "UTC" || (text.contains('/') && text.len() <= 64 && text.split('/').all(is_part));
    if !is_name {
        let message = format!("`{}` isn't the name of a time zone, such as America/New_York", cut(text));
        faults.add(Code::ValueMalformed, node.at, message);
        return None;
    }
    Some(text.to_owned())
}

fn hosts(node: &Node, faults: &mut Faults) -> Vec<String> {
    let mut hosts = Vec::new();
    for item in faults.list(node) {
        let Some(host) = faults.text(item) else { continue };
        let is_host = host.len() <= 253
            && host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'))
            && host.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
        if is_host {
            hosts.push(host.to_owned());
        } else {
            let message = format!("`{}` isn't the name of a host", cut(host));
            let hint = "a host stands alone, in lower case: `login.bank.example`".to_owned();
            faults.hinted(Code::ValueMalformed, item.at, message, hint);
        }
    }
    hosts
}

fn start(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = faults.text(node)?;
    let leads_elsewhere = text.starts_with("//") || text.contains([':', '\\']) || text.contains(char::is_whitespace);
    if leads_elsewhere {
        let message = "`start` is a path within the connection's portal, such as `/login`";
        faults.add(Code::ValueMalformed, node.at, message);
        return None;
    }
    Some(text.to_owned())
}

fn css_list(node: &Node, faults: &mut Faults) -> Vec<crate::css::Css> {
    let nodes = faults.one_or_many(node);
    nodes.iter().filter_map(|node| faults.css(node)).collect()
}

/// One text or several, case folded.
fn words(node: &Node, faults: &mut Faults) -> Vec<String> {
    let nodes = faults.one_or_many(node);
    nodes.iter().filter_map(|node| faults.text(node)).map(folded_case).collect()
}

/// `500ms`, `15s` or `2m`, from 100 ms to 5 minutes.
fn duration_ms(node: &Node, faults: &mut Faults) -> Option<u64> {
    let text = faults.text(node)?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..) {
        Some("ms") => 1,
        Some("s") => 1_000,
        Some("m") => 60_000,
        _ => 0,
    };
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| digits.parse::<u64>().ok()).flatten();
    let ms = number.and_then(|number| number.checked_mul(factor)).filter(|ms| (100..=300_000).contains(ms));
    if ms.is_none() {
        let message = "a time from 100ms to 5m is wanted here, such as `500ms`, `15s` or `2m`";
        faults.add(Code::ValueMalformed, node.at, message);
    }
    ms
}

/// A piece of text on a page: a selector alone, or a map.
fn pick(node: &Node, faults: &mut Faults) -> Option<Pick> {
    if let Value::Text(_) = node.value {
        return faults.css(node).map(|css| Pick { of: Some(css), ..Pick::default() });
    }
    let mut form = Form::new(&grammar::PIECE, node, faults);
    let picked = pick_keys(&mut form, faults);
    form.finish(faults);
    picked
}

/// The keys of a piece of text within a map that may have others.
fn pick_keys(form: &mut Form<'_>, faults: &mut Faults) -> Option<Pick> {
    let (of, attribute) = (form.ask("of"), form.ask("attribute"));
    if of.is_none() && attribute.is_none() {
        let message = "a piece of text needs the key `of`, a selector, or `attribute`, or both";
        faults.add(Code::KeyMissing, form.at, message);
        cut_keys(form, faults);
        return None;
    }
    let css = match of {
        Some(node) => Some(faults.css(node)?),
        None => None,
    };
    let attribute = attribute.and_then(|node| faults.text(node)).map(str::to_lowercase);
    cut_keys(form, faults).map(|cut| Pick { of: css, attribute, ..cut })
}

/// What is cut out of a text.
fn cut_keys(form: &mut Form<'_>, faults: &mut Faults) -> Option<Pick> {
    let mut text = |key| form.ask(key).and_then(|node| faults.blank_text(node)).map(str::to_owned);
    let (starts, after, before) = (text("starts"), text("after"), text("before"));
    Some(Pick { starts, after, before, ..Pick::default() })
}
