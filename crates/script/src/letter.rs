//! The words of an HTML e-mail, as somebody reads them who sees it: what is hidden left out, cells and blocks apart.
//!
//! Not here: what the words mean.

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};

use crate::document::{Document, hides, is_code};

/// How much is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// What stands on lines of its own, or apart from what is beside it.
const APART: [&str; 18] = [
    "address",
    "article",
    "blockquote",
    "br",
    "div",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "hr",
    "li",
    "p",
    "section",
    "td",
    "th",
    "tr",
];

/// The text of a letter in HTML; nothing of one that can't be read within bounds.
#[must_use]
pub fn letter_text(html: &str) -> String {
    let Ok(document) = Document::parse_plain(html) else { return String::new() };
    let mut text = String::new();
    if let Some(root) = document.elements().next() {
        add(*root, &mut text);
    }
    text
}

/// Adds what a node and all within it show.
fn add(root: NodeRef<'_, Node>, text: &mut String) {
    let mut next = Some(root);
    while let Some(node) = next.filter(|_| text.len() <= LONGEST) {
        let mut inside = None;
        match (node.value(), ElementRef::wrap(node)) {
            (Node::Text(part), _) => text.push_str(part),
            (_, Some(element)) if !is_code(&element) && !hides(element) => {
                if APART.contains(&element.value().name()) {
                    text.push('\n');
                }
                inside = node.first_child();
            }
            _ => {}
        }
        next = inside.or_else(|| {
            let mut above = std::iter::once(node).chain(node.ancestors()).take_while(|above| *above != root);
            above.find_map(|above| above.next_sibling())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::letter_text;

    #[test]
    fn cells_are_apart_and_letters_of_a_word_are_not() {
        let check = |html: &str, expected: &str| {
            let words: Vec<String> = letter_text(html).split_whitespace().map(str::to_owned).collect();
            assert_eq!(words.join(" "), expected, "{html}");
        };
        check("<table><tr><td>Your code</td><td>482911</td></tr></table>", "Your code 482911");
        check("Your code is <b>4</b><b>8</b>29<i>11</i>.<br>Bye", "Your code is 482911. Bye");
        check("<style>p { top: 1234px }</style><script>var a = 5678</script><p hidden>9999</p><p>482911</p>", "482911");
        check("", "");
        check("no tags 4829", "no tags 4829");
    }

    #[test]
    fn a_letter_that_is_too_large_is_cut() {
        let letter = format!("<p>{}</p>", "word ".repeat(100_000));
        assert!(letter_text(&letter).len() < 600_000);
    }
}
