//! What the columns of a list of transactions are: by their headers, and by what their cells can be; proven where running
//! balances follow from amounts.
//!
//! Not here: lists of accounts (`accounts`), and how amounts are written (`values`).

use domain::money::{Currency, Locale, read_debit_credit, read_signed_debit_credit};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::tables::are_texts;
use super::unread::Answered;
use super::values::{Chain, First, amounts, chain, days, is_blank, locales};
use super::words::{Fit, TRANSACTIONS, field};
use crate::document::fold;

/// How many rows are tried; what so many say, the others say too.
const ROWS: usize = 300;

/// How many columns amounts are looked for in.
const COLUMNS: usize = 12;

/// A list of transactions, as it is to be read.
pub(super) struct Ledger {
    /// Our fields, and the headers that they stand under.
    pub(super) columns: Vec<(&'static str, String)>,
    /// Headers of which nobody knows what they are.
    pub(super) unread: Vec<String>,
    /// Of those the ones whose cells are texts, neither sums nor days.
    pub(super) texts: Vec<String>,
    /// What somebody said of its columns.
    pub(super) answered: Answered,
    pub(super) direction: Direction,
    pub(super) date: String,
    /// Whether another pattern would read other days.
    pub(super) is_date_ambiguous: bool,
    /// What stands in place of a day on rows that are pending.
    pub(super) pending: Option<String>,
    pub(super) locale: Locale,
    /// Another locale that would read other amounts.
    pub(super) other_locale: Option<Locale>,
    pub(super) currency: Currency,
    /// Proof that amounts, signs and balances are read as the bank means them.
    pub(super) chain: Option<Chain>,
}

/// What says whether money came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The amount's own sign, of which both were seen.
    Signed,
    /// The same, and only one was seen.
    SignedOneWay,
    /// The column that it stands in.
    TwoColumns,
    /// The same, with a minus in the column of debits.
    TwoColumnsSigned,
}

/// What is known of the page beside the table.
pub(super) struct Around<'p> {
    /// The day on which it was saved.
    pub(super) today: Date,
    pub(super) language: Option<&'p str>,
    /// The surest first.
    pub(super) currencies: &'p [Currency],
}

/// Where amounts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    One(usize),
    Two { debit: usize, credit: usize },
}

/// One way to read the table's amounts.
struct Reading {
    place: Place,
    balance: Option<usize>,
    direction: Direction,
    amounts: Vec<Option<Decimal>>,
    chain: Option<Chain>,
    locale: Locale,
    currency: Currency,
    /// How well headers say the same.
    fit: usize,
}

/// The table as columns.
struct Columns<'t> {
    headers: &'t [String],
    cells: Vec<Vec<&'t str>>,
}

impl Columns<'_> {
    /// What the header of a column says that it is.
    fn said(&self, column: usize) -> Option<(&'static str, Fit)> {
        field(TRANSACTIONS, &self.headers.get(column)?.to_lowercase())
    }

    /// How well it says that it is this.
    fn fit(&self, column: usize, wanted: &str) -> usize {
        match self.said(column) {
            Some((field, Fit::Whole)) if field == wanted => 4,
            Some((field, Fit::Part)) if field == wanted => 2,
            _ => 0,
        }
    }

    fn cells(&self, column: usize) -> &[&str] {
        self.cells.get(column).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Takes a table for a list of transactions, if it can be one.
pub(super) fn ledger(headers: &[String], rows: &[Vec<String>], around: &Around<'_>) -> Option<Ledger> {
    let rows = rows.get(..ROWS).unwrap_or(rows);
    let column = |place: usize| rows.iter().map(|row| row.get(place).map_or("", String::as_str)).collect();
    let table = Columns { headers, cells: (0..headers.len()).map(column).collect() };
    let usual = around.currencies.first().map_or(First::Month, First::of);
    let dates: Vec<_> =
        (0..headers.len()).filter_map(|place| Some((place, days(table.cells(place), around.today, usual)?))).collect();
    let posted = dates.iter().max_by_key(|(place, _)| (table.fit(*place, "postedDate"), usize::MAX - place))?;
    let is_day = |place: usize| dates.iter().any(|(known, _)| *known == place);
    let readings = readings(&table, &is_day, around);
    let best = readings.iter().max_by_key(|reading| (reading.chain.map_or(0, |chain| chain.links), reading.fit))?;
    // The first of those that are as good: locales come in their order.
    let best = readings.iter().find(|reading| weighs(reading) == weighs(best))?;
    let is_other = |reading: &&Reading| {
        weighs(reading) == weighs(best) && reading.locale != best.locale && reading.amounts != best.amounts
    };
    let other_locale = readings.iter().find(is_other).map(|reading| reading.locale);

    let mut columns = vec![("postedDate", posted.0)];
    match best.place {
        Place::One(amount) => columns.push(("amount", amount)),
        Place::Two { debit, credit } => columns.extend([("debit", debit), ("credit", credit)]),
    }
    columns.extend(best.balance.map(|balance| ("runningBalance", balance)));
    let second = dates.iter().find(|(place, other)| *place != posted.0 && other.pattern == posted.1.pattern);
    columns.extend(second.map(|(place, _)| ("transactionDate", *place)));
    let is_free = |columns: &[(&str, usize)], place: usize| columns.iter().all(|(_, taken)| *taken != place);
    let free: Vec<usize> = (0..headers.len()).filter(|place| is_free(&columns, *place) && !is_day(*place)).collect();
    let description = free.iter().max_by_key(|place| {
        let letters: usize = table.cells(**place).iter().map(|cell| fold(cell).len()).sum();
        (table.fit(**place, "description"), letters)
    })?;
    columns.push(("description", *description));
    for place in free {
        let Some((field, _)) = table.said(place).filter(|_| is_free(&columns, place)) else { continue };
        let is_text =
            !matches!(field, "postedDate" | "transactionDate" | "amount" | "debit" | "credit" | "runningBalance");
        if is_text && columns.iter().all(|(known, _)| *known != field) {
            columns.push((field, place));
        }
    }
    let header = |place: usize| headers.get(place).cloned().unwrap_or_default();
    let unread = (0..headers.len()).filter(|place| is_free(&columns, *place) && !header(*place).is_empty());
    let texts = unread.clone().filter(|place| !is_day(*place) && are_texts(table.cells(*place))).map(header).collect();
    let unread = unread.map(header).collect();
    let mut columns: Vec<(&'static str, usize)> =
        columns.into_iter().filter(|(_, place)| !header(*place).is_empty()).collect();
    let needed =
        columns.iter().filter(|(field, _)| matches!(*field, "postedDate" | "description" | "amount" | "debit")).count();
    if needed < 3 {
        return None;
    }
    columns.sort_by_key(|(_, place)| *place);
    Some(Ledger {
        columns: columns.into_iter().map(|(field, place)| (field, header(place))).collect(),
        unread,
        texts,
        answered: Answered::default(),
        direction: best.direction,
        date: posted.1.pattern.clone(),
        is_date_ambiguous: posted.1.is_ambiguous,
        pending: posted.1.instead.clone(),
        locale: best.locale,
        other_locale,
        currency: best.currency.clone(),
        chain: best.chain,
    })
}

fn weighs(reading: &Reading) -> (usize, usize) {
    (reading.chain.map_or(0, |chain| chain.links), reading.fit)
}

/// Every way to read the amounts of a table that reads all of them.
fn readings(table: &Columns<'_>, is_day: &impl Fn(usize) -> bool, around: &Around<'_>) -> Vec<Reading> {
    let mut readings = Vec::new();
    for currency in around.currencies {
        for locale in locales(around.language, currency) {
            let sums: Vec<(usize, Vec<Option<Decimal>>)> = (0..table.headers.len())
                .filter(|place| !is_day(*place) && !is_text(table, *place))
                .filter_map(|place| Some((place, amounts(table.cells(place), locale, currency)?)))
                .take(COLUMNS)
                .collect();
            for (place, sum) in &sums {
                let direction = one_column(sum);
                let fit = table.fit(*place, "amount");
                add(&mut readings, table, &sums, (Place::One(*place), direction, sum.clone()), (fit, locale, currency));
            }
            for (debit, _) in &sums {
                for (credit, _) in sums.iter().filter(|(credit, _)| credit != debit) {
                    let fits = (table.fit(*debit, "debit"), table.fit(*credit, "credit"));
                    let Some((direction, sum)) = two_columns(table, (*debit, *credit), locale, currency) else {
                        continue;
                    };
                    let place = Place::Two { debit: *debit, credit: *credit };
                    let fit = if fits.0 > 0 && fits.1 > 0 { fits.0 + fits.1 } else { 0 };
                    add(&mut readings, table, &sums, (place, direction, sum), (fit, locale, currency));
                }
            }
        }
    }
    readings
}

/// Adds a reading with each column that could be its balances, and without one. One that neither headers nor balances
/// speak for is none.
fn add(
    readings: &mut Vec<Reading>,
    table: &Columns<'_>,
    sums: &[(usize, Vec<Option<Decimal>>)],
    (place, direction, amounts): (Place, Direction, Vec<Option<Decimal>>),
    (fit, locale, currency): (usize, Locale, &Currency),
) {
    let is_taken = |column: usize| match place {
        Place::One(amount) => amount == column,
        Place::Two { debit, credit } => debit == column || credit == column,
    };
    let reading = |balance: Option<usize>, chain, fit| Reading {
        place,
        balance,
        direction,
        amounts: amounts.clone(),
        chain,
        locale,
        currency: currency.clone(),
        fit,
    };
    for (column, balances) in sums.iter().filter(|(column, _)| !is_taken(*column)) {
        let more = table.fit(*column, "runningBalance");
        match chain(&amounts, balances) {
            Some(chain) if fit + more > 0 || chain.links > 1 => {
                readings.push(reading(Some(*column), Some(chain), fit + more));
            }
            _ => {}
        }
    }
    if fit > 0 {
        readings.push(reading(None, None, fit));
    }
}

/// Whether a header says that its column holds texts, which may look like numbers.
fn is_text(table: &Columns<'_>, place: usize) -> bool {
    let sums = ["amount", "debit", "credit", "runningBalance"];
    table.said(place).is_some_and(|(field, fit)| fit == Fit::Whole && !sums.contains(&field))
}

fn one_column(sums: &[Option<Decimal>]) -> Direction {
    let came = sums.iter().flatten().any(|sum| *sum > Decimal::ZERO);
    let went = sums.iter().flatten().any(|sum| *sum < Decimal::ZERO);
    if came && went { Direction::Signed } else { Direction::SignedOneWay }
}

/// The amounts of two columns of which one is filled in each row; rows without any are skipped.
fn two_columns(
    table: &Columns<'_>,
    (debit, credit): (usize, usize),
    locale: Locale,
    currency: &Currency,
) -> Option<(Direction, Vec<Option<Decimal>>)> {
    let rows = || table.cells(debit).iter().zip(table.cells(credit));
    let read = |reader: fn(&str, &str, &Locale, &Currency) -> Result<Decimal, domain::money::AmountError>| {
        let row = |(debit, credit): (&&str, &&str)| match (is_blank(debit), is_blank(credit)) {
            (true, true) => Some(None),
            _ => reader(&fold(debit), &fold(credit), &locale, currency).ok().map(Some),
        };
        rows().map(row).collect::<Option<Vec<_>>>()
    };
    let plain = read(read_debit_credit).map(|sums| (Direction::TwoColumns, sums));
    plain.or_else(|| read(read_signed_debit_credit).map(|sums| (Direction::TwoColumnsSigned, sums)))
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use jiff::civil::date;

    use super::{Around, Direction, Ledger, ledger};

    fn read(headers: &[&str], rows: &[&[&str]], language: &str, currency: &str) -> Option<Ledger> {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        let currencies = [Currency::parse(currency).expect("a currency")];
        ledger(
            &headers,
            &rows,
            &Around { today: date(2026, 11, 20), language: Some(language), currencies: &currencies },
        )
    }

    fn columns(ledger: &Ledger) -> Vec<String> {
        ledger.columns.iter().map(|(field, header)| format!("{field}: {header}")).collect()
    }

    #[test]
    fn balances_prove_what_the_columns_are() {
        let rows: [&[&str]; 3] = [
            &["11/19/2026", "Rent", "1001", "-250.00", "950.00"],
            &["11/18/2026", "Invoice", "1002", "1,200.00", "1,200.00"],
            &["11/15/2026", "Opening", "1003", "0.00", "0.00"],
        ];
        let found =
            read(&["Date", "Description", "Reference", "Amount", "Balance"], &rows, "en", "USD").expect("a list");
        let expected = [
            "postedDate: Date",
            "description: Description",
            "bankReference: Reference",
            "amount: Amount",
            "runningBalance: Balance",
        ];
        assert_eq!(columns(&found), expected);
        assert_eq!((found.chain.map(|chain| chain.links), found.direction), (Some(2), Direction::Signed));
        assert_eq!((found.locale.as_str(), found.date.as_str()), ("en-US", "MM/DD/YYYY"));
        assert_eq!(found.other_locale, None);
    }

    #[test]
    fn headers_that_nobody_knows_are_made_up_for_by_balances() {
        let rows: [&[&str]; 4] = [
            &["19.11.2026", "Miete November", "-1.250,00", "8.950,50"],
            &["18.11.2026", "Rechnung 7", "1.200,50", "10.200,50"],
            &["17.11.2026", "Gebühr", "-7,00", "9.000,00"],
            &["16.11.2026", "Kunde 12", "7,00", "9.007,00"],
        ];
        let found = read(&["Wann", "Was", "Wie viel", "Danach"], &rows, "de", "EUR").expect("a list");
        assert_eq!(
            columns(&found),
            ["postedDate: Wann", "description: Was", "amount: Wie viel", "runningBalance: Danach"]
        );
        assert_eq!((found.locale.as_str(), found.chain.map(|chain| chain.links)), ("de-DE", Some(3)));
    }

    #[test]
    fn two_columns_say_the_direction_and_may_have_a_minus_too() {
        let rows: [&[&str]; 3] = [
            &["2026-11-19", "Rent", "250.00", "", "950.00"],
            &["2026-11-18", "In", "", "200.00", "1200.00"],
            &["2026-11-17", "In", "", "1.00", "1000.00"],
        ];
        let headers = ["Date", "Details", "Paid out", "Paid in", "Balance"];
        let found = read(&headers, &rows, "en-GB", "GBP").expect("a list");
        assert_eq!(
            (found.direction, found.locale.as_str(), found.chain.is_some()),
            (Direction::TwoColumns, "en-GB", true)
        );
        let rows =
            rows.map(|row| row.iter().map(|cell| if *cell == "250.00" { "-250.00" } else { cell }).collect::<Vec<_>>());
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let found = read(&headers, &rows, "en-GB", "GBP").expect("a list");
        assert_eq!(found.direction, Direction::TwoColumnsSigned);
    }

    #[test]
    fn amounts_that_two_locales_read_otherwise_are_said_to_be_uncertain() {
        let found = read(&["Date", "Text", "Amount"], &[&["2026-11-19", "Rent", "1200"]], "en", "USD").expect("a list");
        assert_eq!((found.other_locale, found.direction), (None, Direction::SignedOneWay));
        assert!(read(&["Name", "Text"], &[&["a", "b"]], "en", "USD").is_none());
        assert!(read(&["Date", "Text", "Sum"], &[&["2026-11-19", "Rent", "x"]], "en", "USD").is_none());
    }
}
