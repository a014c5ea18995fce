//! Plays a plan to a fleet that grows and shrinks by a rule, event by event: agents that
//! start cold, die in mid-run and drain, banks with limits, and a queue that loses nothing.
//!
//! Time is a number, so that a day takes a moment; chance comes from the seed.
//!
//! Not here: what the day brings (`scenario`), how many agents (`rule`).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::limits::Limits;
use domain::scale::{Backlog, Demand};

use super::dice::Dice;
use super::rule::{ASKED_EVERY, Candidate, POOL, Rule};
use super::scenario::{HOUR, MINUTE, Moment, Origin, Plan, Planned, SECOND, pace};

/// How long an agent takes to start.
const COLD_START: (Moment, Moment) = (20 * SECOND, 60 * SECOND);
/// After which time somebody else may have a dead agent's runs: a lease's term and a little.
const LEASE: Moment = 17 * SECOND;
/// How long before they are due runs are counted: the slowest start, and until somebody asks.
const LEAD: Moment = 120 * SECOND;
/// Over how long arrivals are counted.
const COUNTED_OVER: Moment = 5 * MINUTE;
/// What is taken for a run's time before any is known.
const FIRST_SERVICE: Moment = 20 * SECOND;
/// How many runs' times the median is taken of.
const SERVICES: usize = 200;
/// How much longer than the day a fleet gets to do what is left of it.
const AFTERWARDS: Moment = 12 * HOUR;

/// What came of a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// When each run started first, if ever.
    pub(super) starts: Vec<Option<Moment>>,
    /// For how long each that started had waited since its bank had room for it.
    pub(super) waits: Vec<Option<Moment>>,
    /// How often each was completed.
    pub(super) completions: Vec<u32>,
    /// How long each agent was paid for, summed up.
    pub(super) agent_time: Moment,
    /// How long agents idled while runs waited for their banks alone.
    pub(super) idle_time: Moment,
    /// One sample each time that the rule was asked.
    pub(super) samples: Vec<Sample>,
    /// How many agents died.
    pub(super) deaths: u32,
}

/// The fleet at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) at: Moment,
    /// How many agents the rule wants, as far as the autoscaler goes along.
    pub(super) target: u32,
    /// Agents that are paid for.
    pub(super) agents: u32,
    pub(super) ready: u64,
    pub(super) runnable: u64,
}

#[derive(Clone, Copy)]
enum Event {
    /// A run is due, or comes back from an agent that died.
    Ready(usize),
    /// The so-many-th attempt at a run is over.
    Done {
        run: usize,
        attempt: u32,
    },
    Started(usize),
    Died(usize),
    /// A bank lets in another run.
    Paced,
    Asked,
}

struct Run {
    planned: Planned,
    attempt: u32,
    agent: Option<usize>,
    /// Since when its bank had room for it.
    room_since: Option<Moment>,
}

struct Bank {
    ready: VecDeque<usize>,
    /// How many of these, from the first, it has had room for.
    startable: usize,
    in_flight: u32,
    next_start: Moment,
    /// When it would have room for another one, by its pace.
    next_room: Moment,
    /// Lately.
    arrivals: VecDeque<Moment>,
    /// When those fall due that are known already.
    due: VecDeque<Moment>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Starting,
    Serving,
    Draining,
}

struct Agent {
    life: Life,
    runs: Vec<usize>,
}

/// A fleet in the middle of a day.
pub(super) struct Fleet<'a> {
    plan: &'a Plan,
    rule: &'a mut dyn Rule,
    /// How many seats each bank's limits can keep busy.
    seats: Vec<u32>,
    now: Moment,
    events: BTreeMap<(Moment, u64), Event>,
    number: u64,
    runs: Vec<Run>,
    banks: Vec<Bank>,
    /// Those that are paid for, in the order in which they started.
    agents: BTreeMap<usize, Agent>,
    /// How many have ever started.
    started: usize,
    services: VecDeque<Moment>,
    /// Where the next turn among the banks begins.
    turn: usize,
    /// Runs that aren't complete.
    left: usize,
    agent_life: Moment,
    dice: Dice,
    outcome: Outcome,
}

/// Plays a plan to its end.
pub(super) fn play(plan: &Plan, lasts: Moment, agent_life: Moment, rule: &mut dyn Rule, seed: u64) -> Outcome {
    let bank = |number: usize| {
        let is_known = |run: &&Planned| run.bank == number && run.origin == Origin::Scheduled;
        let due = plan.runs.iter().filter(is_known).map(|run| run.ready).collect();
        Bank {
            ready: VecDeque::new(),
            startable: 0,
            in_flight: 0,
            next_start: 0,
            next_room: 0,
            arrivals: VecDeque::new(),
            due,
        }
    };
    let seats = |limits: &Limits| limits.seats(Duration::from_millis(FIRST_SERVICE));
    let mut fleet = Fleet {
        rule,
        seats: plan.banks.iter().map(seats).collect(),
        now: 0,
        events: BTreeMap::new(),
        number: 0,
        runs: plan
            .runs
            .iter()
            .map(|planned| Run { planned: *planned, attempt: 0, agent: None, room_since: None })
            .collect(),
        banks: (0..plan.banks.len()).map(bank).collect(),
        agents: BTreeMap::new(),
        started: 0,
        services: VecDeque::new(),
        turn: 0,
        left: plan.runs.len(),
        agent_life,
        dice: Dice::new(seed, 2),
        outcome: Outcome {
            starts: vec![None; plan.runs.len()],
            waits: vec![None; plan.runs.len()],
            completions: vec![0; plan.runs.len()],
            ..Outcome::default()
        },
        plan,
    };
    for (run, planned) in plan.runs.iter().enumerate() {
        fleet.at(planned.ready, Event::Ready(run));
    }
    fleet.at(0, Event::Asked);
    while let Some(((at, _), event)) = fleet.events.pop_first() {
        // What is left to pay for afterwards isn't the day's.
        if at > lasts + AFTERWARDS || (fleet.left == 0 && at > lasts) {
            break;
        }
        fleet.pass_to(at);
        fleet.take(event);
        fleet.make_room();
        fleet.dispatch();
    }
    fleet.outcome
}

impl Fleet<'_> {
    fn at(&mut self, at: Moment, event: Event) {
        self.number += 1;
        self.events.insert((at, self.number), event);
    }

    /// Lets time pass, and counts what it costs.
    fn pass_to(&mut self, at: Moment) {
        let passed = at - self.now;
        self.now = at;
        if passed == 0 {
            return;
        }
        self.outcome.agent_time += passed * self.agents.len() as u64;
        let (ready, runnable) = self.waiting();
        if ready > runnable {
            let idle = self.free_seats().saturating_sub(runnable);
            self.outcome.idle_time += passed * idle / u64::from(POOL.slots_per_agent);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Ready(run) => {
                let planned = self.runs[run].planned;
                let bank = &mut self.banks[planned.bank];
                if self.runs[run].attempt == 0 {
                    bank.ready.push_back(run);
                    bank.arrivals.push_back(self.now);
                    if planned.origin == Origin::Scheduled {
                        bank.due.pop_front();
                    }
                } else {
                    // Its lease expired; it is first in line.
                    bank.in_flight -= 1;
                    bank.ready.push_front(run);
                    bank.startable += 1;
                    self.runs[run].agent = None;
                }
            }
            Event::Done { run, attempt } => self.done(run, attempt),
            Event::Started(agent) => {
                if let Some(here) = self.agents.get_mut(&agent) {
                    here.life = Life::Serving;
                    let dies = self.now + self.dice.gap(self.agent_life);
                    self.at(dies, Event::Died(agent));
                }
            }
            Event::Died(agent) => {
                if let Some(dead) = self.agents.remove(&agent) {
                    self.outcome.deaths += 1;
                    for run in dead.runs {
                        // Whatever it would have done is not done.
                        self.runs[run].attempt += 1;
                        self.at(self.now + LEASE, Event::Ready(run));
                    }
                }
            }
            Event::Paced => {}
            Event::Asked => self.ask(),
        }
    }

    fn done(&mut self, run: usize, attempt: u32) {
        let Run { planned, attempt: current, agent, .. } = self.runs[run];
        if attempt != current {
            return;
        }
        self.outcome.completions[run] += 1;
        self.left -= 1;
        self.banks[planned.bank].in_flight -= 1;
        self.services.push_back(planned.service);
        if self.services.len() > SERVICES {
            self.services.pop_front();
        }
        let Some((number, here)) = agent.and_then(|number| Some((number, self.agents.get_mut(&number)?))) else {
            return;
        };
        here.runs.retain(|other| *other != run);
        if here.life == Life::Draining && here.runs.is_empty() {
            self.agents.remove(&number);
        }
    }

    /// Says of ready runs that their banks would let them start, whether or not there is an agent.
    fn make_room(&mut self) {
        let mut paced = Vec::new();
        for (bank, limits) in self.banks.iter_mut().zip(&self.plan.banks) {
            let room = limits.at_once().saturating_sub(bank.in_flight) as usize;
            while bank.startable < room && bank.next_room <= self.now {
                let Some(run) = bank.ready.get(bank.startable) else { break };
                self.runs[*run].room_since = Some(self.now);
                bank.startable += 1;
                bank.next_room = self.now + pace(*limits);
                paced.push(bank.next_room);
            }
        }
        for at in paced {
            self.at(at, Event::Paced);
        }
    }

    /// Gives runs to agents, one bank after the other, as far as there are seats.
    fn dispatch(&mut self) {
        let mut passed_over = 0;
        while passed_over < self.banks.len() {
            let number = self.turn;
            let (bank, limits) = (&self.banks[number], self.plan.banks[number]);
            let may_start = bank.in_flight < limits.at_once() && bank.next_start <= self.now;
            let run = bank.ready.front().copied().filter(|_| may_start);
            match run.map(|run| (run, self.fullest_free_agent())) {
                None => passed_over += 1,
                Some((_, None)) => return,
                Some((run, Some(agent))) => {
                    passed_over = 0;
                    self.start(run, agent);
                }
            }
            self.turn = (self.turn + 1) % self.banks.len();
        }
    }

    /// An agent begins with its bank's first run.
    fn start(&mut self, run: usize, agent: usize) {
        let Run { planned, attempt, agent: held_by, room_since } = &mut self.runs[run];
        *attempt += 1;
        *held_by = Some(agent);
        let waited = self.now - room_since.unwrap_or(self.now);
        let (bank, done) = (&mut self.banks[planned.bank], Event::Done { run, attempt: *attempt });
        bank.ready.pop_front();
        bank.in_flight += 1;
        bank.startable = bank.startable.saturating_sub(1);
        bank.next_start = self.now + pace(self.plan.banks[planned.bank]);
        let (paced, done_at) = (bank.next_start, self.now + planned.service);
        self.at(paced, Event::Paced);
        self.at(done_at, done);
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.runs.push(run);
        }
        self.outcome.starts[run].get_or_insert(self.now);
        self.outcome.waits[run].get_or_insert(waited);
    }

    /// The fullest that has a seat: what is spread over all of them leaves none that can go.
    fn fullest_free_agent(&self) -> Option<usize> {
        let free = self.agents.iter().filter(|(_, agent)| agent.free_seats() > 0);
        free.min_by_key(|(_, agent)| agent.free_seats()).map(|(number, _)| *number)
    }

    /// Asks the rule, and does what it says as an autoscaler does.
    fn ask(&mut self) {
        self.at(self.now + ASKED_EVERY, Event::Asked);
        let demand = self.demand();
        let present = self.agents.values().filter(|agent| agent.life != Life::Draining).count() as u32;
        let wanted = self.rule.agents(self.now, &demand, present);
        // By default Kubernetes adds no more than four, or as many as there are, each quarter of a minute.
        let target = wanted.min(present.saturating_mul(2).max(present + 4));
        for _ in present..target {
            let agent = self.started;
            self.started += 1;
            self.agents.insert(agent, Agent { life: Life::Starting, runs: Vec::new() });
            let cold_start = self.dice.between(COLD_START.0, COLD_START.1);
            self.at(self.now + cold_start, Event::Started(agent));
        }
        if target < present {
            self.shrink((present - target) as usize);
        }
        let (ready, runnable) = self.waiting();
        let agents = self.agents.len() as u32;
        self.outcome.samples.push(Sample { at: self.now, target, agents, ready, runnable });
    }

    fn shrink(&mut self, surplus: usize) {
        let staying = self.agents.iter().filter(|(_, agent)| agent.life != Life::Draining);
        let mut candidates: Vec<Candidate> =
            staying.map(|(number, agent)| Candidate { agent: *number, busy: agent.runs.len() as u32 }).collect();
        self.rule.order(&mut candidates);
        for candidate in candidates.into_iter().take(surplus) {
            if candidate.busy == 0 {
                self.agents.remove(&candidate.agent);
            } else if let Some(agent) = self.agents.get_mut(&candidate.agent) {
                agent.life = Life::Draining;
            }
        }
    }

    /// What the coordinator tells of the queue.
    fn demand(&mut self) -> Demand {
        let now = self.now;
        let mut services: Vec<Moment> = self.services.iter().copied().collect();
        services.sort_unstable();
        let service = Duration::from_millis(services.get(services.len() / 2).copied().unwrap_or(FIRST_SERVICE));
        let backlog = |(bank, limits): (&mut Bank, &Limits)| {
            while bank.arrivals.front().is_some_and(|at| at + COUNTED_OVER < now) {
                bank.arrivals.pop_front();
            }
            Backlog {
                ready: bank.ready.len() as u32,
                due_soon: bank.due.iter().take_while(|due| **due <= now + LEAD).count() as u32,
                in_flight: bank.in_flight,
                cap: limits.seats(service),
                arrivals: bank.arrivals.len() as u32,
            }
        };
        let backlogs = self.banks.iter_mut().zip(&self.plan.banks).map(backlog).collect();
        let serving = self.agents.values().filter(|agent| agent.life == Life::Serving);
        let held: Vec<usize> = serving.map(|agent| agent.runs.len()).filter(|runs| *runs > 0).collect();
        Demand {
            backlogs,
            counted_over: Duration::from_millis(COUNTED_OVER),
            service,
            leased: held.iter().sum::<usize>() as u32,
            parked: 0,
            busy_agents: held.len() as u32,
        }
    }

    /// The runs that are ready, and those of them that their banks would let in.
    fn waiting(&self) -> (u64, u64) {
        let mut sums = (0, 0);
        for (bank, seats) in self.banks.iter().zip(&self.seats) {
            let ready = bank.ready.len() as u64;
            sums.0 += ready;
            sums.1 += ready.min(u64::from(seats.saturating_sub(bank.in_flight)));
        }
        sums
    }

    fn free_seats(&self) -> u64 {
        self.agents.values().map(Agent::free_seats).sum()
    }
}

impl Agent {
    fn free_seats(&self) -> u64 {
        match self.life {
            Life::Serving => u64::from(POOL.slots_per_agent) - self.runs.len() as u64,
            Life::Starting | Life::Draining => 0,
        }
    }
}
