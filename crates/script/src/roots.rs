//! A document with what shows within it: shadow roots and frames, as drivers hand them in.
//!
//! A shadow root stands in the text of a document as the HTML standard declares one
//! (`<template shadowrootmode>`), what a frame shows in its `srcdoc`. In the tree each is a root
//! below its host, so that no selector sees from one into another unless it says so.
//!
//! [`declared`] is the way back, from such a tree to a text.
//!
//! Not here: parsing (`markup`), or selectors that look into roots (`css`).

use ego_tree::{NodeId, NodeRef, Tree};
use html5ever::{Attribute, LocalName, QualName, local_name, ns};
use scraper::node::Element;
use scraper::{ElementRef, Html, Node};

use crate::bounds::Refused;
use crate::document::name;
use crate::frames::{FRAMES_AT_MOST, is_frame};
use crate::markup::{self, Scripting};

/// What is found in a tree.
enum Found {
    ShadowRoot { template: NodeId, content: NodeId },
    Frame(NodeId, String),
}

/// Puts what is declared where it belongs; frames are parsed as the document was.
///
/// # Errors
/// [`Refused`] if what a frame shows is more than any page for people, or there are more frames.
pub(crate) fn compose(mut html: Html, scripting: Scripting) -> Result<Html, Refused> {
    let (mut looked_at, mut frames) = (0, 0);
    loop {
        let found: Vec<Found> = html.tree.nodes().skip(looked_at).filter_map(found).collect();
        looked_at = html.tree.nodes().len();
        if found.is_empty() {
            return Ok(html);
        }
        for one in found {
            match one {
                Found::ShadowRoot { template, content } => {
                    if let Some(mut template) = html.tree.get_mut(template) {
                        template.insert_id_before(content);
                        template.detach();
                    }
                }
                Found::Frame(id, text) => {
                    frames += 1;
                    if frames > FRAMES_AT_MOST {
                        return Err(Refused::Work);
                    }
                    graft(&mut html.tree, id, markup::parse(&text, scripting)?.tree);
                }
            }
        }
    }
}

fn found(node: ego_tree::NodeRef<'_, Node>) -> Option<Found> {
    let element = ElementRef::wrap(node)?;
    // A parser may leave behind what it made twice.
    node.parent()?;
    let name = name(&element);
    if *name == local_name!("template") {
        let content = node.first_child().filter(|_| element.attr("shadowrootmode").is_some())?;
        return Some(Found::ShadowRoot { template: node.id(), content: content.id() });
    }
    let text = element.attr("srcdoc").filter(|_| is_frame(&element))?;
    Some(Found::Frame(node.id(), text.to_owned()))
}

/// Puts a document below the frame that shows it.
fn graft(tree: &mut Tree<Node>, frame: NodeId, document: Tree<Node>) {
    let root = tree.extend_tree(document).id();
    if let Some(mut frame) = tree.get_mut(frame) {
        frame.append_id(root);
    }
}

/// Puts what shadow roots show into their hosts themselves. Selectors that look into roots find it there as well.
pub(crate) fn open(tree: &mut Tree<Node>) {
    let is_root = |node: &NodeRef<'_, Node>| {
        node.value().is_fragment() && node.parent().is_some_and(|host| !is_template(host.value()))
    };
    let roots: Vec<NodeId> = tree.nodes().filter(is_root).map(|node| node.id()).collect();
    for root in roots {
        let shown: Vec<NodeId> =
            tree.get(root).map(|root| root.children().map(|child| child.id()).collect()).unwrap_or_default();
        let Some(mut root) = tree.get_mut(root) else { continue };
        for child in shown {
            root.insert_id_before(child);
        }
        root.detach();
    }
}

/// The text of a document with what shows within it, declared as [`compose`] takes it.
pub(crate) fn declared(document: NodeRef<'_, Node>) -> String {
    let mut html = Html::new_document();
    let top = html.tree.root().id();
    let mut work: Vec<(NodeRef<'_, Node>, NodeId)> = document.children().rev().map(|child| (child, top)).collect();
    while let Some((node, parent)) = work.pop() {
        let Some(mut above) = html.tree.get_mut(parent) else { continue };
        let id = match node.value() {
            Node::Document => {
                let shown = declared(node);
                if let Node::Element(frame) = above.value() {
                    frame.attrs.retain(|(name, _)| *name.local != *"srcdoc");
                    frame.attrs.push((attribute("srcdoc"), shown.into()));
                }
                continue;
            }
            Node::Fragment if !is_template(above.value()) => {
                let attributes = vec![Attribute { name: attribute("shadowrootmode"), value: "open".into() }];
                let name = QualName::new(None, ns!(html), local_name!("template"));
                let mut template = above.append(Node::Element(Element::new(name, attributes)));
                template.append(Node::Fragment).id()
            }
            value => above.append(value.clone()).id(),
        };
        work.extend(node.children().rev().map(|child| (child, id)));
    }
    html.html()
}

fn attribute(name: &str) -> QualName {
    QualName::new(None, ns!(), LocalName::from(name))
}

fn is_template(node: &Node) -> bool {
    node.as_element().is_some_and(|element| *element.name.local == *"template")
}

#[cfg(test)]
mod tests {
    use crate::css::Css;
    use crate::document::{Document, text};

    /// What a selector fits, by its text.
    fn check(html: &str, selector: &str, expected: &[&str]) {
        let document = Document::parse(html).expect("a document");
        let css = Css::parse(selector).expect("a selector");
        let found: Vec<String> = document.all(&css).map(text).collect();
        assert_eq!(found, expected, "{selector} in {html}");
    }

    #[test]
    fn a_selector_sees_its_own_document_alone_unless_it_says_so() {
        let shadow = "<p>a</p><x-y><template shadowrootmode=open><p>b</p><x-z><template shadowrootmode=open><p>c</p>\
                      </template></x-z></template><p>d</p></x-y>";
        check(shadow, "p", &["a", "d"]);
        check(shadow, "x-y p", &["d"]);
        check(shadow, ">>> p", &["a", "b", "c", "d"]);
        check(shadow, "x-y >>> p", &["b", "c", "d"]);
        check(shadow, "x-z >>> p", &[]);
        check(shadow, ">>> x-z >>> p", &["c"]);
        check(shadow, "x-y >>> x-z >>> p", &["c"]);
        check(shadow, "body >>> x-y >>> x-z >>> p", &["c"]);
        check(shadow, "i >>> p", &[]);
    }

    #[test]
    fn what_a_frame_shows_is_a_document_of_its_own() {
        let frames = "<frameset><frame name=a srcdoc='&lt;p>one&lt;/p>&lt;iframe name=c \
                      srcdoc=\"&amp;lt;p>three&amp;lt;/p>\">&lt;/iframe>'><frame name=b srcdoc='&lt;p>two'></frameset>";
        check(frames, "p", &[]);
        check(frames, "frame[name=a] >>> p", &["one", "three"]);
        check(frames, "frame[name=b] >>> p", &["two"]);
        check(frames, "frame[name=a] >>> iframe >>> p", &["three"]);
        // The first element of its own document, and within nothing of the other.
        check(frames, "frame[name=b] >>> :root > body > p", &["two"]);
        check(frames, "frame[name=b] >>> frameset p", &[]);
    }

    #[test]
    fn a_template_that_declares_no_root_is_none() {
        check("<x-y><template><p>b</p></template></x-y>", ">>> p", &[]);
    }

    #[test]
    fn the_text_of_an_element_is_that_of_its_own_root() {
        check("<x-y>a<template shadowrootmode=open>b</template>c</x-y>", "x-y", &["ac"]);
    }

    #[test]
    fn what_is_declared_reads_back_and_an_open_root_is_its_hosts() {
        let html = "<x-y><template shadowrootmode=open><p>b</p><x-z><template shadowrootmode=open><p>c</p></template></x-z>\
                    </template><p>d</p></x-y><iframe name=f srcdoc='&lt;p>e&lt;x-y>&lt;template shadowrootmode=open>&lt;p>f'></iframe>\
                    <template><p>g</p></template>";
        let mut document = Document::parse(html).expect("a document");
        let text = super::declared(document.html.tree.root());
        assert_eq!(super::declared(Document::parse(&text).expect("a document").html.tree.root()), text);
        check(&text, "x-y >>> p", &["b", "c", "d"]);
        check(&text, "x-y p", &["d"]);
        check(&text, "iframe >>> p", &["e", "f"]);
        check(&text, "iframe >>> x-y >>> p", &["f"]);
        super::open(&mut document.html.tree);
        let opened = super::declared(document.html.tree.root());
        check(&opened, "x-y p", &["b", "c", "d"]);
        check(&opened, "x-y >>> p", &["b", "c", "d"]);
    }

    #[test]
    fn frames_within_frames_end() {
        let many = "<iframe srcdoc='x'></iframe>".repeat(65);
        assert!(Document::parse(&many).is_err());
    }
}
