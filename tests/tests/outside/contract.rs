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
    // Beside the settings, as they name them, stand the ids of what there is.
    let (kept, folder) = (top().join("tests/tools"), fleet.folder().join("schemathesis"));
    std::fs::create_dir(&folder)?;
    for file in ["schemathesis.toml", "schemathesis_hooks.py"] {
        std::fs::copy(kept.join(file), folder.join(file))?;
    }
    let challenges = format!("connections/{connection}/challenges");
    for list in ["accounts", &challenges, "connections", "transactions"] {
        let items = integrator.list(&format!("/v1/{list}")).await?;
        let item = items.first().ok_or_else(|| format!("there are no {list}"))?;
        std::fs::write(folder.join(list.rsplit('/').next().unwrap_or(list)), format!("{}\n", item["id"]))?;
    }

    let mut schemathesis = tool("schemathesis")?;
    schemathesis.args(["run", &format!("{}/openapi.json", fleet.address())]);
    schemathesis.args(["--seed", &seed.to_string(), "--max-examples", &examples.to_string()]);
    schemathesis.env("BURSAR_KEY", integrator.key()).current_dir(folder);
    let ran = run(schemathesis, "").await?;
    succeeded(&ran);
    Ok(())
}

/// Makes a connection, and has its accounts and transactions read.
async fn read_a_bank(fleet: &Fleet, integrator: &Integrator) -> Result<String, Box<dyn std::error::Error>> {
    let id = integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    integrator.answer(&id, &challenge, &code).await?;
    integrator.connection(&id, "its records", |now: &Value| now["status"] == "active").await?;
    Ok(id)
}
