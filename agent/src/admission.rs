//! Who is let in: how many runs an agent works on, how many of them wait for a person,
//! and whether it may ask for another lease.
//!
//! ```text
//!          ask             granted          park
//!   free ──────▶ asked for ───────▶ busy ─────────▶ parked
//!    ▲               │               │ ▲               │
//!    └── refused ────┘               │ └──── resume ───┤
//!    └────────────── leave ──────────┴──────── leave ──┘
//! ```
//!
//! A busy run takes a seat, of which there are as many as the CPU bears; a parked one
//! takes memory alone. Not here: waiting for a seat ([`crate::seats`]), and how many of
//! them there should be ([`crate::sizing`]).

/// How many runs an agent has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seats: runs that are worked on at once.
    pub seats: u32,
    /// With so many parked runs no further lease is asked for.
    pub parked: u32,
}

/// Whether the machine has room for more work, whatever the seats say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// It has.
    Bearable,
    /// Its CPU or its memory is used up.
    High,
}

/// The state. Every event is total: one that can't happen changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    limits: Limits,
    load: Load,
    asked: u32,
    busy: u32,
    parked: u32,
}

/// What happens to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A lease is asked for.
    Ask,
    /// There was none.
    Refused,
    /// There was one, and it is worked under.
    Granted,
    /// A run begins to wait for a person.
    Park,
    /// The answer came. The run goes on at once, since a code is good for a short while
    /// only; so for a moment more runs may be busy than there are seats.
    Resume,
    /// A busy run is over.
    Leave,
}

impl Admission {
    /// Nobody is there.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, load: Load::Bearable, asked: 0, busy: 0, parked: 0 }
    }

    /// Whether a lease may be asked for.
    ///
    /// Every busy run may be parked next, so `seats + parked` runs is the most that
    /// there can be; that many have to fit into the memory.
    #[must_use]
    pub fn may_ask(&self) -> bool {
        self.load == Load::Bearable && self.asked + self.busy < self.limits.seats && self.parked < self.limits.parked
    }

    /// The state after `event`.
    #[must_use]
    pub fn after(self, event: Event) -> Self {
        let Self { asked, busy, parked, .. } = self;
        let (asked, busy, parked) = match event {
            Event::Ask if self.may_ask() => (asked + 1, busy, parked),
            Event::Refused if asked > 0 => (asked - 1, busy, parked),
            Event::Granted if asked > 0 => (asked - 1, busy + 1, parked),
            Event::Park if busy > 0 => (asked, busy - 1, parked + 1),
            Event::Resume if parked > 0 => (asked, busy + 1, parked - 1),
            Event::Leave if busy > 0 => (asked, busy - 1, parked),
            _ => (asked, busy, parked),
        };
        Self { asked, busy, parked, ..self }
    }

    /// The state with other limits; whoever is there stays.
    #[must_use]
    pub fn sized(self, limits: Limits, load: Load) -> Self {
        Self { limits, load, ..self }
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How much the machine bears.
    #[must_use]
    pub fn load(&self) -> Load {
        self.load
    }

    /// How many runs are worked on.
    #[must_use]
    pub fn busy(&self) -> u32 {
        self.busy
    }

    /// How many runs wait for a person.
    #[must_use]
    pub fn parked(&self) -> u32 {
        self.parked
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Event::{Ask, Granted, Leave, Park, Refused, Resume};
    use super::{Admission, Event, Limits, Load};

    /// `events` on an agent with two seats and room for two parked runs: how many are
    /// busy and parked then, and whether another lease may be asked for.
    fn check(events: &[Event], expected: (u32, u32, bool)) {
        let empty = Admission::new(Limits { seats: 2, parked: 2 });
        let state = events.iter().fold(empty, |state, event| state.after(*event));
        assert_eq!((state.busy(), state.parked(), state.may_ask()), expected, "{events:?}");
    }

    #[test]
    fn a_lease_is_asked_for_with_a_free_seat_and_room_to_park() {
        check(&[], (0, 0, true));
        check(&[Ask], (0, 0, true));
        check(&[Ask, Ask], (0, 0, false));
        check(&[Ask, Refused], (0, 0, true));
        check(&[Ask, Granted], (1, 0, true));
        check(&[Ask, Granted, Ask, Granted], (2, 0, false));
        check(&[Ask, Granted, Ask, Granted, Leave], (1, 0, true));
        // Who waits for a person gives the seat back.
        check(&[Ask, Granted, Ask, Granted, Park], (1, 1, true));
        check(&[Ask, Granted, Ask, Granted, Park, Park], (0, 2, false));
        // Who goes on goes on at once, seat or no seat.
        check(&[Ask, Granted, Ask, Granted, Park, Ask, Granted, Resume], (3, 0, false));
        check(&[Ask, Granted, Ask, Granted, Park, Ask, Granted, Resume, Leave], (2, 0, false));
        check(&[Ask, Granted, Ask, Granted, Park, Park, Resume, Leave], (0, 1, true));
        // What can't happen changes nothing.
        check(&[Refused, Granted, Park, Resume, Leave], (0, 0, true));
        check(&[Ask, Ask, Ask], (0, 0, false));
    }

    #[test]
    fn under_load_nobody_is_let_in_and_nobody_thrown_out() {
        let limits = Limits { seats: 2, parked: 2 };
        let state = Admission::new(limits).after(Ask).after(Granted);
        let high = state.sized(limits, Load::High);
        assert!(!high.may_ask());
        assert_eq!(high.after(Ask), high);
        assert_eq!(high.busy(), 1);
        assert!(high.sized(limits, Load::Bearable).may_ask());
        let smaller = state.after(Ask).after(Granted).sized(Limits { seats: 1, parked: 2 }, Load::Bearable);
        assert_eq!((smaller.busy(), smaller.may_ask()), (2, false));
    }

    #[test]
    fn whatever_happens_there_are_never_more_runs_than_fit() {
        for limits in [Limits { seats: 1, parked: 1 }, Limits { seats: 3, parked: 2 }, Limits { seats: 2, parked: 4 }] {
            let mut seen = BTreeSet::new();
            let mut next = vec![Admission::new(limits)];
            while let Some(state) = next.pop() {
                let runs = state.asked + state.busy + state.parked;
                if !seen.insert((state.asked, state.busy, state.parked)) {
                    continue;
                }
                assert!(runs < limits.seats + limits.parked, "{state:?}");
                next.extend([Ask, Refused, Granted, Park, Resume, Leave].map(|event| state.after(event)));
            }
            assert!(seen.len() >= 4, "{seen:?}");
        }
    }
}
