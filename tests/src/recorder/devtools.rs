//! The same way through a portal by the form of another recorder: what was recorded is exported as DevTools JSON, imported
//! again, and drafted with the pages.
//!
//! Not here: what each step becomes; the script crate's tests have that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fixtures::portal::RunningPortal;
use serde_json::json;
use tokio::process::Command;

use super::answers::{known, settled};
use super::hand::Failure;
use super::record;
use crate::programs::built;
use crate::world::{Ran, run};

/// What came of it.
pub struct Carried {
    /// How the draft ended, and what it said.
    pub ran: Ran,
    /// The folder that was made of what was imported.
    pub folder: PathBuf,
}

/// Records a portal, and has the recording go through the other form and back.
///
/// # Errors
/// When the person comes no further, or one of the commands refuses.
pub async fn carried_over(portal: &RunningPortal, catalog: &Path) -> Result<Carried, Failure> {
    // What pages hold is needed to draft of them.
    let recorded = record(portal, catalog, &["--yes", "--json", "--keep-values"]).await?;
    let at = |name: &str| catalog.join(name).display().to_string();
    let (exported, imported, credentials) = (at("devtools.json"), at("imported.json"), at("typed.json"));
    let trail = recorded.folder.join("pages/recording.json").display().to_string();
    agent(&["export", &trail, "--into", &exported]).await?;
    let password = settled(portal).await?;
    let mut typed = json!({ "bankUsername": portal.username(), "password": password });
    let customer = portal.credential("customerNumber");
    if !customer.is_empty() {
        typed["bankCustomerId"] = customer.into();
    }
    std::fs::write(&credentials, typed.to_string())?;
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600))?;
    agent(&["import", &exported, "--credentials", &credentials, "--into", &imported]).await?;
    let folder = catalog.join("drafted").join(portal.name());
    std::fs::create_dir_all(catalog.join("drafted"))?;
    let mut line = vec!["draft".to_owned()];
    line.extend(pages(&recorded.folder.join("pages"))?.iter().map(|page| page.display().to_string()));
    let answers = known(portal, catalog)?.display().to_string();
    line.extend(["--recording".to_owned(), imported, "--answers".to_owned(), answers]);
    line.extend(["--into".to_owned(), folder.display().to_string()]);
    let ran = agent(&line.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    Ok(Carried { ran, folder })
}

async fn agent(line: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.args(line);
    let ran = run(command, "").await?;
    if ran.code == Some(0) {
        Ok(ran)
    } else {
        Err(format!("agent {}: {}", line.first().unwrap_or(&""), ran.stderr).into())
    }
}

fn pages(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    found.retain(|path| path.extension().is_some_and(|end| end == "html"));
    found.sort();
    Ok(found)
}
