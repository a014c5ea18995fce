//! The kinds of text that keys take, and pieces of a page's text.
//!
//! Not here: reading them.

use super::{Key, Keys, Map, Need, Numbers, Rule, Shape, Takes, Text};

/// A text of a kind that isn't a number.
const fn text(name: &'static str, pattern: &'static str) -> Text {
    Text { name, pattern, numbers: Numbers::Never }
}

/// A text of a kind that numbers are too.
const fn or_number(name: &'static str, pattern: &'static str) -> Text {
    Text { name, pattern, numbers: Numbers::Too }
}

/// Anything but blanks.
const SOME: &str = r"\S";

/// Blanks too, but not nothing.
const ANY: &str = r"[\s\S]";

/// What may be nothing but blanks, as before a number that stands alone.
const PIECE: Text = or_number("a text", ANY);

pub(super) const TEXT: Text = or_number("a text", SOME);
pub(super) const SELECTOR: Text = text("a selector", SOME);
pub(super) const HEADER: Text = or_number("a header", SOME);
pub(super) const LABEL: Text = or_number("a label", SOME);
pub(super) const PAGE_NAME: Text = text("the name of a page", "^[a-z][a-z0-9_]{0,63}$");
/// Whole, or a beginning that ends in `…`, and isn't nothing but that.
pub(super) const BANKS_WORD: Text = or_number("the bank's word", r"^(?!\s*(…|\.\.\.)\s*$)");
pub(super) const SLUG: Text = text("an id", "^[a-z][a-z0-9-]{0,63}$");
pub(super) const ADDRESS: Text = text("an address", "^https?://");
pub(super) const TIME_ZONE: Text = text("a time zone", r"^(UTC|[A-Z][A-Za-z0-9_+\-]*(/[A-Z][A-Za-z0-9_+\-]*)+)$");
pub(super) const CURRENCY: Text = text("a currency", "^[A-Z0-9]{3,12}$");
pub(super) const HOST: Text = or_number("a host", r"^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$");
/// Where a value is in JSON: keys with dots between them, or a dot for all of it.
pub(super) const JSON_PATH: Text = or_number("a path in JSON", r"^(\.|[^.\s]+(\.[^.\s]+){0,7})$");
pub(super) const PATH: Text = or_number("a path", r"^(?!//)[^:\\\s]+$");
/// From 100 ms to 5 minutes.
pub(super) const DURATION: Text =
    text("a time", "^0*(([1-9][0-9]{2,4}|[12][0-9]{5}|300000)ms|([1-9][0-9]?|[12][0-9]{2}|300)s|[1-5]m)$");
/// The patterns of dates have rules of their own, which no pattern of theirs says whole.
pub(super) const DATE: Text = text("a date's pattern", "^(?=.*D)(?=.*M)");

pub(super) const ONE_SELECTOR: Takes = Takes::Text(SELECTOR);
pub(super) const SELECTORS: Takes = Takes::OneOrMany(&ONE_SELECTOR);
pub(super) const PIECE_OF_TEXT: Takes = Takes::Or(&ONE_SELECTOR, &PIECE_MAP);
/// One text or several.
pub(super) const WORDS: Takes = Takes::OneOrMany(&Takes::Text(TEXT));
/// One label, or several of which one is there.
pub(super) const LABELS: Takes = Takes::OneOrMany(&Takes::Text(LABEL));

pub(super) const OF: Key = Key {
    name: "of",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "The first thing that this fits; without it, the thing at hand itself, such as a row.",
};
pub(super) const ATTRIBUTE: Key = Key {
    name: "attribute",
    takes: Takes::Text(TEXT),
    need: Need::Optional,
    text: "The attribute that holds the text; without it, the thing's own text.",
};
pub(super) const STARTS: Key = Key {
    name: "starts",
    takes: Takes::Text(PIECE),
    need: Need::Optional,
    text: "Only a text that begins with this; any other isn't there.",
};
pub(super) const AFTER: Key = Key {
    name: "after",
    takes: Takes::Text(PIECE),
    need: Need::Optional,
    text: "Only what comes after the first of these.",
};
pub(super) const BEFORE: Key = Key {
    name: "before",
    takes: Takes::Text(PIECE),
    need: Need::Optional,
    text: "Only what comes before the first of these, `after` being applied.",
};

pub(crate) static PIECE_MAP: Map = Map {
    id: "piece",
    name: "a piece of text",
    text: "A text on the page that isn't a cell under a header. A selector alone means its text. White space is folded.",
    keys: Keys::Ordered(&[OF, ATTRIBUTE, STARTS, AFTER, BEFORE]),
    rules: &[Rule::SomeOf(&["of", "attribute"])],
};

/// A field that isn't a column of its own.
pub(crate) static PART: Map = Map {
    id: "part",
    name: "a part of a column",
    text: "A piece of text in the cells under a header, or in the record itself. Several fields may be parts of one cell; \
           what isn't there is empty.",
    keys: Keys::Ordered(&[
        Key {
            name: "column",
            takes: Takes::Text(HEADER),
            need: Need::Optional,
            text: "The header of the cells; without it, the record itself is looked into.",
        },
        Key {
            name: "label",
            takes: LABELS,
            need: Need::Optional,
            text: "The label in the record that it stands beside, or several of which one is there.",
        },
        OF,
        ATTRIBUTE,
        STARTS,
        AFTER,
        BEFORE,
    ]),
    rules: &[Rule::Shapes(&[
        Shape { needed: &["label"], optional: &[] },
        Shape { needed: &["column"], optional: &["of", "attribute", "starts", "after", "before"] },
        Shape { needed: &["of"], optional: &["attribute", "starts", "after", "before"] },
        Shape { needed: &["attribute"], optional: &["starts", "after", "before"] },
    ])],
};
