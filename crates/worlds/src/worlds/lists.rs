//! Worlds that differ in which part of the list a sync sees, and in which order.
//!
//! Not here: what happens to the rows (`accounts`), and what stands beside them (`references`).

use std::collections::HashMap;

use super::{Plan, usual_reach};
use crate::bank::books::later;
use crate::bank::life::QUIET_DAYS;
use crate::bank::portal::{Manners, Order, PLAIN, Reach};
use crate::world::{Scale, World};

/// Whether a portal says how many rows there are, and what is on the account after each.
const TALKATIVE: Manners = Manners { has_running_balances: true, announces_rows: true, ..PLAIN };

/// The ordinary life of business accounts. Card payments are announced on their day and booked one to four
/// days later, with a date in between; a fifth of those where people tip are booked with 10 to
/// 30 percent more, four in a hundred are dropped after two to seven days. One payment in twenty
/// comes two or three times on its day, equal in all that is shown, each with a fate of its own.
/// Eight in a hundred bookings show up one to four days after their date. The bank rewrites the
/// words of one in ten one to ten days later (`POS PURCHASE 1234 STARBUCKS` becomes
/// `STARBUCKS #1234 SEATTLE WA`) and moves the date of three in a hundred by one to three days.
/// A sync sees the dates of the last 60 to 90 days, or one time in ten the whole list. Two of
/// the four banks show the balance after each row and how many rows there are.
#[must_use]
pub fn base(seed: u64, scale: Scale) -> World {
    let mut plan = Plan::ordinary("base", seed, scale);
    plan.manners = [PLAIN, PLAIN, TALKATIVE, TALKATIVE];
    plan.world(usual_reach)
}

/// As `base`, but a sync sees the dates of the last two to twenty days, or the first 5 to 60
/// rows, cut where they are cut, also in the middle of a day. Each account is now and then not
/// read for a week, though never in the last two.
#[must_use]
pub fn partial_windows(seed: u64, scale: Scale) -> World {
    let mut plan = Plan::ordinary("partial_windows", seed, scale);
    plan.manners = [PLAIN, PLAIN, TALKATIVE, TALKATIVE];
    let gaps_end = later(plan.last(), -2 * QUIET_DAYS);
    let mut away = HashMap::new();
    plan.world(move |rng, account, day| {
        if day < gaps_end && rng.chance(2) {
            away.insert(account, later(day, 7).min(gaps_end));
        }
        if away.get(&account).is_some_and(|until| day < *until) {
            return None;
        }
        Some(if rng.chance(50) { Reach::Days(rng.between(2, 20)) } else { Reach::Rows(rng.count(5, 60)) })
    })
}

/// As `base`, but at each fetch the days come in another order, and so do the rows within each
/// of them: newest first, oldest first, announced ones at the bottom or among the others.
#[must_use]
pub fn reordered_days(seed: u64, scale: Scale) -> World {
    let mut plan = Plan::ordinary("reordered_days", seed, scale);
    plan.manners = plan.manners.map(|manners| Manners { order: Order::AnotherEachTime, ..manners });
    plan.world(usual_reach)
}

/// As `base`, but never the whole list, and one sync in five leaves out one page of 25 rows from
/// the middle of a list that has three or more, and says that it didn't see everything.
#[must_use]
pub fn missing_pages(seed: u64, scale: Scale) -> World {
    holed("missing_pages", seed, scale, Reach::WithoutPage)
}

/// As `missing_pages`, but the sync takes the list for whole, and nothing but the number of
/// rows that the portal announces, the balances and the chain of running balances (at two of
/// four banks) say otherwise.
#[must_use]
pub fn missing_pages_unnoticed(seed: u64, scale: Scale) -> World {
    holed("missing_pages_unnoticed", seed, scale, Reach::WithoutPageUnnoticed)
}

fn holed(name: &'static str, seed: u64, scale: Scale, without: fn(i64) -> Reach) -> World {
    let mut plan = Plan::ordinary(name, seed, scale);
    let counting = Manners { announces_rows: true, ..PLAIN };
    plan.manners = [counting, counting, TALKATIVE, TALKATIVE];
    plan.world(move |rng, _, _| {
        let days = rng.between(60, 90);
        Some(if rng.chance(20) { without(days) } else { Reach::Days(days) })
    })
}
