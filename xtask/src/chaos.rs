//! `cargo xtask chaos`.
//!
//! Not here: what goes wrong and what has to hold; the crate `tests` has that.

use std::os::unix::process::CommandExt as _;

use crate::cargo::{build_programs, cargo};
use crate::{Outcome, setup};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For how many minutes.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// What chance is made from; another one each time unless given. It is printed.
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON list on stdout in place of the table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    setup::find_or_install(&setup::EVERYTHING)?;
    build_programs()?;
    let mut chaos = cargo();
    chaos.args(["run", "--locked", "--quiet", "--package", "tests", "--bin", "chaos", "--"]);
    chaos.args(["--minutes", &arguments.minutes.to_string()]);
    chaos.args(arguments.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    chaos.args(arguments.json.then_some("--json"));
    // In place of this process, so that a Ctrl-C is waited for by whoever cleans up.
    Err(format!("chaos couldn't be played: {}", chaos.exec()))
}
