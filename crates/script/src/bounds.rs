//! Which documents are too much to be parsed: the time that a tag takes grows with its
//! depth and with the number of its attributes, so parsing ends at the tag that is too much.
//!
//! How deep a tag is, is guessed from the tags alone: near enough for what browsers write,
//! and no replacement for a limit on time.

use html5ever::tokenizer::{Tag, TagKind};

/// How large a document may be.
pub(crate) const SIZE_LIMIT: usize = 8 * 1024 * 1024;

/// How deep elements may be nested. Browsers themselves stop at 512.
const DEPTH_LIMIT: usize = 640;

/// How much work parsing may be: for each tag as much as it is deep, for each attribute as
/// much as there are before it.
const WORK_LIMIT: usize = 50_000_000;

/// How many elements of drawings may close themselves; where a drawing ends is only
/// guessed, and outside of one nothing closes itself.
const SELF_CLOSED_LIMIT: usize = 5_000;

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

/// What has been seen of a document, and whether it goes on within bounds.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    depth: usize,
    work: usize,
    /// How many drawings and formulas are open.
    foreign: usize,
    self_closed: usize,
}

impl Bounds {
    /// A tag with another attribute, which was compared with those before it.
    pub(crate) fn attribute(&mut self, tag: &Tag) -> Result<(), Refused> {
        self.work(tag.attrs.len())
    }

    pub(crate) fn tag(&mut self, tag: &Tag) -> Result<(), Refused> {
        if tag.kind == TagKind::EndTag {
            self.foreign = self.foreign.saturating_sub(usize::from(is_foreign(tag)));
            self.depth = self.depth.saturating_sub(usize::from(!is_void(tag)));
            return Ok(());
        }
        self.work(self.depth + 1)?;
        let may_close = tag.self_closing && (self.foreign > 0 || is_foreign(tag));
        let is_closed = may_close && self.self_closed < SELF_CLOSED_LIMIT;
        self.self_closed += usize::from(is_closed);
        if !is_closed && !is_void(tag) {
            self.depth += 1;
            self.foreign += usize::from(is_foreign(tag));
        }
        if self.depth > DEPTH_LIMIT { Err(Refused::Depth) } else { Ok(()) }
    }

    fn work(&mut self, more: usize) -> Result<(), Refused> {
        self.work += more;
        if self.work > WORK_LIMIT { Err(Refused::Work) } else { Ok(()) }
    }
}

/// Whether other rules hold inside of it than those of HTML.
fn is_foreign(tag: &Tag) -> bool {
    matches!(&*tag.name, "svg" | "math")
}

/// Elements that have no end tag, or whose end tag is often left out.
fn is_void(tag: &Tag) -> bool {
    matches!(
        &*tag.name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
            | "p"
            | "li"
            | "dt"
            | "dd"
            | "option"
            | "thead"
            | "tbody"
            | "tfoot"
            | "tr"
            | "td"
            | "th"
            | "colgroup"
    )
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_LIMIT, Refused};
    use crate::markup::parse;

    fn bounded(html: &str) -> Result<(), Refused> {
        parse(html).map(|_| ())
    }

    #[test]
    fn documents_without_bounds_are_refused() {
        let check = |html: &str, expected: Option<Refused>| {
            let start: String = html.chars().take(40).collect();
            assert_eq!(bounded(html).err(), expected, "{start}");
        };
        let nested = |times: usize| "<div class='a>b'>".repeat(times);
        check(&nested(DEPTH_LIMIT), None);
        check(&nested(DEPTH_LIMIT + 1), Some(Refused::Depth));
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
            format!("<svg>{}", "<g/>".repeat(100_000)),
        ] {
            let start: String = html.chars().take(40).collect();
            assert_eq!(bounded(&html), Err(Refused::Depth), "{start}");
        }
    }

    #[test]
    fn pages_for_people_are_within_bounds() {
        for html in [
            "<svg><path d='M0 0'/><use href=#a /></svg>".repeat(2_000),
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
