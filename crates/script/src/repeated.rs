//! Things of one kind that repeat on a page, such as tiles or cards, and what may be said of a thing within each. A shadow root
//! hides nothing of that: what is in one is a child of its host, and a thing with a root of its own may be all that another holds.
//!
//! Not here: what they list; drafts and repairs look for that.

use std::collections::{BTreeMap, HashSet};

use scraper::{ElementRef, Node};

use crate::css::{Css, PIERCING, root_of};
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
    let mut kinds: BTreeMap<(&str, &str), Vec<ElementRef<'_>>> = BTreeMap::new();
    for (joins, child) in children(parent).filter(|(_, child)| !is_hidden(child)) {
        let tag = child.value().name();
        if !NO_RECORDS.contains(&tag) {
            kinds.entry((joins, tag)).or_default().push(child);
        }
    }
    let mut found = Vec::new();
    for ((joins, tag), children) in kinds.into_iter().filter(|(_, children)| children.len() >= least) {
        let (children, below) = match wrapped(&children) {
            Some(inner) => (inner, format!("{tag} > ")),
            None => (children, String::new()),
        };
        let Some(first) = children.first() else { continue };
        let (tag, own) = (first.value().name(), children.iter().map(|child| child.id()).collect::<HashSet<_>>());
        let are_here = |text: &String| {
            let Some(css) = Css::parse(text) else { return false };
            let mut fitting = document.all(&css).filter(|element| !is_hidden(element));
            let mut count = 0;
            fitting.all(|one| {
                count += 1;
                own.contains(&one.id())
            }) && count >= least
                && is_right(text)
        };
        let is_common = |class: &&str| {
            children.iter().filter(|child| child.value().classes().any(|own| own == *class)).count() >= least
        };
        let edge = if root_of(*first) == document.html.tree.root().id() { "" } else { ">>> " };
        let by_class = first.value().classes().filter(is_common).map(|class| format!("{edge}{tag}.{class}"));
        // What a portal made an element of its own has a name that somebody gave it.
        let by_name = Some(tag).filter(|tag| tag.contains('-')).map(|tag| format!("{edge}{tag}"));
        let container = || {
            let names = selectors(document, parent).into_iter().filter(|text| !text.contains(":nth-"));
            names.map(|name| format!("{} {joins} {below}{tag}", name.replace('"', "'"))).find(|text| is_told(text))
        };
        let named = by_class.chain(by_name).filter(|text| is_told(text)).find(are_here);
        found.extend(named.or_else(|| container().filter(are_here)));
    }
    found
}

/// What is in a thing or in its shadow root, each with what joins the two in a selector.
fn children(parent: ElementRef<'_>) -> impl Iterator<Item = (&'static str, ElementRef<'_>)> {
    let is_root = |node: &ego_tree::NodeRef<'_, Node>| matches!(node.value(), Node::Fragment);
    let shadow = parent.children().filter(is_root).flat_map(|root| root.children());
    let shadow = shadow.filter_map(ElementRef::wrap).map(|child| (PIERCING, child));
    parent.child_elements().map(|child| (">", child)).chain(shadow)
}

/// The things with roots of their own, of one kind, that are all that each of these holds.
fn wrapped<'d>(outer: &[ElementRef<'d>]) -> Option<Vec<ElementRef<'d>>> {
    let only = |outer: &ElementRef<'d>| {
        let mut inner = outer.child_elements();
        let first = inner.next().filter(|_| inner.next().is_none())?;
        let is_host = children(first).any(|(joins, _)| joins == PIERCING);
        (is_host && !is_hidden(&first)).then_some(first)
    };
    let inner: Vec<ElementRef<'d>> = outer.iter().map(only).collect::<Option<_>>()?;
    let tag = inner.first()?.value().name();
    inner.iter().all(|one| one.value().name() == tag).then_some(inner)
}

/// Everything within a record, in shadow roots too.
pub(crate) fn inside<'d>(record: ElementRef<'d>) -> impl Iterator<Item = ElementRef<'d>> {
    record.descendants().skip(1).filter_map(ElementRef::wrap)
}

/// What may be said of a thing within a record, what names it first.
pub(crate) fn ways(record: ElementRef<'_>, element: ElementRef<'_>) -> Vec<String> {
    let tag = element.value().name();
    if matches!(tag, "br" | "script" | "style") {
        return Vec::new();
    }
    let by_class = element.value().classes().map(|class| format!("{tag}.{class}"));
    let before =
        element.prev_siblings().filter_map(ElementRef::wrap).filter(|other| other.value().name() == tag).count();
    let by_place = format!("{tag}:nth-of-type({})", before + 1);
    let edge = if root_of(element) == root_of(record) { "" } else { ">>> " };
    by_class.chain([tag.to_owned(), by_place]).map(|way| format!("{edge}{way}")).collect()
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
        check("<div mark><x-card>1</x-card><x-card>2</x-card></div>", &["x-card"]);
    }

    #[test]
    fn a_thing_is_said_within_each_where_there_is_one_at_most() {
        let document = Document::parse("<p><b class=x>1</b><b>2</b><p><b>3</b>").expect("a document");
        let rows: Vec<_> = document.all(&Css::parse("p").expect("a selector")).collect();
        let first = document.all(&Css::parse("b").expect("a selector")).next().expect("a thing");
        assert_eq!(ways(rows[0], first), ["b.x", "b", "b:nth-of-type(1)"]);
        let has = |of: &str| once(&rows, of).map(|found| found.iter().map(Option::is_some).collect::<Vec<_>>());
        assert_eq!((has("b.x"), has("b"), has("i")), (Some(vec![true, false]), None, Some(vec![false, false])));
    }

    #[test]
    fn a_shadow_root_hides_neither_things_that_repeat_nor_what_is_in_each() {
        let root = |html: &str| format!("<template shadowrootmode=open>{html}</template>");
        let card = |name: &str| format!("<x-card>{}</x-card>", root(&format!("<b>{name}</b>")));
        let check = |html: &str, parent: &str, expected: &[&str]| {
            let document = Document::parse(html).expect("a document");
            let parent = document.all(&Css::parse(parent).expect("a selector")).next().expect("a thing");
            assert_eq!(alike(&document, parent, 2, |_| true, |_| true), expected, "{html}");
        };
        let tiles = "<p class=tile>1</p><p class=tile>2</p>";
        check(&format!("<x-app>{}</x-app>", root(&format!("<div>{tiles}</div>"))), ">>> div", &[">>> p.tile"]);
        check(&format!("<x-app>{}</x-app>", root(tiles)), "x-app", &[">>> p.tile"]);
        check(&format!("<x-app>{}</x-app>", root("<p>1</p><p>2</p>")), "x-app", &["x-app >>> p"]);
        // What only holds one thing with a root of its own is no more than its place.
        let wrapped = format!("<ul><li>{}</li><li>{}</li></ul>", card("one"), card("two"));
        check(&wrapped, "ul", &["x-card"]);
        check(&format!("{wrapped}{}", card("three")), "ul", &["ul > li > x-card"]);

        let document = Document::parse(&wrapped).expect("a document");
        let rows: Vec<_> = document.all(&Css::parse("x-card").expect("a selector")).collect();
        let name = document.all(&Css::parse(">>> b").expect("a selector")).next().expect("a thing");
        assert_eq!(ways(rows[0], name), [">>> b", ">>> b:nth-of-type(1)"]);
        assert_eq!(once(&rows, ">>> b").map(|found| found.len()), Some(2));
    }
}
