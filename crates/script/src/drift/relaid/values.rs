//! What texts of scrubbed pages are compared by.
//!
//! Not here: kinds of values in a table's columns (`mend`).

use crate::document::fold;

/// What a text is built like: letters as `x`, digits as `0`, all else as it stands. It is the same for a text that scrubbing has
/// left its words and for one that it hasn't.
pub(super) fn shape(text: &str) -> String {
    let sign = |sign: char| match sign {
        sign if sign.is_numeric() => '0',
        sign if sign.is_alphabetic() => 'x',
        sign => sign,
    };
    fold(text).chars().map(sign).collect()
}

/// The size of an amount, without signs, currencies and letters.
pub(super) fn size(text: &str) -> String {
    let is_of_number = |sign: &char| sign.is_numeric() || matches!(sign, '.' | ',' | '\'' | '’');
    let digits: String =
        text.chars().filter(is_of_number).map(|sign| if sign.is_numeric() { '0' } else { sign }).collect();
    digits.trim_matches(|sign: char| !sign.is_numeric()).to_owned()
}

/// Whether an amount says that it went out, as far as a sign says it.
pub(super) fn is_out(text: &str) -> bool {
    text.contains(['-', '−', '–', '(', '▲', '△'])
}

/// Whether some amount has a sign, or letters that may be one.
pub(super) fn are_signed<'t>(mut texts: impl Iterator<Item = &'t String>) -> bool {
    texts.any(|text| is_out(text) || text.contains('+') || text.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::{is_out, shape, size};

    #[test]
    fn texts_are_compared_without_what_scrubbing_leaves_of_one_and_not_of_the_other() {
        assert_eq!(shape("Rent  of May 7"), shape("xxxx xx xxx 0"));
        assert_ne!(shape("Rent"), shape("Rents"));
        assert_eq!(
            (size("−1.000,00 €"), size("($17.90)"), size("kr. 7")),
            ("0.000,00".into(), "00.00".into(), "0".into())
        );
        assert!(is_out("▲0,000") && is_out("(0.00)") && !is_out("+0.00"));
    }
}
