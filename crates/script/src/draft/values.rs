//! What cells say of how they are written: by which locale amounts are, in which currency, and by which pattern days.
//!
//! Not here: which cells are amounts at all (`columns`).

use domain::calendar::{DateFormat, YearHint, read_date};
use domain::money::{Currency, Locale, read_amount};
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::document::fold;

/// Every locale, those first that fit the page's language and then the currency.
pub(super) fn locales(language: Option<&str>, currency: &Currency) -> Vec<Locale> {
    let is_at_home = |locale: &Locale| locale.currency() == *currency;
    let rank = |locale: &Locale| match (said(*locale, language), is_at_home(locale)) {
        (Said::Whole, _) => 0,
        (Said::Language, true) => 1,
        (Said::Language, false) => 2,
        (Said::Nothing, true) => 3,
        (Said::Nothing, false) => 4,
    };
    let mut all = Locale::ALL.to_vec();
    all.sort_by_key(rank);
    all
}

/// The currency of where a language is at home, where nothing else tells.
pub(super) fn currency_of(language: Option<&str>) -> Currency {
    let mut all = Locale::ALL.to_vec();
    all.sort_by_key(|locale| said(*locale, language));
    all.first().copied().unwrap_or(Locale::EnUs).currency()
}

/// Where the portal's days are days, as far as the currency and the page's language tell.
pub(super) fn time_zone(language: Option<&str>, currency: &Currency) -> &'static str {
    let all = locales(language, currency);
    let at_home = all.iter().find(|locale| locale.currency() == *currency);
    zone(at_home.or(all.first()).copied().unwrap_or(Locale::EnUs))
}

/// What a page's language says of a locale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Whole,
    Language,
    Nothing,
}

fn said(locale: Locale, language: Option<&str>) -> Said {
    let said = language.unwrap_or_default().to_ascii_lowercase();
    let tag = locale.as_str().to_ascii_lowercase();
    match (tag == said, tag.split('-').next() == said.split('-').next()) {
        (true, _) => Said::Whole,
        (false, true) => Said::Language,
        (false, false) => Said::Nothing,
    }
}

/// What time it is where numbers are written like this.
const fn zone(locale: Locale) -> &'static str {
    match locale {
        Locale::EnUs => "America/New_York",
        Locale::EnGb => "Europe/London",
        Locale::EnCa | Locale::FrCa => "America/Toronto",
        Locale::EnAu => "Australia/Sydney",
        Locale::EnIn => "Asia/Kolkata",
        Locale::DeDe => "Europe/Berlin",
        Locale::DeCh | Locale::FrCh => "Europe/Zurich",
        Locale::FrFr => "Europe/Paris",
        Locale::EsEs => "Europe/Madrid",
        Locale::EsMx => "America/Mexico_City",
        Locale::ItIt => "Europe/Rome",
        Locale::NlNl => "Europe/Amsterdam",
        Locale::PtBr => "America/Sao_Paulo",
        Locale::DaDk => "Europe/Copenhagen",
        Locale::SvSe => "Europe/Stockholm",
        Locale::NbNo => "Europe/Oslo",
        Locale::FiFi => "Europe/Helsinki",
        Locale::PlPl => "Europe/Warsaw",
        Locale::CsCz => "Europe/Prague",
        Locale::JaJp => "Asia/Tokyo",
        Locale::ZhCn => "Asia/Shanghai",
        Locale::ArEg => "Africa/Cairo",
    }
}

/// The languages whose months can be read, beside English.
const LANGUAGES: [&str; 6] = ["de", "fr", "es", "it", "nl", "pt"];

/// How days are written, the strictest first.
const PATTERNS: [&str; 28] = [
    "YYYY-MM-DD",
    "YYYY/MM/DD",
    "YYYY.MM.DD",
    "MM/DD/YYYY",
    "DD/MM/YYYY",
    "DD.MM.YYYY",
    "DD-MM-YYYY",
    "MM-DD-YYYY",
    "M/D/YYYY",
    "D/M/YYYY",
    "D.M.YYYY",
    "YYYY年M月D日",
    "GY年M月D日",
    "GY.M.D",
    "MM/DD/YY",
    "DD/MM/YY",
    "DD.MM.YY",
    "MMM D, YYYY",
    "MMM D YYYY",
    "D MMM YYYY",
    "DD-MMM-YYYY",
    "D. MMMM YYYY",
    "MMMM D, YYYY",
    "D MMMM YYYY",
    "MM/DD",
    "DD/MM",
    "DD.MM.",
    "MMM D",
];

/// Cells that say nothing.
pub(super) fn is_blank(cell: &str) -> bool {
    let cell = cell.trim();
    cell.is_empty() || matches!(cell, "-" | "–" | "—" | "−" | "\u{a0}" | "n/a" | "N/A")
}

/// The amounts of a column; none where a cell that isn't blank is no amount.
pub(super) fn amounts(cells: &[&str], locale: Locale, currency: &Currency) -> Option<Vec<Option<Decimal>>> {
    let amount = |cell: &&str| {
        if is_blank(cell) { Some(None) } else { read_amount(&fold(cell), &locale, currency).ok().map(Some) }
    };
    let amounts: Option<Vec<_>> = cells.iter().map(amount).collect();
    amounts.filter(|amounts| amounts.iter().any(Option::is_some))
}

/// Which currencies the texts name, the surest first: by their codes, and then by symbols.
pub(super) fn currencies<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Currency> {
    let mut found: Vec<Currency> = Vec::new();
    for currency in texts.flat_map(Currency::shown_in) {
        if !found.contains(&currency) {
            found.push(currency);
        }
    }
    found
}

/// Days, and the pattern that they are written by.
pub(super) struct Days {
    pub(super) pattern: String,
    /// Whether another pattern reads the cells as well, with other days.
    pub(super) is_ambiguous: bool,
    /// Texts in place of a day, as on rows that are pending; all of them are the same.
    pub(super) instead: Option<String>,
}

/// What stands first where nothing tells days from months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Day,
    Month,
}

impl First {
    /// As it is usual where a currency is paid with.
    pub(super) fn of(currency: &Currency) -> Self {
        if currency.as_str() == "USD" { Self::Month } else { Self::Day }
    }
}

/// How the days of a column are written, if days are in it. `today` is when the page was saved.
pub(super) fn days(cells: &[&str], today: Date, usual: First) -> Option<Days> {
    let shown: Vec<String> = cells.iter().filter(|cell| !is_blank(cell)).map(|cell| fold(cell).into_owned()).collect();
    // What has no digit is no day in any pattern.
    let (days, others): (Vec<&String>, Vec<&String>) =
        shown.iter().partition(|cell| cell.chars().any(|letter| letter.is_numeric()) || cell.contains('元'));
    let instead = others.first().map(|text| (*text).clone());
    let is_one_text = others.iter().all(|text| Some(*text) == instead.as_ref());
    if days.is_empty() || !is_one_text || others.len() * 2 > shown.len() {
        return None;
    }
    let mut fitting: Vec<(usize, String, Vec<Date>)> = Vec::new();
    for pattern in patterns() {
        let Ok(format) = DateFormat::parse(&pattern) else { continue };
        let mut hint = YearHint::up_to(today);
        let read = |cell: &&String| {
            let day = read_date(cell, &format, hint).ok()?;
            hint = if format.as_str().contains('Y') { hint } else { YearHint::never_after(day) };
            Some(day)
        };
        let Some(read) = days.iter().map(read).collect::<Option<Vec<Date>>>() else { continue };
        // Days to come are no bookings, and lists are in order.
        let is_to_come = read.iter().any(|day| *day > today.saturating_add(jiff::Span::new().days(400)));
        let is_odd = read.iter().any(|day| day.year() < 1970);
        let is_sorted = read.is_sorted() || read.iter().rev().is_sorted();
        let is_other_way = pattern.starts_with(if usual == First::Month { 'D' } else { 'M' }) && pattern.contains('/');
        let rank = usize::from(is_to_come) * 8
            + usize::from(is_odd) * 4
            + usize::from(!is_sorted) * 2
            + usize::from(is_other_way);
        fitting.push((rank, pattern, read));
    }
    fitting.sort_by_key(|(rank, ..)| *rank);
    let mut fitting = fitting.into_iter();
    let (rank, pattern, read) = fitting.next()?;
    // An order that only one of them has decides.
    let is_ambiguous = fitting.any(|(other, _, days)| other / 2 == rank / 2 && days != read);
    Some(Days { pattern, is_ambiguous, instead })
}

fn patterns() -> impl Iterator<Item = String> {
    let foreign = PATTERNS.iter().filter(|pattern| pattern.contains("MMM"));
    let foreign = foreign.flat_map(|pattern| LANGUAGES.iter().map(move |language| format!("[{language}] {pattern}")));
    PATTERNS.iter().map(|pattern| (*pattern).to_owned()).chain(foreign)
}

/// How a list with running balances proves itself: which of its ends is the newest, and by how many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// How many times a balance follows from the one beside it.
    pub(super) links: usize,
}

/// Whether each balance follows from the one beside it and the amount between them, in one of the two orders.
pub(super) fn chain(amounts: &[Option<Decimal>], balances: &[Option<Decimal>]) -> Option<Chain> {
    let rows: Vec<(Decimal, Decimal)> =
        amounts.iter().zip(balances).filter_map(|(amount, balance)| Some(((*amount)?, (*balance)?))).collect();
    let pairs = || rows.windows(2).filter_map(|pair| if let [one, other] = pair { Some((one, other)) } else { None });
    let newest_first = pairs().all(|(newer, older)| newer.1.checked_sub(newer.0) == Some(older.1));
    let oldest_first = pairs().all(|(older, newer)| newer.1.checked_sub(newer.0) == Some(older.1));
    // Of nothing but noughts anything follows.
    let moves = |(one, other): &(&(Decimal, Decimal), &(Decimal, Decimal))| {
        !(if newest_first { one.0 } else { other.0 }).is_zero()
    };
    let links = pairs().filter(moves).count();
    (links > 0 && (newest_first || oldest_first)).then_some(Chain { links })
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Locale};
    use jiff::civil::date;

    use super::{First, amounts, chain, currencies, days};

    #[test]
    fn days_are_read_by_the_one_pattern_that_reads_all_of_them() {
        let check = |cells: &[&str], expected: Option<(&str, bool)>| {
            let found = days(cells, date(2026, 11, 20), First::Month);
            assert_eq!(found.as_ref().map(|days| (days.pattern.as_str(), days.is_ambiguous)), expected, "{cells:?}");
        };
        check(&["11/19/2026", "11/02/2026"], Some(("MM/DD/YYYY", false)));
        check(&["19/11/2026", "02/11/2026"], Some(("DD/MM/YYYY", false)));
        check(&["19.11.2026", "2.11.2026"], Some(("D.M.YYYY", false)));
        // The order of a list tells, where it is in order by one of them alone.
        check(&["10/11/2026", "09/12/2026", "01/02/2026"], Some(("MM/DD/YYYY", false)));
        check(&["03/02/2026", "02/01/2026"], Some(("MM/DD/YYYY", true)));
        check(&["12. März 2026", "3. Februar 2026"], Some(("[de] D. MMMM YYYY", false)));
        check(&["Nov 19, 2026"], Some(("MMM D, YYYY", false)));
        check(&["R8.11.19", "R8.1.3"], Some(("GY.M.D", false)));
        check(&["Pending", "11/19/2026", "11/18/2026"], Some(("MM/DD/YYYY", false)));
        check(&["Rent", "Lunch"], None);
        check(&["Rent", "11/19/2026", "Lunch"], None);
        check(&["1,200.00", "3.00"], None);
    }

    #[test]
    fn a_list_proves_itself_by_its_balances_in_either_order() {
        let usd = Currency::parse("USD").expect("a currency");
        let read = |cells: &[&str]| amounts(cells, Locale::EnUs, &usd).expect("amounts");
        let rows = read(&["-1.00", "5.00", ""]);
        assert_eq!(chain(&rows, &read(&["9.00", "10.00", ""])).map(|chain| chain.links), Some(1));
        assert_eq!(chain(&read(&["5.00", "-1.00"]), &read(&["10.00", "9.00"])).map(|chain| chain.links), Some(1));
        assert_eq!(chain(&read(&["5.00", "1.00"]), &read(&["10.00", "9.00"])), None);
        assert_eq!(chain(&read(&["5.00"]), &read(&["10.00"])), None);
    }

    #[test]
    fn a_currency_is_named_by_its_code_before_its_symbol() {
        let found = |texts: &[&str]| {
            currencies(texts.iter().copied()).iter().map(ToString::to_string).collect::<Vec<_>>().first().cloned()
        };
        assert_eq!(found(&["$1.00", "CAD 3.00"]).as_deref(), Some("USD"));
        assert_eq!(found(&["CAD 3.00", "$1.00"]).as_deref(), Some("CAD"));
        assert_eq!(found(&["1,00 €"]).as_deref(), Some("EUR"));
        assert_eq!(found(&["1.00", "Rent"]), None);
    }
}
