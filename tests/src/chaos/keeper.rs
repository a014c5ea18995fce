//! Programs that are kept running: whichever way one ends, it is started again after a rest,
//! as an init system does. What each of its lives said is kept.
//!
//! Not here: what ends them; that is the vocabulary's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::timeline::{Timeline, now_ms};
use crate::patience::lasting;
use crate::programs::{
    Program, ProgramError, Sighting, Talk, descendants, freeze_process, kill_process_hard, thaw_process,
};

/// How long a program rests between two lives unless something else was said.
const REST: Duration = Duration::from_millis(300);

/// A program that is kept running until it is let go.
pub struct Kept {
    name: String,
    shared: Arc<Mutex<Shared>>,
    wanted: watch::Sender<Wanted>,
    keeper: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Running,
    Ended,
}

#[derive(Default)]
struct Shared {
    lives: Vec<Life>,
    rest: Option<Duration>,
}

/// One life of a kept program.
#[derive(Clone, Debug)]
pub struct Life {
    /// The program's name and the life's number: `agent-2.3`.
    pub name: String,
    /// Its process, as long as it lives.
    pub pid: Option<u32>,
    /// When it ended, in milliseconds of the Unix epoch.
    pub ended_at_ms: Option<u64>,
    /// What ran below it when it was killed.
    pub family: Vec<Sighting>,
    /// What it said.
    pub talk: Talk,
}

impl Kept {
    /// Starts what `make` makes for a life of that name, now and whenever it has ended.
    pub fn start(
        name: &str,
        timeline: Timeline,
        make: impl Fn(&str) -> Result<Command, ProgramError> + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (wanted, wishes) = watch::channel(Wanted::Running);
        let keeper = tokio::spawn(keep(name.to_owned(), Arc::clone(&shared), wishes, timeline, make));
        Self { name: name.to_owned(), shared, wanted, keeper }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process, if it lives.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.locked().lives.last().and_then(|life| life.pid)
    }

    /// All of its lives so far.
    #[must_use]
    pub fn lives(&self) -> Vec<Life> {
        self.locked().lives.clone()
    }

    /// Kills it as the kernel would; it is started again after that rest. Whether it lived.
    pub fn kill_hard(&self, rest: Duration) -> bool {
        let mut shared = self.locked();
        shared.rest = Some(rest);
        let Some(life) = shared.lives.last_mut() else { return false };
        let Some(pid) = life.pid else { return false };
        life.family = descendants(pid).into_iter().filter_map(Sighting::of).collect();
        kill_process_hard(pid);
        true
    }

    /// Stops it where it is; whether it lived.
    pub fn freeze(&self) -> bool {
        self.pid().inspect(|&pid| freeze_process(pid)).is_some()
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        if let Some(pid) = self.pid() {
            thaw_process(pid);
        }
    }

    /// Asks it to end, and waits until it has.
    pub async fn let_go(&mut self) {
        let _ = self.wanted.send(Wanted::Ended);
        let _ = (&mut self.keeper).await;
    }

    fn locked(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // The program goes with its keeper.
        self.keeper.abort();
    }
}

async fn keep(
    name: String,
    shared: Arc<Mutex<Shared>>,
    mut wishes: watch::Receiver<Wanted>,
    timeline: Timeline,
    make: impl Fn(&str) -> Result<Command, ProgramError>,
) {
    let locked = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    for number in 1_u32.. {
        let life = format!("{name}.{number}");
        let started = make(&life).and_then(|command| Program::start(&life, command));
        let mut program = match started {
            Ok(program) => program,
            Err(error) => return timeline.say(format!("{life} can't be started: {error}")),
        };
        let (pid, talk) = (program.pid(), program.listen());
        timeline.say(format!("{life} runs as {}", pid.unwrap_or_default()));
        locked().lives.push(Life { name: life.clone(), pid, ended_at_ms: None, family: Vec::new(), talk });
        let is_wanted = tokio::select! {
            () = program.ended() => true,
            () = let_go(&mut wishes) => {
                program.end().await;
                false
            }
        };
        let rest = {
            let mut shared = locked();
            if let Some(last) = shared.lives.last_mut() {
                (last.pid, last.ended_at_ms) = (None, Some(now_ms()));
            }
            shared.rest.take().unwrap_or(REST)
        };
        timeline.say(format!("{life} has ended"));
        if !is_wanted {
            return;
        }
        tokio::select! {
            () = lasting(rest) => {}
            () = let_go(&mut wishes) => return,
        }
    }
}

async fn let_go(wishes: &mut watch::Receiver<Wanted>) {
    let _ = wishes.wait_for(|wish| *wish == Wanted::Ended).await;
}
