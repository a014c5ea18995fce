//! The rows of a file beside those of a table that shows the same account: which row of the one is
//! which of the other, and what they come to together.
//!
//! A file's own sums say that it is whole, so of the days that it covers its rows are those that
//! there are; one without sums may lack rows that the table shows, and then they stay. The table says what files lack, such as what is announced, or which way the money
//! went. Nothing is ever there twice: rows are paired as a multiset, by day and amount.
//!
//! ```text
//! the table has every row of the file ─▶ the table's rows as they stand, with what the file adds to them
//! it lacks some ─────────────────────────▶ the file's rows with what the table adds to them; and of the
//!                                          table, what is announced or of days outside of the file
//! ```
//!
//! Not here: asking for the file, or which of its statements is the account's (`runner`).

use std::collections::BTreeMap;

use domain::observation::Source;
use domain::transaction::{ObservedTransaction, Rail, TransactionStatus};
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::document::folded_case;

/// What the rows of a table and of a file come to.
pub(crate) struct Beside {
    pub(crate) rows: Vec<ObservedTransaction>,
    /// Whose rows they are.
    pub(crate) source: Source,
    /// How many rows of the file the table lacks, and the other way round, of the file's days.
    pub(crate) only_in_file: usize,
    pub(crate) only_in_table: usize,
}

/// What says that a file has all rows of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Its own sums.
    Sums,
    Nothing,
}

/// Puts the rows of a file of these days beside those of a table.
pub(crate) fn beside(
    table: Vec<ObservedTransaction>,
    file: Vec<ObservedTransaction>,
    days: (Option<Date>, Option<Date>),
    proof: Proof,
) -> Beside {
    // A table says of what is announced what is so now.
    let shows_pending = table.iter().any(is_pending);
    let file: Vec<_> = file.into_iter().filter(|row| !(shows_pending && is_pending(row))).collect();
    let pairs = paired(&table, &file, days);
    let of_table: BTreeMap<usize, Pair> = pairs.iter().map(|pair| (pair.table, *pair)).collect();
    let of_file: BTreeMap<usize, Pair> = pairs.iter().map(|pair| (pair.file, *pair)).collect();
    let only_in_file = file.len() - of_file.len();
    let is_only_in_table = |(place, row): &(usize, &ObservedTransaction)| {
        is_within(row, days) && !is_pending(row) && !of_table.contains_key(place)
    };
    let missed: Vec<ObservedTransaction> =
        table.iter().enumerate().filter(is_only_in_table).map(|(_, row)| row.clone()).collect();
    let only_in_table = missed.len();
    if only_in_file == 0 {
        let rows = table.into_iter().enumerate().map(|(place, row)| match of_table.get(&place) {
            Some(pair) if pair.is_sure => match file.get(pair.file) {
                Some(other) => filled(row, other),
                None => row,
            },
            _ => row,
        });
        return Beside { rows: rows.collect(), source: Source::Pages, only_in_file, only_in_table };
    }
    let together = |(place, row): (usize, &ObservedTransaction)| {
        let sure = of_file.get(&place).filter(|pair| pair.is_sure).and_then(|pair| table.get(pair.table));
        sure.map_or_else(|| row.clone(), |other| filled(row.clone(), other))
    };
    let mut rows: Vec<ObservedTransaction> = file.iter().enumerate().map(together).collect();
    // As the table has them; most have the newest first.
    if rises(&rows).is_some_and(|rising| rising != (rises(&table) == Some(true))) {
        rows.reverse();
    }
    for row in missed.into_iter().filter(|_| proof == Proof::Nothing) {
        let is_rising = rises(&rows) == Some(true);
        let place = rows.partition_point(|other| match is_rising {
            true => other.posted_date <= row.posted_date,
            false => other.posted_date >= row.posted_date,
        });
        rows.insert(place, row);
    }
    let (before, after): (Vec<_>, Vec<_>) = table
        .into_iter()
        .filter(|row| is_pending(row) || !is_within(row, days))
        .partition(|row| is_pending(row) || row.posted_date > days.1);
    let rows = match rises(&rows) {
        Some(true) => [after, rows, before].concat(),
        _ => [before, rows, after].concat(),
    };
    Beside { rows, source: Source::File, only_in_file, only_in_table }
}

/// A row of the table and one of the file that are one.
#[derive(Clone, Copy)]
struct Pair {
    table: usize,
    file: usize,
    /// Whether it is known which of several they are.
    is_sure: bool,
}

/// The rows of one day and amount.
#[derive(Default)]
struct Alike {
    table: Vec<usize>,
    file: Vec<usize>,
}

fn paired(
    table: &[ObservedTransaction],
    file: &[ObservedTransaction],
    days: (Option<Date>, Option<Date>),
) -> Vec<Pair> {
    let mut alike: BTreeMap<(Date, Decimal), Alike> = BTreeMap::new();
    for (place, row) in table.iter().enumerate().filter(|(_, row)| !is_pending(row) && is_within(row, days)) {
        if let Some(key) = key(row) {
            alike.entry(key).or_default().table.push(place);
        }
    }
    for (place, row) in file.iter().enumerate().filter(|(_, row)| !is_pending(row)) {
        if let Some(key) = key(row) {
            alike.entry(key).or_default().file.push(place);
        }
    }
    let mut pairs = Vec::new();
    for mut rows in alike.into_values() {
        let is_same: [fn(&ObservedTransaction, &ObservedTransaction) -> bool; 2] = [has_its_reference, has_its_words];
        for is_same in is_same {
            rows.table.retain(|one| {
                let is_it = |other: &usize| {
                    table.get(*one).zip(file.get(*other)).is_some_and(|(one, other)| is_same(one, other))
                };
                let Some(at) = rows.file.iter().position(is_it) else { return true };
                pairs.push(Pair { table: *one, file: rows.file.remove(at), is_sure: true });
                false
            });
        }
        // What is left is the same in other words; of several nobody knows which is which.
        let is_sure = rows.table.len() == 1 && rows.file.len() == 1;
        pairs.extend(rows.table.iter().zip(&rows.file).map(|(table, file)| Pair {
            table: *table,
            file: *file,
            is_sure,
        }));
    }
    pairs
}

fn key(row: &ObservedTransaction) -> Option<(Date, Decimal)> {
    Some((row.posted_date?, row.amount.parse::<Decimal>().ok()?.normalize()))
}

fn has_its_reference(one: &ObservedTransaction, other: &ObservedTransaction) -> bool {
    one.bank_reference.is_some() && one.bank_reference == other.bank_reference
}

fn has_its_words(one: &ObservedTransaction, other: &ObservedTransaction) -> bool {
    folded_case(&one.description) == folded_case(&other.description)
}

fn is_pending(row: &ObservedTransaction) -> bool {
    row.status == TransactionStatus::Pending
}

fn is_within(row: &ObservedTransaction, (from, to): (Option<Date>, Option<Date>)) -> bool {
    row.posted_date.is_some_and(|day| from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to))
}

/// Whether the oldest row comes first; none where all are of one day.
pub(crate) fn rises(rows: &[ObservedTransaction]) -> Option<bool> {
    let mut days = rows.iter().filter_map(|row| row.posted_date);
    let (first, last) = days.next().zip(days.next_back())?;
    (first != last).then_some(first < last)
}

/// A row with what it lacks taken from the other, but for the bank's reference, which is trusted as
/// that of its source, and the balance, which is that of a place in the list.
fn filled(mut row: ObservedTransaction, other: &ObservedTransaction) -> ObservedTransaction {
    if row.rail == Rail::Unknown {
        row.rail = other.rail;
    }
    let texts: [(&mut Option<String>, &Option<String>); 8] = [
        (&mut row.customer_reference, &other.customer_reference),
        (&mut row.bai_code, &other.bai_code),
        (&mut row.category, &other.category),
        (&mut row.subcategory, &other.subcategory),
        (&mut row.mcc, &other.mcc),
        (&mut row.merchant_name, &other.merchant_name),
        (&mut row.counterparty_name, &other.counterparty_name),
        (&mut row.counterparty_account_masked, &other.counterparty_account_masked),
    ];
    for (own, other) in texts {
        if own.is_none() {
            own.clone_from(other);
        }
    }
    row.transaction_date = row.transaction_date.or(other.transaction_date);
    row
}

#[cfg(test)]
mod tests {
    use domain::observation::Source;
    use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
    use jiff::civil::date;

    use super::{Proof, beside};

    /// `2026-10-03 -4.50 TEA r:card`, or `pending -4.50 TEA`.
    fn row(text: &str) -> ObservedTransaction {
        let mut words = text.split(' ');
        let (day, amount) = (words.next().unwrap_or_default(), words.next().expect("an amount"));
        let words: Vec<&str> = words.collect();
        let of = |mark: &str| words.iter().find_map(|word| word.strip_prefix(mark));
        let description: Vec<&str> = words.iter().copied().filter(|word| !word.contains(':')).collect();
        ObservedTransaction {
            status: if day == "pending" { TransactionStatus::Pending } else { TransactionStatus::Posted },
            posted_date: day.parse().ok(),
            amount: amount.into(),
            currency: "USD".into(),
            entry_type: EntryType::Debit,
            description: description.join(" "),
            raw_description: None,
            rail: of("r:").map_or(Rail::Unknown, |rail| rail.parse().expect("a rail")),
            bank_reference: of("ref:").map(str::to_owned),
            customer_reference: None,
            bai_code: None,
            category: None,
            subcategory: None,
            mcc: None,
            merchant_name: None,
            counterparty_name: of("with:").map(str::to_owned),
            counterparty_account_masked: None,
            transaction_date: None,
            running_balance: of("b:").map(str::to_owned),
        }
    }

    fn line(row: &ObservedTransaction) -> String {
        let day = row.posted_date.map_or("pending".to_owned(), |day| day.to_string());
        let mut line = format!("{day} {} {}", row.amount, row.description);
        if row.rail != Rail::Unknown {
            line.push_str(&format!(" r:{}", row.rail));
        }
        let more = [("ref", &row.bank_reference), ("with", &row.counterparty_name), ("b", &row.running_balance)];
        for (mark, text) in more {
            line.extend(text.iter().map(|text| format!(" {mark}:{text}")));
        }
        line
    }

    /// A table and a file of October 2 to 4, and what they come to: rows, and how many only one of them has.
    #[track_caller]
    fn check(table: &[&str], file: &[&str], source: Source, expected: &[&str], only: (usize, usize)) {
        let rows = |texts: &[&str]| texts.iter().map(|text| row(text)).collect();
        let days = (Some(date(2026, 10, 2)), Some(date(2026, 10, 4)));
        let both = beside(rows(table), rows(file), days, Proof::Sums);
        assert_eq!(both.rows.iter().map(line).collect::<Vec<_>>(), expected);
        assert_eq!((both.source, both.only_in_file, both.only_in_table), (source, only.0, only.1));
    }

    #[test]
    fn a_table_with_every_row_of_the_file_stays_as_it_stands_and_gains_what_it_lacks() {
        check(
            &["pending -1 NEW", "2026-10-04 -4.50 tea r:card b:5", "2026-10-02 -2.00 RENT b:9.50", "2026-10-01 -7 OLD"],
            &["2026-10-02 -2.0 SEPA with:Landlord ref:F1", "2026-10-04 -4.5 TEA"],
            Source::Pages,
            &[
                "pending -1 NEW",
                "2026-10-04 -4.50 tea r:card b:5",
                "2026-10-02 -2.00 RENT with:Landlord b:9.50",
                "2026-10-01 -7 OLD",
            ],
            (0, 0),
        );
    }

    #[test]
    fn a_file_with_more_rows_counts_and_keeps_what_is_announced_or_outside_of_its_days() {
        check(
            &["pending -1 NEW", "2026-10-05 -3 LATER", "2026-10-04 -4.50 TEA r:card b:5"],
            &["2026-10-02 -2.00 RENT", "2026-10-04 -4.50 TEA"],
            Source::File,
            &["pending -1 NEW", "2026-10-05 -3 LATER", "2026-10-04 -4.50 TEA r:card", "2026-10-02 -2.00 RENT"],
            (1, 0),
        );
    }

    #[test]
    fn two_that_are_alike_stay_two_whichever_has_them() {
        let coffees = ["2026-10-03 -4.50 TEA", "2026-10-03 -4.50 TEA"];
        check(&coffees, &coffees, Source::Pages, &coffees, (0, 0));
        check(&coffees[..1], &coffees, Source::File, &coffees, (1, 0));
        check(&coffees, &coffees[..1], Source::Pages, &coffees, (0, 1));
    }

    #[test]
    fn what_the_file_lacks_of_its_days_is_told_and_what_both_have_in_other_words_is_one() {
        check(
            &["2026-10-03 -9 GONE", "2026-10-03 -4.50 TEA ROOM r:card"],
            &["2026-10-02 -2 RENT", "2026-10-03 -4.50 POS 17"],
            Source::File,
            &["2026-10-03 -4.50 POS 17 r:card", "2026-10-02 -2 RENT"],
            (1, 1),
        );
        // Which is which isn't known, so nothing goes from one to the other.
        check(
            &["2026-10-03 -4.50 A r:card", "2026-10-03 -4.50 B r:ach"],
            &["2026-10-03 -4.50 X with:Me", "2026-10-03 -4.50 Y with:You"],
            Source::Pages,
            &["2026-10-03 -4.50 A r:card", "2026-10-03 -4.50 B r:ach"],
            (0, 0),
        );
    }

    #[test]
    fn what_a_file_without_sums_lacks_stays_where_it_belongs() {
        let rows = |texts: &[&str]| texts.iter().map(|text| row(text)).collect();
        let table = rows(&["2026-10-04 -1 TODAY", "2026-10-03 -9 LATE", "2026-10-03 -4.50 TEA"]);
        let file = rows(&["2026-10-03 -4.50 TEA", "2026-10-02 -2 RENT"]);
        let both = beside(table, file, (Some(date(2026, 10, 2)), Some(date(2026, 10, 4))), Proof::Nothing);
        let expected = ["2026-10-04 -1 TODAY", "2026-10-03 -4.50 TEA", "2026-10-03 -9 LATE", "2026-10-02 -2 RENT"];
        assert_eq!(both.rows.iter().map(line).collect::<Vec<_>>(), expected);
        assert_eq!((both.source, both.only_in_file, both.only_in_table), (Source::File, 1, 2));
    }

    #[test]
    fn a_file_that_announces_is_believed_where_the_table_does_not() {
        check(
            &["2026-10-03 -4.50 TEA"],
            &["2026-10-03 -4.50 TEA", "pending -1 NEW"],
            Source::File,
            &["2026-10-03 -4.50 TEA", "pending -1 NEW"],
            (1, 0),
        );
        check(
            &["pending -2 NOW", "2026-10-03 -4.50 TEA"],
            &["2026-10-03 -4.50 TEA", "pending -1 NEW"],
            Source::Pages,
            &["pending -2 NOW", "2026-10-03 -4.50 TEA"],
            (0, 0),
        );
    }
}
