//! `cargo xtask generate`: the files in the repository that are made from the code.
//! A test holds each of them against what the code says now.
//!
//! Not here: what stands in them; the programs say that.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use crate::Outcome;
use crate::cargo::cargo;

pub(crate) fn run() -> Outcome {
    let mut print = cargo();
    print.args(["run", "--locked", "--quiet", "--package", "coordinator", "--bin", "coordinator", "--", "openapi"]);
    let output = print.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo couldn't be started: {error}"))?;
    if !output.status.success() {
        return Err("`coordinator openapi` failed; it said why above".into());
    }
    let name = "docs/reference/openapi.json";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::write(&path, output.stdout).map_err(|error| format!("{} can't be written: {error}", path.display()))?;
    eprintln!("Wrote {name}");
    Ok(ExitCode::SUCCESS)
}
