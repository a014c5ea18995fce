//! Whether the service does what its OpenAPI document says: Schemathesis reads the
//! document, makes up requests that fit it and requests that don't, and looks at what is
//! answered. Every check and every phase of it, on both stores.
//!
//! What it can't know stands in `tests/tools/schemathesis.toml` and beside it.
//!
//! Not here: whether what is answered is right.

use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::postgres::Postgres;
use tests::tools::{tool, top};
use tests::world::{Fleet, Plan, run};

use crate::{Outcome, succeeded};

#[tokio::test]
async fn the_service_does_what_its_document_says_on_sqlite() -> Outcome {
    check(plan(), 1, 30).await
}

#[tokio::test]
async fn the_service_does_what_its_document_says_on_postgresql() -> Outcome {
    let postgres = Postgres::start().await?;
    check(plan().with("store.url", &postgres.url()), 2, 10).await
}

fn plan() -> Plan {
    // Schemathesis asks as fast as it can, and 429 tells it nothing.
    Plan::new().with("rate_limit.requests_per_second", "100000").with("rate_limit.burst", "100000")
}

/// Fills a coordinator with things of every kind, and lets Schemathesis at it: with `seed`
/// the requests are the same each time, with more `examples` there are more.
async fn check(plan: Plan, seed: u32, examples: u32) -> Outcome {
    let mut fleet = plan.start().await?;
    let integrator = fleet.integrator("default").await?;
    let connection = read_a_bank(&fleet, &integrator).await?;
    // What happens from here on is what Schemathesis does.
    fleet.agents.clear();
    let url = "http://127.0.0.1:9/nobody";
    integrator.post("/v1/webhooks", &json!({ "url": url, "events": ["test"] })).await?;
    let first = async |list: &str| -> Result<String, Box<dyn std::error::Error>> {
        let item = integrator.list(list).await?.into_iter().next().ok_or("an empty list")?;
        Ok(item["id"].as_str().unwrap_or_default().to_owned())
    };

    let settings = top().join("tests/tools");
    let mut schemathesis = tool("schemathesis")?;
    schemathesis.arg("--config-file").arg(settings.join("schemathesis.toml"));
    schemathesis.args(["run", &format!("{}/openapi.json", fleet.address())]);
    schemathesis.args(["--seed", &seed.to_string(), "--max-examples", &examples.to_string()]);
    schemathesis.env("PYTHONPATH", settings).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(fleet.folder());
    schemathesis.env("BURSAR_KEY", integrator.key()).env("BURSAR_CONNECTION", connection);
    schemathesis.env("BURSAR_ACCOUNT", first("/v1/accounts").await?);
    schemathesis.env("BURSAR_TRANSACTION", first("/v1/transactions").await?);
    let ran = run(schemathesis, "").await?;
    println!("{}", ran.stdout);
    succeeded(&ran);
    Ok(())
}

/// A connection whose accounts and transactions were read.
async fn read_a_bank(fleet: &Fleet, integrator: &Integrator) -> Result<String, Box<dyn std::error::Error>> {
    let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    integrator.answer(&id, &challenge, &code).await?;
    integrator.connection(&id, "its records", |now: &Value| now["status"] == "active").await?;
    Ok(id)
}
