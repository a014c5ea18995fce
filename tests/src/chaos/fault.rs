//! What is thrown at the fleet, and when: a plan that its seed determines.
//!
//! Not here: how any of it is done; [`World`](super::world::World) has a word for each.

use std::collections::VecDeque;
use std::time::Duration;

use fixtures::rng::Rng;

/// Something that goes wrong. Numbers are places in the world's lists, taken round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An agent is killed with SIGKILL.
    KillAgent(usize),
    /// An agent is stopped for longer than its term, and then goes on.
    FreezeAgent(usize),
    /// An agent's browser is stopped: it takes what comes on its DevTools socket and does nothing.
    FreezeBrowser(usize),
    /// An agent's browser is killed.
    KillBrowser(usize),
    /// The process of a page is killed, as one that crashes or as the kernel out of memory.
    CrashRenderer(usize),
    /// Nothing passes between an agent and its browser, and neither is told: the browser runs on.
    StallDevtools(usize),
    /// The connections between an agent and its browser are cut, and the browser runs on.
    CutDevtools(usize),
    /// The portal's pages take memory until they are ended for it.
    UseUpMemory,
    /// Nothing passes between an agent and the coordinators, and neither is told.
    StallAgent(usize),
    /// The connections between an agent and the coordinators are cut.
    CutAgent(usize),
    /// What passes between an agent and the coordinators comes late.
    SlowAgent(usize),
    /// Nothing passes between a coordinator and Redis, and neither is told.
    StallRedis(usize),
    /// The connections between a coordinator and Redis are cut.
    CutRedis(usize),
    /// Redis is killed, stays away, and comes back empty.
    BreakRedis,
    /// Everything in Redis is deleted.
    WipeRedis,
    /// Redis comes back as it was before it was lost.
    RollBackRedis,
    /// PostgreSQL crashes and is started again.
    RestartPostgres,
    /// A coordinator is killed with SIGKILL and started again.
    RestartCoordinator(usize),
    /// A coordinator is stopped for longer than a term, and then goes on.
    FreezeCoordinator(usize),
    /// An agent is killed and comes back with a clock that is hours ahead. Its browser's isn't,
    /// which bears no other clock; one behind its browser's makes an agent let go of its leases.
    SkewClock(usize, i64),
    /// Whatever agent works on one connection is killed, until its run is set aside.
    Poison(usize),
}

/// How many kinds there are.
pub const KINDS: usize = 21;

impl Fault {
    /// The fault of the kind with that number, with what chance gives it.
    fn of_kind(kind: usize, rng: &mut Rng) -> Self {
        let place = usize::try_from(rng.between(0, 11)).unwrap_or(0);
        match kind % KINDS {
            0 => Self::KillAgent(place),
            1 => Self::FreezeAgent(place),
            2 => Self::FreezeBrowser(place),
            3 => Self::KillBrowser(place),
            4 => Self::CrashRenderer(place),
            5 => Self::UseUpMemory,
            6 => Self::StallAgent(place),
            7 => Self::CutAgent(place),
            8 => Self::SlowAgent(place),
            9 => Self::StallRedis(place),
            10 => Self::CutRedis(place),
            11 => Self::BreakRedis,
            12 => Self::WipeRedis,
            13 => Self::RollBackRedis,
            14 => Self::RestartPostgres,
            15 => Self::RestartCoordinator(place),
            16 => Self::FreezeCoordinator(place),
            17 => Self::SkewClock(place, rng.between(3_600, 40_000)),
            18 => Self::Poison(place),
            19 => Self::StallDevtools(place),
            _ => Self::CutDevtools(place),
        }
    }

    /// What it is called in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KillAgent(_) => "agent killed",
            Self::FreezeAgent(_) => "agent frozen past its term",
            Self::FreezeBrowser(_) => "browser frozen",
            Self::KillBrowser(_) => "browser killed",
            Self::CrashRenderer(_) => "renderer killed",
            Self::StallDevtools(_) => "agent–browser stalled",
            Self::CutDevtools(_) => "agent–browser cut",
            Self::UseUpMemory => "pages out of memory",
            Self::StallAgent(_) => "agent–coordinator stalled",
            Self::CutAgent(_) => "agent–coordinator cut",
            Self::SlowAgent(_) => "agent–coordinator slow",
            Self::StallRedis(_) => "coordinator–Redis stalled",
            Self::CutRedis(_) => "coordinator–Redis cut",
            Self::BreakRedis => "Redis killed",
            Self::WipeRedis => "Redis wiped",
            Self::RollBackRedis => "Redis rolled back",
            Self::RestartPostgres => "PostgreSQL crashed and restarted",
            Self::RestartCoordinator(_) => "coordinator killed",
            Self::FreezeCoordinator(_) => "coordinator frozen",
            Self::SkewClock(..) => "agent's clock skewed",
            Self::Poison(_) => "poison run",
        }
    }

    /// Within which milliseconds it lasts; none for what is over at once.
    pub(super) fn lasts(self) -> Option<(i64, i64)> {
        match self {
            Self::FreezeAgent(_) | Self::FreezeCoordinator(_) => Some((5_000, 8_000)),
            Self::FreezeBrowser(_) | Self::StallDevtools(_) => Some((6_000, 9_000)),
            Self::UseUpMemory => Some((8_000, 10_000)),
            Self::StallAgent(_) => Some((2_000, 8_000)),
            Self::SlowAgent(_) | Self::StallRedis(_) => Some((2_000, 5_000)),
            Self::BreakRedis => Some((500, 3_000)),
            Self::RollBackRedis => Some((1_000, 4_000)),
            Self::Poison(_) => Some((20_000, 30_000)),
            Self::KillAgent(_)
            | Self::KillBrowser(_)
            | Self::CrashRenderer(_)
            | Self::CutDevtools(_)
            | Self::CutAgent(_)
            | Self::CutRedis(_)
            | Self::WipeRedis
            | Self::RestartPostgres
            | Self::RestartCoordinator(_)
            | Self::SkewClock(..) => None,
        }
    }

    /// Whether the queue or the store is away or begins anew, so that leases can't be taken
    /// back in their time.
    #[must_use]
    pub fn is_of_the_middle(self) -> bool {
        matches!(
            self,
            Self::StallRedis(_)
                | Self::CutRedis(_)
                | Self::BreakRedis
                | Self::WipeRedis
                | Self::RollBackRedis
                | Self::RestartPostgres
                | Self::RestartCoordinator(_)
                | Self::FreezeCoordinator(_)
        )
    }
}

/// What is done at a moment of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The fault begins.
    Begin(Fault),
    /// The fault ends.
    End(Fault),
}

/// A moment of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// After how long.
    pub at: Duration,
    /// What is done.
    pub act: Act,
}

/// When the first fault comes: there is something to hit by then.
const QUIET: i64 = 3_000;

/// How long, in milliseconds, until the next one comes.
const BETWEEN: (i64, i64) = (1_200, 3_000);

/// How long a fault is put off that has nothing to hit.
const PUT_OFF: Duration = Duration::from_millis(300);

/// Moments in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(VecDeque<Moment>);

impl Plan {
    /// The next moment.
    pub fn take(&mut self) -> Option<Moment> {
        self.0.pop_front()
    }

    /// Puts a fault off that has nothing to hit now, and its end as much: whether there is a browser then is chance, and not the
    /// seed's. The faults that keep anything from being hit end in between.
    pub fn put_off(&mut self, now: Duration, fault: Fault) {
        let at = now + PUT_OFF;
        let lasts = fault.lasts().and_then(|(least, _)| u64::try_from(least).ok()).map(Duration::from_millis);
        if let (Some(end), Some(lasts)) = (self.end_of(fault), lasts) {
            end.at = end.at.max(at + lasts);
        }
        self.0.push_back(Moment { at, act: Act::Begin(fault) });
        self.0.make_contiguous().sort_by_key(|moment| moment.at);
    }

    /// Leaves a fault that never had anything to hit, and its end.
    pub fn give_up(&mut self, fault: Fault) {
        if let Some(place) = self.0.iter().position(|moment| moment.act == Act::End(fault)) {
            self.0.remove(place);
        }
    }

    fn end_of(&mut self, fault: Fault) -> Option<&mut Moment> {
        self.0.iter_mut().find(|moment| moment.act == Act::End(fault))
    }
}

/// The plan of a seed for so long. Kinds are dealt as cards are: each comes once before any
/// comes again.
#[must_use]
pub fn plan(seed: u64, span: Duration) -> Plan {
    let mut rng = Rng::of(seed, "chaos");
    let (mut moments, mut deck) = (Vec::new(), Vec::new());
    let mut at = QUIET;
    let until = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    while at < until {
        if deck.is_empty() {
            deck = (0..KINDS).collect();
        }
        let drawn = rng.between(0, i64::try_from(deck.len()).unwrap_or(1) - 1);
        let kind = deck.swap_remove(usize::try_from(drawn).unwrap_or(0));
        let fault = Fault::of_kind(kind, &mut rng);
        moments.push(Moment { at: millis(at), act: Act::Begin(fault) });
        if let Some((least, most)) = fault.lasts() {
            let end = at + rng.between(least, most);
            moments.push(Moment { at: millis(end), act: Act::End(fault) });
        }
        at += rng.between(BETWEEN.0, BETWEEN.1);
    }
    moments.sort_by_key(|moment| moment.at);
    Plan(moments.into())
}

fn millis(span: i64) -> Duration {
    Duration::from_millis(span.try_into().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{Act, Fault, KINDS, Moment, PUT_OFF, Plan, plan};

    #[test]
    fn a_seed_gives_one_plan_and_another_seed_another() {
        let span = Duration::from_secs(60);
        assert_eq!(plan(7, span), plan(7, span));
        assert_ne!(plan(7, span), plan(8, span));
    }

    #[test]
    fn every_kind_comes_before_any_comes_again_and_what_begins_ends() {
        let Plan(moments) = plan(3, Duration::from_secs(200));
        let faults = moments.iter().filter_map(|moment| match moment.act {
            Act::Begin(fault) => Some(fault),
            Act::End(_) => None,
        });
        let begun: Vec<_> = faults.collect();
        let first: BTreeSet<_> = begun.iter().take(KINDS).map(|fault| fault.name()).collect();
        assert_eq!(first.len(), KINDS);
        for fault in begun.iter().filter(|fault| fault.lasts().is_some()) {
            assert!(moments.iter().any(|moment| moment.act == Act::End(*fault)), "{fault:?}");
        }
    }

    #[test]
    fn a_fault_that_had_nothing_to_hit_comes_later_and_lasts_and_one_that_is_given_up_has_no_end() {
        let seconds = Duration::from_secs;
        let moment = |at, act| Moment { at: seconds(at), act };
        let (hit, other) = (Fault::FreezeAgent(1), Fault::WipeRedis);
        let plan = || Plan([moment(1, Act::Begin(hit)), moment(2, Act::Begin(other)), moment(6, Act::End(hit))].into());
        let rest = |mut plan: Plan| std::iter::from_fn(move || plan.take()).collect::<Vec<_>>();
        let mut moved = plan();
        moved.take();
        // The plan is behind: it is tried again after a while, and not at once.
        moved.put_off(seconds(4), hit);
        let again = Moment { at: seconds(4) + PUT_OFF, act: Act::Begin(hit) };
        let end = Moment { at: again.at + seconds(5), act: Act::End(hit) };
        assert_eq!(rest(moved), [moment(2, Act::Begin(other)), again, end]);
        let mut left = plan();
        left.take();
        left.give_up(hit);
        assert_eq!(rest(left), [moment(2, Act::Begin(other))]);
    }
}
