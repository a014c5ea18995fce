//! `cargo xtask zoo`.
//!
//! Not here: what is looked at; the crate `tests` has that.

use std::os::unix::process::CommandExt as _;

use crate::cargo::{build_programs, cargo};
use crate::{Outcome, geckodriver, setup};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on: `--only kontor`, `--driver http`, `--json`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    setup::find_or_install(&setup::EVERYTHING)?;
    geckodriver::begin()?.finish()?;
    build_programs()?;
    let mut zoo = cargo();
    zoo.args(["run", "--locked", "--quiet", "--package", "tests", "--bin", "zoo", "--"]).args(&arguments.rest);
    // In place of this process, so that a Ctrl-C is waited for by whoever cleans up.
    Err(format!("the zoo couldn't be visited: {}", zoo.exec()))
}
