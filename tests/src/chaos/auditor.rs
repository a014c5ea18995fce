//! The audit that is made every second: what operators can see of the queue, and what the
//! process table shows of those who died. It also does an operator's duty: it revives runs that
//! were set aside, and closes breakers.
//!
//! Not here: what only shows at the end (`judgement`, `aftermath`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::findings::{Findings, Invariant};
use super::keeper::Life;
use super::timeline::now_ms;
use super::world::{CAP, World};
use crate::patience::lasting;

/// How often it is looked, and how long a call may take.
const EVERY: Duration = Duration::from_secs(1);
const CALL: Duration = Duration::from_millis(2_500);
/// By when an agent's processes are gone, and its leases, after its term.
const GONE_MS: u64 = 2_000;
/// How often it is looked whether somebody works on the poisoned connection, and how long they
/// are let live once they may have renewed: a lease that was never renewed is no crash.
const POISON_EVERY: Duration = Duration::from_millis(100);
const POISON_MARGIN: Duration = Duration::from_millis(300);

/// What the audits came to.
#[derive(Debug, Default)]
pub struct Audit {
    /// What didn't hold.
    pub findings: Findings,
    /// How many were made whole.
    pub audits: usize,
    /// How many the coordinators didn't answer.
    pub unanswered: usize,
    /// Runs that were set aside, as an operator saw them.
    pub set_aside: Vec<Value>,
    /// How many of them were revived.
    pub revived: usize,
    /// The longest that a dead agent's lease was seen after its death, in milliseconds, while
    /// nothing else was disturbed.
    pub held_after_death_ms: u64,
    agents: HashMap<String, String>,
    leaked: BTreeSet<u32>,
}

impl Audit {
    /// Looks at everything once.
    pub async fn run_once(&mut self, world: &World) {
        self.look_for_leaks(world);
        if timeout(CALL, self.ask(world)).await.ok().flatten().is_some() {
            self.audits += 1;
        } else {
            self.unanswered += 1;
        }
    }

    /// None where the coordinators didn't answer.
    async fn ask(&mut self, world: &World) -> Option<()> {
        let operator = &world.operator;
        let before = self.findings.clone();
        let audit = operator.get("/control/v1/queue/audit").await.ok()?;
        for sentence in list(&audit["wrong"]) {
            self.findings.add(Invariant::QueueDisorder, sentence.as_str().unwrap_or_default());
        }
        let queue = operator.get("/control/v1/queue").await.ok()?;
        for institution in list(&queue["institutions"]) {
            if institution["leased"].as_u64().unwrap_or(0) > CAP {
                self.findings.add(Invariant::LeasesOverCap, institution.to_string());
            }
        }
        for agent in operator.list("/control/v1/agents").await.ok()? {
            self.agents.insert(text(&agent["id"]), text(&agent["name"]));
        }
        // An answer that comes late says what was so before.
        let asked = now_ms();
        let leases = operator.list("/control/v1/leases").await.ok()?;
        self.look_at_leases(world, &leases, asked);
        for letter in operator.list("/control/v1/dead-letters").await.ok()? {
            self.revive(world, &letter).await;
        }
        for institution in operator.list("/control/v1/institutions").await.ok()? {
            if institution["breaker"] == "open" {
                world.timeline.say("an operator closes the bank's breaker");
                let path = format!("/control/v1/institutions/{}/breaker/reset", text(&institution["id"]));
                let _ = operator.post(&path, &Value::Null).await;
            }
        }
        for invariant in Invariant::ALL {
            for sentence in self.findings.of(invariant).iter().skip(before.of(invariant).len()) {
                world.timeline.say(format!("FOUND {}: {sentence}", invariant.name()));
            }
        }
        Some(())
    }

    async fn revive(&mut self, world: &World, letter: &Value) {
        let poisoned = world.poisoned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if poisoned.as_deref() == letter["connectionId"].as_str() {
            // It has shown what it does: it was set aside.
            world.timeline.say(format!("the poison run is set aside: {letter}"));
            world.antidote();
        }
        if self.set_aside.iter().all(|seen| seen["runId"] != letter["runId"]) {
            self.set_aside.push(letter.clone());
        }
        let path = format!("/control/v1/dead-letters/{}/revive", text(&letter["runId"]));
        if world.operator.post(&path, &Value::Null).await.is_ok() {
            world.timeline.say(format!("an operator revives the run of {}", letter["connectionId"]));
            self.revived += 1;
        }
    }

    fn look_at_leases(&mut self, world: &World, leases: &[Value], asked: u64) {
        let mut of_connection: BTreeMap<String, usize> = BTreeMap::new();
        for lease in leases {
            *of_connection.entry(text(&lease["connectionId"])).or_default() += 1;
        }
        for (connection, count) in of_connection.iter().filter(|(_, count)| **count > 1) {
            self.findings.add(Invariant::TwoLeases, format!("{connection} has {count} leases"));
        }
        let Some(calm_since) = world.disturbances.calm_since() else { return };
        let dead: HashMap<String, u64> = lives(world).filter_map(|life| Some((life.name, life.ended_at_ms?))).collect();
        for lease in leases {
            let name = self.agents.get(&text(&lease["agentId"]));
            let Some(&ended) = name.and_then(|name| dead.get(name)) else { continue };
            let held = asked.saturating_sub(ended.max(calm_since));
            self.held_after_death_ms = self.held_after_death_ms.max(held);
            if held > u64::try_from(world.term.as_millis()).unwrap_or(u64::MAX) + GONE_MS {
                self.findings.add(Invariant::LeasesOfTheDead, format!("{held} ms after its end: {lease}"));
            }
        }
    }

    fn look_for_leaks(&mut self, world: &World) {
        let now = now_ms();
        for life in lives(world).filter(|life| life.ended_at_ms.is_some_and(|ended| ended + GONE_MS < now)) {
            for process in life.family.iter().filter(|process| process.is_alive()) {
                if self.leaked.insert(process.pid) {
                    let line = std::fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
                    let line = String::from_utf8_lossy(&line).replace('\0', " ");
                    let sentence = format!("{} of {} still runs: {line}", process.pid, life.name);
                    world.timeline.say(format!("FOUND {sentence}"));
                    self.findings.add(Invariant::LeakedProcesses, sentence);
                }
            }
        }
    }
}

/// Looks every second until it is stopped.
pub struct Auditor {
    stop: tokio::sync::oneshot::Sender<()>,
    audit: JoinHandle<Audit>,
    poisoner: JoinHandle<()>,
}

impl Auditor {
    /// Begins.
    #[must_use]
    pub fn of(world: &Arc<World>) -> Self {
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let poisoner = tokio::spawn(poison(Arc::clone(world)));
        let world = Arc::clone(world);
        let audit = tokio::spawn(async move {
            let mut audit = Audit::default();
            loop {
                audit.run_once(&world).await;
                tokio::select! {
                    () = lasting(EVERY) => {}
                    _ = &mut stopped => return audit,
                }
            }
        });
        Self { stop, audit, poisoner }
    }

    /// Stops; what it found.
    pub async fn done(self) -> Audit {
        let _ = self.stop.send(());
        self.poisoner.abort();
        let _ = self.poisoner.await;
        self.audit.await.unwrap_or_default()
    }
}

/// Kills whatever agent works on the poisoned connection, as if the connection's pages did.
async fn poison(world: Arc<World>) {
    let old_enough = u64::try_from((world.term / 4 + POISON_MARGIN).as_millis()).unwrap_or(u64::MAX);
    loop {
        lasting(POISON_EVERY).await;
        let poisoned = world.poisoned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(poisoned) = poisoned else { continue };
        let Ok(Ok(leases)) = timeout(CALL, world.operator.list("/control/v1/leases")).await else { continue };
        let is_hit = |lease: &&Value| {
            lease["connectionId"] == poisoned.as_str() && lease["sinceMsAgo"].as_u64() > Some(old_enough)
        };
        let Some(lease) = leases.iter().find(is_hit) else { continue };
        let Ok(Ok(agents)) = timeout(CALL, world.operator.list("/control/v1/agents")).await else { continue };
        let holder = agents.iter().find(|agent| agent["id"] == lease["agentId"]).map(|agent| text(&agent["name"]));
        let of_holder = |life: &Life| life.pid.is_some() && Some(&life.name) == holder.as_ref();
        let place = world.seats.iter().position(|seat| seat.kept.lives().iter().any(of_holder));
        if let (Some(place), Some(holder)) = (place, holder) {
            world.timeline.say(format!("the poison takes {holder} down"));
            world.kill_hard(place);
        }
    }
}

fn lives(world: &World) -> impl Iterator<Item = Life> {
    world.seats.iter().flat_map(|seat| seat.kept.lives())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
