//! What on a page leads where, and which of its attributes have to stay as a selector of the script asks for them.
//!
//! Not here: what becomes of the page (`wire`).

use ego_tree::NodeId;
use scraper::ElementRef;

use super::portal::SimulatedLink;
use crate::css::Css;
use crate::document::Document;

/// Where something leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// What was filled is sent, for this step of the sign-in.
    Step(usize),
    /// This page shows.
    Page(usize),
    /// What was chosen on this page is asked for.
    Choice(usize),
    /// The session ends.
    Out,
}

impl Lead {
    pub(super) fn path(self) -> String {
        match self {
            Self::Step(step) => format!("/step/{step}"),
            Self::Page(page) => format!("/page/{page}"),
            Self::Choice(page) => format!("/choice/{page}"),
            Self::Out => "/out".to_owned(),
        }
    }

    /// How a form asks for it.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Step(_) => "post",
            Self::Page(_) | Self::Choice(_) | Self::Out => "get",
        }
    }

    /// Whether what was filled goes along.
    pub(super) const fn takes_fields(self) -> bool {
        matches!(self, Self::Step(_) | Self::Choice(_))
    }
}

/// What becomes of the attribute by which something led elsewhere: the address of a link, the kind of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Another stands in its place.
    Moved,
    /// It stays, as a selector asks for it.
    Kept,
}

impl Way {
    /// What a selector needs.
    fn for_selector(css: &str) -> Self {
        if css.contains("[href") || css.contains("[type") { Self::Kept } else { Self::Moved }
    }
}

/// Something on a page that leads somewhere.
pub(super) struct Wire {
    pub(super) at: NodeId,
    pub(super) lead: Lead,
    pub(super) way: Way,
}

/// What on a page leads where, and what is sent with it.
#[derive(Default)]
pub(super) struct Wires {
    pub(super) leads: Vec<Wire>,
    /// Fields that are sent with the step or the choice, each by its name.
    pub(super) fields: Vec<(NodeId, String)>,
    /// Whether selectors ask for where forms lead.
    pub(super) wants_actions: bool,
    /// What else asks for an attribute by which something leads elsewhere: what a page is known by, and what is told of it.
    asked: Vec<Css>,
}

impl Wires {
    /// None yet, on a page of which all of this is asked.
    pub(super) fn asked(all: impl Iterator<Item = Css>) -> Self {
        let asked: Vec<Css> = all.filter(|css| css.text().contains('[')).collect();
        Self { wants_actions: asked.iter().any(|css| css.text().contains("[action")), asked, ..Self::default() }
    }

    /// Wires something for a selector, unless it leads somewhere already.
    pub(super) fn put(&mut self, at: NodeId, css: &str, lead: Lead) {
        if self.leads.iter().all(|wire| wire.at != at) {
            self.wants_actions |= css.contains("[action");
            self.leads.push(Wire { at, lead, way: Way::for_selector(css) });
        }
    }

    /// The addresses on a page that stay, and where they lead.
    pub(super) fn links(&self, document: &Document) -> Vec<SimulatedLink> {
        let link = |wire: &Wire| {
            let element = document.html.tree.get(wire.at).and_then(ElementRef::wrap)?;
            let address = element.attr("href")?.trim();
            let is_kept = self.way(wire, element) == Way::Kept && is_path(address);
            is_kept.then(|| SimulatedLink { address: address.to_owned(), leads: wire.lead.path() })
        };
        self.leads.iter().filter_map(link).collect()
    }

    pub(super) fn way(&self, wire: &Wire, element: ElementRef<'_>) -> Way {
        if self.is_asked(element) { Way::Kept } else { wire.way }
    }

    pub(super) fn is_asked(&self, element: ElementRef<'_>) -> bool {
        self.asked.iter().any(|css| Way::for_selector(css.text()) == Way::Kept && css.fits(element))
    }
}

/// Whether an address is one of the portal's own that can be asked for.
pub(super) fn is_path(address: &str) -> bool {
    !address.is_empty() && !address.starts_with('#') && !has_scheme(address) && !is_elsewhere(address)
}

/// Whether an address names another host.
pub(super) fn is_elsewhere(address: &str) -> bool {
    // Browsers read a backslash as a slash, and pass over tabs and ends of lines.
    let is_odd = |sign: char| sign == '\\' || sign.is_control();
    address.trim().starts_with("//") || address.contains("://") || address.contains(is_odd)
}

fn has_scheme(address: &str) -> bool {
    let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty() && scheme.bytes().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn an_address_that_a_browser_reads_as_anothers_never_stays() {
        for address in [
            "/\\other.example/a",
            "/\t/other.example/a",
            "//other.example/a",
            "https://other.example/a",
            " //other.example/a",
        ] {
            assert!(!is_path(address), "{address}");
        }
        for address in ["/a", "a/7", "?p=2", "./a"] {
            assert!(is_path(address), "{address}");
        }
    }
}
