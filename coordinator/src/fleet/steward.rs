//! The steward: a pool of agents on this machine, started and ended by the number that
//! autoscalers are told elsewhere.
//!
//! ```text
//! started ──▶ serving ──too many, and it is idle──▶ set aside ──idle, or too late──▶ ending ──▶ gone
//!                │ ▲                                    │                               ▲
//!                │ └────────────wanted again────────────┘                               │
//!                ├──ends by itself──▶ gone; another is started after a while            │
//!                └──────────────────the coordinator ends────────────────────────────────┘
//! ```
//!
//! Set aside is the drain that operators have, ending is `SIGTERM`, which an agent drains on
//! by itself, then `SIGKILL`. Each agent is under a supervisor, so none outlives the
//! coordinator, however that ends.
//!
//! Not here: how many agents there should be (`scale`), and what an agent does.

use std::fmt;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::id::AgentId;
use domain::scale::agents::Standing;
use domain::secret::Secret;
use supervisor::{Ended, Output, SpawnError, Spec, Supervised};
use tokio::sync::oneshot::Receiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::scale::{Measured, held};
use super::{Error, Fleet};
use crate::backoff::backoff;
use crate::queue::SeenAgent;
use crate::vault::random;

/// How often it is looked whether there are as many agents as there should be.
const LOOK: Duration = Duration::from_secs(1);

/// How long an agent may go on once it was told to end.
const DRAIN: Duration = Duration::from_secs(20);

/// How long after that it is killed: its browsers' own end is bounded by five seconds.
const LET_GO: Duration = Duration::from_secs(10);

/// The number of `SIGKILL`.
const KILL: i32 = 9;

/// How long after an agent ended by itself another is started, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// An agent that lived for so long was well: what ended it has nothing to do with the last end.
const WELL: Duration = Duration::from_secs(60);

/// How much memory an agent is counted with: its browser, beside the sessions that wait.
const MEMORY_PER_AGENT: u64 = 1 << 30;

/// What an agent gets of the coordinator's environment, beside its own variables: nothing that is
/// secret, and nothing that is a setting of the coordinator's.
const ENVIRONMENT: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// How many agents this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// As many as there should be and the machine has room for.
    Auto,
    /// So many, always.
    Exactly(u32),
}

/// What agents are started with.
pub struct Crew {
    /// The agent's program.
    pub program: PathBuf,
    /// Where the coordinator is, for agents on this machine.
    pub coordinator: String,
    /// What an agent shows to be let in.
    pub token: Secret,
    /// How many there are.
    pub agents: Agents,
}

/// There is no agent to start.
#[derive(Debug, thiserror::Error)]
#[error("no agent that can be run is at {}", path.display())]
pub struct NoAgent {
    path: PathBuf,
}

/// Keeps the agents of this machine.
pub struct Steward {
    fleet: Arc<Fleet>,
    crew: Crew,
    /// What the names of these agents begin with.
    prefix: String,
    /// How many fit into this machine.
    room: u32,
    members: Vec<Member>,
    ending: JoinSet<()>,
    failures: u32,
    not_before: Instant,
}

/// An agent that runs.
struct Member {
    /// Which of the folders is its own.
    place: usize,
    name: String,
    process: Supervised,
    since: Instant,
    /// Since when it gets no lease, and as whom it was told so.
    aside: Option<(Instant, AgentId)>,
}

/// What is to be done about the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Start(usize),
    SetAside(usize),
}

impl fmt::Display for Agents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => out.write_str("auto"),
            Self::Exactly(count) => count.fmt(out),
        }
    }
}

impl FromStr for Agents {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            // A variable that is set to nothing.
            "" => Ok(Self::Exactly(0)),
            text => text.parse().map(Self::Exactly).map_err(|_| "it is `auto` or a number".to_owned()),
        }
    }
}

/// The agent's program: the one that is named, or the one beside this program.
///
/// # Errors
/// [`NoAgent`] with where it should be.
pub fn find_agent(named: Option<&Path>) -> Result<PathBuf, NoAgent> {
    let beside = || std::env::current_exe().unwrap_or_default().with_file_name("agent");
    let path = named.map_or_else(beside, Path::to_owned);
    let can_run = std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if can_run { Ok(path) } else { Err(NoAgent { path }) }
}

impl Steward {
    /// One without any agent yet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>, crew: Crew) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let port = fleet.config.http.listen.port();
        let room = room(cpus(), available_memory());
        Self {
            // The same after a restart, so that those from before aren't taken for somebody else's.
            prefix: format!("{}-{port}-", host.trim()),
            fleet,
            crew,
            room,
            members: Vec::new(),
            ending: JoinSet::new(),
            failures: 0,
            not_before: Instant::now(),
        }
    }

    /// Plays the role until `end` comes, then ends every agent; returns when all are gone.
    pub async fn play(mut self, end: Receiver<()>) {
        tracing::info!(program = %self.crew.program.display(), agents = %self.crew.agents, room = self.room, "keeps agents");
        let mut end = std::pin::pin!(end);
        loop {
            if let Err(error) = self.run_once().await {
                tracing::warn!(role = "steward", error = &error as &dyn std::error::Error, "a round came to nothing");
            }
            tokio::select! {
                _ = &mut end => break,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        for member in std::mem::take(&mut self.members) {
            self.dismiss(member);
        }
        while self.ending.join_next().await.is_some() {}
    }

    /// One round.
    ///
    /// # Errors
    /// [`Error`] if the number can't be measured; the agents that are there stay.
    pub async fn run_once(&mut self) -> Result<(), Error> {
        self.notice_ends();
        while self.ending.try_join_next().is_some() {}
        let measured = self.fleet.measure().await?;
        self.let_go(&measured.agents).await?;
        let serving = self.members.iter().filter(|member| member.aside.is_none()).count();
        match step(self.wanted(&measured), serving) {
            Step::Start(count) => self.start(count).await,
            Step::SetAside(count) => self.set_aside(count, &measured).await,
        }
    }

    /// Takes out those that ended by themselves.
    fn notice_ends(&mut self) {
        for at in (0..self.members.len()).rev() {
            let Some(ended) = self.members[at].process.ended() else { continue };
            let member = self.members.swap_remove(at);
            if member.aside.is_some() && matches!(ended, Ended::Child(status) if status.success()) {
                continue;
            }
            self.failures = if member.since.elapsed() < WELL { self.failures.saturating_add(1) } else { 1 };
            let (first, longest) = AGAIN;
            let wait = backoff(first, longest, self.failures);
            self.not_before = Instant::now() + wait;
            tracing::warn!(
                name = member.name,
                %ended,
                ?wait,
                "an agent ended by itself; another is started after a while"
            );
        }
    }

    /// How many of this machine's agents there should be.
    fn wanted(&self, measured: &Measured) -> usize {
        let wanted = match self.crew.agents {
            Agents::Exactly(count) => count,
            Agents::Auto => {
                let is_other = |agent: &&SeenAgent| {
                    !agent.name.starts_with(&self.prefix) && held(agent).standing == Standing::Serving
                };
                let others = measured.agents.iter().filter(is_other).count();
                share(measured.desired, others, self.room)
            }
        };
        usize::try_from(wanted).unwrap_or(usize::MAX)
    }

    /// Ends those that were set aside and hold nothing, or have had time enough.
    async fn let_go(&mut self, agents: &[SeenAgent]) -> Result<(), Error> {
        let patience = self.fleet.config.challenge.term + DRAIN;
        for at in (0..self.members.len()).rev() {
            let Some((since, id)) = self.members[at].aside else { continue };
            let is_idle = |agent: &SeenAgent| {
                let held = held(agent);
                // What it said before it was set aside may be about a lease that it has by now.
                agent.id == id && agent.seen < since.elapsed() && held.busy + held.parked == 0
            };
            if agents.iter().any(is_idle) || since.elapsed() > patience {
                let member = self.members.swap_remove(at);
                tracing::info!(name = member.name, "an agent is ended: there are more than there should be");
                self.dismiss(member);
            }
        }
        Ok(())
    }

    /// Brings back those that were set aside, the last first, and starts as many as are missing then.
    async fn start(&mut self, mut count: usize) -> Result<(), Error> {
        for member in self.members.iter_mut().rev() {
            if count > 0
                && let Some((_, id)) = member.aside
            {
                self.fleet.queue.undrain(id).await?;
                member.aside = None;
                count -= 1;
            }
        }
        while count > 0 && Instant::now() >= self.not_before {
            count -= 1;
            match self.start_one().await {
                Ok(member) => {
                    tracing::info!(name = member.name, pid = member.process.pid(), "an agent was started");
                    self.members.push(member);
                }
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    let (first, longest) = AGAIN;
                    self.not_before = Instant::now() + backoff(first, longest, self.failures);
                    tracing::warn!(error = &error as &dyn std::error::Error, "no agent could be started");
                }
            }
        }
        Ok(())
    }

    /// Sets agents aside that hold nothing, the one that should go first first. One that holds
    /// something stays until it doesn't.
    async fn set_aside(&mut self, count: usize, measured: &Measured) -> Result<(), Error> {
        let named = |id: &AgentId| measured.agents.iter().find(|agent| agent.id == *id);
        let mut left = count;
        for agent in idle(measured).iter().filter_map(named) {
            let member = self.members.iter_mut().find(|member| member.aside.is_none() && member.name == agent.name);
            if left > 0
                && let Some(member) = member
            {
                self.fleet.queue.drain(agent.id).await?;
                member.aside = Some((Instant::now(), agent.id));
                left -= 1;
            }
        }
        Ok(())
    }

    /// `SIGTERM`, and `SIGKILL` where that doesn't end it in time.
    fn dismiss(&mut self, member: Member) {
        self.ending.spawn(async move {
            let was_killed = match member.process.stop().await {
                Ended::Child(status) => status.signal() == Some(KILL),
                Ended::SupervisorLost => true,
            };
            if was_killed {
                tracing::warn!(name = member.name, "an agent had to be killed");
            }
        });
    }

    async fn start_one(&self) -> Result<Member, SpawnError> {
        let is_taken = |place: &usize| self.members.iter().any(|member| member.place == *place);
        let place = (1..).find(|place| !is_taken(place)).unwrap_or_default();
        let unique = random::<3>().map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]));
        let name = format!("{}{unique:06x}", self.prefix);
        let process = Supervised::spawn(self.spec(place, &name)).await?;
        Ok(Member { place, name, process, since: Instant::now(), aside: None })
    }

    fn spec(&self, place: usize, name: &str) -> Spec {
        let (config, pool) = (&self.fleet.config, &self.fleet.config.pool);
        let is_own =
            |name: &str| name.starts_with("BURSAR_") && !name.starts_with("BURSAR__") && name != "BURSAR_CONFIG";
        let mut spec = Spec::new(&self.crew.program)
            .args(["run", "--coordinator", &self.crew.coordinator, "--name", name])
            .args(["--drain-seconds", &DRAIN.as_secs().to_string(), "--data"])
            .arg(config.data().join("agents").join(place.to_string()))
            // Before its own variables, which may say otherwise.
            .env_clear()
            .env("BURSAR_AGENT_SLOTS", pool.slots_per_agent.to_string())
            .env("BURSAR_AGENT_PARKED", pool.parked_per_agent.to_string());
        for (name, value) in std::env::vars_os() {
            let is_passed = name.to_str().is_some_and(|name| ENVIRONMENT.contains(&name) || is_own(name));
            spec = if is_passed { spec.env(name, value) } else { spec };
        }
        spec.env("BURSAR_AGENT_TOKEN", self.crew.token.expose()).stdout(Output::Null).grace(DRAIN + LET_GO)
    }
}

/// The idle agents: those that may go, then those that may go if there are more than wanted.
fn idle(measured: &Measured) -> Vec<AgentId> {
    domain::scale::agents::drainable(&measured.agents.iter().map(held).collect::<Vec<_>>(), 0)
}

/// How many of the agents that there should be are this machine's, where `others` serve elsewhere.
fn share(desired: u32, others: usize, room: u32) -> u32 {
    desired.saturating_sub(u32::try_from(others).unwrap_or(u32::MAX)).min(room)
}

/// How many agents fit into a machine.
fn room(cpus: usize, memory: u64) -> u32 {
    let by_memory = usize::try_from(memory / MEMORY_PER_AGENT).unwrap_or(usize::MAX);
    u32::try_from(cpus.min(by_memory).max(1)).unwrap_or(u32::MAX)
}

fn step(wanted: usize, serving: usize) -> Step {
    match wanted.checked_sub(serving) {
        Some(missing) => Step::Start(missing),
        None => Step::SetAside(serving - wanted),
    }
}

/// The CPUs that this process may use.
fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The memory that is available, in bytes; without end where the system doesn't say.
fn available_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.map_or(u64::MAX, |kibibytes| kibibytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::{Agents, Step, room, share, step};

    #[test]
    fn this_machine_takes_what_others_leave_and_it_has_room_for() {
        let check = |desired, others, room, expected| {
            assert_eq!(
                share(desired, others, room),
                expected,
                "{desired} of which {others} elsewhere, room for {room}"
            );
        };
        check(0, 0, 4, 0);
        check(3, 0, 4, 3);
        check(30, 0, 4, 4);
        check(3, 1, 4, 2);
        check(3, 7, 4, 0);
    }

    #[test]
    fn a_machine_has_room_for_one_agent_at_least_and_for_one_a_cpu_at_most() {
        for (cpus, gibibytes, expected) in [(2, 8, 2), (8, 3, 3), (1, 0, 1), (64, 1 << 20, 64)] {
            assert_eq!(room(cpus, gibibytes << 30), expected, "{cpus} CPUs, {gibibytes} GiB");
        }
    }

    #[test]
    fn missing_agents_are_started_and_surplus_ones_set_aside() {
        assert_eq!(step(3, 1), Step::Start(2));
        assert_eq!(step(1, 1), Step::Start(0));
        assert_eq!(step(0, 2), Step::SetAside(2));
    }

    #[test]
    fn a_number_of_agents_is_auto_or_a_number() {
        assert_eq!("auto".parse(), Ok(Agents::Auto));
        assert_eq!("3".parse(), Ok(Agents::Exactly(3)));
        assert_eq!("".parse(), Ok(Agents::Exactly(0)), "a variable that is set to nothing");
        for text in ["-1", "many", "1.5"] {
            assert!(text.parse::<Agents>().is_err(), "{text}");
        }
    }
}
