//! The demo does what it says, side by side with another, and can be left running.
//!
//! Not here: the set-up and the build, which `cargo xtask demo` does before.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::integrator::Integrator;
use tests::patience::within;
use tests::programs::{descendants, is_alive};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::Outcome;

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn two_demos_at_once_each_print_one_object_without_a_difference() -> Outcome {
    let (one, two) = tokio::try_join!(demo().arg("--json").output(), demo().args(["--json", "--seed", "7"]).output())?;
    for ran in [one, two] {
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let said: Value = serde_json::from_slice(&ran.stdout)?;
        assert_eq!(said["connectionStatus"], "active");
        assert_eq!(said["accounts"].as_array().map(Vec::len), Some(3));
        assert!(said["transactionCount"].as_u64().is_some_and(|count| count >= 250));
        for difference in ["missing", "unexpected", "wrong"] {
            assert_eq!(said[difference], 0, "{said}");
        }
        assert_eq!(said["webhooks"]["received"], said["webhooks"]["verified"]);
        assert!(said["webhooks"]["verified"].as_u64().is_some_and(|count| count >= 4));
        let portal = ["sessions", "concurrentSessionsMax", "passwordSubmits", "codeSubmits"];
        assert_eq!(portal.map(|count| said["portal"][count].as_u64()), [Some(2), Some(1), Some(2), Some(2)]);
        for timing in ["activateMs", "syncMs", "triggerToWebhookMs"] {
            assert!(said["timings"][timing].as_u64().is_some_and(|ms| ms > 0), "{said}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_demo_that_is_interrupted_leaves_nothing() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut demo = demo().env("TMPDIR", folder.path()).stdout(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(demo.stderr.take().ok_or("no stderr")?).lines();
    while let Some(line) = lines.next_line().await? {
        if line.contains("asks for its code") {
            break;
        }
    }
    let pid = demo.id().ok_or("it has ended")?;
    let below = descendants(pid);
    assert!(!below.is_empty());
    kill_process(Pid::from_raw(i32::try_from(pid)?).ok_or("no pid")?, Signal::INT)?;
    // It goes on saying what it does, and would stop at a pipe that nobody reads.
    while lines.next_line().await?.is_some() {}
    assert!(!demo.wait().await?.success());
    let gone = within(Duration::from_secs(2), async || (!below.iter().any(|&pid| is_alive(pid))).then_some(()));
    assert!(gone.await.is_some(), "left: {:?}", below.iter().filter(|&&pid| is_alive(pid)).collect::<Vec<_>>());
    let left: Vec<_> = std::fs::read_dir(folder.path())?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

#[tokio::test]
async fn a_demo_that_is_kept_goes_on_until_it_is_ended_and_then_leaves_nothing() -> Outcome {
    let mut kept = demo().arg("--keep").stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(kept.stdout.take().ok_or("no stdout")?).lines();
    let mut said = Vec::new();
    // The end of its stdout is what says that it has let go of it.
    while let Some(line) = lines.next_line().await? {
        said.push(line);
    }
    let said = said.join("\n");
    let after = |label: &str| said.split(label).nth(1).and_then(|rest| rest.split_whitespace().next());
    let (key, address) = (after("API key ").ok_or("no key")?, after("API  ").ok_or("no address")?);
    assert_eq!(said.matches("curl ").count(), 3, "{said}");
    let connections = Integrator::new(address, key).list("/v1/connections").await?;
    assert_eq!(connections[0]["status"], "active");

    let pid = kept.id().ok_or("it has ended")?;
    let below = descendants(pid);
    assert!(below.len() > 4, "coordinator, Redis, agent, browser, bank: {below:?}");
    let folder = after("folder ").ok_or("no folder")?.to_owned();
    kill_process(Pid::from_raw(i32::try_from(pid)?).ok_or("no pid")?, Signal::TERM)?;
    assert!(kept.wait().await?.success());
    let gone = within(Duration::from_secs(2), async || (!below.iter().any(|&pid| is_alive(pid))).then_some(()));
    assert!(gone.await.is_some(), "left: {:?}", below.iter().filter(|&&pid| is_alive(pid)).collect::<Vec<_>>());
    assert!(!std::path::Path::new(&folder).exists(), "{folder} was left");
    Ok(())
}
