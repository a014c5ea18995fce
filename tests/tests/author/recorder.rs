//! What is recorded of a person's way through a simulated portal, held against the portal's truth; and that nothing of what
//! they typed is left anywhere.
//!
//! Not here: what is drafted of a page; the script crate's own tests have that.

use std::path::Path;

use fixtures::portal::RunningPortal;
use fixtures::zoo::{Portal, Wishes};
use tests::programs::built;
use tests::recorder::{Failure, Recorded, read, record};
use tests::world::{Ran, run};
use tokio::process::Command;

/// Runs a command of an author on the folder.
async fn ask(verb: &str, folder: &Path, more: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.arg(verb).arg(folder).args(more);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    Ok(run(command, "").await?)
}

/// Every file below a folder, with what is in it.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((
                path.display().to_string(),
                String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned(),
            )),
        }
    }
    found
}

/// Records a portal, and says what the script that came of it reads.
async fn recorded(portal: &RunningPortal, catalog: &Path, more: &[&str]) -> Result<(Recorded, Ran), Failure> {
    let recorded = record(portal, catalog, more).await?;
    let Recorded { ran, folder, .. } = &recorded;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let checked = ask("check", folder, &[]).await?;
    assert_eq!(checked.code, Some(0), "{}\n{}", checked.stdout, checked.stderr);
    let tried = ask("test", folder, &[]).await?;
    assert_eq!(tried.code, Some(0), "{}\n{}\n{}", tried.stdout, tried.stderr, script(folder));
    let read = read(portal, folder, catalog).await?;
    Ok((recorded, read))
}

fn script(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("script.yaml")).unwrap_or_default()
}

async fn check(portal: Portal, more: &[&str]) -> Result<(), Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let catalog = tempfile::tempdir()?;
    let (recorded, read) = recorded(&portal, catalog.path(), more).await?;
    let script = script(&recorded.folder);
    assert_eq!(read.code, Some(0), "{}\n{}\n{}\n{script}", read.stdout, read.stderr, recorded.ran.stderr);
    assert!(read.stdout.contains("as the portal's truth"), "{}", read.stdout);
    // Nothing of what was typed is left, however it is written.
    assert!(recorded.typed.len() > 3, "nothing was typed");
    let said = [("stdout".to_owned(), recorded.ran.stdout), ("stderr".to_owned(), recorded.ran.stderr)];
    for (name, text) in files(&recorded.folder).into_iter().chain(said) {
        let left = recorded.typed.iter().find(|typed| typed.len() > 3 && text.contains(typed.as_str()));
        assert!(left.is_none(), "{left:?} is in {name}");
    }
    Ok(())
}

#[tokio::test]
async fn harbour_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Harbour, &["--yes"]).await
}

#[tokio::test]
async fn meridian_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Meridian, &["--yes"]).await
}

#[tokio::test]
async fn hoshizora_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Hoshizora, &["--yes"]).await
}

#[tokio::test]
async fn threshold_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Threshold, &["--yes"]).await
}
