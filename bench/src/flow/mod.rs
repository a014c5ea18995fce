//! `cargo xtask bench flow`: what one reading of a portal costs, beside puppeteer, playwright,
//! selenium and israeli-bank-scrapers, on the same portal with the same Chromium.
//!
//! One flow is a session of its own, the sign-in with its code, the list of accounts, every page
//! of each account's transactions, and the sign-out. The clients take turns, round by round, and
//! everything that runs for one of them is counted as its own: client, driver, browser, and what
//! has ended.
//!
//! Not here: a fleet (`fleet`), and what is done in a flow (`agent/examples/flow.rs`,
//! `bench/peers/flow.mjs`).

mod client;
pub(crate) mod clients;
mod killed;
mod memory;
mod plain;
mod work;

use fixtures::harbour::{Harbour, HarbourSettings};
use fixtures::portal::{RunningPortal, User};

use crate::Failure;
use crate::node::Node;
use crate::progress::Progress;
use ::tests::rows::{Look, Row, print_json, print_table};
use clients::{Setting, browser};

/// With how many slots at once, at most.
const SLOTS: usize = 8;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of a table.
    #[arg(long)]
    json: bool,
    /// Print a table for a document.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Measure one part alone.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// How many flows each client does with each number of slots.
    #[arg(long, default_value_t = 24)]
    flows: usize,
    /// What the simulated bank's books are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// CPU a flow, with one slot and with eight; with a browser and without.
    Cpu,
    /// Flows a second with one, two, four and eight slots.
    Slots,
    /// Memory of client and browser.
    Memory,
    /// What is left when the client is killed.
    Kill,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress::new();
    let portal = harbour(arguments.seed).await?;
    let node = Node::ready().await?;
    let setting = Setting { node: &node, browser: browser()?, address: portal.url().to_owned() };
    let is_wanted = |part| arguments.only.is_none_or(|only| only == part);
    let mut rows = Vec::new();
    let slots: &[usize] = match arguments.only {
        None | Some(Part::Slots) => &[1, 2, 4, SLOTS],
        Some(Part::Cpu) => &[1, SLOTS],
        Some(Part::Memory | Part::Kill) => &[],
    };
    if !slots.is_empty() {
        let work = work::measure(&setting, &portal, slots, arguments.flows, &progress).await?;
        if is_wanted(Part::Cpu) {
            rows.extend(work.cpu_rows());
        }
        if is_wanted(Part::Slots) {
            rows.extend(work.speed_rows());
        }
    }
    if is_wanted(Part::Cpu) {
        rows.extend(plain::measure(&setting, arguments.flows, &progress).await?);
    }
    if is_wanted(Part::Memory) {
        rows.extend(memory::measure(&setting, &portal, &progress).await?);
    }
    if is_wanted(Part::Kill) {
        rows.extend(killed::measure(&setting, &portal, &progress).await?);
    }
    if arguments.json {
        print_json(&rows)?;
    } else {
        print_table(&rows, if arguments.markdown { Look::Markdown } else { Look::Plain });
    }
    Ok(())
}

/// A bank with a user for every slot: one browser may have each of them signed in once.
async fn harbour(seed: u64) -> Result<RunningPortal, Failure> {
    let further = (1..SLOTS)
        .map(|number| User { username: format!("bursar.ops{number}"), password: format!("Anchor-7-Lantern-{number}") });
    let settings = HarbourSettings { seed, further_users: further.collect(), ..HarbourSettings::default() };
    Ok(Harbour::start(settings).await?)
}

/// The middle one; of an even number the higher of the two.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Ours, which comes first, beside each of the peers: a row a peer.
fn beside_peers(what: &str, unit: &'static str, figures: &[(&'static str, f64)]) -> Vec<Row> {
    let Some(((_, ours), peers)) = figures.split_first() else { return Vec::new() };
    peers.iter().map(|(peer, figure)| Row::new(what, *ours, unit).beside(*peer, *figure)).collect()
}
