//! What amounts become, so that what follows from them follows still: a running balance is the one before it and the amount
//! beside it, the balance in a list of accounts is the latest of these, a sum is the sum of what its parts became.
//!
//! An amount becomes another with as many digits, the same wherever it stands. Where running balances change their sign that can't
//! be kept, as nobody knows how a page writes the other one: there amounts and balances become as many times as much, by a
//! factor that nobody knows, with the amounts as the differences of rounded balances.
//!
//! Not here: finding amounts in a text.

use std::collections::BTreeMap;

use domain::account::ObservedAccount;
use domain::transaction::ObservedTransaction;
use rust_decimal::Decimal;

use super::Key;
use crate::rehearse::PageRead;

/// What sizes become, each in the order of the pages.
#[derive(Debug, Default)]
pub(in crate::scrub) struct Amounts {
    become_in_order: BTreeMap<Decimal, Vec<Decimal>>,
}

/// A row: what it moves, and the balance after it.
#[derive(Clone, Copy)]
struct Row {
    amount: Decimal,
    balance: Option<Decimal>,
}

/// In which order rows stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

impl Amounts {
    /// Of what a script reads on the pages, in their order.
    pub(in crate::scrub) fn of(key: Key, pages: &[PageRead]) -> Self {
        let mut amounts = Self::default();
        let mut lists: Vec<Vec<Vec<Row>>> = Vec::new();
        for page in pages {
            let rows: Vec<Row> = page.transactions.iter().flatten().filter_map(row).collect();
            match lists.last_mut() {
                Some(list) if list.last().is_some_and(|before| goes_on(before, &rows)) => list.push(rows),
                _ => lists.push(vec![rows]),
            }
        }
        for (place, list) in lists.iter().enumerate() {
            amounts.add_rows(key, place, list);
        }
        for page in pages {
            let accounts: Vec<&ObservedAccount> = page.accounts.iter().flatten().collect();
            let balances: [fn(&ObservedAccount) -> Option<&str>; 2] =
                [|account| account.current_balance.as_deref(), |account| account.available_balance.as_deref()];
            for balance in balances {
                let all: Vec<Decimal> = accounts.iter().filter_map(|account| number(balance(account)?)).collect();
                amounts.add_sum(key, &all);
            }
        }
        amounts
    }

    /// What each size becomes; several things, in order, where it became several.
    pub(super) fn sizes(self) -> BTreeMap<Decimal, Vec<Decimal>> {
        let mut sizes = self.become_in_order;
        for several in sizes.values_mut() {
            if several.iter().all(|one| Some(one) == several.first()) {
                several.truncate(1);
            }
        }
        sizes
    }

    /// Adds a list by its pages.
    fn add_rows(&mut self, key: Key, list: usize, pages: &[Vec<Row>]) {
        let rows = &pages.concat();
        let order = order(rows);
        let signs: Vec<bool> = rows.iter().filter_map(|row| Some(row.balance?.is_sign_negative())).collect();
        let has_nought = rows.iter().any(|row| row.balance.is_some_and(|balance| balance.is_zero()));
        let is_mixed = has_nought || signs.iter().any(|sign| Some(sign) != signs.first());
        let made = match is_mixed {
            false => made_anew(key, rows, order),
            true => made_larger(key, list, rows, order),
        };
        for (row, made) in rows.iter().zip(&made) {
            self.add(row.amount, made.amount);
            if let (Some(balance), Some(made)) = (row.balance, made.balance) {
                self.add(balance, made);
            }
        }
        // A sum is one of a page or one of the list.
        let mut begins = 0;
        let ends = pages.iter().map(|page| {
            let part = begins..begins + page.len();
            begins = part.end;
            part
        });
        let parts: Vec<std::ops::Range<usize>> = ends.chain(std::iter::once(0..rows.len())).collect();
        for part in parts {
            let (Some(rows), Some(made)) = (rows.get(part.clone()), made.get(part)) else { continue };
            for of in [Decimal::is_sign_positive, Decimal::is_sign_negative, |_: &Decimal| true] {
                let sum = |rows: &[Row], kept: &[Row]| -> Decimal {
                    let both = rows.iter().zip(kept).filter(|(_, kept)| of(&kept.amount));
                    both.map(|(row, _)| row.amount).sum()
                };
                let (before, after) = (sum(rows, rows), sum(made, rows));
                self.add_unknown(before, after);
            }
        }
    }

    /// Balances of accounts and what they come to together.
    fn add_sum(&mut self, key: Key, all: &[Decimal]) {
        let after = |size: &Decimal| {
            let known = self.become_in_order.get(&plain(*size)).and_then(|sizes| sizes.last());
            let made = known.copied().unwrap_or_else(|| other(key, *size));
            if size.is_sign_negative() { -made.abs() } else { made.abs() }
        };
        let made: Vec<Decimal> = all.iter().map(after).collect();
        for (size, made) in all.iter().zip(&made) {
            self.add_unknown(*size, *made);
        }
        if all.len() > 1 {
            self.add_unknown(all.iter().sum(), made.iter().sum());
        }
    }

    fn add(&mut self, before: Decimal, after: Decimal) {
        self.become_in_order.entry(plain(before)).or_default().push(after.abs().normalize());
    }

    /// The same of what stands anywhere, and only where nothing is known of it.
    fn add_unknown(&mut self, before: Decimal, after: Decimal) {
        if !before.is_zero() {
            self.become_in_order.entry(plain(before)).or_insert_with(|| vec![after.abs().normalize()]);
        }
    }
}

/// A size as another with as many digits; nought stays.
pub(super) fn other(key: Key, size: Decimal) -> Decimal {
    let size = plain(size);
    let digits = u32::try_from(size.mantissa().to_string().len()).unwrap_or(1).min(18);
    if size.is_zero() {
        return size;
    }
    let least = 10_u64.pow(digits - 1);
    (0..16)
        .map(|turn| {
            let mantissa = least + key.below("amount", &format!("{turn}{size}"), 9 * least);
            Decimal::from_i128_with_scale(i128::from(mantissa), size.scale())
        })
        .find(|made| plain(*made) != size)
        .unwrap_or(size)
}

fn plain(size: Decimal) -> Decimal {
    size.abs().normalize()
}

fn number(text: &str) -> Option<Decimal> {
    text.parse().ok()
}

fn row(transaction: &ObservedTransaction) -> Option<Row> {
    let balance = transaction.running_balance.as_deref().and_then(number);
    Some(Row { amount: number(&transaction.amount)?, balance })
}

/// Whether a page of rows is the next one of the list that another is of, as its balances say.
fn goes_on(before: &[Row], rows: &[Row]) -> bool {
    let (Some(last), Some(first)) = (before.last(), rows.first()) else { return false };
    match order(before) {
        Order::NewestFirst => first.leads_to(last),
        Order::OldestFirst => last.leads_to(first),
    }
}

/// The order in which more balances follow from the ones before.
fn order(rows: &[Row]) -> Order {
    let (forth, back) = rows.windows(2).fold((0, 0), |(forth, back), pair| match pair {
        [first, second] => (forth + usize::from(first.leads_to(second)), back + usize::from(second.leads_to(first))),
        _ => (forth, back),
    });
    if forth > back { Order::OldestFirst } else { Order::NewestFirst }
}

impl Row {
    /// Whether the balance of a later row follows from this one's.
    fn leads_to(&self, later: &Self) -> bool {
        self.balance.zip(later.balance).is_some_and(|(before, after)| before + later.amount == after)
    }

    fn with_sign_of(size: Decimal, sign: Decimal) -> Decimal {
        if sign.is_sign_negative() { -size } else { size }
    }
}

/// Rows from the oldest to the newest, however they stand; what is made of them stands as they do.
fn in_time(rows: &[Row], order: Order, make: impl FnOnce(&[Row]) -> Vec<Row>) -> Vec<Row> {
    let mut rows = rows.to_vec();
    if order == Order::NewestFirst {
        rows.reverse();
    }
    let mut made = make(&rows);
    if order == Order::NewestFirst {
        made.reverse();
    }
    made
}

/// Other amounts, and the balances that come of them, which all keep the sign that they share.
fn made_anew(key: Key, rows: &[Row], order: Order) -> Vec<Row> {
    in_time(rows, order, |rows| {
        let mut made: Vec<Row> = Vec::with_capacity(rows.len());
        // Where a chain begins that doesn't follow from the row before.
        let mut begins = 0;
        for (at, row) in rows.iter().enumerate() {
            let amount = Row::with_sign_of(other(key, row.amount), row.amount);
            let before = at.checked_sub(1).and_then(|before| Some((rows.get(before)?, made.get(before)?.balance)));
            let follows = before.filter(|(before, _)| before.leads_to(row)).and_then(|(_, balance)| balance);
            let balance = row.balance.map(|balance| match follows {
                Some(before) => before + amount,
                None => Row::with_sign_of(other(key, balance), balance),
            });
            if follows.is_none() {
                raise(&mut made, begins, rows);
                begins = at;
            }
            made.push(Row { amount, balance });
        }
        raise(&mut made, begins, rows);
        made
    })
}

/// Moves the balances of a chain away from nought until all of them have their sign.
fn raise(made: &mut [Row], begins: usize, rows: &[Row]) {
    let sign = rows.get(begins).and_then(|row| row.balance).unwrap_or(Decimal::ONE);
    let chain = made.get_mut(begins..).unwrap_or_default();
    let away = |balance: Decimal| if sign.is_sign_negative() { -balance } else { balance };
    let least = chain.iter().filter_map(|row| row.balance).map(away).min();
    let Some(least) = least.filter(|least| *least <= Decimal::ZERO) else { return };
    // As far beyond as the lowest is short, so that it stays a balance like the others.
    let step = Row::with_sign_of(Decimal::ONE - least - least, sign);
    for balance in chain.iter_mut().filter_map(|row| row.balance.as_mut()) {
        *balance += step;
    }
}

/// Balances as many times as large, and the amounts that lie between them.
fn made_larger(key: Key, list: usize, rows: &[Row], order: Order) -> Vec<Row> {
    let scale = rows.iter().flat_map(|row| [Some(row.amount), row.balance]).flatten().map(|size| size.scale()).max();
    // At least twice as much, so that no difference vanishes, turns around or stays.
    let factor =
        Decimal::from_i128_with_scale(i128::from(2_000_000 + key.below("factor", &list.to_string(), 7_000_000)), 6);
    let larger = |size: Decimal| (size * factor).round_dp(scale.unwrap_or(0));
    in_time(rows, order, |rows| {
        let made = |(at, row): (usize, &Row)| {
            let before = at.checked_sub(1).and_then(|before| rows.get(before)).filter(|before| before.leads_to(row));
            let between = before.and_then(|before| Some(larger(row.balance?) - larger(before.balance?)));
            Row { amount: between.unwrap_or_else(|| larger(row.amount)), balance: row.balance.map(larger) }
        };
        rows.iter().enumerate().map(made).collect()
    })
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{Key, Row, made_anew, made_larger, order, other};

    fn rows(texts: &[(&str, &str)]) -> Vec<Row> {
        let number = |text: &str| text.parse::<Decimal>().ok();
        texts
            .iter()
            .map(|(amount, balance)| Row { amount: number(amount).unwrap_or_default(), balance: number(balance) })
            .collect()
    }

    fn check(before: &[Row], after: &[Row]) {
        for (before, after) in before.windows(2).zip(after.windows(2)) {
            // What didn't follow may do so by chance.
            assert!(!before[1].leads_to(&before[0]) || after[1].leads_to(&after[0]), "the chain");
            assert!(!before[0].leads_to(&before[1]) || after[0].leads_to(&after[1]), "the chain");
        }
        for (before, after) in before.iter().zip(after) {
            assert_eq!(before.amount.is_sign_negative(), after.amount.is_sign_negative());
            assert_eq!(before.amount.is_zero(), after.amount.is_zero());
            let sign = |row: &Row| row.balance.map(|balance| (balance.is_zero(), balance.is_sign_negative()));
            assert_eq!(sign(before), sign(after));
            assert!(before.amount.is_zero() || before.amount != after.amount, "{}", before.amount);
        }
    }

    #[test]
    fn balances_follow_from_what_amounts_became_and_keep_their_sign() {
        for seed in 0..50_u8 {
            let key = Key::new(&[seed]);
            let newest_first = rows(&[
                ("-1250.00", "8950.50"),
                ("1200.5", "10200.50"),
                ("-7.00", "9000.00"),
                ("0.00", "9007.00"),
                ("3", ""),
            ]);
            check(&newest_first, &made_anew(key, &newest_first, order(&newest_first)));
            // A line in the middle doesn't follow.
            let owed = rows(&[("-10.00", "-10.00"), ("-5.00", "-15.00"), ("-1.00", "-99.00"), ("4.00", "-95.00")]);
            check(&owed, &made_anew(key, &owed, order(&owed)));
            let mixed = rows(&[("-10.00", "-4.00"), ("4.00", "0.00"), ("0.01", "0.01"), ("90.00", "90.01")]);
            check(&mixed, &made_larger(key, 0, &mixed, order(&mixed)));
        }
    }

    #[test]
    fn an_amount_becomes_another_with_as_many_digits() {
        let key = Key::new(b"one");
        for size in ["5", "0.05", "1250", "1250.5", "99999999999.99"] {
            let size: Decimal = size.parse().expect("a number");
            let made = other(key, size);
            assert_eq!(made.mantissa().to_string().len(), size.normalize().mantissa().to_string().len());
            assert_eq!((made == size, other(key, -size)), (false, made));
        }
        assert_eq!(other(key, Decimal::ZERO), Decimal::ZERO);
    }
}
