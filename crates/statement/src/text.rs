//! Texts of statements: white space collapsed, numbers masked.
//!
//! Not here: how bytes become text (`decode.rs`).

/// The text with each run of white space as one blank and none at its ends. Control
/// characters, which no text of a bank's needs, are white space here.
pub(crate) fn collapsed(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    let words = text.split(|char: char| char.is_whitespace() || char.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// The text, unless there is none.
pub(crate) fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// All but the last four characters hidden, as portals do; a short number is hidden whole.
pub(crate) fn masked(number: &str) -> String {
    let plain: Vec<char> = number.chars().filter(|char| char.is_alphanumeric()).collect();
    let shown = if plain.len() > 4 { plain.get(plain.len() - 4..).unwrap_or_default() } else { &[] };
    let mut masked = String::from("•••• ");
    masked.extend(shown);
    masked.trim_end().to_owned()
}

/// Whether two names are the same with white space folded and in any case.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    collapsed(one).to_lowercase() == collapsed(other).to_lowercase()
}

/// Whether it has the shape of an IBAN; its check digits aren't looked at.
pub(crate) fn is_iban(number: &str) -> bool {
    let bytes = number.as_bytes();
    let shape = |index: usize, byte: &u8| match index {
        0 | 1 => byte.is_ascii_uppercase(),
        2 | 3 => byte.is_ascii_digit(),
        _ => byte.is_ascii_alphanumeric(),
    };
    (15..=34).contains(&bytes.len()) && bytes.iter().enumerate().all(|(index, byte)| shape(index, byte))
}

#[cfg(test)]
mod tests {
    use super::{collapsed, is_iban, masked};

    #[test]
    fn all_but_the_last_four_characters_are_hidden() {
        assert_eq!(masked("DE89 3704 0044 0532 0130 00"), "•••• 3000");
        assert_eq!(masked("1234"), "••••");
        assert_eq!(masked(""), "••••");
    }

    #[test]
    fn white_space_is_collapsed() {
        assert_eq!(collapsed(" a\r\n\tb\u{a0} c "), "a b c");
    }

    #[test]
    fn ibans_are_told_from_other_numbers() {
        assert!(is_iban("NL91ABNA0417164300"));
        assert!(!is_iban("0417164300"));
    }
}
