//! An HTML document as it was seen, and what can be asked of it: what a selector
//! fits, what a thing's text is, whether it can be clicked.
//!
//! Documents are hostile: their size and their nesting are bounded, and nothing
//! here recurses. A saved document has no style sheets, so what is visible is known
//! only as far as attributes say it.
//!
//! Not here: what the texts mean.

use scraper::{ElementRef, Html, Node, Selector};

use crate::css::Css;
use crate::language::{Pick, Sign};

/// How large a document may be.
pub(crate) const SIZE_LIMIT: usize = 8 * 1024 * 1024;

/// How deep elements may be nested. Browsers themselves stop at 512.
const DEPTH_LIMIT: usize = 640;

/// How much work parsing may be: for each tag, as much as the tag is deep.
const WORK_LIMIT: usize = 50_000_000;

/// How many attributes, about, a tag may have.
const ATTRIBUTES_LIMIT: usize = 2_000;

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

/// A parsed document.
pub(crate) struct Document {
    pub(crate) html: Html,
}

impl Document {
    pub(crate) fn parse(html: &str) -> Result<Self, Refused> {
        if html.len() > SIZE_LIMIT {
            return Err(Refused::Size);
        }
        bounded(html)?;
        Ok(Self { html: Html::parse_document(html) })
    }

    /// What the selector fits, in the order of the document.
    pub(crate) fn all<'d>(&'d self, css: &Css) -> impl Iterator<Item = ElementRef<'d>> {
        self.fitting(&css.selector).filter(|element| !is_inert(element))
    }

    /// The same for a selector that no script wrote.
    pub(crate) fn fitting<'d>(&'d self, selector: &Selector) -> impl Iterator<Item = ElementRef<'d>> {
        let root = self.html.tree.root().children().find_map(ElementRef::wrap);
        root.into_iter().flat_map(move |root| {
            let itself = std::iter::once(root).filter(|root| selector.matches(root));
            itself.chain(root.select(selector))
        })
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = ElementRef<'_>> {
        self.html.tree.root().descendants().filter_map(ElementRef::wrap)
    }

    /// The first thing that the selector fits and that isn't hidden.
    pub(crate) fn shown(&self, css: &Css) -> Option<ElementRef<'_>> {
        self.all(css).find(|element| !is_hidden(element))
    }

    /// The piece of text, if it is there and isn't empty.
    pub(crate) fn pick(&self, pick: &Pick) -> Option<String> {
        let element = match &pick.of {
            Some(css) => self.shown(css)?,
            None => self.elements().next()?,
        };
        piece(element, pick)
    }

    /// Whether the document, found at `url`, bears the sign, as far as a saved
    /// document can tell.
    pub(crate) fn bears(&self, sign: &Sign, url: &str) -> bool {
        match sign {
            Sign::Visible(css) => self.shown(css).is_some(),
            Sign::Absent(css) => self.shown(css).is_none(),
            Sign::Text { within, contains } => {
                let wanted = folded_case(contains);
                self.all(within).any(|element| !is_hidden(&element) && folded_case(&text(element)).contains(&wanted))
            }
            Sign::Url(part) => url.contains(part.as_str()),
        }
    }

    /// Whether something that the selector fits could be clicked.
    pub(crate) fn can_click(&self, css: &Css) -> bool {
        self.all(css).any(|element| !is_hidden(&element) && !is_disabled(&element))
    }
}

/// The piece of text of an element, white space folded; none when it isn't there.
pub(crate) fn piece(element: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let whole = match &pick.attribute {
        Some(name) => fold(element.attr(name)?),
        None => fold(&text(element)),
    };
    let mut part = whole.as_str();
    if let Some(after) = &pick.after {
        part = part.split_once(after.as_str())?.1;
    }
    if let Some(before) = &pick.before {
        part = part.split_once(before.as_str())?.0;
    }
    let part = part.trim();
    (!part.is_empty()).then(|| part.to_owned())
}

/// The text within an element as it stands in the document; code isn't text.
pub(crate) fn text(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for node in element.descendants() {
        if let Node::Text(part) = node.value()
            && !node.parent().and_then(ElementRef::wrap).is_some_and(|parent| is_code(&parent))
        {
            text.push_str(part);
        }
    }
    text
}

/// The same as people see it: white space folded, a line break being one, and what
/// is hidden left out.
pub(crate) fn shown_text(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    if hides(element) {
        return text;
    }
    for node in element.descendants() {
        match node.value() {
            Node::Text(part) => {
                let mut within = node.ancestors().take_while(|above| *above != *element).filter_map(ElementRef::wrap);
                let is_code = node.parent().and_then(ElementRef::wrap).is_some_and(|parent| is_code(&parent));
                if !is_code && !within.any(hides) {
                    text.push_str(part);
                }
            }
            Node::Element(element) if matches!(element.name(), "br" | "p" | "div" | "li") => text.push(' '),
            _ => {}
        }
    }
    fold(&text)
}

/// White space folded: one blank between words, none around them.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// White space and case folded, for comparing.
pub(crate) fn folded_case(text: &str) -> String {
    fold(text).to_lowercase()
}

pub(crate) fn is_code(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "script" | "style" | "template" | "noscript")
}

/// Whether a browser's selectors wouldn't find it: it is inside of a template.
fn is_inert(element: &ElementRef<'_>) -> bool {
    element.ancestors().filter_map(ElementRef::wrap).any(|above| above.value().name() == "template")
}

/// Whether attributes say that it can't be seen.
pub(crate) fn is_hidden(element: &ElementRef<'_>) -> bool {
    hides(*element) || element.ancestors().filter_map(ElementRef::wrap).any(hides)
}

/// Whether an element hides itself and all that is in it.
pub(crate) fn hides(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let is_hidden_field =
        value.name() == "input" && value.attr("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
    takes_no_room(element) || is_hidden_field || styles(element, "visibility:hidden")
}

/// Whether an element isn't laid out at all: a cell of a table leaves its place to
/// the next one.
pub(crate) fn takes_no_room(element: ElementRef<'_>) -> bool {
    element.value().attr("hidden").is_some() || styles(element, "display:none")
}

fn styles(element: ElementRef<'_>, declaration: &str) -> bool {
    let style = element.value().attr("style").unwrap_or_default();
    style.replace(char::is_whitespace, "").to_ascii_lowercase().contains(declaration)
}

fn is_disabled(element: &ElementRef<'_>) -> bool {
    let value = element.value();
    value.attr("disabled").is_some()
        || value.attr("aria-disabled").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
}

/// Looks at the tags alone: parsing takes time that grows with the depth of each tag
/// and the number of its attributes, so a page is refused before. It is near enough
/// for what browsers write; it doesn't replace a limit on time.
fn bounded(html: &str) -> Result<(), Refused> {
    let (mut depth, mut work) = (0_usize, 0_usize);
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (end, attributes) = tag_end(after);
        let tag = after.get(..end).unwrap_or(after);
        rest = after.get(end..).unwrap_or_default();
        match tag.chars().next() {
            Some('/') if !is_void(tag.trim_start_matches('/')) => depth = depth.saturating_sub(1),
            Some('!') if tag.starts_with("!--") => {
                rest = after.split_once("-->").map_or("", |(_, behind)| behind);
            }
            Some(letter) if letter.is_ascii_alphabetic() => {
                work += depth + 1;
                if attributes > ATTRIBUTES_LIMIT || work > WORK_LIMIT {
                    return Err(Refused::Work);
                }
                if let Some(close) = raw_end(tag) {
                    rest = rest.find(close).and_then(|at| rest.get(at..)).unwrap_or_default();
                    depth += 1;
                } else if !is_void(tag) && !tag.ends_with('/') {
                    depth += 1;
                }
                if depth > DEPTH_LIMIT {
                    return Err(Refused::Depth);
                }
            }
            _ => {}
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

fn name_of(tag: &str) -> &str {
    tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// Where a tag ends, a `>` within quotes being none, and how many blanks there are
/// between its attributes.
fn tag_end(tag: &str) -> (usize, usize) {
    let mut quote = None;
    let mut blanks = 0;
    for (index, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return (index, blanks),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, byte) if byte.is_ascii_whitespace() => blanks += 1,
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    (tag.len(), blanks)
}

/// Elements that have no end tag, or whose end tag is often left out.
fn is_void(tag: &str) -> bool {
    const VOID: [&str; 25] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p",
        "li", "dt", "dd", "option", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup",
    ];
    VOID.iter().any(|void| name_of(tag).eq_ignore_ascii_case(void))
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_LIMIT, Document, Refused};
    use crate::css::Css;
    use crate::language::{Pick, Sign};

    fn document(html: &str) -> Document {
        Document::parse(html).expect("a document")
    }

    #[test]
    fn a_piece_of_text_is_cut_out_whole_or_not_at_all() {
        let check =
            |html: &str, attribute: Option<&str>, after: Option<&str>, before: Option<&str>, expected: Option<&str>| {
                let own = |text: Option<&str>| text.map(str::to_owned);
                let of = Css::parse("b");
                let pick = Pick { of, attribute: own(attribute), after: own(after), before: own(before) };
                assert_eq!(document(html).pick(&pick).as_deref(), expected, "{html}");
            };
        check("<b> As\n of <i>May&nbsp;1</i> </b>", None, None, None, Some("As of May 1"));
        check("<b>sent to 0142. Wait.</b>", None, Some("sent to"), Some("."), Some("0142"));
        check("<b>sent to 0142</b>", None, Some("went to"), None, None);
        check("<b>sent to 0142</b>", None, None, Some("."), None);
        check("<b data-k=' 1  2 '></b>", Some("data-k"), None, None, Some("1 2"));
        check("<b>x<script>y</script></b>", None, None, None, Some("x"));
        check("<b hidden>x</b><b>y</b>", None, None, None, Some("y"));
        check("<b> </b>", None, None, None, None);
        check("<template><b>x</b></template>", None, None, None, None);
    }

    #[test]
    fn signs_are_judged_as_far_as_a_saved_page_can_tell() {
        let check = |html: &str, sign: Sign, expected: bool| {
            assert_eq!(document(html).bears(&sign, "https://bank.example/#/in"), expected, "{html} {sign:?}");
        };
        let b = || Css::parse("b").expect("a selector");
        let text = |contains: &str| Sign::Text { within: b(), contains: contains.into() };
        check("<b>x</b>", Sign::Visible(b()), true);
        check("<div style='display: none'><b>x</b></div>", Sign::Visible(b()), false);
        check("<div hidden><b>x</b></div>", Sign::Absent(b()), true);
        check("<b>Your  Session\nhas ended.</b>", text("session has"), true);
        check("<i>session</i>", text("session"), false);
        check("", Sign::Url("#/in".into()), true);
    }

    #[test]
    fn what_cannot_be_clicked_is_known_from_its_attributes() {
        let check = |html: &str, expected: bool| {
            let button = Css::parse("button").expect("a selector");
            assert_eq!(document(html).can_click(&button), expected, "{html}");
        };
        check("<button>", true);
        check("<button disabled>", false);
        check("<button aria-disabled=true>", false);
        check("<div hidden><button></div>", false);
        check("", false);
    }

    #[test]
    fn documents_without_bounds_are_refused() {
        let check = |html: &str, expected: Option<Refused>| {
            let start: String = html.chars().take(40).collect();
            assert_eq!(Document::parse(html).err(), expected, "{start}");
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
}
