//! Worlds that differ in what the bank does to rows and accounts.
//!
//! Not here: which rows are seen (`lists`), and what stands beside them (`references`).

use domain::transaction::Rail;
use jiff::civil::Date;

use super::{Plan, usual_reach};
use crate::bank::books::{CURRENCY, Face, TrueRow, later};
use crate::bank::life::{Habits, Life, ORDINARY, QUIET_DAYS};
use crate::bank::portal::{Manners, PLAIN, Reach, Rewording};
use crate::rng::Rng;
use crate::world::{INSTITUTIONS, Scale, World};

/// As `base`, but in the middle of the time each bank changes all of its words by a rule, also
/// those of old rows: one puts `TXN - ` before them, one writes capitals where it wrote small
/// letters, one cuts them at 22 characters, one adds each row's own number.
#[must_use]
pub fn renamed_bank(seed: u64, scale: Scale) -> World {
    let mut plan = Plan::ordinary("renamed_bank", seed, scale);
    let since = later(plan.start(), plan.days / 2);
    let rules = [Rewording::Prefix, Rewording::Capitals, Rewording::Cut, Rewording::Numbered];
    plan.manners = rules.map(|rule| Manners { rewording: Some((since, rule)), ..PLAIN });
    plan.world(usual_reach)
}

/// As `base`, but in the middle of the time each second account vanishes, and its rows with all
/// of their history show up under the account before it, between that one's own.
#[must_use]
pub fn merged_accounts(seed: u64, scale: Scale) -> World {
    let plan = Plan::ordinary("merged_accounts", seed, scale);
    let since = later(plan.start(), plan.days / 2);
    let mut world = plan.world(usual_reach);
    world.visits.retain(|visit| visit.day < since || visit.account % 2 == 0);
    for visit in world.visits.iter_mut().filter(|visit| visit.day >= since) {
        visit.books = visit.account..visit.account + 2;
    }
    world
}

/// As `base`, but half of the card payments are made abroad. Seven in ten of them are announced
/// with an estimate in the account's currency, the others in the foreign one. They are booked
/// in the account's currency, with up to three percent more or less than the estimate, and with
/// other words around the merchant's name.
#[must_use]
pub fn card_conversion(seed: u64, scale: Scale) -> World {
    let mut plan = Plan::ordinary("card_conversion", seed, scale);
    plan.habits = Habits { abroad: 50, ..ORDINARY };
    plan.world(usual_reach)
}

/// One account with the ordinary life of ten years. The first sync, after nine of them, sees
/// the whole list; from then on each day's sync sees the dates of the last 90 days. Balances
/// stand beside the rows.
#[must_use]
pub fn ten_years(seed: u64, scale: Scale) -> World {
    let (history, days) = match scale {
        Scale::Test => (300, 30),
        Scale::Full => (9 * 365, 365),
    };
    let ordinary = Plan::ordinary("ten_years", seed, scale);
    let mut plan = Plan { accounts: 1, history, days, ..ordinary };
    plan.habits = Habits { payments: 274, ..ORDINARY };
    plan.manners = [Manners { has_running_balances: true, ..PLAIN }; INSTITUTIONS];
    let start = plan.start();
    plan.world(move |_, _, day| Some(if day == start { Reach::Whole } else { Reach::Days(90) }))
}

/// A processor's account with 200 payments on each day, four in five of 9.99 and all of them
/// under one of two texts. Half are announced on their day and booked on the next, with either
/// date; of those one in a hundred is dropped after two days. Of the others two in a hundred
/// are booked one to three days late. A sync sees the dates of the last 14 days.
#[must_use]
pub fn busy(seed: u64, scale: Scale) -> World {
    let (history, days, payments) = match scale {
        Scale::Test => (5, 12, 30),
        Scale::Full => (20, 40, 200),
    };
    let plan = Plan { accounts: 1, history, days, ..Plan::ordinary("busy", seed, scale) };
    let rows = move |rng: &mut Rng, first: Date, last: Date| {
        let mut rows = Vec::new();
        let mut day = first;
        while day <= last {
            rows.extend((0..payments).map(|_| subscription(rng, day, last)));
            day = later(day, 1);
        }
        rows
    };
    plan.world_of(|_, _, _| Some(Reach::Days(14)), rows)
}

fn subscription(rng: &mut Rng, day: Date, last: Date) -> TrueRow {
    let cents = if rng.chance(80) { 999 } else { rng.pick(&[499, 1_999]) };
    let words = rng.pick(&["SUBSCRIPTION PLAN A", "SUBSCRIPTION RENEWAL"]).to_owned();
    let is_booked = rng.chance(50);
    let face = Face { is_booked, date: day, cents, currency: CURRENCY, words, rail: Rail::Card, rank: rng.next() };
    if is_booked {
        let late = if rng.chance(2) { rng.between(1, 3) } else { 0 };
        return TrueRow::since(later(day, late), face);
    }
    let mut row = TrueRow::since(day, face);
    if rng.chance(1) && later(day, 2 + QUIET_DAYS) <= last {
        row.withdrawn(later(day, 2));
        return row;
    }
    let (shift, rank) = (rng.between(0, 1), rng.next());
    row.then(1, |face, _| *face = Face { is_booked: true, date: later(day, shift), rank, ..face.clone() });
    row
}

/// As `base`, but the bank corrects six in a hundred of its bookings, each in one of four ways:
/// the row is withdrawn after one to three days, as if it had never been; its amount is another
/// one on the next day; it stays, and one to five days later a reversal of it and the right
/// amount are booked; it is withdrawn, and in its place come two new rows that cancel each
/// other, with the date of the correction, five days or more after its own. Balances stand
/// beside the rows.
#[must_use]
pub fn corrections(seed: u64, scale: Scale) -> World {
    let mut plan = Plan::ordinary("corrections", seed, scale);
    plan.manners = [Manners { has_running_balances: true, ..PLAIN }; INSTITUTIONS];
    let life = |rng: &mut Rng, first, last| {
        let mut rows = Life { rng, habits: ORDINARY, first, last }.rows();
        for place in 0..rows.len() {
            if rng.chance(6) {
                let more = correct(&mut rows[place], rng, last);
                rows.extend(more);
            }
        }
        rows
    };
    plan.world_of(usual_reach, life)
}

/// Corrects a booking, and gives the rows that this adds.
fn correct(row: &mut TrueRow, rng: &mut Rng, last: Date) -> Vec<TrueRow> {
    let Some((since, face)) = row.last().filter(|(_, face)| face.is_booked) else { return Vec::new() };
    let face = face.clone();
    let booked = |rng: &mut Rng, date: Date, cents: i64, words: String| {
        TrueRow::since(date, Face { date, cents, words, rank: rng.next(), ..face.clone() })
    };
    // Never so wrong that the money went the other way.
    let errors: &[i64] = if face.cents.abs() > 900 { &[-900, -90, -9, 9, 90, 900] } else { &[-90, -9, 9, 90] };
    let (way, error) = (rng.between(0, 3), rng.pick(errors));
    let can_withdraw = |on: Date| later(on, QUIET_DAYS) <= last;
    match way {
        0 => {
            let on = later(since, rng.between(1, 3));
            if can_withdraw(on) {
                row.withdrawn(on);
            }
            Vec::new()
        }
        1 => {
            row.then(1, |face, _| face.cents += error);
            Vec::new()
        }
        2 => {
            let on = later(since, rng.between(1, 5));
            let reversal = booked(rng, on, -face.cents, format!("REVERSAL {}", face.words));
            vec![reversal, booked(rng, on, face.cents + error, face.words.clone())]
        }
        _ => {
            let on = later(since.max(later(face.date, 5)), rng.between(0, 3));
            if !can_withdraw(on) || on <= since {
                return Vec::new();
            }
            row.withdrawn(on);
            let pair = [face.cents, -face.cents];
            pair.into_iter().map(|cents| booked(rng, on, cents, format!("CANCELLED {}", face.words))).collect()
        }
    }
}
