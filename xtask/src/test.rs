//! `cargo xtask test`.
//!
//! Not here: formatting and lints; `cargo xtask tidy` has those.

use std::io::Write as _;
use std::process::{Command, ExitCode, ExitStatus};

use crate::cargo::{build_everything, build_programs, cargo};
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
    if arguments.rest.is_empty() {
        build_everything()?;
        geckodriver.finish()?;
        return all();
    }
    build_programs()?;
    geckodriver.finish()?;
    let is_one_package = arguments.rest.iter().any(|argument| argument == "-p" || argument == "--package");
    let mut chosen = tests(if is_one_package { &[] } else { &["--workspace"] });
    Ok(code(chosen.args(&arguments.rest).status().map_err(unstarted)?))
}

/// Tests from outside wait for leases, browsers and pages more than they compute, so that the units' run beside the first of
/// them, one at a time; what those say comes last. All is chosen out of the whole workspace: whoever names packages builds
/// much anew, with fewer features.
fn all() -> Outcome {
    let units = std::thread::spawn(|| tests(&["--workspace", "--lib", "--bins"]).env(THREADS, "1").output());
    let outside = tests(&["--workspace", "--test", "*"]).status().map_err(unstarted)?;
    let units = units.join().map_err(|_| "nobody waited for the units")?.map_err(unstarted)?;
    let told = std::io::stderr().write_all(&units.stderr).and_then(|()| std::io::stdout().write_all(&units.stdout));
    told.map_err(|error| format!("what the tests said can't be shown: {error}"))?;
    let examples = tests(&["--workspace", "--doc"]).status().map_err(unstarted)?;
    let failed = [outside, units.status, examples].into_iter().find(|status| !status.success());
    Ok(failed.map_or(ExitCode::SUCCESS, code))
}

/// The tests that are chosen so; none that fails stops the others.
fn tests(chosen: &[&str]) -> Command {
    let mut test = cargo();
    test.args(["test", "--locked", "--no-fail-fast"]).args(chosen);
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        test.env(THREADS, (cores + cores.div_ceil(2)).to_string());
    }
    // A test that fails on another machine is understood by what the programs said.
    test.env("BURSAR_TEST_TALK", "1");
    test
}

fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn unstarted(error: std::io::Error) -> String {
    format!("cargo couldn't be started: {error}")
}
