//! Calls of cargo, by the very cargo that started this.
//!
//! Not here: which commands there are.

use std::process::Command;

/// A call of cargo in this repository.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command
}

/// Builds every program, with cargo's own progress.
///
/// # Errors
/// That it failed; cargo has said why.
pub(crate) fn build_programs() -> Result<(), String> {
    build("--bins")
}

/// Builds every program and every test at once. One after the other, much would be built twice: tests have crates use
/// features of others that programs alone don't ask for.
///
/// # Errors
/// That it failed; cargo has said why.
pub(crate) fn build_everything() -> Result<(), String> {
    build("--all-targets")
}

fn build(targets: &str) -> Result<(), String> {
    let built = cargo().args(["build", "--locked", "--workspace", targets]).stdout(std::io::stderr()).status();
    match built {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the build failed; cargo said why above".into()),
        Err(error) => Err(format!("cargo couldn't be started: {error}")),
    }
}
