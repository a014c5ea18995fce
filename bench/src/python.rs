//! Peers that come from PyPI: each bench has a virtual environment of its own in the cache,
//! with every peer at its version, and each reading is a process of its own.
//!
//! Not here: what a peer is asked; its program in `bench/peers/` and the bench say that.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::process::Command;

use crate::Failure;

/// A folder with Python and packages.
pub(crate) struct Environment(PathBuf);

/// What a peer made of a file.
#[derive(Deserialize)]
pub(crate) struct Timed {
    /// How long it took, the start of Python left out.
    pub(crate) seconds: f64,
    /// What it read.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Environment {
    /// Installs `packages` under `name`, unless they are there.
    pub(crate) async fn with(name: &str, packages: &[&str]) -> Result<Self, Failure> {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let (folder, wanted) = (top.join(".cache").join(name), packages.join("\n"));
        // Written last, so that a folder that was left half filled isn't taken for a whole one.
        let filled_with = folder.join("packages");
        if std::fs::read_to_string(&filled_with).is_ok_and(|there| there == wanted) {
            return Ok(Self(folder));
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).await?;
        let mut install = Command::new(folder.join("bin/python"));
        install.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
        run(install.args(packages)).await?;
        std::fs::write(filled_with, wanted)?;
        Ok(Self(folder))
    }

    /// A program that a package brought.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// Has the peer `program` of `bench/peers/` read a file.
    pub(crate) async fn time(&self, program: &str, file: &Path) -> Result<Timed, Failure> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(program);
        let printed = run(Command::new(self.program("python")).arg("-B").arg(program).arg(file)).await?;
        Ok(serde_json::from_slice(&printed)?)
    }
}

/// Runs a command that has to work; what it printed.
async fn run(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let shown = format!("{:?}", command.as_std());
    let hint = "hint: apt-get install -y python3-venv, and see that PyPI can be reached";
    let output = command.output().await.map_err(|error| format!("{shown}: {error}\n{hint}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{shown} failed:\n{}\n{hint}", String::from_utf8_lossy(&output.stderr)).into())
}
