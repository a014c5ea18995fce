//! The months of days that stand in a text, and the eras: such a name is nobody's where a number stands beside it, and a name like
//! any other where none does, as April may be somebody's.
//!
//! Not here: days that are numbers alone.

use std::ops::Range;

use domain::calendar::names_part_of_day;

/// Where months of days stand, each with the year that follows: `November 2026`, `19. März 2026`, `Nov 19, 2026`.
pub(in crate::scrub) fn months(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut end = 0;
    while let Some(start) = text.get(end..).and_then(|rest| rest.find(char::is_alphabetic)).map(|at| end + at) {
        let rest = text.get(start..).unwrap_or_default();
        end = start + rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len());
        let (before, behind) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
        let is_beside = before.trim_end_matches(is_between).ends_with(|sign: char| sign.is_ascii_digit())
            || behind.trim_start_matches(is_between).starts_with(|sign: char| sign.is_ascii_digit());
        if is_beside && names_part_of_day(text.get(start..end).unwrap_or_default()) {
            end += year(behind);
            found.push(start..end);
        }
    }
    found
}

/// What may stand between a month and a number beside it.
fn is_between(sign: char) -> bool {
    matches!(sign, ' ' | '\u{a0}' | '\u{202f}' | '.' | ',' | '-' | '/')
}

/// How far it is to behind the year of a month, from behind the month; nothing where none follows.
fn year(behind: &str) -> usize {
    let number = |from: usize| {
        let rest = behind.get(from..).unwrap_or_default();
        let start = from + rest.len() - rest.trim_start_matches(is_between).len();
        let digits = behind.get(start..).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
        start..start + digits
    };
    let text = |number: &Range<usize>| behind.get(number.clone()).unwrap_or_default();
    let is_year =
        |number: &Range<usize>| number.len() == 4 && (text(number).starts_with("19") || text(number).starts_with("20"));
    let first = number(0);
    if is_year(&first) {
        return first.end;
    }
    // Of `Nov 19, 2026` the day comes first.
    let second = number(first.end);
    if (1..=2).contains(&first.len()) && is_year(&second) { second.end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::months;

    #[test]
    fn a_month_is_one_where_a_number_stands_beside_it() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = months(text).into_iter().filter_map(|range| text.get(range)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("Stand: 19. März 2026", &["März 2026"]);
        check("As of Nov 19, 2026 for May", &["Nov 19, 2026"]);
        check("November 2026 und Dezember 2026", &["November 2026", "Dezember 2026"]);
        check("2 juil.", &["juil"]);
        check("令和8年11月27日", &["令和"]);
        check("19-NOV-26", &["NOV"]);
        check("April Holt, August & Söhne", &[]);
        check("Konto 4711 Mai", &["Mai"]);
        check("Mai 471112", &["Mai"]);
    }
}
