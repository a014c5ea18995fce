//! What is to be clicked among things that look alike: the link of one row, the number behind
//! that of the page.
//!
//! A click names what it is about by a selector, as a page may be another by then. An address
//! tells a link apart even when the rows change places before the click; where there is none,
//! what the row says of itself, and then the place in the document, have to do.
//!
//! Not here: clicking.

use scraper::ElementRef;

use crate::css::{Css, PIERCING, quoted};
use crate::document::{Document, is_hidden};

/// By which attributes of its own a thing is told apart, the surest first.
const TELLING: [&str; 4] = ["href", "id", "data-testid", "name"];

/// How many attributes of a row are tried.
const TRIED: usize = 8;

/// Why there is no one thing to click in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    Missing,
    Ambiguous,
}

/// A selector that fits only what `open` fits in this row, of those that `rows` or the table of
/// that name fits.
pub(crate) fn link(document: &Document, rows: &Css, open: &Css, row: ElementRef<'_>) -> Result<String, LinkError> {
    let mut fitting = open.within(row);
    let link = fitting.next().ok_or(LinkError::Missing)?;
    if fitting.next().is_some() {
        return Err(LinkError::Ambiguous);
    }
    let own = marks(link, &TELLING).map(|mark| rows.around("", open, &mark));
    let rows_own = row.value().attrs().map(|(name, _)| name).filter(|name| *name != "class" && *name != "style");
    let names: Vec<&str> = rows_own.take(TRIED).collect();
    let by_row = marks(row, &names).map(|mark| rows.around(&mark, open, ""));
    let found = own.chain(by_row).chain([path(link)]).find(|selector| fits_only(document, selector, link));
    found.ok_or(LinkError::Ambiguous)
}

/// A selector that fits only the first thing that `click` fits and that stands behind the one
/// that `shown` fits, if there is such a thing.
pub(crate) fn behind(document: &Document, shown: &Css, click: &Css) -> Result<Option<String>, LinkError> {
    let Some(current) = document.shown(shown) else {
        return if document.shown(click).is_some() { Err(LinkError::Missing) } else { Ok(None) };
    };
    let mut order = document.everything();
    order.by_ref().find(|element| element.id() == current.id());
    let later: Vec<_> = order.map(|element| element.id()).collect();
    let fits = |element: &ElementRef<'_>| later.contains(&element.id()) && !is_hidden(element);
    let Some(link) = document.all(click).find(fits) else { return Ok(None) };
    let own = marks(link, &TELLING).map(|mark| click.marked(&mark));
    let found = own.chain([path(link)]).find(|selector| fits_only(document, selector, link));
    found.map(Some).ok_or(LinkError::Ambiguous)
}

/// A selector as it may be shown: one that was made here has marks of a row or a link in it, which may be a customer's or a
/// session's.
#[must_use]
pub fn shown_target(selector: &str) -> String {
    let mut shown = String::with_capacity(selector.len());
    let mut rest = selector;
    while let Some(at) = rest.find(")[") {
        let (before, mark) = rest.split_at(at + 2);
        shown.push_str(before);
        let Some((name, value)) = mark.split_once("=\"") else {
            rest = mark;
            continue;
        };
        let mut is_escaped = false;
        let end = value.find(|letter| {
            let is_end = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            is_end
        });
        shown.push_str(&format!("{name}=\"•••"));
        rest = end.and_then(|end| value.get(end..)).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

/// What an element says of itself, each as a selector's attribute.
fn marks<'e>(element: ElementRef<'e>, names: &'e [&'e str]) -> impl Iterator<Item = String> + 'e {
    names.iter().filter_map(move |name| Some(format!("[{name}={}]", quoted(element.attr(name)?))))
}

fn fits_only(document: &Document, selector: &str, link: ElementRef<'_>) -> bool {
    let Some(selector) = Css::made(selector) else { return false };
    let mut fitting = document.all(&selector);
    fitting.next().is_some_and(|found| found.id() == link.id()) && fitting.next().is_none()
}

/// The way from the root to an element, by position, through the roots that it is in.
fn path(element: ElementRef<'_>) -> String {
    let (mut roots, mut steps) = (Vec::new(), Vec::new());
    let mut current = Some(element);
    while let Some(element) = current {
        let before = element.prev_siblings().filter(|sibling| sibling.value().is_element()).count();
        let above = element.parent();
        current = above.and_then(ElementRef::wrap);
        let is_root = current.is_none() && above.is_some_and(|above| above.value().is_document());
        steps.push(if is_root { ":root".to_owned() } else { format!(":nth-child({})", before + 1) });
        if current.is_none() {
            steps.reverse();
            roots.push(steps.join(" > "));
            steps.clear();
            current = above.and_then(|root| root.parent()).and_then(ElementRef::wrap);
        }
    }
    roots.reverse();
    roots.join(&format!(" {PIERCING} "))
}

#[cfg(test)]
mod tests {
    use super::{LinkError, behind, link, shown_target};
    use crate::css::Css;
    use crate::document::Document;

    fn css(text: &str) -> Css {
        Css::parse(text).expect("a selector")
    }

    #[test]
    fn the_number_behind_that_of_the_page_leads_on_and_a_page_without_its_own_is_odd() {
        let check = |pager: &str, expected: Result<Option<&str>, LinkError>| {
            let document = Document::parse(&format!("<p class=pager>{pager}</p>")).expect("a document");
            let found = behind(&document, &css(".pager b"), &css(".pager a"));
            assert_eq!(found.as_ref().map(Option::as_deref).map_err(|error| *error), expected, "{pager}");
        };
        check("<a href=1>1</a> <b>2</b> <a href=3>3</a> <a href=4>4</a>", Ok(Some(":is(.pager a)[href=\"3\"]")));
        check("<a href=1>1</a> <b>2</b> <a href=3 hidden>3</a>", Ok(None));
        check("<a href=1>1</a> <b>2</b>", Ok(None));
        check("", Ok(None));
        // It would end the list too soon.
        check("<a href=1>1</a> <i>2</i> <a href=3>3</a>", Err(LinkError::Missing));
    }

    #[test]
    fn a_selector_that_was_made_is_shown_without_what_it_is_told_apart_by() {
        let check = |made: &str, expected: &str| assert_eq!(shown_target(made), expected);
        check(":is(#t) :is(a)[href=\"/a/jean?s=Tok\"]", ":is(#t) :is(a)[href=\"•••\"]");
        check(":is(#t)[data-x=\"q\\\"]s\"] :is(a, b)", ":is(#t)[data-x=\"•••\"] :is(a, b)");
        check("#accounts a[href=\"x\"]", "#accounts a[href=\"x\"]");
        check(":is(a)[href=\"open", ":is(a)[href=\"•••");
        check("p:not(.x)[role]", "p:not(.x)[role]");
    }

    #[test]
    fn a_link_is_told_apart_by_what_it_leads_to_or_by_its_place() {
        let check = |cells: [&str; 2], expected: &str| {
            let [one, other] = cells;
            let html = format!("<table id=t><tr><td>{one}</td></tr><tr><td>{other}</td></tr></table>");
            let document = Document::parse(&html).expect("a document");
            let row = document.all(&css("tr")).nth(1).expect("a row");
            let found = link(&document, &css("#t"), &css("a, button"), row);
            assert_eq!(found.as_deref(), Ok(expected), "{html}");
        };
        check(["<a href='1'>x</a>", "<a href='2'>x</a>"], ":is(#t) :is(a, button)[href=\"2\"]");
        check(["<a href='#'>x</a>", "<a href='#' id='q\"'>x</a>"], ":is(#t) :is(a, button)[id=\"q\\\"\"]");
        let place =
            ":root > :nth-child(2) > :nth-child(1) > :nth-child(1) > :nth-child(2) > :nth-child(1) > :nth-child(1)";
        check(["<button>x</button>", "<button>x</button>"], place);
    }
}
