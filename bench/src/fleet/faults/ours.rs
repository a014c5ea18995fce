//! A real agent with a real browser at the simulated bank, and what becomes of it.
//!
//! Not here: peers.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::{eventually, within};
use tests::programs::{Program, browsers_below, built, descendants};
use tests::world::{Fleet, Plan};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::{AFTER_DEATH, Outcome, SILENCE, alive, entries};
use crate::Failure;
use crate::processes::{busiest_renderer, signal, zombies};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// How long the bank takes for each answer while something is to happen in the middle.
const SLOW_MS: u64 = 500;

/// A coordinator and a bank, without an agent yet.
pub(super) async fn fleet() -> Result<Fleet, Failure> {
    let plan = Plan::new().agents(0).with("lease.term", "15s").with("lease.expire_every", "1s");
    let plenty = "1000000";
    let plan = plan.with("rate_limit.requests_per_second", plenty).with("rate_limit.burst", plenty);
    Ok(plan.with("retry.base", "1s").start().await?)
}

pub(super) async fn suffer(fleet: &Fleet) -> Result<Outcome, Failure> {
    let integrator = fleet.integrator("default").await?;
    let mut ids = Vec::new();
    for name in ["first", "second"] {
        let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": name })).await?;
        let entity = entity["entityId"].as_str().unwrap_or_default();
        ids.push(integrator.set_up_for(entity, "harbour", fleet.portal.username(), fleet.portal.password()).await?);
    }
    let stage = Stage { fleet, integrator: &integrator, ids: [&ids[0], &ids[1]] };
    tokio::select! {
        outcome = stage.play() => outcome,
        failure = stage.answer() => Err(failure),
    }
}

/// Two connections at one bank.
struct Stage<'a> {
    fleet: &'a Fleet,
    integrator: &'a Integrator,
    ids: [&'a str; 2],
}

impl Stage<'_> {
    async fn play(&self) -> Result<Outcome, Failure> {
        let agent = self.agent("1")?;
        for id in self.ids {
            self.integrator.connection(id, "an activation", |now| now["status"] == "active").await?;
        }
        let (processes_left, folders_left, agent) = self.killed(agent).await?;
        let (frozen_heard, frozen_closed, frozen_replaced, mut pids) = self.frozen(&agent).await?;
        pids.extend(descendants(pid(&agent)?));
        sleep(Duration::from_secs(1)).await;
        let after_freeze = zombies(pids.iter().copied());
        agent.end_at_once().await;
        let agent = self.agent("2")?;
        let (crash_heard, others_harmed, mut pids) = self.crashed(&agent).await?;
        pids.extend(descendants(pid(&agent)?));
        sleep(Duration::from_secs(1)).await;
        let zombies = after_freeze + zombies(pids);
        agent.end_at_once().await;
        Ok(Outcome {
            processes_left,
            folders_left,
            frozen_heard,
            frozen_closed,
            frozen_replaced,
            crash_heard,
            others_harmed,
            zombies,
        })
    }

    /// An agent dies while it reads, and another is started in its folder.
    async fn killed(&self, agent: Program) -> Result<(usize, usize, Program), Failure> {
        let before = self.synced(self.ids[0]).await?;
        self.reading(&self.ids[..1]).await?;
        let pids: BTreeSet<u32> = descendants(pid(&agent)?).into_iter().collect();
        let profiles = self.fleet.folder().join("faults/profiles");
        let folders = entries(&profiles);
        agent.kill_hard().await;
        sleep(AFTER_DEATH).await;
        let left = alive(&pids);
        self.slow(0);
        let agent = self.agent("1")?;
        self.done(self.ids[0], &before).await?;
        Ok((left, entries(&profiles).intersection(&folders).count(), agent))
    }

    /// The browser is frozen while a run reads, and another run waits for the one slot.
    async fn frozen(&self, agent: &Program) -> Result<(f64, f64, f64, BTreeSet<u32>), Failure> {
        let before = [self.synced(self.ids[0]).await?, self.synced(self.ids[1]).await?];
        self.reading(&self.ids[..1]).await?;
        self.sync(self.ids[1]).await?;
        let (failures, sessions) = (self.failures(self.ids[0]).await?, self.fleet.portal.oracle().sessions);
        let all: BTreeSet<u32> = descendants(pid(agent)?).into_iter().collect();
        let browsers: BTreeSet<u32> = browsers_below(pid(agent)?).into_iter().collect();
        self.slow(0);
        let start = Instant::now();
        browsers.iter().for_each(|&pid| signal(pid, Signal::STOP));
        let (heard, closed, replaced) = tokio::join!(
            self.since(start, async || self.failures(self.ids[0]).await.ok().filter(|now| *now > failures).map(|_| ())),
            self.since(start, async || (alive(&browsers) == 0).then_some(())),
            self.since(start, async || (self.fleet.portal.oracle().sessions > sessions).then_some(())),
        );
        for (id, before) in self.ids.iter().zip(&before) {
            self.done(id, before).await?;
        }
        Ok((heard, closed, replaced, all))
    }

    /// The process of one page dies while two runs read in one browser.
    async fn crashed(&self, agent: &Program) -> Result<(f64, usize, BTreeSet<u32>), Failure> {
        let before = [self.synced(self.ids[0]).await?, self.synced(self.ids[1]).await?];
        let failures = self.all_failures().await?;
        self.reading(&self.ids).await?;
        let all: BTreeSet<u32> = descendants(pid(agent)?).into_iter().collect();
        let page = busiest_renderer(pid(agent)?).ok_or("no process draws a page")?;
        let start = Instant::now();
        signal(page, Signal::KILL);
        let heard = async || self.all_failures().await.ok().filter(|now| *now > failures).map(|_| ());
        let heard = self.since(start, heard).await;
        self.slow(0);
        for (id, before) in self.ids.iter().zip(&before) {
            self.done(id, before).await?;
        }
        let harmed = (self.all_failures().await? - failures).saturating_sub(1);
        Ok((heard, harmed, all))
    }

    /// Seconds until something is so.
    async fn since(&self, start: Instant, look: impl AsyncFnMut() -> Option<()>) -> f64 {
        within(SILENCE, look).await.map_or(SILENCE, |()| start.elapsed()).as_secs_f64()
    }

    /// Asks for syncs at a slow bank, and waits until each of them reads transactions.
    async fn reading(&self, ids: &[&str]) -> Result<(), Failure> {
        let from = self.fleet.portal.oracle().log.len();
        self.slow(SLOW_MS);
        for id in ids {
            self.sync(id).await?;
        }
        let read = async || {
            let log = self.fleet.portal.oracle().log;
            let reads = log.iter().skip(from).filter(|entry| json!(entry.act) == "transactionsRead");
            let sessions: BTreeSet<&Option<String>> = reads.map(|entry| &entry.session).collect();
            (sessions.len() >= ids.len()).then_some(())
        };
        Ok(eventually(read).await.ok_or("nothing was read")?)
    }

    async fn sync(&self, id: &str) -> Result<(), Failure> {
        self.integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
        Ok(())
    }

    /// When a connection was synced last.
    async fn synced(&self, id: &str) -> Result<Value, Failure> {
        Ok(self.integrator.get(&format!("/v1/connections/{id}")).await?["lastSyncedAt"].clone())
    }

    async fn done(&self, id: &str, before: &Value) -> Result<(), Failure> {
        self.integrator.connection(id, "the end of a sync", |now| now["lastSyncedAt"] != *before).await?;
        Ok(())
    }

    /// How many failures of the platform's own a connection's history tells of.
    async fn failures(&self, id: &str) -> Result<usize, Failure> {
        let events = self.integrator.list(&format!("/v1/connections/{id}/events")).await?;
        let is_ours =
            |event: &&Value| event["failure"]["code"].as_str().is_some_and(|code| code.starts_with("platform."));
        Ok(events.iter().filter(is_ours).count())
    }

    async fn all_failures(&self) -> Result<usize, Failure> {
        Ok(self.failures(self.ids[0]).await? + self.failures(self.ids[1]).await?)
    }

    fn slow(&self, milliseconds: u64) {
        let mut faults = self.fleet.portal.faults();
        faults.slow_ms = milliseconds;
        self.fleet.portal.set_faults(faults);
    }

    /// The person with the phone: challenges come in the order in which codes were sent.
    async fn answer(&self) -> Failure {
        let mut answered = BTreeSet::new();
        loop {
            let mut challenges = Vec::new();
            for id in self.ids {
                match self.integrator.list(&format!("/v1/connections/{id}/challenges")).await {
                    Ok(listed) => challenges.extend(listed.into_iter().map(|challenge| (id, challenge))),
                    Err(error) => return error.into(),
                }
            }
            challenges.sort_by_key(|(_, challenge)| challenge["id"].to_string());
            let messages = self.fleet.portal.phone().messages;
            for ((id, challenge), message) in challenges.iter().zip(&messages) {
                if challenge["status"] == "open" && answered.insert(challenge["id"].to_string()) {
                    // It may have been closed in between.
                    let _ = self.integrator.answer(id, challenge, &message.code).await;
                }
            }
            sleep(LOOK).await;
        }
    }

    /// An agent in the folder of the one before it.
    fn agent(&self, slots: &str) -> Result<Program, Failure> {
        let mut command = Command::new(built("agent")?);
        command.args(["run", "--slots", slots, "--until-stdin-closes", "--coordinator", self.fleet.address()]);
        command.args(["--name", "faults", "--browser", "chromium-headless-shell"]);
        command.arg("--data").arg(self.fleet.folder().join("faults"));
        command.arg("--token-file").arg(self.fleet.folder().join("data/agent.token"));
        if rustix::process::geteuid().is_root() {
            command.args(["--browser-sandbox", "off"]);
        }
        Ok(Program::start("agent", command)?)
    }
}

fn pid(agent: &Program) -> Result<u32, Failure> {
    Ok(agent.pid().ok_or("the agent has ended")?)
}
