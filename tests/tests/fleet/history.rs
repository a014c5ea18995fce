//! Lists that go far back are read in steps: what is recent at once, the rest by and by.
//!
//! Not here: how far a list is walked (the script's own tests), and portals that ask a person
//! at every sign-in, which are read whole.

use serde_json::Value;
use tests::patience::eventually;
use tests::world::{Plan, scripts};

use crate::{Outcome, active, answer, set_up, verdict};

#[tokio::test]
async fn what_is_recent_is_there_first_and_backfills_go_on_to_the_end_of_every_list() -> Outcome {
    let catalog = tempfile::tempdir()?;
    let harbour = catalog.path().join("harbour");
    std::fs::create_dir(&harbour)?;
    std::fs::copy(scripts().join("harbour/script.yaml"), harbour.join("script.yaml"))?;
    let record = std::fs::read_to_string(scripts().join("harbour/institution.yaml"))?;
    let record = record.replace("mfa: always", "mfa: sometimes\nhistory: { recentDays: 30, stepDays: 30 }");
    std::fs::write(harbour.join("institution.yaml"), record)?;
    let fleet = Plan::new().with("catalog.folder", &catalog.path().display().to_string()).start().await?;
    let integrator = fleet.integrator("default").await?;
    let operator = fleet.operator()?;

    let id = set_up(&fleet, &integrator).await?;
    let mut challenge = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let truth = fleet.portal.truth().transactions.len();
    let schedule = async || operator.get(&format!("/control/v1/connections/{id}")).await;
    let read = async || Ok::<_, Box<dyn std::error::Error>>(integrator.list("/v1/transactions?limit=500").await?.len());
    let (mut known, mut since) = (read().await?, schedule().await?["readSince"].clone());
    assert!(known > 0 && known < truth && since.is_string(), "{known} of {truth}, since {since}");

    let mut backfills = 0;
    while schedule().await?["past"] != "whole" {
        // Nobody wants to wait for the pause between two.
        let due = format!("/control/v1/connections/{id}/due");
        let begun = async || operator.post(&due, &Value::Null).await.ok();
        eventually(begun).await.ok_or("the next backfill isn't planned")?;
        backfills += 1;
        challenge = answer(&fleet, &integrator, &id, Some(&challenge), 1 + backfills).await?;
        let ended = async || schedule().await.ok().filter(|now| now["past"] == "whole" || now["readSince"] != since);
        let now = eventually(ended).await.ok_or("the backfill came to nothing")?;
        let more = read().await?;
        assert!(more >= known, "{more} after {known}");
        assert!(now["past"] == "whole" || now["readSince"].as_str() < since.as_str(), "{now} after {since}");
        (known, since) = (more, now["readSince"].clone());
    }
    assert!(backfills >= 2, "it went in {backfills} steps");
    assert_eq!(known, truth);
    let verdict = verdict(&fleet, &integrator).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.password_submits, oracle.concurrent_sessions_max), (1 + backfills, 1));
    Ok(())
}
