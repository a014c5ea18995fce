//! Amounts as the formats write them: the whole field by a grammar, or not at all.
//!
//! ```text
//! CAMT.053, OFX   [sign] digits ["." digits]     OFX also with a comma
//! MT940           digits "," [digits]
//! BAI2            [sign] digits                  in the currency's smallest unit
//! ```
//!
//! Not here: cells for people, which `domain::money` reads, and sums (`control.rs`).

use domain::money::Currency;
use domain::transaction::EntryType;
use rust_decimal::Decimal;

use crate::refusal::Refusal;

/// Reads `1234.56`, without a sign.
pub(crate) fn with_point(text: &str, field: &'static str) -> Result<Decimal, Refusal> {
    unsigned(text.trim(), &['.'], field)
}

/// Reads `1234,56`, `1234,` and `1234`, without a sign. The standard wants the comma; some banks leave it out of whole
/// amounts in rows.
pub(crate) fn with_comma_or_none(text: &str, field: &'static str) -> Result<Decimal, Refusal> {
    if text.contains(',') { with_comma(text, field) } else { unsigned(text, &[], field) }
}

/// Reads `1234,56` and `1234,`, without a sign. The comma has to be there: at the end of a line a number that was cut
/// off in the middle looks like a whole one without it.
pub(crate) fn with_comma(text: &str, field: &'static str) -> Result<Decimal, Refusal> {
    match text.split_once(',') {
        None => Err(Refusal::NotANumber { field }),
        Some((whole, "")) => unsigned(whole, &[], field),
        Some(_) => unsigned(text, &[','], field),
    }
}

/// Reads `-1234.56`, `+1234.56`, and the same with one of the marks.
pub(crate) fn signed(text: &str, marks: &[char], field: &'static str) -> Result<Decimal, Refusal> {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(size) => Ok(negated(unsigned(size, marks, field)?)),
        None => unsigned(text.strip_prefix('+').unwrap_or(text), marks, field),
    }
}

/// Reads `-123456` as `-1234.56` in a currency with two decimals.
pub(crate) fn in_smallest_unit(text: &str, currency: &Currency, field: &'static str) -> Result<Decimal, Refusal> {
    let whole = signed(text, &[], field)?;
    let scale = if currency.minor_digits() > 4 { 2 } else { currency.minor_digits() };
    Decimal::try_from_i128_with_scale(whole.mantissa(), scale).map_err(|_| Refusal::TooManyDigits { field })
}

/// The amount, if it has no more decimals than the currency; zeros at the end don't count.
pub(crate) fn in_currency(amount: Decimal, currency: &Currency, field: &'static str) -> Result<Decimal, Refusal> {
    let fits = amount.scale() <= currency.minor_digits() || amount.normalize().scale() <= currency.minor_digits();
    if fits { Ok(amount) } else { Err(Refusal::TooManyDecimals { field }) }
}

/// Minus the amount, and zero as it is.
pub(crate) fn negated(amount: Decimal) -> Decimal {
    if amount.is_zero() { amount } else { -amount }
}

/// The direction of an amount.
pub(crate) fn direction(amount: Decimal) -> EntryType {
    if amount.is_sign_negative() && !amount.is_zero() { EntryType::Debit } else { EntryType::Credit }
}

fn unsigned(text: &str, marks: &[char], field: &'static str) -> Result<Decimal, Refusal> {
    let (whole, fraction) = match text.split_once(marks) {
        Some((_, "")) => return Err(Refusal::NotANumber { field }),
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Refusal::NotANumber { field });
    }
    let mut mantissa: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(Refusal::NotANumber { field });
        }
        let longer = mantissa.checked_mul(10).and_then(|number| number.checked_add(i128::from(byte - b'0')));
        mantissa = longer.ok_or(Refusal::TooManyDigits { field })?;
    }
    let scale = u32::try_from(fraction.len()).map_err(|_| Refusal::TooManyDigits { field })?;
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| Refusal::TooManyDigits { field })
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::{in_currency, in_smallest_unit, signed, with_comma, with_point};
    use crate::refusal::Refusal;

    const FIELD: &str = "the amount";

    #[track_caller]
    fn check(read: Result<rust_decimal::Decimal, Refusal>, expected: Option<&str>) {
        assert_eq!(read.ok().map(|amount| amount.to_string()).as_deref(), expected);
    }

    #[test]
    fn the_scale_is_kept_as_written() {
        check(with_point("100", FIELD), Some("100"));
        check(with_point("100.50", FIELD), Some("100.50"));
        check(with_comma("100,", FIELD), Some("100"));
        check(with_comma("0,5", FIELD), Some("0.5"));
        check(signed("-12,30", &['.', ','], FIELD), Some("-12.30"));
        check(signed("+.5", &['.'], FIELD), Some("0.5"));
        check(signed("-0.00", &['.'], FIELD), Some("0.00"));
    }

    #[test]
    fn what_is_not_a_number_from_end_to_end_is_refused() {
        for text in ["", "-1", "1e5", "1.", ".", "1,000.00", "1.2.3", "=1", "1 2", "١", "0x10", "NaN"] {
            check(with_point(text, FIELD), None);
        }
        for text in ["", ",", "1", "1.0", "1,0,", "-1,0", "1,,"] {
            check(with_comma(text, FIELD), None);
        }
        for text in ["--1", "+-1", "1,234.56", "(1)"] {
            check(signed(text, &['.', ','], FIELD), None);
        }
    }

    #[test]
    fn forty_digits_are_refused() {
        let text = "1234567890".repeat(4);
        assert_eq!(with_point(&text, FIELD), Err(Refusal::TooManyDigits { field: FIELD }));
        assert_eq!(with_point(&format!("0.{text}"), FIELD), Err(Refusal::TooManyDigits { field: FIELD }));
    }

    #[test]
    fn the_smallest_unit_is_the_currencys() -> Result<(), Box<dyn std::error::Error>> {
        check(in_smallest_unit("123456", &Currency::parse("USD")?, FIELD), Some("1234.56"));
        check(in_smallest_unit("-123456", &Currency::parse("JPY")?, FIELD), Some("-123456"));
        check(in_smallest_unit("1", &Currency::parse("KWD")?, FIELD), Some("0.001"));
        check(in_currency(with_point("1.500", FIELD)?, &Currency::parse("USD")?, FIELD), Some("1.500"));
        check(in_currency(with_point("1.505", FIELD)?, &Currency::parse("USD")?, FIELD), None);
        Ok(())
    }
}
