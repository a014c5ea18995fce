//! The line to the coordinator: opened, served, and opened anew when it ends.
//!
//! Nobody depends on it. A coordinator that has none is asked again now and then, in case that it is brought up to date.
//!
//! Not here: how the socket is made ([`crate::coordinator`]), and what is shown.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::id::RunId;
use protocol::live::{Input, Taking, ToAgent, ToCoordinator, View};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep};

use super::{LiveRun, LiveRuns, Outbox};
use crate::coordinator::{LineError, LineReceiver, LineSender};
use crate::member::Member;

/// How long lies between two attempts, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// How long a line has to have stood for the next to be opened at once.
const STOOD: Duration = Duration::from_secs(10);
/// How often a coordinator is asked that has no such line.
const ASK_OLD: Duration = Duration::from_secs(300);
/// How many things that a person does may wait for a slow page; more are lost.
const INPUTS: usize = 64;
/// How many runs are shown at once.
const SHOWN_AT_ONCE: usize = 64;

/// Keeps the line of one agent.
pub struct Line {
    member: Arc<Member>,
}

/// What is shown on one line, until it ends.
struct Served {
    runs: LiveRuns,
    outbox: Outbox,
    says: mpsc::UnboundedSender<ToCoordinator>,
    shown: JoinSet<()>,
    watched: HashMap<RunId, AbortHandle>,
    /// Of each run at whose wheel somebody is, what they do.
    inputs: HashMap<RunId, mpsc::Sender<Input>>,
}

impl Line {
    /// Of `member`.
    #[must_use]
    pub fn new(member: Arc<Member>) -> Self {
        Self { member }
    }

    /// Keeps it for as long as this is waited for.
    pub async fn run(self) {
        let mut pause = PAUSES.0;
        loop {
            let began = Instant::now();
            match self.member.coordinator.line().await {
                Ok((sender, receiver)) => {
                    tracing::debug!("the line stands");
                    self.serve(sender, receiver).await;
                    tracing::debug!("the line ended");
                    if began.elapsed() >= STOOD {
                        pause = PAUSES.0;
                    }
                }
                Err(LineError::None) => {
                    tracing::debug!("the coordinator has no line for live views");
                    sleep(ASK_OLD).await;
                    continue;
                }
                Err(LineError::Unreachable) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Serves one line until it ends. All that is shown on it ends with it.
    async fn serve(&self, mut sender: LineSender, mut receiver: LineReceiver) {
        let (says, mut said) = mpsc::unbounded_channel();
        let outbox = Outbox::default();
        let _ = says.send(ToCoordinator::Hello { agent_id: self.member.agent_id });
        let mut served = Served {
            runs: self.member.live.clone(),
            outbox: outbox.clone(),
            says,
            shown: JoinSet::new(),
            watched: HashMap::new(),
            inputs: HashMap::new(),
        };
        let telling = async {
            let mut pings = LineSender::pings();
            loop {
                let told = tokio::select! {
                    biased;
                    told = said.recv() => match told {
                        Some(told) => sender.say(&told).await,
                        None => return,
                    },
                    _ = pings.tick() => sender.ping().await,
                    picture = outbox.next() => sender.show(picture).await,
                };
                if told.is_err() {
                    return;
                }
            }
        };
        let hearing = async {
            while let Some(heard) = receiver.next().await {
                served.hear(heard);
            }
        };
        tokio::select! {
            () = telling => {}
            () = hearing => {}
        }
    }
}

impl Served {
    fn hear(&mut self, heard: ToAgent) {
        // Those that ended by themselves.
        while self.shown.try_join_next().is_some() {}
        match heard {
            ToAgent::Watch { run_id } => self.watch(run_id),
            ToAgent::Unwatch { run_id } => {
                if let Some(shown) = self.watched.remove(&run_id) {
                    shown.abort();
                }
                self.outbox.forget(run_id);
            }
            ToAgent::Take { run_id, challenge_id, turn } => {
                let run = self.runs.get(run_id);
                let fence = run.as_ref().map(|run| run.fence());
                let taking = run.map_or(Taking::Refused, |run| run.take(challenge_id));
                tracing::info!(%run_id, %challenge_id, ?taking, "a person takes the wheel");
                let _ = self.says.send(ToCoordinator::Taken { run_id, fence, challenge_id, turn, taking });
            }
            ToAgent::Input { run_id, input } => self.input(run_id, input),
            ToAgent::Unknown => {}
        }
    }

    fn watch(&mut self, run_id: RunId) {
        if let Some(before) = self.watched.remove(&run_id) {
            // Asked for anew: it begins with the page as it is.
            before.abort();
        }
        self.watched.retain(|_, shown| !shown.is_finished());
        let says = self.says.clone();
        let say = move |fence, view| drop(says.send(ToCoordinator::Shows { run_id, fence, view }));
        if self.watched.len() >= SHOWN_AT_ONCE {
            return say(None, View::Absent);
        }
        let (runs, outbox) = (self.runs.clone(), self.outbox.clone());
        let shown = self.shown.spawn(async move { runs.show(run_id, &outbox, say).await });
        self.watched.insert(run_id, shown);
    }

    /// In a task for each run, so that a page that is slow keeps no other waiting, and in the order in which it was done.
    fn input(&mut self, run_id: RunId, input: Input) {
        let Some(run) = self.runs.get(run_id) else { return };
        self.inputs.retain(|_, inputs| !inputs.is_closed());
        let shown = &mut self.shown;
        let inputs = self.inputs.entry(run_id).or_insert_with(|| {
            let (inputs, coming) = mpsc::channel(INPUTS);
            shown.spawn(steer(run, coming));
            inputs
        });
        // What a page is too slow for is lost: no other waits for it.
        if inputs.try_send(input).is_err() {
            tracing::debug!(%run_id, "a page is too slow for what is done on it");
        }
    }
}

/// Does what a person does, until nobody does anything for long.
async fn steer(run: Arc<LiveRun>, mut coming: mpsc::Receiver<Input>) {
    while let Ok(Some(input)) = tokio::time::timeout(Duration::from_secs(60), coming.recv()).await {
        run.input(input).await;
    }
}
