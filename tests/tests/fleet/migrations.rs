//! Bringing the store's tables up to date on demand, from the command line.
//!
//! Not here: what the steps do to what is in a store; the store's own tests have that.

use serde_json::Value;
use tests::programs::built;
use tokio::process::Command;

use crate::Outcome;

#[tokio::test]
async fn a_coordinator_that_may_not_migrate_says_what_to_run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let run = async |arguments: &[&str]| -> Result<(Option<i32>, String, String), Box<dyn std::error::Error>> {
        let mut command = Command::new(built("coordinator")?);
        command.args(arguments).env("BURSAR__DATA", &data).env("BURSAR__STORE__MIGRATE", "false");
        let output = command.env("BURSAR__HTTP__LISTEN", "127.0.0.1:0").kill_on_drop(true).output().await?;
        Ok((output.status.code(), String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
    };
    let states = async |arguments: &[&str]| -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let (code, listed, said) = run(arguments).await?;
        assert_eq!(code, Some(0), "{said}");
        let steps: Vec<Value> = serde_json::from_str(&listed)?;
        Ok(steps.iter().filter_map(|step| step["state"].as_str().map(str::to_owned)).collect())
    };
    let catalog = tests::world::scripts().display().to_string();
    let config = folder.path().join("bursar.toml");
    std::fs::write(&config, format!("[catalog]\nfolder = {catalog:?}\n"))?;
    let config = config.display().to_string();
    let (code, _, said) = run(&["--config", &config, "serve"]).await?;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("hint: `coordinator migrate`"), "{said}");
    assert_eq!(run(&["key", "list"]).await?.0, Some(2), "no other command uses them either");

    let pending = states(&["migrate", "--dry-run", "--json"]).await?;
    assert!(pending.len() > 1 && pending.iter().all(|state| state == "pending"), "{pending:?}");
    assert!(!data.join("bursar.sqlite").exists(), "a dry run makes nothing");
    let taken = states(&["migrate", "--json"]).await?;
    assert!(taken.len() == pending.len() && taken.iter().all(|state| state == "appliedNow"), "{taken:?}");
    let again = states(&["migrate", "--json"]).await?;
    assert!(again.iter().all(|state| state == "applied"), "{again:?}");
    let (code, _, said) = run(&["key", "list"]).await?;
    assert_eq!(code, Some(0), "{said}");
    let (_, printed, _) = run(&["serve", "--print-config"]).await?;
    assert!(printed.contains("migrate = \"false\"") || printed.contains("migrate = false"), "{printed}");
    Ok(())
}
