//! Bursar measured beside its peers, in the same run: `cargo xtask bench api`,
//! `cargo xtask bench fleet`, `cargo xtask bench flow`, `cargo xtask bench ledger`,
//! `cargo xtask bench people`, `cargo xtask bench recorder`, `cargo xtask bench scaling`.
//!
//! A bench prints what it measured and whether a bar holds; whether the figures are good
//! is for people to say, so a bar that doesn't hold is no failure of the run.
//!
//! Not here: tests; nothing that is timed decides whether a change may land.

mod api;
mod deliveries;
mod fill;
mod fleet;
mod flow;
mod keeper;
mod ledger;
mod load;
mod node;
mod peer;
mod people;
mod processes;
mod progress;
mod python;
mod recorder;
mod scaling;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Whatever ended a bench, with its whole story.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures Bursar beside its peers.
#[derive(Parser)]
#[command(name = "cargo xtask bench", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Reads of the public API with a full ledger, and webhook deliveries.
    Api(api::Arguments),
    /// Leases, faults and wear; a million connections, and what a fleet for them needs.
    Fleet(fleet::Arguments),
    /// One reading of a portal: CPU, speed and memory beside other libraries, and what is left
    /// when it is killed.
    Flow(flow::Arguments),
    /// Identity, reading pages and files, and taking records in.
    Ledger(ledger::Arguments),
    /// Live views, runs that wait for a person, and how soon a question and its answer are through.
    People(people::Arguments),
    /// What a recorder makes of each simulated portal, and how much of it that reads.
    Recorder(recorder::Arguments),
    /// How many agents there are, in simulated days, beside a queue's length as the rule.
    Scaling(scaling::Arguments),
    /// Between a bench and a program that it measures; not for people.
    #[command(hide = true)]
    Keep(keeper::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().bench {
        Bench::Api(arguments) => api::run(arguments).await,
        Bench::Fleet(arguments) => fleet::run(arguments).await,
        Bench::Flow(arguments) => flow::run(arguments).await,
        Bench::Ledger(arguments) => ledger::run(arguments).await,
        Bench::People(arguments) => people::run(arguments).await,
        Bench::Recorder(arguments) => recorder::run(arguments).await,
        Bench::Scaling(arguments) => scaling::run(&arguments),
        Bench::Keep(arguments) => keeper::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
