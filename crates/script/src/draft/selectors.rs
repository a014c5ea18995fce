//! A selector for a thing on a page that an author would write: by what names it, and not by where it stands.
//!
//! Not here: several ways to one thing, of which a person chooses.

use scraper::ElementRef;

use super::Sureness;
use crate::css::{Css, PIERCING, quoted};
use crate::document::Document;

/// Attributes that are there to find things by.
const TEST_IDS: [&str; 4] = ["data-testid", "data-test", "data-qa", "data-cy"];

/// How many steps of a way are tried, each in the whole document.
const STEPS: usize = 6;

/// How long a name may be that somebody gave.
const LONGEST: usize = 40;

/// The selector that fits this thing alone, and how long it is likely to.
pub(super) fn selector(document: &Document, element: ElementRef<'_>) -> (String, Sureness) {
    let (own, kinds) = (names(element), kinds(element));
    let alone = |selectors: &[String]| selectors.iter().find_map(|selector| only(document, selector, element));
    let found = alone(&own).or_else(|| below(document, element, &[own.clone(), kinds.clone()].concat()));
    // What is one of its kind today may have company tomorrow.
    let likely = found.or_else(|| alone(&kinds)).map(|text| (text, Sureness::Likely));
    likely.unwrap_or_else(|| (place(document, element), Sureness::Guess))
}

/// A selector that, within each of these rows, fits one thing: the first that `is_wanted`.
pub(super) fn within_each(rows: &[ElementRef<'_>], is_wanted: impl Fn(&ElementRef<'_>) -> bool) -> Option<String> {
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
        css.is_some_and(|css| rows.iter().all(|row| css.within(*row).count() == 1))
    };
    [tag.to_owned()].into_iter().chain(classes).chain(in_cell).find(is_one)
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
    let said = value
        .attr("aria-label")
        .filter(|label| label.len() <= LONGEST && !label.chars().any(|sign| sign.is_ascii_digit()));
    names.extend(said.map(|label| format!("{tag}[aria-label={}]", quoted(label))));
    names
}

/// What kind of thing an element is, the narrowest first.
fn kinds(element: ElementRef<'_>) -> Vec<String> {
    let value = element.value();
    let tag = value.name();
    let kind = value.attr("type").filter(|kind| is_name(kind)).map(|kind| format!("{tag}[type={kind}]"));
    let role = value.attr("role").filter(|role| is_name(role)).map(|role| format!("[role={role}]"));
    kind.into_iter().chain(role).chain([tag.to_owned()]).collect()
}

/// The nearest thing above that has a name, and what the element says of itself below it.
fn below(document: &Document, element: ElementRef<'_>, own: &[String]) -> Option<String> {
    element.ancestors().filter_map(ElementRef::wrap).find_map(|above| {
        let known = names(above);
        let outer = known.iter().find(|selector| only(document, selector, above).is_some())?;
        own.iter().find_map(|inner| only(document, &format!("{outer} {inner}"), element))
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

/// By its place among others of its kind: as much of the way from the top as tells it apart.
fn place(document: &Document, element: ElementRef<'_>) -> String {
    let step = |element: ElementRef<'_>| {
        let others = element.prev_siblings().filter_map(ElementRef::wrap);
        let before = others.filter(|other| other.value().name() == element.value().name()).count();
        format!("{}:nth-of-type({})", element.value().name(), before + 1)
    };
    let above = element.ancestors().filter_map(ElementRef::wrap).map(step);
    let steps: Vec<String> = [step(element)].into_iter().chain(above).collect();
    let way = |length: usize| steps.iter().take(length).rev().cloned().collect::<Vec<_>>().join(" > ");
    let told = (1..=steps.len().min(STEPS)).find_map(|length| only(document, &way(length), element));
    told.unwrap_or_else(|| way(steps.len()))
}

/// Whether somebody gave this name, and no program made it: short, and hardly any digits.
fn is_name(text: &str) -> bool {
    let is_plain = text.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let begins = text.starts_with(|sign: char| sign.is_ascii_alphabetic());
    is_plain && begins && text.len() <= LONGEST && digits <= 1 && !is_jumble(text)
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
    use super::{is_name, selector, within_each};
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
        for name in ["accounts", "sign-in-form", "firstName", "page2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["row-000123", "k9f8a7c6", "css-1x2y3z", "", "9a", "a b", "xYzAbCdEfGh", "Table__row___Xb3kQ"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
