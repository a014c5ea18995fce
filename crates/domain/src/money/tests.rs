//! Amounts in every notation that is read, and in some that are refused.
//!
//! Not the reading itself.

use proptest::prelude::*;

use super::*;

/// An amount as its text, which shows the scale; a refusal as the variant's name.
fn check(locale: &str, currency: &str, cell: &str, expected: Result<&str, &str>) {
    let result = read_amount(cell, &known(locale), &Currency::parse(currency).expect("a code"));
    assert_eq!(shown(&result), expected.map(str::to_owned).map_err(str::to_owned), "{cell:?} in {locale}");
}

fn check_columns(debit: &str, credit: &str, expected: Result<&str, &str>) {
    let result = read_debit_credit(debit, credit, &Locale::EnUs, &usd());
    assert_eq!(shown(&result), expected.map(str::to_owned).map_err(str::to_owned));
}

fn usd() -> Currency {
    Currency::parse("USD").expect("a code")
}

fn known(locale: &str) -> Locale {
    Locale::parse(locale).expect("a known locale")
}

fn shown(result: &Result<Decimal, AmountError>) -> Result<String, String> {
    let name = |error: &AmountError| format!("{error:?}").split([' ', '{']).next().map(str::to_owned);
    result.as_ref().map(Decimal::to_string).map_err(|error| name(error).unwrap_or_default())
}

#[test]
fn every_way_to_say_money_out_is_negative() {
    for cell in [
        "-$1.00",
        "$-1.00",
        "$ -1.00",
        "- $1.00",
        "(1.00)",
        "($1.00)",
        "$(1.00)",
        "(1.00) USD",
        "(1.00 USD)",
        "1.00-",
        "1.00 -",
        "$1.00-",
        "\u{2212}1.00",
        "\u{2013} 1.00",
        "\u{2011}1.00",
        "1.00 DR",
        "1.00DR",
        "1.00 Dr.",
        "$1.00 dr",
        "-USD 1.00",
        "USD-1.00",
        "USD1.00-",
        "-$1.00 USD",
        "US$ -1.00",
        " ( 1.00 ) ",
    ] {
        check("en-US", "USD", cell, Ok("-1.00"));
    }
}

#[test]
fn every_way_to_say_money_in_is_positive() {
    for cell in ["5.00", "$5.00", "+5.00", "+$5.00", "5.00+", "5.00 CR", "5.00cr.", "USD 5.00", "5.00 USD", "$5.00 USD"]
    {
        check("en-US", "USD", cell, Ok("5.00"));
    }
}

#[test]
fn each_locale_has_its_own_marks() {
    check("en-US", "USD", "($1,234.56)", Ok("-1234.56"));
    check("en-US", "USD", "1,234.56 DR", Ok("-1234.56"));
    check("en-GB", "GBP", "£1,234,567.89", Ok("1234567.89"));
    check("en-CA", "CAD", "CA$1,234.56", Ok("1234.56"));
    check("de-DE", "EUR", "1.234,56 €", Ok("1234.56"));
    check("de-DE", "EUR", "1.234,56\u{a0}€", Ok("1234.56"));
    check("de-DE", "EUR", "1.234,56 S", Ok("-1234.56"));
    check("de-DE", "EUR", "1.234,56 EUR H", Ok("1234.56"));
    check("de-DE", "EUR", "-1234,5 €", Ok("-1234.5"));
    check("fr-FR", "EUR", "1\u{a0}234,56", Ok("1234.56"));
    check("fr-FR", "EUR", "1\u{202f}234\u{202f}567,89\u{a0}€", Ok("1234567.89"));
    check("fr-FR", "EUR", "\u{2212}1 234,56 €", Ok("-1234.56"));
    check("de-CH", "CHF", "1'234.56", Ok("1234.56"));
    check("de-CH", "CHF", "CHF 1\u{2019}234\u{2019}567.89", Ok("1234567.89"));
    check("de-CH", "CHF", "Fr.5.00", Ok("5.00"));
    check("en-IN", "INR", "₹12,34,567.89", Ok("1234567.89"));
    check("en-IN", "INR", "Rs.1,23,456.00 Dr.", Ok("-123456.00"));
    check("en-IN", "INR", "1,234.50", Ok("1234.50"));
    check("ja-JP", "JPY", "¥1,234,567", Ok("1234567"));
    check("ja-JP", "JPY", "▲1,234円", Ok("-1234"));
    check("pt-BR", "BRL", "R$ 1.234,56", Ok("1234.56"));
    check("nl-NL", "EUR", "€ -1.234,56", Ok("-1234.56"));
}

#[test]
fn the_scale_is_kept_as_shown() {
    check("en-US", "USD", "1", Ok("1"));
    check("en-US", "USD", "1.5", Ok("1.5"));
    check("en-US", "USD", "1.50", Ok("1.50"));
    check("en-US", "USD", ".50", Ok("0.50"));
    check("de-DE", "EUR", ",50", Ok("0.50"));
    check("en-US", "KWD", "KWD 1,234.567", Ok("1234.567"));
    check("en-US", "BTC", "0.00000001", Ok("0.00000001"));
    check("en-US", "USDC", "1.234567", Ok("1.234567"));
}

#[test]
fn zero_has_no_sign() {
    for (cell, expected) in [("0", "0"), ("-0", "0"), ("(0.00)", "0.00"), ("0.00 DR", "0.00"), ("$0.00", "0.00")] {
        check("en-US", "USD", cell, Ok(expected));
    }
}

#[test]
fn what_is_no_amount_is_refused() {
    for (cell, why) in [
        ("", "Empty"),
        (" \u{a0}\t", "Empty"),
        ("-", "NoNumber"),
        ("$", "NoNumber"),
        ("n/a", "NotAnAmount"),
        ("\u{2014}", "NotAnAmount"),
        ("1e5", "NotAnAmount"),
        ("1.00 2.00", "TwoNumbers"),
        ("1 234.00", "TwoNumbers"),
        ("1-2", "TwoNumbers"),
        ("0x10", "NotAnAmount"),
        ("1.00*", "NotAnAmount"),
        ("1.00 pending", "NotAnAmount"),
        ("1.", "NotAnAmount"),
        ("1,234,", "NotAnAmount"),
        ("1.00.00", "NotAnAmount"),
        ("$$1.00", "OtherCurrency"),
        ("١٫٠٠", "NotAnAmount"),
        ("１.00", "NotAnAmount"),
    ] {
        check("en-US", "USD", cell, Err(why));
    }
}

#[test]
fn a_direction_given_twice_is_refused() {
    for cell in
        ["--1.00", "-1.00-", "(\u{2212}1.00)", "-(1.00)", "(+1.00)", "-1.00 DR", "(1.00) CR", "+-1.00", "1.00 DR CR"]
    {
        check("en-US", "USD", cell, Err("SignTwice"));
    }
}

#[test]
fn brackets_come_in_one_pair() {
    for cell in ["(1.00", "1.00)", "((1.00))", "(1.00))", "1.00 ("] {
        check("en-US", "USD", cell, Err("Brackets"));
    }
}

#[test]
fn groups_are_where_the_locale_has_them() {
    for (locale, cell) in [
        ("en-US", "1,23,4.5"),
        ("en-US", "1,23"),
        ("en-US", "1234,567.00"),
        ("en-US", "0,123"),
        ("en-US", "12,34,567.00"),
        ("de-DE", "1.23"),
        ("de-CH", "1'234\u{2019}567.00"),
        ("fr-FR", "12 34"),
        ("fr-FR", "1\u{a0}234\u{202f}567"),
        ("en-IN", "123,456.00"),
        ("en-IN", "1,234,567.00"),
    ] {
        check(locale, "XXX", cell, Err("Grouping"));
    }
    check("en-US", "USD", "1.234,56", Err("TooManyDecimals"));
    check("de-DE", "EUR", "1,234.56", Err("TooManyDecimals"));
}

#[test]
fn a_currency_has_only_its_own_decimals() {
    check("en-US", "USD", "1.000", Err("TooManyDecimals"));
    check("ja-JP", "JPY", "1.0", Err("TooManyDecimals"));
    check("en-US", "KWD", "1.0000", Err("TooManyDecimals"));
}

#[test]
fn a_number_too_long_to_hold_is_refused() {
    check("en-US", "JPY", "79228162514264337593543950335", Ok("79228162514264337593543950335"));
    check("en-US", "JPY", "79228162514264337593543950336", Err("TooLarge"));
    check("en-US", "USD", &"9".repeat(10_000), Err("TooLarge"));
    check("en-US", "USD", &format!("0.{}", "0".repeat(10_000)), Err("TooManyDecimals"));
}

#[test]
fn another_currency_is_refused() {
    for cell in ["€1.00", "1.00 EUR", "EUR 1.00", "C$1.00", "R$1.00", "1.00 CRC", "£ 1.00", "$1.00 CAD"] {
        check("en-US", "USD", cell, Err("OtherCurrency"));
    }
    check("en-CA", "CAD", "US$1.00", Err("OtherCurrency"));
    check("en-US", "USD", "USDT 1.00", Err("NotAnAmount"));
}

#[test]
fn digits_in_a_code_are_never_taken_from_a_number() {
    check("en-US", "840", "8401.00", Ok("8401.00"));
    check("en-US", "ABC1", "ABC12.00", Err("OtherCurrency"));
}

#[test]
fn exactly_one_of_debit_and_credit_is_filled() {
    check_columns("5.00", "", Ok("-5.00"));
    check_columns(" ", "$1,234.56", Ok("1234.56"));
    check_columns("0.00", "", Ok("0.00"));
    check_columns("5.00", "5.00", Err("BothColumns"));
    check_columns("0.00", "5.00", Err("BothColumns"));
    check_columns("", "\u{a0}", Err("NeitherColumn"));
    check_columns("-5.00", "", Err("SignInColumn"));
    check_columns("", "5.00 CR", Err("SignInColumn"));
    check_columns("x", "", Err("NotAnAmount"));
}

#[test]
fn a_currency_is_three_to_twelve_capitals_and_digits() {
    for code in ["USD", "USDC", "1INCH", "ABCDEFGHIJKL"] {
        assert_eq!(Currency::parse(code).map(String::from), Ok(code.to_owned()));
    }
    for code in ["", "US", "usd", "US$", "ABCDEFGHIJKLM", "ÄÖÜ", " USD"] {
        assert_eq!(Currency::parse(code), Err(NotACurrency));
    }
}

#[test]
fn no_symbol_hides_behind_its_own_beginning() {
    for (index, (longer, _)) in SYMBOLS.iter().enumerate() {
        let hides = |(shorter, _): &(&str, &[&str])| longer.starts_with(shorter);
        assert!(!SYMBOLS[..index].iter().any(hides), "{longer}");
    }
}

/// Writes an amount as a locale does.
fn write(amount: Decimal, locale: Locale, separator: char) -> String {
    let text = amount.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut written = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && (left == 3 || (left > 3 && (left - 3).is_multiple_of(locale.group()))) {
            written.push(separator);
        }
        written.push(digit);
    }
    if !fraction.is_empty() {
        written.push(locale.decimal());
        written.push_str(fraction);
    }
    written
}

fn any_locale() -> impl Strategy<Value = Locale> {
    proptest::sample::select(Locale::ALL)
}

fn any_currency() -> impl Strategy<Value = Currency> {
    const CODES: &[&str] = &["USD", "EUR", "JPY", "KWD", "INR", "CHF", "BTC", "GBP"];
    proptest::sample::select(CODES).prop_map(|code| Currency::parse(code).expect("a code"))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(cell in any::<String>(), locale in any_locale(), currency in any_currency()) {
        let _ = read_amount(&cell, &locale, &currency);
    }

    #[test]
    fn nothing_that_looks_like_an_amount_makes_it_panic(
        cell in "[-+()0-9.,' $€₹\u{2212}\u{2013}\u{a0}\u{202f}DRCSHUE]{0,16}",
        locale in any_locale(),
        currency in any_currency(),
    ) {
        let _ = read_amount(&cell, &locale, &currency);
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
        let number = write(amount, locale, *pick.get(locale.separators()));
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
