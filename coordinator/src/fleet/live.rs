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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::fence::Fence;
use domain::id::{AgentId, ChallengeId, RunId, UserId};
use protocol::live::{Input, Picture, Taking, ToAgent, ToCoordinator, View};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// How many may look at one run, and at all runs together on one coordinator.
const VIEWERS: (usize, usize) = (8, 64);

/// How many lines of one agent count at once. One that says that it is another agent is among them. What it takes the place
/// of is a line on which nobody showed yet to hold a run at which somebody looks, as long as there is one.
const LINES: usize = 4;

/// How much may wait for one line: it is a person's doing, a few things a second.
const WAITING: usize = 256;

/// How long an agent has to say what came of taking the wheel.
const TAKEN: Duration = Duration::from_secs(5);

/// What stands between agents' lines and viewers on this coordinator.
#[derive(Default)]
pub struct Hub {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Of each agent, the newest last.
    lines: HashMap<AgentId, Vec<Line>>,
    runs: HashMap<RunId, Shown>,
}

/// An agent's line.
struct Line {
    id: Uuid,
    says: mpsc::Sender<ToAgent>,
}

/// A run that somebody looks at.
struct Shown {
    agent: AgentId,
    viewers: Vec<UserId>,
    stands: watch::Sender<Stands>,
    picture: watch::Sender<Option<Arc<[u8]>>>,
    /// The line on which the agent showed that it holds the run.
    proven: Option<Uuid>,
    /// Who waits for what came of taking the wheel.
    takes: HashMap<Turn, oneshot::Sender<Taking>>,
    /// The page at which somebody holds the wheel, and since which turn.
    seat: Option<(Turn, Uuid)>,
}

/// A challenge, and the how manieth time the wheel is asked for during it. Challenges of one run are made one after the
/// other, and so are their ids: of two turns the later is the greater.
type Turn = (Uuid, u64);

/// What came of asking an agent for the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It gave it.
    Given,
    /// It didn't, or wasn't asked: there is no line.
    Refused,
    /// It didn't say. It may have given it, or be about to.
    Unknown,
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
pub enum TooMany {
    /// People at that run, or at this coordinator.
    #[error("too many people look already")]
    People,
    /// Pages of this very person.
    #[error("too many live views of one person are open")]
    Pages,
}

/// One agent's line, for as long as it stands.
pub struct Standing {
    hub: Arc<Hub>,
    agent: AgentId,
    line: Uuid,
    /// What is to be said to the agent.
    pub says: mpsc::Receiver<ToAgent>,
}

/// Somebody who looks at a run.
pub struct Looking {
    hub: Arc<Hub>,
    run: RunId,
    user: UserId,
    /// How it stands.
    pub stands: watch::Receiver<Stands>,
    /// What it looks like: the sides of the page and the picture.
    pub picture: watch::Receiver<Option<Arc<[u8]>>>,
}

impl Hub {
    /// An agent opened a line, or somebody says that they are that agent.
    #[must_use]
    pub fn connect(self: &Arc<Self>, agent: AgentId) -> Standing {
        let (sender, says) = mpsc::channel(WAITING);
        let line = Uuid::new_v4();
        let mut known = self.lock();
        let Known { lines, runs } = &mut *known;
        let lines = lines.entry(agent).or_default();
        if lines.len() >= LINES {
            let is_proven = |line: &Line| runs.values().any(|shown| shown.proven == Some(line.id));
            let oldest = lines.iter().position(|line| !is_proven(line)).unwrap_or(0);
            lines.remove(oldest);
        }
        lines.push(Line { id: line, says: sender.clone() });
        for (run, shown) in runs.iter().filter(|(_, shown)| shown.agent == agent) {
            if *shown.stands.borrow() == Stands::NoLine {
                shown.stands.send_replace(Stands::Asked);
            }
            let _ = sender.try_send(ToAgent::Watch { run_id: *run });
        }
        drop(known);
        Standing { hub: Arc::clone(self), agent, line, says }
    }

    /// Somebody looks at a run that this agent works on, who may look with so many pages at once.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn look(self: &Arc<Self>, run: RunId, agent: AgentId, user: UserId, pages: usize) -> Result<Looking, TooMany> {
        let mut known = self.lock();
        let Known { lines, runs } = &mut *known;
        let viewers = || runs.values().flat_map(|shown| &shown.viewers);
        if viewers().filter(|viewer| **viewer == user).count() >= pages {
            return Err(TooMany::Pages);
        }
        let here = runs.get(&run).map_or(0, |shown| shown.viewers.len());
        if here >= VIEWERS.0 || viewers().count() >= VIEWERS.1 {
            return Err(TooMany::People);
        }
        let shown = runs.entry(run).or_insert_with(|| Shown::new(agent));
        shown.viewers.push(user);
        if shown.agent != agent {
            // Another agent works on it by now.
            tell_all(lines, shown.agent, &ToAgent::Unwatch { run_id: run });
            shown.agent = agent;
            shown.picture.send_replace(None);
            shown.is_proven_no_more();
            shown.stands.send_replace(Stands::NoLine);
        }
        if *shown.stands.borrow() == Stands::NoLine && tell_all(lines, agent, &ToAgent::Watch { run_id: run }) {
            shown.stands.send_replace(Stands::Asked);
        }
        let (stands, mut picture) = (shown.stands.subscribe(), shown.picture.subscribe());
        // Whoever comes later begins with what the others see.
        picture.mark_changed();
        drop(known);
        Ok(Looking { hub: Arc::clone(self), run, user, stands, picture })
    }

    /// Whether an agent, or somebody in its name, has a line to this coordinator.
    #[must_use]
    pub fn has_line_of(&self, agent: AgentId) -> bool {
        self.lock().lines.contains_key(&agent)
    }

    /// Whether that very line of an agent stands at this coordinator.
    #[must_use]
    pub fn stands(&self, agent: AgentId, line: Uuid) -> bool {
        self.lock().lines.get(&agent).is_some_and(|lines| lines.iter().any(|one| one.id == line))
    }

    /// Whether the agent that holds a run can be told something.
    #[must_use]
    pub fn has_line(&self, run: RunId) -> bool {
        let known = self.lock();
        known.runs.get(&run).is_some_and(|shown| known.line_of(shown).is_some())
    }

    /// Asks an agent to give the wheel to a person.
    pub async fn take(&self, run: RunId, challenge: ChallengeId, turn: u64) -> Asked {
        let answer = {
            let mut known = self.lock();
            let line = known.runs.get(&run).and_then(|shown| known.line_of(shown)).cloned();
            let (Some(line), Some(shown)) = (line, known.runs.get_mut(&run)) else { return Asked::Refused };
            let (sender, answer) = oneshot::channel();
            shown.takes.insert((challenge.0, turn), sender);
            if line.try_send(ToAgent::Take { run_id: run, challenge_id: challenge, turn }).is_err() {
                shown.takes.remove(&(challenge.0, turn));
                return Asked::Refused;
            }
            answer
        };
        match timeout(TAKEN, answer).await {
            Ok(Ok(Taking::Held)) => Asked::Given,
            Ok(Ok(Taking::Refused)) => Asked::Refused,
            // The line ended, or is silent.
            Ok(Err(_)) | Err(_) => Asked::Unknown,
        }
    }

    /// From now on what this page says is passed on, and what no other does; unless another took the wheel since that turn.
    pub fn seat(&self, run: RunId, challenge: ChallengeId, turn: u64, page: Uuid) {
        let turn = (challenge.0, turn);
        if let Some(shown) = self.lock().runs.get_mut(&run)
            && shown.seat.is_none_or(|(known, _)| known < turn)
        {
            shown.seat = Some((turn, page));
        }
    }

    /// Tells an agent what the person at the wheel does; whether that is this page, and there is a line to say it on.
    pub fn input(&self, run: RunId, seat: Uuid, input: Input) -> bool {
        let known = self.lock();
        let at_wheel = known.runs.get(&run).filter(|shown| shown.seat.is_some_and(|(_, page)| page == seat));
        let line = at_wheel.and_then(|shown| known.line_of(shown));
        line.is_some_and(|line| line.try_send(ToAgent::Input { run_id: run, input }).is_ok())
    }

    /// What this page says is passed on no more.
    pub fn leave(&self, run: RunId, seat: Uuid) {
        if let Some(shown) = self.lock().runs.get_mut(&run)
            && let Some((_, page)) = shown.seat.as_mut().filter(|(_, page)| *page == seat)
        {
            // Whoever took it before that still doesn't get it by a late word.
            *page = Uuid::nil();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A run of that agent at which somebody looks.
    fn shown_of(&mut self, run: RunId, agent: AgentId) -> Option<&mut Shown> {
        self.runs.get_mut(&run).filter(|shown| shown.agent == agent)
    }

    /// The line on which the agent showed that it holds the run.
    fn line_of(&self, shown: &Shown) -> Option<&mpsc::Sender<ToAgent>> {
        let lines = self.lines.get(&shown.agent)?;
        lines.iter().find(|line| shown.proven == Some(line.id)).map(|line| &line.says)
    }
}

impl Shown {
    fn new(agent: AgentId) -> Self {
        Self {
            agent,
            viewers: Vec::new(),
            stands: watch::Sender::new(Stands::NoLine),
            picture: watch::Sender::new(None),
            proven: None,
            takes: HashMap::new(),
            seat: None,
        }
    }

    /// Whoever waits for a word on that line waits in vain.
    fn is_proven_no_more(&mut self) {
        self.proven = None;
        self.takes.clear();
    }
}

/// Says something on each line of an agent; whether there is one that takes it.
fn tell_all(lines: &HashMap<AgentId, Vec<Line>>, agent: AgentId, what: &ToAgent) -> bool {
    let lines = lines.get(&agent).into_iter().flatten();
    lines.filter(|line| line.says.try_send(what.clone()).is_ok()).count() > 0
}

impl Standing {
    /// Who is at the other end, by their own word.
    #[must_use]
    pub fn agent(&self) -> AgentId {
        self.agent
    }

    /// Which of their lines it is.
    #[must_use]
    pub fn line(&self) -> Uuid {
        self.line
    }

    /// The run of this agent at which somebody looks that is spoken of, and the fence that is shown for it: whether it is
    /// held under that is to be seen before [`Self::proven`] takes what is said.
    #[must_use]
    pub fn claim(&self, said: &ToCoordinator) -> Option<(RunId, Fence)> {
        let (run, fence) = match said {
            ToCoordinator::Shows { run_id, fence, .. } | ToCoordinator::Taken { run_id, fence, .. } => {
                (*run_id, (*fence)?)
            }
            ToCoordinator::Hello { .. } | ToCoordinator::Unknown => return None,
        };
        let known = self.hub.lock();
        known.runs.get(&run).is_some_and(|shown| shown.agent == self.agent).then_some((run, fence))
    }

    /// The agent, which holds the run that it speaks of, says something.
    pub fn proven(&self, said: &ToCoordinator) {
        let mut known = self.hub.lock();
        match said {
            ToCoordinator::Shows { run_id, view, .. } => {
                if let Some(shown) = known.shown_of(*run_id, self.agent) {
                    if shown.proven != Some(self.line) {
                        shown.is_proven_no_more();
                        shown.proven = Some(self.line);
                    }
                    if *view == View::Withheld {
                        // Nor does whoever comes now see what was seen last.
                        shown.picture.send_replace(None);
                    }
                    shown.stands.send_replace(Stands::Shows(*view));
                }
            }
            ToCoordinator::Taken { run_id, challenge_id, turn, taking, .. } => {
                let shown = known.shown_of(*run_id, self.agent);
                if let Some(asked) = shown.and_then(|shown| shown.takes.remove(&(challenge_id.0, *turn))) {
                    let _ = asked.send(*taking);
                }
            }
            ToCoordinator::Hello { .. } | ToCoordinator::Unknown => {}
        }
    }

    /// The agent doesn't hold the run that it speaks of, or doesn't show that it does. That it is absent is taken from a
    /// line that had shown it.
    pub fn unproven(&self, said: &ToCoordinator) {
        let mut known = self.hub.lock();
        if let ToCoordinator::Shows { run_id, .. } = said
            && let Some(shown) = known.shown_of(*run_id, self.agent)
            && shown.proven == Some(self.line)
        {
            shown.is_proven_no_more();
            shown.stands.send_replace(Stands::Shows(View::Absent));
        }
    }

    /// The agent shows a picture, in place of the one before. One of a run that it didn't show to hold, or at which nobody
    /// looks, is dropped.
    pub fn pictured(&self, bytes: &[u8]) {
        let Some(run) = Picture::run_of(bytes) else { return };
        let known = self.hub.lock();
        let own = |shown: &&Shown| shown.agent == self.agent && shown.proven == Some(self.line);
        if let Some(shown) = known.runs.get(&run).filter(own) {
            shown.picture.send_replace(bytes.get(Picture::BEFORE_VIEWERS..).map(Arc::from));
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let mut known = self.hub.lock();
        let Known { lines, runs } = &mut *known;
        let Some(left) = lines.get_mut(&self.agent) else { return };
        left.retain(|line| line.id != self.line);
        let stands = if left.is_empty() { Stands::NoLine } else { Stands::Asked };
        for shown in runs.values_mut().filter(|shown| shown.agent == self.agent) {
            if shown.proven == Some(self.line) {
                shown.is_proven_no_more();
                shown.stands.send_replace(stands);
            } else if shown.proven.is_none() {
                shown.stands.send_replace(stands);
            }
        }
        if left.is_empty() {
            lines.remove(&self.agent);
        }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let mut known = self.hub.lock();
        let Known { lines, runs } = &mut *known;
        let Some(shown) = runs.get_mut(&self.run) else { return };
        if let Some(place) = shown.viewers.iter().position(|viewer| *viewer == self.user) {
            shown.viewers.swap_remove(place);
        }
        if shown.viewers.is_empty() {
            tell_all(lines, shown.agent, &ToAgent::Unwatch { run_id: self.run });
            runs.remove(&self.run);
        }
    }
}

#[cfg(test)]
mod tests;
