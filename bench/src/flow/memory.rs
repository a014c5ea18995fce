//! How much memory a client and its browser hold while flows are done, with one slot and with
//! eight.
//!
//! What several processes share is counted once. Looking stops each of them for a moment, so it is
//! done seldom.
//!
//! Not here: what is held at rest.

use std::time::Duration;

use fixtures::portal::RunningPortal;
use tokio::time::{MissedTickBehavior, interval};

use super::client::Client;
use super::clients::Setting;
use super::work::counted;
use super::{SLOTS, beside_peers, median};
use crate::Failure;
use crate::processes::{Held, held};
use crate::progress::Progress;
use ::tests::rows::Row;

/// How long lies between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1600);

/// How many flows each slot does.
const FLOWS: usize = 6;

/// What an agent may hold beside its browser, and what a session may add to that, in MB.
const OWN: f64 = 15.0;
const SESSION: f64 = 25.0;

pub(super) async fn measure(
    setting: &Setting<'_>,
    portal: &RunningPortal,
    progress: &Progress,
) -> Result<Vec<Row>, Failure> {
    let mut clients = setting.all().await?;
    let mut rows = Vec::new();
    let mut browsers = Vec::new();
    for slots in [1, SLOTS] {
        let (mut own, mut of_browser) = (Vec::new(), Vec::new());
        for client in &mut clients {
            progress.say(format!("memory: {}, {}", counted(slots), client.name));
            let held = while_flowing(client, portal, slots).await?;
            own.push((client.name, median(held.iter().map(|held| held.client))));
            of_browser.push((client.name, median(held.iter().map(|held| held.browser))));
        }
        let own = beside_peers(&format!("{}: memory of the client", counted(slots)), "MB", &own);
        rows.extend(own.into_iter().map(|row| row.at_most(OWN)));
        rows.extend(beside_peers(&format!("{}: memory of its browser", counted(slots)), "MB", &of_browser));
        browsers.push(of_browser);
    }
    if let [alone, busy] = browsers.as_slice() {
        let more = |((name, alone), (_, busy)): (&(&'static str, f64), &(&'static str, f64))| {
            (*name, (busy - alone) / (SLOTS - 1) as f64)
        };
        let sessions: Vec<_> = alone.iter().zip(busy).map(more).collect();
        let sessions = beside_peers("memory of a further session", "MB", &sessions);
        rows.extend(sessions.into_iter().map(|row| row.at_most(SESSION)));
    }
    for client in clients {
        client.end().await?;
    }
    Ok(rows)
}

async fn while_flowing(client: &mut Client, portal: &RunningPortal, slots: usize) -> Result<Vec<Held>, Failure> {
    let keeper = client.keeper()?;
    client.flows(portal, slots, slots).await?;
    let mut looks = interval(BETWEEN_LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first comes at once, when nothing is done yet.
    looks.tick().await;
    let mut seen = Vec::new();
    let flowing = client.flows(portal, FLOWS * slots, slots);
    tokio::pin!(flowing);
    loop {
        tokio::select! {
            done = &mut flowing => {
                done?;
                return Ok(seen);
            }
            _ = looks.tick() => seen.push(tokio::task::spawn_blocking(move || held(keeper)).await?),
        }
    }
}
