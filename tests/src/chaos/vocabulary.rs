//! What can be done to the world, a word for each. A word says whether there was anything to
//! hit.
//!
//! Not here: when it is done (`fault`), and what has to hold all the same.

use std::sync::PoisonError;
use std::time::Duration;

use fixtures::faults::Faults;

use super::disturbances::Disturbed;
use super::fault::Fault;
use super::line::{self, Order};
use super::world::{Clock, Seat, World};
use crate::programs::{
    Sighting, descendants, freeze_process, kill_process_hard, processes_naming, signal_process, thaw_process,
};

/// What the bank's pages take of memory when they take too much.
const HOARD_MIB: u32 = 700;
/// How long killed programs are away.
const AWAY: Duration = Duration::from_millis(1_200);
/// How late what is slow comes.
const LATE: Duration = Duration::from_millis(400);

/// The bank takes its time, so that there is a middle to be hit in.
pub(super) fn usual_faults() -> Faults {
    Faults { slow_ms: 30, ..Faults::default() }
}

impl World {
    /// Begins a fault, and notes what was hit; whether anything was there to hit.
    pub async fn disturb(&self, fault: Fault) -> bool {
        let disturbed = disturbed_by(fault);
        disturbed.iter().for_each(|&what| self.disturbances.begin(what));
        self.timeline.say(format!("begins: {} {fault:?}", fault.name()));
        let is_hit = self.begin(fault).await;
        if is_hit {
            *self.hits.lock().unwrap_or_else(PoisonError::into_inner).entry(fault.name()).or_default() += 1;
        } else {
            self.timeline.say("  there was nothing to hit");
            disturbed.iter().for_each(|&what| self.disturbances.take_back(what));
        }
        if is_hit && fault.lasts().is_none() {
            disturbed.iter().for_each(|&what| self.disturbances.end(what));
        }
        is_hit
    }

    /// Ends a fault that lasts.
    pub async fn restore(&self, fault: Fault) {
        self.end(fault).await;
        disturbed_by(fault).iter().for_each(|&what| self.disturbances.end(what));
        self.timeline.say(format!("ends: {}", fault.name()));
    }

    async fn begin(&self, fault: Fault) -> bool {
        match fault {
            Fault::KillAgent(place) => self.kill_hard(place),
            Fault::FreezeAgent(place) => self.freeze(place),
            Fault::FreezeBrowser(place) => self.freeze_browser(place),
            Fault::KillBrowser(place) => self.kill_browser(place),
            Fault::CrashRenderer(place) => self.crash_renderer(place),
            Fault::StallDevtools(place) => self.stall_devtools(place),
            Fault::CutDevtools(place) => self.cut_devtools(place),
            Fault::UseUpMemory => self.use_up_memory(),
            Fault::StallAgent(place) => self.stall(place),
            Fault::CutAgent(place) => self.cut(place),
            Fault::SlowAgent(place) => self.slow_down(place),
            Fault::StallRedis(place) => self.stall_redis(place),
            Fault::CutRedis(place) => self.cut_redis(place),
            Fault::BreakRedis => self.break_redis().await,
            Fault::WipeRedis => self.wipe_redis().await,
            // What comes back later is what stands there now.
            Fault::RollBackRedis => self.remember_redis().await,
            Fault::RestartPostgres => self.restart_postgres().await,
            Fault::RestartCoordinator(place) => self.restart_coordinator(place),
            Fault::FreezeCoordinator(place) => self.freeze_coordinator(place),
            Fault::SkewClock(place, seconds) => self.skew_clock(place, seconds),
            Fault::Poison(place) => self.poison(place),
        }
    }

    async fn end(&self, fault: Fault) {
        match fault {
            Fault::FreezeAgent(place) => self.thaw(place),
            Fault::FreezeBrowser(_) => self.thaw_browsers(),
            Fault::StallDevtools(_) => self.pass_devtools(),
            Fault::UseUpMemory => self.portal.set_faults(usual_faults()),
            Fault::StallAgent(place) | Fault::SlowAgent(place) => self.pass(place),
            Fault::StallRedis(place) => self.pass_redis(place),
            Fault::BreakRedis => self.mend_redis().await,
            Fault::RollBackRedis => self.roll_back_redis().await,
            Fault::FreezeCoordinator(place) => self.thaw_coordinator(place),
            Fault::Poison(_) => self.antidote(),
            _ => {}
        }
    }

    /// Ends whatever goes on.
    pub async fn heal(&self) {
        for place in 0..self.seats.len() {
            self.thaw(place);
            self.pass(place);
        }
        for place in 0..self.coordinators.len() {
            self.thaw_coordinator(place);
            self.pass_redis(place);
        }
        self.thaw_browsers();
        self.pass_devtools();
        self.antidote();
        self.portal.set_faults(usual_faults());
    }

    /// Kills an agent as the kernel would.
    pub fn kill_hard(&self, place: usize) -> bool {
        self.seat(place).is_some_and(|seat| seat.kept.kill_hard(AWAY))
    }

    /// Stops an agent where it is.
    pub fn freeze(&self, place: usize) -> bool {
        self.seat(place).is_some_and(|seat| seat.kept.freeze())
    }

    /// Lets an agent go on.
    pub fn thaw(&self, place: usize) {
        self.seat(place).into_iter().for_each(|seat| seat.kept.thaw());
    }

    /// Stops an agent's browser: it is there and says nothing.
    pub fn freeze_browser(&self, place: usize) -> bool {
        let browsers = self.first_from(place, Self::browsers);
        browsers.iter().for_each(|browser| freeze_process(browser.pid));
        let is_hit = !browsers.is_empty();
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner).extend(browsers);
        is_hit
    }

    /// Lets browsers go on that are still there.
    pub fn thaw_browsers(&self) {
        let frozen = std::mem::take(&mut *self.frozen.lock().unwrap_or_else(PoisonError::into_inner));
        frozen.into_iter().filter(|browser| browser.is_alive()).for_each(|browser| thaw_process(browser.pid));
    }

    /// Kills an agent's browser.
    pub fn kill_browser(&self, place: usize) -> bool {
        let browsers = self.first_from(place, Self::browsers);
        browsers.iter().for_each(|browser| kill_process_hard(browser.pid));
        !browsers.is_empty()
    }

    /// Lets nothing pass between an agent and its browser, and tells neither.
    pub fn stall_devtools(&self, place: usize) -> bool {
        let lines = self.first_from(place, Self::lines);
        lines.iter().for_each(|line| signal_process(line.pid, Order::Stall.signal()));
        let is_hit = !lines.is_empty();
        self.stalled.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
        is_hit
    }

    /// Lets everything pass again between agents and browsers that are still there.
    pub fn pass_devtools(&self) {
        let stalled = std::mem::take(&mut *self.stalled.lock().unwrap_or_else(PoisonError::into_inner));
        let there = stalled.into_iter().filter(|line| line.is_alive());
        there.for_each(|line| signal_process(line.pid, Order::Pass.signal()));
    }

    /// Cuts an agent's connections to its browser.
    pub fn cut_devtools(&self, place: usize) -> bool {
        let lines = self.first_from(place, Self::lines);
        lines.iter().for_each(|line| signal_process(line.pid, Order::Cut.signal()));
        !lines.is_empty()
    }

    /// Kills the process of a page: it crashes, or the kernel was out of memory.
    pub fn crash_renderer(&self, place: usize) -> bool {
        let renderers = processes_naming("--type=renderer");
        let mut below = self.seats_from(place).filter_map(|seat| seat.kept.pid()).flat_map(descendants);
        let of_agent = below.find(|below| renderers.iter().any(|(pid, _)| pid == below));
        of_agent.inspect(|&pid| kill_process_hard(pid)).is_some()
    }

    /// Has the bank's pages take memory until they are ended for it.
    pub fn use_up_memory(&self) -> bool {
        self.portal.set_faults(Faults { slow_ms: 500, hoard_mib: HOARD_MIB, ..Faults::default() });
        true
    }

    /// Lets nothing pass between an agent and the coordinators, and tells neither.
    pub fn stall(&self, place: usize) -> bool {
        self.seat(place).map(|seat| seat.way.stall()).is_some()
    }

    /// Cuts an agent's connections to the coordinators.
    pub fn cut(&self, place: usize) -> bool {
        self.seat(place).map(|seat| seat.way.cut()).is_some()
    }

    /// Lets what passes between an agent and the coordinators come late.
    pub fn slow_down(&self, place: usize) -> bool {
        self.seat(place).map(|seat| seat.way.delay(LATE)).is_some()
    }

    /// Lets everything pass again between an agent and the coordinators.
    pub fn pass(&self, place: usize) {
        self.seat(place).into_iter().for_each(|seat| seat.way.pass());
    }

    /// Lets nothing pass between a coordinator and Redis, and tells neither.
    pub fn stall_redis(&self, place: usize) -> bool {
        of(&self.redis_ways, place).map(super::proxy::Proxy::stall).is_some()
    }

    /// Cuts a coordinator's connections to Redis.
    pub fn cut_redis(&self, place: usize) -> bool {
        of(&self.redis_ways, place).map(super::proxy::Proxy::cut).is_some()
    }

    /// Lets everything pass again between a coordinator and Redis.
    pub fn pass_redis(&self, place: usize) {
        of(&self.redis_ways, place).into_iter().for_each(super::proxy::Proxy::pass);
    }

    /// Kills Redis; it stays away.
    pub async fn break_redis(&self) -> bool {
        self.redis.lock().await.kill_hard().await;
        true
    }

    /// Brings Redis back, empty.
    pub async fn mend_redis(&self) {
        if let Err(error) = self.redis.lock().await.start_again().await {
            self.timeline.say(format!("Redis doesn't come back: {error}"));
        }
    }

    /// Deletes everything in Redis.
    pub async fn wipe_redis(&self) -> bool {
        self.redis.lock().await.wipe().await
    }

    /// Remembers what stands in Redis now.
    pub async fn remember_redis(&self) -> bool {
        self.redis.lock().await.remember().await
    }

    /// Brings Redis back to what was remembered: it is older than it was.
    pub async fn roll_back_redis(&self) {
        if let Err(error) = self.redis.lock().await.roll_back().await {
            self.timeline.say(format!("Redis doesn't come back: {error}"));
        }
    }

    /// Has PostgreSQL crash and start again.
    pub async fn restart_postgres(&self) -> bool {
        let restarted = self.postgres.lock().await.restart().await;
        restarted.inspect_err(|error| self.timeline.say(format!("PostgreSQL doesn't come back: {error}"))).is_ok()
    }

    /// Kills a coordinator as the kernel would; it comes back.
    pub fn restart_coordinator(&self, place: usize) -> bool {
        of(&self.coordinators, place).is_some_and(|kept| kept.kill_hard(AWAY))
    }

    /// Stops a coordinator where it is.
    pub fn freeze_coordinator(&self, place: usize) -> bool {
        of(&self.coordinators, place).is_some_and(super::keeper::Kept::freeze)
    }

    /// Lets a coordinator go on.
    pub fn thaw_coordinator(&self, place: usize) {
        of(&self.coordinators, place).into_iter().for_each(super::keeper::Kept::thaw);
    }

    /// Kills an agent, which comes back with a clock that is off by so many seconds.
    pub fn skew_clock(&self, place: usize, seconds: i64) -> bool {
        self.set_clock(place, if seconds == 0 { Clock::Right } else { Clock::Off(seconds) })
    }

    /// Kills an agent, which comes back with that clock.
    pub fn set_clock(&self, place: usize, clock: Clock) -> bool {
        let Some(seat) = self.seat(place) else { return false };
        *seat.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
        seat.kept.kill_hard(AWAY)
    }

    /// From now on whatever agent works on one connection is killed.
    pub fn poison(&self, place: usize) -> bool {
        let people: Vec<_> = self.right_people().collect();
        let connection = of(&people, place).map(|person| person.connection.clone());
        let is_hit = connection.is_some();
        *self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) = connection;
        is_hit
    }

    /// Nobody is killed for that any more.
    pub fn antidote(&self) {
        *self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn seat(&self, place: usize) -> Option<&Seat> {
        of(&self.seats, place)
    }

    /// All seats, beginning with that one.
    fn seats_from(&self, place: usize) -> impl Iterator<Item = &Seat> {
        let count = self.seats.len();
        self.seats.iter().cycle().skip(place.checked_rem(count).unwrap_or(0)).take(count)
    }

    /// What the first agent from there on has that has any.
    fn first_from(&self, place: usize, of_seat: impl Fn(&Seat) -> Vec<Sighting>) -> Vec<Sighting> {
        self.seats_from(place).map(of_seat).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The main processes of an agent's browsers.
    fn browsers(seat: &Seat) -> Vec<Sighting> {
        Self::started_by(seat).filter(|(_, line)| !line.contains(line::PROGRAM)).filter_map(sighting).collect()
    }

    /// The lines of an agent that lead to a browser.
    fn lines(seat: &Seat) -> Vec<Sighting> {
        let lines = Self::started_by(seat).filter(|(_, line)| line.contains(line::PROGRAM));
        // One that has no browser yet doesn't listen to signals either.
        lines.filter(|(pid, _)| !descendants(*pid).is_empty()).filter_map(sighting).collect()
    }

    /// What runs below an agent with a profile folder of its, but for supervisors and the
    /// processes that browsers start.
    fn started_by(seat: &Seat) -> impl Iterator<Item = (u32, String)> {
        let folder = format!("--user-data-dir={}", seat.folder.display());
        let below = seat.kept.pid().map(descendants).unwrap_or_default();
        let found = processes_naming(&folder).into_iter();
        found.filter(move |(pid, line)| {
            below.contains(pid) && !line.contains("--type=") && !line.contains("__supervise")
        })
    }
}

fn sighting((pid, _): (u32, String)) -> Option<Sighting> {
    Sighting::of(pid)
}

/// What of the middle a fault disturbs.
fn disturbed_by(fault: Fault) -> Vec<Disturbed> {
    match fault {
        Fault::BreakRedis | Fault::WipeRedis | Fault::RollBackRedis => vec![Disturbed::Queue],
        fault if fault.is_of_the_middle() => vec![Disturbed::Answers],
        _ => Vec::new(),
    }
}

/// The thing at a place, taken round.
fn of<T>(all: &[T], place: usize) -> Option<&T> {
    all.get(place.checked_rem(all.len())?)
}
