//! The commands of script authors against the zoo: a script that reads a portal's truth is told so, and one that doesn't
//! is told where.
//!
//! Not here: saved pages, and what is said of a run; the agent's own tests have those.

use std::os::unix::fs::PermissionsExt as _;

use fixtures::faults::Faults;
use fixtures::harbour::{Harbour, HarbourSettings};
use fixtures::kontor::Kontor;
use fixtures::portal::RunningPortal;
use serde_json::{Value, json};
use tests::programs::built;
use tests::world::{Ran, run, scripts};
use tokio::process::Command;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Tries the script of a portal on it.
async fn tried(portal: &RunningPortal, more: &[&str]) -> Result<Ran, Box<dyn std::error::Error>> {
    driven("test", portal, more).await
}

/// Has a command drive a portal by its script.
async fn driven(verb: &str, portal: &RunningPortal, more: &[&str]) -> Result<Ran, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let credentials = folder.path().join("credentials.json");
    let line = json!({ "portal": portal.name(), "username": portal.username(), "password": portal.password() });
    std::fs::write(&credentials, line.to_string())?;
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600))?;
    let mut command = Command::new(built("agent")?);
    command.arg(verb).arg(scripts().join(portal.name())).args(["--portal", portal.url()]).args(more);
    command.arg("--credentials").arg(&credentials).arg("--data").arg(folder.path());
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    let ran = run(command, "").await?;
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(portal.password()), "the password is said");
    Ok(ran)
}

#[tokio::test]
async fn a_script_that_reads_a_portals_truth_is_told_so() -> Outcome {
    for (portal, driver) in
        [(Harbour::start(HarbourSettings::default()).await?, "cdp"), (Kontor::start(Kontor::settings()).await?, "http")]
    {
        let ran = tried(&portal, &["--driver", driver]).await?;
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("as the portal's truth: 3 accounts"), "{}", ran.stdout);
        let oracle = portal.oracle();
        assert_eq!((oracle.password_submits, oracle.sign_outs, oracle.concurrent_sessions_max), (1, 1, 1));
    }
    Ok(())
}

#[tokio::test]
async fn a_portal_that_changed_is_told_with_what_went_wrong() -> Outcome {
    let portal = Kontor::start(Kontor::settings()).await?;
    portal.set_faults(Faults { layout_variant: true, ..Faults::default() });
    let ran = tried(&portal, &["--driver", "http", "--json"]).await?;
    assert_eq!(ran.code, Some(2), "{}\n{}", ran.stdout, ran.stderr);
    let verdict: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!(verdict["isTrue"], false, "{verdict}");
    assert!(verdict["differences"][0].as_str().is_some_and(|said| said.contains("script.")), "{verdict}");
    Ok(())
}

#[tokio::test]
async fn an_author_sees_which_files_came_and_what_was_made_of_them() -> Outcome {
    let portal = Kontor::start(Kontor::settings()).await?;
    let ran = driven("run", &portal, &["--driver", "http", "--since", "2026-11-01"]).await?;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("rows of camt.053") && ran.stderr.contains("of account 3"), "{}", ran.stderr);
    portal.set_faults(Faults { no_files: true, ..Faults::default() });
    let ran = driven("run", &portal, &["--driver", "http", "--since", "2026-11-01"]).await?;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("a page came in place of a file"), "{}", ran.stderr);
    Ok(())
}
