//! What leads to further rows, by what was clicked on a list and what the list showed then.
//!
//! Not here: what leads there by its words alone (`leads`).

use scraper::ElementRef;

use super::leads::Further;
use super::selectors::{alone_on, fits, host, selector};
use super::trail::Trail;
use super::walk::Listed;
use super::windows::Range;
use super::{Looked, Sureness};
use crate::css::{Css, PIERCING};
use crate::document::{Document, is_disabled, is_hidden, shown_text};

/// What leads from one page of a list to the next, and how: where it was clicked, its selector, how sure it is.
pub(super) fn next(
    looked: &[Looked<'_>],
    trail: &Trail,
    listed: &Listed,
    range: Option<&Range>,
) -> Option<(usize, String, Sureness, Further)> {
    // Whoever asks for other days isn't led on.
    let asks = range.and_then(|range| Css::made(&range.click));
    let step = |at: &usize| {
        let page = looked.get(*at)?;
        let is_asking = |element: ElementRef<'_>| {
            asks.as_ref().is_some_and(|asks| page.document.all(asks).any(|found| found.id() == element.id()))
        };
        let clicks = trail.clicks(*at, &page.document).filter(|(element, _)| !is_asking(*element));
        let led = clicks.filter_map(|(element, then)| Some((element, then.filter(|to| listed.ledgers.contains(to))?)));
        led.map(|(element, to)| (*at, page, element, to)).next()
    };
    let (at, page, element, to) = listed.ledgers.iter().find_map(step)?;
    let lists: Vec<&Document> =
        listed.ledgers.iter().filter_map(|at| looked.get(*at)).map(|page| &page.document).collect();
    if let Some(field) = trail.chosen(at, &page.document).last() {
        let (click, sureness) = alone(&page.document, element, &lists);
        return Some((at, click, sureness, Further::Choose(alone(&page.document, field, &lists).0)));
    }
    if let Some((behind, click)) = numbers(&page.document, element) {
        return Some((at, click, Sureness::Likely, Further::Numbers(behind)));
    }
    let (own, sureness) = named(&page.document, element, &lists);
    let then = &looked.get(to)?.document;
    if rows(then) > rows(&page.document) && begins_alike(&page.document, then) {
        return Some((at, own, sureness, Further::Below));
    }
    let css = Css::made(&own)?;
    // What shows on the last page and can't be clicked says by itself that it is the last.
    let is_dead = |document: &&Document| {
        let mut shown = document.all(&css).filter(|element| !is_hidden(element));
        shown.next().is_some_and(|element| is_disabled(&element))
    };
    if lists.iter().any(is_dead) {
        return Some((at, own, sureness, Further::Page));
    }
    let further = until(&page.document, element, &own).map_or(Further::Page, Further::Until);
    Some((at, own, sureness, further))
}

/// A selector that fits this thing and nothing else on any page of the list.
fn alone(document: &Document, element: ElementRef<'_>, lists: &[&Document]) -> (String, Sureness) {
    alone_on(document, element, lists)
        .map_or_else(|| selector(document, element), |selector| (selector, Sureness::Likely))
}

/// What shows where this can't be clicked: the body of its document, without it.
fn until(document: &Document, element: ElementRef<'_>, named: &str) -> Option<String> {
    let (around, own) = named.rsplit_once(PIERCING).unwrap_or(("", named));
    // What may be anywhere would be missing somewhere: the document is named that it is in.
    let around = match (around.trim(), host(element)) {
        ("", Some(host)) => selector(document, host).0,
        (around, _) => around.to_owned(),
    };
    let around = if around.is_empty() { around } else { format!("{around} {PIERCING} ") };
    let end = format!("{around}body:not(:has({}:not([disabled], [aria-disabled=true])))", own.trim());
    Css::made(&end).map(|_| end)
}

/// A selector that fits this thing and, on every other page of the list, at most one.
fn named(document: &Document, element: ElementRef<'_>, lists: &[&Document]) -> (String, Sureness) {
    let usual = selector(document, element);
    let is_good = |selector: &String| {
        let css = Css::made(selector);
        css.is_some_and(|css| {
            let usable = |document: &Document| document.all(&css).filter(|found| !is_hidden(found)).count();
            fits(document, selector, element) && lists.iter().all(|document| usable(document) < 2)
        })
    };
    if usual.1 > Sureness::Guess && is_good(&usual.0) {
        return usual;
    }
    let tag = element.value().name();
    let parent = element.parent().and_then(ElementRef::wrap);
    let Some(around) = parent.map(|parent| selector(document, parent).0) else { return usual };
    let edges = [":last-child", ":first-child", ":last-of-type", ":first-of-type"];
    let by_edge = edges.iter().map(|edge| format!("{around} > {tag}{edge}"));
    by_edge.into_iter().find(is_good).map_or(usual, |selector| (selector, Sureness::Likely))
}

/// The numbers of pages, where one of them was clicked: what shows the one that shows, and what the others are.
fn numbers(document: &Document, element: ElementRef<'_>) -> Option<(String, String)> {
    let number = |element: ElementRef<'_>| shown_text(element).parse::<u32>().ok();
    let clicked = number(element)?;
    let row = element.ancestors().filter_map(ElementRef::wrap).take(3).find_map(|above| {
        let inside = above.descendants().filter_map(ElementRef::wrap);
        let now = inside.filter(|other| {
            other.child_elements().next().is_none()
                && other.value().name() != "a"
                && number(*other) == clicked.checked_sub(1)
        });
        now.last().map(|now| (above, now))
    })?;
    let (around, now) = row;
    let around = selector(document, around).0;
    let own = (format!("{around} {}", now.value().name()), format!("{around} {}", element.value().name()));
    let is_alone = Css::made(&own.0).is_some_and(|css| document.all(&css).count() == 1);
    is_alone.then_some(own)
}

/// How many rows a document has in its tables.
fn rows(document: &Document) -> usize {
    texts(document).count()
}

fn texts(document: &Document) -> impl Iterator<Item = String> {
    document.everything().filter(|element| element.value().name() == "tr").map(shown_text)
}

/// Whether what comes begins with the rows that were there, as far as the first few say it.
fn begins_alike(before: &Document, now: &Document) -> bool {
    texts(before).zip(texts(now)).take(5).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::{named, numbers, until};
    use crate::css::Css;
    use crate::document::Document;

    fn marked(document: &Document) -> scraper::ElementRef<'_> {
        document.all(&Css::parse("[mark]").expect("a selector")).next().expect("a thing")
    }

    #[test]
    fn a_number_of_a_page_is_the_one_behind_that_which_shows() {
        let document = Document::parse("<p class=pager><span>1</span><a mark>2</a><a>3</a></p>").expect("a document");
        let found = numbers(&document, marked(&document));
        assert_eq!(found, Some(("p.pager span".to_owned(), "p.pager a".to_owned())));
        let document = Document::parse("<p class=pager><a mark>Next</a></p>").expect("a document");
        assert_eq!(numbers(&document, marked(&document)), None);
    }

    #[test]
    fn what_leads_on_is_told_from_what_leads_back_on_the_page_that_has_both() {
        let first = Document::parse("<p class=pager><span>back</span><a mark>on</a></p>").expect("a document");
        let second = Document::parse("<p class=pager><a>back</a><a>on</a></p>").expect("a document");
        assert_eq!(named(&first, marked(&first), &[&first, &second]).0, "p.pager > a:last-child");
    }

    #[test]
    fn a_list_ends_where_what_leads_on_is_no_more() {
        let check = |html: &str, named: &str, expected: &str| {
            let document = Document::parse(html).expect("a document");
            assert_eq!(until(&document, marked(&document), named).as_deref(), Some(expected), "{html}");
        };
        let gone = "body:not(:has(a.next:not([disabled], [aria-disabled=true])))";
        check("<a mark class=next>", "a.next", gone);
        let framed = "<iframe name=work srcdoc='<a mark class=next>'></iframe><iframe srcdoc=''></iframe>";
        for named in ["iframe[name=\"work\"] >>> a.next", ">>> a.next"] {
            let document = Document::parse(framed).expect("a document");
            let mark = document.all(&Css::parse(">>> [mark]").expect("a selector")).next().expect("a thing");
            let end = until(&document, mark, named);
            assert_eq!(end, Some(format!("iframe[name=\"work\"] >>> {gone}")), "{named}");
        }
    }
}
