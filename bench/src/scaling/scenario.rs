//! Days in the life of a fleet: which banks there are, and when which runs are due.
//!
//! Not here: who drives them (`fleet`).

use domain::limits::Limits;

use super::dice::Dice;

/// Milliseconds, since the beginning.
pub(super) type Moment = u64;

pub(super) const SECOND: Moment = 1_000;
pub(super) const MINUTE: Moment = 60 * SECOND;
pub(super) const HOUR: Moment = 60 * MINUTE;

/// What is played.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) story: &'static str,
    banks: Banks,
    /// For how long runs become ready.
    pub(super) lasts: Moment,
    /// How many runs somebody asks for in an hour, at any bank, at any time.
    asked_per_hour: u64,
    /// Scheduled runs that fall due together.
    bursts: &'static [Burst],
    /// How long an agent lives on average before it dies in mid-run.
    pub(super) agent_life: Moment,
}

#[derive(Clone, Copy)]
enum Banks {
    /// Large and small ones.
    Many,
    /// The same, and one with many connections that lets in few.
    OneStrict,
}

struct Burst {
    at: Moment,
    /// Within which time after that they fall due.
    within: Moment,
    runs: u64,
    to: Bound,
}

/// Which banks a burst is for.
#[derive(Clone, Copy)]
enum Bound {
    /// Any, by how large they are.
    All,
    /// The strict one.
    Strict,
}

pub(super) const SCENARIOS: [Scenario; 4] = [
    Scenario {
        name: "morning",
        story: "5,000 syncs fall due at 06:00, beside 600 an hour that somebody asks for",
        banks: Banks::Many,
        lasts: 4 * HOUR,
        asked_per_hour: 600,
        bursts: &[Burst { at: HOUR, within: MINUTE, runs: 5_000, to: Bound::All }],
        agent_life: 2 * HOUR,
    },
    Scenario {
        name: "steady",
        story: "2,400 runs an hour, from a cold start",
        banks: Banks::Many,
        lasts: 6 * HOUR,
        asked_per_hour: 2_400,
        bursts: &[],
        agent_life: 2 * HOUR,
    },
    Scenario {
        name: "strict bank",
        story: "2,000 syncs fall due at a bank that lets in four at once, beside 300 runs an hour elsewhere",
        banks: Banks::OneStrict,
        lasts: 6 * HOUR,
        asked_per_hour: 300,
        bursts: &[Burst { at: HOUR, within: MINUTE, runs: 2_000, to: Bound::Strict }],
        agent_life: 2 * HOUR,
    },
    Scenario {
        name: "dying agents",
        story: "1,200 runs an hour, 1,000 more at once, and each agent dies after a quarter of an hour or so",
        banks: Banks::Many,
        lasts: 4 * HOUR,
        asked_per_hour: 1_200,
        bursts: &[Burst { at: 2 * HOUR, within: MINUTE, runs: 1_000, to: Bound::All }],
        agent_life: 15 * MINUTE,
    },
];

/// A run before anything happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) bank: usize,
    /// When it is due.
    pub(super) ready: Moment,
    /// How long it takes.
    pub(super) service: Moment,
    pub(super) origin: Origin,
}

/// Why a run is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was known before.
    Scheduled,
    /// Somebody asked for it, just now.
    Asked,
}

/// Everything that is known of a day before it is played.
pub(super) struct Plan {
    /// The banks' limits.
    pub(super) banks: Vec<Limits>,
    /// In the order in which they become ready.
    pub(super) runs: Vec<Planned>,
}

impl Scenario {
    pub(super) fn plan(&self, seed: u64) -> Plan {
        let mut dice = Dice::new(seed, 1);
        let sizes: Vec<u64> = (0..60).map(|number| if number % 10 == 0 { 12 } else { dice.between(1, 4) }).collect();
        let usual = |size: u64| if size == 12 { (40, 240) } else { (8, 60) };
        let mut banks: Vec<(u32, u32)> = sizes.iter().map(|size| usual(*size)).collect();
        if let Banks::OneStrict = self.banks {
            banks[0] = (4, 30);
        }
        let total: u64 = sizes.iter().sum();
        let any_bank = |dice: &mut Dice| {
            let mut left = dice.below(total);
            let found = sizes.iter().position(|size| {
                let is_here = left < *size;
                left = left.saturating_sub(*size);
                is_here
            });
            found.unwrap_or_default()
        };
        let mut runs = Vec::new();
        let mut at = dice.gap(HOUR / self.asked_per_hour);
        while at < self.lasts {
            let bank = any_bank(&mut dice);
            runs.push(Planned { bank, ready: at, service: service(&mut dice), origin: Origin::Asked });
            at += dice.gap(HOUR / self.asked_per_hour);
        }
        for burst in self.bursts {
            for _ in 0..burst.runs {
                let bank = match burst.to {
                    Bound::All => any_bank(&mut dice),
                    Bound::Strict => 0,
                };
                let ready = burst.at + dice.below(burst.within);
                runs.push(Planned { bank, ready, service: service(&mut dice), origin: Origin::Scheduled });
            }
        }
        runs.sort_by_key(|run| run.ready);
        let limits = |(at_once, starts)| Limits::new(at_once, starts).unwrap_or_default();
        Plan { banks: banks.into_iter().map(limits).collect(), runs }
    }
}

/// How long a run takes: twenty seconds at the median, and now and then a minute and a half.
fn service(dice: &mut Dice) -> Moment {
    (12 * SECOND + dice.gap(12 * SECOND)).min(90 * SECOND)
}

impl Plan {
    /// When each run would start if there were always an agent: what its bank's limits let it.
    pub(super) fn best_starts(&self) -> Vec<Moment> {
        struct Bank {
            /// When each of the seats is free again.
            seats: Vec<Moment>,
            next_start: Moment,
        }
        let seats = |limits: &Limits| vec![0; limits.at_once() as usize];
        let mut banks: Vec<Bank> =
            self.banks.iter().map(|limits| Bank { seats: seats(limits), next_start: 0 }).collect();
        let start = |run: &Planned| {
            let bank = &mut banks[run.bank];
            let Some(seat) = bank.seats.iter_mut().min() else { return run.ready };
            let start = run.ready.max(*seat).max(bank.next_start);
            *seat = start + run.service;
            bank.next_start = start + pace(self.banks[run.bank]);
            start
        };
        self.runs.iter().map(start).collect()
    }
}

/// How long after a start a bank lets in the next one.
pub(super) fn pace(limits: Limits) -> Moment {
    MINUTE / u64::from(limits.starts_per_minute())
}
