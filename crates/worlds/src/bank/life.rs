//! The ordinary life of a business account: card payments that are announced before they are
//! booked, payrolls, transfers, checks and fees, with all that banks do to them afterwards.
//!
//! Not here: what only one world's bank does; that is in `worlds`.

use domain::transaction::Rail;
use jiff::civil::Date;

use super::books::{CURRENCY, Face, TrueRow, later};
use crate::rng::Rng;

/// For how long before the end nothing is withdrawn, in days, so that whoever waits for a
/// second look before removing a row has had it.
pub(crate) const QUIET_DAYS: i64 = 7;

/// How often what happens, in percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Payments in a hundred days.
    pub(crate) payments: i64,
    /// Payments that are made by card.
    pub(crate) card: i64,
    /// Card payments abroad.
    pub(crate) abroad: i64,
    /// Announced payments that the bank drops.
    pub(crate) dropped: i64,
    /// Payments that come twice or three times on one day, each with a fate of its own.
    pub(crate) twin: i64,
    /// Bookings that show up some days after their date.
    pub(crate) late: i64,
    /// Bookings whose words the bank rewrites later.
    pub(crate) renamed: i64,
    /// Bookings whose date the bank moves later, by three days at most.
    pub(crate) redated: i64,
}

/// What nearly every bank does, as often as business accounts see it.
pub(crate) const ORDINARY: Habits =
    Habits { payments: 205, card: 60, abroad: 0, dropped: 4, twin: 5, late: 8, renamed: 10, redated: 3 };

/// A merchant with its city, its usual prices, and whether people tip there.
type Merchant = (&'static str, &'static str, &'static [i64], bool);

const MERCHANTS: [Merchant; 10] = [
    ("STARBUCKS", "SEATTLE WA", &[450, 525, 675], true),
    ("BLUE BOTTLE COFFEE", "OAKLAND CA", &[500, 550], true),
    ("OFFICE DEPOT", "AUSTIN TX", &[], false),
    ("SHELL OIL", "RENO NV", &[], false),
    ("UBER TRIP", "SAN FRANCISCO CA", &[], true),
    ("CHIPOTLE", "DENVER CO", &[1195, 1285], true),
    ("LA TRATTORIA", "BOSTON MA", &[], true),
    ("AMAZON MKTPL", "SEATTLE WA", &[], false),
    ("HOME DEPOT", "ATLANTA GA", &[], false),
    ("USPS PO", "PORTLAND OR", &[980, 1450], false),
];

const ABROAD: [(&str, &str); 5] = [
    ("CAFE DE FLORE", "PARIS"),
    ("HOTEL ADLON", "BERLIN"),
    ("TRENITALIA", "ROMA"),
    ("FNAC", "LYON"),
    ("MEDIA MARKT", "WIEN"),
];

const PARTIES: [&str; 8] =
    ["Acme Inc", "Omega LLC", "Northwind Traders", "Globex", "Initech", "Contoso Ltd", "Stark Supply", "City Power"];

/// The life of one account from its first day to the last one of the world.
pub(crate) struct Life<'a> {
    pub(crate) rng: &'a mut Rng,
    pub(crate) habits: Habits,
    pub(crate) first: Date,
    pub(crate) last: Date,
}

impl Life<'_> {
    /// Every row of it, in the order of the payments.
    pub(crate) fn rows(&mut self) -> Vec<TrueRow> {
        let mut rows = Vec::new();
        let (mut day, mut due) = (self.first, 0);
        while day <= self.last {
            // More on some days, fewer on others, and as many as the habit says on average.
            due += self.rng.between(0, 2 * self.habits.payments);
            while due >= 100 {
                due -= 100;
                self.pay(day, &mut rows);
            }
            day = later(day, 1);
        }
        rows
    }

    /// One payment, or a few equal ones.
    fn pay(&mut self, day: Date, rows: &mut Vec<TrueRow>) {
        let by_card = self.rng.chance(self.habits.card);
        let times = match self.rng.chance(self.habits.twin) {
            true => self.rng.count(2, 3),
            false => 1,
        };
        if by_card && self.rng.chance(self.habits.abroad) {
            return rows.push(self.abroad(day));
        }
        if by_card {
            let (merchant, till) = (self.rng.pick(&MERCHANTS), self.rng.between(1000, 9999));
            let cents = match merchant.2 {
                [] => self.rng.between(300, 60_000),
                prices => self.rng.pick(prices),
            };
            let rows_of_it = (0..times).map(|_| self.card(day, merchant, till, -cents));
            return rows.extend(rows_of_it.collect::<Vec<_>>());
        }
        let direct = self.direct(day);
        for _ in 0..times {
            let face = Face { rank: self.rng.next(), ..direct.clone() };
            let late = if self.rng.chance(self.habits.late) { self.rng.between(1, 4) } else { 0 };
            let mut row = TrueRow::since(later(day, late), face);
            self.afterwards(&mut row, |words| format!("{words} ENTRY ADVICE"));
            rows.push(row);
        }
    }

    /// A transfer, a payroll, a check or a fee: booked without having been announced.
    fn direct(&mut self, date: Date) -> Face {
        let (party, number) = (self.rng.pick(&PARTIES), self.rng.between(100, 9999));
        let (words, rail, low, high) = match self.rng.between(0, 5) {
            0 => (format!("ACH CREDIT {party} INVOICE {number}"), Rail::Ach, 5_000, 900_000),
            1 => (format!("ACH DEBIT {party}"), Rail::Ach, -200_000, -1_000),
            2 => (format!("WIRE IN {party}"), Rail::Wire, 100_000, 5_000_000),
            3 => (format!("CHECK {number}"), Rail::Check, -300_000, -2_000),
            4 => ("MONTHLY SERVICE FEE".to_owned(), Rail::Fee, -1_500, -1_500),
            _ => (format!("PAYROLL {party}"), Rail::Ach, -800_000, -150_000),
        };
        let cents = self.rng.between(low, high);
        Face { is_booked: true, date, cents, currency: CURRENCY, words, rail, rank: self.rng.next() }
    }

    /// A card payment: announced, then booked with a date between the two days, with a tip
    /// perhaps, or dropped.
    fn card(&mut self, day: Date, (name, city, _, tipped): Merchant, till: i64, cents: i64) -> TrueRow {
        let words = format!("POS PURCHASE {till} {name}");
        let announced = Face {
            is_booked: false,
            date: day,
            cents,
            currency: CURRENCY,
            words,
            rail: Rail::Card,
            rank: self.rng.next(),
        };
        let mut row = TrueRow::since(day, announced);
        let dropped = later(day, self.rng.between(2, 7));
        if self.rng.chance(self.habits.dropped) && later(dropped, QUIET_DAYS) <= self.last {
            row.withdrawn(dropped);
            return row;
        }
        let percent = if tipped && self.rng.chance(20) { self.rng.between(110, 130) } else { 100 };
        self.booked(&mut row, |face| face.cents = face.cents * percent / 100);
        self.afterwards(&mut row, |_| format!("{name} #{till} {city}"));
        row
    }

    /// A card payment abroad: announced with an estimate, or in the foreign currency, and
    /// booked with what the conversion made of it.
    fn abroad(&mut self, day: Date) -> TrueRow {
        let (name, city) = self.rng.pick(&ABROAD);
        let (foreign, estimate) = (self.rng.between(500, 40_000), self.rng.between(1_040, 1_120));
        let home = -(foreign * estimate / 1_000);
        let (cents, currency) = if self.rng.chance(30) { (-foreign, "EUR") } else { (home, CURRENCY) };
        let words = format!("{name} {city}");
        let announced =
            Face { is_booked: false, date: day, cents, currency, words, rail: Rail::Card, rank: self.rng.next() };
        let mut row = TrueRow::since(day, announced);
        let (permille, rate) = (self.rng.between(970, 1_030), self.rng.between(1_040, 1_120));
        self.booked(&mut row, |face| {
            face.cents = home * permille / 1_000;
            face.currency = CURRENCY;
            face.words = format!("INTL {name} EUR {}.{:02} RATE 1.{rate}", foreign / 100, foreign % 100);
        });
        row
    }

    /// The bank books what it has announced.
    fn booked(&mut self, row: &mut TrueRow, change: impl FnOnce(&mut Face)) {
        let (after, back, rank) = (self.rng.between(1, 4), self.rng.between(0, 3), self.rng.next());
        row.then(after, |face, on| {
            // Never before the payment itself.
            *face = Face { is_booked: true, date: later(on, -back.min(after)), rank, ..face.clone() };
            change(face);
        });
    }

    /// What the bank does to bookings afterwards.
    fn afterwards(&mut self, row: &mut TrueRow, rewrite: impl FnOnce(&str) -> String) {
        if self.rng.chance(self.habits.renamed) {
            row.then(self.rng.between(1, 10), |face, _| face.words = rewrite(&face.words));
        }
        if self.rng.chance(self.habits.redated) {
            let by = self.rng.pick(&[-3, -2, -1, 1, 2, 3]);
            row.then(self.rng.between(1, 5), |face, on| face.date = later(face.date, by).min(on));
        }
    }
}
