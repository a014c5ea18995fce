//! Agents at work: each takes a lease, holds it as long as it is told, renewing it meanwhile,
//! and hands in a small reading.
//!
//! Not here: where the runs come from.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, Held, accounts};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::load::Latencies;

/// How long a request for a lease is held open.
const WAIT_MS: u64 = 20_000;

/// How many days ago the first row of a reading is.
const DAYS_BACK: usize = 45;

/// A quarter of the term.
const RENEW_EVERY: Duration = Duration::from_millis(3_750);

/// After so long it has come to nothing.
const LONGEST: Duration = Duration::from_secs(900);

/// What came of it.
pub(super) struct Worked {
    pub(super) seconds: f64,
    /// Of the requests for leases that were answered by one.
    pub(super) acquire: Latencies,
    pub(super) renew: Latencies,
    pub(super) complete: Latencies,
    /// Calls that weren't answered as they should have been.
    pub(super) failures: usize,
}

#[derive(Default)]
struct Times {
    acquire: Vec<f64>,
    renew: Vec<f64>,
    complete: Vec<f64>,
    failures: usize,
}

/// What an agent does with a lease.
#[derive(Clone, Copy)]
pub(super) struct Habit {
    /// How long it holds it, renewing it as often as its term asks for.
    pub(super) holds: Duration,
    /// How often it renews it right away beside that.
    pub(super) renewals: usize,
    /// How many rows it reads in the one account.
    pub(super) rows: usize,
}

/// Agents that take leases and complete them until they are dropped.
pub(super) struct Working {
    agents: JoinSet<()>,
    times: Arc<Mutex<Times>>,
    done: Arc<AtomicUsize>,
}

impl Working {
    /// Has them begin.
    pub(super) fn begin(agents: Vec<BareAgent>, habit: Habit) -> Self {
        let (times, done) = (Arc::new(Mutex::new(Times::default())), Arc::new(AtomicUsize::new(0)));
        let mut working = JoinSet::new();
        for (agent, mut wait) in staggered(agents) {
            let (times, done) = (Arc::clone(&times), Arc::clone(&done));
            working.spawn(async move {
                loop {
                    let mut own = Times::default();
                    let asked = Instant::now();
                    let completed = match agent.acquire(wait).await {
                        Ok(Some(held)) => {
                            own.acquire.push(milliseconds(asked));
                            own.run(&agent, &held, habit).await;
                            1
                        }
                        Ok(None) => 0,
                        Err(_) => {
                            own.failures += 1;
                            0
                        }
                    };
                    wait = WAIT_MS;
                    times.lock().unwrap_or_else(PoisonError::into_inner).add(own);
                    done.fetch_add(completed, Ordering::Relaxed);
                }
            });
        }
        Self { agents: working, times, done }
    }

    /// Waits until they have completed `runs` runs.
    pub(super) async fn completed(mut self, runs: usize) -> Result<Worked, Failure> {
        let start = Instant::now();
        while self.done.load(Ordering::Relaxed) < runs {
            if start.elapsed() > LONGEST {
                let done = self.done.load(Ordering::Relaxed);
                return Err(format!("{done} of {runs} runs were completed in {LONGEST:?}").into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        // Those that wait for a run that won't come.
        self.agents.shutdown().await;
        let times = std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner));
        let [acquire, renew, complete] = [times.acquire, times.renew, times.complete].map(Latencies::new);
        Ok(Worked { seconds, acquire, renew, complete, failures: times.failures })
    }
}

/// Agents, and for how long the first request of each is held open in milliseconds: they began at
/// any time, so that not all of them ask again at once.
fn staggered(agents: Vec<BareAgent>) -> impl Iterator<Item = (BareAgent, u64)> {
    let count = agents.len() as u64;
    (1..).zip(agents).map(move |(place, agent)| (agent, WAIT_MS * place / count))
}

impl Times {
    fn add(&mut self, more: Self) {
        self.acquire.extend(more.acquire);
        self.renew.extend(more.renew);
        self.complete.extend(more.complete);
        self.failures += more.failures;
    }

    async fn renew(&mut self, agent: &BareAgent, held: &Held) {
        let asked = Instant::now();
        self.failures += usize::from(agent.renew(held).await.is_err());
        self.renew.push(milliseconds(asked));
    }

    async fn run(&mut self, agent: &BareAgent, held: &Held, habit: Habit) {
        for _ in 0..habit.renewals {
            self.renew(agent, held).await;
        }
        let until = Instant::now() + habit.holds;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            sleep(left.min(RENEW_EVERY)).await;
            if left <= RENEW_EVERY {
                break;
            }
            self.renew(agent, held).await;
        }
        let asked = Instant::now();
        let read = reading(habit.rows, &held.connection_id);
        self.failures += usize::from(agent.complete(held, &read).await.is_err());
        self.complete.push(milliseconds(asked));
    }
}

/// Agents that wait for leases, and tell of each before they complete it, until they are dropped.
pub(super) struct Waiting {
    _agents: JoinSet<()>,
    leased: mpsc::UnboundedReceiver<(String, Instant)>,
}

impl Waiting {
    pub(super) fn begin(agents: Vec<BareAgent>, rows: usize) -> Self {
        let (tell, leased) = mpsc::unbounded_channel();
        let mut waiting = JoinSet::new();
        for (agent, mut wait) in staggered(agents) {
            let tell = tell.clone();
            waiting.spawn(async move {
                loop {
                    let asked = agent.acquire(wait).await;
                    wait = WAIT_MS;
                    if let Ok(Some(held)) = asked {
                        let _ = tell.send((held.connection_id.clone(), Instant::now()));
                        // What became of it isn't what is measured here.
                        let _ = agent.complete(&held, &reading(rows, &held.connection_id)).await;
                    }
                }
            });
        }
        Self { _agents: waiting, leased }
    }

    /// When a connection's run was leased.
    pub(super) async fn leases(&mut self, connection: &str) -> Result<Instant, Failure> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(60), self.leased.recv()).await;
            let (leased, at) = next?.ok_or("no agent is left")?;
            if leased == connection {
                return Ok(at);
            }
        }
    }
}

/// One account with so many rows, one on each of the last days; the same rows stay where they are
/// when there are more.
pub(super) fn reading(rows: usize, name: &str) -> Vec<Value> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |back: usize| today.saturating_sub(Span::new().days(i64::try_from(back).unwrap_or_default()));
    let mut read = accounts(1, rows, name);
    for account in &mut read {
        account["balanceAsOf"] = json!(today);
        for (row, transaction) in account["transactions"].as_array_mut().into_iter().flatten().enumerate() {
            transaction["postedDate"] = json!(day(DAYS_BACK.saturating_sub(row)));
        }
    }
    read
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
