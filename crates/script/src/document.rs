//! An HTML document as it was seen, and what can be asked of it: what a selector
//! fits, what a thing's text is, whether it can be clicked.
//!
//! Documents are hostile: their size and their nesting are bounded, and nothing
//! here recurses. A saved document has no style sheets, so what is visible is known
//! only as far as attributes say it.
//!
//! Not here: what the texts mean.

use std::borrow::Cow;

use ego_tree::NodeRef;
use html5ever::{LocalName, local_name};
use scraper::{ElementRef, Html, Node};

use crate::bounds::Refused;
use crate::controls::value_of;
use crate::css::Css;
use crate::language::{Pick, Sign};
use crate::markup::{self, Scripting};
use crate::roots;

/// A parsed document.
pub(crate) struct Document {
    pub(crate) html: Html,
}

/// One of the options of a field.
pub(crate) struct Choice {
    pub(crate) value: String,
    /// What is shown of it.
    pub(crate) text: String,
    pub(crate) is_selected: bool,
}

impl Document {
    pub(crate) fn parse(html: &str) -> Result<Self, Refused> {
        Self::parse_with(html, Scripting::On)
    }

    /// The document as somebody has it who runs no scripts.
    pub(crate) fn parse_plain(html: &str) -> Result<Self, Refused> {
        Self::parse_with(html, Scripting::Off)
    }

    fn parse_with(html: &str, scripting: Scripting) -> Result<Self, Refused> {
        Ok(Self { html: roots::compose(markup::parse(html, scripting)?, scripting)? })
    }

    /// What the selector fits, in the order of the document.
    pub(crate) fn all<'d>(&'d self, css: &Css) -> impl Iterator<Item = ElementRef<'d>> {
        let base = self.html.tree.root().id();
        self.everything().filter(move |element| css.fits_from(base, *element) && !is_inert(element))
    }

    /// The elements of the document itself.
    pub(crate) fn elements(&self) -> impl Iterator<Item = ElementRef<'_>> {
        nodes_within(self.html.tree.root()).filter_map(ElementRef::wrap)
    }

    /// Those in shadow roots and frames too, each where its host is.
    pub(crate) fn everything(&self) -> impl Iterator<Item = ElementRef<'_>> {
        self.html.tree.root().descendants().filter_map(ElementRef::wrap)
    }

    /// The first thing that the selector fits and that isn't hidden.
    pub(crate) fn shown(&self, css: &Css) -> Option<ElementRef<'_>> {
        self.all(css).find(|element| !is_hidden(element))
    }

    /// What the document calls itself.
    pub(crate) fn title(&self) -> Option<String> {
        let title = self.elements().find(|element| element.value().name() == "title")?;
        Some(title.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The piece of text, if it is there and isn't empty.
    pub(crate) fn pick(&self, pick: &Pick) -> Option<String> {
        let element = match &pick.of {
            Some(css) => self.shown(css)?,
            None => self.elements().next()?,
        };
        piece(element, pick)
    }

    /// Whether what the piece of text is of shows, and its text begins otherwise than wanted, as one that is empty does:
    /// then it says nothing, as it would in a record.
    pub(crate) fn begins_otherwise(&self, pick: &Pick) -> bool {
        let (Some(css), Some(starts)) = (&pick.of, &pick.starts) else { return false };
        self.shown(css).is_some_and(|element| {
            let whole = Pick { attribute: pick.attribute.clone(), ..Pick::default() };
            piece(element, &whole).is_none_or(|text| !text.starts_with(starts))
        })
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

    /// The options of the one field that the selector fits, which has one selected; none if there
    /// is no such field.
    pub(crate) fn options(&self, css: &Css) -> Option<Vec<Choice>> {
        let select = self.shown(css).filter(|element| *name(element) == local_name!("select"))?;
        let options: Vec<_> = select
            .descendants()
            .filter_map(ElementRef::wrap)
            .filter(|element| *name(element) == local_name!("option") && !is_disabled(element))
            .collect();
        // The last that says so, or the first of all.
        let selected = options.iter().rposition(|option| option.attr("selected").is_some()).unwrap_or(0);
        let choice = |(place, option): (usize, &ElementRef<'_>)| Choice {
            value: value_of(option),
            text: fold(&text(*option)).into_owned(),
            is_selected: place == selected,
        };
        Some(options.iter().enumerate().map(choice).collect())
    }

    /// Whether something that the selector fits could be clicked.
    pub(crate) fn can_click(&self, css: &Css) -> bool {
        self.all(css).any(|element| !is_hidden(&element) && !is_disabled(&element))
    }
}

/// The piece of text of an element, white space folded; none when it isn't there.
pub(crate) fn piece(element: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let whole = match &pick.attribute {
        Some(name) => fold(element.attr(name)?).into_owned(),
        None => fold(&text(element)).into_owned(),
    };
    let mut part = whole.as_str();
    if pick.starts.as_ref().is_some_and(|starts| !part.starts_with(starts)) {
        return None;
    }
    if let Some(after) = &pick.after {
        part = part.split_once(after.as_str())?.1;
    }
    if let Some(before) = &pick.before {
        part = part.split_once(before.as_str())?.0;
    }
    let part = part.trim();
    (!part.is_empty()).then(|| part.to_owned())
}

/// The text within an element as it stands in the document; code isn't text, and what is in a
/// shadow root or a frame is text of another document.
pub(crate) fn text(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for node in nodes_within(*element) {
        if let Node::Text(part) = node.value()
            && !node.parent().and_then(ElementRef::wrap).is_some_and(|parent| is_code(&parent))
        {
            text.push_str(part);
        }
    }
    text
}

/// What is below a node in its own root, in the order of the document.
pub(crate) fn nodes_within<'d>(top: NodeRef<'d, Node>) -> impl Iterator<Item = NodeRef<'d, Node>> {
    let is_entered = |node: &NodeRef<'d, Node>| !matches!(node.value(), Node::Fragment | Node::Document);
    let first = top.first_child();
    std::iter::successors(first, move |node| {
        node.first_child().filter(|_| is_entered(node)).or_else(|| {
            let mut above = std::iter::once(*node).chain(node.ancestors()).take_while(|above| above.id() != top.id());
            above.find_map(|above| above.next_sibling())
        })
    })
    .filter(move |node| is_entered(node))
}

/// The same as people see it: white space folded, a line break being one, and what
/// is hidden left out.
pub(crate) fn shown_text(element: ElementRef<'_>) -> String {
    fold(&raw_text(element, usize::MAX)).into_owned()
}

/// The text that [`shown_text`] folds: white space as it stands, a line feed for a line
/// break. Nothing is added once it is longer than `limit` bytes.
pub(crate) fn raw_text(element: ElementRef<'_>, limit: usize) -> String {
    let mut text = String::new();
    let mut next = element.first_child().filter(|_| !hides(element));
    while let Some(node) = next.filter(|_| text.len() <= limit) {
        let mut inside = None;
        if let Node::Text(part) = node.value() {
            text.push_str(part);
        } else if let Some(within) = ElementRef::wrap(node)
            && !is_code(&within)
            && !hides(within)
        {
            if matches!(*name(&within), local_name!("br") | local_name!("p") | local_name!("div") | local_name!("li")) {
                text.push('\n');
            }
            inside = node.first_child();
        }
        next = inside.or_else(|| {
            let mut above = std::iter::once(node).chain(node.ancestors()).take_while(|above| *above != *element);
            above.find_map(|above| above.next_sibling())
        });
    }
    text
}

/// White space folded: one blank between words, none around them.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    Cow::Owned(folded)
}

/// Whether folding would change nothing, as it is with most texts; only ASCII is looked
/// at closely.
fn is_folded(text: &str) -> bool {
    let mut after_blank = true;
    for byte in text.bytes() {
        let is_blank = byte == b' ';
        if !byte.is_ascii() || byte.is_ascii_control() || (is_blank && after_blank) {
            return false;
        }
        after_blank = is_blank;
    }
    !after_blank || text.is_empty()
}

/// White space and case folded, for comparing.
pub(crate) fn folded_case(text: &str) -> String {
    fold(text).to_lowercase()
}

/// An element's name, which is compared faster than its text.
pub(crate) fn name<'d>(element: &ElementRef<'d>) -> &'d LocalName {
    &element.value().name.local
}

pub(crate) fn is_code(element: &ElementRef<'_>) -> bool {
    matches!(
        *name(element),
        local_name!("script") | local_name!("style") | local_name!("template") | local_name!("noscript")
    )
}

/// Whether a browser's selectors wouldn't find it: it is inside of a template.
pub(crate) fn is_inert(element: &ElementRef<'_>) -> bool {
    element.ancestors().filter_map(ElementRef::wrap).any(|above| *name(&above) == local_name!("template"))
}

/// Whether attributes say that it can't be seen.
pub(crate) fn is_hidden(element: &ElementRef<'_>) -> bool {
    hides(*element) || element.ancestors().filter_map(ElementRef::wrap).any(hides)
}

/// Whether an element hides itself and all that is in it.
pub(crate) fn hides(element: ElementRef<'_>) -> bool {
    // Most elements say nothing of the kind, and every one of a page is asked.
    if element.value().attrs.is_empty() {
        return false;
    }
    let is_hidden_field = *name(&element) == local_name!("input")
        && attribute(&element, &local_name!("type")).is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
    takes_no_room(element) || is_hidden_field || styles(element, "visibility:hidden")
}

/// Whether an element isn't laid out at all: a cell of a table leaves its place to
/// the next one.
pub(crate) fn takes_no_room(element: ElementRef<'_>) -> bool {
    attribute(&element, &local_name!("hidden")).is_some() || styles(element, "display:none")
}

fn styles(element: ElementRef<'_>, declaration: &str) -> bool {
    let Some(style) = attribute(&element, &local_name!("style")) else { return false };
    style.replace(char::is_whitespace, "").to_ascii_lowercase().contains(declaration)
}

/// An attribute by its name, for those that every element is asked for.
pub(crate) fn attribute<'d>(element: &ElementRef<'d>, name: &LocalName) -> Option<&'d str> {
    element.value().attrs.iter().find(|(known, _)| known.local == *name).map(|(_, value)| &**value)
}

pub(crate) fn is_disabled(element: &ElementRef<'_>) -> bool {
    let value = element.value();
    value.attr("disabled").is_some()
        || value.attr("aria-disabled").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::Document;
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
                let pick = Pick { of, attribute: own(attribute), starts: None, after: own(after), before: own(before) };
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
    fn a_text_that_begins_otherwise_or_is_empty_says_nothing_and_one_that_isnt_there_is_missing() {
        let check = |html: &str, attribute: Option<&str>, expected: bool| {
            let attribute = attribute.map(str::to_owned);
            let pick = Pick { of: Css::parse("b"), attribute, starts: Some("As of ".into()), ..Pick::default() };
            assert_eq!(document(html).begins_otherwise(&pick), expected, "{html}");
        };
        check("<b>As of May 1</b>", None, false);
        check("<b>Until May 1</b>", None, true);
        check("<b> &nbsp;</b>", None, true);
        check("<b data-k=''>As of May 1</b>", Some("data-k"), true);
        check("<b hidden>Until</b>", None, false);
        check("<i>Until</i>", None, false);
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
}
