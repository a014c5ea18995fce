//! `cargo xtask generate`: the files in the repository that are made from the code.
//! A test holds each of them against what the code says now.
//!
//! Not here: what stands in them; the programs say that.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use crate::Outcome;
use crate::cargo::cargo;

/// Each file, and what is asked of which program for it.
const FILES: [(&str, &str, &[&str]); 7] = [
    ("docs/reference/openapi.json", "coordinator", &["openapi"]),
    ("docs/reference/failures.md", "coordinator", &["failures", "--markdown"]),
    ("docs/reference/script.schema.json", "agent", &["schema"]),
    ("docs/reference/script.md", "agent", &["schema", "--markdown"]),
    ("docs/reference/institution.schema.json", "agent", &["schema", "--record"]),
    ("docs/reference/institution.md", "agent", &["schema", "--record", "--markdown"]),
    ("docs/reference/diagnostics.md", "agent", &["explain", "--markdown"]),
];

pub(crate) fn run() -> Outcome {
    for (name, program, asked) in FILES {
        let mut print = cargo();
        print.args(["run", "--locked", "--quiet", "--package", program, "--bin", program, "--"]).args(asked);
        let output = print.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("cargo couldn't be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("`{program} {}` failed; it said why above", asked.join(" ")));
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        std::fs::write(&path, output.stdout)
            .map_err(|error| format!("{} can't be written: {error}", path.display()))?;
        eprintln!("Wrote {name}");
    }
    Ok(ExitCode::SUCCESS)
}
