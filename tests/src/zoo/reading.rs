//! One bank by one driver: from its setup to its records, which are held against the bank's own
//! truth, and what that cost.
//!
//! The agent is new, so the start of its browser is part of the cost.
//!
//! Not here: beside whom it is cheap; `cargo xtask bench flow` measures that.

use fixtures::zoo::Wishes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::banks::{Bank, Driver};
use super::person::Person;
use super::{Failure, fleet_of};
use crate::patience::eventually;
use crate::rows::Row;
use crate::usage::cpu_seconds;
use crate::verdict::Verdict;
use crate::world::Plan;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How far the records are from the truth.
    pub verdict: Verdict,
    /// How many there are.
    pub records: usize,
    /// How long it took, and how much CPU time the agent and its browser did, in milliseconds.
    pub took: f64,
    /// See there.
    pub cpu: f64,
    /// How often the bank was asked, as its oracle says.
    pub requests: usize,
    /// The connection at the end.
    pub connection: Value,
    /// By what the accounts were read, as the agent says.
    pub by: Option<String>,
}

/// Reads `bank` by `driver`.
///
/// # Errors
/// [`Failure`] where it comes to no end.
pub async fn read(bank: &Bank, driver: Driver) -> Result<Reading, Failure> {
    let portal = bank.portal.start(Wishes::default()).await?;
    let arguments = driver.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (fleet, integrator) = fleet_of(Plan::new(), &portal, &arguments).await?;
    let agent = fleet.agents.first().and_then(crate::programs::Program::pid).ok_or("the agent has ended")?;
    let mut person = Person::of(&portal);
    let (start, before) = (Instant::now(), cpu_seconds(agent));
    let entity = integrator.default_entity().await?;
    let id = integrator.set_up_with(&entity, bank.name(), &person.credentials().await?).await?;
    let connection = person.until(&integrator, &id, |now| now["status"] != "pendingActivation").await?;
    let (took, cpu) = (start.elapsed().as_secs_f64() * 1e3, (cpu_seconds(agent) - before) * 1e3);
    let accounts = integrator.list("/v1/accounts").await?;
    let transactions = integrator.list("/v1/transactions?limit=500").await?;
    let verdict = Verdict::besides(bank.manners.unshown, &json!(portal.truth()), &accounts, &transactions);
    let records = accounts.len() + transactions.len();
    // What an agent says arrives after what the coordinator says of it.
    let said = async || Some(fleet.talk().split("reading=").nth(1)?.split_whitespace().next()?.to_owned());
    let by = if connection["status"] == "active" { eventually(said).await } else { None };
    Ok(Reading { verdict, records, took, cpu, requests: portal.oracle().log.len(), connection, by })
}

/// The same in figures.
///
/// # Errors
/// [`Failure`] where it comes to no end.
pub async fn rows(bank: &Bank, driver: Driver) -> Result<Vec<Row>, Failure> {
    let reading = read(bank, driver).await?;
    let Verdict { missing, unexpected, wrong, differences } = &reading.verdict;
    if !reading.verdict.is_clean() {
        let shown: Vec<&str> = differences.iter().take(5).map(String::as_str).collect();
        eprintln!("{} by {driver}: {}\n{}", bank.name(), reading.connection["setup"]["lastFailure"], shown.join("\n"));
    }
    let name = |what: &str| format!("{} by {driver}: {what}", bank.name());
    Ok(vec![
        Row::count(name("records"), reading.records, "").at_least(1.0),
        Row::count(name("records that differ from the truth"), missing + unexpected + wrong, "").at_most(0.0),
        Row::new(name("time"), reading.took.round(), "ms"),
        Row::new(name("CPU"), reading.cpu.round(), "ms"),
        Row::count(name("requests"), reading.requests, ""),
    ])
}
