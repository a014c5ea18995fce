//! Pages with frames, each of which is a page of its own once it is served: an old frame shows no document that stands in the page
//! around it.
//!
//! Not here: what leads where within a frame (`wire`).

use ego_tree::NodeId;
use scraper::ElementRef;

use super::wire::change;
use crate::document::Document;
use crate::frames::is_frame;
use crate::markup::{Scripting, parse};

/// Whether a page shows others in frames.
pub(super) fn has_frames(document: &Document) -> bool {
    document.html.tree.nodes().any(|node| node.value().is_document() && node.parent().is_some())
}

/// A page, and what its frames show, each at the address of its number from 0; frames within frames come after those.
///
/// # Errors
/// Where one of them is more than any page for people.
pub(super) fn apart(html: String, address: impl Fn(usize) -> String) -> Result<(String, Vec<String>), String> {
    let mut documents = vec![html];
    let mut at = 0;
    while let Some(html) = documents.get(at) {
        let mut document = parse(html, Scripting::On).map_err(|refused| refused.text().to_owned())?;
        let shown = |frame: ElementRef<'_>| Some((frame.id(), frame.attr("srcdoc")?.to_owned()));
        let frames: Vec<(NodeId, String)> =
            document.tree.nodes().filter_map(ElementRef::wrap).filter(is_frame).filter_map(shown).collect();
        if !frames.is_empty() {
            for (frame, shown) in frames {
                let address = address(documents.len() - 1);
                change(&mut document.tree, frame, &[("srcdoc", None), ("src", Some(&address))]);
                documents.push(shown);
            }
            documents[at] = document.html();
        }
        at += 1;
    }
    let inner = documents.split_off(1);
    Ok((documents.pop().unwrap_or_default(), inner))
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn what_frames_show_is_at_addresses_of_its_own() {
        let html = "<iframe name=a srcdoc='&lt;p>one&lt;iframe srcdoc=\"&amp;lt;p>three\">&lt;/iframe>'></iframe>\
                    <iframe srcdoc='&lt;p>two'></iframe><iframe src=/x></iframe>";
        let (page, frames) = apart(html.to_owned(), |number| format!("/f/{number}")).expect("pages");
        assert!(page.contains("<iframe name=\"a\" src=\"/f/0\">") && page.contains("<iframe src=\"/f/1\">"), "{page}");
        assert!(!page.contains("srcdoc"), "{page}");
        assert_eq!(frames.len(), 3);
        assert!(frames[0].contains("<p>one<iframe src=\"/f/2\">"), "{}", frames[0]);
        assert!(frames[1].contains("<p>two") && frames[2].contains("<p>three"), "{frames:?}");
        let plain = "<p>x</p>".to_owned();
        assert_eq!(apart(plain.clone(), |_| String::new()), Ok((plain, Vec::new())));
    }
}
