//! The frames of a document that came as text: which documents they want to show, and the text
//! with what they show in it, in the form that the HTML standard has for that (`srcdoc`).
//!
//! Not here: asking for what they want to show (a driver does that), or reading a text that has it
//! ([`crate::roots`]).

use html5ever::tendril::StrTendril;
use html5ever::{LocalName, QualName, ns};
use scraper::{ElementRef, Html, Node};
use url::Url;

use crate::bounds::Refused;
use crate::document::nodes_within;
use crate::markup::{self, Scripting};

/// What one frame shows.
pub struct Shown<'a> {
    /// Where it is.
    pub url: &'a Url,
    /// Its document as text.
    pub html: &'a str,
}

/// Whether an element is a frame.
pub(crate) fn is_frame(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "frame" | "iframe")
}

/// What each frame of the document that was found at `url` wants to show, in the order of the
/// document. None of a frame that shows what the document itself says, nothing, or what the
/// document couldn't look into.
#[must_use]
pub fn wanted(html: &str, url: &Url) -> Vec<Option<Url>> {
    let Some(document) = parsed(html) else { return Vec::new() };
    let base = nodes_within(document.tree.root()).filter_map(ElementRef::wrap).find_map(|element| {
        let href = element.attr("href").filter(|_| element.value().name() == "base")?;
        url.join(href).ok()
    });
    let base = base.as_ref().unwrap_or(url);
    frames(&document).into_iter().map(|frame| source(&frame, base)).collect()
}

/// The document with what its frames show; one for each of its frames.
///
/// # Errors
/// Why the document is too large or nested too deeply, in words.
pub fn composed(html: &str, shown: &[Option<Shown<'_>>]) -> Result<String, String> {
    let words = |refused: Refused| refused.text().to_string();
    let mut document = markup::parse_with(html, Scripting::Off).map_err(words)?;
    let ids: Vec<_> = frames(&document).iter().map(|frame| frame.id()).collect();
    for (id, shown) in ids.into_iter().zip(shown) {
        let (Some(mut node), Some(shown)) = (document.tree.get_mut(id), shown) else { continue };
        if let Node::Element(frame) = node.value() {
            put(&mut frame.attrs, "src", shown.url.as_str());
            put(&mut frame.attrs, "srcdoc", shown.html);
        }
    }
    Ok(document.html())
}

fn parsed(html: &str) -> Option<Html> {
    // Most documents have none, and aren't parsed for it.
    let may_have_some = html.as_bytes().windows(5).any(|word| word.eq_ignore_ascii_case(b"frame"));
    if may_have_some { markup::parse_with(html, Scripting::Off).ok() } else { None }
}

fn frames(document: &Html) -> Vec<ElementRef<'_>> {
    nodes_within(document.tree.root()).filter_map(ElementRef::wrap).filter(is_frame).collect()
}

/// Where what a frame shows is to be had, if the page itself could look into it.
fn source(frame: &ElementRef<'_>, base: &Url) -> Option<Url> {
    if frame.attr("srcdoc").is_some() {
        return None;
    }
    let is_apart =
        |allowed: &str| !allowed.split_whitespace().any(|word| word.eq_ignore_ascii_case("allow-same-origin"));
    if frame.attr("sandbox").is_some_and(is_apart) {
        return None;
    }
    let source = frame.attr("src").map(str::trim).filter(|source| !source.is_empty())?;
    let mut url = base.join(source).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.set_fragment(None);
    Some(url)
}

/// Sets an attribute, and keeps them in the order in which they are looked up.
fn put(attributes: &mut Vec<(QualName, StrTendril)>, name: &str, value: &str) {
    let name = QualName::new(None, ns!(), LocalName::from(name));
    let value = StrTendril::from_slice(value);
    match attributes.binary_search_by(|(known, _)| known.cmp(&name)) {
        Ok(place) => attributes[place].1 = value,
        Err(place) => attributes.insert(place, (name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shown, composed, wanted};
    use crate::css::Css;
    use crate::document::{Document, text};

    #[test]
    fn a_frame_wants_what_the_page_could_look_into() {
        let check = |html: &str, expected: &[Option<&str>]| {
            let wanted = wanted(html, &"https://bank.example/in/list?a=1".parse().expect("a url"));
            let wanted: Vec<Option<&str>> = wanted.iter().map(|url| url.as_ref().map(url::Url::as_str)).collect();
            assert_eq!(wanted, expected, "{html}");
        };
        check(
            "<FRAMESET><FRAME SRC=menu.htm NAME=m><FRAME NAME=w></FRAMESET>",
            &[Some("https://bank.example/in/menu.htm"), None],
        );
        check("<base href=/app/><iframe src='work#top'>", &[Some("https://bank.example/app/work")]);
        check(
            "<iframe srcdoc=x src=a></iframe><iframe src=about:blank></iframe><iframe src='javascript:x()'>",
            &[None, None, None],
        );
        check(
            "<iframe sandbox=allow-forms src=a></iframe><iframe sandbox='allow-same-origin' src=b>",
            &[None, Some("https://bank.example/in/b")],
        );
        check("<template><iframe src=a></iframe></template><p>A frame</p>", &[]);
    }

    #[test]
    fn a_composed_text_shows_what_its_frames_show() {
        let urls = ["https://bank.example/menu", "https://bank.example/work"].map(|url| url.parse().expect("a url"));
        let shown = [
            Some(Shown { url: &urls[0], html: "<a href=x>\"Menu\" &amp; more</a>" }),
            None,
            Some(Shown { url: &urls[1], html: "<form><table><form action=b><tr><td>Work</form></table>" }),
        ];
        let html = composed("<frameset><frame name=m><frame name=e><frame name=w src=old>", &shown).expect("a text");
        let document = Document::parse_plain(&html).expect("a document");
        let found = |selector: &str| -> Vec<String> {
            document.all(&Css::parse(selector).expect("a selector")).map(text).collect()
        };
        assert_eq!(found("frame[name=m] >>> a"), ["\"Menu\" & more"]);
        assert_eq!(found("frame[name=e] >>> body"), [""; 0]);
        assert_eq!(found("frame[src='https://bank.example/work'] >>> td"), ["Work"]);
    }
}
