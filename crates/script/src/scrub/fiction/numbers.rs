//! A number as another of as many digits. Where a page masks all but the last four, those four become what they do in the
//! whole number. Check digits hold in what is made: those of cards by ISO/IEC 7812-1 (Luhn), those of IBANs by ISO 13616 (the
//! remainder by 97 is 1).
//!
//! Not here: amounts.

use super::Key;

/// So many digits at the end are often shown alone.
const TAIL: usize = 4;

/// Numbers with fewer digits are counts and places, and stay.
const FEWEST: usize = 3;

/// A number as another; whatever stands between its digits stays.
pub(super) fn other(key: Key, number: &str) -> String {
    let digits: Vec<u32> = number.chars().filter_map(value).collect();
    if digits.len() < FEWEST {
        return number.to_owned();
    }
    with_digits(number, &made(key, &digits))
}

/// A text that is the number of a card or an IBAN as another, if it is one.
pub(super) fn checked(key: Key, text: &str) -> Option<String> {
    let bare: String = plain(text).chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if is_iban(&bare) {
        let (country, rest) = bare.split_at_checked(4)?;
        let digits: Vec<u32> = rest.chars().filter_map(value).collect();
        let account = with_digits(rest, &made(key, &digits));
        let check = 98 - remainder(&format!("{account}{}00", country.get(..2)?))?;
        return Some(spread(text, &format!("{}{check:02}{account}", country.get(..2)?)));
    }
    is_card(&bare).then(|| {
        let digits: Vec<u32> = bare.chars().filter_map(value).collect();
        let mut made = made(key, &digits);
        // The last four have to stay what they are made of alone, so one before them is found that makes it hold.
        if let Some(place) = made.len().checked_sub(TAIL + 1) {
            let fits =
                |digit: &u32| luhn(made.iter().enumerate().map(|(at, own)| if at == place { *digit } else { *own }));
            if let Some(digit) = (0..10).find(fits) {
                made[place] = digit;
            }
        }
        with_digits(text, &made)
    })
}

pub(in crate::scrub) fn is_card(bare: &str) -> bool {
    let digits: Option<Vec<u32>> = bare.chars().map(|letter| letter.to_digit(10)).collect();
    digits.is_some_and(|digits| (13..=19).contains(&digits.len()) && luhn(digits.into_iter()))
}

pub(in crate::scrub) fn is_iban(bare: &str) -> bool {
    let letters = bare.as_bytes();
    let begins =
        letters.iter().take(2).all(u8::is_ascii_uppercase) && letters.iter().skip(2).take(2).all(u8::is_ascii_digit);
    let is_whole =
        (15..=34).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    begins
        && is_whole
        && bare.get(..4).zip(bare.get(4..)).and_then(|(head, rest)| remainder(&format!("{rest}{head}"))) == Some(1)
}

/// The digits that come of digits: the last four of those four alone, the others of all.
fn made(key: Key, digits: &[u32]) -> Vec<u32> {
    let text = |digits: &[u32]| digits.iter().filter_map(|digit| char::from_digit(*digit, 10)).collect::<String>();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(TAIL));
    let of = |kind: &str, whole: &str, part: &[u32]| {
        // Another turn where it comes out as it was, of which there is none for no digits.
        (0..16)
            .map(|turn| {
                let bytes = key.bytes(kind, &format!("{turn}{whole}"));
                let digit = |(at, own): (usize, &u32)| match u32::from(bytes[at % bytes.len()]) % 10 {
                    // A number that doesn't begin with a nought does so neither afterwards.
                    0 if at == 0 && *own != 0 => 1 + u32::from(bytes[31]) % 9,
                    digit => digit,
                };
                part.iter().enumerate().map(digit).collect::<Vec<u32>>()
            })
            .find(|made| made != part)
            .unwrap_or_else(|| part.to_vec())
    };
    let mut made = of("head", &text(digits), head);
    made.extend(of("tail", &text(tail), tail));
    made
}

/// A text with other digits in the places of its own.
fn with_digits(text: &str, digits: &[u32]) -> String {
    let mut digits = digits.iter();
    let letter = |letter: char| match value(letter).and_then(|own| Some((own, digits.next()?))) {
        // In the same kind of digits: those of one kind follow each other.
        Some((own, digit)) => char::from_u32(u32::from(letter) - own + digit).unwrap_or(letter),
        None => letter,
    };
    text.chars().map(letter).collect()
}

/// The same letters and digits with whatever stood between them.
fn spread(text: &str, bare: &str) -> String {
    let mut bare = bare.chars();
    text.chars().map(|letter| if letter.is_alphanumeric() { bare.next().unwrap_or(letter) } else { letter }).collect()
}

/// The noughts of the scripts that have digits of their own (Unicode's decimal digits, but for those of no living script).
const NOUGHTS: [u32; 24] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x17e0, 0x1810, 0x19d0, 0xa9d0, 0xabf0, 0xff10,
];

/// What a digit is worth, of whichever kind.
pub(in crate::scrub) fn value(digit: char) -> Option<u32> {
    NOUGHTS.iter().find_map(|nought| u32::from(digit).checked_sub(*nought).filter(|value| *value < 10))
}

/// A text sign by sign as one types it: digits of any kind, wide letters and signs, dashes and blanks.
pub(in crate::scrub) fn plain(text: &str) -> String {
    let sign = |sign: char| match sign {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{30fc}' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0).unwrap_or(sign),
        sign if sign.is_whitespace() => ' ',
        sign => value(sign).and_then(|value| char::from_digit(value, 10)).unwrap_or(sign),
    };
    text.chars().map(sign).collect()
}

fn luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits.rev().enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(digit) } else { digit }).sum();
    sum.is_multiple_of(10)
}

/// The remainder by 97 of a text in which `A` is 10 and `Z` is 35.
fn remainder(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |rest, letter| {
        let value = letter.to_digit(36)?;
        Some((rest * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}

#[cfg(test)]
mod tests {
    use super::{Key, checked, is_card, is_iban, other};

    fn key() -> Key {
        Key::new(b"one")
    }

    #[test]
    fn a_number_becomes_another_and_its_last_four_what_they_become_alone() {
        let whole = other(key(), "0012-3345-4821");
        assert_eq!(whole.len(), "0012-3345-4821".len());
        assert_eq!(whole.get(10..), Some(other(key(), "4821").as_str()));
        assert_ne!(whole, "0012-3345-4821");
        assert_eq!(other(key(), "42"), "42", "a count stays");
        for number in ["４８２１", "٤٨٢١", "४८२१"] {
            let made = other(key(), number);
            assert_eq!(super::plain(&made), other(key(), "4821"), "{made}");
            assert!(made.chars().all(|digit| !digit.is_ascii()), "{made}");
        }
        assert!(!other(key(), "7350").starts_with('0'));
    }

    #[test]
    fn check_digits_of_cards_and_ibans_hold() {
        for card in ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"] {
            let made = checked(key(), card).expect("a card");
            let bare: String = made.chars().filter(char::is_ascii_digit).collect();
            assert!(is_card(&bare) && made != card && made.len() == card.len(), "{made}");
            assert!(bare.ends_with(other(key(), &card[card.len() - 4..]).as_str()), "{made}");
        }
        for iban in ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR1420041010050500013M02606"] {
            let made = checked(key(), iban).expect("an IBAN");
            let bare: String = made.chars().filter(|letter| *letter != ' ').collect();
            assert!(is_iban(&bare) && made != iban && made.len() == iban.len(), "{made}");
            assert_eq!(made.get(..2), iban.get(..2));
        }
        let wide = checked(key(), "４１１１　１１１１　１１１１　１１１１").expect("a card");
        assert_eq!(Some(super::plain(&wide)), checked(key(), "4111 1111 1111 1111"));
        let iban = checked(key(), "ＤＥ８９　３７０４　００４４　０５３２　０１３０　００").expect("an IBAN");
        assert_eq!(Some(super::plain(&iban)), checked(key(), "DE89 3704 0044 0532 0130 00"));
        assert_eq!(checked(key(), "4111 1111 1111 1112"), None);
        assert_eq!(checked(key(), "DE89 3704 0044 0532 0130 01"), None);
    }
}
