//! Amounts in every notation that is read, and in some that are refused.
//!
//! Not the reading itself, nor what holds for every cell (`properties`).

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

/// The vectors that every build must pass, word for word: locale, currency, cell, amount.
pub(super) const VECTORS: &[(&str, &str, &str, &str)] = &[
    ("en-US", "USD", "-$1.00", "-1.00"),
    ("en-US", "USD", "$-1.00", "-1.00"),
    ("en-US", "USD", "(1.00)", "-1.00"),
    ("en-US", "USD", "($1,234.56)", "-1234.56"),
    ("en-US", "USD", "1.00-", "-1.00"),
    ("en-US", "USD", "1,234.56 DR", "-1234.56"),
    ("en-US", "USD", "5.00 CR", "5.00"),
    ("en-US", "USD", "−1.00", "-1.00"),
    ("en-US", "USD", "– 12.50", "-12.50"),
    ("de-DE", "EUR", "1.234,56 €", "1234.56"),
    ("fr-FR", "EUR", "1\u{a0}234,56", "1234.56"),
    ("fr-FR", "EUR", "1\u{202f}234,56", "1234.56"),
    ("de-CH", "CHF", "1'234.56", "1234.56"),
    ("en-US", "USD", ".50", "0.50"),
    ("en-US", "USD", "0", "0"),
    ("en-US", "USD", "-0", "0"),
    ("en-IN", "INR", "12,34,567.89", "1234567.89"),
    ("en-US", "JPY", "1,234", "1234"),
    ("en-US", "KWD", "1,234.567", "1234.567"),
];

#[test]
fn the_vectors_read_as_they_must() {
    for (locale, currency, cell, amount) in VECTORS {
        check(locale, currency, cell, Ok(amount));
    }
    check("en-US", "USD", "1e5", Err("NotAnAmount"));
    check("en-US", "USD", "", Err("Empty"));
    check("en-US", "USD", "1.00 2.00", Err("TwoNumbers"));
    check("en-US", "USD", "1,23,4.5", Err("Grouping"));
    check("en-US", "JPY", "1,234.0", Err("TooManyDecimals"));
    check("en-US", "KWD", "1,234.5678", Err("TooManyDecimals"));
    check_columns("5.00", "5.00", Err("BothColumns"));
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
    check("en-AU", "AUD", "A$1,234.56", Ok("1234.56"));
    check("fr-CA", "CAD", "(1\u{a0}234,56 $)", Ok("-1234.56"));
    check("fr-CH", "CHF", "CHF 1'234.56", Ok("1234.56"));
    check("fr-CH", "CHF", "1\u{202f}234.56 CHF", Ok("1234.56"));
    check("es-MX", "MXN", "-$1,234.56", Ok("-1234.56"));
    check("da-DK", "DKK", "-1.234,56 kr.", Ok("-1234.56"));
    check("sv-SE", "SEK", "\u{2212}1\u{a0}234,56 kr", Ok("-1234.56"));
    check("nb-NO", "NOK", "kr 1\u{a0}234,56", Ok("1234.56"));
    check("fi-FI", "EUR", "\u{2212}1\u{a0}234,56 €", Ok("-1234.56"));
    check("pl-PL", "PLN", "-1 234 567,89 zł", Ok("-1234567.89"));
    check("cs-CZ", "CZK", "1\u{a0}234,56 Kč", Ok("1234.56"));
    check("zh-CN", "CNY", "¥1,234.56", Ok("1234.56"));
    check("zh-CN", "CNY", "-1,234.56元", Ok("-1234.56"));
}

#[test]
fn digits_of_other_kinds_are_read_where_they_are_at_home() {
    check("ja-JP", "JPY", "￥１，２３４，５６７", Ok("1234567"));
    check("ja-JP", "JPY", "－１２３円", Ok("-123"));
    check("ja-JP", "USD", "１，２３４．５０", Ok("1234.50"));
    check("ja-JP", "JPY", "１,234", Err("NotAnAmount"));
    check("ja-JP", "JPY", "１２34", Err("TwoNumbers"));
    check("ja-JP", "JPY", "０，１２３", Err("Grouping"));
    check("ar-EG", "EGP", "١٬٢٣٤٬٥٦٧٫٨٩", Ok("1234567.89"));
    check("ar-EG", "EGP", "\u{61c}-١٬٢٣٤٫٥٦\u{a0}ج.م.\u{200f}", Ok("-1234.56"));
    check("ar-EG", "EGP", "\u{200e}-1,234.56 EGP", Ok("-1234.56"));
    check("ar-EG", "EGP", "٫٥٠", Ok("0.50"));
    check("ar-EG", "EGP", "١,٢٣٤.٥٦", Err("NotAnAmount"));
    check("ar-EG", "EGP", "١٬٢٣", Err("Grouping"));
    check("en-US", "USD", "\u{200e}-1.00", Ok("-1.00"));
    check("en-US", "USD", "1\u{200e}.00", Err("NotAnAmount"));
    check("en-US", "USD", "\u{200e}", Err("Empty"));
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
        ("fr-CH", "1'234 567.00"),
        ("sv-SE", "1 23"),
        ("da-DK", "1.23"),
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

#[test]
fn what_is_shown_as_owed_is_the_other_way_round_unless_a_word_says_its_side() {
    let check = |cell: &str, expected: Result<&str, &str>| {
        let result = read_owed_amount(cell, &Locale::EnUs, &usd());
        assert_eq!(shown(&result), expected.map(str::to_owned).map_err(str::to_owned), "{cell}");
    };
    check("$45.00", Ok("-45.00"));
    check("+45.00", Ok("-45.00"));
    check("-$1,500.00", Ok("1500.00"));
    check("($1,500.00)", Ok("1500.00"));
    check("$1,500.00 CR", Ok("1500.00"));
    check("1,500.00 DR", Ok("-1500.00"));
    check("0.00", Ok("0.00"));
    check("", Err("Empty"));
    check("-1.00 CR", Err("SignTwice"));
}

#[test]
fn a_debit_may_have_its_minus_where_all_do() {
    let check = |debit: &str, credit: &str, expected: Result<&str, &str>| {
        let result = read_signed_debit_credit(debit, credit, &Locale::EnUs, &usd());
        assert_eq!(shown(&result), expected.map(str::to_owned).map_err(str::to_owned), "{debit} {credit}");
    };
    check("4.00-", "", Ok("-4.00"));
    check("-4.00", " ", Ok("-4.00"));
    check("", "5.00", Ok("5.00"));
    for (debit, credit) in [("4.00", ""), ("+4.00", ""), ("", "-5.00"), ("", "+5.00")] {
        check(debit, credit, Err("SignInColumn"));
    }
    check("-4.00", "5.00", Err("BothColumns"));
    check("", "", Err("NeitherColumn"));
}
