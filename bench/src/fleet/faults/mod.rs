//! What becomes of a fleet when something breaks, beside programs that drive browsers with
//! puppeteer and playwright: the same faults, done to the same browser on the same machine.
//!
//! Peers that hear of nothing are waited for so long, and that is what stands for them then.
//!
//! Not here: that a fault costs no run; the fleet's tests hold that.

mod ours;
mod peers;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tests::programs::is_alive;

use crate::Failure;
use crate::node::Node;
use crate::progress::Progress;
use ::tests::rows::Row;

/// Nobody is waited for longer.
const SILENCE: Duration = Duration::from_secs(70);

/// When it is looked what a killed one has left.
const AFTER_DEATH: Duration = Duration::from_secs(2);

/// What one of them made of the faults; times in seconds from the fault on.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    /// Processes that are left of one that was killed, and folders when the next has started.
    processes_left: usize,
    folders_left: usize,
    /// A browser is frozen: until that is known, until its processes are gone by themselves or
    /// because they were closed, and until other work goes on in its place.
    frozen_heard: f64,
    frozen_closed: f64,
    frozen_replaced: f64,
    /// A page's process dies: until that is known, and how many other sessions it harmed.
    crash_heard: f64,
    others_harmed: usize,
    /// Processes that nobody waited for, when all is done.
    zombies: usize,
}

pub(super) async fn measure(node: &Node, progress: &Progress) -> Result<Vec<Row>, Failure> {
    let portal = ours::fleet().await?;
    let browser = browser()?;
    progress.say("faults: an agent is killed, a browser frozen, a page crashed");
    let ours = ours::suffer(&portal).await?;
    progress.say("faults: the same with puppeteer and playwright");
    let peer = |library| peers::suffer(node, library, &browser, portal.portal.url());
    let (puppeteer, playwright) = tokio::join!(peer("puppeteer"), peer("playwright"));
    let peers = [("puppeteer", puppeteer?), ("playwright", playwright?)];
    let rows = |what: &str, unit, bar, of: fn(&Outcome) -> f64| {
        let row = |(name, peer): &(&str, Outcome)| {
            Row::new(format!("faults: {what}"), of(&ours), unit).beside(*name, of(peer)).at_most(bar)
        };
        peers.iter().map(row).collect::<Vec<_>>()
    };
    Ok([
        rows("killed: processes left after 2 s", "processes", 0.0, |it| it.processes_left as f64),
        rows("killed: its folders after the next start", "folders", 0.0, |it| it.folders_left as f64),
        rows("browser frozen: until it is known", "s", 5.0, |it| it.frozen_heard),
        rows("browser frozen: until it is closed", "s", 5.0, |it| it.frozen_closed),
        rows("browser frozen: until other work goes on", "s", 8.0, |it| it.frozen_replaced),
        rows("page crashed: until it is known", "s", 5.0, |it| it.crash_heard),
        rows("page crashed: other sessions harmed", "sessions", 0.0, |it| it.others_harmed as f64),
        rows("zombies at rest", "processes", 0.0, |it| it.zombies as f64),
    ]
    .concat())
}

/// The browser that all of them drive.
fn browser() -> Result<String, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).map(|folder| folder.join("chromium-headless-shell"));
    let found = programs.into_iter().find(|program| program.is_file());
    let found = found.ok_or("there is no chromium-headless-shell\nhint: apt-get install -y chromium-headless-shell")?;
    Ok(found.display().to_string())
}

fn alive(pids: &BTreeSet<u32>) -> usize {
    pids.iter().filter(|&&pid| is_alive(pid)).count()
}

/// What stands in a folder.
fn entries(folder: &Path) -> BTreeSet<std::path::PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}
