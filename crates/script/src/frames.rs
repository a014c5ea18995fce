//! The frames of a document that came as text: what each wants to show, and the text with what
//! they show in it, in the form that the HTML standard has for that (`srcdoc`).
//!
//! Not here: asking for what they want to show (a driver does that), or reading a text that has it
//! ([`crate::roots`]).

use html5ever::tendril::StrTendril;
use html5ever::{LocalName, QualName, ns};
use scraper::{ElementRef, Html, Node};
use url::Url;

use crate::document::nodes_within;
use crate::markup::{self, Scripting};

/// How many frames of a page are looked into.
pub const FRAMES_AT_MOST: usize = 64;

/// A frame of a document.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it wants to show.
    pub wants: Wants,
    /// Whether the page could look into it, whatever of its own origin it shows.
    pub is_open: bool,
}

/// What a frame wants to show.
#[derive(Debug, PartialEq, Eq)]
pub enum Wants {
    /// Nothing that is to be had without scripts.
    Nothing,
    /// What is at an address.
    Address(Url),
    /// What the document around it says, with the address that its links are counted from.
    Text {
        /// The frame's document.
        html: String,
        /// That of the document around it.
        base: Url,
    },
}

/// Whether an element is a frame.
pub(crate) fn is_frame(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "frame" | "iframe")
}

/// The address that those in a document are counted from, which was found at `url`. The first
/// element that says one counts, as in the HTML standard, even if it says none.
pub(crate) fn base<'d>(mut elements: impl Iterator<Item = ElementRef<'d>>, url: &Url) -> Url {
    let says = |element: &ElementRef<'d>| element.value().name() == "base" && element.attr("href").is_some();
    let said = elements.find(says).and_then(|base| base.attr("href"));
    said.and_then(|href| url.join(href).ok()).unwrap_or_else(|| url.clone())
}

/// The frames of the document that was found at `url`, in its order, those in shadow roots aside.
#[must_use]
pub fn frames(html: &str, url: &Url) -> Vec<Frame> {
    // Most documents have none, and aren't parsed for it.
    let may_have_some = html.as_bytes().windows(5).any(|word| word.eq_ignore_ascii_case(b"frame"));
    let Some(document) = may_have_some.then(|| markup::parse(html, Scripting::Off).ok()).flatten() else {
        return Vec::new();
    };
    let base = base(elements(&document), url);
    elements(&document)
        .filter(is_frame)
        .map(|frame| Frame { wants: wants(&frame, &base), is_open: is_open(&frame) })
        .collect()
}

/// The document with what its frames show, in their order; those that show nothing say nothing.
///
/// # Errors
/// Why the document is too large or nested too deeply, in words.
pub fn composed(html: &str, shown: &[Option<&str>]) -> Result<String, String> {
    let parsed = markup::parse(html, Scripting::Off);
    let mut document = parsed.map_err(|refused| refused.text().to_string())?;
    let ids: Vec<_> = elements(&document).filter(is_frame).map(|frame| frame.id()).collect();
    for (id, shown) in ids.into_iter().zip(shown) {
        if let Some(mut node) = document.tree.get_mut(id)
            && let Node::Element(frame) = node.value()
        {
            show(&mut frame.attrs, *shown);
        }
    }
    Ok(document.html())
}

fn elements(document: &Html) -> impl Iterator<Item = ElementRef<'_>> {
    nodes_within(document.tree.root()).filter_map(ElementRef::wrap)
}

fn wants(frame: &ElementRef<'_>, base: &Url) -> Wants {
    if let Some(html) = frame.attr("srcdoc") {
        return Wants::Text { html: html.to_owned(), base: base.clone() };
    }
    let source = frame.attr("src").map(str::trim).filter(|source| !source.is_empty());
    let url = source.and_then(|source| base.join(source).ok());
    match url.filter(|url| matches!(url.scheme(), "http" | "https")) {
        Some(mut url) => {
            url.set_fragment(None);
            Wants::Address(url)
        }
        None => Wants::Nothing,
    }
}

fn is_open(frame: &ElementRef<'_>) -> bool {
    let allows = |allowed: &str| allowed.split_whitespace().any(|word| word.eq_ignore_ascii_case("allow-same-origin"));
    frame.attr("sandbox").is_none_or(allows)
}

/// Has a frame show a document, or nothing. Attributes stay in the order in which they are looked up.
fn show(attributes: &mut Vec<(QualName, StrTendril)>, shown: Option<&str>) {
    let name = QualName::new(None, ns!(), LocalName::from("srcdoc"));
    let place = attributes.binary_search_by(|(known, _)| known.cmp(&name));
    match (place, shown.map(StrTendril::from_slice)) {
        (Ok(place), Some(html)) => attributes[place].1 = html,
        (Err(place), Some(html)) => attributes.insert(place, (name, html)),
        (Ok(place), None) => drop(attributes.remove(place)),
        (Err(_), None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Wants, composed, frames};
    use crate::css::Css;
    use crate::document::{Document, text};

    /// What each frame wants, a word each; in braces where the page couldn't look into it.
    fn wanted(html: &str) -> Vec<String> {
        let found = frames(html, &"https://bank.example/in/list?a=1".parse().expect("a url"));
        let word = |frame: &super::Frame| match &frame.wants {
            Wants::Nothing => "nothing".to_owned(),
            Wants::Address(url) => url.as_str().replace("https://bank.example", ""),
            Wants::Text { html, base } => format!("{html} from {}", base.path()),
        };
        let braced = |frame: &super::Frame| if frame.is_open { word(frame) } else { format!("({})", word(frame)) };
        found.iter().map(braced).collect()
    }

    #[test]
    fn a_frame_wants_what_it_says() {
        let check = |html: &str, expected: &[&str]| assert_eq!(wanted(html), expected, "{html}");
        check("<FRAMESET><FRAME SRC=menu.htm NAME=m><FRAME NAME=w></FRAMESET>", &["/in/menu.htm", "nothing"]);
        check("<base href=/app/><base href=/b/><iframe src='work#top'>", &["/app/work"]);
        check("<base href='https://['><base href=/b/><iframe src=work>", &["/in/work"]);
        check("<iframe src=about:blank></iframe><iframe src='javascript:x()'>", &["nothing", "nothing"]);
        check("<iframe src=a srcdoc=x>", &["x from /in/list"]);
        check(
            "<iframe sandbox=allow-forms src=a></iframe><iframe sandbox='allow-same-origin' src=b>",
            &["(/in/a)", "/in/b"],
        );
        check("<noscript><iframe src=a></iframe></noscript>", &["/in/a"]);
        check("<template><iframe src=a></iframe></template><p>A frame</p>", &[]);
    }

    #[test]
    fn a_composed_text_shows_what_its_frames_show_and_says_what_it_said() {
        let form = "<form><table><form action=b><tr><td>Work</form></table><noscript><p>No scripts</p></noscript>";
        let shown = [Some("<a href=x>\"Menu\" &amp; more</a>"), None, Some(form)];
        let html = composed("<frameset><frame name=m><frame name=e srcdoc=old><frame src=w.htm>", &shown);
        let document = Document::parse_plain(&html.expect("a text")).expect("a document");
        let found = |selector: &str| -> Vec<String> {
            document.all(&Css::parse(selector).expect("a selector")).map(text).collect()
        };
        assert_eq!(found("frame[name=m] >>> a"), ["\"Menu\" & more"]);
        assert_eq!(found("frame[name=e] >>> body"), [""; 0]);
        assert_eq!(found("frame[src='w.htm'] >>> td"), ["Work"]);
        assert_eq!(found("frame[src='w.htm'] >>> noscript p"), ["No scripts"]);
    }
}
