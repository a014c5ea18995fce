//! The coordinator: serves the API, leases connections to agents, keeps what is true.
//!
//! `main` only reads the command line and turns errors into exit codes; each command
//! is in `cli/`.

mod backoff;
mod buckets;
mod catalog;
mod cli;
mod clock;
mod config;
mod console;
mod fleet;
mod http;
mod keda;
mod queue;
mod sealer;
mod setup;
mod store;
mod telemetry;
mod vault;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    supervisor::run_if_asked();
    cli::run()
}
