//! The chain of running balances: the balance after a row is the balance after the row
//! before it plus the row's amount.
//!
//! Lists run from the newest row to the oldest or the other way; where the dates don't
//! tell, both are tried. Within a day any order will do that chains (`day`). Rows without
//! a running balance are bridged by their amounts. Where every row of a day shows the
//! same balance, or one row alone shows any, it may be the one that the day ended with;
//! it is taken for that if the day doesn't chain otherwise.
//!
//! Not here: signs. Amounts come here with the sign that moves the balance.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::day::{Link, Start, arrange, breaks, start};
use super::{Break, Detail, End, Row};

/// Rows in the order in which they were booked, with what their balances say.
pub(super) struct Chain {
    /// The balance before the oldest row.
    pub(super) start: Decimal,
    /// The balance after the newest row.
    pub(super) end: Decimal,
    /// Each row's position and date, and the balance after it; oldest first.
    pub(super) steps: Vec<Step>,
    /// Where it breaks, oldest first.
    pub(super) breaks: Vec<Break>,
    /// Whether a day's rows had to be put into another order than the portal's.
    pub(super) is_reordered: bool,
}

/// A row of a chain.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) position: u32,
    pub(super) date: Date,
    pub(super) after: Decimal,
}

/// Walks the rows in each order that they could have been booked in, and keeps the one
/// with the fewest breaks. `balance` is what the newest row should lead to.
///
/// # Errors
/// Why there is no chain.
pub(super) fn chain(rows: &[Row], balance: Option<Decimal>) -> Result<Chain, Detail> {
    if rows.is_empty() {
        return Err(Detail::NoRows);
    }
    if rows.iter().all(|row| row.running_balance.is_none()) {
        return Err(Detail::NotShown);
    }
    let dates = || rows.iter().map(|row| row.date);
    let (falls, rises) = (dates().is_sorted_by(|one, next| one >= next), dates().is_sorted());
    let mut directions: Vec<Vec<Row>> = Vec::new();
    if falls || !rises {
        directions.push(rows.iter().rev().copied().collect());
    }
    if rises || !falls {
        directions.push(rows.to_vec());
    }
    // Where rows of one day show a balance now and then, both directions may chain.
    let faults = |found: &Chain| (found.breaks.len(), balance.is_some_and(|balance| balance != found.end));
    let mut best: Option<Chain> = None;
    let mut keep = |found: Chain| {
        let is_better = best.as_ref().is_none_or(|best| faults(&found) < faults(best));
        if is_better {
            best = Some(found);
        }
        best.as_ref().is_some_and(|best| faults(best) == (0, false))
    };
    for rows in &directions {
        if keep(follow(rows, false)?) {
            break;
        }
    }
    for rows in &directions {
        if keep(follow(&by_day(rows, balance)?, true)?) {
            break;
        }
    }
    best.ok_or(Detail::NoRows)
}

/// Follows rows from the oldest to the newest.
fn follow(rows: &[Row], is_reordered: bool) -> Result<Chain, Detail> {
    let mut before_first = Decimal::ZERO;
    for row in rows {
        before_first = sum(before_first, row.amount)?;
        if let Some(shown) = row.running_balance {
            before_first = sum(shown, -before_first)?;
            break;
        }
    }
    let (mut balance, mut shown_at) = (before_first, None);
    let (mut steps, mut breaks) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        balance = sum(balance, row.amount)?;
        if let Some(shown) = row.running_balance {
            let gap = sum(shown, -balance)?;
            if let (false, Some(shown_at)) = (gap.is_zero(), shown_at) {
                breaks.push(Break { between: (End::Row(shown_at), End::Row(row.position)), gap });
            }
            (balance, shown_at) = (shown, Some(row.position));
        }
        steps.push(Step { position: row.position, date: row.date, after: balance });
    }
    Ok(Chain { start: before_first, end: balance, steps, breaks, is_reordered })
}

/// The rows by date, those of each day in an order that chains with the days around it.
fn by_day(rows: &[Row], balance: Option<Decimal>) -> Result<Vec<Row>, Detail> {
    let mut days: BTreeMap<Date, Vec<Row>> = BTreeMap::new();
    for row in rows {
        days.entry(row.date).or_default().push(*row);
    }
    let days = days.into_values().map(Day::of).collect::<Result<Vec<Day>, Detail>>()?;

    // What each day has to begin with, as far as it and those after it say.
    let mut wanted = Vec::with_capacity(days.len());
    let mut next = balance;
    for day in days.iter().rev() {
        let here = if day.links.is_empty() {
            next.map(|next| sum(next, -day.total)).transpose()?
        } else {
            match start(&day.pairs()) {
                Start::At(value) => Some(value),
                Start::Anywhere => next.filter(|next| day.links.iter().any(|link| link.pair.before == *next)),
                Start::Nowhere => None,
            }
        };
        wanted.push(next);
        next = here;
    }
    wanted.reverse();

    let mut ordered = Vec::with_capacity(rows.len());
    // The oldest day begins with what it has to, if that is sure.
    let mut before = None;
    for (day, end) in days.into_iter().zip(wanted) {
        before = match (day.links.is_empty(), before) {
            (true, Some(before)) => Some(sum(before, day.total)?),
            (true, None) => None,
            (false, before) => Some(day.order(before, end, &mut ordered)?),
        };
        if day.links.is_empty() {
            ordered.extend(day.rows);
        }
    }
    Ok(ordered)
}

struct Day {
    rows: Vec<Row>,
    links: Vec<Bridge>,
    total: Decimal,
}

/// A link and which of the day's rows it is made of.
struct Bridge {
    pair: Link,
    rows: std::ops::Range<usize>,
}

impl Day {
    fn of(rows: Vec<Row>) -> Result<Self, Detail> {
        let (mut links, mut total): (Vec<Bridge>, _) = (Vec::new(), Decimal::ZERO);
        let (mut open, mut bridged) = (0, Decimal::ZERO);
        for (index, row) in rows.iter().enumerate() {
            total = sum(total, row.amount)?;
            bridged = sum(bridged, row.amount)?;
            if let Some(after) = row.running_balance {
                let pair = Link { before: sum(after, -bridged)?, after };
                links.push(Bridge { pair, rows: open..index + 1 });
                (open, bridged) = (index + 1, Decimal::ZERO);
            }
        }
        // Rows after the last one that shows a balance go on from it.
        if let Some(last) = links.last_mut() {
            last.pair.after = sum(last.pair.after, bridged)?;
            last.rows.end = rows.len();
        }
        Ok(Self { rows, links, total })
    }

    fn pairs(&self) -> Vec<Link> {
        self.links.iter().map(|link| link.pair).collect()
    }

    /// Adds the day's rows in order; the result is the balance that it ends with.
    fn order(&self, before: Option<Decimal>, end: Option<Decimal>, ordered: &mut Vec<Row>) -> Result<Decimal, Detail> {
        let pairs = self.pairs();
        let order = arrange(&pairs, before, end);
        let count = breaks(&pairs, &order, before, end);
        // Before the oldest day nothing is known that a row that was read twice would contradict.
        let may_close = before.is_some() || !self.has_twins();
        if count > 0
            && let Some(closing) = self.closing().filter(|_| may_close)
        {
            let whole = [Link { before: sum(closing, -self.total)?, after: closing }];
            if breaks(&whole, &[0], before, end) < count {
                let silent = self.rows.iter().map(|row| Row { running_balance: None, ..*row });
                ordered.extend(silent);
                if let Some(last) = ordered.last_mut() {
                    last.running_balance = Some(closing);
                }
                return Ok(closing);
            }
        }
        let mut after = before.unwrap_or_default();
        for link in order.iter().filter_map(|&index| self.links.get(index)) {
            ordered.extend(self.rows.get(link.rows.clone()).unwrap_or_default());
            after = link.pair.after;
        }
        Ok(after)
    }

    /// Whether two rows are equal.
    fn has_twins(&self) -> bool {
        let mut shown: Vec<_> = self.rows.iter().map(|row| (row.amount, row.running_balance)).collect();
        shown.sort_unstable();
        !shown.is_sorted_by(|one, next| one < next)
    }

    /// The one balance that rows of the day show.
    fn closing(&self) -> Option<Decimal> {
        let mut shown = self.rows.iter().filter_map(|row| row.running_balance);
        let first = shown.next()?;
        shown.all(|other| other == first).then_some(first)
    }
}

pub(super) fn sum(one: Decimal, other: Decimal) -> Result<Decimal, Detail> {
    one.checked_add(other).ok_or(Detail::TooLarge)
}
