//! How many runs a machine bears: a pure rule, from what was measured to what is chosen.
//!
//! Seats go by the CPU, and all runs together, the parked ones too, by the memory. At
//! first there are [`FIRST_FOR_CPU`] seats for each CPU. While the agent works there is
//! one more, or one fewer, after each look: more while every seat is taken and one run
//! more would still be bearable, by what a run was measured to take; fewer, and no
//! further lease, while the CPU is used up.
//!
//! Where the constants come from is said at each; what was measured, and with what, in
//! `docs/decisions/0025-seats-and-parking.md`. Not here: measuring ([`crate::measure`]),
//! and when it is done ([`crate::surveyor`]).

use crate::admission::{Limits, Load};

/// A run was measured to cost 0.6 to 1.7 seconds of CPU, its part of browser and agent
/// with it. With a bank that takes half a second for each of ten pages it lasts five, and
/// so keeps a third of a CPU busy at most: two leave as much again for what is heavier.
const FIRST_FOR_CPU: u32 = 2;
/// So many of the lightest runs, a tenth of a CPU each, still leave a fifth; beyond, what
/// pages do by themselves while nobody drives them adds up.
const MOST_FOR_CPU: u32 = 8;
/// In percent of all CPUs, over a whole look. Above the first no lease is asked for until
/// it is below the second: commands take visibly longer when nothing is left.
const HIGH: u64 = 90;
const BEARABLE: u64 = 75;
/// A seat is added if with one run more it stays below this, far enough from `HIGH` that
/// a page which is heavier than the others doesn't bring it there; and if that much of the
/// machine is left by everybody on it.
const WITH_ONE_MORE: u64 = 70;

const MIB: u64 = 1024 * 1024;
/// A browser with one session was measured at 220 MiB, each further session at 25 MiB
/// with plain pages; a bank's own pages take several times that.
const BROWSER: u64 = 256 * MIB;
const SESSION: u64 = 100 * MIB;
/// What is left alone, as a part of the memory and at least: below it the kernel takes
/// its time to find a page, and then kills.
const RESERVED_PART: u64 = 10;
const RESERVED_LEAST: u64 = 256 * MIB;
const RESERVED_MOST: u64 = 2048 * MIB;
/// Each run takes a proxy of its own and its sockets, whatever memory there is.
const MOST_RUNS: u64 = 256;
/// A browser is worn at a third of the memory: a worn one, which is ended at twice that,
/// has room beside a new one. Beyond the second, more sessions are better off in another.
const BROWSER_PART: u64 = 3;
const BROWSER_LEAST: u64 = 512 * MIB;
const BROWSER_MOST: u64 = 4096 * MIB;

/// What this process may use of the machine that it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// CPUs.
    pub cpus: u32,
    /// Memory, in bytes.
    pub memory: u64,
    /// How much of it is free, or can be freed at once.
    pub available: u64,
}

/// What a look showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The machine now.
    pub machine: Machine,
    /// How much of all its CPUs the agent and its browsers used since the last look, in
    /// percent.
    pub cpu_used: u32,
    /// How much of the whole machine's CPUs nobody used meanwhile, in percent. What others
    /// use can't be had: starved runs look as if they took little.
    pub cpu_idle: u32,
    /// How many runs are worked on.
    pub busy: u32,
}

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// How many runs there may be.
    pub limits: Limits,
    /// Whether another lease may be asked for.
    pub load: Load,
}

/// What stays as it is while an agent runs: what fits, and what somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many runs fit into the memory, the parked ones too.
    runs: u32,
    /// So many seats there are, whatever is measured.
    pub seats: Option<u32>,
    /// So many runs may be parked, whatever the memory.
    pub parked: Option<u32>,
}

impl Room {
    /// On `machine` as it is before there is a browser, with so many seats and parked runs
    /// if somebody said how many.
    #[must_use]
    pub fn new(machine: Machine, seats: Option<u32>, parked: Option<u32>) -> Self {
        let free = machine.available.saturating_sub(reserved(machine) + BROWSER);
        let runs = u32::try_from((free / SESSION).min(MOST_RUNS)).unwrap_or(u32::MAX);
        Self { runs, seats, parked }
    }

    /// What an agent starts with.
    #[must_use]
    pub fn at_first(self, machine: Machine) -> Limits {
        self.with(self.seats.unwrap_or_else(|| self.least(machine)))
    }

    /// What is chosen after a look, when `before` was chosen before it.
    #[must_use]
    pub fn after(self, before: Sizing, measure: Measure) -> Sizing {
        let limits = before.limits;
        let Measure { machine, cpu_used, cpu_idle, busy } = measure;
        // It takes less to go on holding back than to begin.
        let (cpu_bound, memory_bound) = match before.load {
            Load::Bearable => (HIGH, reserved(machine)),
            Load::High => (BEARABLE, reserved(machine) * 3 / 2),
        };
        let is_hot = u64::from(cpu_used) > cpu_bound;
        let is_full = machine.available < memory_bound;
        let with_one_more = u64::from(cpu_used) * u64::from(busy + 1) / u64::from(busy.max(1));
        let has_room = with_one_more <= WITH_ONE_MORE && u64::from(cpu_idle) >= 100 - WITH_ONE_MORE;
        let seats = if is_hot {
            limits.seats.saturating_sub(1)
        } else if !is_full && busy >= limits.seats && has_room {
            limits.seats + 1
        } else {
            limits.seats
        };
        let least = self.least(machine);
        let by_memory = self.runs.saturating_sub(1);
        let most = machine.cpus.saturating_mul(MOST_FOR_CPU).min(by_memory).max(least);
        let seats = self.seats.unwrap_or_else(|| seats.clamp(least, most));
        let load = if is_hot || is_full { Load::High } else { Load::Bearable };
        Sizing { limits: self.with(seats), load }
    }

    /// The fewest seats. At least half of what fits is for those that wait.
    fn least(self, machine: Machine) -> u32 {
        machine.cpus.saturating_mul(FIRST_FOR_CPU).min(self.runs / 2).max(1)
    }

    /// What is a seat can't be parked on: the memory is the same.
    fn with(self, seats: u32) -> Limits {
        Limits { seats, parked: self.parked.unwrap_or_else(|| self.runs.saturating_sub(seats).max(1)) }
    }
}

/// How much memory a browser may hold before it is worn.
#[must_use]
pub fn browser_memory(machine: Machine) -> u64 {
    (machine.available.saturating_sub(reserved(machine)) / BROWSER_PART).clamp(BROWSER_LEAST, BROWSER_MOST)
}

/// How much of the memory is left alone.
fn reserved(machine: Machine) -> u64 {
    (machine.memory / RESERVED_PART).clamp(RESERVED_LEAST, RESERVED_MOST)
}

#[cfg(test)]
mod tests {
    use super::{MIB, Machine, Measure, Room, Sizing, browser_memory};
    use crate::admission::{Limits, Load};

    const GIB: u64 = 1024 * MIB;

    fn machine(cpus: u32, memory: u64, available: u64) -> Machine {
        Machine { cpus, memory, available }
    }

    #[test]
    fn seats_go_by_the_cpu_and_all_runs_by_the_memory() {
        for (machine, expected) in [
            // CPUs, memory, available: seats, parked.
            (machine(1, 2 * GIB, 2 * GIB), (2, 13)),
            (machine(2, 8 * GIB, 6 * GIB), (4, 46)),
            (machine(8, 16 * GIB, 14 * GIB), (16, 108)),
            (machine(64, 512 * GIB, 500 * GIB), (128, 128)),
            // Little memory holds the seats down, and never below one of each.
            (machine(4, GIB, GIB), (2, 3)),
            (machine(4, GIB, 700 * MIB), (1, 1)),
            (machine(4, 512 * MIB, 300 * MIB), (1, 1)),
            (machine(0, 0, 0), (1, 1)),
        ] {
            let Limits { seats, parked } = Room::new(machine, None, None).at_first(machine);
            assert_eq!((seats, parked), expected, "{machine:?}");
        }
    }

    #[test]
    fn what_somebody_named_is_exactly_so() {
        let machine = machine(2, 8 * GIB, 6 * GIB);
        for (seats, parked, expected) in [
            (Some(1), None, (1, 49)),
            (Some(7), None, (7, 43)),
            (Some(60), None, (60, 1)),
            (Some(3), Some(2), (3, 2)),
            (None, Some(2), (4, 2)),
            (None, Some(900), (4, 900)),
        ] {
            let room = Room::new(machine, seats, parked);
            let limits = room.at_first(machine);
            assert_eq!((limits.seats, limits.parked), expected);
            // A look at a busy agent adds no parked run, and no seat to what was named.
            let before = Sizing { limits, load: Load::Bearable };
            let after = room.after(before, Measure { machine, cpu_used: 10, cpu_idle: 80, busy: limits.seats }).limits;
            assert_eq!(after.seats, seats.unwrap_or(limits.seats + 1));
            assert_eq!(after.parked, parked.unwrap_or(limits.parked));
        }
    }

    /// On two CPUs and 8 GiB, of which 6 were free at first: after a look that shows so
    /// much CPU, so many busy runs and so many MiB available.
    fn check(before: (u32, u32, Load), look: (u32, u32, u64), expected: (u32, u32, Load)) {
        let (seats, parked, load) = before;
        let (cpu_used, busy, available) = look;
        let room = Room::new(machine(2, 8 * GIB, 6 * GIB), None, None);
        let before = Sizing { limits: Limits { seats, parked }, load };
        let machine = machine(2, 8 * GIB, available * MIB);
        let cpu_idle = 100 - cpu_used;
        let after = room.after(before, Measure { machine, cpu_used, cpu_idle, busy });
        let (seats, parked, load) = expected;
        assert_eq!(after, Sizing { limits: Limits { seats, parked }, load }, "{look:?}");
    }

    #[test]
    fn a_look_changes_one_seat_at_most() {
        use Load::{Bearable, High};
        // Idle, or with seats to spare: nothing changes, however little is used.
        check((4, 46, Bearable), (0, 0, 6000), (4, 46, Bearable));
        check((4, 46, Bearable), (20, 3, 6000), (4, 46, Bearable));
        // All seats taken: one more if a run takes little, by what it was measured to.
        check((4, 46, Bearable), (20, 4, 6000), (5, 45, Bearable));
        check((4, 46, Bearable), (56, 4, 6000), (5, 45, Bearable));
        check((4, 46, Bearable), (57, 4, 6000), (4, 46, Bearable));
        // Up to a ceiling.
        check((16, 34, Bearable), (20, 16, 6000), (16, 34, Bearable));
        // A CPU that is used up: nobody is let in, and one seat goes, down to the first.
        check((6, 44, Bearable), (91, 6, 6000), (5, 45, High));
        check((4, 46, Bearable), (100, 4, 6000), (4, 46, High));
        check((4, 46, High), (76, 4, 6000), (4, 46, High));
        check((4, 46, High), (75, 4, 6000), (4, 46, Bearable));
        check((4, 46, Bearable), (90, 4, 6000), (4, 46, Bearable));
        // Memory that is used up: nobody is let in until half as much again is free.
        check((6, 44, Bearable), (10, 6, 800), (6, 44, High));
        check((6, 44, High), (10, 6, 1200), (6, 44, High));
        check((6, 44, High), (10, 6, 1300), (7, 43, Bearable));
    }

    #[test]
    fn what_others_use_of_the_machine_adds_no_seat_and_takes_none() {
        let machine = machine(2, 8 * GIB, 6 * GIB);
        let room = Room::new(machine, None, None);
        let before = Sizing { limits: room.at_first(machine), load: Load::Bearable };
        for (cpu_idle, expected) in [(0, 4), (29, 4), (30, 5), (80, 5)] {
            let after = room.after(before, Measure { machine, cpu_used: 20, cpu_idle, busy: 4 });
            assert_eq!((after.limits.seats, after.load), (expected, Load::Bearable), "{cpu_idle}");
        }
    }

    #[test]
    fn seats_grow_as_long_as_one_run_can_be_parked() {
        let machine = machine(4, GIB, GIB);
        let room = Room::new(machine, None, None);
        let mut sizing = Sizing { limits: room.at_first(machine), load: Load::Bearable };
        for expected in [(3, 2), (4, 1), (4, 1)] {
            sizing = room.after(sizing, Measure { machine, cpu_used: 5, cpu_idle: 80, busy: sizing.limits.seats });
            assert_eq!((sizing.limits.seats, sizing.limits.parked), expected);
        }
    }

    #[test]
    fn a_worn_browser_has_room_beside_a_new_one() {
        for (machine, expected) in
            [(machine(2, 8 * GIB, 6 * GIB), 1774), (machine(2, GIB, GIB), 512), (machine(2, 64 * GIB, 60 * GIB), 4096)]
        {
            assert_eq!(browser_memory(machine) / MIB, expected, "{machine:?}");
        }
    }
}
