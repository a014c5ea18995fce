//! The queue: who may run next. Each step is one Lua script in Redis, whose clock
//! is the only one that counts; nothing secret ever comes here.
//!
//! Every key begins with the prefix and the queue's generation. A generation lives in one
//! process of Redis: when Redis comes back, empty or older or as it was, or another server
//! takes over, every step is refused with [`QueueError::Lost`] until the queue has been
//! rebuilt under the next generation, so the fences of a new generation are greater than
//! all before.
//!
//! | key | holds |
//! |---|---|
//! | `<prefix>generation`, `<prefix>process` | the current generation, and the `run_id` of the process that it began in |
//! | `<prefix><generation>:2:open` | connection → its one open run; 2 is the number of this layout |
//! | `…:fences` | connection → counter, never deleted |
//! | `…:run:<id>` | connection, organization, institution, class, place, state; while leased: agent, fence and the one before it, until, since, renewed |
//! | `…:institutions` | institutions where a run may start now, by the pass of their first flow |
//! | `…:aside` | institutions that were set aside, by the time at which they come back |
//! | `…:institution:<id>` | cap, pace and gate |
//! | `…:flows:<institution>` | organizations that have ready runs there, by pass (stride scheduling) |
//! | `…:runs:<institution>/<organization>` | the flow's ready runs, by class and then first come first |
//! | `…:passes` | flow without ready runs → its pass, while that is ahead of the others' |
//! | `…:waiting:<institution>`, `…:working:<institution>` | its ready runs by the time since when; its leased ones |
//! | `…:delayed`, `…:leased`, `…:parked` | runs by the time at which they are due, lapse, or began to wait for a person |
//! | `…:agents`, `…:seen`, `…:draining` | what agents said of themselves and when; those that get no lease |
//! | `…:known` | institutions that were ever spoken of |
//! | `…:arrivals:<span>`, `…:waits`, `…:services`, `…:answers` | what autoscalers are told, and were told lately |
//!
//! A *flow* is an organization at an institution; flows take turns, each by its pass, which
//! grows with each turn. An institution at its cap, ahead of its pace or behind a closed gate
//! is set aside with all its flows, so it keeps nobody waiting.
//!
//! Not the record: runs, limits and gates can be made again from the store. What agents said of
//! themselves they say again; that an operator drained one is forgotten with Redis.

mod embedded;
mod limits;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
mod view;

use std::time::Duration;

use domain::fence::Fence;
use domain::id::{AgentId, RunId};
use domain::secret::Secret;
use jiff::Timestamp;
use protocol::lease::Proof;
use redis::aio::ConnectionManager;
use redis::{AsyncCommands as _, FromRedisValue as _, Script};
use tokio::sync::Notify;

pub use embedded::{EmbeddedRedis, EmbeddedRedisError};
pub use limits::{COUNTED_OVER, Depth, Gate, InstitutionDepth, Limit, Waits};
pub use view::{DrainState, SeenAgent, SeenFlow, SeenLease};

use crate::store::QueuedRun;

/// How long one step may take before Redis counts as gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many keys of an older generation are removed at once.
const SWEPT_AT_ONCE: usize = 500;

/// A connection to the queue, cheap to clone.
#[derive(Clone)]
pub struct Queue {
    client: redis::Client,
    redis: ConnectionManager,
    prefix: String,
    scripts: std::sync::Arc<Scripts>,
    news: std::sync::Arc<Notify>,
}

struct Scripts {
    enqueue: Script,
    missing: Script,
    promote: Script,
    acquire: Script,
    renew: Script,
    park: Script,
    refence: Script,
    requeue: Script,
    forget: Script,
    expire: Script,
    take_back: Script,
    limit: Script,
    gate: Script,
    depth: Script,
    note_agent: Script,
    forget_agent: Script,
    agents: Script,
    leases: Script,
    flows: Script,
    audit: Script,
    install: Script,
    standing: Script,
}

impl Scripts {
    fn load() -> Self {
        let with_preamble = |body: &str| Script::new(&[include_str!("preamble.lua"), body].concat());
        Self {
            enqueue: with_preamble(include_str!("enqueue.lua")),
            missing: with_preamble(include_str!("missing.lua")),
            promote: with_preamble(include_str!("promote.lua")),
            acquire: with_preamble(include_str!("acquire.lua")),
            renew: with_preamble(include_str!("renew.lua")),
            park: with_preamble(include_str!("park.lua")),
            refence: with_preamble(include_str!("refence.lua")),
            requeue: with_preamble(include_str!("requeue.lua")),
            forget: with_preamble(include_str!("forget.lua")),
            expire: with_preamble(include_str!("expire.lua")),
            take_back: with_preamble(include_str!("take_back.lua")),
            limit: with_preamble(include_str!("limit.lua")),
            gate: with_preamble(include_str!("gate.lua")),
            depth: with_preamble(include_str!("depth.lua")),
            note_agent: with_preamble(include_str!("note_agent.lua")),
            forget_agent: with_preamble(include_str!("forget_agent.lua")),
            agents: with_preamble(include_str!("agents.lua")),
            leases: with_preamble(include_str!("leases.lua")),
            flows: with_preamble(include_str!("flows.lua")),
            audit: with_preamble(include_str!("audit.lua")),
            install: Script::new(include_str!("install.lua")),
            standing: Script::new(include_str!("standing.lua")),
        }
    }
}

/// Why a step wasn't made.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Redis has lost the queue; it has to be rebuilt.
    #[error("Redis has lost the queue")]
    Lost,
    /// Nothing answers at the address, or not as Redis does.
    #[error("Redis can't be reached")]
    Unreachable(#[source] redis::RedisError),
    /// Redis refused or went away.
    #[error("Redis couldn't do a step of the queue")]
    Redis(#[source] redis::RedisError),
    /// Redis answered with something that the queue never wrote.
    #[error("the queue holds something that can't be read")]
    Unreadable,
}

/// What came of asking for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquisition {
    /// One is the asker's.
    Leased(Acquired),
    /// None may start now.
    Nothing {
        /// After how long one may, as far as it is known; whatever else happens is news.
        soonest: Option<Duration>,
    },
    /// An operator drains the asker: it gets nothing, whatever there is.
    Drained,
}

/// How Redis stands to the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    process: String,
    /// The generation; none if this process has lost the queue, or never had it.
    pub generation: Option<u32>,
}

/// A run that was leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    /// The run.
    pub run_id: RunId,
    /// The fence of the lease.
    pub fence: Fence,
}

/// A run whose lease has lapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapsed {
    /// The run.
    pub run_id: RunId,
    /// What is known of who had it.
    pub holder: LapsedHolder,
}

/// What is known of the holder of a lapsed lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LapsedHolder {
    /// It renewed, and then went silent.
    WentSilent,
    /// It was never heard of: perhaps the lease was lost on its way to it.
    NeverSpoke,
}

impl Queue {
    /// Connects to Redis and begins to listen for news.
    ///
    /// # Errors
    /// [`QueueError::Unreachable`] if the address is malformed or nothing answers there.
    pub async fn connect(url: &Secret, prefix: &str) -> Result<Self, QueueError> {
        let client = redis::Client::open(url.expose()).map_err(QueueError::Unreachable)?;
        let settings = redis::aio::ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let redis = ConnectionManager::new_with_config(client.clone(), settings).await;
        let redis = redis.map_err(QueueError::Unreachable)?;
        let (scripts, news) = (std::sync::Arc::new(Scripts::load()), std::sync::Arc::new(Notify::new()));
        Ok(Self { client, redis, prefix: prefix.to_owned(), scripts, news })
    }

    /// Puts a run in, unless its connection has one; then nothing changes.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn enqueue(&self, run: &QueuedRun, now: Timestamp) -> Result<(), QueueError> {
        let delay = run.not_before.duration_since(now).as_millis().max(0);
        let mut step = self.scripts.enqueue.key(&self.prefix);
        step.arg(run.id.to_string()).arg(run.connection_id.to_string()).arg(run.organization_id.to_string());
        step.arg(&run.institution_id).arg(run.class.rank()).arg(delay.to_string());
        self.step(step).await
    }

    /// Those of these runs that the queue doesn't have.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn missing(&self, runs: Vec<QueuedRun>) -> Result<Vec<QueuedRun>, QueueError> {
        let mut step = self.scripts.missing.key(&self.prefix);
        for run in &runs {
            step.arg(run.connection_id.to_string()).arg(run.id.to_string());
        }
        let missing: std::collections::HashSet<String> = self.step(step).await?;
        Ok(runs.into_iter().filter(|run| missing.contains(&run.id.to_string())).collect())
    }

    /// Makes delayed runs ready that are due; returns how many.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn promote(&self) -> Result<u64, QueueError> {
        self.step(self.scripts.promote.key(&self.prefix)).await
    }

    /// Leases the next run of the flow whose turn it is.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn acquire(&self, agent: AgentId, term: Duration) -> Result<Acquisition, QueueError> {
        let mut step = self.scripts.acquire.key(&self.prefix);
        step.arg(agent.to_string()).arg(term.as_millis().to_string());
        let answer: Vec<redis::Value> = self.step(step).await?;
        let unreadable = |_| QueueError::Unreadable;
        let text = |value: &redis::Value| String::from_redis_value(value.clone()).map_err(|_| QueueError::Unreadable);
        match answer.as_slice() {
            [redis::Value::Int(-2)] => Ok(Acquisition::Drained),
            [redis::Value::Int(soonest)] => {
                Ok(Acquisition::Nothing { soonest: u64::try_from(*soonest).ok().map(Duration::from_millis) })
            }
            [run, fence] => {
                let run_id = text(run)?.parse().map_err(unreadable)?;
                let fence = text(fence)?.parse().map_err(|_| QueueError::Unreadable)?;
                Ok(Acquisition::Leased(Acquired { run_id, fence }))
            }
            _ => Err(QueueError::Unreadable),
        }
    }

    /// Makes a lease last for another term; false if it isn't held any more.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn renew(&self, run: RunId, proof: Proof, term: Duration) -> Result<bool, QueueError> {
        let mut step = self.scripts.renew.key(&self.prefix);
        step.arg(run.to_string()).arg(proof.agent_id.to_string()).arg(proof.fence.to_string());
        step.arg(term.as_millis().to_string());
        self.step(step).await
    }

    /// Notes whether a leased run waits for a person; false if it isn't held under that proof.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn park(&self, run: RunId, proof: Proof, waits: Waits) -> Result<bool, QueueError> {
        let mut step = self.scripts.park.key(&self.prefix);
        step.arg(run.to_string()).arg(proof.agent_id.to_string()).arg(proof.fence.to_string());
        step.arg(if waits == Waits::ForPerson { "1" } else { "0" });
        self.step(step).await
    }

    /// Gives a leased run another fence, greater than the one in the proof, and makes its lease last for another term; none
    /// if it isn't held under that proof. Asked again under the same proof, the answer is the same.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn refence(&self, run: RunId, proof: Proof, term: Duration) -> Result<Option<Fence>, QueueError> {
        let mut step = self.scripts.refence.key(&self.prefix);
        step.arg(run.to_string()).arg(proof.agent_id.to_string()).arg(proof.fence.to_string());
        step.arg(term.as_millis().to_string());
        let fence: Option<String> = self.step(step).await?;
        fence.map(|fence| fence.parse().map_err(|_| QueueError::Unreadable)).transpose()
    }

    /// Takes a leased run back, to be leased again after `delay`; false if it isn't
    /// held under that proof any more.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn requeue(&self, run: RunId, proof: Proof, delay: Duration) -> Result<bool, QueueError> {
        self.give_back(run, proof, delay, "begun").await
    }

    /// The same of a run that nobody began: it takes no start from its institution's pace.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn requeue_unbegun(&self, run: RunId, proof: Proof, delay: Duration) -> Result<bool, QueueError> {
        self.give_back(run, proof, delay, "unbegun").await
    }

    async fn give_back(&self, run: RunId, proof: Proof, delay: Duration, begun: &str) -> Result<bool, QueueError> {
        let mut step = self.scripts.requeue.key(&self.prefix);
        step.arg(run.to_string()).arg(proof.agent_id.to_string()).arg(proof.fence.to_string());
        step.arg(delay.as_millis().to_string()).arg(begun);
        self.step(step).await
    }

    /// Takes a run out, wherever it is. For runs that the store has ended.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn forget(&self, run: RunId) -> Result<(), QueueError> {
        let mut step = self.scripts.forget.key(&self.prefix);
        self.step(step.arg(run.to_string())).await
    }

    /// Runs whose lease has lapsed, each for one caller alone, who has `grace` to take it
    /// back or forget it; after that it is another caller's.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn expire(&self, grace: Duration) -> Result<Vec<Lapsed>, QueueError> {
        let mut step = self.scripts.expire.key(&self.prefix);
        step.arg(grace.as_millis().to_string());
        let runs: Vec<(String, String)> = self.step(step).await?;
        let read = |(run, was_renewed): &(String, String)| {
            let run_id = run.parse().map_err(|_| QueueError::Unreadable)?;
            let holder = if was_renewed == "1" { LapsedHolder::WentSilent } else { LapsedHolder::NeverSpoke };
            Ok(Lapsed { run_id, holder })
        };
        runs.iter().map(read).collect()
    }

    /// Makes a run ready again whose lease has lapsed.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn take_back(&self, run: RunId) -> Result<(), QueueError> {
        let mut step = self.scripts.take_back.key(&self.prefix);
        self.step(step.arg(run.to_string())).await
    }

    /// Which process of Redis answers, and the generation that began in it.
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn standing(&self) -> Result<Standing, QueueError> {
        let answer: Vec<String> = self.step(self.scripts.standing.key(&self.prefix)).await?;
        let (process, generation) = match answer.as_slice() {
            [process] => (process, None),
            [process, generation] => (process, Some(generation.parse().map_err(|_| QueueError::Unreadable)?)),
            _ => return Err(QueueError::Unreadable),
        };
        Ok(Standing { process: process.clone(), generation })
    }

    /// Begins a generation in the process that `seen` was said by, unless a later one is
    /// known there; false if it didn't begin.
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn install(&self, generation: u32, seen: &Standing) -> Result<bool, QueueError> {
        let mut step = self.scripts.install.key(&self.prefix);
        self.step(step.arg(generation.to_string()).arg(&seen.process)).await
    }

    /// Removes what is left of generations before this one; nothing asks for it any more.
    ///
    /// # Errors
    /// [`QueueError::Redis`].
    pub async fn sweep(&self, generation: u32) -> Result<(), QueueError> {
        use futures::StreamExt as _;
        let mut redis = self.redis.clone();
        let all = redis.scan::<String>().await.map_err(QueueError::Redis)?;
        let is_old = |name: &str| {
            let rest = name.strip_prefix(&self.prefix).and_then(|rest| rest.split_once(':'));
            rest.and_then(|(old, _)| old.parse::<u32>().ok()).is_some_and(|old| old < generation)
        };
        let old: Vec<String> = all.filter_map(async |name| name.ok().filter(|name| is_old(name))).collect().await;
        for names in old.chunks(SWEPT_AT_ONCE) {
            redis::cmd("UNLINK").arg(names).query_async::<()>(&mut redis).await.map_err(QueueError::Redis)?;
        }
        Ok(())
    }

    /// Returns when a run may have become ready. Of all who wait here each piece of news wakes
    /// one, or the next who comes: a thousand who look for one run would keep Redis from the rest.
    /// Whoever then leases a run has to [pass the news on](Self::pass_on).
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Wakes another of those who wait for news: where one run could start, more may.
    pub fn pass_on(&self) {
        self.news.notify_one();
    }

    /// Listens for runs that become ready, until Redis goes away.
    ///
    /// # Errors
    /// [`QueueError::Redis`] when it does.
    pub async fn listen(&self) -> Result<(), QueueError> {
        use futures::StreamExt as _;
        let mut channel = self.client.get_async_pubsub().await.map_err(QueueError::Redis)?;
        channel.subscribe(format!("{}news", self.prefix)).await.map_err(QueueError::Redis)?;
        // Nobody heard what came before.
        self.news.notify_one();
        let mut messages = channel.into_on_message();
        while messages.next().await.is_some() {
            self.news.notify_one();
        }
        Ok(())
    }

    async fn step<T: redis::FromRedisValue>(
        &self,
        step: impl std::borrow::Borrow<redis::ScriptInvocation<'_>>,
    ) -> Result<T, QueueError> {
        step.borrow().invoke_async(&mut self.redis.clone()).await.map_err(|error| match error.code() {
            Some("LOST") => QueueError::Lost,
            _ => QueueError::Redis(error),
        })
    }
}
