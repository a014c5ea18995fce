//! What is left of a text that may be a customer's: its shape, or another text of that shape.
//!
//! Not here: which texts are a customer's.

use super::fiction::Fiction;

/// What is left of a text that may be a customer's.
#[derive(Clone, Copy)]
pub(super) enum Veil<'f> {
    /// Its shape alone.
    Shape,
    /// Another text of that shape.
    Fiction(&'f Fiction<'f>),
}

impl Veil<'_> {
    /// A customer's text.
    pub(super) fn over(self, text: &str) -> String {
        match self {
            Self::Shape => shape(text),
            Self::Fiction(fiction) => fiction.told(text),
        }
    }

    /// A text of the portal's, or a name that somebody chose, in which numbers and words that are a customer's may stand.
    pub(super) fn over_words(self, text: &str) -> String {
        match self {
            Self::Shape => without_digits(text),
            Self::Fiction(fiction) => fiction.said(text),
        }
    }

    /// Words of the language, in which numbers alone may be a customer's.
    pub(super) fn over_names(self, text: &str) -> String {
        match self {
            Self::Shape => without_digits(text),
            Self::Fiction(fiction) => fiction.numbered(text),
        }
    }

    /// A part of an address that doesn't look like a key.
    pub(super) fn over_path(self, part: &str) -> String {
        match self {
            Self::Shape => part.to_owned(),
            Self::Fiction(fiction) => fiction.said(part),
        }
    }
}

fn without_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_numeric() { '0' } else { c }).collect()
}

/// Letters as `x`, digits as `0`; white space and marks as they are.
pub(super) fn shape(text: &str) -> String {
    let shape = |c: char| match c {
        c if c.is_numeric() => '0',
        c if c.is_whitespace() || c.is_ascii_punctuation() => c,
        '•' | '·' | '…' | '–' | '—' | '−' | '€' | '£' | '¥' => c,
        // Japan's minus, which says which of a list's rows went out.
        '▲' | '△' => c,
        _ => 'x',
    };
    text.chars().map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn signs_of_amounts_stay_and_what_could_be_anything_doesnt() {
        assert_eq!(shape("▲1,204 △7 −3,00 € ★ 残高"), "▲0,000 △0 −0,00 € x xx");
    }
}
