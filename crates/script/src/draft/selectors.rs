//! A selector for a thing on a page that an author would write: by what names it, and not by where it stands.
//!
//! Not here: several ways to one thing, of which a person chooses.

use scraper::ElementRef;

use super::Sureness;
use crate::asked::share_a_name;
use crate::controls::submits;
use crate::css::{Css, PIERCING, quoted, root_of};
use crate::document::{Document, is_hidden};

/// Attributes that are there to find things by.
const TEST_IDS: [&str; 4] = ["data-testid", "data-test", "data-qa", "data-cy"];

/// How many steps of a way are tried, each in the whole document.
const STEPS: usize = 6;

/// How many selectors of one thing are offered.
const OFFERED: usize = 12;

/// How long a name may be that somebody gave.
const LONGEST: usize = 40;

/// The selector that fits this thing alone, and how long it is likely to.
pub(crate) fn selector(document: &Document, element: ElementRef<'_>) -> (String, Sureness) {
    selector_on(document, element, &[])
}

/// The same where it fits one thing on each of these pages, too, as what a frame of all pages holds does.
pub(super) fn selector_on(document: &Document, element: ElementRef<'_>, others: &[&Document]) -> (String, Sureness) {
    let fits_one = |text: &String| {
        let css = Css::made(text);
        css.is_some_and(|css| others.iter().all(|other| other.all(&css).filter(|found| !is_hidden(found)).count() == 1))
    };
    likely(document, element)
        .find(fits_one)
        .map_or_else(|| (place(document, element), Sureness::Guess), |text| (text, Sureness::Likely))
}

/// The likeliest that fits this thing here and nothing else on any of these pages, which may lack it.
pub(super) fn alone_on(document: &Document, element: ElementRef<'_>, pages: &[&Document]) -> Option<String> {
    let is_alone = |text: &String| {
        let css = Css::made(text);
        css.is_some_and(|css| pages.iter().all(|page| page.all(&css).filter(|found| !is_hidden(found)).count() < 2))
    };
    likely(document, element).find(is_alone)
}

/// Every selector that an author might write for this thing and that fits it alone, the likeliest to last first.
pub(crate) fn selectors(document: &Document, element: ElementRef<'_>) -> Vec<String> {
    // What is around a frame is said by whoever asks for a thing in it.
    let is_within = |text: &String| !text.trim_start_matches(PIERCING).contains(PIERCING);
    let mut found: Vec<String> = likely(document, element).filter(is_within).take(OFFERED).collect();
    found.push(place(document, element));
    found
}

/// The two likeliest that share no name: whichever is renamed, one of them is left. What a thing says of itself is neither of
/// them, for its words are a way of their own.
pub(super) fn two(document: &Document, element: ElementRef<'_>) -> Option<[String; 2]> {
    let says = |text: &String| ["[value=", "[aria-label="].iter().any(|mark| text.contains(mark));
    let found: Vec<String> = likely(document, element).filter(|text| !says(text)).take(OFFERED).collect();
    let pairs = found.iter().enumerate().flat_map(|(at, one)| found.iter().skip(at + 1).map(move |other| (one, other)));
    let (one, other) = pairs.into_iter().find(|(one, other)| !share_a_name(one, other))?;
    Some([one.clone(), other.clone()])
}

/// What fits this thing alone by what names it, or what is around it.
fn likely<'d>(document: &'d Document, element: ElementRef<'d>) -> impl Iterator<Item = String> + use<'d> {
    let own = names(element);
    let kinds = kinds(element);
    // What is one of its kind today may have company tomorrow.
    let below = below(document, element, [own.clone(), kinds.clone()].concat());
    own.into_iter().chain(below).chain(kinds).filter_map(move |text| only(document, &text, element))
}

/// The names that somebody gave an element, each of which fits it alone: one may be renamed, and the others not.
pub(crate) fn given(document: &Document, element: ElementRef<'_>) -> Vec<String> {
    let value = element.value();
    let attribute =
        |name: &&str| value.attr(name).filter(|text| is_name(text)).map(|text| format!("[{name}={}]", quoted(text)));
    let id = value.id().filter(|id| is_name(id)).map(|id| format!("#{id}"));
    let given = TEST_IDS.iter().filter_map(attribute).chain(id).chain(attribute(&"name"));
    given.filter(|text| fits(document, text, element)).collect()
}

/// A selector that, within each of these rows, fits one thing: the first that `is_wanted`.
pub(super) fn within_each(rows: &[ElementRef<'_>], is_wanted: impl Fn(&ElementRef<'_>) -> bool) -> Option<String> {
    within(rows, is_wanted, |count| count == 1)
}

/// The same where some of the rows have no such thing, but the first.
pub(super) fn within_some(rows: &[ElementRef<'_>], is_wanted: impl Fn(&ElementRef<'_>) -> bool) -> Option<String> {
    within(rows, is_wanted, |count| count < 2)
}

fn within(
    rows: &[ElementRef<'_>],
    is_wanted: impl Fn(&ElementRef<'_>) -> bool,
    is_enough: impl Fn(usize) -> bool,
) -> Option<String> {
    let first = rows.first()?;
    let wanted = first.descendants().skip(1).filter_map(ElementRef::wrap).find(|element| is_wanted(element))?;
    let tag = wanted.value().name();
    let classes = wanted.value().classes().filter(|class| is_name(class)).map(|class| format!("{tag}.{class}"));
    let cell =
        wanted.ancestors().filter_map(ElementRef::wrap).find(|above| matches!(above.value().name(), "td" | "th"));
    let in_cell = cell.map(|cell| {
        let before = cell.prev_siblings().filter_map(ElementRef::wrap).count();
        format!("{}:nth-child({}) {tag}", cell.value().name(), before + 1)
    });
    let is_one = |selector: &String| {
        let css = Css::made(selector);
        css.is_some_and(|css| rows.iter().all(|row| is_enough(css.within(*row).count())))
    };
    let edge = if root_of(wanted) == root_of(*first) { String::new() } else { format!("{PIERCING} ") };
    let own = [tag.to_owned()].into_iter().chain(classes).chain(in_cell);
    own.map(|selector| format!("{edge}{selector}")).find(is_one)
}

/// What an element is called, the surest first.
fn names(element: ElementRef<'_>) -> Vec<String> {
    let value = element.value();
    let tag = value.name();
    let attribute =
        |name: &&str| value.attr(name).filter(|text| is_name(text)).map(|text| format!("[{name}={}]", quoted(text)));
    let mut names: Vec<String> = TEST_IDS.iter().filter_map(attribute).collect();
    names.extend(value.id().filter(|id| is_name(id)).map(|id| format!("#{id}")));
    names.extend(attribute(&"name").map(|mark| format!("{tag}{mark}")));
    names.extend(value.classes().filter(|class| is_name(class)).map(|class| format!("{tag}.{class}")));
    let said = |name: &&str| {
        let text = value.attr(name)?;
        let is_said = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(|sign| sign.is_ascii_digit());
        is_said.then(|| format!("{tag}[{name}={}]", quoted(text)))
    };
    names.extend(["aria-label", "summary"].iter().filter_map(said));
    // What a button says of itself is no text of it.
    names.extend(Some("value").filter(|_| submits(&element)).as_ref().and_then(said));
    names.extend(value.attr("rel").filter(|rel| is_name(rel)).map(|rel| format!("{tag}[rel={rel}]")));
    names.extend(value.attr("href").map(|href| addresses(tag, "href", href)).unwrap_or_default());
    names.extend(value.attr("action").map(|action| addresses(tag, "action", action)).unwrap_or_default());
    names
}

/// What of the address that a link leads to, or a form is sent to, stays: all of it, where no number is in it, or a word of it.
fn addresses(tag: &str, name: &str, href: &str) -> Vec<String> {
    let is_plain = |text: &str| !text.chars().any(|sign| sign.is_ascii_digit()) && !text.is_empty();
    let whole =
        (is_plain(href) && href != "#" && href.len() <= 2 * LONGEST).then(|| format!("{tag}[{name}={}]", quoted(href)));
    let parts = href.split(['?', '&', ';', '/', '\'', '"', '(', ')', ',', '#']);
    let words = parts.filter(|part| part.len() > 3 && part.len() <= LONGEST && is_plain(part) && !is_jumble(part));
    let last = words.clone().next_back().filter(|last| href.ends_with(&format!("/{last}")));
    let last = last.map(|last| format!("{tag}[{name}$={}]", quoted(&format!("/{last}"))));
    let words = words.filter(|word| !word.ends_with(':')).map(|word| format!("{tag}[{name}*={}]", quoted(word)));
    whole.into_iter().chain(last).chain(words).collect()
}

/// What kind of thing an element is, the narrowest first.
fn kinds(element: ElementRef<'_>) -> Vec<String> {
    let value = element.value();
    let tag = value.name();
    let kind = value.attr("type").filter(|kind| is_name(kind)).map(|kind| format!("{tag}[type={kind}]"));
    let role = value.attr("role").filter(|role| is_name(role)).map(|role| format!("[role={role}]"));
    kind.into_iter().chain(role).chain([tag.to_owned()]).collect()
}

/// The things above that have a name, the nearest first, and what the element says of itself below each.
fn below<'d>(
    document: &'d Document,
    element: ElementRef<'d>,
    own: Vec<String>,
) -> impl Iterator<Item = String> + use<'d> {
    const PLACES: [&str; 5] = ["nav", "main", "header", "footer", "aside"];
    // What is behind one edge is behind it from further up, too.
    let mut edge = " ";
    let above = above(element, " ").map(move |(above, joins)| {
        edge = if joins == " " { edge } else { joins };
        (above, edge)
    });
    above.flat_map(move |(above, joins)| {
        let mut known = names(above);
        known.extend(PLACES.iter().find(|place| **place == above.value().name()).map(|place| (*place).to_owned()));
        let outer = known.into_iter().find(|selector| only(document, selector, above).is_some());
        let inner = own.clone();
        outer
            .into_iter()
            .flat_map(move |outer| inner.clone().into_iter().map(move |inner| format!("{outer}{joins}{inner}")))
    })
}

/// The selector, perhaps behind the edge of a frame or a root, where it fits this thing and no other.
fn only(document: &Document, selector: &str, element: ElementRef<'_>) -> Option<String> {
    [selector.to_owned(), format!("{PIERCING} {selector}")].into_iter().find(|text| {
        let Some(css) = Css::made(text) else { return false };
        let mut fitting = document.all(&css);
        fitting.next().is_some_and(|found| found.id() == element.id()) && fitting.next().is_none()
    })
}

/// Whether a selector fits this thing and no other.
pub(super) fn fits(document: &Document, selector: &str, element: ElementRef<'_>) -> bool {
    only(document, selector, element).is_some_and(|found| found == selector)
}

/// By its place among others of its kind: as much of the way from the top as tells it apart.
fn place(document: &Document, element: ElementRef<'_>) -> String {
    let step = |element: ElementRef<'_>| {
        let others = element.prev_siblings().filter_map(ElementRef::wrap);
        let before = others.filter(|other| other.value().name() == element.value().name()).count();
        format!("{}:nth-of-type({})", element.value().name(), before + 1)
    };
    let mut way = step(element);
    for (at, (above, joins)) in above(element, " > ").enumerate() {
        if let Some(told) = (at < STEPS).then(|| only(document, &way, element)).flatten() {
            return told;
        }
        way = format!("{}{joins}{way}", step(above));
    }
    way
}

/// The elements above one, each with what joins it to that below: `joins`, but where it shows a frame or has a shadow root, what
/// is in that is within, and not below.
fn above<'d>(
    element: ElementRef<'d>,
    joins: &'static str,
) -> impl Iterator<Item = (ElementRef<'d>, &'static str)> + use<'d> {
    let mut now = joins;
    element.ancestors().filter_map(move |node| {
        let Some(above) = ElementRef::wrap(node) else {
            now = " >>> ";
            return None;
        };
        Some((above, std::mem::replace(&mut now, joins)))
    })
}

/// The frame or the thing with a shadow root that an element is in, if it is in one.
pub(super) fn host(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    above(element, "").find(|(_, joins)| !joins.is_empty()).map(|(host, _)| host)
}

/// Whether somebody gave this name, and no program made it: short, and hardly any digits.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = text.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'));
    // A nought is what frameworks put into every name: `ctl00_Main`.
    let digits = text.chars().filter(|sign| sign.is_ascii_digit() && *sign != '0').count();
    let begins = text.starts_with(|sign: char| sign.is_ascii_alphabetic());
    // What counts is another tomorrow: `more-30`.
    let before = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let counts = text.len() > before.len() + 1 && before.ends_with(['-', '_']);
    is_plain && begins && !counts && text.len() <= LONGEST && digits <= 1 && !is_jumble(text)
}

/// Whether it is letters in no order, as of a hash: capitals in the midst of small letters, more than words have.
fn is_jumble(text: &str) -> bool {
    let signs: Vec<char> = text.chars().collect();
    let turns = signs
        .windows(2)
        .filter(|pair| matches!(pair, [one, other] if one.is_ascii_lowercase() && other.is_ascii_uppercase()));
    turns.count() > 3 || text.contains("__") && text.len() > 16
}

#[cfg(test)]
mod tests {
    use super::{alone_on, is_name, selector, two, within_each};
    use crate::css::Css;
    use crate::document::Document;

    #[test]
    fn things_are_named_as_an_author_would_name_them() {
        let check = |html: &str, expected: &str| {
            let document = Document::parse(html).expect("a document");
            let mark = Css::parse("[mark]").expect("a selector");
            let element = document.all(&mark).next().expect("a thing");
            assert_eq!(selector(&document, element).0, expected, "{html}");
        };
        check("<table mark id=list>", "#list");
        check("<table mark id=t1f9a8c7 class=accounts>", "table.accounts");
        check("<form id=a><input><button mark></form><button>", "#a button");
        check("<input name=user mark><input name=password>", "input[name=\"user\"]");
        check("<b data-testid=sum id=x mark>", "[data-testid=\"sum\"]");
        check("<div><p><b>a</b><b mark>b</b></div>", "b:nth-of-type(2)");
        check("<table><tr><td></table><table summary=list mark>", "table[summary=\"list\"]");
        check("<a href='/out?s=81a7'>b</a><a href='/list?s=81a7' mark>a</a>", "a[href*=\"list\"]");
        check("<a href='/a/7/rows' mark>b</a><a href='/a/7'>a</a>", "a[href$=\"/rows\"]");
        check(
            "<a href=\"javascript:go('out')\">b</a><a href=\"javascript:go('list')\" mark>a</a>",
            "a[href=\"javascript:go('list')\"]",
        );
    }

    #[test]
    fn two_selectors_of_one_thing_share_no_name() {
        let check = |html: &str, expected: Option<[&str; 2]>| {
            let document = Document::parse(html).expect("a document");
            let mark = Css::parse("[mark]").expect("a selector");
            let element = document.all(&mark).next().expect("a thing");
            let found = two(&document, element);
            assert_eq!(found.as_ref().map(|found| found.each_ref().map(String::as_str)), expected, "{html}");
        };
        check("<form id=in><button mark id=go>Go</button></form>", Some(["#go", "#in button"]));
        // The beginning of a name is none.
        check("<form id=gone><button mark id=go>Go</button></form>", Some(["#go", "#gone button"]));
        let two_forms =
            "<form id=in><button class=btn mark>Go</button></form><form id=find><button class=btn>Go</button></form>";
        check(two_forms, None);
        check("<form name='a b.c]' id=in><button mark>Go</button></form>", Some(["#in button", "button"]));
    }

    #[test]
    fn a_form_without_a_name_is_known_by_where_it_is_sent_to() {
        let html = "<form action='/a/7/rows'><button mark>Show</button></form><form action='/a/7/file'><button>Save</button></form>";
        let document = Document::parse(html).expect("a document");
        let mark = Css::parse("[mark]").expect("a selector");
        let element = document.all(&mark).next().expect("a thing");
        assert_eq!(selector(&document, element).0, "form[action$=\"/rows\"] button");
    }

    #[test]
    fn what_is_in_a_frame_is_found_in_the_frame_that_has_a_name() {
        let html = "<iframe name=menu srcdoc='<table><tr><td>a</table>'></iframe>\
            <iframe name=work srcdoc='<table mark><tr><td>b</table>'></iframe>";
        let document = Document::parse(html).expect("a document");
        let mark = Css::parse(">>> [mark]").expect("a selector");
        let element = document.all(&mark).next().expect("a thing");
        assert_eq!(selector(&document, element).0, "iframe[name=\"work\"] >>> table");
        // By its place, too, where the frame has no name.
        let html = "<iframe srcdoc='<p>b'></iframe><iframe srcdoc='<p>c<p mark>d<p>e'></iframe><iframe srcdoc='<p>a<p>b'></iframe>";
        let document = Document::parse(html).expect("a document");
        let element = document.all(&mark).next().expect("a thing");
        let place = "iframe:nth-of-type(2) >>> html:nth-of-type(1) > body:nth-of-type(1) > p:nth-of-type(2)";
        assert_eq!(selector(&document, element).0, place);
    }

    #[test]
    fn what_is_on_every_page_is_named_so_that_it_is_one_thing_on_each() {
        let parse = |html: &str| Document::parse(html).expect("a document");
        let list = parse("<button mark class='btn btn-out'>Sign out</button>");
        let rows = parse("<button class='btn btn-out'>Sign out</button><button class=btn>Show</button>");
        let bye = parse("<p>Bye");
        let mark = Css::parse("[mark]").expect("a selector");
        let element = list.all(&mark).next().expect("a thing");
        assert_eq!(selector(&list, element).0, "button.btn");
        assert_eq!(alone_on(&list, element, &[&list, &rows, &bye]).as_deref(), Some("button.btn-out"));
    }

    #[test]
    fn one_thing_of_each_row_is_named_within_it() {
        let document = Document::parse(
            "<table><tr><td><a>1</a><td><a class=go>2</a><tr><td><a>3</a><td><a class=go>4</a></table>",
        )
        .expect("a document");
        let rows: Vec<_> = document.all(&Css::parse("tr").expect("a selector")).collect();
        let is_go = |element: &scraper::ElementRef<'_>| element.value().classes().any(|class| class == "go");
        assert_eq!(within_each(&rows, is_go).as_deref(), Some("a.go"));
        assert_eq!(within_each(&rows, |element| element.value().name() == "a").as_deref(), Some("td:nth-child(1) a"));
        assert_eq!(within_each(&rows, |element| element.value().name() == "i"), None);
    }

    #[test]
    fn what_a_program_named_is_no_name() {
        for name in ["accounts", "sign-in-form", "firstName", "page2", "ctl00_Main_txtUserId"] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["row-000123", "more-30", "k9f8a7c6", "css-1x2y3z", "", "9a", "a b", "xYzAbCdEfGh", "Table__row___Xb3kQ"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
