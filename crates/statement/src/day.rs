//! Dates as the formats write them. None passes through UTC: a bank's day is the day that it writes.
//!
//! Not here: dates for people, which `domain::calendar` reads.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::refusal::Refusal;

/// Years of two digits from here on are of the last century.
const LAST_CENTURY_FROM: i16 = 80;

/// Reads `YYMMDD`.
pub(crate) fn short(text: &str, field: &'static str) -> Result<Date, Refusal> {
    let [year, month, day] = pairs(text, field)?;
    let year = i16::from(year);
    let century = if year < LAST_CENTURY_FROM { 2000 } else { 1900 };
    date(century + year, month, day, field)
}

/// Reads `YYYYMMDD`.
pub(crate) fn full(text: &str, field: &'static str) -> Result<Date, Refusal> {
    let [century, year, month, day] = pairs(text, field)?;
    date(i16::from(century) * 100 + i16::from(year), month, day, field)
}

/// Reads `MMDD` as the day nearest to another.
pub(crate) fn without_year(text: &str, near: Date, field: &'static str) -> Result<Date, Refusal> {
    let [month, day] = pairs(text, field)?;
    let years = [near.year().checked_sub(1), Some(near.year()), near.year().checked_add(1)];
    let days = years.into_iter().flatten().filter_map(|year| date(year, month, day, field).ok());
    let distance = |date: &Date| date.duration_since(near).as_hours().abs();
    days.min_by_key(distance).ok_or(Refusal::NoSuchDay { field })
}

/// Reads `YYYY-MM-DD`, with or without a time and a zone behind it, which say nothing of the day.
pub(crate) fn iso(text: &str, field: &'static str) -> Result<Date, Refusal> {
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10).ok_or(Refusal::NotADate { field })?;
    let bytes = day.as_bytes();
    let marked = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    let time = |byte: u8| byte.is_ascii_digit() || b"T:.+-Z".contains(&byte);
    let timed = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-']);
    if !marked || !timed || !rest.bytes().all(time) {
        return Err(Refusal::NotADate { field });
    }
    let [century, year] = pairs(day.get(..4).unwrap_or_default(), field)?;
    let [month] = pairs(day.get(5..7).unwrap_or_default(), field)?;
    let [day] = pairs(day.get(8..).unwrap_or_default(), field)?;
    date(i16::from(century) * 100 + i16::from(year), month, day, field)
}

/// The day before.
pub(crate) fn before(date: Date) -> Option<Date> {
    date.checked_sub(1.day()).ok()
}

fn pairs<const COUNT: usize>(text: &str, field: &'static str) -> Result<[u8; COUNT], Refusal> {
    let bytes = text.as_bytes();
    if bytes.len() != COUNT * 2 || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::NotADate { field });
    }
    let mut pairs = [0; COUNT];
    for (pair, digits) in pairs.iter_mut().zip(bytes.chunks_exact(2)) {
        *pair = digits.iter().fold(0, |number, digit| number * 10 + (digit - b'0'));
    }
    Ok(pairs)
}

fn date(year: i16, month: u8, day: u8, field: &'static str) -> Result<Date, Refusal> {
    let no_such_day = Refusal::NoSuchDay { field };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return Err(no_such_day) };
    // Year nought is how an empty field looks in some files.
    if year == 0 { Err(no_such_day) } else { Date::new(year, month, day).map_err(|_| no_such_day) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{full, iso, short, without_year};
    use crate::refusal::Refusal;

    const FIELD: &str = "the day";

    #[test]
    fn days_are_read_as_written() {
        assert_eq!(short("261003", FIELD), Ok(date(2026, 10, 3)));
        assert_eq!(short("991231", FIELD), Ok(date(1999, 12, 31)));
        assert_eq!(full("20261003", FIELD), Ok(date(2026, 10, 3)));
        assert_eq!(iso("2026-10-03", FIELD), Ok(date(2026, 10, 3)));
        assert_eq!(iso("2026-10-03T23:59:59.999-05:00", FIELD), Ok(date(2026, 10, 3)));
        assert_eq!(iso("2026-10-03+02:00", FIELD), Ok(date(2026, 10, 3)));
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert_eq!(short("260229", FIELD), Err(Refusal::NoSuchDay { field: FIELD }));
        assert_eq!(full("20261301", FIELD), Err(Refusal::NoSuchDay { field: FIELD }));
        assert_eq!(full("00000000", FIELD), Err(Refusal::NoSuchDay { field: FIELD }));
        assert_eq!(iso("2026-04-31", FIELD), Err(Refusal::NoSuchDay { field: FIELD }));
        for text in ["", "2026-1-03", "2026-10-03 noon", "20261003", "2026-10-0é"] {
            assert_eq!(iso(text, FIELD), Err(Refusal::NotADate { field: FIELD }), "{text}");
        }
    }

    #[test]
    fn a_day_without_a_year_is_the_nearest() {
        assert_eq!(without_year("1231", date(2027, 1, 2), FIELD), Ok(date(2026, 12, 31)));
        assert_eq!(without_year("0102", date(2026, 12, 31), FIELD), Ok(date(2027, 1, 2)));
        assert_eq!(without_year("1003", date(2026, 10, 5), FIELD), Ok(date(2026, 10, 3)));
        assert_eq!(without_year("0229", date(2026, 10, 5), FIELD), Err(Refusal::NoSuchDay { field: FIELD }));
    }
}
