//! What an act was done to, on a page that shows it: within the edges that its target names, by a selector or whatever else
//! fits one thing alone.
//!
//! A frame is told by its selector, or else by its place among the frames of what is around it, as other recorders count them.
//!
//! Not here: which page an act was on (`joined`).

use std::collections::HashSet;

use ego_tree::NodeId;
use scraper::ElementRef;

use crate::css::{Css, PIERCING, quoted};
use crate::document::{Document, is_inert};
use crate::frames::is_frame;
use crate::recording::{Edge, Target, Way};

/// What a target is on a page: by its selector, or else by whatever other way fits one thing alone.
pub(super) fn found<'d>(document: &'d Document, target: &Target) -> Option<ElementRef<'d>> {
    let mut hosts: Option<Vec<ElementRef<'d>>> = None;
    for edge in &target.within {
        let next = match edge {
            Edge::Frame { css: Some(css), origin: None, .. } | Edge::ShadowRoot { css } => {
                all(document, hosts.as_deref(), css)
            }
            Edge::Frame { css: None, place: Some(place), origin: None } => {
                let place = usize::try_from(*place).ok()?;
                vec![match hosts.as_deref() {
                    None => frames(document.everything(), None).nth(place)?,
                    Some([host]) => {
                        let around = if is_frame(host) { Some(host.id()) } else { frame_around(*host) };
                        frames(inside(*host), around).nth(place)?
                    }
                    // Among the frames of which of them?
                    Some(_) => return None,
                }]
            }
            // No script sees what is in there.
            Edge::Frame { .. } => return None,
        };
        hosts = Some(next);
    }
    let one = |selector: &str| {
        let found = all(document, hosts.as_deref(), selector);
        found.first().copied().filter(|_| found.len() == 1)
    };
    let by_way = |way: &Way| match way {
        Way::Css(css) => one(css),
        Way::Id(id) => one(&attribute("id", id)),
        Way::Name(name) => one(&attribute("name", name)),
        Way::Placeholder(text) => one(&attribute("placeholder", text)),
        Way::TestId { attribute: name, value } => one(&attribute(name, value)),
        // Words may have changed, and paths are what the selector says.
        Way::Role { .. } | Way::Label(_) | Way::Text(_) | Way::Xpath(_) => None,
    };
    let surest = |way: &&Way| !matches!(way, Way::Css(_));
    target.ways.iter().find(|way| !surest(way)).and_then(by_way).or_else(|| target.ways.iter().find_map(by_way))
}

fn attribute(name: &str, value: &str) -> String {
    format!("[{name}={}]", quoted(value))
}

/// What a selector fits: in the document itself, or however deep within hosts.
fn all<'d>(document: &'d Document, hosts: Option<&[ElementRef<'d>]>, selector: &str) -> Vec<ElementRef<'d>> {
    let Some(hosts) = hosts else {
        return Css::made(selector).map(|css| document.all(&css).collect()).unwrap_or_default();
    };
    let Some(css) = Css::made(&format!("{PIERCING} {selector}")) else { return Vec::new() };
    // One that is within another is within both.
    let mut known = HashSet::new();
    let within = hosts.iter().flat_map(|host| css.within(*host)).filter(|element| !is_inert(element));
    within.filter(|element| known.insert(element.id())).collect()
}

fn inside(host: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    host.descendants().skip(1).filter_map(ElementRef::wrap)
}

/// The frames that are in no other frame than `around`, in shadow roots too: a browser counts them so.
fn frames<'d>(
    elements: impl Iterator<Item = ElementRef<'d>>,
    around: Option<NodeId>,
) -> impl Iterator<Item = ElementRef<'d>> {
    elements.filter(move |element| is_frame(element) && !is_inert(element) && frame_around(*element) == around)
}

/// The frame that an element is in.
fn frame_around(element: ElementRef<'_>) -> Option<NodeId> {
    element.ancestors().filter_map(ElementRef::wrap).find(is_frame).map(|frame| frame.id())
}

#[cfg(test)]
mod tests {
    use super::found;
    use crate::document::Document;
    use crate::recording::{Edge, Target, Way};

    fn check(document: &Document, within: Vec<Edge>, ways: Vec<Way>, expected: Option<&str>) {
        let target = Target { within, ways };
        let element = found(document, &target);
        assert_eq!(element.and_then(|element| element.value().attr("name")), expected, "{target:?}");
    }

    #[test]
    fn a_target_is_found_through_frames_and_roots_and_by_another_way_where_its_place_changed() {
        let html = "<p>a</p><iframe srcdoc=\"<form><template shadowrootmode=open></template>\
            <x-field><template shadowrootmode=open><input name=user></template></x-field></form>\"></iframe>";
        let document = Document::parse(html).expect("a document");
        let frame = |origin: Option<&str>| Edge::Frame {
            css: Some("iframe:nth-of-type(1)".into()),
            place: None,
            origin: origin.map(str::to_owned),
        };
        let host = Edge::ShadowRoot { css: "x-field".into() };
        let input = vec![Way::Css("input:nth-of-type(1)".into())];
        check(&document, vec![frame(None), host.clone()], input, Some("user"));
        let moved = vec![Way::Name("user".into()), Way::Css("b > input".into())];
        check(&document, vec![frame(None), host.clone()], moved.clone(), Some("user"));
        check(&document, vec![frame(Some("https://other.example")), host], moved, None);
    }

    #[test]
    fn a_frame_without_a_selector_is_the_one_at_its_place_among_those_of_what_is_around_it() {
        let inner = "<frameset><frame srcdoc='<input name=c>'><frame srcdoc='<input name=d>'></frameset>";
        let html = format!(
            "<frameset><frame srcdoc='<input name=a>'><frameset><frame srcdoc=\"{inner}\"><frame srcdoc='<input name=b>'></frameset></frameset>"
        );
        let document = Document::parse(&html).expect("a document");
        let at = |places: &[u32]| {
            let edge = |place: &u32| Edge::Frame { css: None, place: Some(*place), origin: None };
            places.iter().map(edge).collect::<Vec<_>>()
        };
        let input = || vec![Way::Css("input".into())];
        for (places, expected) in [
            (&[0][..], Some("a")),
            (&[1, 0], Some("c")),
            (&[1, 1], Some("d")),
            // Not the ones within its neighbour.
            (&[2], Some("b")),
            (&[3], None),
            (&[1, 2], None),
            (&[0, 0], None),
            // What is in which of two.
            (&[1], None),
        ] {
            check(&document, at(places), input(), expected);
        }
        let named = Edge::Frame { css: Some("frame:nth-of-type(1)".into()), place: Some(9), origin: None };
        // A selector says more than a place.
        check(&document, vec![named], vec![Way::Name("a".into())], Some("a"));
        let foreign = Edge::Frame { css: None, place: Some(0), origin: Some("https://other.example".into()) };
        check(&document, vec![foreign], input(), None);
    }

    #[test]
    fn frames_in_shadow_roots_are_counted_with_the_others() {
        let html = "<x-a><template shadowrootmode=open><iframe srcdoc='<input name=a>'></iframe></template></x-a>\
            <x-b><template shadowrootmode=open><iframe srcdoc='<input name=b>'></iframe></template></x-b>";
        let document = Document::parse(html).expect("a document");
        let frame = |place| Edge::Frame { css: None, place: Some(place), origin: None };
        let input = || vec![Way::Css("input".into())];
        check(&document, vec![frame(1)], input(), Some("b"));
        let host = |css: &str| Edge::ShadowRoot { css: css.into() };
        check(&document, vec![host("x-b"), frame(0)], input(), Some("b"));
        check(&document, vec![host("x-a, x-b"), frame(0)], input(), None);
    }
}
