//! Whether an agent wears: the same sync again and again in one agent with a real browser, and
//! the last fifty held against the first. What one costs in CPU and memory comes with it.
//!
//! Not here: browsers that are made to wear (the agent's own tests).

use std::time::Duration;

use serde_json::Value;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::programs::descendants;
use tests::world::{Fleet, Plan};
use tokio::time::Instant;

use crate::Failure;
use crate::load::Latencies;
use crate::processes::{memory_mib, zombies};
use crate::progress::Progress;
use ::tests::rows::Row;
use ::tests::usage::cpu_seconds;

/// How many of the first and of the last runs are held against each other, at most a quarter.
const ENDS: usize = 50;

/// How much longer the last may take.
const WORN: f64 = 1.2;

/// After how many runs it is looked how much memory there is.
const WEIGH_EVERY: usize = 10;

/// What many runs came to.
pub(crate) struct Wear {
    /// Seconds from asking for a sync to its end, and of CPU; a value a run.
    seconds: Vec<f64>,
    cpu: Vec<f64>,
    /// MiB of the agent and its browser at rest between two runs, and how many more while a
    /// session waits for a code.
    memory: Vec<f64>,
    session_memory: Vec<f64>,
    zombies: usize,
}

pub(super) async fn measure(runs: usize, progress: &Progress) -> Result<Wear, Failure> {
    let plenty = "1000000";
    let plan = Plan::new().with("lease.term", "15s").with("lease.expire_every", "1s");
    let fleet = plan.with("rate_limit.requests_per_second", plenty).with("rate_limit.burst", plenty).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
    let mut phone = Phone::default();
    phone.answer(&fleet, &integrator, &id).await?;
    integrator.connection(&id, "the activation", |now| now["status"] == "active").await?;
    let agent = fleet.agents.first().and_then(tests::programs::Program::pid).ok_or("the agent has ended")?;
    let mut wear =
        Wear { seconds: Vec::new(), cpu: Vec::new(), memory: Vec::new(), session_memory: Vec::new(), zombies: 0 };
    for run in 0..runs {
        let (start, cpu) = (Instant::now(), cpu_seconds(agent));
        let before = integrator.get(&format!("/v1/connections/{id}")).await?["lastSyncedAt"].clone();
        integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
        let is_weighed = run % WEIGH_EVERY == WEIGH_EVERY - 1;
        let mut weighing = Duration::ZERO;
        if is_weighed {
            phone.rings(&integrator, &id).await?;
            let weighed = Instant::now();
            wear.session_memory.push(memory_mib(agent));
            weighing = weighed.elapsed();
        }
        phone.answer(&fleet, &integrator, &id).await?;
        integrator.connection(&id, "the end of a sync", |now| now["lastSyncedAt"] != before).await?;
        wear.seconds.push((start.elapsed() - weighing).as_secs_f64());
        wear.cpu.push(cpu_seconds(agent) - cpu);
        if is_weighed {
            let at_rest = memory_mib(agent);
            wear.memory.push(at_rest);
            if let Some(in_session) = wear.session_memory.last_mut() {
                *in_session -= at_rest;
            }
            progress.say(format!("runs of one agent: {} of {runs}", run + 1));
        }
    }
    // Whatever has ended is waited for by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    wear.zombies = zombies(descendants(agent));
    Ok(wear)
}

impl Wear {
    /// Seconds of CPU that a run costs at the median.
    pub(crate) fn cpu(&self) -> f64 {
        Latencies::new(self.cpu.clone()).percentile(50)
    }

    /// MiB of an agent with its browser at the median.
    pub(crate) fn memory(&self) -> f64 {
        Latencies::new(self.memory.clone()).percentile(50)
    }

    /// MiB of a session at the median.
    pub(crate) fn session_memory(&self) -> f64 {
        Latencies::new(self.session_memory.clone()).percentile(50)
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let runs = self.seconds.len();
        let ends = ENDS.min(runs / 4).max(1);
        let median = |values: &[f64]| Latencies::new(values.to_vec()).percentile(50);
        let ends_of = |what: &str, values: &[f64], unit| {
            let (first, last) = (values.get(..ends).unwrap_or_default(), values.get(runs - ends..).unwrap_or_default());
            let row = Row::new(format!("{runs} runs: {what}, the last {ends}"), median(last), unit);
            row.beside(format!("the first {ends}"), median(first)).ratio_at_most(WORN)
        };
        let (light, heavy) = (self.memory.first(), self.memory.last());
        let memory =
            Row::new(format!("{runs} runs: memory of agent and browser"), heavy.copied().unwrap_or(f64::NAN), "MiB");
        vec![
            ends_of("from asked to done, median", &self.seconds, "s"),
            ends_of("CPU of agent and browser, median", &self.cpu, "s"),
            memory.beside(format!("after {WEIGH_EVERY}"), light.copied().unwrap_or(f64::NAN)),
            Row::new(format!("{runs} runs: memory of a session that waits for a code"), self.session_memory(), "MiB"),
            Row::new(format!("{runs} runs: zombies at rest"), self.zombies as f64, "processes").at_most(0.0),
        ]
    }
}

/// The person whom the bank sends codes to.
#[derive(Default)]
pub(super) struct Phone {
    answered: usize,
    seen: Option<String>,
}

impl Phone {
    /// Waits until the bank asks for a code for this connection.
    async fn rings(&self, integrator: &Integrator, id: &str) -> Result<Value, Failure> {
        Ok(integrator.open_challenge(id, self.seen.as_deref()).await?)
    }

    /// Waits until the bank asks for a code for this connection, and answers with the newest.
    pub(super) async fn answer(&mut self, fleet: &Fleet, integrator: &Integrator, id: &str) -> Result<(), Failure> {
        let challenge = self.rings(integrator, id).await?;
        let code = eventually(async || {
            let messages = fleet.portal.phone().messages;
            (messages.len() > self.answered).then(|| messages.last().map(|message| message.code.clone()))
        });
        let code = code.await.flatten().ok_or("no text message came")?;
        self.answered = fleet.portal.phone().messages.len();
        self.seen = challenge["id"].as_str().map(str::to_owned);
        integrator.answer(id, &challenge, &code).await?;
        Ok(())
    }
}
