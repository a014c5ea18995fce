//! README.md's loop by curl, run as it is written.
//!
//! Not here: what each call answers; `main_job.rs` looks at that.

use serde_json::Value;
use tests::patience::patience;
use tests::world::{Plan, run};
use tokio::process::Command;

use crate::Outcome;

const README: &str = include_str!("../../../README.md");

/// What the first block sets that is another thing here: addresses, and the answer of
/// `key create`.
const GIVEN: [&str; 3] = ["BURSAR=", "BANK=", "MADE="];

/// The two blocks of the section: what is set before, and the calls.
fn blocks() -> Option<(&'static str, &'static str)> {
    let (_, section) = README.split_once("\n## The loop, by curl\n")?;
    let section = section.split("\n## ").next()?;
    let mut blocks = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```\n").next());
    let both = (blocks.next()?, blocks.next()?);
    blocks.next().is_none().then_some(both)
}

#[tokio::test]
async fn the_readme_goes_from_nothing_to_transactions_in_six_calls() -> Outcome {
    let (before, calls) = blocks().ok_or("README.md has no loop of two blocks")?;
    assert_eq!(calls.matches("curl ").count(), 6, "{calls}");
    let (given, before): (Vec<&str>, Vec<&str>) =
        before.lines().partition(|line| GIVEN.iter().any(|given| line.starts_with(given)));
    assert_eq!(given.len(), GIVEN.len(), "{given:?}");

    let fleet = Plan::new().start().await?;
    let made = fleet.succeed(&["key", "create", "--name", "trying", "--json"]).await?;
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", &format!("{}\n{calls}", before.join("\n"))]);
    shell.env("BURSAR", fleet.address()).env("BANK", fleet.portal.url().trim_end_matches('/')).env("MADE", &made);
    let ran = tokio::time::timeout(patience(), run(shell, "")).await??;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr, "", "curl had nothing to complain of");

    let answers: Vec<Value> = serde_json::Deserializer::from_str(&ran.stdout).into_iter().collect::<Result<_, _>>()?;
    let read = answers.last().and_then(|answer| answer["data"].as_array()).ok_or("no list was printed")?;
    assert_eq!(read.len(), 3, "{}", ran.stdout);
    assert!(read.iter().all(|row| row["amount"].is_string() && row["description"].is_string()), "{read:#?}");
    let made: Value = serde_json::from_str(&made)?;
    let integrator = fleet.integrator("default").await?;
    assert_eq!(made["defaultEntityId"], integrator.default_entity().await?);
    Ok(())
}
