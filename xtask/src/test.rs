//! `cargo xtask test`.
//!
//! Not here: formatting and lints; `cargo xtask tidy` has those.

use std::process::ExitCode;

use crate::cargo::{build_programs, cargo};
use crate::{Outcome, geckodriver, setup, tools};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to cargo test: `-p domain`, a part of a test's name, `-- --nocapture`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// How many tests of one program run at once.
const THREADS: &str = "RUST_TEST_THREADS";

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    setup::find_or_install(&setup::EVERYTHING)?;
    tools::find_or_install()?;
    tools::find_or_install_of_npm()?;
    let geckodriver = geckodriver::begin()?;
    // Tests from outside start the programs; cargo wouldn't build them for that.
    build_programs()?;
    geckodriver.finish()?;
    let mut test = cargo();
    test.args(["test", "--locked", "--no-fail-fast"]);
    if !arguments.rest.iter().any(|argument| argument == "-p" || argument == "--package") {
        test.arg("--workspace");
    }
    if std::env::var_os(THREADS).is_none() {
        // Tests wait for leases, browsers and pages as much as they compute.
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        test.env(THREADS, (cores + cores.div_ceil(2)).to_string());
    }
    // A test that fails on another machine is understood by what the programs said.
    test.env("BURSAR_TEST_TALK", "1");
    let status = test.args(&arguments.rest).status().map_err(|error| format!("cargo couldn't be started: {error}"))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
