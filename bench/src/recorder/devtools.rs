//! The same way through a portal by the form of another recorder: what was recorded is exported as DevTools JSON, imported
//! again, and drafted with the pages; how much of the portal the script that comes of it reads.
//!
//! Not here: what each step becomes; the script crate's tests have that.

use std::path::{Path, PathBuf};

use fixtures::portal::RunningPortal;
use serde_json::Value;
use tests::programs::built;
use tests::recorder::{read, record};
use tests::world::{Ran, run};
use tokio::process::Command;

use super::{Came, edits, records, wrong};
use crate::Failure;

/// Records a portal, and has the recording go through the other form and back.
pub(super) async fn carried_over(portal: &RunningPortal) -> Result<Came, Failure> {
    let catalog = tempfile::tempdir()?;
    let mut came = Came { all: records(portal)?, ..Came::default() };
    // What pages hold is needed to draft of them.
    let recorded = record(portal, catalog.path(), &["--yes", "--json", "--keep-values"]).await?;
    came.seconds = recorded.took.as_secs_f64();
    let at = |name: &str| catalog.path().join(name).display().to_string();
    let (exported, imported, credentials) = (at("devtools.json"), at("imported.json"), at("typed.json"));
    let trail = recorded.folder.join("pages/recording.json").display().to_string();
    agent(&["export", &trail, "--into", &exported]).await?;
    let typed = serde_json::json!({ "bankUsername": portal.username(), "password": portal.password() });
    std::fs::write(&credentials, typed.to_string())?;
    private(Path::new(&credentials))?;
    agent(&["import", &exported, "--credentials", &credentials, "--into", &imported]).await?;
    let drafted = catalog.path().join("drafted").join(portal.name());
    let mut line = vec!["draft".to_owned()];
    line.extend(pages(&recorded.folder.join("pages"))?.iter().map(|page| page.display().to_string()));
    line.extend(["--recording".to_owned(), imported, "--portal".to_owned(), portal.url().to_owned()]);
    line.extend(["--into".to_owned(), drafted.display().to_string()]);
    std::fs::create_dir_all(catalog.path().join("drafted"))?;
    agent(&line.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let ran = read(portal, &drafted, catalog.path(), &["--json"]).await?;
    let verdict: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    came.right = came.all.saturating_sub(wrong(&verdict, portal)?);
    if came.right < came.all {
        came.edits = edits(&drafted, portal)?;
    }
    Ok(came)
}

async fn agent(line: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(built("agent")?);
    command.args(line);
    let Ran { code, stderr, .. } = run(command, "").await?;
    if code == Some(0) { Ok(()) } else { Err(format!("agent {}: {stderr}", line.first().unwrap_or(&"")).into()) }
}

fn pages(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    found.retain(|path| path.extension().is_some_and(|end| end == "html"));
    found.sort();
    Ok(found)
}

fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}
