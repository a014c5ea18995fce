//! Peers that come from npm: one folder in the cache with every package at its version, as
//! `bench/peers/package-lock.json` names it, on the system's Node and with the system's browser.
//!
//! Not here: what a peer is asked; its program in `bench/peers/` and the bench say that.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::Failure;

const HINT: &str = "hint: apt-get install -y nodejs npm (Node 20 or newer), and see that npm's registry can be reached";

/// What is laid beside the packages, to find them.
const PROGRAMS: [&str; 9] = [
    "browsers.mjs",
    "flow-israeli.mjs",
    "flow-page.mjs",
    "flow-playwright.mjs",
    "flow-puppeteer.mjs",
    "flow-selenium.mjs",
    "flow.mjs",
    "lease.mjs",
    "live.mjs",
];

/// A folder with packages and the programs that use them.
pub(crate) struct Node(PathBuf);

impl Node {
    /// Installs the packages, unless they are there, and lays the programs beside them.
    pub(crate) async fn ready() -> Result<Self, Failure> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/bench-node");
        std::fs::create_dir_all(&folder)?;
        let wanted = std::fs::read_to_string(peers.join("package-lock.json"))?;
        // Written last, so that a folder that was left half filled isn't taken for a whole one.
        let filled_with = folder.join("filled-with");
        if !std::fs::read_to_string(&filled_with).is_ok_and(|there| there == wanted) {
            for file in ["package.json", "package-lock.json"] {
                std::fs::copy(peers.join(file), folder.join(file))?;
            }
            let mut install = Command::new("npm");
            install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional"]);
            run(install.current_dir(&folder)).await?;
            std::fs::write(filled_with, wanted)?;
        }
        for program in PROGRAMS {
            std::fs::copy(peers.join(program), folder.join(program))?;
        }
        Ok(Self(folder))
    }

    /// A program of `bench/peers/`, to be given arguments and started.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.0.join(name));
        command
    }
}

/// Runs a command that has to work; what it printed.
pub(crate) async fn run(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let shown = format!("{:?}", command.as_std());
    let output = command.output().await.map_err(|error| format!("{shown}: {error}\n{HINT}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{shown} failed:\n{}\n{HINT}", String::from_utf8_lossy(&output.stderr)).into())
}
