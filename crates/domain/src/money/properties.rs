//! What holds for every cell: nothing makes the reader panic, what it accepts reads back as
//! the same amount when it is written plainly, and what is written in a locale's own way
//! reads as what was meant.
//!
//! Not here: cells whose amounts are known (`tests`).

use proptest::prelude::*;

use super::tests::VECTORS;
use super::*;

/// Writes an amount's size as a locale does.
fn write(amount: Decimal, locale: Locale, numerals: &Numerals, separator: char) -> String {
    let text = amount.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digit = |digit: char| {
        let above = digit.to_digit(10).expect("a digit");
        char::from_u32(u32::from(numerals.zero) + above).expect("a digit")
    };
    let mut written = String::new();
    for (index, char) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && (left == 3 || (left > 3 && (left - 3).is_multiple_of(locale.group()))) {
            written.push(separator);
        }
        written.push(digit(char));
    }
    if !fraction.is_empty() {
        written.push(numerals.decimal);
        written.extend(fraction.chars().map(digit));
    }
    written
}

/// If a cell is accepted, its amount is read from each plain way to write it, scale included.
fn check(cell: &str, locale: Locale, currency: &Currency) -> Result<(), TestCaseError> {
    let Ok(amount) = read_amount(cell, &locale, currency) else { return Ok(()) };
    prop_assert!(!(amount.is_zero() && amount.is_sign_negative()), "{cell:?} is no negative zero");
    prop_assert!(amount.scale() <= currency.minor_digits(), "{cell:?}");
    for numerals in locale.numerals() {
        for &separator in numerals.separators {
            let sign = if amount.is_sign_negative() { "-" } else { "" };
            let plain = format!("{sign}{}", write(amount, locale, numerals, separator));
            let again = read_amount(&plain, &locale, currency);
            prop_assert_eq!(again.as_ref(), Ok(&amount), "{:?}, from {:?}", plain, cell);
            prop_assert_eq!(again.map(|again| again.scale()), Ok(amount.scale()), "{:?}, from {:?}", plain, cell);
        }
    }
    Ok(())
}

fn any_locale() -> impl Strategy<Value = Locale> {
    proptest::sample::select(Locale::ALL)
}

fn any_currency() -> impl Strategy<Value = Currency> {
    const CODES: &[&str] = &["USD", "EUR", "JPY", "KWD", "INR", "CHF", "BTC", "GBP", "SEK", "EGP", "CNY"];
    proptest::sample::select(CODES).prop_map(|code| Currency::parse(code).expect("a code"))
}

/// A vector's cell with its locale and currency.
fn any_vector() -> impl Strategy<Value = (Locale, Currency, &'static str)> {
    proptest::sample::select(VECTORS).prop_map(|(locale, currency, cell, _)| {
        (Locale::parse(locale).expect("a locale"), Currency::parse(currency).expect("a code"), cell)
    })
}

/// A change of one character: where, by what, and how.
#[derive(Clone, Debug)]
enum Edit {
    Insert(proptest::sample::Index, char),
    Remove(proptest::sample::Index),
    Put(proptest::sample::Index, char),
    Swap(proptest::sample::Index),
    Double(proptest::sample::Index),
}

/// Characters that mean something to the reader, now and then any other.
fn any_char() -> impl Strategy<Value = char> {
    let known: Vec<char> =
        "0123456789.,'’ \u{a0}\u{202f}\u{2009}-+()−–▲$€¥￥円SHDRCrUE\u{200e}\u{61c}٠١٢٫٬０１，．e".chars().collect();
    prop_oneof![9 => proptest::sample::select(known), 1 => any::<char>()]
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let at = any::<proptest::sample::Index>;
    prop_oneof![
        (at(), any_char()).prop_map(|(at, char)| Edit::Insert(at, char)),
        at().prop_map(Edit::Remove),
        (at(), any_char()).prop_map(|(at, char)| Edit::Put(at, char)),
        at().prop_map(Edit::Swap),
        at().prop_map(Edit::Double),
    ]
}

fn edited(cell: &str, edits: &[Edit]) -> String {
    let mut chars: Vec<char> = cell.chars().collect();
    for edit in edits {
        match *edit {
            Edit::Insert(at, char) => chars.insert(at.index(chars.len() + 1), char),
            _ if chars.is_empty() => {}
            Edit::Remove(at) => drop(chars.remove(at.index(chars.len()))),
            Edit::Put(at, char) => *at.get_mut(&mut chars) = char,
            Edit::Swap(at) => {
                let (one, other) = (at.index(chars.len()), (at.index(chars.len()) + 1) % chars.len());
                chars.swap(one, other);
            }
            Edit::Double(at) => {
                let at = at.index(chars.len());
                chars.insert(at, chars[at]);
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_text_makes_it_panic(cell in any::<String>(), locale in any_locale(), currency in any_currency()) {
        check(&cell, locale, &currency)?;
    }

    #[test]
    fn what_looks_like_an_amount_and_is_accepted_reads_back_equal(
        cell in "[-+()0-9.,' $€₹\u{2212}\u{2013}\u{a0}\u{202f}\u{660}-\u{66c}\u{ff0c}-\u{ff19}DRCSHUE]{0,16}",
        locale in any_locale(),
        currency in any_currency(),
    ) {
        check(&cell, locale, &currency)?;
    }

    #[test]
    fn a_vector_that_was_changed_and_is_accepted_reads_back_equal(
        (locale, currency, cell) in any_vector(),
        edits in proptest::collection::vec(any_edit(), 0..5),
        elsewhere in any_locale(),
    ) {
        let cell = edited(cell, &edits);
        check(&cell, locale, &currency)?;
        check(&cell, elsewhere, &currency)?;
    }

    #[test]
    fn two_columns_are_one_amount_with_the_columns_sign(
        (locale, currency, cell) in any_vector(),
        edits in proptest::collection::vec(any_edit(), 0..3),
        blank in "[ \u{a0}\u{200e}]{0,2}",
    ) {
        let cell = edited(cell, &edits);
        let debit = read_debit_credit(&cell, &blank, &locale, &currency);
        let credit = read_debit_credit(&blank, &cell, &locale, &currency);
        prop_assert_eq!(debit.as_ref().map(|amount| -*amount), credit.as_ref().copied());
        if let Ok(credit) = credit {
            prop_assert_eq!(read_amount(&cell, &locale, &currency), Ok(credit));
        }
    }

    #[test]
    fn what_a_locale_writes_reads_back_equal(
        mantissa in -(1_i64 << 60)..(1_i64 << 60),
        scale in 0_u32..9,
        locale in any_locale(),
        currency in any_currency(),
        pick in any::<proptest::sample::Index>(),
        style in 0..8,
    ) {
        let amount = Decimal::new(mantissa, scale.min(currency.minor_digits()));
        let numerals = pick.get(locale.numerals());
        let number = write(amount, locale, numerals, *pick.get(numerals.separators));
        let symbol = currency.symbols().next().unwrap_or("");
        let cell = match (style, amount.is_sign_negative()) {
            (0, true) => format!("-{number}"),
            (1, true) => format!("{symbol}-{number}"),
            (2, true) => format!("({symbol}{number})"),
            (3, true) => format!("{number}-"),
            (4, true) => format!("{number} DR"),
            (5, true) => format!("\u{2212}{number}\u{a0}{symbol}"),
            (6, true) => format!("\u{2013} {currency} {number}"),
            (_, true) => format!("{number}{currency} -"),
            (0, false) => number,
            (1, false) => format!("{symbol}{number}"),
            (2, false) => format!("+{number}"),
            (3, false) => format!("{number} {symbol}"),
            (4, false) => format!("{number} CR"),
            (5, false) => format!("{currency}\u{a0}{number}"),
            (_, false) => format!("  {symbol} {number} {currency} "),
        };
        let read = read_amount(&cell, &locale, &currency);
        prop_assert_eq!(read.as_ref(), Ok(&amount), "{:?}", cell);
        prop_assert_eq!(read.map(|read| read.scale()), Ok(amount.scale()));
    }

    #[test]
    fn a_refusal_never_repeats_the_cell(digits in "[0-9]{4,12}", locale in any_locale(), currency in any_currency()) {
        let read = read_amount(&format!("{digits} x {digits}"), &locale, &currency);
        let error = read.expect_err("two numbers").to_string();
        prop_assert!(!error.contains(&digits));
    }
}
