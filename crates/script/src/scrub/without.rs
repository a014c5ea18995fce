//! A page as it is, but for what must not be in it: each word that holds a secret is masked, and all of a text over which
//! one is spread. What else the page shows stays, so it is for its owner alone.
//!
//! Not here: pages that others may see (`scrub`).

use scraper::Node;

use super::{disguise::Secrets, masked, scrub};
use crate::markup::{self, Scripting};

/// The page without these secrets, whatever they are written in. Where one can't be taken out, as it is spread over
/// several texts, the page is scrubbed of all that may be a customer's.
#[must_use]
pub fn without(html: &str, secrets: &[&str]) -> String {
    let long: Vec<&str> = secrets.iter().copied().filter(|secret| secret.trim().chars().count() > 2).collect();
    let Ok(mut parsed) = markup::parse(html, Scripting::On) else { return scrub(html, secrets) };
    for node in parsed.tree.values_mut() {
        match node {
            Node::Text(text) => text.text = masked(text, &long).as_str().into(),
            Node::Comment(comment) => comment.comment = masked(comment, &long).as_str().into(),
            Node::Element(element) => {
                for (name, value) in element.attrs.iter_mut() {
                    // What a frame shows is a page of its own.
                    let kept = if &*name.local == "srcdoc" { without(value, &long) } else { masked(value, &long) };
                    *value = kept.as_str().into();
                }
            }
            _ => {}
        }
    }
    let page = parsed.html();
    let texts = parsed.tree.values().filter_map(|node| node.as_text());
    let said: String = texts.map(|text| &**text).collect();
    let secrets_left = Secrets::new(&long);
    if secrets_left.are_in(&page) || secrets_left.are_in(&said) { scrub(html, secrets) } else { page }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn what_was_typed_is_nowhere_and_all_else_stays() {
        let html = "<!doctype html><p title='for canary-7'>Hello canary-7, you have 1,200.50<a href='?u=canary%2D7'>go</a>\
            <iframe srcdoc='<b>canary-7</b> 17.00'></iframe>";
        let page = without(html, &["canary-7", "x"]);
        assert!(!page.contains("canary") && page.contains("1,200.50") && page.contains("17.00"), "{page}");
        assert!(page.contains("<a") && page.contains("Hello"), "{page}");
    }

    #[test]
    fn one_that_is_spread_over_several_texts_takes_the_page_with_it() {
        let page = without("<p>can<b>ary</b>-7 and 1,200.50", &["canary-7"]);
        assert!(!page.contains("1,200"), "{page}");
    }
}
