//! The demo: a bank's accounts and transactions come out of a real browser, through a
//! real queue, over the public API. Every part is a process of its own, and the demo
//! acts as an integrator who knows nothing but HTTP.
//!
//! `cargo xtask demo` builds what is needed and starts this.

mod keep;
mod parts;
mod progress;
mod report;
mod story;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;

use crate::progress::Progress;

/// Shows the whole loop on real parts.
#[derive(Parser)]
#[command(name = "cargo xtask demo")]
struct Arguments {
    /// Print one JSON object on stdout in place of tables.
    #[arg(long)]
    json: bool,
    /// Leave everything running and print how to go on.
    #[arg(long)]
    keep: bool,
    /// What the portal's books are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A result of the story, or why there is none.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let progress = Progress::new(std::io::stderr().is_terminal());
    match show(&arguments, &progress).await {
        Ok(code) => code,
        Err(error) => {
            progress.fail();
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

async fn show(arguments: &Arguments, progress: &Progress) -> Outcome<ExitCode> {
    let parts = parts::Parts::start(arguments.seed, progress).await?;
    let told = tokio::select! {
        told = story::tell(&parts, progress) => told,
        () = keep::asked_to_end() => {
            progress.fail();
            eprintln!("Ending …");
            parts.end_at_once().await;
            return Ok(ExitCode::FAILURE);
        }
    };
    let story = match told {
        Ok(story) => story,
        Err(error) => {
            eprintln!("{}", parts.talk());
            parts.end().await;
            return Err(error);
        }
    };
    if arguments.json {
        report::print_json(&story);
    } else {
        report::print_tables(&story);
    }
    if !story.is_clean() {
        parts.end().await;
        return Ok(ExitCode::FAILURE);
    }
    if arguments.keep {
        let channel = if arguments.json { keep::Channel::Stderr } else { keep::Channel::Stdout };
        keep::keep(&parts, &story, channel).await?;
    }
    parts.end().await;
    Ok(ExitCode::SUCCESS)
}
