//! A CSS selector as the script writes it, together with its parsed form, so that
//! the same selector goes to a browser and fits saved pages.
//!
//! Not here: documents; `document` finds what a selector fits.

use scraper::Selector;

/// How long a selector may be.
const SELECTOR_LIMIT: usize = 1_000;

/// A selector that both a browser and this crate understand.
#[derive(Clone, Debug)]
pub(crate) struct Css {
    text: String,
    pub(crate) selector: Selector,
}

impl Css {
    /// None when it isn't a selector, or is one that only a browser understands.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > SELECTOR_LIMIT {
            return None;
        }
        let selector = Selector::parse(text).ok()?;
        Some(Self { text: text.to_owned(), selector })
    }

    /// As the script writes it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
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
