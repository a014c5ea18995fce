//! `cargo xtask bench fleet`: what a lease costs beside BullMQ, what becomes of a fleet when
//! something breaks beside puppeteer and playwright, and whether it wears; and, when asked for,
//! a million connections, and what a fleet for them needs.
//!
//! Not here: how many agents there should be at each moment (`scaling`).

mod capacity;
mod faults;
mod lease;
mod scale;
mod wear;

use crate::Failure;
use crate::node::Node;
use crate::progress::Progress;
use ::tests::rows::{Look, Row, print_json, print_table};
use capacity::Measured;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of a table.
    #[arg(long)]
    json: bool,
    /// Print a table for a document.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Measure one part alone; without it the first three.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Wear: how many runs one agent makes.
    #[arg(long, default_value_t = 100)]
    runs: usize,
    #[command(flatten)]
    scale: scale::Size,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What a lease costs, beside BullMQ.
    Lease,
    /// Killed, frozen and crashed, beside puppeteer and playwright.
    Faults,
    /// Whether the last runs of an agent cost more than its first.
    Wear,
    /// A million connections, a thousand agents without browsers, two coordinators; then what a
    /// fleet needs by these figures.
    Scale,
    /// What a fleet needs by the figures that its document was written with.
    Capacity,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress::new();
    let mut rows = Vec::new();
    let look = if arguments.markdown { Look::Markdown } else { Look::Plain };
    let is_wanted = |part| arguments.only.is_none_or(|only| only == part);
    if is_wanted(Part::Lease) {
        rows.extend(lease::measure(&Node::ready().await?, &progress).await?);
    }
    if is_wanted(Part::Faults) {
        rows.extend(faults::measure(&Node::ready().await?, &progress).await?);
    }
    if is_wanted(Part::Wear) {
        rows.extend(wear::measure(arguments.runs, &progress).await?.rows());
    }
    let measured = match arguments.only {
        Some(Part::Scale) => {
            let wear = wear::measure(arguments.runs, &progress).await?;
            let (more, scale) = scale::measure(&arguments.scale, &progress).await?;
            rows.extend(wear.rows().into_iter().chain(more));
            Some(Measured::of(&wear, &scale))
        }
        Some(Part::Capacity) => Some(capacity::PUBLISHED),
        _ => None,
    };
    if arguments.json {
        let needs = measured.iter().flat_map(Measured::needs);
        rows.extend(needs.map(|need| Row::new(need.what, need.value, need.unit)));
        print_json(&rows)?;
        return Ok(());
    }
    if !rows.is_empty() {
        print_table(&rows, look);
    }
    if let Some(measured) = measured {
        capacity::print(&measured, look);
    }
    Ok(())
}

/// The middle one; of an even number the higher of the two.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
