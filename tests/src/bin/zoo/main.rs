//! Every simulated bank by every driver, and every fault of each: `cargo xtask zoo`, which builds
//! what is needed and starts this.
//!
//! Not here: what is looked at; `tests::zoo` has that.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;
use tests::rows::{Look, print_json, print_table};
use tests::zoo::banks::Driver;
use tests::zoo::{Wanted, visit};

/// Reads every simulated bank by every driver, and has each of them fail.
#[derive(Parser)]
#[command(name = "cargo xtask zoo")]
struct Arguments {
    /// One bank alone.
    #[arg(long, value_name = "PORTAL")]
    only: Option<String>,
    /// One driver alone.
    #[arg(long, value_enum)]
    driver: Option<Driver>,
    /// Print one JSON list in place of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { only, driver, json } = Arguments::parse();
    let spinner = std::io::stderr().is_terminal().then(indicatif::ProgressBar::new_spinner);
    let tell = |what: String| match &spinner {
        Some(spinner) => {
            spinner.set_message(what);
            spinner.tick();
        }
        None => eprintln!("{what}"),
    };
    let rows = match visit(&Wanted { portal: only, driver }, tell).await {
        Ok(rows) => rows,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(spinner) = &spinner {
        spinner.finish_and_clear();
    }
    if !json {
        print_table(&rows, Look::Plain);
    } else if let Err(error) = print_json(&rows) {
        eprintln!("error: the rows can't be printed: {error}");
        return ExitCode::FAILURE;
    }
    match rows.iter().filter(|row| row.holds == Some(false)).count() {
        0 => ExitCode::SUCCESS,
        count => {
            eprintln!("error: {count} of the rows don't hold");
            ExitCode::FAILURE
        }
    }
}
