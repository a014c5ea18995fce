//! Changing a page that was saved so that it leads somewhere without a script: what is clicked becomes a link or sends a form of
//! its own, and nothing else on the page leads anywhere, loads anything or does anything.
//!
//! What a selector of the script asks for stays as it is. A link keeps its address, and the portal is told where that leads. What
//! has no way of its own to lead anywhere (a link whose address is code, a button that sends nothing, a cell) says in an attribute
//! where it leads, and the one script that the portal itself has takes it there.
//!
//! Not here: what leads where.

use ego_tree::{NodeId, NodeRef, Tree};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};
use scraper::node::{Comment, Element};
use scraper::{ElementRef, Node};

use super::leads::{Way, Wire, Wires, is_elsewhere, is_path};
use crate::controls::kind;
use crate::css::root_of;
use crate::document::Document;
use crate::frames::is_frame;
use crate::roots::declared;

/// Where a portal may put a banner.
const BANNER: &str = "banner";

/// Says where something leads that has no way of its own: a path, or the form that is sent, `#lead-0`.
const LEADS: &str = "data-leads";

/// The portal's own script, which goes there.
const SCRIPT: &str = "/leads.js";

/// The page with its wires, as markup.
pub(super) fn wired(mut document: Document, wires: &Wires) -> String {
    let tree = &mut document.html.tree;
    clean(tree, wires);
    let mut forms = Vec::new();
    let mut scripted = Vec::new();
    for (place, wire) in wires.leads.iter().enumerate() {
        let Some(own) = tree.get(wire.at).and_then(ElementRef::wrap) else { continue };
        let (root, is_framed, way) = (root_of(own), is_framed(*own), wires.way(wire, own));
        let form = format!("lead-{place}");
        if wire.lead.takes_fields() {
            for (field, name) in &wires.fields {
                change(tree, *field, &[("name", Some(name)), ("form", Some(&form))]);
            }
        }
        let target = is_framed.then_some("_top");
        let led = lead_from(tree, (wire, way), &form, target);
        if led.by_script && !scripted.contains(&document_of(tree, wire.at)) {
            scripted.push(document_of(tree, wire.at));
        }
        if led.by_form {
            let mut attributes = vec![
                ("id", form.clone()),
                ("method", wire.lead.method().to_owned()),
                ("action", wire.lead.path()),
                ("hidden", String::new()),
                ("novalidate", String::new()),
            ];
            attributes.extend(target.map(|target| ("target", target.to_owned())));
            let attributes: Vec<(&str, &str)> =
                attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
            forms.push((root, element("form", &attributes)));
        }
    }
    let top = tree.root().id();
    if let Some(mut body) = inner_of(tree, top).and_then(|body| tree.get_mut(body)) {
        body.prepend(Node::Comment(Comment { comment: BANNER.into() }));
    }
    for (root, form) in forms {
        if let Some(mut inner) = inner_of(tree, root).and_then(|inner| tree.get_mut(inner)) {
            inner.append(form);
        }
    }
    for document in scripted {
        if let Some(mut body) = inner_of(tree, document).and_then(|body| tree.get_mut(body)) {
            body.append(element("script", &[("src", SCRIPT)]));
        }
    }
    declared(document.html.tree.root())
}

/// The document that something is in, whatever shadow roots are between.
fn document_of(tree: &Tree<Node>, at: NodeId) -> NodeId {
    let document = tree.get(at).and_then(|node| node.ancestors().find(|above| above.value().is_document()));
    document.map_or_else(|| tree.root().id(), |document| document.id())
}

/// Where a form may stand in a root: in the body of a document; none where it has no body.
fn inner_of(tree: &Tree<Node>, root: NodeId) -> Option<NodeId> {
    let root = tree.get(root)?;
    if root.value().is_fragment() {
        return Some(root.id());
    }
    let child =
        |of: NodeRef<'_, Node>, name: &str| of.children().find(|node| named(node.value(), name)).map(|node| node.id());
    child(tree.get(child(root, "html")?)?, "body")
}

/// Whether it is within a frame.
fn is_framed(node: NodeRef<'_, Node>) -> bool {
    node.ancestors().any(|above| above.value().is_document() && above.parent().is_some())
}

/// What it takes for something to lead somewhere.
#[derive(Default)]
struct Led {
    by_form: bool,
    by_script: bool,
}

/// Has an element lead somewhere.
fn lead_from(tree: &mut Tree<Node>, (wire, way): (&Wire, Way), form: &str, target: Option<&str>) -> Led {
    let Wire { at: id, lead, .. } = *wire;
    let Some(found) = tree.get(id).and_then(ElementRef::wrap) else { return Led::default() };
    let (name, kind) = (found.value().name().to_owned(), kind(&found));
    let own = found.attr("href").unwrap_or_default().to_owned();
    let by_form = Led { by_form: true, by_script: false };
    change(tree, id, &[("disabled", None), ("aria-disabled", None)]);
    match name.as_str() {
        "a" | "area" if way == Way::Kept && is_path(own.trim()) && !lead.takes_fields() => {
            change(tree, id, &[("target", target)]);
            Led::default()
        }
        "a" | "area" if (way == Way::Moved || is_elsewhere(&own)) && !lead.takes_fields() => {
            // What a script reads of an address is in it still: it stands behind the sign that no portal is told of.
            let href = format!("{}{}", lead.path(), behind_sign(&own));
            change(tree, id, &[("href", Some(&href)), ("target", target)]);
            Led::default()
        }
        "button" if way == Way::Moved || kind != "button" => {
            change(tree, id, &[("type", Some("submit")), ("form", Some(form))]);
            by_form
        }
        "input" if way == Way::Moved || matches!(kind.as_str(), "submit" | "image") => {
            change(tree, id, &[("type", Some("submit")), ("form", Some(form))]);
            by_form
        }
        _ => {
            let leads = if lead.takes_fields() { format!("#{form}") } else { lead.path() };
            change(tree, id, &[(LEADS, Some(&leads))]);
            if way == Way::Moved {
                change(tree, id, &[("href", None)]);
            }
            Led { by_form: lead.takes_fields(), by_script: true }
        }
    }
}

/// Takes away whatever loads, does or leads to something.
fn clean(tree: &mut Tree<Node>, wires: &Wires) {
    let is_wired = |id: NodeId| wires.leads.iter().any(|wire| wire.at == id);
    let ids: Vec<NodeId> = tree.nodes().map(|node| node.id()).collect();
    for id in ids {
        let Some(node) = tree.get(id) else { continue };
        let is_dropped = match node.value() {
            Node::Comment(_) | Node::ProcessingInstruction(_) => true,
            Node::Element(element) => {
                let shows = ElementRef::wrap(node).is_some_and(|element| is_frame(&element))
                    && node.children().any(|child| child.value().is_document());
                is_dropped(element.name()) && !shows
            }
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
        let action = found.attr("action").filter(|_| wires.wants_actions).map(|action| path_of(action).to_owned());
        let stays = |address: &&str| is_wired(id) || (is_path(address) && wires.is_asked(found));
        let href = found.attr("href").filter(|address| !stays(address)).map(behind_sign);
        for name in gone {
            change(tree, id, &[(&name, None)]);
        }
        if let Some(action) = action {
            change(tree, id, &[("action", Some(&action))]);
        }
        if let Some(href) = href {
            change(tree, id, &[("href", Some(if href.is_empty() { "#" } else { &href }))]);
        }
    }
}

/// An address without its host.
fn path_of(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("//") else { return address };
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
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
    loads || name == LEADS || name.starts_with("on") || (name == "style" && value.to_ascii_lowercase().contains("url("))
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
    use super::{Wires, wired};
    use crate::css::Css;
    use crate::document::Document;
    use crate::simulate::leads::Lead;

    /// The body with what these selectors fit leading to the pages of their places.
    fn check(body: &str, leads: &[(&str, Lead)], expected: &[&str]) {
        let document = Document::parse(&format!("<!doctype html><body>{body}")).expect("a document");
        let found = |css: &str| {
            let css = Css::parse(css).expect("a selector");
            document.all(&css).next().expect("something").id()
        };
        let mut wires = Wires::default();
        for (css, lead) in leads {
            wires.put(found(css), css, *lead);
        }
        let html = wired(document, &wires);
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
        let script = "<script src=\"/leads.js\"></script>";
        check("<table><tr><td id=c>x", &[("#c", page)], &["<td data-leads=\"/page/3\" id=\"c\">x</td>", script]);
        let code = "a[href^='javascript:']";
        let kept = "<a data-leads=\"/page/3\" href=\"javascript:go(7)\">x</a>";
        check("<a href='javascript:go(7)'>x</a>", &[(code, page)], &[kept, script]);
        check("<a href='javascript:go(7)'>x</a>", &[("a", page)], &["href=\"/page/3#javascript:go(7)\""]);
        check("<a href=/a/7>x</a>", &[("a[href*='/a/']", page)], &["<a href=\"/a/7\">x</a>"]);
        check("<a href=//other/a/7>x</a>", &[("a[href*='/a/']", page)], &["href=\"/page/3#//other/a/7\""]);
        check(
            "<button type=button>x</button>",
            &[("button[type=button]", page)],
            &["<button data-leads=\"/page/3\" type=\"button\">", script],
        );
        check(
            "<div role=button>x</div>",
            &[("div", Lead::Step(2))],
            &["data-leads=\"#lead-0\"", "action=\"/step/2\"", script],
        );
        check(
            "<button disabled>x</button>",
            &[("button", Lead::Step(0))],
            &["<button form=\"lead-0\" type=\"submit\">"],
        );
    }

    #[test]
    fn what_a_page_is_known_by_stays_and_leads_nowhere_else() {
        let css = |text| Css::parse(text).expect("a selector");
        let body = "<form action=https://bank.example/in><a id=one href=/bye>x</a><a href=/other>y</a></form>";
        let document = Document::parse(body).expect("a document");
        let one = document.all(&css("#one")).next().expect("a link").id();
        let asked = [css("a[href='/bye']"), css("form[action='/in']"), css("a[href='/other']")];
        let mut wires = Wires::asked(asked.into_iter());
        wires.put(one, "#one", Lead::Out);
        let links = wires.links(&document);
        assert_eq!(
            links.iter().map(|link| (link.address.as_str(), link.leads.as_str())).collect::<Vec<_>>(),
            [("/bye", "/out")]
        );
        let html = wired(document, &wires);
        for part in ["<form action=\"/in\">", "href=\"/bye\"", "href=\"/other\""] {
            assert!(html.contains(part), "{part} isn't in {html}");
        }
    }

    #[test]
    fn nothing_else_loads_does_or_leads_to_anything() {
        let body = "<script>x()</script><img src=http://a/b onerror=x()><a href=http://a/b target=_blank>y</a>\
            <form action=/pay method=post><button formaction=/pay>z</button></form><iframe src=/b></iframe><!-- c -->\
            <p data-leads=/out style='background: URL(http://a/b)'>w</p><template><script>x()</script></template>";
        let document = Document::parse(body).expect("a document");
        let html = wired(document, &Wires::default());
        for part in [
            "script",
            "data-leads",
            "src=",
            "onerror",
            "target",
            "action",
            "iframe",
            "c -->",
            "url(",
            "URL(",
            "href=\"http",
        ] {
            assert!(!html.contains(part), "{part} is in {html}");
        }
        assert!(html.contains("<body><!--banner-->") && html.contains("<a href=\"#http://a/b\">y</a>"), "{html}");
    }
}
