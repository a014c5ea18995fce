//! A CSS selector as the script writes it, together with its parsed form, so that
//! the same selector goes to a browser and fits saved pages.
//!
//! Beside CSS there is one combinator, `>>>`: what stands behind it is somewhere within what
//! stands before it, through shadow roots and frames, however deep. `frame[name=work] >>> table`
//! is a table in a frame, `>>> input` an input wherever it is. Without it a selector sees the
//! page's own document alone, or the root in which the thing at hand is.
//!
//! Not here: documents; `document` finds what a selector fits.

use ego_tree::NodeId;
use scraper::{ElementRef, Node, Selector};

/// How long a selector may be.
const SELECTOR_LIMIT: usize = 1_000;

/// How many parts a selector may have.
const PARTS_LIMIT: usize = 8;

/// The combinator that goes through shadow roots and frames.
pub(crate) const PIERCING: &str = ">>>";

/// A selector that both a browser and this crate understand.
#[derive(Clone, Debug)]
pub(crate) struct Css {
    text: String,
    /// What stands before the combinators, the outermost first.
    within: Vec<Part>,
    /// What stands behind the last, or all there is.
    last: Part,
    /// Whether it begins with the combinator, and so wherever one likes.
    is_anywhere: bool,
}

/// What stands between two combinators.
#[derive(Clone, Debug)]
struct Part {
    text: String,
    selector: Selector,
}

impl Css {
    /// None when it isn't a selector, or is one that only a browser understands.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > SELECTOR_LIMIT { None } else { Self::made(text) }
    }

    /// The same for a selector that was made here, of whatever length.
    pub(crate) fn made(text: &str) -> Option<Self> {
        let texts = split(text, PIERCING);
        let is_anywhere = texts.len() > 1 && texts.first().is_some_and(|first| first.trim().is_empty());
        let mut parts = Vec::new();
        for part in texts.iter().skip(usize::from(is_anywhere)) {
            // `a >>> b, c` could be read in two ways.
            if texts.len() > 1 && split(part, ",").len() > 1 {
                return None;
            }
            let text = part.trim().to_owned();
            parts.push(Part { selector: Selector::parse(&text).ok()?, text });
        }
        let last = parts.pop().filter(|_| parts.len() < PARTS_LIMIT)?;
        Some(Self { text: text.to_owned(), within: parts, last, is_anywhere })
    }

    /// As the script writes it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it fits an element of the root `base` or of one within it, as seen from there.
    pub(crate) fn fits_from(&self, base: NodeId, element: ElementRef<'_>) -> bool {
        if !self.last.selector.matches(&element) {
            return false;
        }
        if self.within.is_empty() {
            return self.is_anywhere || root_of(element) == base;
        }
        // Each part is met as near as possible, which leaves most to those before it.
        let mut wanted = self.within.as_slice();
        let mut above = parent(element);
        while let (Some((part, before)), Some(element)) = (wanted.split_last(), above) {
            let is_outermost = before.is_empty() && !self.is_anywhere;
            if part.selector.matches(&element) && (!is_outermost || root_of(element) == base) {
                wanted = before;
            }
            above = parent(element);
        }
        wanted.is_empty()
    }

    /// Whether it fits an element as seen from its own root: a row, a thing that is skipped.
    pub(crate) fn fits(&self, element: ElementRef<'_>) -> bool {
        self.fits_from(root_of(element), element)
    }

    /// What it fits within an element.
    pub(crate) fn within<'d>(&self, element: ElementRef<'d>) -> impl Iterator<Item = ElementRef<'d>> {
        let base = root_of(element);
        let inside = element.descendants().skip(1).filter_map(ElementRef::wrap);
        inside.filter(move |inner| self.fits_from(base, *inner))
    }

    /// The text of a selector that fits what `inner` fits within what this one fits, with `mark`
    /// behind each.
    pub(crate) fn around(&self, mark: &str, inner: &Self, inner_mark: &str) -> String {
        let (outer, inner_text) = (self.marked(mark), inner.marked(inner_mark));
        // Where the inner one begins with a combinator, that is the one between them.
        format!("{outer} {inner_text}")
    }

    /// The text with `mark`, such as `[href="x"]`, behind all that it fits.
    pub(crate) fn marked(&self, mark: &str) -> String {
        let parts = self.within.iter().chain([&self.last]).map(|part| format!(":is({})", part.text));
        let joined = parts.collect::<Vec<_>>().join(&format!(" {PIERCING} "));
        let before = if self.is_anywhere { format!("{PIERCING} ") } else { String::new() };
        format!("{before}{joined}{mark}")
    }
}

/// The element that an element is in, across the edge of a root or a frame.
fn parent(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    let above = element.parent()?;
    ElementRef::wrap(above).or_else(|| above.parent().and_then(ElementRef::wrap))
}

/// The root that an element is in: the document, a frame's or a shadow root.
pub(crate) fn root_of(element: ElementRef<'_>) -> NodeId {
    let is_root = |node: &ego_tree::NodeRef<'_, Node>| matches!(node.value(), Node::Document | Node::Fragment);
    element.ancestors().find(is_root).map_or_else(|| element.id(), |root| root.id())
}

/// The parts of a text between separators that aren't in a string, nor, but for the combinator,
/// which has no place there, in brackets.
fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quote, mut depth, mut is_escaped) = (None, 0_usize, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if quote == Some(char) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' => quote = Some(char),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if (depth == 0 || separator == PIERCING)
                && at >= start
                && text.get(at..).is_some_and(|rest| rest.starts_with(separator)) =>
            {
                parts.extend(text.get(start..at));
                start = at + separator.len();
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// A text as a CSS string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\{:x} ", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::{Css, split};

    #[test]
    fn a_selector_is_split_only_where_its_combinator_stands() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split(text, ">>>"), expected, "{text}");
        check("a > b", &["a > b"]);
        check("a >>> b>>>c", &["a ", " b", "c"]);
        check(">>> a", &["", " a"]);
        check("a[b='>>>'] >>> c", &["a[b='>>>'] ", " c"]);
        check(r#"a[b="\">>>"]"#, &[r#"a[b="\">>>"]"#]);
        check(":is(a >>> b)", &[":is(a ", " b)"]);
    }

    #[test]
    fn what_could_be_read_in_two_ways_or_not_at_all_is_refused() {
        let check = |text: &str, is_one: bool| assert_eq!(Css::parse(text).is_some(), is_one, "{text}");
        check("a, b", true);
        check("a >>> b", true);
        check(">>> b", true);
        check(">>> a >>> b", true);
        check("a >>> b, c", false);
        check("a >>> :is(b, c)", true);
        check("a >>>", false);
        check(">>>", false);
        check("a >>> >>> b", false);
        check(":is(a >>> b)", false);
        check(&["a"; 9].join(" >>> "), false);
    }
}
