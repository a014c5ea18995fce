//! The habits of this repository, as commands: `cargo xtask demo`, `cargo xtask test`.
//! Both do their own set-up, so that a machine with a Rust toolchain is enough.
//!
//! Small on purpose: it is built before anything else can be said.
//!
//! Not here: what a habit does; each has its file.

mod bench;
mod cargo;
mod chaos;
mod demo;
mod geckodriver;
mod generate;
mod mutants;
mod pictures;
mod setup;
mod test;
mod tidy;
mod tools;
mod zoo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The habits of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the main job: a bank's records come out of a real browser, over the API.
    Demo(demo::Arguments),
    /// Run every test.
    Test(test::Arguments),
    /// Measure Bursar beside its peers.
    Bench(bench::Arguments),
    /// Throw everything at a fleet, and see whether what is promised holds.
    Chaos(chaos::Arguments),
    /// Read every simulated bank by every driver, and have each of them fail.
    Zoo(zoo::Arguments),
    /// Take guards out of a copy of the code, one at a time, and see their tests fail.
    Mutants(mutants::Arguments),
    /// Check formatting, lints and house rules.
    Tidy,
    /// Take the pictures in docs/pictures/ anew.
    Pictures,
    /// Find or install what the demo and the tests need, and nothing else.
    Setup,
    /// Write anew what is made from the code: what stands in docs/reference/ but for ledger-figures.md and
    /// statement-files.md.
    Generate,
}

/// What went wrong, for people, hints included.
type Outcome = Result<ExitCode, String>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
        Command::Zoo(arguments) => zoo::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Setup => setup::find_or_install(&setup::EVERYTHING)
            .and_then(|()| tools::find_or_install())
            .and_then(|()| tools::find_or_install_of_npm())
            .and_then(|()| geckodriver::begin()?.finish())
            .map(|()| ExitCode::SUCCESS),
        Command::Generate => generate::run(),
        Command::Pictures => pictures::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
