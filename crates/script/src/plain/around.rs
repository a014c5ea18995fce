//! The document that an element of a page is of: the page's own, or what one of its frames shows.
//!
//! Not here: what is asked for when something in it is clicked.

use scraper::{ElementRef, Node};
use url::Url;

use crate::document::{Document, nodes_within};
use crate::frames::is_frame;

/// Which document of a page: the way down to it through frames, each by its number among those of
/// the document around it, from zero. Empty for the page's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(pub Vec<usize>);

impl Place {
    /// Whether it is `other`, or within it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

/// The document that an element is of.
pub(super) struct Around<'d> {
    top: ego_tree::NodeRef<'d, Node>,
    /// The frames that lead there, the innermost first.
    frames: Vec<ElementRef<'d>>,
}

impl<'d> Around<'d> {
    pub(super) fn of(element: ElementRef<'d>) -> Self {
        let is_root = |node: &ego_tree::NodeRef<'d, Node>| matches!(node.value(), Node::Document | Node::Fragment);
        let top = element.ancestors().find(is_root).unwrap_or(*element);
        Self { top, frames: element.ancestors().filter_map(ElementRef::wrap).filter(is_frame).collect() }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = ElementRef<'d>> + use<'d> {
        nodes_within(self.top).filter_map(ElementRef::wrap)
    }

    /// Where the document is, on the page that was found at `page`.
    pub(super) fn url(&self, page: &Url) -> Url {
        let said = self.frames.iter().find_map(|frame| frame.attr("src").filter(|_| frame.attr("srcdoc").is_some()));
        said.and_then(|source| page.join(source).ok()).unwrap_or_else(|| page.clone())
    }

    /// An address in the document, if it is one of the web.
    pub(super) fn address(&self, page: &Url, href: &str) -> Option<Url> {
        let own = self.url(page);
        let base = self.elements().find(|element| element.value().name() == "base" && element.attr("href").is_some());
        let base = base.and_then(|base| own.join(base.attr("href")?).ok()).unwrap_or(own);
        base.join(href).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// What links and forms of the document name that name nothing themselves.
    pub(super) fn usual_target(&self) -> Option<String> {
        self.elements()
            .find_map(|element| element.attr("target").filter(|_| element.value().name() == "base").map(str::to_owned))
    }

    pub(super) fn place(&self) -> Place {
        // A frame within a shadow root isn't told from the page around it.
        Place(self.frames.iter().rev().map(|frame| number(*frame)).collect::<Option<_>>().unwrap_or_default())
    }

    /// The document around the frame that shows this one; this one where there is none.
    pub(super) fn parent(&self) -> Place {
        let mut place = self.place();
        place.0.pop();
        place
    }
}

/// The place of what a frame of that name shows.
pub(super) fn named(document: &Document, name: &str) -> Option<Place> {
    let is_named = |frame: &ElementRef<'_>| frame.attr("name").is_some_and(|own| own.eq_ignore_ascii_case(name));
    let frame = document.everything().filter(is_frame).find(is_named)?;
    let mut place = Around::of(frame).place();
    place.0.push(number(frame)?);
    Some(place)
}

/// Which frame of its document it is.
fn number(frame: ElementRef<'_>) -> Option<usize> {
    let around = Around::of(frame);
    let is_document = matches!(around.top.value(), Node::Document);
    around.elements().filter(is_frame).position(|other| other.id() == frame.id()).filter(|_| is_document)
}
