//! A person who records a simulated portal: the recorder's program, a hand at its browser, and the folder that comes of it.
//!
//! The tests and the bench of the recorder are its customers. Not here: what a folder is worth; the agent's own commands
//! say that.

mod answers;
mod devtools;
mod hand;
mod people;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use fixtures::portal::RunningPortal;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

pub use answers::{answer, known};
pub use devtools::{Carried, carried_over};
pub use hand::{Failure, Hand};
pub use people::{Memory, goes};

use crate::patience::patience;
use crate::programs::built;
use crate::world::Ran;

/// What came of a recording.
pub struct Recorded {
    /// How the recorder ended, and what it said.
    pub ran: Ran,
    /// How long the person took.
    pub took: Duration,
    /// All that the person typed.
    pub typed: Vec<String>,
    /// The folder that was made.
    pub folder: PathBuf,
}

/// A recorder that runs.
pub struct Recorder {
    child: Child,
    /// None once the person has no terminal any more.
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStderr>>,
    said: String,
    begun: Instant,
    profiles: PathBuf,
}

impl Recorder {
    /// Starts one without a window, that records what is at an address into `folder`; what its browser leaves is in `data`.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(url: &str, folder: &Path, data: &Path, more: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(built("agent")?);
        command.args(["record", url, "--headless", "--into"]).arg(folder).args(more).arg("--data").arg(data);
        if rustix::process::geteuid().is_root() {
            command.env("BURSAR_BROWSER_SANDBOX", "off");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take().ok_or("no talk")?);
        let lines = BufReader::new(stderr).lines();
        Ok(Self { child, stdin, lines, said: String::new(), begun: Instant::now(), profiles: data.join("profiles") })
    }

    /// A hand at its browser.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn hand(&self) -> Result<Hand, Failure> {
        Hand::at(&self.profiles).await
    }

    /// Where it shows the portal.
    ///
    /// # Errors
    /// When it doesn't say so.
    pub async fn address(&mut self) -> Result<String, Failure> {
        while let Some(line) = self.lines.next_line().await? {
            self.said.push_str(&format!("{line}\n"));
            if let Some(address) = line.strip_prefix("go through the portal at ") {
                return Ok(address.to_owned());
            }
        }
        Err(format!("it ended: {}", self.said).into())
    }

    /// Kills it, and nothing else.
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn kill(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }

    /// Closes its input, as of a program that was started without a terminal.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Asks it to end, as a system does that goes down.
    ///
    /// # Errors
    /// When it is gone already, or what it said can't be read.
    pub async fn terminated(self) -> Result<Ran, Failure> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).ok_or("it is gone")?;
        kill_process(id, Signal::TERM)?;
        self.ended().await
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When what it said can't be read.
    pub async fn ended(mut self) -> Result<Ran, Failure> {
        while let Some(line) = self.lines.next_line().await? {
            self.said.push_str(&format!("{line}\n"));
        }
        let output = self.child.wait_with_output().await?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Ran { code: output.status.code(), stdout, stderr: self.said })
    }

    /// Tells it that it is enough, and waits until it has ended.
    ///
    /// # Errors
    /// When what it said can't be read.
    pub async fn enough(mut self) -> Result<Ran, Failure> {
        if let Some(stdin) = &mut self.stdin {
            // It may have ended by itself.
            let _ = stdin.write_all(b"\n").await;
        }
        self.ended().await
    }
}

/// Has a person record a portal into a folder below `catalog`, called as the portal is.
///
/// # Errors
/// When the person doesn't find what they know of the portal, or there is no browser.
pub async fn record(portal: &RunningPortal, catalog: &Path, more: &[&str]) -> Result<Recorded, Failure> {
    let folder = catalog.join(portal.name());
    let recorder = Recorder::start(portal.url(), &folder, &catalog.join("data"), more)?;
    let mut memory = Memory::default();
    let gone = async {
        let mut hand = recorder.hand().await?;
        goes(portal, &mut hand, &mut memory).await
    };
    let gone = gone.await;
    let took = recorder.begun.elapsed();
    let ran = recorder.enough().await?;
    gone.map_err(|why| format!("the person came no further: {why}\n{}", ran.stderr))?;
    Ok(Recorded { ran, took, typed: memory.typed, folder })
}

/// Has the script of a folder read its portal, and the portal say how true that is; what the bank asks is answered.
///
/// # Errors
/// When the program isn't there.
pub async fn read(portal: &RunningPortal, folder: &Path, data: &Path, more: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.arg("test").arg(folder).args(["--portal", portal.url(), "--driver", "cdp"]).args(more);
    command
        .arg("--credentials")
        .arg(credentials(portal, &answers::settled(portal).await?, data)?)
        .arg("--data")
        .arg(data);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (mut stdin, stderr) = (child.stdin.take().ok_or("no input")?, child.stderr.take().ok_or("no talk")?);
    let (mut lines, mut said) = (BufReader::new(stderr).lines(), String::new());
    loop {
        let Ok(line) = tokio::time::timeout(patience(), lines.next_line()).await else {
            return Err(format!("the agent says nothing more; it said:\n{said}").into());
        };
        let Some(line) = line? else { break };
        if line.starts_with("the bank asks") {
            let answer = answer(portal, &line).await?;
            stdin.write_all(format!("{answer}\n").as_bytes()).await?;
        }
        said.push_str(&line);
        said.push('\n');
    }
    let output = child.wait_with_output().await?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Ran { code: output.status.code(), stdout, stderr: said })
}

/// A file with what it takes to sign in to a portal, readable by its owner alone.
fn credentials(portal: &RunningPortal, password: &str, folder: &Path) -> std::io::Result<PathBuf> {
    let path = folder.join("credentials.json");
    let mut line = json!({ "username": portal.username(), "password": password });
    if let Some(customer) =
        ["customerNumber", "branchNumber"].map(|name| portal.credential(name)).iter().find(|text| !text.is_empty())
    {
        line["bankCustomerId"] = (*customer).into();
    }
    std::fs::write(&path, line.to_string())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(path)
}
