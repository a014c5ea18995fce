//! What the coordinator's commands say to programs: one value, also where something is wrong, and nothing to whoever has gone.
//!
//! Not here: what each command does.

use std::process::Stdio;

use serde_json::Value;
use tests::programs::built;
use tests::world::run;
use tokio::process::Command;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_reader_that_has_enough_ends_a_command_quietly() -> Outcome {
    let mut command = Command::new(built("coordinator")?);
    command.arg("failures").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // Closed before it can say anything, as what is behind a pipe may be.
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    command.stdout(writer);
    let output = command.spawn()?.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{:?}: {said}", output.status);
    Ok(())
}

#[tokio::test]
async fn a_program_is_told_of_an_error_as_a_value() -> Outcome {
    let data = tempfile::tempdir()?;
    let token = data.path().join("token");
    std::fs::write(&token, "none\n")?;
    for (more, is_json) in [(&["--json"][..], true), (&[], false)] {
        let mut command = Command::new(built("coordinator")?);
        command.env("BURSAR_DATA", data.path()).args(["script", "list", "quay", "--coordinator", "http://127.0.0.1:9"]);
        command.arg("--token-file").arg(&token).args(more);
        let ran = run(command, "").await?;
        assert_eq!(ran.code, Some(4), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("doesn't answer") && ran.stderr.contains("hint: "), "{}", ran.stderr);
        let told: Option<Value> = serde_json::from_str(&ran.stdout).ok();
        let is_told = told.is_some_and(|told| {
            told["error"].as_str().is_some_and(|error| error.contains("doesn't answer")) && told["hint"].is_string()
        });
        assert_eq!(is_told, is_json, "{}", ran.stdout);
        assert!(is_json || ran.stdout.is_empty(), "{}", ran.stdout);
    }
    Ok(())
}
