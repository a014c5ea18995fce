//! `cargo xtask pictures`: takes the pictures in the docs anew, of a fleet at work.
//!
//! Not here: what is on them; the console's test `pictures` walks through it, and without this command holds them
//! against what the pages show.

use std::path::Path;
use std::process::ExitCode;

use crate::cargo::{build_programs, cargo};
use crate::{Outcome, setup, tools};

pub(crate) fn run() -> Outcome {
    setup::find_or_install(&setup::EVERYTHING)?;
    tools::find_or_install_of_npm()?;
    build_programs()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    let mut test = cargo();
    test.args(["test", "--locked", "-p", "tests", "--test", "console", "pictures::"]).env("BURSAR_PICTURES", &folder);
    let status = test.status().map_err(|error| format!("cargo couldn't be started: {error}"))?;
    if !status.success() {
        return Err("the pictures weren't taken, or the documents show others; it said why above".into());
    }
    eprintln!("Took the pictures in docs/pictures/. Look at them before you commit.");
    Ok(ExitCode::SUCCESS)
}
