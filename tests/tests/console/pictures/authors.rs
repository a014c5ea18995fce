//! What an author sees on the way from an address to a script that is published, and where a portal has changed.
//!
//! Not here: what becomes of a recording (the author's tests), or of a candidate (the fleet's).

use fixtures::faults::Faults;
use serde_json::json;
use tests::patience::eventually;
use tests::person::Person;
use tests::recorder::Recorder;
use tests::world::{Fleet, scripts};

use super::{Album, entity};
use crate::Outcome;

/// A portal is recorded, and a revision tried.
pub(super) async fn day(album: &mut Album, fleet: &Fleet, ada: &Person<'_>) -> Outcome {
    records(album, fleet, ada).await.map_err(|error| error.to_string())?;
    let operator = fleet.operator()?;
    let source = std::fs::read_to_string(scripts().join("harbour/script.yaml"))?;
    let source = source.replace("patience: 20s", "patience: 30s");
    let published = json!({ "source": source, "note": "Waits longer for slow mornings" });
    let published = operator.post("/control/v1/institutions/harbour/revisions", &published).await?;
    let canary = json!({ "revision": published["revision"], "share": 25, "promoteAfter": 10 });
    operator.post("/control/v1/institutions/harbour/rollout/canary", &canary).await?;
    ada.opens("/console/institutions/harbour").await?;
    ada.sees("#rollout", "25").await?;
    album.take(ada, "rollout").await?;
    // What a canary fails at is the candidate's own, and no ticket.
    let dropped = json!({ "revision": published["revision"] });
    operator.post("/control/v1/institutions/harbour/rollout/rollback", &dropped).await?;
    finds_it_changed(album, fleet, ada).await
}

/// What developers call things has changed by the time that somebody else connects.
async fn finds_it_changed(album: &mut Album, fleet: &Fleet, ada: &Person<'_>) -> Outcome {
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    fleet.portal.set_faults(Faults { renamed_id: true, ..Faults::default() });
    // Another user than the one that somebody is asked for: that one's sign-in would wait.
    let credentials = json!({ "bankUsername": "lakeside.ops", "password": fleet.portal.password() });
    let lakeside = entity(&integrator, "lakeside").await?;
    let connection = integrator.set_up_with(&lakeside, "harbour", &credentials).await?;
    integrator.connection(&connection, "a failure", |now| !now["setup"]["lastFailure"].is_null()).await?;
    let tickets = operator.list("/control/v1/repair-tickets").await?;
    let id = tickets.first().and_then(|ticket| ticket["id"].as_str()).ok_or("no ticket")?;
    ada.opens(&format!("/console/repair-tickets/{id}")).await?;
    ada.sees("h1", "Repair ticket").await?;
    album.take(ada, "repair-ticket").await
}

async fn records(album: &mut Album, fleet: &Fleet, ada: &Person<'_>) -> Result<(), tests::recorder::Failure> {
    let folder = tempfile::tempdir()?;
    let (into, data) = (folder.path().join("harbour"), folder.path().join("data"));
    let mut recorder = Recorder::start(fleet.portal.url(), &into, &data, &["--yes"])?;
    let address = recorder.address().await?;
    ada.opens(&address).await.map_err(|error| error.to_string())?;
    ada.sees("#stands", "Sign in").await.map_err(|error| error.to_string())?;
    // The portal is there by then, and what is typed shows.
    recorder.hand().await?.fill("#username", fleet.portal.username()).await?;
    ada.does("shown", json!({ "on": "canvas[data-pictures]" })).await.map_err(|error| error.to_string())?;
    let drawn = async || ada.does("drawn", json!({ "on": "canvas" })).await.ok();
    let stands = eventually(async || (drawn().await? == drawn().await?).then_some(()));
    stands.await.ok_or("the recorder's picture doesn't come to rest")?;
    album.take(ada, "recorder").await.map_err(|error| error.to_string())?;
    recorder.kill().await
}
