//! `cargo xtask bench`.
//!
//! Not here: what is measured; the crate `bench` does that.

use std::process::ExitCode;

use crate::cargo::cargo;
use crate::{Outcome, setup};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on: `api --json`, `api --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    setup::find_or_install(&setup::EVERYTHING)?;
    if arguments.rest.first().is_some_and(|bench| ["fleet", "flow", "people"].contains(&bench.as_str())) {
        setup::find_or_install(&setup::FOR_PEERS)?;
    }
    let started = |error| format!("cargo couldn't be started: {error}");
    // `flow` is a client of the agent's own, among its examples.
    let programs = ["-p", "coordinator", "-p", "agent", "-p", "bench", "--bins", "--example", "flow"];
    let built = cargo().args(["build", "--locked", "--release"]).args(programs).status();
    if !built.map_err(started)?.success() {
        return Err("the programs couldn't be built".into());
    }
    let mut bench = cargo();
    bench.args(["run", "--locked", "--release", "-q", "-p", "bench", "--"]).args(&arguments.rest);
    let status = bench.status().map_err(started)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
