//! Which documents are too much to be parsed: the time that a tag takes grows with its
//! depth and with the number of its attributes, and a parser that mends what is left open may
//! make many elements of one. So parsing ends at the tag that is too much.
//!
//! Not here: parsing (`markup`), or a limit on time.

/// How large a document may be.
pub(crate) const SIZE_LIMIT: usize = 8 * 1024 * 1024;

/// How deep elements may be nested, but for the few that nobody has looked at yet. Browsers
/// themselves stop at 512.
const DEPTH_LIMIT: usize = 640;

/// How much work parsing may be: for each tag as much as it is deep, for each attribute as
/// much as there are before it.
const WORK_LIMIT: usize = 50_000_000;

/// How many elements and pieces of text a document may have.
const NODES_LIMIT: usize = 2_000_000;

/// Why a document isn't looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Size,
    Depth,
    Work,
}

impl Refused {
    /// For people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Size => "the page is larger than 8 MiB",
            Self::Depth => "the page's elements are nested more than 640 deep",
            Self::Work => "the page has more elements or attributes than any page for people",
        }
    }
}

/// How much work a document was so far.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    work: usize,
}

impl Bounds {
    /// A tag got another attribute, which was compared with so many before it.
    pub(crate) fn attribute(&mut self, before: usize) -> Result<(), Refused> {
        self.work(before)
    }

    /// After so many further tags the tree has so many nodes, the latest of which is so deep.
    pub(crate) fn nodes(&mut self, tags: usize, nodes: usize, depth: usize) -> Result<(), Refused> {
        if depth > DEPTH_LIMIT {
            return Err(Refused::Depth);
        }
        if nodes > NODES_LIMIT {
            return Err(Refused::Work);
        }
        self.work(depth * tags)
    }

    fn work(&mut self, more: usize) -> Result<(), Refused> {
        self.work += more;
        if self.work > WORK_LIMIT { Err(Refused::Work) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_LIMIT, Refused};
    use crate::markup::{Scripting, parse};

    fn bounded(html: &str) -> Result<(), Refused> {
        parse(html, Scripting::On).map(|_| ())
    }

    #[test]
    fn documents_without_bounds_are_refused() {
        let check = |html: &str, expected: Option<Refused>| {
            let start: String = html.chars().take(40).collect();
            assert_eq!(bounded(html).err(), expected, "{start}");
        };
        let nested = |times: usize| "<div class='a>b'>".repeat(times);
        check(&nested(DEPTH_LIMIT - 16), None);
        check(&nested(DEPTH_LIMIT + 16), Some(Refused::Depth));
        check(&" ".repeat(9_000_000), Some(Refused::Size));
        let attributes: String = (0..20_000).map(|number| format!("a{number} ")).collect();
        check(&format!("<div {attributes}>"), Some(Refused::Work));
        check(&format!("<div {}>", "a ".repeat(20_000)), None);
        check(&format!("{}{}", nested(600), "<p>".repeat(100_000)), Some(Refused::Work));
        check(&"<table><tr><th>a<td>b</table><ul><li>c<li>d</ul>".repeat(2_000), None);
        check(&format!("<script>{}</script>", "'<div>' + ".repeat(2_000)), None);
        check(&format!("<!-- {} -->", nested(2_000)), None);
    }

    #[test]
    fn nothing_hides_deep_nesting_that_a_browser_would_see() {
        let deep = "<div>".repeat(100_000);
        for html in [
            format!("<p '>{deep}'"),
            format!("<p a'>{deep}'"),
            format!("<p='>{deep}'"),
            format!("<p ='>{deep}'"),
            format!("<p a=b'>{deep}'"),
            format!("<p a=\"b\"'>{deep}'"),
            format!("< a='{deep}'"),
            format!("<! a='>{deep}'"),
            format!("</ a='>{deep}'"),
            format!("<!-- --!>{deep}-->"),
            format!("<script></SCRIPT>{deep}</script>"),
            format!("<svg><style>{deep}</style></svg>"),
            "<div/>".repeat(100_000),
            "<p-x>".repeat(100_000),
            "<div></x>".repeat(100_000),
            format!("<svg>{}", "<td>".repeat(100_000)),
        ] {
            let start: String = html.chars().take(40).collect();
            assert_eq!(bounded(&html), Err(Refused::Depth), "{start}");
        }
    }

    #[test]
    fn a_small_page_that_would_be_a_large_tree_is_refused() {
        let open: String = (0..600).map(|number| format!("<b id={number}>")).collect();
        assert_eq!(bounded(&format!("<p>{open}{}", "<p>x".repeat(80_000))), Err(Refused::Work));
    }

    #[test]
    fn pages_for_people_are_within_bounds() {
        for html in [
            "<svg><path d='M0 0'/><use href=#a /></svg>".repeat(2_000),
            format!("<svg>{}", "<g/>".repeat(100_000)),
            "<svg><title>x</title><path d='M0 0'></path></svg>".repeat(2_000),
            "<a title='it&apos;s' href=x?a=b'c>it's < 3</a>".repeat(2_000),
            "<br/><input value=\"a>b\"/><img src=/a/>".repeat(2_000),
            format!("<!doctype html><svg></svg><style>{}</style>", "a>b{} ".repeat(2_000)),
        ] {
            let start: String = html.chars().take(40).collect();
            assert_eq!(bounded(&html), Ok(()), "{start}");
        }
    }
}
