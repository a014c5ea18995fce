//! `cargo xtask generate`: the files in the repository that are made from the code.
//! A test holds each of them against what the code says now.
//!
//! Not here: what stands in them; the programs say that.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use crate::Outcome;
use crate::cargo::cargo;

/// Each file, and what the coordinator is asked for it.
const FILES: [(&str, &[&str]); 2] =
    [("docs/reference/openapi.json", &["openapi"]), ("docs/reference/failures.md", &["failures", "--markdown"])];

pub(crate) fn run() -> Outcome {
    for (name, asked) in FILES {
        let mut print = cargo();
        print
            .args(["run", "--locked", "--quiet", "--package", "coordinator", "--bin", "coordinator", "--"])
            .args(asked);
        let output = print.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("cargo couldn't be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("`coordinator {}` failed; it said why above", asked.join(" ")));
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        std::fs::write(&path, output.stdout)
            .map_err(|error| format!("{} can't be written: {error}", path.display()))?;
        eprintln!("Wrote {name}");
    }
    Ok(ExitCode::SUCCESS)
}
