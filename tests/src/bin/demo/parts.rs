//! The parts of the demo, each a process: portal, coordinator, agent; and the webhook
//! receiver, which is the integrator's own.
//!
//! Not here: what is done with them; that is the story.

use serde_json::Value;
use tests::integrator::Integrator;
use tests::programs::{Program, built};
use tests::receiver::Receiver;
use tests::world::scripts;
use tokio::process::Command;

use crate::Outcome;
use crate::progress::Progress;

/// Who signs in to the console.
pub(crate) const CONSOLE_LOGIN: &str = "demo";

/// Everything that runs.
pub(crate) struct Parts {
    portal: Program,
    coordinator: Program,
    agent: Program,
    pub(crate) receiver: Receiver,
    pub(crate) integrator: Integrator,
    /// What the portal said of itself: `url`, `username`, `password`.
    pub(crate) bank: Value,
    /// Where the coordinator serves.
    pub(crate) address: String,
    /// What [`CONSOLE_LOGIN`] signs in to the console with.
    pub(crate) password: String,
    /// The folder of everything.
    pub(crate) folder: tempfile::TempDir,
}

impl Parts {
    /// Starts the parts on free ports in a folder of their own.
    pub(crate) async fn start(seed: u64, progress: &Progress) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("bursar-demo-").tempdir()?;

        let step = progress.step("Starting a simulated bank");
        let mut command = Command::new(built("fixtures")?);
        command.args(["serve", "harbour", "--until-stdin-closes", "--seed", &seed.to_string()]);
        let mut portal = Program::start("fixtures", command)?;
        let bank: Value = serde_json::from_str(&portal.line().await?)?;
        let url = bank["url"].as_str().unwrap_or_default();
        step.done(url);

        let step = progress.step("Starting the coordinator, with SQLite and a private Redis");
        let mut command = Self::coordinator_command(folder.path(), url)?;
        command.args(["serve", "--until-stdin-closes"]);
        let mut coordinator = Program::start("coordinator", command)?;
        let line: Value = serde_json::from_str(&coordinator.line().await?)?;
        let address = line["address"].as_str().unwrap_or_default().to_owned();
        step.done(&address);

        let step = progress.step("Starting an agent");
        let mut command = Command::new(built("agent")?);
        command.args(["run", "--slots", "1", "--until-stdin-closes", "--coordinator", &address, "--name", "demo"]);
        command.arg("--data").arg(folder.path().join("agent"));
        command.arg("--token-file").arg(folder.path().join("data/agent.token"));
        if rustix::process::geteuid().is_root() {
            // Chromium can't sandbox itself as root.
            command.args(["--browser-sandbox", "off"]);
        }
        let agent = Program::start("agent", command)?;
        step.done("it waits for work");

        let step = progress.step("Making an API key");
        let mut command = Self::coordinator_command(folder.path(), url)?;
        let made = command.args(["key", "create", "--name", "demo"]).output().await?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        let key = String::from_utf8(made.stdout)?.trim().to_owned();
        step.done("all scopes");

        let step = progress.step("Adding a user of the console");
        let password = uuid::Uuid::new_v4().to_string();
        let mut command = Self::coordinator_command(folder.path(), url)?;
        command.args(["user", "create", CONSOLE_LOGIN, "--role", "administrator"]);
        let made = tests::world::run(command, &format!("{password}\n")).await?;
        if made.code != Some(0) {
            return Err(made.stderr.into());
        }
        step.done(&format!("{address}/console, {CONSOLE_LOGIN} with {password}"));

        let receiver = Receiver::start().await?;
        let integrator = Integrator::new(&address, &key);
        Ok(Self { portal, coordinator, agent, receiver, integrator, bank, address, password, folder })
    }

    fn coordinator_command(folder: &std::path::Path, portal_url: &str) -> Outcome<Command> {
        let mut command = Command::new(built("coordinator")?);
        command
            .env("BURSAR__DATA", folder.join("data"))
            .env("BURSAR__HTTP__LISTEN", "127.0.0.1:0")
            .env("BURSAR__CATALOG__FOLDER", scripts())
            .env("BURSAR__DELEGATED_USER__EMAIL", "bank+{code}@bursar.example")
            .env("BURSAR__DELEGATED_USER__PHONE_NUMBER", "+1 202 555 0142")
            .env("BURSAR__DEVELOPMENT__LOOPBACK", "true")
            .env("BURSAR__DEVELOPMENT__PORTAL_URLS__HARBOUR", portal_url);
        Ok(command)
    }

    /// Reads what a portal shows beside its pages: `truth`, `oracle`, `phone`.
    pub(crate) async fn backstage(&self, what: &str) -> Outcome<Value> {
        let url = format!("{}_{what}", self.bank["url"].as_str().unwrap_or_default());
        Ok(tests::client::client().build()?.get(url).send().await?.json().await?)
    }

    /// What the parts said, for when something went wrong.
    pub(crate) fn talk(&self) -> String {
        let parts = [("coordinator", &self.coordinator), ("agent", &self.agent), ("bank", &self.portal)];
        let talk = parts.map(|(name, part)| format!("--- {name}\n{}", part.talk()));
        talk.join("\n")
    }

    /// Ends the parts in order, unfinished runs and all.
    pub(crate) async fn end_at_once(self) {
        self.agent.end_at_once().await;
        self.coordinator.end_at_once().await;
        self.portal.end_at_once().await;
    }

    /// Ends the parts in order: whoever works first, what they work with last.
    pub(crate) async fn end(self) {
        self.agent.end().await;
        self.coordinator.end().await;
        self.portal.end().await;
    }
}
