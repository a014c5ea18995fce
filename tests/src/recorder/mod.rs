//! A person who records a simulated portal: the recorder's program, a hand at its browser, and the folder that comes of it.
//!
//! The tests and the bench of the recorder are its customers. Not here: what a folder is worth; the agent's own commands
//! say that.

mod answers;
mod hand;
mod people;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use fixtures::portal::RunningPortal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

pub use answers::answer;
pub use hand::{Failure, Hand};
pub use people::{Memory, goes};

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

/// Has a person record a portal into a folder below `catalog`, called as the portal is.
///
/// # Errors
/// When the person doesn't find what they know of the portal, or there is no browser.
pub async fn record(portal: &RunningPortal, catalog: &Path, more: &[&str]) -> Result<Recorded, Failure> {
    let folder = catalog.join(portal.name());
    let data = catalog.join("data");
    let mut command = Command::new(built("agent")?);
    command.args(["record", portal.url(), "--headless", "--into"]).arg(&folder).args(more);
    command.arg("--data").arg(&data);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let output = tokio::spawn(child.wait_with_output());
    let mut memory = Memory::default();
    let gone = async {
        let mut hand = Hand::at(&data.join("profiles")).await?;
        goes(portal, &mut hand, &mut memory).await
    };
    let gone = gone.await;
    let took = begun.elapsed();
    // Enough of it.
    stdin.write_all(b"\n").await?;
    let output = output.await??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ran = Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) };
    gone.map_err(|why| format!("the person came no further: {why}\n{}", ran.stderr))?;
    Ok(Recorded { ran, took, typed: memory.typed, folder })
}

/// Has the script of a folder read its portal, and the portal say how true that is; what the bank asks is answered.
///
/// # Errors
/// When the program isn't there.
pub async fn read(portal: &RunningPortal, folder: &Path, data: &Path) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.arg("test").arg(folder).args(["--portal", portal.url(), "--driver", "cdp"]);
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
    while let Some(line) = lines.next_line().await? {
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
