//! Which clients there are, and how each is started: ours by the agent's own drivers, the peers
//! by what npm has, all with the same browser.
//!
//! Not here: what they do; `agent/examples/flow.rs` and `bench/peers/flow.mjs` say that.

use std::path::{Path, PathBuf};

use tests::programs::built;
use tests::world::scripts;
use tokio::process::Command;

use super::client::Client;
use crate::Failure;
use crate::node::Node;

/// What the others are measured beside.
pub(super) const OURS: &str = "Bursar";

/// The peer that has a bar.
pub(super) const FIRST: &str = "puppeteer-core";

/// The peers, with the names of their programs.
const PEERS: [(&str, &str); 4] = [
    (FIRST, "puppeteer"),
    ("playwright-core", "playwright"),
    ("selenium-webdriver", "selenium"),
    ("israeli-bank-scrapers-core", "israeli"),
];

/// What all of them drive, and where.
pub(super) struct Setting<'a> {
    pub(super) node: &'a Node,
    pub(super) browser: PathBuf,
    pub(super) address: String,
}

impl Setting<'_> {
    /// One of each, ours first.
    pub(super) async fn all(&self) -> Result<Vec<Client>, Failure> {
        let mut clients = vec![self.ours(OURS, "cdp", &scripts().join("harbour/script.yaml")).await?];
        for (name, program) in PEERS {
            let mut command = self.node.program("flow.mjs");
            command.arg(program).arg(&self.browser).arg(&self.address);
            clients.push(Client::start(name, command).await?);
        }
        Ok(clients)
    }

    /// Ours, by one of its drivers and a script.
    pub(super) async fn ours(&self, name: &'static str, driver: &str, script: &Path) -> Result<Client, Failure> {
        let mut command = Command::new(built("examples/flow")?);
        command.args(["--driver", driver, "--address", &self.address]).arg("--browser").arg(&self.browser);
        command.arg("--script").arg(script);
        Client::start(name, command).await
    }
}

/// The browser that all of them drive. Debian has a shell's script of that name on the path, which
/// waits for the program; whoever ends the script, as chromedriver does, leaves the program behind.
pub(crate) fn browser() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(PathBuf::from("/usr/lib/chromium")).chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join("chromium-headless-shell")).find(|program| program.is_file());
    let hint = "there is no chromium-headless-shell\nhint: apt-get install -y chromium-headless-shell";
    Ok(found.ok_or(hint)?)
}
