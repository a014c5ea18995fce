//! The same on PostgreSQL as on SQLite, from outside; from inside, the store's own tests
//! run on both.
//!
//! Not here: what one store alone would do; there is no such thing.

use serde_json::Value;
use tests::postgres::Postgres;
use tests::world::Plan;

use crate::{Outcome, active, answer, set_up, verdict};

#[tokio::test]
async fn the_main_job_works_on_postgresql() -> Outcome {
    let postgres = Postgres::start().await?;
    let fleet = Plan::new().with("store.url", &postgres.url()).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let before = verdict(&fleet, &integrator).await?;
    assert!(before.is_clean(), "{before:#?}");

    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;
    let after = verdict(&fleet, &integrator).await?;
    assert!(after.is_clean(), "reading again adds nothing: {after:#?}");
    assert!(!fleet.folder().join("data/bursar.sqlite").exists(), "SQLite isn't used beside it");
    Ok(())
}
