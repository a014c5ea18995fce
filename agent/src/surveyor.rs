//! The surveyor of one agent: looks now and then what the machine still bears, and has
//! the seats sized by it.
//!
//! Only where nobody said how many seats there are. Not here: the rule
//! ([`crate::sizing`]), and how things are measured ([`crate::measure`]).

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::admission::Load;
use crate::measure::{self, Ticks};
use crate::seats::Seats;
use crate::sizing::{Measure, Room, Sizing};

/// How often it looks. Long enough that one busy page doesn't count as a busy machine,
/// and that looking costs nothing.
const LOOK: Duration = Duration::from_secs(10);

/// Sizes the seats of one agent.
pub struct Surveyor {
    seats: Seats,
    room: Room,
    last: Look,
}

/// When it looked, how long CPUs had worked for the agent by then, and what all of them
/// had done.
#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    worked: Duration,
    ticks: Ticks,
}

impl Surveyor {
    /// For these seats in `room`. The first look is taken now, to compare the next with.
    pub async fn new(seats: Seats, room: Room) -> Self {
        Self { seats, room, last: Look::now().await }
    }

    /// Looks until nobody waits for it any more.
    pub async fn run(mut self) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first comes at once.
        looks.tick().await;
        loop {
            looks.tick().await;
            self.run_once().await;
        }
    }

    /// Looks once, and sizes the seats by what has happened since the last time.
    pub async fn run_once(&mut self) {
        let look = Look::now().await;
        let Ok(machine) = tokio::task::spawn_blocking(measure::machine).await else { return };
        let now = self.seats.now();
        let before = Sizing { limits: now.limits(), load: now.load() };
        let (cpu_used, cpu_idle) = (look.used(self.last, machine.cpus), look.idle(self.last));
        self.last = look;
        let after = self.room.after(before, Measure { machine, cpu_used, cpu_idle, busy: now.busy() });
        if after == before {
            return;
        }
        let (seats, parked) = (after.limits.seats, after.limits.parked);
        let available_mib = machine.available >> 20;
        match (before.load, after.load) {
            (Load::Bearable, Load::High) => {
                tracing::warn!(cpu_used, available_mib, "the machine is busy; no further lease for now");
            }
            (Load::High, Load::Bearable) => {
                tracing::info!(cpu_used, available_mib, "the machine has room again");
            }
            _ => tracing::info!(seats, parked, cpu_used, "there are other seats now"),
        }
        self.seats.size(after.limits, after.load);
    }
}

impl Look {
    async fn now() -> Self {
        let at = Instant::now();
        let looked = tokio::task::spawn_blocking(|| (supervisor::cpu_time(), measure::ticks())).await;
        let (worked, ticks) = looked.unwrap_or_default();
        Self { at, worked, ticks }
    }

    /// How much of so many CPUs the agent used since `last`, in percent.
    fn used(self, last: Self, cpus: u32) -> u32 {
        let passed = self.at.duration_since(last.at).saturating_mul(cpus.max(1)).as_millis().max(1);
        let worked = self.worked.saturating_sub(last.worked).as_millis();
        u32::try_from(worked * 100 / passed).unwrap_or(u32::MAX)
    }

    /// How much of the machine nobody used since `last`, in percent.
    fn idle(self, last: Self) -> u32 {
        let all = self.ticks.all.saturating_sub(last.ticks.all).max(1);
        let idle = self.ticks.idle.saturating_sub(last.ticks.idle);
        u32::try_from(idle * 100 / all).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Look, Surveyor};
    use crate::admission::Limits;
    use crate::measure::{self, Ticks};
    use crate::seats::Seats;
    use crate::sizing::Room;

    fn look(seconds: u64, worked: u64, idle: u64) -> Look {
        let (worked, ticks) = (Duration::from_secs(worked), Ticks { idle, all: seconds * 200 });
        Look { at: start() + Duration::from_secs(seconds), worked, ticks }
    }

    /// The same moment in all of a test.
    fn start() -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now)
    }

    #[test]
    fn what_is_used_is_a_part_of_all_cpus() {
        for (now, cpus, expected) in [
            (look(10, 105, 0), 1, 50),
            (look(10, 105, 0), 2, 25),
            (look(10, 120, 0), 2, 100),
            // Time of a process that died and isn't reaped yet is missing for a moment.
            (look(10, 90, 0), 2, 0),
            (look(0, 100, 0), 1, 0),
        ] {
            assert_eq!(now.used(look(0, 100, 0), cpus), expected);
        }
    }

    #[test]
    fn what_nobody_used_is_a_part_of_the_machine() {
        for (now, expected) in
            [(look(10, 0, 500), 25), (look(10, 0, 2000), 100), (look(10, 0, 0), 0), (look(0, 0, 0), 0)]
        {
            assert_eq!(now.idle(look(0, 0, 0)), expected);
        }
    }

    #[tokio::test]
    async fn a_look_at_this_machine_leaves_an_idle_agent_some_seats() {
        let machine = measure::machine();
        let room = Room::new(machine, None, Some(3));
        let seats = Seats::new(room.at_first(machine));
        let mut surveyor = Surveyor::new(seats.clone(), room).await;
        surveyor.run_once().await;
        let Limits { seats, parked } = seats.now().limits();
        assert_eq!(parked, 3);
        assert!(seats >= 1);
    }
}
