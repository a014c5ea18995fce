//! Runs that somebody may look at while they go on, and whether a person holds the wheel of one.
//!
//! ```text
//! slot ── enters ──▶ LiveRuns ◀── looks it up ── Line ◀──▶ coordinator
//! run  ── waits, goes on ─▶ LiveRun ── hold, let go ──▶ Gate
//! ```
//!
//! A person gets the wheel only while the run waits for a challenge, and keeps it until that is closed, whatever becomes
//! of the line meanwhile: then the run knows that the page may be another.
//!
//! While a bank is given what is made for it alone, nothing is shown.
//!
//! Not here: who may look or hold (the coordinator says so), and how a page is shown ([`crate::cdp`]).

mod line;
mod outbox;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::driver::DriverKind;
use domain::fence::Fence;
use domain::id::{ChallengeId, RunId};
use protocol::live::{Input, Taking, View};
use tokio::sync::watch;

use crate::gate::{Gate, PersonsPermit};
use crate::holding::Holding;

pub use line::Line;
pub use outbox::Outbox;

/// Shows what a session shows, and does to it what a person does.
#[async_trait]
pub trait Screencast: Send + Sync {
    /// Shows it until the session is gone: the page as it is, and then whatever differs.
    async fn cast(&self, run_id: RunId, to: &Outbox);

    /// Does what the person at the wheel does.
    async fn input(&self, permit: PersonsPermit, input: Input);

    /// Another has the wheel from now on, or the run: what was pressed and not let go is let go.
    fn let_go(&self);
}

/// The runs of one agent that somebody may look at. Clones are the same.
#[derive(Clone, Default)]
pub struct LiveRuns {
    runs: Arc<Mutex<HashMap<RunId, Arc<LiveRun>>>>,
    entered: watch::Sender<()>,
}

/// One run as it goes on.
pub struct LiveRun {
    holding: Holding,
    gate: Gate,
    driver: DriverKind,
    screencast: Option<Arc<dyn Screencast>>,
    state: watch::Sender<State>,
    /// How many look, and for how many of them pictures are made.
    viewers: watch::Sender<usize>,
    casts: watch::Sender<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    reads: Reads,
    shows: Shows,
    /// The challenge that is waited for, and whether a person holds the wheel.
    waits: Option<(ChallengeId, Wheel)>,
}

/// By what the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The session that was opened for it.
    InSession,
    /// It has left its browser.
    WithoutBrowser,
    /// It is over.
    NoMore,
}

/// Whether the run's page may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Page,
    Nothing,
}

/// Who has the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wheel {
    Run,
    Person,
}

/// A run that somebody may look at for as long as this lives.
pub struct Entered {
    runs: LiveRuns,
    run_id: RunId,
    run: Arc<LiveRun>,
}

/// While this lives the run waits for a challenge, and a person may take the wheel. Dropping it, the run has it again.
#[must_use = "a run waits for as long as this lives"]
pub struct Waiting<'r>(&'r LiveRun);

impl LiveRuns {
    /// From now on somebody may look at a run.
    pub fn enter(
        &self,
        holding: &Holding,
        gate: Gate,
        driver: DriverKind,
        screencast: Option<Arc<dyn Screencast>>,
    ) -> Entered {
        let run_id = holding.run_id;
        let run = Arc::new(LiveRun::new(holding.clone(), gate, driver, screencast));
        self.lock().insert(run_id, Arc::clone(&run));
        self.entered.send_replace(());
        Entered { runs: self.clone(), run_id, run }
    }

    /// A run that is under way here.
    #[must_use]
    pub fn get(&self, run_id: RunId) -> Option<Arc<LiveRun>> {
        self.lock().get(&run_id).cloned()
    }

    /// Shows a run for as long as this is waited for. It may come later: whoever looks hears of a lease before its session
    /// is opened.
    async fn show(&self, run_id: RunId, to: &Outbox, say: impl Fn(Option<Fence>, View)) {
        let mut entered = self.entered.subscribe();
        loop {
            entered.borrow_and_update();
            match self.get(run_id) {
                Some(run) => run.show(run_id, to, &say).await,
                None => say(None, View::Absent),
            }
            // The sender lives in `self`.
            let _ = entered.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<LiveRun>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered {
    /// The run.
    #[must_use]
    pub fn run(&self) -> &LiveRun {
        &self.run
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut runs = self.runs.lock();
        // By now it may be worked on here again.
        if runs.get(&self.run_id).is_some_and(|known| Arc::ptr_eq(known, &self.run)) {
            runs.remove(&self.run_id);
        }
        drop(runs);
        self.run.reads(Reads::NoMore);
    }
}

impl LiveRun {
    /// One that waits for nothing yet.
    #[must_use]
    pub fn new(holding: Holding, gate: Gate, driver: DriverKind, screencast: Option<Arc<dyn Screencast>>) -> Self {
        let state = watch::Sender::new(State { reads: Reads::InSession, shows: Shows::Page, waits: None });
        Self { holding, gate, driver, screencast, state, viewers: watch::Sender::new(0), casts: watch::Sender::new(0) }
    }

    /// Says by what the run goes on.
    pub fn reads(&self, reads: Reads) {
        self.state.send_modify(|state| state.reads = reads);
    }

    /// From now on nobody sees the page, nor what of it is on its way to the line.
    pub async fn withhold(&self) {
        self.state.send_modify(|state| state.shows = Shows::Nothing);
        // The sender lives in `self`.
        let _ = self.casts.subscribe().wait_for(|casts| *casts == 0).await;
    }

    /// The page may be seen again.
    pub fn show_again(&self) {
        self.state.send_if_modified(|state| std::mem::replace(&mut state.shows, Shows::Page) == Shows::Nothing);
    }

    /// The run waits for a person, who may take the wheel.
    pub fn waits(&self, challenge: ChallengeId) -> Waiting<'_> {
        self.state.send_modify(|state| state.waits = Some((challenge, Wheel::Run)));
        Waiting(self)
    }

    /// Gives the wheel to a person, if the run waits for that very challenge and has a page to steer.
    pub fn take(&self, challenge: ChallengeId) -> Taking {
        let mut taking = Taking::Refused;
        let has_page = self.screencast.is_some();
        // Under the state's lock, so that a run that goes on at this moment goes on, or waits.
        self.state.send_if_modified(|state| match &mut state.waits {
            Some((waited_for, wheel))
                if *waited_for == challenge
                    && has_page
                    && (state.reads, state.shows) == (Reads::InSession, Shows::Page)
                    && self.gate.hold().is_ok() =>
            {
                *wheel = Wheel::Person;
                taking = Taking::Held;
                true
            }
            _ => false,
        });
        if let (Some(screencast), Taking::Held) = (&self.screencast, taking) {
            // What the holder before pressed isn't held down for this one.
            screencast.let_go();
        }
        taking
    }

    /// Does what the person at the wheel does; nothing if nobody holds it.
    pub async fn input(&self, input: Input) {
        if let (Some(screencast), Some(permit)) = (&self.screencast, self.gate.persons_permit())
            && input.is_fit()
        {
            screencast.input(permit, input).await;
        }
    }

    /// Waits until a person holds the wheel.
    pub async fn until_held(&self) {
        let mut state = self.state.subscribe();
        let is_held = |state: &State| matches!(state.waits, Some((_, Wheel::Person)));
        // The sender lives in `self`.
        let _ = state.wait_for(is_held).await;
    }

    /// The fence under which it is held.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.holding.proof().fence
    }

    /// Whether somebody looks.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.screencast.is_some() && *self.viewers.borrow() > 0
    }

    /// What there is to see of it now.
    fn view(&self) -> View {
        let State { reads, shows, .. } = *self.state.borrow();
        match (reads, &self.screencast) {
            (Reads::NoMore, _) => View::Absent,
            (_, None) => View::NoPicture { driver: self.driver },
            (Reads::WithoutBrowser, Some(_)) => View::LeftBrowser,
            (Reads::InSession, Some(_)) if shows == Shows::Nothing => View::Withheld,
            (Reads::InSession, Some(_)) => View::Pictures,
        }
    }

    /// Shows it until it is over, and says each time how it stands.
    async fn show(&self, run_id: RunId, to: &Outbox, say: impl Fn(Option<Fence>, View)) {
        let _looks = Counted::one_more(&self.viewers);
        let (mut state, mut proofs) = (self.state.subscribe(), self.holding.proofs());
        let mut said = None;
        loop {
            state.borrow_and_update();
            let (view, fence) = (self.view(), proofs.borrow_and_update().fence);
            if said.replace((view, fence)) != Some((view, fence)) {
                say(Some(fence), view);
            }
            let ended = async {
                if let (Some(screencast), View::Pictures) = (&self.screencast, view) {
                    let _casts = Counted::one_more(&self.casts);
                    // What is to be seen by nobody may have been asked for meanwhile, by a run that goes on at once.
                    if self.view() == view {
                        let _forgets = Forgets(to, run_id);
                        screencast.cast(run_id, to).await;
                    }
                }
                std::future::pending::<()>().await;
            };
            let changed = async {
                loop {
                    let Ok(()) = state.changed().await else { return };
                    if self.view() != view {
                        return;
                    }
                }
            };
            // Another fence is told while pictures go on.
            let told_fence = async {
                loop {
                    let Ok(()) = proofs.changed().await else { return };
                    let fence = proofs.borrow_and_update().fence;
                    said = Some((view, fence));
                    say(Some(fence), view);
                }
            };
            tokio::select! {
                () = ended => {}
                () = changed => {}
                () = told_fence => {}
            }
            if view == View::Absent {
                return;
            }
        }
    }
}

/// One of those that are counted, while this lives.
struct Counted<'c>(&'c watch::Sender<usize>);

impl<'c> Counted<'c> {
    fn one_more(count: &'c watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Whatever waits of a run when pictures of it end doesn't come any more.
struct Forgets<'o>(&'o Outbox, RunId);

impl Drop for Forgets<'_> {
    fn drop(&mut self) {
        self.0.forget(self.1);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(screencast) = &self.0.screencast {
            screencast.let_go();
        }
        // Under the state's lock: whoever comes too late to take the wheel doesn't hold it afterwards.
        self.0.state.send_modify(|state| {
            state.waits = None;
            self.0.gate.let_go();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::id::AgentId;
    use futures::FutureExt as _;
    use protocol::lease::Proof;
    use protocol::live::Picture;
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;
    use crate::gate::{Shut, TrustWindow};

    /// A page that nobody needs to see.
    struct Blank;

    #[async_trait]
    impl Screencast for Blank {
        async fn cast(&self, _: RunId, _: &Outbox) {}

        async fn input(&self, _: PersonsPermit, _: Input) {}

        fn let_go(&self) {}
    }

    fn gate() -> Gate {
        Gate::new(TrustWindow::new(Instant::now(), Duration::from_secs(15), Duration::ZERO))
    }

    fn holding(run: u128) -> Holding {
        let (agent_id, fence) = (AgentId(Uuid::from_u128(1)), Fence { generation: 1, counter: 1 });
        let term = Duration::from_secs(15);
        Holding::of(RunId(Uuid::from_u128(run)), Proof { agent_id, fence }, term, Duration::ZERO)
    }

    fn run(screencast: Option<Arc<dyn Screencast>>) -> (Gate, LiveRun) {
        let gate = gate();
        (gate.clone(), LiveRun::new(holding(7), gate, DriverKind::Cdp, screencast))
    }

    fn challenge(number: u128) -> ChallengeId {
        ChallengeId(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn the_wheel_is_given_only_while_the_run_waits_for_that_very_challenge() {
        let (gate, run) = run(Some(Arc::new(Blank)));
        assert_eq!(run.take(challenge(1)), Taking::Refused, "it doesn't wait");
        let waiting = run.waits(challenge(1));
        assert_eq!(run.take(challenge(2)), Taking::Refused, "it waits for another");
        assert!(gate.check().is_ok());
        assert_eq!(run.take(challenge(1)), Taking::Held);
        assert_eq!(gate.check(), Err(Shut::Held));
        drop(waiting);
        assert!(gate.check().is_ok(), "the run has it again");
        assert_eq!(run.take(challenge(1)), Taking::Refused, "too late");
        assert!(gate.check().is_ok());
    }

    #[tokio::test]
    async fn nobody_steers_what_nobody_sees() {
        let (gate, run) = run(None);
        let _waiting = run.waits(challenge(1));
        assert_eq!(run.take(challenge(1)), Taking::Refused);
        assert_eq!(run.view(), View::NoPicture { driver: DriverKind::Cdp });
        assert!(gate.check().is_ok() && !run.is_watched());
        let (gate, run) = self::run(Some(Arc::new(Blank)));
        let _waiting = run.waits(challenge(1));
        run.reads(Reads::WithoutBrowser);
        assert_eq!((run.take(challenge(1)), run.view()), (Taking::Refused, View::LeftBrowser));
        assert!(gate.check().is_ok());
    }

    /// A page of which there is always a picture.
    struct Restless;

    #[async_trait]
    impl Screencast for Restless {
        async fn cast(&self, run_id: RunId, to: &Outbox) {
            loop {
                to.put(Picture { run_id, width: 1, height: 1, jpeg: vec![1] });
                tokio::task::yield_now().await;
            }
        }

        async fn input(&self, _: PersonsPermit, _: Input) {}

        fn let_go(&self) {}
    }

    #[tokio::test]
    async fn nothing_comes_while_the_bank_is_given_what_nobody_is_to_see() {
        let (_, run) = run(Some(Arc::new(Restless)));
        let (run, run_id, outbox) = (Arc::new(run), RunId(Uuid::from_u128(7)), Outbox::default());
        let (says, mut said) = tokio::sync::mpsc::unbounded_channel();
        let shown = tokio::spawn({
            let (run, outbox) = (Arc::clone(&run), outbox.clone());
            async move { run.show(run_id, &outbox, |_, view| says.send(view).expect("heard")).await }
        });
        outbox.next().await;
        assert_eq!(said.recv().await, Some(View::Pictures));
        run.withhold().await;
        for _ in 0..100 {
            assert!(outbox.next().now_or_never().is_none(), "what was on its way, or is made still");
            tokio::task::yield_now().await;
        }
        assert_eq!(said.recv().await, Some(View::Withheld));
        let _waiting = run.waits(challenge(1));
        assert_eq!(run.take(challenge(1)), Taking::Refused, "whoever steers sees");
        run.show_again();
        outbox.next().await;
        assert_eq!((said.recv().await, run.take(challenge(1))), (Some(View::Pictures), Taking::Held));
        shown.abort();
    }

    #[test]
    fn the_end_of_an_old_session_takes_no_new_one_of_the_same_run_away() {
        let (runs, run_id) = (LiveRuns::default(), RunId(Uuid::from_u128(7)));
        let first = runs.enter(&holding(7), gate(), DriverKind::Cdp, None);
        let second = runs.enter(&holding(7), gate(), DriverKind::Cdp, None);
        drop(first);
        assert!(runs.get(run_id).is_some_and(|run| Arc::ptr_eq(&run, &second.run)));
        drop(second);
        assert!(runs.get(run_id).is_none());
    }
}
