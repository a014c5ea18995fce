//! A portal that changes after its script was written: its pages are kept while it is healthy, a fault of its layout is switched
//! on, and what `agent repair` proposes is taken until the script reads again or nothing more is proposed.
//!
//! Not here: what should come of it; the tests and the bench say that.

use std::path::{Path, PathBuf};

use fixtures::faults::Faults;
use fixtures::portal::RunningPortal;
use serde_json::Value;
use tokio::process::Command;

use crate::programs::built;
use crate::recorder::{Failure, read};
use crate::world::{Ran, run, scripts};

/// How often something is taken at most.
const ROUNDS: usize = 6;

/// What came of repairing a script.
#[derive(Debug, Default)]
pub struct Repaired {
    /// The code that the first run failed with; none where it read in spite of the fault.
    pub code: Option<String>,
    /// How often a proposal was taken.
    pub rounds: usize,
    /// How often of these a person had to look at it, as nothing was sure enough.
    pub by_person: usize,
    /// How many proposals there were, all in all.
    pub proposals: usize,
    /// How many texts of the script were written anew.
    pub edits: usize,
    /// Why nothing more was proposed, or not taken, where that is how it ended.
    pub nothing: Option<String>,
    /// What the last run by the script came to.
    pub verdict: Value,
    /// The folder with the script.
    pub folder: PathBuf,
}

impl Repaired {
    /// Whether the script reads what is true.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.verdict["isTrue"] == true
    }
}

/// Has the script of a portal learn its pages, the portal change by `faults`, and the script be repaired. `knows` is the button
/// that a person presses on a page that nobody knew.
///
/// # Errors
/// When a program isn't there, or the healthy portal isn't read.
pub async fn repaired(
    portal: &RunningPortal,
    faults: Faults,
    knows: Option<&str>,
    data: &Path,
) -> Result<Repaired, Failure> {
    repaired_as(portal, faults, knows, data, |script| script).await
}

/// The same of a script that says less, or other things, than the portal's own.
///
/// # Errors
/// As above.
pub async fn repaired_as(
    portal: &RunningPortal,
    faults: Faults,
    knows: Option<&str>,
    data: &Path,
    written: impl FnOnce(String) -> String,
) -> Result<Repaired, Failure> {
    let folder = data.join(portal.name());
    std::fs::create_dir_all(&folder)?;
    let own = scripts().join(portal.name());
    std::fs::copy(own.join("institution.yaml"), folder.join("institution.yaml"))?;
    std::fs::write(folder.join("script.yaml"), written(std::fs::read_to_string(own.join("script.yaml"))?))?;
    let healthy = read(portal, &folder, data, &["--json", "--save-pages"]).await?;
    if healthy.code != Some(0) {
        return Err(format!("the healthy portal isn't read: {}{}", healthy.stdout, healthy.stderr).into());
    }
    portal.set_faults(faults);
    let ticket = data.join("ticket.json");
    let mut came = Repaired { folder: folder.clone(), ..Repaired::default() };
    for _ in 0..=ROUNDS {
        let _ = std::fs::remove_file(&ticket);
        let ran = read(portal, &folder, data, &["--json", "--ticket", &ticket.display().to_string()]).await?;
        came.verdict = serde_json::from_str(&ran.stdout).unwrap_or_default();
        if came.is_true() {
            return Ok(came);
        }
        if !ticket.is_file() {
            came.nothing = Some(format!("no fault of the script's: {}", ran.stderr));
            return Ok(came);
        }
        let told: Value = serde_json::from_slice(&std::fs::read(&ticket)?)?;
        came.code.get_or_insert_with(|| told["code"].as_str().unwrap_or_default().to_owned());
        let mut answer = repair(&ticket, &folder, &["--yes"]).await?;
        came.proposals += answer["proposals"].as_array().map_or(0, Vec::len);
        if answer["taken"].is_null() {
            // A person looks at it: what leaves nothing open is right, and the button of an unknown page they know.
            let all = answer["proposals"].as_array().into_iter().flatten();
            let is_whole = |one: &&Value| one["needsPerson"].as_array().is_some_and(Vec::is_empty);
            let number = all.clone().find(is_whole).and_then(|one| one["number"].as_u64());
            if let Some(number) = number {
                answer = repair(&ticket, &folder, &["--accept", &number.to_string()]).await?;
                came.by_person += 1;
            } else if let Some(button) = knows {
                answer = repair(&ticket, &folder, &["--press", button]).await?;
                came.by_person += 1;
                came.edits += 1;
            }
        }
        if answer["taken"].is_null() {
            let why = answer["nothing"].as_str().map(str::to_owned);
            let left =
                || answer["proposals"].as_array().into_iter().flatten().map(|one| one["needsPerson"].to_string());
            came.nothing = Some(why.unwrap_or_else(|| left().collect::<Vec<_>>().join("; ")));
            return Ok(came);
        }
        came.rounds += 1;
        let number = answer["taken"]["number"].as_u64();
        let taken = answer["proposals"].as_array().into_iter().flatten().find(|one| one["number"].as_u64() == number);
        came.edits += taken.and_then(|one| one["changes"].as_array()).map_or(0, Vec::len);
    }
    came.nothing = Some("there is no end of it".to_owned());
    Ok(came)
}

/// Has a ticket repaired, the script of the folder written anew; what was said.
///
/// # Errors
/// When the program isn't there, or says nothing that can be read.
pub async fn repair(ticket: &Path, folder: &Path, more: &[&str]) -> Result<Value, Failure> {
    let mut command = Command::new(built("agent")?);
    command.arg("repair").arg(ticket).arg("--folder").arg(folder).arg("--json").args(more);
    let Ran { stdout, stderr, .. } = run(command, "").await?;
    Ok(serde_json::from_str(&stdout).map_err(|error| format!("{error}: {stdout}{stderr}"))?)
}
