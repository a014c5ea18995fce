//! Which documents are too much to be parsed: parsing takes time that grows with the
//! depth of each tag and the number of its attributes, so a page is refused before.
//!
//! Not a parser: it looks at the tags alone, is near enough for what browsers write,
//! and doesn't replace a limit on time.

/// How large a document may be.
pub(crate) const SIZE_LIMIT: usize = 8 * 1024 * 1024;

/// How deep elements may be nested. Browsers themselves stop at 512.
const DEPTH_LIMIT: usize = 640;

/// How much work parsing may be: for each tag, as much as the tag is deep.
const WORK_LIMIT: usize = 50_000_000;

/// How many attributes, about, a tag may have.
const ATTRIBUTES_LIMIT: usize = 2_000;

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

pub(crate) fn bounded(html: &str) -> Result<(), Refused> {
    if html.len() > SIZE_LIMIT {
        return Err(Refused::Size);
    }
    let (mut depth, mut work, mut self_closed) = (0_usize, 0_usize, 0_usize);
    // How many drawings and formulas are open.
    let mut foreign = 0_usize;
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let mut start = after.bytes();
        let is_tag = match (start.next(), start.next()) {
            (Some(b'/'), Some(letter)) | (Some(letter), _) => letter.is_ascii_alphabetic(),
            (None, _) => false,
        };
        if !is_tag {
            rest = match after.as_bytes() {
                [b'!', b'-', b'-', ..] => behind(after, &["-->", "--!>"]),
                [b'!' | b'?' | b'/', ..] => behind(after, &[">"]),
                // It is text.
                _ => after,
            };
            continue;
        }
        let Tag { end, attributes, closes_itself } = Tag::at(after);
        let tag = after.get(..end).unwrap_or(after);
        rest = after.get(end..).unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(tag) => {
                foreign = foreign.saturating_sub(usize::from(is_foreign(tag)));
                depth = depth.saturating_sub(usize::from(!is_void(tag)));
            }
            None => {
                work += depth + 1;
                if attributes > ATTRIBUTES_LIMIT || work > WORK_LIMIT {
                    return Err(Refused::Work);
                }
                let is_closed = closes_itself && (foreign > 0 || is_foreign(tag)) && self_closed < SELF_CLOSED_LIMIT;
                self_closed += usize::from(is_closed);
                if !is_closed && !is_void(tag) {
                    depth += 1;
                    foreign += usize::from(is_foreign(tag));
                }
                if let Some(close) = raw_end(tag).filter(|_| foreign == 0) {
                    rest = from_close(rest, close);
                }
                if depth > DEPTH_LIMIT {
                    return Err(Refused::Depth);
                }
            }
        }
    }
    Ok(())
}

/// What ends an element whose content isn't HTML.
fn raw_end(tag: &str) -> Option<&'static str> {
    match name_of(tag) {
        name if name.eq_ignore_ascii_case("script") => Some("</script"),
        name if name.eq_ignore_ascii_case("style") => Some("</style"),
        _ => None,
    }
}

/// Whether other rules hold inside of it than those of HTML.
fn is_foreign(tag: &str) -> bool {
    ["svg", "math"].iter().any(|foreign| name_of(tag).eq_ignore_ascii_case(foreign))
}

fn name_of(tag: &str) -> &str {
    tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default()
}

/// How far a tag goes, as a browser reads it.
struct Tag {
    /// Where its `>` is.
    end: usize,
    /// How many blanks there are between its attributes.
    attributes: usize,
    closes_itself: bool,
}

/// What the byte of a tag before belongs to.
#[derive(Clone, Copy)]
enum Within {
    TagName,
    /// Where an attribute may begin.
    Gap,
    Name,
    /// Behind the name of an attribute, which may still get a value.
    AfterName,
    /// After the `=` that gives an attribute its value.
    Equals,
    /// A value without quotes, in which a quote is a letter.
    Plain,
    Quoted(u8),
}

impl Tag {
    fn at(text: &str) -> Self {
        use Within as W;
        let (mut within, mut attributes, mut slash) = (W::TagName, 0, false);
        for (index, byte) in text.bytes().enumerate() {
            let is_blank = byte.is_ascii_whitespace();
            attributes += usize::from(is_blank && !matches!(within, W::Quoted(_)));
            let may_close = matches!(within, W::TagName | W::Gap | W::Name | W::AfterName);
            within = match (within, byte) {
                (W::Quoted(open), _) if open == byte => W::Gap,
                (W::Quoted(open), _) => W::Quoted(open),
                (_, b'>') => return Self { end: index, attributes, closes_itself: slash },
                (W::Equals, b'"' | b'\'') => W::Quoted(byte),
                (W::Equals, _) if is_blank => W::Equals,
                (W::Plain | W::TagName | W::Gap, _) if is_blank => W::Gap,
                (W::Name | W::AfterName, _) if is_blank => W::AfterName,
                (W::Equals | W::Plain, _) => W::Plain,
                // At the start of a tag that ends another, it is no slash of this kind.
                (W::TagName, b'/') if index == 0 => W::TagName,
                (W::TagName | W::Gap | W::Name | W::AfterName, b'/') => W::Gap,
                (W::TagName, _) => W::TagName,
                (W::Name | W::AfterName, b'=') => W::Equals,
                (W::Gap | W::Name | W::AfterName, _) => W::Name,
            };
            slash = byte == b'/' && may_close;
        }
        Self { end: text.len(), attributes, closes_itself: slash }
    }
}

/// What comes after the first of these ends; nothing when there is none.
fn behind<'t>(text: &'t str, ends: &[&str]) -> &'t str {
    let first = ends.iter().filter_map(|end| text.find(end).map(|at| at + end.len())).min();
    first.and_then(|at| text.get(at..)).unwrap_or_default()
}

/// From the end tag of an element whose content isn't HTML.
fn from_close<'t>(text: &'t str, close: &str) -> &'t str {
    let is_close = |at: &usize| {
        let found = text.as_bytes().get(*at..*at + close.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(close.as_bytes()))
    };
    let mut places = text.match_indices("</").map(|(at, _)| at);
    places.find(is_close).and_then(|at| text.get(at..)).unwrap_or_default()
}

/// Elements that have no end tag, or whose end tag is often left out.
fn is_void(tag: &str) -> bool {
    const VOID: [&str; 25] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p",
        "li", "dt", "dd", "option", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup",
    ];
    let name = name_of(tag);
    VOID.iter().any(|void| name.eq_ignore_ascii_case(void))
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_LIMIT, Refused, bounded};

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
        check(&format!("<div {}>", "a ".repeat(3_000)), Some(Refused::Work));
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
