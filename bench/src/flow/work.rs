//! How much CPU time a flow takes, and how many flows are done in a second, with so many slots.
//!
//! Not here: memory, which is looked at on its own because looking takes time.

use std::collections::BTreeMap;
use std::time::Duration;

use fixtures::portal::RunningPortal;

use super::client::Client;
use super::clients::{FIRST, Setting};
use super::{SLOTS, beside_peers, median};
use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::Row;
use ::tests::usage::cpu_seconds;

/// In how many rounds the clients take turns.
const ROUNDS: usize = 3;

/// How long what a flow leaves behind has to end before CPU time is read.
const SETTLED: Duration = Duration::from_millis(500);

/// Against puppeteer, with one slot and with the most.
const CPU_ALONE: f64 = 0.5;
const CPU_BUSY: f64 = 0.65;

/// What came of all rounds: by the number of slots, of each client in its order.
pub(super) struct Work(BTreeMap<usize, Vec<Measured>>);

/// One client with so many slots; a value a round.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    /// Milliseconds of CPU a flow.
    pub(super) cpu: Vec<f64>,
    /// Flows a second.
    pub(super) speed: Vec<f64>,
}

pub(super) async fn measure(
    setting: &Setting<'_>,
    portal: &RunningPortal,
    slots: &[usize],
    flows: usize,
    progress: &Progress,
) -> Result<Work, Failure> {
    progress.say("flows: the clients start");
    let mut clients = setting.all().await?;
    let mut work = BTreeMap::new();
    for &slots in slots {
        work.insert(slots, rounds(&mut clients, portal, slots, flows, progress).await?);
    }
    for client in clients {
        client.end().await?;
    }
    Ok(Work(work))
}

/// Has the clients take turns.
pub(super) async fn rounds(
    clients: &mut [Client],
    portal: &RunningPortal,
    slots: usize,
    flows: usize,
    progress: &Progress,
) -> Result<Vec<Measured>, Failure> {
    let of = |client: &Client| Measured { name: client.name, cpu: Vec::new(), speed: Vec::new() };
    let mut measured: Vec<Measured> = clients.iter().map(of).collect();
    // Each slot has to do more than one, or the last to end would be all that is measured.
    let flows = (flows / ROUNDS).max(2 * slots);
    for round in 0..=ROUNDS {
        for (client, measured) in clients.iter_mut().zip(&mut measured) {
            // The first round makes everything warm and isn't counted.
            if round == 0 {
                client.flows(portal, slots, slots).await?;
                continue;
            }
            let before = cpu_seconds(client.keeper()?);
            let seconds = client.flows(portal, flows, slots).await?;
            tokio::time::sleep(SETTLED).await;
            let cpu = (cpu_seconds(client.keeper()?) - before) * 1e3 / flows as f64;
            let speed = flows as f64 / seconds;
            let name = client.name;
            progress.say(format!(
                "flows: {slots} slots, round {round} of {ROUNDS}: {name} {cpu:.0} ms CPU a flow, {speed:.2} flows/s"
            ));
            measured.cpu.push(cpu);
            measured.speed.push(speed);
        }
    }
    Ok(measured)
}

impl Measured {
    pub(super) fn median_cpu(&self) -> f64 {
        median(self.cpu.iter().copied())
    }
}

impl Work {
    pub(super) fn cpu_rows(&self) -> Vec<Row> {
        let of = |slots: usize, bar: f64| {
            let measured = self.0.get(&slots).map(Vec::as_slice).unwrap_or_default();
            let figures: Vec<_> = measured.iter().map(|it| (it.name, it.median_cpu())).collect();
            let rows = beside_peers(&format!("{}: CPU a flow", counted(slots)), "ms", &figures);
            let barred = |row: Row| if row.peer.as_deref() == Some(FIRST) { row.ratio_at_most(bar) } else { row };
            rows.into_iter().map(barred).collect::<Vec<_>>()
        };
        [of(1, CPU_ALONE), of(SLOTS, CPU_BUSY)].concat()
    }

    pub(super) fn speed_rows(&self) -> Vec<Row> {
        let of = |(slots, measured): (&usize, &Vec<Measured>)| {
            let figures: Vec<_> = measured.iter().map(|it| (it.name, median(it.speed.iter().copied()))).collect();
            beside_peers(&format!("{}: flows", counted(*slots)), "/s", &figures)
        };
        self.0.iter().flat_map(of).collect()
    }
}

pub(super) fn counted(slots: usize) -> String {
    if slots == 1 { "1 slot".to_owned() } else { format!("{slots} slots") }
}
