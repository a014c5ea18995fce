//! The seats of one agent, shared by whoever asks for leases and whoever works under
//! them: waiting for a free one, holding it, giving it back while a person is waited for.
//!
//! Not here: the rules; those are [`crate::admission`]'s.

use std::sync::atomic::{AtomicBool, Ordering};

use protocol::lease::{self, AgentState};
use tokio::sync::watch;

use crate::admission::{Admission, Event, Limits, Load};
use crate::drain::Drain;

/// An agent's seats. Clones are the same seats.
#[derive(Clone, Debug)]
pub struct Seats {
    state: watch::Sender<Admission>,
}

/// A seat that a lease is asked for. Dropping it says that there was none.
#[derive(Debug)]
#[must_use = "a seat that is dropped is free again"]
pub struct FreeSeat {
    seats: Seats,
    is_granted: bool,
}

/// A seat that a run is worked on in. Dropping it leaves it.
#[derive(Debug)]
#[must_use = "a seat that is dropped is free again"]
pub struct Seat {
    seats: Seats,
    is_parked: AtomicBool,
}

/// While this lives the run is parked. Dropping it, the run goes on.
#[derive(Debug)]
#[must_use = "a run is parked for as long as this lives"]
pub struct Parked<'a> {
    /// None if it was parked already, by somebody who will see to it.
    seat: Option<&'a Seat>,
}

impl Seats {
    /// All free.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { state: watch::Sender::new(Admission::new(limits)) }
    }

    /// Waits for one that a lease may be asked for.
    pub async fn free(&self) -> FreeSeat {
        let mut changes = self.state.subscribe();
        loop {
            if let Some(seat) = self.take() {
                return seat;
            }
            // The sender lives in `self`, so this only says that something changed.
            let _ = changes.wait_for(Admission::may_ask).await;
        }
    }

    /// One that a lease may be asked for, if there is one now.
    pub fn take(&self) -> Option<FreeSeat> {
        let is_taken = self.state.send_if_modified(|state| {
            let may_ask = state.may_ask();
            *state = state.after(Event::Ask);
            may_ask
        });
        is_taken.then(|| FreeSeat { seats: self.clone(), is_granted: false })
    }

    /// From now on there are so many, and the machine bears so much.
    pub fn size(&self, limits: Limits, load: Load) {
        self.state.send_modify(|state| *state = state.sized(limits, load));
    }

    /// How things stand.
    #[must_use]
    pub fn now(&self) -> Admission {
        *self.state.borrow()
    }

    /// What is said of them to the coordinator.
    #[must_use]
    pub fn told(&self, drain: &Drain) -> lease::Seats {
        let now = self.now();
        let Limits { seats, parked } = now.limits();
        let state = if drain.is_begun() { AgentState::Draining } else { AgentState::Ready };
        lease::Seats { total: seats, busy: now.busy(), parked: now.parked(), parked_limit: parked, state }
    }

    fn happens(&self, event: Event) {
        self.state.send_modify(|state| *state = state.after(event));
    }
}

impl FreeSeat {
    /// There is a lease: the seat is worked in.
    pub fn granted(mut self) -> Seat {
        self.is_granted = true;
        self.seats.happens(Event::Granted);
        Seat { seats: self.seats.clone(), is_parked: AtomicBool::new(false) }
    }
}

impl Drop for FreeSeat {
    fn drop(&mut self) {
        if !self.is_granted {
            self.seats.happens(Event::Refused);
        }
    }
}

impl Seat {
    /// Gives the seat back until the result is dropped: the run waits for a person.
    pub fn park(&self) -> Parked<'_> {
        if self.is_parked.swap(true, Ordering::AcqRel) {
            return Parked { seat: None };
        }
        self.seats.happens(Event::Park);
        Parked { seat: Some(self) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.happens(Event::Leave);
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            seat.is_parked.store(false, Ordering::Release);
            seat.seats.happens(Event::Resume);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use protocol::lease::AgentState;

    use super::Seats;
    use crate::admission::Limits;
    use crate::drain::Drain;

    #[tokio::test]
    async fn a_seat_is_free_again_when_its_run_parks_or_ends() {
        let seats = Seats::new(Limits { seats: 1, parked: 2 });
        let seat = seats.free().await.granted();
        assert!(seats.free().now_or_never().is_none());
        let parked = seat.park();
        drop(seats.free().now_or_never().expect("a free seat"));
        drop(parked);
        assert!(seats.free().now_or_never().is_none());
        let waiting = tokio::spawn({
            let seats = seats.clone();
            async move { seats.free().await }
        });
        drop(seat);
        let free = waiting.await.expect("a free seat");
        drop(free);
        assert_eq!((seats.now().busy(), seats.now().parked()), (0, 0));
    }

    #[tokio::test]
    async fn what_is_told_of_seats_is_how_they_stand() {
        let seats = Seats::new(Limits { seats: 3, parked: 5 });
        let drain = Drain::new(Duration::from_secs(1));
        let (one, other) = (seats.free().await.granted(), seats.free().await.granted());
        let parked = one.park();
        let told = seats.told(&drain);
        assert_eq!((told.total, told.busy, told.parked, told.parked_limit), (3, 1, 1, 5));
        assert_eq!(told.state, AgentState::Ready);
        drain.begin();
        assert_eq!(seats.told(&drain).state, AgentState::Draining);
        drop((parked, other));
        drop(one);
        assert_eq!(seats.told(&drain).busy, 0);
    }
}
