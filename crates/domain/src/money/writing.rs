//! Numbers in a text as another number would stand there: in the same digits, with the same decimals and separators.
//!
//! Not here: which of them are amounts.

use std::ops::Range;

use rust_decimal::Decimal;

use super::locale::Numerals;
use super::{Currency, Locale, read_amount};

/// A number that a text shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where it stands, in bytes.
    pub at: Range<usize>,
    /// What it is, without a sign; none where it isn't one amount as the locale writes it, such as a day or a key.
    pub size: Option<Decimal>,
}

/// The numbers of a text, each as long as digits and single separators of the locale's go on.
#[must_use]
pub fn shown_numbers(text: &str, locale: Locale, currency: &Currency) -> Vec<Shown> {
    let mut numbers = Vec::new();
    let mut end = 0;
    for (start, char) in text.char_indices() {
        let Some(numerals) = numerals_of(locale, char).filter(|_| start >= end) else { continue };
        end = start;
        let mut chars = text[start..].char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let is_inner = char == numerals.decimal || numerals.separators.contains(&char);
            let next_is_digit = chars.peek().is_some_and(|(_, next)| numerals.digit(*next).is_some());
            if numerals.digit(char).is_none() && !(is_inner && next_is_digit) {
                break;
            }
            end = start + at + char.len_utf8();
        }
        let size = read_amount(&text[start..end], &locale, currency).ok();
        numbers.push(Shown { at: start..end, size });
    }
    numbers
}

/// A number without a sign as the one in `like` is written; grouped as that one is, or by `separator` where that one is too
/// short to show it.
#[must_use]
pub fn written_like(size: Decimal, like: &str, locale: Locale, separator: Option<char>) -> String {
    let Some(numerals) = like.chars().find_map(|char| numerals_of(locale, char)) else { return like.to_owned() };
    let (whole, decimals) = like.rsplit_once(numerals.decimal).unwrap_or((like, ""));
    let is_digit = |char: &char| numerals.digit(*char).is_some();
    let scale = u32::try_from(decimals.chars().filter(is_digit).count()).unwrap_or(0);
    let own = whole.chars().find(|char| numerals.separators.contains(char));
    let is_long = whole.chars().filter(is_digit).count() > 3;
    let separator = if is_long || own.is_some() { own } else { separator };
    let plain = format!("{:.*}", usize::try_from(scale).unwrap_or(0), size.abs());
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let digit =
        |digit: char| char::from_u32(u32::from(numerals.zero) + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit);
    let mut written = String::new();
    for (place, char) in whole.chars().enumerate() {
        let behind = whole.len() - place;
        let begins_group = behind == 3 || (behind > 3 && (behind - 3).is_multiple_of(locale.group()));
        if let Some(separator) = separator.filter(|_| place > 0 && begins_group) {
            written.push(separator);
        }
        written.push(digit(char));
    }
    if !decimals.is_empty() {
        written.push(numerals.decimal);
        written.extend(decimals.chars().map(digit));
    }
    written
}

/// What stands between groups in a number, if anything does.
#[must_use]
pub fn separator_of(number: &str, locale: Locale) -> Option<char> {
    let numerals = number.chars().find_map(|char| numerals_of(locale, char))?;
    number.chars().find(|char| numerals.separators.contains(char))
}

fn numerals_of(locale: Locale, char: char) -> Option<&'static Numerals> {
    locale.numerals().iter().find(|numerals| numerals.digit(char).is_some())
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::{Currency, Locale};
    use super::{shown_numbers, written_like};

    fn check(locale: Locale, like: &str, size: &str, expected: &str) {
        let size: Decimal = size.parse().expect("a number");
        assert_eq!(written_like(size, like, locale, Some(',')), expected, "{like}");
        let read = shown_numbers(expected, locale, &locale.currency());
        assert_eq!(read.iter().map(|shown| shown.size).collect::<Vec<_>>(), [Some(size)], "{expected}");
    }

    #[test]
    fn a_number_is_written_as_another_is() {
        check(Locale::EnUs, "1,234.50", "98765.4", "98,765.40");
        check(Locale::EnUs, "1234.50", "98765.4", "98765.40");
        check(Locale::EnUs, "12.50", "98765.4", "98,765.40");
        check(Locale::EnIn, "12,34,567.00", "7654321.05", "76,54,321.05");
        check(Locale::DeDe, "1.234,50", "12.4", "12,40");
        check(Locale::FrFr, "1\u{202f}250,00", "7654321.05", "7\u{202f}654\u{202f}321,05");
        check(Locale::JaJp, "１，２３４", "56789", "５６，７８９");
        check(Locale::ArEg, "١٬٢٣٤٫٥٠", "9876.1", "٩٬٨٧٦٫١٠");
    }

    #[test]
    fn numbers_end_where_what_follows_is_none_of_theirs() {
        let usd = Currency::parse("USD").expect("a currency");
        let text = "On 11/19/2026: $1,250.00, then 42 and 1.2.3.";
        let shown = shown_numbers(text, Locale::EnUs, &usd);
        let texts: Vec<&str> = shown.iter().map(|shown| &text[shown.at.clone()]).collect();
        assert_eq!(texts, ["11", "19", "2026", "1,250.00", "42", "1.2.3"]);
        assert_eq!(shown[5].size, None);
        assert_eq!(shown[3].size, Some("1250.00".parse().expect("a number")));
    }
}
