//! A fleet in one line: a portal, coordinators and agents as real processes, each with
//! folders and ports of its own.
//!
//! Not here: what is checked; that stands in the tests.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fixtures::harbour::{Harbour, HarbourSettings};
use fixtures::portal::RunningPortal;
use serde_json::Value;
use tokio::process::Command;

use crate::integrator::Integrator;
use crate::patience::eventually;
use crate::programs::{Program, ProgramError, built};

/// The repository's own scripts.
#[must_use]
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts")
}

/// A fleet to be started.
pub struct Plan {
    agents: usize,
    agents_are_told: Vec<String>,
    local: &'static str,
    settings: Vec<(String, String)>,
}

/// A coordinator, its agents and a portal.
pub struct Fleet {
    /// The simulated bank.
    pub portal: RunningPortal,
    /// The coordinator, unless it was taken down.
    pub coordinator: Option<Program>,
    /// The agents that run.
    pub agents: Vec<Program>,
    address: String,
    keda: String,
    local: &'static str,
    settings: Vec<(String, String)>,
    folder: tempfile::TempDir,
    agents_started: usize,
    agents_are_told: Vec<String>,
}

/// The fleet couldn't be started.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The portal.
    #[error(transparent)]
    Portal(#[from] fixtures::portal::StartError),
    /// A folder.
    #[error("no folder could be made")]
    Folder(#[from] std::io::Error),
    /// A command that should have worked.
    #[error("`coordinator {command}` failed:\n{said}")]
    Command {
        /// Which.
        command: String,
        /// Its talk.
        said: String,
    },
}

/// What a command came to.
pub struct Ran {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its data.
    pub stdout: String,
    /// Its talk.
    pub stderr: String,
}

/// Runs a command with `input` until it ends.
///
/// # Errors
/// What the system says if it couldn't be started.
pub async fn run(mut command: Command, input: &str) -> std::io::Result<Ran> {
    use tokio::io::AsyncWriteExt as _;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
}

impl Plan {
    /// One agent, and terms short enough that nobody waits for them.
    #[must_use]
    pub fn new() -> Self {
        Self { agents: 1, agents_are_told: Vec::new(), local: "0", settings: Vec::new() }
            .with("lease.term", "2s")
            .with("lease.expire_every", "100ms")
            .with("retry.base", "300ms")
            .with("retry.cap", "1s")
            .with("webhooks.retry_base", "100ms")
    }

    /// So many agents.
    #[must_use]
    pub fn agents(mut self, agents: usize) -> Self {
        self.agents = agents;
        // Whoever takes leases by hand renews none.
        if agents == 0 { self.with("lease.term", "60s") } else { self }
    }

    /// Arguments for each agent.
    #[must_use]
    pub fn agents_are_told(mut self, arguments: &[&str]) -> Self {
        self.agents_are_told.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// No agents but those that the coordinator keeps: a number, or `auto`.
    #[must_use]
    pub fn local(self, agents: &'static str) -> Self {
        Self { agents: 0, local: agents, ..self }
    }

    /// A setting of the coordinator.
    #[must_use]
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.push((setting.into(), value.into()));
        self
    }

    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// [`WorldError`] with what the program that failed said.
    pub async fn start(self) -> Result<Fleet, WorldError> {
        let portal = Harbour::start(HarbourSettings::default()).await?;
        let folder = tempfile::tempdir()?;
        let mut fleet = Fleet {
            portal,
            coordinator: None,
            agents: Vec::new(),
            address: String::new(),
            keda: String::new(),
            local: self.local,
            settings: self.settings,
            folder,
            agents_started: 0,
            agents_are_told: self.agents_are_told,
        };
        fleet.start_coordinator().await?;
        for _ in 0..self.agents {
            fleet.start_agent()?;
        }
        Ok(fleet)
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Fleet {
    /// Where the coordinator serves.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where the coordinator answers KEDA, if it does.
    #[must_use]
    pub fn keda(&self) -> &str {
        &self.keda
    }

    /// The folder of everything in this fleet.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the coordinator, at the address of the one before it if there was one.
    ///
    /// # Errors
    /// [`WorldError`].
    pub async fn start_coordinator(&mut self) -> Result<(), WorldError> {
        let mut command = self.command(built("coordinator")?);
        command.args(["serve", "--until-stdin-closes", "--agents", self.local]);
        command.env("BURSAR_LOG", "info");
        if rustix::process::geteuid().is_root() {
            // For the agents that it keeps.
            command.env("BURSAR_BROWSER_SANDBOX", "off");
        }
        let mut coordinator = Program::start("coordinator", command)?;
        let line: Value = serde_json::from_str(&coordinator.line().await?).unwrap_or_default();
        self.address = line["address"].as_str().unwrap_or_default().to_owned();
        line["keda"].as_str().unwrap_or_default().clone_into(&mut self.keda);
        self.coordinator = Some(coordinator);
        Ok(())
    }

    /// Starts another agent with folders of its own.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn start_agent(&mut self) -> Result<(), WorldError> {
        self.agents_started += 1;
        let data = self.folder.path().join(format!("agent-{}", self.agents_started));
        let mut command = Command::new(built("agent")?);
        command.args(["run", "--slots", "1", "--until-stdin-closes", "--coordinator", &self.address]);
        command.args(["--name", &format!("agent-{}", self.agents_started)]).arg("--data").arg(data);
        command.arg("--token-file").arg(self.folder.path().join("data/agent.token"));
        command.args(&self.agents_are_told);
        command.env("BURSAR_LOG", "info");
        if rustix::process::geteuid().is_root() {
            command.args(["--browser-sandbox", "off"]);
        }
        self.agents.push(Program::start("agent", command)?);
        Ok(())
    }

    /// An integrator with a new key of `organization`, which is added if need be.
    ///
    /// # Errors
    /// [`WorldError::Command`].
    pub async fn integrator(&self, organization: &str) -> Result<Integrator, WorldError> {
        if organization != "default" {
            self.run(&["organization", "create", organization], "").await?;
        }
        let made = self.succeed(&["key", "create", "--organization", organization]).await?;
        Ok(Integrator::new(&self.address, made.trim()))
    }

    /// An operator, with the token that the coordinator made.
    ///
    /// # Errors
    /// [`WorldError::Folder`] if there is none.
    pub fn operator(&self) -> Result<Integrator, WorldError> {
        let token = std::fs::read_to_string(self.folder.path().join("data/control.token"))?;
        Ok(Integrator::new(&self.address, token.trim()))
    }

    /// Runs a command of the coordinator that has to work; its data.
    ///
    /// # Errors
    /// [`WorldError::Command`].
    pub async fn succeed(&self, arguments: &[&str]) -> Result<String, WorldError> {
        let ran = self.run(arguments, "").await?;
        match ran.code {
            Some(0) => Ok(ran.stdout),
            _ => Err(WorldError::Command { command: arguments.join(" "), said: ran.stderr }),
        }
    }

    /// Runs a command of the coordinator with `input`.
    ///
    /// # Errors
    /// [`WorldError`] if it couldn't be run at all.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<Ran, WorldError> {
        let mut command = self.command(built("coordinator")?);
        command.args(arguments);
        Ok(run(command, input).await?)
    }

    /// The code in the newest text message, once there are `count` of them.
    pub async fn code(&self, count: usize) -> Option<String> {
        eventually(async || {
            let messages = self.portal.phone().messages;
            messages.get(count - 1).map(|message| message.code.clone())
        })
        .await
    }

    /// Everything that its programs said so far.
    #[must_use]
    pub fn talk(&self) -> String {
        let programs = self.coordinator.iter().chain(&self.agents);
        programs.map(Program::talk).collect::<Vec<_>>().join("\n")
    }

    fn command(&self, program: PathBuf) -> Command {
        let listen = self.address.strip_prefix("http://").unwrap_or("127.0.0.1:0");
        let mut command = Command::new(program);
        command
            .env("BURSAR__DATA", self.folder.path().join("data"))
            .env("BURSAR__HTTP__LISTEN", listen)
            .env("BURSAR__CATALOG__FOLDER", scripts())
            .env("BURSAR__DEVELOPMENT__LOOPBACK", "true")
            .env("BURSAR__DEVELOPMENT__PORTAL_URLS__HARBOUR", self.portal.url());
        for (setting, value) in &self.settings {
            command.env(format!("BURSAR__{}", setting.to_uppercase().replace('.', "__")), value);
        }
        command
    }
}
