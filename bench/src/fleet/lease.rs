//! What a lease costs: full cycles of the queue in a second beside BullMQ's, on one Redis and
//! through one client, and how often each step goes there and back.
//!
//! The coordinator's own Lua files are run; what the store and HTTP add to them is measured with
//! the whole fleet (`scale`).
//!
//! Not here: the program that does it, `bench/peers/lease.mjs`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tests::redis::Redis;

use super::scale::database::socket_of;
use crate::Failure;
use crate::node::{Node, run};
use crate::progress::Progress;
use ::tests::rows::Row;

const PEER: &str = "BullMQ";
const ROUNDS: usize = 5;
const SECONDS: usize = 4;
const LANES: usize = 32;

/// What the program prints.
#[derive(Deserialize)]
struct Printed {
    bursar: Measured,
    bullmq: Measured,
}

#[derive(Deserialize)]
struct Measured {
    /// By step.
    trips: BTreeMap<String, f64>,
    rounds: Vec<Round>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Round {
    per_second: f64,
    redis_micros: f64,
}

pub(super) async fn measure(node: &Node, progress: &Progress) -> Result<Vec<Row>, Failure> {
    progress.say("leases beside BullMQ");
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    let steps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../coordinator/src/queue");
    let mut program = node.program("lease.mjs");
    program.arg(socket_of(&redis)).arg(steps).args([ROUNDS, SECONDS, LANES].map(|number| number.to_string()));
    let Printed { bursar, bullmq } = serde_json::from_slice(&run(&mut program).await?)?;
    let row = |what: &str, unit, of: &dyn Fn(&Measured) -> f64| {
        Row::new(format!("lease: {what}"), of(&bursar), unit).beside(PEER, of(&bullmq))
    };
    let per_second = |it: &Measured| super::median(it.rounds.iter().map(|round| round.per_second));
    let micros = |it: &Measured| super::median(it.rounds.iter().map(|round| round.redis_micros));
    let mut rows = vec![
        row("full cycles, median of rounds", "/s", &per_second),
        row("Redis' CPU a cycle, median of rounds", "µs", &micros),
    ];
    for step in ["enqueue", "acquire", "renew", "complete"] {
        let trips = |it: &Measured| it.trips.get(step).copied().unwrap_or(f64::NAN);
        rows.push(row(&format!("there and back to {step}"), "times", &trips).at_most(1.0));
    }
    Ok(rows)
}
