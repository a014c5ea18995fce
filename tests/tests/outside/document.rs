//! The OpenAPI document: one document, wherever it is read, and a valid one.
//!
//! Not here: whether the service does what it says (`contract.rs`).

use tests::programs::built;
use tests::tools::{tool, top};
use tests::world::{Plan, run};
use tokio::process::Command;

use crate::{Outcome, succeeded};

#[tokio::test]
async fn the_document_in_the_repository_is_what_the_coordinator_prints() -> Outcome {
    let mut print = Command::new(built("coordinator")?);
    print.arg("openapi");
    let printed = run(print, "").await?;
    succeeded(&printed);
    let kept = std::fs::read_to_string(top().join("docs/reference/openapi.json")).unwrap_or_default();
    assert!(
        kept == printed.stdout,
        "docs/reference/openapi.json is out of date\nhint: `cargo xtask generate` writes it"
    );
    Ok(())
}

#[tokio::test]
async fn the_document_that_is_served_is_valid_and_the_one_in_the_repository() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let served = fleet.integrator("default").await?.get("/openapi.json").await?;
    let file = top().join("docs/reference/openapi.json");
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    assert!(served == kept, "docs/reference/openapi.json isn't what is served\nhint: `cargo xtask generate` writes it");
    let mut validate = tool("openapi-spec-validator")?;
    validate.arg(file);
    succeeded(&run(validate, "").await?);
    Ok(())
}
