//! Firefox's driver, which Debian doesn't package: built from its crate into
//! `.cache/cargo`, beside whatever else is being built.
//!
//! Not here: the system's packages (`setup.rs`), and what comes from PyPI (`tools.rs`).

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::cargo::cargo;

const VERSION: &str = "0.37.1";

/// A build that goes on by itself, or that isn't needed.
pub(crate) struct Building {
    child: Option<Child>,
}

/// Begins to build it, unless it is there.
///
/// # Errors
/// That cargo can't be started.
pub(crate) fn begin() -> Result<Building, String> {
    if is_there() {
        return Ok(Building { child: None });
    }
    eprintln!("Building geckodriver {VERSION} into .cache/cargo …");
    let mut install = cargo();
    install.args(["install", "geckodriver", "--locked", "--version", VERSION, "--quiet"]);
    // What it costs is its build: it waits for browsers all its life. The profile is cargo's
    // own, since a crate that is installed has no other.
    install.args(["--profile", "dev"]).env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
    install.arg("--root").arg(folder()).env("CARGO_TARGET_DIR", folder().join("target"));
    let child = install.stdin(Stdio::null()).stdout(std::io::stderr()).spawn();
    let child = child.map_err(|error| format!("cargo couldn't be started: {error}"))?;
    Ok(Building { child: Some(child) })
}

impl Building {
    /// Waits until it is there.
    ///
    /// # Errors
    /// What failed, and what helps.
    pub(crate) fn finish(mut self) -> Result<(), String> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let built = child.wait().is_ok_and(|status| status.success());
        // What it was built from is of no use any more, and large.
        let _ = std::fs::remove_dir_all(folder().join("target"));
        if built && is_there() {
            return Ok(());
        }
        let network = "crates.io has to be reachable, or a mirror of it that cargo knows";
        Err(format!("geckodriver couldn't be built\nhint: {network}; look at what was said above"))
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // Something else failed first.
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/cargo")
}

/// Whether this very version is there: cargo keeps a list of what it installed.
fn is_there() -> bool {
    let list = std::fs::read_to_string(folder().join(".crates.toml")).unwrap_or_default();
    list.contains(&format!("\"geckodriver {VERSION} ")) && folder().join("bin/geckodriver").is_file()
}
