//! The coordinator: serves the API, leases connections to agents, keeps what is true.
//!
//! `main` only reads the command line and turns errors into exit codes; each command
//! is in `cli/`.

#![allow(missing_docs, reason = "a program's fields and methods speak by their names; types say more")]

mod catalog;
mod cli;
mod config;
mod fleet;
mod http;
mod queue;
mod store;
mod telemetry;
mod vault;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    supervisor::run_if_asked();
    cli::run()
}
