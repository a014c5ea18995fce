//! The hub of live views: agents' lines at one end, viewers at the other, and of each run the newest picture in between.
//!
//! ```text
//! Line (http) ── heard, pictured ──▶ Hub ── newest picture, how it stands ──▶ Looking (console) × n
//!             ◀── Watch, Unwatch, Take, Input ──┘
//! ```
//!
//! Nothing of it is kept: not in the store, not in the queue, not in logs. Whoever is slow misses pictures and keeps
//! nobody else waiting; without viewers nothing is asked for.
//!
//! Not here: who may look, or take the wheel (`takeover`, and the console).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::id::{AgentId, ChallengeId, RunId};
use protocol::live::{Input, Picture, Taking, ToAgent, ToCoordinator, View};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// How many may look at one run, and at all runs together on one coordinator.
const VIEWERS: (usize, usize) = (8, 64);

/// How much may wait for one line: it is a person's doing, a few things a second.
const WAITING: usize = 256;

/// How long an agent has to say what came of taking the wheel.
const TAKEN: Duration = Duration::from_secs(5);

/// What stands between agents' lines and viewers on this coordinator.
#[derive(Default)]
pub struct Hub {
    known: Mutex<Known>,
    lines: AtomicU64,
}

#[derive(Default)]
struct Known {
    lines: HashMap<AgentId, Line>,
    runs: HashMap<RunId, Shown>,
}

/// An agent's line.
struct Line {
    number: u64,
    says: mpsc::Sender<ToAgent>,
}

/// A run that somebody looks at.
struct Shown {
    agent: AgentId,
    viewers: usize,
    stands: watch::Sender<Stands>,
    picture: watch::Sender<Option<Arc<[u8]>>>,
    taken: watch::Sender<Option<(ChallengeId, Taking)>>,
    /// The page at which somebody holds the wheel.
    seat: Option<Uuid>,
}

/// How a run stands at which somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Its agent has no line to this coordinator: it is at another one, or being opened, or the agent is gone.
    NoLine,
    /// Its agent was asked.
    Asked,
    /// What its agent says.
    Shows(View),
}

/// Nobody else may look: there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many people look already")]
pub struct TooMany;

/// One agent's line, for as long as it stands.
pub struct Standing {
    hub: Arc<Hub>,
    agent: AgentId,
    number: u64,
    /// What is to be said to the agent.
    pub says: mpsc::Receiver<ToAgent>,
}

/// Somebody who looks at a run.
pub struct Looking {
    hub: Arc<Hub>,
    run: RunId,
    /// How it stands.
    pub stands: watch::Receiver<Stands>,
    /// What it looks like: the sides of the page and the picture.
    pub picture: watch::Receiver<Option<Arc<[u8]>>>,
}

impl Hub {
    /// An agent opened its line; an older one of its counts no more.
    #[must_use]
    pub fn connect(self: &Arc<Self>, agent: AgentId) -> Standing {
        let (sender, says) = mpsc::channel(WAITING);
        let number = self.lines.fetch_add(1, Ordering::Relaxed);
        let mut known = self.lock();
        known.lines.insert(agent, Line { number, says: sender.clone() });
        for (run, shown) in known.runs.iter().filter(|(_, shown)| shown.agent == agent) {
            shown.stands.send_replace(Stands::Asked);
            let _ = sender.try_send(ToAgent::Watch { run_id: *run });
        }
        drop(known);
        Standing { hub: Arc::clone(self), agent, number, says }
    }

    /// Somebody looks at a run that this agent works on.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn look(self: &Arc<Self>, run: RunId, agent: AgentId) -> Result<Looking, TooMany> {
        let mut known = self.lock();
        let all: usize = known.runs.values().map(|shown| shown.viewers).sum();
        let Known { lines, runs } = &mut *known;
        let shown = runs.entry(run).or_insert_with(|| Shown::new(agent));
        if shown.viewers >= VIEWERS.0 || all >= VIEWERS.1 {
            if shown.viewers == 0 {
                runs.remove(&run);
            }
            return Err(TooMany);
        }
        shown.viewers += 1;
        if shown.agent != agent {
            // Another agent works on it by now.
            tell(lines, shown.agent, ToAgent::Unwatch { run_id: run });
            shown.agent = agent;
            shown.picture.send_replace(None);
            shown.stands.send_replace(Stands::NoLine);
        }
        if *shown.stands.borrow() == Stands::NoLine && tell(lines, agent, ToAgent::Watch { run_id: run }) {
            shown.stands.send_replace(Stands::Asked);
        }
        let (stands, mut picture) = (shown.stands.subscribe(), shown.picture.subscribe());
        // Whoever comes later begins with what the others see.
        picture.mark_changed();
        drop(known);
        Ok(Looking { hub: Arc::clone(self), run, stands, picture })
    }

    /// Asks an agent to give the wheel to a person. From then on what this page says is passed on, and what no other does.
    pub async fn take(&self, run: RunId, challenge: ChallengeId, seat: Uuid) -> Taking {
        let taking = self.ask(run, challenge).await;
        if let Some(shown) = self.lock().runs.get_mut(&run)
            && taking == Taking::Held
        {
            shown.seat = Some(seat);
        }
        taking
    }

    async fn ask(&self, run: RunId, challenge: ChallengeId) -> Taking {
        let mut taken = {
            let known = self.lock();
            let Some(shown) = known.runs.get(&run) else { return Taking::Refused };
            shown.taken.send_replace(None);
            if !tell(&known.lines, shown.agent, ToAgent::Take { run_id: run, challenge_id: challenge }) {
                return Taking::Refused;
            }
            shown.taken.subscribe()
        };
        let said = taken.wait_for(|taken| taken.is_some_and(|(about, _)| about == challenge));
        match timeout(TAKEN, said).await {
            Ok(Ok(taken)) => taken.map_or(Taking::Refused, |(_, taking)| taking),
            _ => Taking::Refused,
        }
    }

    /// Tells an agent what the person at the wheel does; whether that is this page, and there is a line to say it on.
    pub fn input(&self, run: RunId, seat: Uuid, input: Input) -> bool {
        let known = self.lock();
        let at_wheel = known.runs.get(&run).filter(|shown| shown.seat == Some(seat));
        at_wheel.is_some_and(|shown| tell(&known.lines, shown.agent, ToAgent::Input { run_id: run, input }))
    }

    /// What this page says is passed on no more.
    pub fn leave(&self, run: RunId, seat: Uuid) {
        if let Some(shown) = self.lock().runs.get_mut(&run) {
            shown.seat = shown.seat.filter(|known| *known != seat);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn new(agent: AgentId) -> Self {
        Self {
            agent,
            viewers: 0,
            stands: watch::Sender::new(Stands::NoLine),
            picture: watch::Sender::new(None),
            taken: watch::Sender::new(None),
            seat: None,
        }
    }
}

/// Says something to an agent; whether it has a line that takes it.
fn tell(lines: &HashMap<AgentId, Line>, agent: AgentId, what: ToAgent) -> bool {
    lines.get(&agent).is_some_and(|line| line.says.try_send(what).is_ok())
}

impl Standing {
    /// The agent says something. What it says of runs that aren't its is passed over.
    pub fn heard(&self, said: &ToCoordinator) {
        let known = self.hub.lock();
        let own = |run| known.runs.get(run).filter(|shown| shown.agent == self.agent);
        match said {
            ToCoordinator::Shows { run_id, view } => {
                if let Some(shown) = own(run_id) {
                    shown.stands.send_replace(Stands::Shows(*view));
                }
            }
            ToCoordinator::Taken { run_id, challenge_id, taking } => {
                if let Some(shown) = own(run_id) {
                    shown.taken.send_replace(Some((*challenge_id, *taking)));
                }
            }
            ToCoordinator::Hello { .. } | ToCoordinator::Unknown => {}
        }
    }

    /// The agent shows a picture, in place of the one before. One of a run that isn't its, or at which nobody looks, is
    /// dropped.
    pub fn pictured(&self, bytes: &[u8]) {
        let Some(run) = Picture::run_of(bytes) else { return };
        let known = self.hub.lock();
        if let Some(shown) = known.runs.get(&run).filter(|shown| shown.agent == self.agent) {
            shown.picture.send_replace(bytes.get(Picture::BEFORE_VIEWERS..).map(Arc::from));
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let mut known = self.hub.lock();
        if known.lines.get(&self.agent).is_none_or(|line| line.number != self.number) {
            return;
        }
        known.lines.remove(&self.agent);
        for shown in known.runs.values().filter(|shown| shown.agent == self.agent) {
            shown.stands.send_replace(Stands::NoLine);
        }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let mut known = self.hub.lock();
        let Known { lines, runs } = &mut *known;
        let Some(shown) = runs.get_mut(&self.run) else { return };
        shown.viewers -= 1;
        if shown.viewers == 0 {
            tell(lines, shown.agent, ToAgent::Unwatch { run_id: self.run });
            runs.remove(&self.run);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn agent(number: u128) -> AgentId {
        AgentId(Uuid::from_u128(number))
    }

    fn run(number: u128) -> RunId {
        RunId(Uuid::from_u128(number))
    }

    fn picture(of: RunId, first: u8) -> Vec<u8> {
        Picture { run_id: of, width: 1, height: 1, jpeg: vec![first] }.to_bytes()
    }

    #[tokio::test]
    async fn nothing_is_asked_for_before_somebody_looks_nor_after_the_last_has_left() {
        let hub = Arc::new(Hub::default());
        let mut line = hub.connect(agent(1));
        assert!(line.says.try_recv().is_err());
        let (one, other) = (hub.look(run(1), agent(1)).expect("room"), hub.look(run(1), agent(1)).expect("room"));
        assert!(matches!(line.says.try_recv(), Ok(ToAgent::Watch { .. })));
        assert!(line.says.try_recv().is_err(), "it is asked for once");
        drop(one);
        assert!(line.says.try_recv().is_err(), "somebody looks still");
        drop(other);
        assert!(matches!(line.says.try_recv(), Ok(ToAgent::Unwatch { .. })));
        assert!(hub.lock().runs.is_empty());
    }

    #[tokio::test]
    async fn a_slow_viewer_sees_the_newest_picture_and_no_other() {
        let hub = Arc::new(Hub::default());
        let line = hub.connect(agent(1));
        let mut looking = hub.look(run(1), agent(1)).expect("room");
        for number in 0..100 {
            line.pictured(&picture(run(1), number));
        }
        assert!(looking.picture.has_changed().expect("a line"));
        let seen = looking.picture.borrow_and_update().clone().expect("a picture");
        assert_eq!(seen.last(), Some(&99));
        assert!(!looking.picture.has_changed().expect("a line"));
    }

    #[tokio::test]
    async fn an_agent_shows_no_runs_but_its_own() {
        let hub = Arc::new(Hub::default());
        let (own, other) = (hub.connect(agent(1)), hub.connect(agent(2)));
        let looking = hub.look(run(1), agent(1)).expect("room");
        other.pictured(&picture(run(1), 7));
        other.heard(&ToCoordinator::Shows { run_id: run(1), view: View::Absent });
        assert!(looking.picture.borrow().is_none());
        assert_eq!(*looking.stands.borrow(), Stands::Asked);
        own.heard(&ToCoordinator::Shows { run_id: run(1), view: View::Pictures });
        assert_eq!(*looking.stands.borrow(), Stands::Shows(View::Pictures));
    }

    #[tokio::test]
    async fn a_line_that_comes_back_is_asked_again() {
        let hub = Arc::new(Hub::default());
        let looking = hub.look(run(1), agent(1)).expect("room");
        assert_eq!(*looking.stands.borrow(), Stands::NoLine);
        let older = hub.connect(agent(1));
        assert_eq!(*looking.stands.borrow(), Stands::Asked);
        let mut newer = hub.connect(agent(1));
        assert!(matches!(newer.says.try_recv(), Ok(ToAgent::Watch { .. })));
        drop(older);
        assert_eq!(*looking.stands.borrow(), Stands::Asked, "the newer one stands");
        drop(newer);
        assert_eq!(*looking.stands.borrow(), Stands::NoLine);
    }

    #[tokio::test]
    async fn what_is_done_at_another_page_than_the_holders_reaches_nobody() {
        let (hub, press) = (Arc::new(Hub::default()), || Input::Text { text: "x".into() });
        let mut line = hub.connect(agent(1));
        let _looking = hub.look(run(1), agent(1)).expect("room");
        let (one, other, challenge) = (Uuid::from_u128(1), Uuid::from_u128(2), ChallengeId(Uuid::from_u128(3)));
        assert!(!hub.input(run(1), one, press()), "nobody holds it");
        for seat in [one, other] {
            let (taken, ()) = tokio::join!(hub.take(run(1), challenge, seat), async {
                while !matches!(line.says.recv().await, Some(ToAgent::Take { .. })) {}
                let (run_id, taking) = (run(1), Taking::Held);
                line.heard(&ToCoordinator::Taken { run_id, challenge_id: challenge, taking });
            });
            assert_eq!(taken, Taking::Held);
            assert!(hub.input(run(1), seat, press()));
        }
        assert!(!hub.input(run(1), one, press()), "the page from which it was taken is a stale one");
        hub.leave(run(1), one);
        assert!(hub.input(run(1), other, press()));
        hub.leave(run(1), other);
        assert!(!hub.input(run(1), other, press()));
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_and_no_more() {
        let hub = Arc::new(Hub::default());
        let _looking: Vec<_> = (0..VIEWERS.0).map(|_| hub.look(run(1), agent(1)).expect("room")).collect();
        assert!(hub.look(run(1), agent(1)).is_err());
        let mut others = Vec::new();
        while let Ok(looking) = hub.look(run(2 + others.len() as u128), agent(1)) {
            others.push(looking);
        }
        assert_eq!(others.len(), VIEWERS.1 - VIEWERS.0);
    }
}
