//! What is left when a client is killed in the middle of its flows: processes, and what stands in
//! the folder for what is temporary.
//!
//! Not here: agents of a fleet that are killed (`fleet`).

use std::time::Duration;

use fixtures::portal::RunningPortal;
use rustix::process::Signal;

use super::beside_peers;
use super::clients::Setting;
use crate::Failure;
use crate::processes::signal;
use crate::progress::Progress;
use ::tests::rows::Row;

/// How many flows are in the middle.
const LANES: usize = 2;

/// When it is looked what is left.
const AFTER_DEATH: Duration = Duration::from_secs(3);

pub(super) async fn measure(
    setting: &Setting<'_>,
    portal: &RunningPortal,
    progress: &Progress,
) -> Result<Vec<Row>, Failure> {
    let (mut processes, mut folders) = (Vec::new(), Vec::new());
    for mut client in setting.all().await? {
        progress.say(format!("killed: {}", client.name));
        client.flows_until_asked(portal, LANES).await?;
        let family = client.family()?;
        signal(client.pid(), Signal::KILL);
        tokio::time::sleep(AFTER_DEATH).await;
        let left: Vec<_> = family.into_iter().filter(|sighting| sighting.is_alive()).collect();
        let entries = std::fs::read_dir(client.folder())?.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
        processes.push((client.name, left.len() as f64));
        folders.push((client.name, entries.count() as f64));
        left.iter().for_each(|sighting| signal(sighting.pid, Signal::KILL));
        client.end().await?;
    }
    let rows = |what, unit, figures: &[_]| beside_peers(what, unit, figures).into_iter().map(|row| row.at_most(0.0));
    let processes = rows("killed: processes left after 3 s", "processes", &processes);
    let folders = rows("killed: folders left after 3 s", "folders", &folders);
    Ok(processes.chain(folders).collect())
}
