//! Things of one kind that repeat on a page, such as tiles or cards, and what may be said of a thing within each.
//!
//! Not here: what they list; drafts and repairs look for that.

use std::collections::BTreeMap;

use scraper::ElementRef;

use crate::css::Css;
use crate::document::{Document, is_hidden};
use crate::draft::selectors::selectors;

/// Things that are no record whatever they hold.
const NO_RECORDS: [&str; 14] = [
    "tr", "td", "th", "thead", "tbody", "tfoot", "option", "br", "script", "style", "input", "label", "colgroup", "col",
];

/// What may be said of things of one kind that stand in one, where there are `least` of them at least: by a class of theirs, or
/// else by what they stand in. `is_told` says whether a selector may be used at all.
pub(crate) fn alike(
    document: &Document,
    parent: ElementRef<'_>,
    least: usize,
    is_told: impl Fn(&str) -> bool,
    is_right: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut kinds: BTreeMap<&str, Vec<ElementRef<'_>>> = BTreeMap::new();
    for child in parent.child_elements().filter(|child| !is_hidden(child)) {
        let tag = child.value().name();
        if !NO_RECORDS.contains(&tag) {
            kinds.entry(tag).or_default().push(child);
        }
    }
    let are_here = |text: &String| {
        let Some(css) = Css::parse(text) else { return false };
        let mut fitting = document.all(&css).filter(|element| !is_hidden(element)).peekable();
        let mut count = 0;
        fitting.by_ref().all(|one| {
            count += 1;
            one.parent() == Some(*parent)
        }) && count >= least
            && is_right(text)
    };
    let mut found = Vec::new();
    for (tag, children) in kinds.into_iter().filter(|(_, children)| children.len() >= least) {
        let first = children.first().map(|child| child.value().classes().collect::<Vec<_>>()).unwrap_or_default();
        let is_common = |class: &&str| {
            children.iter().filter(|child| child.value().classes().any(|own| own == *class)).count() >= least
        };
        let by_class = first.into_iter().filter(is_common).map(|class| format!("{tag}.{class}"));
        let container = || {
            let names = selectors(document, parent).into_iter().filter(|text| !text.contains(":nth-"));
            names.map(|name| format!("{} > {tag}", name.replace('"', "'"))).find(|text| is_told(text))
        };
        let by_class = by_class.filter(|text| is_told(text)).find(are_here);
        found.extend(by_class.or_else(|| container().filter(are_here)));
    }
    found
}

/// What may be said of a thing within a record, what names it first.
pub(crate) fn ways(element: ElementRef<'_>) -> Vec<String> {
    let tag = element.value().name();
    if matches!(tag, "br" | "script" | "style") {
        return Vec::new();
    }
    let by_class = element.value().classes().map(|class| format!("{tag}.{class}"));
    let before =
        element.prev_siblings().filter_map(ElementRef::wrap).filter(|other| other.value().name() == tag).count();
    let by_place = format!("{tag}:nth-of-type({})", before + 1);
    by_class.chain([tag.to_owned(), by_place]).collect()
}

/// What a selector fits within each of these, where that is one thing at most.
pub(crate) fn once<'d>(within: &[ElementRef<'d>], of: &str) -> Option<Vec<Option<ElementRef<'d>>>> {
    let css = Css::parse(of)?;
    let one = |around: &ElementRef<'d>| {
        let mut fits = css.within(*around).filter(|one| !is_hidden(one));
        let first = fits.next();
        fits.next().is_none().then_some(first)
    };
    within.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::{alike, once, ways};
    use crate::css::Css;
    use crate::document::Document;

    #[test]
    fn things_of_one_kind_are_named_by_a_class_or_by_what_they_stand_in() {
        let check = |html: &str, expected: &[&str]| {
            let document = Document::parse(html).expect("a document");
            let parent = document.all(&Css::parse("[mark]").expect("a selector")).next().expect("a thing");
            assert_eq!(alike(&document, parent, 2, |_| true, |_| true), expected, "{html}");
        };
        check("<div mark><p class='a tile'>1<p class=tile>2</div>", &["p.tile"]);
        check("<ul mark class=all><li>1<li>2</ul>", &["ul.all > li"]);
        // A class that others elsewhere have, too, doesn't name these; and one is none that repeats.
        check("<div mark><p class=tile>1<p class=tile>2</div><p class=tile>3", &["div > p"]);
        check("<div mark><p class=tile>1</div>", &[]);
    }

    #[test]
    fn a_thing_is_said_within_each_where_there_is_one_at_most() {
        let document = Document::parse("<p><b class=x>1</b><b>2</b><p><b>3</b>").expect("a document");
        let rows: Vec<_> = document.all(&Css::parse("p").expect("a selector")).collect();
        let first = document.all(&Css::parse("b").expect("a selector")).next().expect("a thing");
        assert_eq!(ways(first), ["b.x", "b", "b:nth-of-type(1)"]);
        let has = |of: &str| once(&rows, of).map(|found| found.iter().map(Option::is_some).collect::<Vec<_>>());
        assert_eq!((has("b.x"), has("b"), has("i")), (Some(vec![true, false]), None, Some(vec![false, false])));
    }
}
