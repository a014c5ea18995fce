//! Changing a page that was saved so that it leads somewhere without a script: what is clicked becomes a link or sends a form of
//! its own, and nothing else on the page leads anywhere, loads anything or does anything.
//!
//! Not here: what leads where.

use ego_tree::{NodeId, Tree};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};
use scraper::node::{Comment, Element};
use scraper::{ElementRef, Node};

use crate::controls::kind;
use crate::document::Document;

/// Where a portal may put a banner.
const BANNER: &str = "banner";

/// Where something leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// What was filled is sent, for this step of the sign-in.
    Step(usize),
    /// This page shows.
    Page(usize),
    /// The session ends.
    Out,
}

impl Lead {
    fn path(self) -> String {
        match self {
            Self::Step(step) => format!("/step/{step}"),
            Self::Page(page) => format!("/page/{page}"),
            Self::Out => "/out".to_owned(),
        }
    }

    /// How a form asks for it.
    const fn method(self) -> &'static str {
        match self {
            Self::Step(_) => "post",
            Self::Page(_) | Self::Out => "get",
        }
    }
}

/// What on a page leads where, and what is sent with it.
#[derive(Default)]
pub(super) struct Wires {
    pub(super) leads: Vec<(NodeId, Lead)>,
    /// Fields that are sent with the step, each by its name.
    pub(super) fields: Vec<(NodeId, String)>,
}

/// The page with its wires, as markup.
pub(super) fn wired(mut document: Document, wires: &Wires) -> String {
    let tree = &mut document.html.tree;
    clean(tree, wires);
    let body = tree.nodes().find(|node| named(node.value(), "body") && node.parent().is_some()).map(|node| node.id());
    let mut forms = Vec::new();
    for (place, (id, lead)) in wires.leads.iter().enumerate() {
        let form = format!("lead-{place}");
        if let Lead::Step(_) = lead {
            for (field, name) in &wires.fields {
                change(tree, *field, &[("name", Some(name)), ("form", Some(&form))]);
            }
        }
        if lead_from(tree, *id, *lead, &form) {
            let attributes = [
                ("id", form.as_str()),
                ("method", lead.method()),
                ("action", &lead.path()),
                ("hidden", ""),
                ("novalidate", ""),
            ];
            forms.push(element("form", &attributes));
        }
    }
    if let Some(mut body) = body.and_then(|body| tree.get_mut(body)) {
        body.prepend(Node::Comment(Comment { comment: BANNER.into() }));
        for form in forms {
            body.append(form);
        }
    }
    document.html.html()
}

/// Has an element lead somewhere; whether it takes a form to do so.
fn lead_from(tree: &mut Tree<Node>, id: NodeId, lead: Lead, form: &str) -> bool {
    let Some(found) = tree.get(id).and_then(ElementRef::wrap) else { return false };
    let (name, kind) = (found.value().name().to_owned(), kind(&found));
    let enabled = [("disabled", None), ("aria-disabled", None)];
    change(tree, id, &enabled);
    match name.as_str() {
        "a" | "area" if !matches!(lead, Lead::Step(_)) => {
            let old = tree.get(id).and_then(ElementRef::wrap).and_then(|link| link.attr("href")).unwrap_or_default();
            // What a script reads of an address is in it still: it stands behind the sign that no portal is told of.
            let href = format!("{}{}", lead.path(), behind_sign(old));
            change(tree, id, &[("href", Some(&href))]);
            false
        }
        "button" => {
            change(tree, id, &[("type", Some("submit")), ("form", Some(form))]);
            true
        }
        "input" if kind == "image" => {
            change(tree, id, &[("type", Some("submit")), ("form", Some(form))]);
            true
        }
        "input" => {
            let own = if kind == "submit" { None } else { Some("submit") };
            change(tree, id, &[("form", Some(form))]);
            if let Some(own) = own {
                change(tree, id, &[("type", Some(own))]);
            }
            true
        }
        // It has no way of its own to lead anywhere, so what is in it does: a link, or a button where something is sent.
        _ => {
            let (inner, takes_form) = match lead {
                Lead::Step(_) => (
                    element("button", &[("type", "submit"), ("form", form), ("style", "all: unset; display: block")]),
                    true,
                ),
                Lead::Page(_) | Lead::Out => {
                    (element("a", &[("href", &lead.path()), ("style", "all: unset; display: block")]), false)
                }
            };
            change(tree, id, &[("href", None)]);
            let children: Vec<NodeId> =
                tree.get(id).map(|node| node.children().map(|child| child.id()).collect()).unwrap_or_default();
            let Some(inner) = tree.get_mut(id).map(|mut outer| outer.append(inner).id()) else { return false };
            for child in children {
                if let Some(mut inner) = tree.get_mut(inner) {
                    inner.append_id(child);
                }
            }
            takes_form
        }
    }
}

/// Takes away whatever loads, does or leads to something.
fn clean(tree: &mut Tree<Node>, wires: &Wires) {
    let is_wired = |id: NodeId| wires.leads.iter().any(|(wired, _)| *wired == id);
    let ids: Vec<NodeId> = tree.nodes().map(|node| node.id()).collect();
    for id in ids {
        let Some(node) = tree.get(id) else { continue };
        let is_dropped = match node.value() {
            Node::Comment(_) | Node::ProcessingInstruction(_) => true,
            Node::Element(element) => is_dropped(element.name()),
            _ => false,
        };
        if is_dropped {
            if let Some(mut node) = tree.get_mut(id) {
                node.detach();
            }
            continue;
        }
        let Some(found) = ElementRef::wrap(node) else { continue };
        let gone: Vec<String> = found
            .value()
            .attrs()
            .filter(|(name, value)| does_something(name, value))
            .map(|(name, _)| name.to_owned())
            .collect();
        let href = found.attr("href").filter(|_| !is_wired(id)).map(behind_sign);
        for name in gone {
            change(tree, id, &[(&name, None)]);
        }
        if let Some(href) = href {
            change(tree, id, &[("href", Some(if href.is_empty() { "#" } else { &href }))]);
        }
    }
}

/// An address as what stands behind `#`.
fn behind_sign(address: &str) -> String {
    match address.trim().trim_start_matches('#') {
        "" => String::new(),
        address => format!("#{address}"),
    }
}

fn is_dropped(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "template"
            | "noscript"
            | "link"
            | "meta"
            | "base"
            | "object"
            | "embed"
            | "applet"
            | "iframe"
            | "frame"
            | "video"
            | "audio"
    )
}

/// Whether an attribute runs, loads or sends something, or opens a window.
fn does_something(name: &str, value: &str) -> bool {
    let loads = matches!(
        name,
        "src"
            | "srcset"
            | "srcdoc"
            | "data"
            | "poster"
            | "background"
            | "ping"
            | "action"
            | "method"
            | "enctype"
            | "formaction"
            | "formmethod"
            | "formtarget"
            | "formenctype"
            | "target"
            | "xlink:href"
            | "popovertarget"
            | "commandfor"
    );
    loads || name.starts_with("on") || (name == "style" && value.to_ascii_lowercase().contains("url("))
}

/// Sets attributes of an element, or takes them away.
pub(super) fn change(tree: &mut Tree<Node>, id: NodeId, changes: &[(&str, Option<&str>)]) {
    let Some(mut node) = tree.get_mut(id) else { return };
    let Node::Element(element) = node.value() else { return };
    let kept = element.attrs.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| &*name.local != *changed));
    let mut attributes: Vec<Attribute> =
        kept.map(|(name, value)| Attribute { name: name.clone(), value: StrTendril::from(&**value) }).collect();
    attributes.extend(changes.iter().filter_map(|(name, value)| Some(attribute(name, (*value)?))));
    *element = Element::new(element.name.clone(), attributes);
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: QualName::new(None, ns!(), LocalName::from(name)), value: StrTendril::from(value) }
}

fn element(name: &str, attributes: &[(&str, &str)]) -> Node {
    let attributes = attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    Node::Element(Element::new(QualName::new(None, ns!(html), LocalName::from(name)), attributes))
}

fn named(node: &Node, name: &str) -> bool {
    node.as_element().is_some_and(|element| element.name() == name)
}

#[cfg(test)]
mod tests {
    use super::{Lead, Wires, wired};
    use crate::css::Css;
    use crate::document::Document;

    /// The body with what these selectors fit leading to the pages of their places.
    fn check(body: &str, leads: &[(&str, Lead)], expected: &[&str]) {
        let document = Document::parse(&format!("<!doctype html><body>{body}")).expect("a document");
        let found = |css: &str| {
            let css = Css::parse(css).expect("a selector");
            document.all(&css).next().expect("something").id()
        };
        let leads = leads.iter().map(|(css, lead)| (found(css), *lead)).collect();
        let html = wired(document, &Wires { leads, fields: Vec::new() });
        for part in expected {
            assert!(html.contains(part), "{part} isn't in {html}");
        }
    }

    #[test]
    fn what_is_clicked_leads_on_whatever_it_is() {
        let page = Lead::Page(3);
        check("<a href='#/a/7'>x</a>", &[("a", page)], &["<a href=\"/page/3#/a/7\">x</a>"]);
        check(
            "<button id=b type=button onclick=go()>x</button>",
            &[("#b", Lead::Out)],
            &["form=\"lead-0\"", "type=\"submit\"", "<form action=\"/out\" hidden=\"\" id=\"lead-0\" method=\"get\""],
        );
        check("<table><tr><td id=c>x", &[("#c", page)], &["<td id=\"c\"><a href=\"/page/3\"", "x</a></td>"]);
        check(
            "<button disabled>x</button>",
            &[("button", Lead::Step(0))],
            &["<button form=\"lead-0\" type=\"submit\">"],
        );
    }

    #[test]
    fn nothing_else_loads_does_or_leads_to_anything() {
        let body = "<script>x()</script><img src=http://a/b onerror=x()><a href=http://a/b target=_blank>y</a>\
            <form action=/pay method=post><button formaction=/pay>z</button></form><iframe src=/b></iframe><!-- c -->\
            <p style='background: URL(http://a/b)'>w</p><template><script>x()</script></template>";
        let document = Document::parse(body).expect("a document");
        let html = wired(document, &Wires::default());
        for part in ["script", "src=", "onerror", "target", "action", "iframe", "c -->", "url(", "URL(", "href=\"http"]
        {
            assert!(!html.contains(part), "{part} is in {html}");
        }
        assert!(html.contains("<body><!--banner-->") && html.contains("<a href=\"#http://a/b\">y</a>"), "{html}");
    }
}
