//! What stands at the head of a saved page: where it was, as browsers say it, and whether it was scrubbed or made up.
//!
//! Not here: scrubbing a page, and trying one.

use url::Url;

/// What marks a scrubbed page. An author who puts examples in place of what was scrubbed takes the line away.
const SCRUBBED: &str = "<!-- scrubbed: amounts, names and days are replaced, so nothing is read here; put examples in their \
    place and take this line away, and it is -->";

/// What marks a page of which all texts are made up. It holds values, which are nobody's.
const MADE_UP: &str = "<!-- made up: no text on it is a customer's -->";

/// How many lines are above a page's own: what kind of document it is, where it was, and that it is scrubbed.
const HEAD: usize = 3;

/// Whether the values on a saved page are the bank's or an author's, or only their shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Told,
    Scrubbed,
}

/// A scrubbed page with its head.
pub(super) fn headed(address: &str, html: &str) -> String {
    with_head(address, html, &format!("{SCRUBBED}\n"))
}

/// A page that shows what the bank showed, with its head.
pub(super) fn headed_with_values(address: &str, html: &str) -> String {
    with_head(address, html, "")
}

/// A page of which all texts are made up, with its head.
pub(super) fn headed_made_up(address: Option<&str>, html: &str) -> String {
    let mark = format!("{MADE_UP}\n");
    match address {
        Some(address) => with_head(address, html, &mark),
        None => {
            format!("<!doctype html>\n{mark}{}\n", html.strip_prefix("<!doctype html>").map_or(html, str::trim_start))
        }
    }
}

/// Whether a page says that all its texts are made up.
pub(super) fn is_made_up(html: &str) -> bool {
    html.lines().take(HEAD).any(|line| line == MADE_UP)
}

fn with_head(address: &str, html: &str, mark: &str) -> String {
    let html = html.strip_prefix("<!doctype html>").map_or(html, str::trim_start);
    // An address holds no `>`, and so doesn't end the comment.
    let from = format!("<!-- saved from url=({:04}){address} -->", address.len());
    format!("<!doctype html>\n{from}\n{mark}{html}\n")
}

/// Whether there are values on a page.
pub(super) fn values(html: &str) -> Values {
    // The very line, where it is written: what follows is the page's, which may say anything.
    if html.lines().take(HEAD).any(|line| line == SCRUBBED) { Values::Scrubbed } else { Values::Told }
}

/// Where browsers say that a page was saved from: `<!-- saved from url=(0020)https://… -->`.
pub(super) fn saved_from(html: &str) -> Option<Url> {
    let (_, rest) = html.split_once("<!-- saved from url=(")?;
    let (_, address) = rest.split_once(')')?;
    address.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Values, headed, headed_made_up, headed_with_values, is_made_up, saved_from, values};

    #[test]
    fn a_scrubbed_page_says_so_and_where_it_was() {
        let page = headed("https://bank.example/a", "<!doctype html>\n<html><p>one</html>");
        assert_eq!(saved_from(&page).as_ref().map(url::Url::as_str), Some("https://bank.example/a"));
        assert_eq!(values(&page), Values::Scrubbed);
        assert!(
            page.starts_with("<!doctype html>\n<!-- saved from url=(0022)https://bank.example/a -->\n<!-- scrubbed:")
        );
        assert!(page.ends_with(" -->\n<html><p>one</html>\n"), "{page}");
    }

    #[test]
    fn a_page_that_is_made_up_says_so_and_holds_values() {
        for address in [Some("https://bank.example/a"), None] {
            let page = headed_made_up(address, "<!doctype html>\n<html><p>one</html>");
            assert_eq!((is_made_up(&page), values(&page)), (true, Values::Told), "{page}");
            assert_eq!(saved_from(&page).is_some(), address.is_some());
        }
        assert!(!is_made_up(&headed_with_values("https://bank.example/a", "<p>one")));
    }

    #[test]
    fn what_a_page_says_of_itself_marks_nothing() {
        let page = headed("https://bank.example/a", "<p>one");
        let (_, mark) = page.split_once(" -->\n").expect("a head");
        for told in ["<!doctype html><!-- scrubbed: by the bank --><p>one", "<p>one", &format!("<p>\n<p>\n<p>\n{mark}")]
        {
            assert_eq!(values(told), Values::Told, "{told}");
        }
        assert_eq!(values(&page.replace('\n', "\r\n")), Values::Scrubbed, "lines end as they like");
    }
}
