//! Dates in every pattern that is read, and cells that are refused.
//!
//! Not the reading itself.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// A date as its ISO text; a refusal as the variant's name. The latest date known is 2024-06-15.
fn check(pattern: &str, cell: &str, expected: Result<&str, &str>) {
    check_with(YearHint::up_to(date(2024, 6, 15)), pattern, cell, expected);
}

fn check_with(hint: YearHint, pattern: &str, cell: &str, expected: Result<&str, &str>) {
    let format = DateFormat::parse(pattern).expect("a pattern");
    let name = |error: DateError| format!("{error:?}").split([' ', '{']).next().map(str::to_owned);
    let result = read_date(cell, &format, hint);
    let shown = result.map(|date| date.to_string()).map_err(|error| name(error).unwrap_or_default());
    assert_eq!(shown, expected.map(str::to_owned).map_err(str::to_owned), "{cell:?} as {pattern}");
}

fn check_pattern(pattern: &str, expected: Result<(), &str>) {
    let result = DateFormat::parse(pattern).map(drop).map_err(|error| error.to_string());
    assert_eq!(result, expected.map_err(str::to_owned));
}

#[test]
fn each_pattern_reads_its_dates() {
    check("MM/DD/YYYY", "03/04/2024", Ok("2024-03-04"));
    check("DD/MM/YYYY", "03/04/2024", Ok("2024-04-03"));
    check("M/D/YYYY", "3/14/2024", Ok("2024-03-14"));
    check("DD.MM.YYYY", " 29.02.2024\u{a0}", Ok("2024-02-29"));
    check("YYYY-MM-DD", "1999-12-31", Ok("1999-12-31"));
    check("YYYYMMDD", "20240304", Ok("2024-03-04"));
    check("D MMM YYYY", "4 Mar 2024", Ok("2024-03-04"));
    check("D MMM YYYY", "14\u{a0}SEPT  2023", Ok("2023-09-14"));
    check("MMM D, YYYY", "May 1, 2024", Ok("2024-05-01"));
    check("MMMM D, YYYY", "march 14, 2024", Ok("2024-03-14"));
    check("YYYY年M月D日", "2024年3月4日", Ok("2024-03-04"));
}

#[test]
fn months_are_named_in_the_declared_language() {
    check("[de] D. MMMM YYYY", "4. März 2024", Ok("2024-03-04"));
    check("[de]DD. MMM YYYY", "04. MÄR 2024", Ok("2024-03-04"));
    check("[de] DD. MMM. YYYY", "04. Dez. 2023", Ok("2023-12-04"));
    check("[fr] D MMM YYYY", "4 févr. 2024", Ok("2024-02-04"));
    check("[fr] D MMM YYYY", "1 mai 2024", Ok("2024-05-01"));
    check("[fr] D MMMM YYYY", "14 août 2023", Ok("2023-08-14"));
    check("[es] D 'MMM' YY", "4 'ene.' 24", Ok("2024-01-04"));
    check("[es] DD-MMM", "31-dic", Ok("2023-12-31"));
    check("[it] D MMMM YYYY", "4 Maggio 2024", Ok("2024-05-04"));
    check("[nl] D MMM YYYY", "4 mrt 2024", Ok("2024-03-04"));
    check("[pt] D/MMM/YYYY", "4/fev/2024", Ok("2024-02-04"));
    check("[en] MMM D, YYYY", "Sept. 4, 2023", Ok("2023-09-04"));
    check("[de] D. MMM YYYY", "4. March 2024", Err("NotInFormat"));
    check("[de] D. MMMM YYYY", "4. March 2024", Err("NotInFormat"));
    check("D MMM. YYYY", "4 Mar 2024", Err("NotInFormat"));
    check("D MMM YYYY", "4 Mar.. 2024", Err("NotInFormat"));
    check("D MMMM YYYY", "4 March. 2024", Err("NotInFormat"));
}

#[test]
fn a_date_with_a_year_in_full_needs_no_window() {
    check("YYYY-MM-DD", "2031-01-01", Ok("2031-01-01"));
    check("YYYY-MM-DD", "1951-01-01", Ok("1951-01-01"));
}

#[test]
fn two_digits_are_a_year_of_the_century_around_the_window() {
    check("MM/DD/YY", "06/15/24", Ok("2024-06-15"));
    check("MM/DD/YY", "12/31/99", Ok("1999-12-31"));
    check("MM/DD/YY", "01/01/45", Ok("1945-01-01"));
    check("MM/DD/YY", "06/22/24", Ok("2024-06-22"));
    check("MM/DD/YY", "06/23/24", Err("OutsideWindow"));
    check("MM/DD/YY", "01/01/44", Err("OutsideWindow"));
    check("MM/DD/YY", "02/29/23", Err("NoSuchDay"));
}

#[test]
fn a_missing_year_is_the_last_one_that_fits() {
    check("MM/DD", "06/15", Ok("2024-06-15"));
    check("MM/DD", "06/22", Ok("2024-06-22"));
    check("MM/DD", "06/23", Ok("2023-06-23"));
    check("D MMM", "31 Dec", Ok("2023-12-31"));
    check("MM/DD", "02/29", Ok("2024-02-29"));
    check("MM/DD", "02/30", Err("NoSuchDay"));
}

#[test]
fn a_missing_year_may_be_the_next_within_the_slack() {
    let new_years_eve = YearHint::up_to(date(2023, 12, 31));
    check_with(new_years_eve, "MM/DD", "01/02", Ok("2024-01-02"));
    check_with(new_years_eve, "MM/DD", "01/08", Ok("2023-01-08"));
    check_with(YearHint::never_after(date(2023, 12, 31)), "MM/DD", "01/02", Ok("2023-01-02"));
}

#[test]
fn a_window_refuses_what_no_year_can_put_into_it() {
    let window = YearHint::never_after(date(2024, 6, 15)).not_before(date(2024, 3, 1));
    check_with(window, "MM/DD", "03/01", Ok("2024-03-01"));
    check_with(window, "MM/DD", "02/29", Err("OutsideWindow"));
    check_with(window, "MM/DD/YY", "02/28/24", Err("OutsideWindow"));
}

#[test]
fn a_leap_day_without_a_year_is_found_across_a_century_without_one() {
    check_with(YearHint::never_after(date(1903, 12, 31)), "MM/DD", "02/29", Ok("1896-02-29"));
}

#[test]
fn what_is_no_date_is_refused() {
    for (pattern, cell, why) in [
        ("MM/DD/YYYY", "", "Empty"),
        ("MM/DD/YYYY", " \u{a0}", "Empty"),
        ("MM/DD/YYYY", "3/4/2024", "NotInFormat"),
        ("MM/DD/YYYY", "03/04/24", "NotInFormat"),
        ("MM/DD/YYYY", "03-04-2024", "NotInFormat"),
        ("MM/DD/YYYY", "03/04/2024 10:00", "NotInFormat"),
        ("MM/DD/YYYY", "03/04/20245", "NotInFormat"),
        ("MM/DD/YYYY", "٠٣/٠٤/٢٠٢٤", "NotInFormat"),
        ("MM/DD/YYYY", "13/04/2024", "NoSuchDay"),
        ("MM/DD/YYYY", "00/04/2024", "NoSuchDay"),
        ("MM/DD/YYYY", "02/30/2024", "NoSuchDay"),
        ("MM/DD/YYYY", "Pending", "NotInFormat"),
        ("D MMM YYYY", "4 March 2024", "NotInFormat"),
        ("D MMM YYYY", "4 Mär 2024", "NotInFormat"),
        ("D MMM YYYY", "4Mar2024", "NotInFormat"),
        ("MMMM D", "Mar 4", "NotInFormat"),
    ] {
        check(pattern, cell, Err(why));
    }
}

#[test]
fn a_pattern_says_what_is_wrong_with_it() {
    check_pattern("MM/DD/YYYY", Ok(()));
    check_pattern("MM/DD", Ok(()));
    check_pattern("", Err("a date's pattern has exactly one day"));
    check_pattern("DD/YYYY", Err("a date's pattern has exactly one month"));
    check_pattern("DD/MM/DD", Err("a date's pattern has exactly one day"));
    check_pattern("DD/MM/YY/YYYY", Err("a date's pattern has at most one year"));
    check_pattern("MDYYYY", Err("nothing separates `M` from the digits behind it"));
    check_pattern("MM D0YYYY", Err("nothing separates `D` from the digits behind it"));
    check_pattern("[de] D. MMM", Ok(()));
    let languages = "`[…]` holds a language of months' names: en, de, fr, es, it, nl or pt";
    check_pattern("[xx] D. MMM", Err(languages));
    check_pattern("[de D. MMM", Err(languages));
    check_pattern("D. MMM [de]", Err("`d` stands for nothing in a date's pattern; use YYYY YY GY MMMM MMM MM M DD D"));
    check_pattern("mm/DD/YYYY", Err("`mm` stands for nothing in a date's pattern; use YYYY YY GY MMMM MMM MM M DD D"));
}

const PATTERNS: &[&str] = &[
    "MM/DD/YYYY",
    "DD.MM.YYYY",
    "M/D/YY",
    "YYYYMMDD",
    "D MMM YYYY",
    "MMMM D, YYYY",
    "[de] D. MMMM YY",
    "[fr] D MMM",
    "[es] D 'MMM.' YY",
    "YYYY年M月D日",
    "MM/DD",
    "D.M.",
];

/// If a cell is accepted, its date is read from the plainest form, too.
fn check_again(cell: &str, pattern: &str, hint: YearHint) -> Result<(), TestCaseError> {
    let format = DateFormat::parse(pattern).expect("a pattern");
    let Ok(day) = read_date(cell, &format, hint) else { return Ok(()) };
    let plain = format.write(day);
    prop_assert_eq!(read_date(&plain, &format, hint), Ok(day), "{:?} as {}, from {:?}", plain, pattern, cell);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_date_that_was_changed_and_is_accepted_reads_back_equal(
        pattern in proptest::sample::select(PATTERNS),
        days in 0..60_000_i32,
        latest in 0..60_000_i32,
        at in any::<proptest::sample::Index>(),
        put in proptest::option::of(prop_oneof!["[0-9]", "[ .,/'\u{a0}]", "[a-zé年]", any::<char>().prop_map(String::from)]),
        padding in "[ \u{a0}]{0,2}",
    ) {
        let day = date(1930, 1, 1).saturating_add(Span::new().days(days));
        let hint = YearHint::up_to(date(1930, 1, 1).saturating_add(Span::new().days(latest)));
        let mut chars: Vec<String> =
            DateFormat::parse(pattern).expect("a pattern").write(day).chars().map(String::from).collect();
        if let Some(put) = put {
            *at.get_mut(&mut chars) = put;
        }
        let cell = format!("{padding}{}{padding}", chars.concat());
        for pattern in PATTERNS {
            check_again(&cell, pattern, hint)?;
        }
        check_again(&cell.to_uppercase(), pattern, hint)?;
    }

    #[test]
    fn what_looks_like_a_date_and_is_accepted_reads_back_equal(
        cell in "[0-9]{1,4}[./ -]{0,2}([0-9]{1,2}|jan|mars|Sept\\.|DEZ|décembre|March)[./, ]{0,2}([0-9]{2,4})?",
        days in 0..60_000_i32,
    ) {
        let hint = YearHint::up_to(date(1930, 1, 1).saturating_add(Span::new().days(days)));
        for pattern in PATTERNS {
            check_again(&cell, pattern, hint)?;
        }
    }

    #[test]
    fn no_text_makes_it_panic(cell in any::<String>(), pattern in any::<String>()) {
        let _ = DateFormat::parse(&pattern);
        let format = DateFormat::parse("D MMM YY").expect("a pattern");
        let _ = read_date(&cell, &format, YearHint::up_to(Date::MAX));
    }

    #[test]
    fn nothing_that_looks_like_a_date_makes_it_panic(cell in "[0-9]{1,4}[/ ][0-9]{1,2}", year in -9999_i16..=9999) {
        for pattern in ["YYYY/MM", "YY/DD", "MM/DD", "M/D", "D M"] {
            if let Ok(format) = DateFormat::parse(pattern) {
                let _ = read_date(&cell, &format, YearHint::up_to(date(year, 12, 31)));
                let _ = read_date(&cell, &format, YearHint::never_after(date(year, 1, 1)));
            }
        }
        let format = DateFormat::parse("D/M YY").expect("a pattern");
        let _ = read_date(&format!("1/1 {}", &cell[..1].repeat(2)), &format, YearHint::up_to(date(year, 1, 1)));
    }

    #[test]
    fn what_a_pattern_writes_reads_back_equal(days_back in 0..365_i32, latest_back in 0..40_000_i32) {
        let latest = date(2040, 1, 1).saturating_sub(Span::new().days(latest_back));
        let day = latest.saturating_sub(Span::new().days(days_back));
        for (pattern, written) in [
            ("MM/DD/YYYY", "%m/%d/%Y"),
            ("DD.MM.YYYY", "%d.%m.%Y"),
            ("YYYY-MM-DD", "%Y-%m-%d"),
            ("D MMM YYYY", "%-d %b %Y"),
            ("MMMM D, YYYY", "%B %-d, %Y"),
            ("MM/DD/YY", "%m/%d/%y"),
            ("MM/DD", "%m/%d"),
        ] {
            let format = DateFormat::parse(pattern).expect("a pattern");
            let cell = day.strftime(written).to_string();
            prop_assert_eq!(read_date(&cell, &format, YearHint::never_after(latest)), Ok(day), "{}", cell);
        }
    }
}

#[test]
fn a_year_may_be_that_of_a_japanese_era() {
    let check = |cell: &str, expected: Option<Date>| {
        let format = DateFormat::parse("GY年M月D日").expect("a pattern");
        let read = read_date(cell, &format, YearHint::up_to(date(2026, 11, 20)));
        assert_eq!(read.ok(), expected, "{cell}");
    };
    check("令和8年11月20日", Some(date(2026, 11, 20)));
    check("令和元年5月1日", Some(date(2019, 5, 1)));
    check("平成31年4月30日", Some(date(2019, 4, 30)));
    check("昭和64年1月7日", Some(date(1989, 1, 7)));
    check("R8年1月2日", Some(date(2026, 1, 2)));
    check("令和８年１１月２０日", Some(date(2026, 11, 20)));
    check("2026年11月20日", None);
    check("令和年11月20日", None);
    check_pattern("YY年M月D日", Ok(()));
    check_pattern("Y年M月D日", Err("an era and its year stand together: GY"));
    check_pattern("G M月D日", Err("an era and its year stand together: GY"));
}

#[test]
fn a_day_is_written_as_it_is_read() {
    for pattern in ["MM/DD/YY", "D. MMMM YYYY", "[de] D. MMM YYYY", "[fr] D MMMM YYYY", "YYYY-MM-DD", "GY年M月D日"] {
        let format = DateFormat::parse(pattern).expect("a pattern");
        for day in [date(2026, 11, 20), date(2026, 2, 3), date(2019, 4, 30)] {
            let written = format.write(day);
            assert_eq!(read_date(&written, &format, YearHint::up_to(day)), Ok(day), "{pattern}: {written}");
        }
    }
    assert_eq!(DateFormat::parse("D. MMMM YYYY").expect("a pattern").write(date(2026, 2, 3)), "3. February 2026");
}

#[test]
fn a_months_name_and_an_eras_are_a_days_own() {
    for word in ["März", "NOVEMBER", "sept", "juil", "février", "令和"] {
        assert!(names_part_of_day(word), "{word}");
    }
    for word in ["", "R", "Holt", "1", "和"] {
        assert!(!names_part_of_day(word), "{word}");
    }
}
