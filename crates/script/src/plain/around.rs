//! The document that an element of a page is of: the page's own, or what one of its frames shows.
//!
//! Not here: what is asked for when something in it is clicked.

use std::collections::BTreeMap;

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};
use url::Url;

use crate::document::{Document, nodes_within};
use crate::frames::{base, is_frame};

/// Which document of a page: the way down to it through frames, each by its number among those of
/// the document around it, from zero. Empty for the page's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<usize>);

/// A field of a page: its document, and which element of that it is. Good for as long as the
/// document stays, whatever becomes of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    place: Place,
    number: usize,
}

/// Where the documents of a page were found.
pub type Addresses = BTreeMap<Place, Url>;

impl Field {
    /// Whether it is of a document that is at a place, or within what is there.
    #[must_use]
    pub fn is_within(&self, place: &Place) -> bool {
        self.place.0.starts_with(&place.0)
    }
}

impl Place {
    /// That of the document around it; its own where there is none.
    fn parent(mut self) -> Self {
        self.0.pop();
        self
    }
}

/// The document that an element is of.
pub(super) struct Around<'d> {
    top: NodeRef<'d, Node>,
    /// The frames that lead there, the innermost first.
    frames: Vec<ElementRef<'d>>,
}

impl<'d> Around<'d> {
    pub(super) fn of(element: ElementRef<'d>) -> Self {
        let is_root = |node: &NodeRef<'d, Node>| matches!(node.value(), Node::Document | Node::Fragment);
        let top = element.ancestors().find(is_root).unwrap_or(*element);
        Self { top, frames: element.ancestors().filter_map(ElementRef::wrap).filter(is_frame).collect() }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = ElementRef<'d>> + use<'d> {
        nodes_within(self.top).filter_map(ElementRef::wrap)
    }

    /// Where the document was found, or the one that says what it says.
    pub(super) fn url<'a>(&self, addresses: &'a Addresses, page: &'a Url) -> &'a Url {
        let mut place = self.place();
        loop {
            if let Some(url) = addresses.get(&place) {
                return url;
            }
            if place.0.is_empty() {
                return page;
            }
            place = place.parent();
        }
    }

    /// An address in the document, which was found at `url`, if it is one of the web.
    pub(super) fn address(&self, url: &Url, href: &str) -> Option<Url> {
        base(self.elements(), url).join(href).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// What links and forms of the document name that name nothing themselves.
    pub(super) fn usual_target(&self) -> Option<&'d str> {
        let mut bases = self.elements().filter(|element| element.value().name() == "base");
        bases.find_map(|base| base.value().attr("target"))
    }

    pub(super) fn place(&self) -> Place {
        // A frame within a shadow root isn't told from the page around it.
        Place(self.frames.iter().rev().map(|frame| number(*frame)).collect::<Option<_>>().unwrap_or_default())
    }

    /// Which field an element is.
    pub(super) fn field(&self, element: ElementRef<'d>) -> Option<Field> {
        let number = self.whole().position(|other| other.id() == element.id())?;
        Some(Field { place: self.place(), number })
    }

    /// The element that a field is, if it is of this document.
    pub(super) fn element(&self, field: &Field) -> Option<ElementRef<'d>> {
        self.whole().nth(field.number).filter(|_| field.place == self.place())
    }

    /// The elements of the document and of its shadow roots.
    fn whole(&self) -> impl Iterator<Item = ElementRef<'d>> + use<'d> {
        let is_document = |node: &NodeRef<'d, Node>| matches!(node.value(), Node::Document);
        let top = std::iter::once(self.top).chain(self.top.ancestors()).find(is_document).unwrap_or(self.top);
        let depth = self.frames.len();
        let is_own = move |element: &ElementRef<'_>| {
            element.ancestors().filter_map(ElementRef::wrap).filter(is_frame).count() == depth
        };
        top.descendants().filter_map(ElementRef::wrap).filter(is_own)
    }

    /// The document around the frame that shows this one; this one where there is none.
    pub(super) fn parent(&self) -> Place {
        self.place().parent()
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
