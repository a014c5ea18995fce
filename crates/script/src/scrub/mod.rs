//! Making a page fit to be kept as evidence: an author can see which page it is and
//! how it is built, and nobody can see whose it is.
//!
//! | part | what is left |
//! |---|---|
//! | scripts, styles, comments, frames, drawings, form values | nothing |
//! | headings, labels, buttons, column headers, alerts | their words, each digit as `0`, pieces of a secret as `[secret]` |
//! | all other text | its shape: letters as `x`, digits as `0` |
//! | attributes | those that tell elements apart, each digit as `0` |
//! | a known secret in any disguise | `[secret]` for the whole text around it |
//!
//! What this can't know: a heading or a button that names a customer keeps the name,
//! unless it is a piece of a secret, and so does an address or an `id` made of one.
//!
//! Not here: whether a page may be kept at all.

mod disguise;
mod fiction;
mod own;
mod share;
mod survivors;
mod veil;
mod without;

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};

use crate::bounds::SIZE_LIMIT;
use crate::document::{Document, text};
use disguise::Secrets;
use survivors::is_chosen;
use veil::{Veil, shape};

pub use own::OwnWords;
pub use share::{ShareError, Shareable, Shared, shared};
pub use survivors::{Belongings, SourceKind, Survivor, SurvivorKind};
pub use without::without;

/// How large the result is at most.
const LIMIT: usize = 256 * 1024;

/// What is kept free to close the elements that are open when the room ends.
const RESERVE: usize = 32 * 1024;

/// How many words of an attribute are kept.
const TOKENS: usize = 32;

const MASK: &str = "[secret]";

/// How much of a text is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// The portal's own words.
    Words,
    /// What may be a customer's.
    Shape,
    /// What may name a customer though it is the portal's: of pages that are kept for all, the script's words alone stay.
    Own,
    /// A secret stands in it.
    Masked,
}

/// Whom a page is kept for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeper {
    /// Whoever looks after the connection that it was seen with.
    Its,
    /// All who look after the portal's script.
    All,
}

/// What a page is scrubbed of, and what stays all the same.
struct Scrubbing<'o> {
    secrets: Secrets,
    own: &'o OwnWords,
    veil: Veil<'o>,
    keeper: Keeper,
}

/// Whether there was room for all of a thing.
#[derive(PartialEq, Eq)]
enum Room {
    Enough,
    Short,
}

/// What is left to be written.
enum Work<N> {
    Visit(N, Voice),
    Close(String),
    /// What was written since then is what a frame shows; it ends with this.
    Frame(usize, &'static str),
}

/// A page without anything that is a customer's, at most 256 KiB of it. `secrets`
/// are the texts that must not be in it in any form: credentials, answers.
#[must_use]
pub fn scrub(html: &str, secrets: &[&str]) -> String {
    scrub_keeping(html, secrets, &OwnWords::default()).html
}

/// A page that was scrubbed, and what isn't in it only as it is too large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// The page.
    pub html: String,
    /// Whether something of it was left out.
    pub is_cut: bool,
    /// How many frames are empty though something showed in them.
    pub emptied_frames: usize,
}

/// The same, but for the words that a script itself says: with them the page can be recognised by it again.
#[must_use]
pub fn scrub_keeping(html: &str, secrets: &[&str], own: &OwnWords) -> Scrubbed {
    veiled(html, &Scrubbing { secrets: Secrets::new(secrets), own, veil: Veil::Shape, keeper: Keeper::Its })
}

/// The same for all who look after the portal's script: of headings and alerts, which may name a customer, nothing but the
/// script's words is left.
#[must_use]
pub(crate) fn scrub_for_all(html: &str, secrets: &[&str], own: &OwnWords) -> Scrubbed {
    veiled(html, &Scrubbing { secrets: Secrets::new(secrets), own, veil: Veil::Shape, keeper: Keeper::All })
}

fn veiled(html: &str, page: &Scrubbing<'_>) -> Scrubbed {
    let whole = html.len();
    let html = html.get(..html.floor_char_boundary(SIZE_LIMIT)).unwrap_or_default();
    let document = match Document::parse(html) {
        Ok(document) => document,
        Err(refused) => {
            let html = format!("<!doctype html>\n<p>{}</p>\n", refused.text());
            return Scrubbed { html, is_cut: true, emptied_frames: 0 };
        }
    };
    let secrets = &page.secrets;
    let mut scrubbed = Scrubbed { html: "<!doctype html>\n".into(), is_cut: html.len() < whole, emptied_frames: 0 };
    let mut work = vec![Work::Visit(document.html.tree.root(), Voice::Shape)];
    while let Some(item) = work.pop() {
        let out = &mut scrubbed.html;
        match item {
            Work::Close(name) => {
                out.push_str("</");
                out.push_str(&name);
                out.push('>');
            }
            Work::Frame(start, end) => {
                let inner = out.split_off(start.min(out.len()));
                // Within an attribute all of it is longer.
                let inner = attribute_text(&inner);
                if inner.len() < (LIMIT - RESERVE).saturating_sub(out.len()) {
                    out.push_str(&inner);
                } else {
                    scrubbed.emptied_frames += 1;
                }
                out.push_str(end);
            }
            Work::Visit(_, _) if out.len() > LIMIT - RESERVE => scrubbed.is_cut = true,
            Work::Visit(node, voice) => {
                let mut inner = voice;
                match node.value() {
                    Node::Text(words) => {
                        let room = LIMIT - RESERVE - out.len();
                        let words = escaped(&page.spoken(words, voice));
                        out.push_str(cut(&words, room));
                        scrubbed.is_cut |= words.len() > room;
                        continue;
                    }
                    Node::Element(_) => {
                        let Some(element) = ElementRef::wrap(node) else { continue };
                        if is_dropped(element.value().name()) {
                            continue;
                        }
                        inner = voice_within(element, voice, secrets);
                        if page.keeper == Keeper::All && inner == Voice::Words && names_somebody(element) {
                            inner = Voice::Own;
                        }
                        let name = name(element, secrets);
                        scrubbed.is_cut |= open(element, &name, inner, page, out) == Room::Short;
                        if let Some(document) = shown_in(element) {
                            // The tag is still open: what it shows is an attribute of it.
                            out.truncate(out.trim_end_matches('>').len());
                            out.push_str(" srcdoc=\"");
                            let end = if is_empty(&name) { "\">" } else { "\"></iframe>" };
                            work.push(Work::Frame(out.len(), end));
                            work.push(Work::Visit(document, Voice::Shape));
                            continue;
                        }
                        if is_empty(&name) {
                            continue;
                        }
                        work.push(Work::Close(name));
                        if is_hollow(element.value().name()) {
                            continue;
                        }
                    }
                    Node::Fragment => {
                        out.push_str("<template shadowrootmode=\"open\">");
                        work.push(Work::Close("template".to_owned()));
                    }
                    Node::Document => {}
                    _ => continue,
                }
                work.extend(node.children().rev().map(|child| Work::Visit(child, inner)));
            }
        }
    }
    scrubbed
}

/// The document that a frame shows.
fn shown_in(frame: ElementRef<'_>) -> Option<NodeRef<'_, Node>> {
    frame.children().find(|child| child.value().is_document())
}

fn attribute_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

/// The bank's words with each that holds a secret masked; all of them when a secret
/// is spread over several. A secret of one or two letters hides nothing.
#[must_use]
pub fn masked(words: &str, secrets: &[&str]) -> String {
    let long: Vec<&str> = secrets.iter().copied().filter(|secret| secret.trim().chars().count() > 2).collect();
    let secrets = Secrets::new(&long);
    let mask = |word: &str| {
        if secrets.are_in(word) { format!("{MASK}{}", blank_at_end(word)) } else { word.to_owned() }
    };
    let masked: String = words.split_inclusive(char::is_whitespace).map(mask).collect();
    if secrets.are_in(&masked) { MASK.into() } else { masked }
}

/// Elements of which nothing is left.
fn is_dropped(name: &str) -> bool {
    matches!(
        name,
        "script" | "style" | "template" | "noscript" | "link" | "meta" | "base" | "object" | "embed" | "head"
    )
}

/// Elements of which only the tag is left.
fn is_hollow(name: &str) -> bool {
    matches!(name, "iframe" | "frame" | "svg" | "math" | "canvas" | "video" | "audio" | "textarea")
}

/// Elements without an end tag.
fn is_empty(name: &str) -> bool {
    matches!(name, "area" | "br" | "col" | "hr" | "img" | "input" | "source" | "track" | "wbr" | "frame")
}

/// How the text within an element speaks.
fn voice_within(element: ElementRef<'_>, around: Voice, secrets: &Secrets) -> Voice {
    let says_words = match element.value().name() {
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "label" | "button" | "legend" | "caption" | "dt" | "summary" => true,
        // The header of a row is content: an account's name.
        "th" => element.attr("scope").is_none_or(|scope| scope != "row") && is_header_row(element),
        _ => matches!(
            element.attr("role"),
            Some("alert" | "alertdialog" | "heading" | "columnheader" | "button" | "tab")
        ),
    };
    match around {
        // A secret may be spread over several elements, so the whole is looked at.
        Voice::Shape if says_words && secrets.are_in(&text(element)) => Voice::Masked,
        Voice::Shape if says_words => Voice::Words,
        voice => voice,
    }
}

/// Whether a portal greets its customers there, or names their accounts.
fn names_somebody(element: ElementRef<'_>) -> bool {
    matches!(element.value().name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "caption")
        || matches!(element.attr("role"), Some("alert" | "alertdialog" | "heading"))
}

fn is_header_row(cell: ElementRef<'_>) -> bool {
    let row = cell.parent().and_then(ElementRef::wrap);
    row.is_some_and(|row| row.child_elements().all(|cell| cell.value().name() != "td"))
}

fn name(element: ElementRef<'_>, secrets: &Secrets) -> String {
    let name = element.value().name();
    let is_plain = name.len() <= 24 && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_plain || secrets.may_hold(name) { "div".into() } else { name.to_owned() }
}

fn open(element: ElementRef<'_>, name: &str, voice: Voice, page: &Scrubbing<'_>, out: &mut String) -> Room {
    let mut room = Room::Enough;
    out.push('<');
    out.push_str(name);
    for (attribute, value) in element.value().attrs() {
        let Some(kept) = attribute_value(element, attribute, value, voice, page) else { continue };
        if page.secrets.may_hold(attribute) {
            continue;
        }
        if out.len() + kept.len() > LIMIT - RESERVE {
            room = Room::Short;
            continue;
        }
        out.push(' ');
        out.push_str(attribute);
        if !kept.is_empty() {
            out.push_str("=\"");
            out.push_str(&escaped(&kept));
            out.push('"');
        }
    }
    out.push('>');
    room
}

/// What is left of an attribute; none when not even its name is kept.
fn attribute_value(
    element: ElementRef<'_>,
    attribute: &str,
    value: &str,
    voice: Voice,
    page: &Scrubbing<'_>,
) -> Option<String> {
    const STRUCTURE: [&str; 27] = [
        "id",
        "class",
        "for",
        "name",
        "type",
        "role",
        "scope",
        "colspan",
        "rowspan",
        "hidden",
        "disabled",
        "readonly",
        "required",
        "checked",
        "selected",
        "multiple",
        "autocomplete",
        "inputmode",
        "method",
        "novalidate",
        "tabindex",
        "lang",
        "dir",
        "data-testid",
        "data-test",
        "data-test-id",
        "data-cy",
    ];
    let is_plain = attribute.len() <= 32 && attribute.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    // What a frame shows is scrubbed as a document, and stands in its place.
    if !is_plain || attribute == "srcdoc" {
        return None;
    }
    if page.secrets.are_in(value) {
        return Some(MASK.into());
    }
    // What the script chooses by its value has to be there to be chosen.
    let is_chosen = element.value().name() == "option" && attribute == "value" && page.own.say(value);
    if is_chosen || page.own.want(attribute, value) {
        return Some(value.to_owned());
    }
    let is_control = matches!(element.value().name(), "button" | "input" | "select" | "textarea" | "form" | "table");
    let is_said = matches!(
        attribute,
        "placeholder"
            | "title"
            | "alt"
            | "aria-label"
            | "aria-description"
            | "aria-placeholder"
            | "aria-roledescription"
            | "aria-valuetext"
    );
    match attribute {
        "href" | "action" => Some(address(value, page)),
        _ if is_said && is_control => Some(page.spoken(value, Voice::Words)),
        _ if is_said => Some(page.spoken(value, voice)),
        _ if STRUCTURE.contains(&attribute) || attribute.starts_with("aria-") => Some(tokens(attribute, value, page)),
        _ if attribute.starts_with("data-") || page.own.name(attribute) => {
            Some(page.own.kept_in_value(value, page.veil.over(value)))
        }
        _ => None,
    }
}

/// An address without query, and without anything in its path that looks like a key; of what is in either the script's
/// own words stay.
fn address(value: &str, page: &Scrubbing<'_>) -> String {
    let (own, veil) = (page.own, page.veil);
    let (path, query) = value.split_once('?').map_or((value, None), |(path, query)| (path, Some(query)));
    let part = |part: &str| {
        let is_key = part.len() > 24 || part.chars().any(|c| c.is_numeric() || matches!(c, ';' | '=' | '%' | '@'));
        if is_key { own.kept_in_value(part, veil.over(part)) } else { own.kept_in_value(part, veil.over_path(part)) }
    };
    let path = path.split('/').take(32).map(part).collect::<Vec<_>>().join("/");
    let kept = query.map(|query| (own.kept_in_value(query, veil.over(query)), veil.over(query)));
    match kept {
        Some((kept, shape)) if kept != shape => format!("{path}?{kept}"),
        _ => path,
    }
}

/// Words that tell elements apart; long ones with digits in them are keys.
fn tokens(attribute: &str, value: &str, page: &Scrubbing<'_>) -> String {
    let token = |token: &str| page.own.kept_in_value(token, veiled_token(attribute, token, page.veil));
    value.split_whitespace().take(TOKENS).map(token).collect::<Vec<_>>().join(" ")
}

/// The same without a script's words.
pub(crate) fn bare_tokens(value: &str) -> String {
    let token = |token| veiled_token("", token, Veil::Shape);
    value.split_whitespace().take(TOKENS).map(token).collect::<Vec<_>>().join(" ")
}

fn veiled_token(attribute: &str, token: &str, veil: Veil<'_>) -> String {
    let is_key = token.len() > 40 || (token.len() >= 16 && token.chars().filter(|c| c.is_numeric()).count() > 2);
    match () {
        () if is_key || token.contains('@') => veil.over(token),
        // A word of the language, such as `text` or `row`, is nobody's.
        () if !is_chosen(attribute) => veil.over_names(token),
        () => veil.over_words(token),
    }
}

impl Scrubbing<'_> {
    /// A text as it is left.
    fn spoken(&self, words: &str, voice: Voice) -> String {
        let scrubbed = spoken(words, voice, self);
        if voice == Voice::Masked || self.secrets.are_in(words) {
            return scrubbed;
        }
        match self.veil {
            Veil::Shape => self.own.kept_in_text(words, scrubbed),
            // It has kept them: what is made up may be longer.
            Veil::Fiction(_) => scrubbed,
        }
    }
}

fn spoken(words: &str, voice: Voice, page: &Scrubbing<'_>) -> String {
    let (secrets, veil) = (&page.secrets, page.veil);
    if voice == Voice::Masked && !words.trim().is_empty() {
        return MASK.into();
    }
    if secrets.are_in(words) {
        return MASK.into();
    }
    match voice {
        Voice::Words if matches!(veil, Veil::Fiction(_)) && !words.contains('@') && !secrets.have_any(words) => {
            veil.over_words(words)
        }
        Voice::Words => {
            let word = |word: &str| match word {
                word if secrets.have(word) => format!("{MASK}{}", blank_at_end(word)),
                word if word.contains('@') => veil.over(word),
                word => veil.over_words(word),
            };
            words.split_inclusive(char::is_whitespace).map(word).collect()
        }
        Voice::Shape | Voice::Own | Voice::Masked => veil.over(words),
    }
}

fn blank_at_end(word: &str) -> &str {
    word.get(word.trim_end().len()..).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn cut(text: &str, room: usize) -> &str {
    text.get(..text.floor_char_boundary(room)).unwrap_or_default()
}
