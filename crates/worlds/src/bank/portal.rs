//! What a portal makes of the true rows on a day: their order, which part of them is shown,
//! with which references, balances and words.
//!
//! Not here: what happens to the rows themselves (`life`, `worlds`).

use domain::observation::{Extent, Source, Window};
use domain::transaction::{EntryType, ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::books::{Face, TruthId, later};
use crate::rng::{Rng, mixed};

/// Rows on a page of the portal.
pub(crate) const PAGE: usize = 25;

/// How a portal arranges its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Announced rows first, then booked ones, newest first.
    NewestFirst,
    /// Another one at each fetch, of the days and within each of them.
    AnotherEachTime,
}

/// What a portal shows for a row's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// None.
    Absent,
    /// Where the row stands in the list.
    Position,
    /// On which page it stands, and where.
    PageAndPosition,
    /// Another one at each fetch.
    AnotherEachTime,
    /// The row's own, for ever.
    Stable,
    /// The row's own, and another one once it is booked.
    OtherOnceBooked,
}

impl Reference {
    /// Whether it says which row it is.
    pub(crate) const fn tells(self) -> bool {
        matches!(self, Self::Stable | Self::OtherOnceBooked)
    }
}

/// A bank's rule for all of its words, from one day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewording {
    /// A prefix comes before them.
    Prefix,
    /// Capitals alone, where there were small letters.
    Capitals,
    /// Cut at 22 characters.
    Cut,
    /// The row's number comes after them.
    Numbered,
}

impl Rewording {
    fn of(self, words: &str, truth: TruthId, has_begun: bool) -> String {
        match (self, has_begun) {
            (Self::Capitals, true) => words.to_uppercase(),
            (Self::Capitals, false) => words.to_lowercase(),
            (_, false) => words.to_owned(),
            (Self::Prefix, true) => format!("TXN - {words}"),
            (Self::Cut, true) => words.chars().take(22).collect::<String>().trim_end().to_owned(),
            (Self::Numbered, true) => format!("{words} REF {:08}", mixed(truth.0 as u64) % 100_000_000),
        }
    }
}

/// How a bank's portal behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manners {
    pub(crate) order: Order,
    pub(crate) reference: Reference,
    /// From a day on.
    pub(crate) rewording: Option<(Date, Rewording)>,
    /// Whether each booked row comes with the balance after it.
    pub(crate) has_running_balances: bool,
    /// Whether it says how many rows there are.
    pub(crate) announces_rows: bool,
}

/// The plainest portal.
pub(crate) const PLAIN: Manners = Manners {
    order: Order::NewestFirst,
    reference: Reference::Absent,
    rewording: None,
    has_running_balances: false,
    announces_rows: false,
};

/// How far one sync walks the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To its end.
    Whole,
    /// The dates of the last days, to their end.
    Days(i64),
    /// The first rows.
    Rows(usize),
    /// The dates of the last days, without one page from the middle, and it knows.
    WithoutPage(i64),
    /// The same, and it believes that it saw everything; the portal's count says otherwise.
    WithoutPageUnnoticed(i64),
}

/// One fetch: by whom it is told apart from the others, when, and how far it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetch {
    pub(crate) seed: u64,
    pub(crate) number: usize,
    pub(crate) day: Date,
    pub(crate) reach: Reach,
}

/// What a fetch sees.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<ObservedTransaction>,
    pub(crate) truths: Vec<TruthId>,
    pub(crate) window: Window,
    pub(crate) balance: Decimal,
}

/// A row on its way to the page, with the balance after it once it is booked.
struct Entry<'a> {
    truth: TruthId,
    face: &'a Face,
    after: i64,
}

/// Shows what the bank holds on the day of the fetch.
pub(crate) fn shown<'a>(
    held: impl Iterator<Item = (TruthId, &'a Face)>,
    opening: i64,
    manners: &Manners,
    fetch: Fetch,
) -> Page {
    let entries = held.map(|(truth, face)| Entry { truth, face, after: 0 });
    let (mut booked, mut list): (Vec<Entry<'_>>, Vec<Entry<'_>>) = entries.partition(|entry| entry.face.is_booked);
    let oldest_first = |entry: &Entry<'_>| (entry.face.date, entry.face.rank, entry.truth);
    booked.sort_by_key(oldest_first);
    let mut balance = opening;
    for entry in &mut booked {
        balance += entry.face.cents;
        entry.after = balance;
    }
    list.sort_by_key(|entry| std::cmp::Reverse(oldest_first(entry)));
    list.extend(booked.into_iter().rev());

    let from = match fetch.reach {
        Reach::Days(days) | Reach::WithoutPage(days) | Reach::WithoutPageUnnoticed(days) => {
            Some(later(fetch.day, -days))
        }
        Reach::Whole | Reach::Rows(_) => None,
    };
    if let Some(from) = from {
        list.retain(|entry| !entry.face.is_booked || entry.face.date >= from);
    }
    let mut rng = Rng::of(fetch.seed, "fetch", fetch.number);
    if manners.order == Order::AnotherEachTime {
        rearrange(&mut list, &mut rng);
    }
    let (total, pages) = (list.len(), list.len().div_ceil(PAGE).max(1));
    let extent = cut(&mut list, fetch.reach, &mut rng);
    let walked = pages.min(list.len().div_ceil(PAGE).max(1));
    let is_short = matches!(fetch.reach, Reach::WithoutPageUnnoticed(_));
    let window = Window {
        source: Source::Pages,
        extent,
        from,
        to: None,
        pages: u32::try_from(walked).unwrap_or(u32::MAX),
        rows_announced: (manners.announces_rows || is_short).then_some(total as u64),
    };
    let rows = list.iter().enumerate().map(|(place, entry)| row(entry, place, manners, fetch, &mut rng)).collect();
    let truths = list.iter().map(|entry| entry.truth).collect();
    Page { rows, truths, window, balance: Decimal::new(balance, 2) }
}

/// Days in another order, and the rows of each day too.
fn rearrange(list: &mut [Entry<'_>], rng: &mut Rng) {
    rng.shuffle(list);
    let salt = rng.next();
    let place_of = |date: Date| mixed(salt ^ date.day_of_year().unsigned_abs() as u64 ^ ((date.year() as u64) << 16));
    match rng.between(0, 3) {
        0 => list.sort_by_key(|entry| (entry.face.is_booked, std::cmp::Reverse(entry.face.date))),
        1 => list.sort_by_key(|entry| (!entry.face.is_booked, entry.face.date)),
        2 => list.sort_by_key(|entry| entry.face.date),
        _ => list.sort_by_key(|entry| place_of(entry.face.date)),
    }
}

/// Takes out what the fetch doesn't reach, and says what it takes itself to have walked.
fn cut(list: &mut Vec<Entry<'_>>, reach: Reach, rng: &mut Rng) -> Extent {
    match reach {
        Reach::Whole | Reach::Days(_) => Extent::Whole,
        Reach::Rows(most) => {
            list.truncate(most);
            Extent::Partial
        }
        Reach::WithoutPage(_) | Reach::WithoutPageUnnoticed(_) => {
            let pages = list.len().div_ceil(PAGE);
            if pages < 3 {
                return Extent::Whole;
            }
            let first = rng.count(1, pages - 2) * PAGE;
            list.drain(first..first + PAGE);
            if matches!(reach, Reach::WithoutPage(_)) { Extent::Partial } else { Extent::Whole }
        }
    }
}

fn row(entry: &Entry<'_>, place: usize, manners: &Manners, fetch: Fetch, rng: &mut Rng) -> ObservedTransaction {
    let Entry { truth, face, after } = *entry;
    let own = |salt: u64| format!("{:012X}", mixed(truth.0 as u64 ^ fetch.seed ^ salt) & 0xffff_ffff_ffff);
    let bank_reference = match manners.reference {
        Reference::Absent => None,
        Reference::Position => Some((place + 1).to_string()),
        Reference::PageAndPosition => Some(format!("{}-{}", place / PAGE + 1, place % PAGE + 1)),
        Reference::AnotherEachTime => Some(format!("{:012X}", rng.next() & 0xffff_ffff_ffff)),
        Reference::OtherOnceBooked if !face.is_booked => Some(format!("A{}", own(1))),
        Reference::Stable | Reference::OtherOnceBooked => Some(own(0)),
    };
    let description = match manners.rewording {
        Some((since, rewording)) => rewording.of(&face.words, truth, fetch.day >= since),
        None => face.words.clone(),
    };
    let has_balance = manners.has_running_balances && face.is_booked;
    ObservedTransaction {
        status: if face.is_booked { TransactionStatus::Posted } else { TransactionStatus::Pending },
        posted_date: face.is_booked.then_some(face.date),
        amount: money(face.cents),
        currency: face.currency.to_owned(),
        entry_type: if face.cents < 0 { EntryType::Debit } else { EntryType::Credit },
        description,
        raw_description: None,
        rail: face.rail,
        bank_reference,
        customer_reference: None,
        bai_code: None,
        category: None,
        subcategory: None,
        mcc: None,
        merchant_name: None,
        counterparty_name: None,
        counterparty_account_masked: None,
        transaction_date: (!face.is_booked).then_some(face.date),
        running_balance: has_balance.then(|| money(after)),
    }
}

/// A signed decimal with two places.
fn money(cents: i64) -> String {
    Decimal::new(cents, 2).to_string()
}
