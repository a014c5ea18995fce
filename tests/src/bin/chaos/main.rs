//! Chaos for as long as one likes: `cargo xtask chaos`, which builds what is needed and starts
//! this. It ends with a table of what went wrong on purpose and of what had to hold.
//!
//! Not here: what is played; `tests::chaos` has that.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tests::chaos::timeline::Telling;
use tests::chaos::world::{Settings, TERM};
use tests::chaos::{Outcome, play};
use tests::rows::{Look, print_json, print_table};

/// Throws everything at a fleet, and sees whether what is promised holds.
#[derive(Parser)]
#[command(name = "cargo xtask chaos")]
struct Arguments {
    /// For how many minutes.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// What chance is made from; another one each time unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// How many agents.
    #[arg(long, default_value_t = 3)]
    agents: usize,
    /// How many users of the bank.
    #[arg(long, default_value_t = 4)]
    people: usize,
    /// Print one JSON list in place of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000);
    eprintln!("seed {seed}");
    let settings = Settings {
        seed,
        agents: arguments.agents.max(1),
        slots: 2,
        people: arguments.people.max(1),
        erring: 1,
        term: TERM,
        telling: Telling::Aloud,
    };
    let span = Duration::try_from_secs_f64(arguments.minutes * 60.0).unwrap_or(Duration::from_secs(300));
    match play(settings, span).await {
        Ok(outcome) => report(&arguments, seed, &outcome),
        Err(error) => {
            eprintln!("error: {error}\nhint: repeat it with --seed {seed}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &Arguments, seed: u64, outcome: &Outcome) -> ExitCode {
    if !arguments.json {
        print_table(&outcome.rows, Look::Plain);
    } else if let Err(error) = print_json(&outcome.rows) {
        eprintln!("error: the rows can't be printed: {error}");
        return ExitCode::FAILURE;
    }
    if outcome.holds() {
        eprintln!("seed {seed}: everything held");
        return ExitCode::SUCCESS;
    }
    let again = format!("cargo xtask chaos --minutes {} --seed {seed}", arguments.minutes);
    eprintln!("{}{}\nhint: repeat it with `{again}`", outcome.findings.text(), outcome.keep_talks(seed));
    ExitCode::FAILURE
}
