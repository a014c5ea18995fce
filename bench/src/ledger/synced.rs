//! Into the store: what an agent hands in through the lease protocol becomes transactions
//! and events, when it is read first, again as it was, and again with some words rewritten.
//!
//! The time is that of the call that completes a run, the wire and JSON on both sides
//! included. What it came to is counted afterwards in the stream of changes.
//!
//! Not here: SQL; the bench knows no more of the store than an agent does.

use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, Held, accounts};
use tests::integrator::Integrator;
use tests::postgres::Postgres;
use tests::world::Plan;
use tokio::time::Instant;

use crate::Failure;
use crate::fill::connect;
use crate::progress::Progress;
use ::tests::rows::Row;

/// One row in so many is rewritten.
pub(super) const REWRITTEN: usize = 100;

/// How many rows a store takes in a second, with identity and events.
const FAST_ENOUGH: f64 = 20_000.0;

pub(crate) async fn measure(count: usize, progress: &Progress, rows: &mut Vec<Row>) -> Result<(), Failure> {
    store("SQLite", plan(), count, progress, rows).await?;
    let postgres = Postgres::start().await?;
    store("PostgreSQL", plan().with("store.url", &postgres.url()), count, progress, rows).await
}

fn plan() -> Plan {
    let plenty = "1000000";
    Plan::new()
        .agents(0)
        .with("rate_limit.requests_per_second", plenty)
        .with("rate_limit.burst", plenty)
        .with("lease.term", "60s")
        .with("log.filter", "warn")
}

async fn store(store: &str, plan: Plan, count: usize, progress: &Progress, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let fleet = plan.start().await?;
    let integrator = fleet.integrator("default").await?;
    let agent = BareAgent::of(&fleet)?;
    for accounts in [10, 1] {
        let name = format!("{store}, {accounts} × {}", count / accounts);
        let connection = Connection::make(&integrator, &agent, accounts, count / accounts).await?;
        for step in [Step::First, Step::Unchanged, Step::Rewritten] {
            progress.say(format!("{name}: {}", step.words()));
            // What went wrong stands in the coordinator's log.
            let synced = connection.sync(step).await;
            let seconds = synced.map_err(|error| format!("{name}: {error}\n{}", fleet.talk()))?;
            let row = Row::new(format!("{name}: {}", step.words()), connection.rows as f64 / seconds, "rows/s");
            rows.push(if step == Step::First { row.at_least(FAST_ENOUGH) } else { row });
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    First,
    Unchanged,
    Rewritten,
}

impl Step {
    const fn words(self) -> &'static str {
        match self {
            Self::First => "first sync",
            Self::Unchanged => "sync again unchanged",
            Self::Rewritten => "sync again, 1 % rewritten",
        }
    }
}

/// A connection whose portal is made up.
struct Connection<'a> {
    integrator: &'a Integrator,
    agent: &'a BareAgent,
    id: String,
    records: Vec<Value>,
    rows: usize,
}

impl<'a> Connection<'a> {
    async fn make(
        integrator: &'a Integrator,
        agent: &'a BareAgent,
        count: usize,
        transactions: usize,
    ) -> Result<Self, Failure> {
        let name = format!("ledger-{count}");
        let mut records = accounts(count, transactions, &name);
        for record in &mut records {
            record["window"] = json!({
                "source": "pages", "extent": "whole", "pages": transactions.div_ceil(100), "rowsAnnounced": transactions,
            });
        }
        let id = connect(integrator, &name).await?;
        Ok(Self { integrator, agent, id, records, rows: count * transactions })
    }

    /// Runs one sync; how long the coordinator took for its records.
    async fn sync(&self, step: Step) -> Result<f64, Failure> {
        if step != Step::First {
            self.integrator.put(&format!("/v1/connections/{}/sync", self.id), &Value::Null).await?;
        }
        let held: Held = self.agent.acquire(20_000).await?.ok_or("a lease")?;
        let head = self.integrator.get("/v1/transactions/sync").await?;
        let (records, expected) = match step {
            Step::First => (self.records.clone(), Changes { added: self.rows, ..Changes::default() }),
            Step::Unchanged => (self.records.clone(), Changes::default()),
            Step::Rewritten => self.rewritten(),
        };
        let start = Instant::now();
        self.agent.complete(&held, &records).await?;
        let seconds = start.elapsed().as_secs_f64();
        let changes = self.changes_since(&head).await?;
        if changes != expected {
            return Err(format!("{}: {changes:?} instead of {expected:?}", step.words()).into());
        }
        Ok(seconds)
    }

    fn rewritten(&self) -> (Vec<Value>, Changes) {
        let mut records = self.records.clone();
        let transactions = records.iter_mut().filter_map(|account| account["transactions"].as_array_mut()).flatten();
        let mut modified = 0;
        for transaction in transactions.step_by(REWRITTEN) {
            let words = transaction["description"].as_str().unwrap_or_default();
            transaction["description"] = Value::String(format!("{words} REWRITTEN"));
            modified += 1;
        }
        (records, Changes { modified, ..Changes::default() })
    }

    async fn changes_since(&self, head: &Value) -> Result<Changes, Failure> {
        let (mut changes, mut cursor) = (Changes::default(), text(&head["nextCursor"]).to_owned());
        loop {
            let page = self.integrator.get(&format!("/v1/transactions/sync?limit=500&cursor={cursor}")).await?;
            for event in page["events"].as_array().into_iter().flatten() {
                let count = match text(&event["type"]) {
                    "added" => &mut changes.added,
                    "modified" => &mut changes.modified,
                    _ => &mut changes.removed,
                };
                *count += 1;
            }
            if page["hasMore"] != true {
                return Ok(changes);
            }
            cursor = text(&page["nextCursor"]).to_owned();
        }
    }
}

/// What the stream told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    added: usize,
    modified: usize,
    removed: usize,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
