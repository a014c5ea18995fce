//! What is looked at when it is quiet again: whether every run has ended, whether the records
//! are the bank's, and what was left lying about.
//!
//! Not here: what the bank saw meanwhile (`judgement`).

use std::time::Duration;

use serde_json::{Value, json};

use super::Failure;
use super::findings::{Findings, Invariant};
use super::people::{Crowd, Mood};
use super::world::World;
use crate::patience::{patience, within};
use crate::programs::{descendants, is_zombie, processes_naming};
use crate::verdict::Verdict;

/// By when a program's own are gone after it, and a child that ended is asked for.
const GONE: Duration = Duration::from_secs(2);

/// Waits until every run has ended that was begun, and every connection was synced once more.
pub async fn come_to_rest(world: &World, crowd: &Crowd, findings: &mut Findings) {
    world.heal().await;
    crowd.tell(Mood::Finishing);
    world.timeline.say("nothing more goes wrong; everybody finishes what they began");
    let settled = async || {
        let queue = world.operator.get("/control/v1/queue").await.ok()?;
        let is_empty = ["ready", "delayed", "leased"].iter().all(|place| queue[*place] == 0);
        (is_empty && world.people.iter().all(super::people::Person::is_settled)).then_some(())
    };
    // Every connection has a run to finish and one more to make; one that is stuck is so for ever.
    if within(patience() * 3, settled).await.is_some() {
        return world.timeline.say("it is quiet");
    }
    for person in world.people.iter().filter(|person| !person.is_settled()) {
        findings.add(Invariant::StuckRuns, format!("{} is at {}", person.user, person.seen()));
    }
    let queue = world.operator.get("/control/v1/queue").await.unwrap_or_default();
    if findings.of(Invariant::StuckRuns).is_empty() {
        findings.add(Invariant::StuckRuns, format!("the queue doesn't empty: {queue}"));
    }
}

/// Holds each connection's records against its user's truth; how many there are.
///
/// # Errors
/// Where the API doesn't answer.
pub async fn compare_records(world: &World, findings: &mut Findings) -> Result<usize, Failure> {
    let mut count = 0;
    let truths: Vec<Value> = world.portal.truths().map(|truth| json!(truth)).collect();
    for person in world.right_people() {
        let (accounts, transactions) = person.records().await?;
        count += accounts.len() + transactions.len();
        let truth = truths.get(person.place).unwrap_or(&Value::Null);
        let verdict = Verdict::of(truth, &accounts, &transactions);
        let first = verdict.differences.first().cloned().unwrap_or_default();
        for (invariant, differing) in [
            (Invariant::LostRecords, verdict.missing),
            (Invariant::DuplicatedRecords, verdict.unexpected),
            (Invariant::WrongRecords, verdict.wrong),
        ] {
            (0..differing).for_each(|_| findings.add(invariant, format!("{}: {first}", person.user)));
        }
    }
    Ok(count)
}

/// Looks for children that ended and weren't asked for.
pub async fn count_zombies(world: &World, findings: &mut Findings) {
    let programs = || world.coordinators.iter().chain(world.seats.iter().map(|seat| &seat.kept));
    let zombies = || {
        let below = programs().filter_map(super::keeper::Kept::pid).flat_map(descendants);
        below.filter(|&pid| is_zombie(pid)).collect::<Vec<_>>()
    };
    // One that ended this very moment is none yet.
    if within(GONE, async || zombies().is_empty().then_some(())).await.is_none() {
        zombies().into_iter().for_each(|pid| findings.add(Invariant::Zombies, pid.to_string()));
    }
}

/// Looks through all that was said and all that stands in Redis.
pub async fn look_for_secrets(world: &World, findings: &mut Findings) {
    let codes: Vec<String> = world.portal.phone().messages.into_iter().map(|message| message.code).collect();
    let redis = world.redis.lock().await.contents().await;
    for (name, text) in world.talks().chain([("Redis".to_owned(), redis)]) {
        for secret in world.secrets().iter().filter(|secret| text.contains(secret.as_str())) {
            let line = text.lines().find(|line| line.contains(secret.as_str())).unwrap_or_default();
            findings.add(Invariant::SecretsFound, format!("{name} holds one: {}", line.replace(secret, "…")));
        }
        // Six digits can be part of a number, so a code is looked for as a word of its own.
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.len() == 6);
        for word in words.filter(|word| codes.iter().any(|code| code == word)) {
            findings.add(Invariant::SecretsFound, format!("{name} holds the code {word}"));
        }
    }
}

/// Ends every agent and every coordinator, and looks for what they left.
pub async fn leave(world: &mut World, findings: &mut Findings) {
    let folder = world.folder().display().to_string();
    for seat in &mut world.seats {
        seat.kept.let_go().await;
    }
    let left = || processes_naming(&format!("--user-data-dir={folder}"));
    if within(GONE, async || left().is_empty().then_some(())).await.is_none() {
        for (pid, line) in left() {
            findings.add(Invariant::LeakedProcesses, format!("{pid} outlived its agent: {line}"));
        }
    }
    for seat in &world.seats {
        let profiles = std::fs::read_dir(seat.folder.join("profiles")).into_iter().flatten().filter_map(Result::ok);
        for profile in profiles.filter(|profile| profile.path().is_dir()) {
            findings.add(Invariant::ProfilesLeft, profile.path().display().to_string());
        }
    }
    for kept in &mut world.coordinators {
        kept.let_go().await;
    }
}
