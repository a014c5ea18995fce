//! `cargo xtask bench ledger`: identity in worlds whose truth is known, beside published ways
//! to give rows one; and how fast rows are settled, taken in, and read from pages and files.
//!
//! Not here: reads of the API (`api`).

mod bookings;
mod files;
mod page;
mod played;
mod settled;
mod synced;

use clap::ValueEnum;

use crate::Failure;
use crate::progress::Progress;
use crate::python::Environment;
use ::tests::rows::{Look, Row, print_json, print_table};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of tables.
    #[arg(long)]
    json: bool,
    /// Print tables for a document.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// What everything that is made up is made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which parts are run; without it all of them.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// How much of each world there is.
    #[arg(long, default_value = "full")]
    worlds: Scale,
    /// How many transactions are settled and taken in; a thousand at least.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    transactions: u64,
    /// How many rows the page has.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    page_rows: u64,
    /// How many bookings each file has.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    bookings: u64,
    /// How often each speed is measured, Bursar and its peers in turn; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
}

/// What the bench consists of.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Identity in every world.
    Worlds,
    /// Identity alone, in memory.
    Identity,
    /// From an agent into each store.
    Store,
    /// A page's table into records.
    Page,
    /// Statement files into records.
    Files,
}

/// As `worlds` has it.
#[derive(Clone, Copy, ValueEnum)]
enum Scale {
    /// As much as a test plays.
    Test,
    /// All of it.
    Full,
}

/// The peers of PyPI, and what they need, by version.
const PEERS: [&str; 7] =
    ["bai2==0.15.0", "lxml==6.1.3", "mt-940==5.1.1", "ofxtools==1.1.1", "requests==2.34.2", "sepa==0.5.4", "woob==3.7"];

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let progress = Progress::new();
    let is_wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let (transactions, rounds) = (usize::try_from(arguments.transactions)?, usize::try_from(arguments.rounds)?);
    let (seed, mut played, mut rows) = (arguments.seed, Vec::new(), Vec::new());
    if is_wanted(Part::Worlds) {
        played = played::play_all(seed, arguments.worlds.into(), &progress);
    }
    if is_wanted(Part::Identity) {
        settled::measure(transactions, rounds, &progress, &mut rows)?;
    }
    if is_wanted(Part::Store) {
        synced::measure(transactions, &progress, &mut rows).await?;
    }
    if is_wanted(Part::Page) || is_wanted(Part::Files) {
        progress.say("peers: installing them unless they are there");
        let peers = Environment::with("bench-ledger", &PEERS).await?;
        if is_wanted(Part::Page) {
            let bookings = bookings::bookings(usize::try_from(arguments.page_rows)?, seed);
            page::measure(&bookings, rounds, &peers, &progress, &mut rows).await?;
        }
        if is_wanted(Part::Files) {
            let bookings = bookings::bookings(usize::try_from(arguments.bookings)?, seed);
            files::measure(&bookings, rounds, &peers, &progress, &mut rows).await?;
        }
    }
    if arguments.json {
        let worlds = played.iter().flat_map(played::Played::rows);
        print_json(&worlds.chain(rows).collect::<Vec<_>>())?;
        return Ok(());
    }
    let look = if arguments.markdown { Look::Markdown } else { Look::Plain };
    if !played.is_empty() {
        played::print_table(&played, look);
        println!();
        rows.splice(0..0, played.iter().flat_map(played::Played::rows).filter(Row::has_bar));
    }
    print_table(&rows, look);
    Ok(())
}

impl From<Scale> for worlds::Scale {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::Test => Self::Test,
            Scale::Full => Self::Full,
        }
    }
}

/// The middle one; of two, the later.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Ends the bench where a reader says something else than the truth.
fn hold_against(truth: &[bookings::Texts], read: &[bookings::Texts], reader: &str) -> Result<(), Failure> {
    if truth.len() != read.len() {
        return Err(format!("{reader} read {} rows of {}", read.len(), truth.len()).into());
    }
    match truth.iter().zip(read).find(|(truth, read)| truth != read) {
        None => Ok(()),
        Some((truth, read)) => Err(format!("{reader} read {read:?}, which is {truth:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{hold_against, median};

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![2.0, 1.0]), 2.0);
    }

    #[test]
    fn a_row_that_differs_ends_the_bench() {
        let rows = |texts: &[&str]| texts.iter().map(|text| vec![(*text).to_owned()]).collect::<Vec<_>>();
        assert!(hold_against(&rows(&["a", "b"]), &rows(&["a", "b"]), "it").is_ok());
        assert!(hold_against(&rows(&["a", "b"]), &rows(&["a"]), "it").is_err());
        assert!(hold_against(&rows(&["a", "b"]), &rows(&["a", "c"]), "it").is_err());
    }
}
