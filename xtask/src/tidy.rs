//! `cargo xtask tidy`: what a change has to pass before anyone reads it.
//!
//! Not here: mending; each tool says how.

use std::process::ExitCode;

use crate::Outcome;
use crate::cargo::cargo;

pub(crate) fn run() -> Outcome {
    let steps: [(&str, &[&str]); 3] = [
        ("formatting", &["fmt", "--all", "--check"]),
        ("lints", &["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
        ("house rules", &["test", "--locked", "--quiet", "--package", "tests", "--test", "house"]),
    ];
    for (what, arguments) in steps {
        eprintln!("Checking {what} …");
        let status = cargo().args(arguments).status().map_err(|error| format!("cargo couldn't be started: {error}"))?;
        if !status.success() {
            return Err(format!("{what}: see above"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
