//! The send gate: nothing reaches a portal but through [`Gate::permit`], and that
//! refuses from the moment on at which the lease may be somebody else's.
//!
//! An agent believes its lease only until its trust window ends: the moment just
//! before it asked for the lease or its renewal, plus the term, less the margin.
//! Both what is sent to the browser and what the browser sends to the portal pass
//! here, so a frozen agent that wakes up late sends nothing.
//!
//! ```text
//! open ──hold──▶ held        the run's commands are refused; a person's input passes, and what the page itself sends
//!  │ ▲            │ │
//!  │ └──let go────┘ │
//!  └──▶ shut ◀──────┘        for good, whatever the reason
//! ```
//!
//! While a person holds the wheel the run's commands are refused and not kept for later: what was decided on one page
//! would be done to another.
//!
//! Not here: renewing ([`crate::renewer`]), ending the session when the window
//! ends ([`crate::watchdog`]), and who holds the wheel ([`crate::live`]).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

/// How long a lease is believed in: what the request that was made last came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustWindow {
    asked_at: Instant,
    deadline: Instant,
}

impl TrustWindow {
    /// The window of a lease that was asked for at `asked_at`, or renewed then.
    #[must_use]
    pub fn new(asked_at: Instant, term: Duration, margin: Duration) -> Self {
        Self { asked_at, deadline: asked_at + term.saturating_sub(margin) }
    }

    /// When it ends.
    #[must_use]
    pub fn deadline(self) -> Instant {
        self.deadline
    }

    /// Whether the lease may be believed in at `now`.
    #[must_use]
    pub fn holds(self, now: Instant) -> bool {
        now < self.deadline
    }

    /// The window after a renewal whose answer came at `now`. None if this one had
    /// ended by then: what was given up isn't taken back. The later request counts, so
    /// a shorter term shortens the window, and an answer that overtook another keeps it.
    #[must_use]
    pub fn renewed(self, next: Self, now: Instant) -> Option<Self> {
        self.holds(now).then_some(if next.asked_at < self.asked_at { self } else { next })
    }
}

/// Why a gate lets nothing through. It never opens again, unless a person holds the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// The coordinator says that the lease is another's.
    #[error("the lease was lost")]
    Lost,
    /// The trust window ended without a renewal.
    #[error("the lease wasn't renewed in time")]
    Expired,
    /// The coordinator asks to stop.
    #[error("the run was cancelled")]
    Cancelled,
    /// The agent ends.
    #[error("the agent ends")]
    Drained,
    /// The run is over.
    #[error("the run is over")]
    Over,
    /// A person holds the wheel: a gate that is held isn't shut.
    #[error("a person holds the wheel")]
    Held,
}

/// Proof that the gate was open a moment ago. Good for one command.
#[derive(Debug)]
#[must_use = "a permit is for sending one command"]
pub struct Permit {
    until: Instant,
}

impl Permit {
    /// When the trust window ends that this was given in. What is sent with it must
    /// have no effect after that.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.until
    }
}

/// One lease's gate. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open(TrustWindow),
    /// A person holds the wheel, under the same lease.
    Held(TrustWindow),
    Shut(Shut),
}

/// Proof that a person held the wheel a moment ago. Good for one thing that they do.
#[derive(Debug)]
#[must_use = "a permit is for one thing that a person does"]
pub struct PersonsPermit(());

impl Gate {
    /// Opens a gate for as long as `window` holds.
    #[must_use]
    pub fn new(window: TrustWindow) -> Self {
        Self { state: watch::Sender::new(State::Open(window)) }
    }

    /// Leave to send one command now.
    ///
    /// # Errors
    /// Why nothing may be sent any more.
    pub fn permit(&self) -> Result<Permit, Shut> {
        match *self.state.borrow() {
            State::Open(window) if window.holds(Instant::now()) => Ok(Permit { until: window.deadline }),
            State::Held(window) if window.holds(Instant::now()) => Err(Shut::Held),
            State::Open(_) | State::Held(_) => Err(Shut::Expired),
            State::Shut(shut) => Err(shut),
        }
    }

    /// Whether it is open now.
    ///
    /// # Errors
    /// Why nothing may be sent any more.
    pub fn check(&self) -> Result<(), Shut> {
        self.permit().map(|_| ())
    }

    /// Leave to look at the page, and for what the page itself sends: whoever holds the wheel.
    ///
    /// # Errors
    /// Why the lease may not be believed in any more.
    pub fn look(&self) -> Result<Permit, Shut> {
        match *self.state.borrow() {
            State::Open(window) | State::Held(window) if window.holds(Instant::now()) => {
                Ok(Permit { until: window.deadline })
            }
            State::Open(_) | State::Held(_) => Err(Shut::Expired),
            State::Shut(shut) => Err(shut),
        }
    }

    /// Leave for one thing that the person at the wheel does; none if nobody holds it, or the lease ended.
    #[must_use]
    pub fn persons_permit(&self) -> Option<PersonsPermit> {
        match *self.state.borrow() {
            State::Held(window) if window.holds(Instant::now()) => Some(PersonsPermit(())),
            State::Open(_) | State::Held(_) | State::Shut(_) => None,
        }
    }

    /// Gives the wheel to a person. Doing it again changes nothing.
    ///
    /// # Errors
    /// Why there is no wheel to give any more.
    pub fn hold(&self) -> Result<(), Shut> {
        let permit = self.look()?;
        drop(permit);
        self.state.send_if_modified(|state| {
            let State::Open(window) = *state else { return false };
            *state = State::Held(window);
            true
        });
        Ok(())
    }

    /// Gives the wheel back to the run. Doing it again changes nothing, and nothing opens a gate that is shut.
    pub fn let_go(&self) {
        self.state.send_if_modified(|state| {
            let State::Held(window) = *state else { return false };
            *state = State::Open(window);
            true
        });
    }

    /// Takes note of a renewal.
    ///
    /// # Errors
    /// Why it came too late.
    pub fn renew(&self, next: TrustWindow) -> Result<(), Shut> {
        let now = Instant::now();
        let mut outcome = Ok(());
        self.state.send_if_modified(|state| match *state {
            State::Open(window) | State::Held(window) => {
                let renewed = window.renewed(next, now);
                let goes_on = if matches!(*state, State::Held(_)) { State::Held } else { State::Open };
                outcome = renewed.map(|_| ()).ok_or(Shut::Expired);
                *state = renewed.map_or(State::Shut(Shut::Expired), goes_on);
                true
            }
            State::Shut(shut) => {
                outcome = Err(shut);
                false
            }
        });
        outcome
    }

    /// Shuts it for good. Only the first reason counts.
    pub fn shut(&self, why: Shut) {
        let now = Instant::now();
        self.state.send_if_modified(|state| {
            let (State::Open(window) | State::Held(window)) = *state else { return false };
            *state = State::Shut(if window.holds(now) { why } else { Shut::Expired });
            true
        });
    }

    /// Waits until it is shut, which the end of the trust window does by itself.
    pub async fn until_shut(&self) -> Shut {
        let mut changes = self.state.subscribe();
        loop {
            let window = match *changes.borrow_and_update() {
                State::Shut(shut) => return shut,
                State::Open(window) | State::Held(window) => window,
            };
            tokio::select! {
                // The sender lives in `self`, so this only says that something changed.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(window.deadline) => self.shut(Shut::Expired),
            }
        }
    }

    /// How much is left of the trust window.
    #[must_use]
    pub fn left(&self) -> Duration {
        match *self.state.borrow() {
            State::Open(window) | State::Held(window) => window.deadline.saturating_duration_since(Instant::now()),
            State::Shut(_) => Duration::ZERO,
        }
    }

    /// When the trust window ends by the clock that pages read too, in milliseconds of the
    /// epoch.
    #[must_use]
    pub fn ends_at(&self) -> u64 {
        epoch_millis(self.left())
    }
}

/// The moment `ahead` of now, in milliseconds of the epoch.
fn epoch_millis(ahead: Duration) -> u64 {
    let moment = SystemTime::now() + ahead;
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::{Gate, Shut, TrustWindow};

    const TERM: Duration = Duration::from_secs(15);
    const MARGIN: Duration = Duration::from_secs(3);

    fn window() -> TrustWindow {
        TrustWindow::new(Instant::now(), TERM, MARGIN)
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_is_counted_from_before_the_request() {
        let asked_at = Instant::now();
        advance(Duration::from_secs(9)).await;
        let window = TrustWindow::new(asked_at, TERM, MARGIN);
        assert!(window.holds(asked_at + Duration::from_millis(11_999)));
        assert!(!window.holds(asked_at + Duration::from_secs(12)));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_passes_after_the_window_even_before_anybody_noticed() {
        let gate = Gate::new(window());
        assert!(gate.permit().is_ok());
        advance(Duration::from_secs(12)).await;
        assert_eq!(gate.permit().err(), Some(Shut::Expired));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_moves_the_window_on() {
        let gate = Gate::new(window());
        advance(Duration::from_secs(10)).await;
        gate.renew(window()).expect("in time");
        advance(Duration::from_secs(11)).await;
        assert!(gate.permit().is_ok());
        advance(Duration::from_secs(1)).await;
        assert!(gate.permit().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_answers_late_brings_nothing_back() {
        let gate = Gate::new(window());
        let asked_at = Instant::now() + Duration::from_secs(11);
        advance(Duration::from_secs(12)).await;
        let late = TrustWindow::new(asked_at, TERM, MARGIN);
        assert_eq!(gate.renew(late), Err(Shut::Expired));
        assert!(gate.permit().is_err());
        assert_eq!(gate.renew(window()), Err(Shut::Expired));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_asked_for_earlier_does_not_shorten_the_window() {
        let earlier = TrustWindow::new(Instant::now(), TERM, MARGIN);
        advance(Duration::from_secs(1)).await;
        let gate = Gate::new(window());
        gate.renew(earlier).expect("in time");
        advance(Duration::from_millis(11_500)).await;
        assert!(gate.permit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_with_a_shorter_term_shortens_the_window() {
        let gate = Gate::new(window());
        advance(Duration::from_secs(1)).await;
        gate.renew(TrustWindow::new(Instant::now(), Duration::from_secs(5), MARGIN)).expect("in time");
        assert_eq!(gate.left(), Duration::from_secs(2));
        advance(Duration::from_secs(2)).await;
        assert_eq!(gate.permit().err(), Some(Shut::Expired));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_reason_to_shut_counts() {
        let gate = Gate::new(window());
        gate.shut(Shut::Lost);
        gate.shut(Shut::Cancelled);
        assert_eq!(gate.permit().err(), Some(Shut::Lost));
        assert_eq!(gate.until_shut().await, Shut::Lost);
        assert_eq!(gate.left(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_the_end_follows_renewals() {
        let gate = Gate::new(window());
        let start = Instant::now();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { (gate.until_shut().await, Instant::now()) }
        });
        advance(Duration::from_secs(6)).await;
        gate.renew(window()).expect("in time");
        let (shut, at) = waiting.await.expect("a reason");
        assert_eq!(shut, Shut::Expired);
        assert_eq!(at.duration_since(start).as_secs(), 18);
    }

    #[tokio::test(start_paused = true)]
    async fn while_a_person_holds_the_wheel_the_run_is_refused_and_the_person_is_not() {
        let gate = Gate::new(window());
        assert!(gate.persons_permit().is_none(), "nobody holds it yet");
        gate.hold().expect("open");
        assert_eq!(gate.permit().err(), Some(Shut::Held));
        assert!(gate.persons_permit().is_some() && gate.look().is_ok());
        gate.let_go();
        assert!(gate.permit().is_ok() && gate.persons_permit().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_has_no_longer_than_the_lease() {
        let gate = Gate::new(window());
        gate.hold().expect("open");
        advance(Duration::from_secs(10)).await;
        gate.renew(window()).expect("in time");
        assert_eq!(gate.permit().err(), Some(Shut::Held), "a renewal gives the wheel back to nobody");
        advance(Duration::from_secs(12)).await;
        assert!(gate.persons_permit().is_none());
        assert_eq!((gate.look().err(), gate.hold()), (Some(Shut::Expired), Err(Shut::Expired)));
        assert_eq!(gate.until_shut().await, Shut::Expired);
        gate.let_go();
        assert_eq!(gate.permit().err(), Some(Shut::Expired), "what is shut stays so");
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_says_until_when_it_may_work() {
        let gate = Gate::new(window());
        let permit = gate.permit().expect("open");
        assert_eq!(permit.until(), window().deadline());
    }
}
