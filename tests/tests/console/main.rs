//! The operators' console and the audit trail, seen from outside: over HTTP, and by people at a real browser.
//!
//! Not here: what the use cases behind the pages do; the fleet's tests have that.

mod acts;
mod browser;
mod door;
mod evidence;
mod figures;
mod inbox;
mod live;
mod passed_on;
mod people_and_keys;
mod pictures;
mod pressing;
mod repairs;
mod roles;
mod setup_page;
mod terms;
mod trail;
mod veil;
mod visitor;
mod vouching;
mod wheel;

use serde_json::Value;
use tests::integrator::Integrator;
use tests::world::{Fleet, Plan};

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What every user here signs in with.
const PASSWORD: &str = "correct horse battery";

/// A fleet whose leases outlast a busy machine: a challenge goes with its lease, and people here answer slowly.
fn plan() -> Plan {
    Plan::new().with("lease.term", "20s")
}

/// Adds a user of the console; of one organization alone, if it is named.
async fn add_user(fleet: &Fleet, login: &str, role: &str, organization: Option<&str>) -> Outcome {
    let mut arguments = vec!["user", "create", login, "--role", role];
    if let Some(slug) = organization {
        arguments.extend(["--organization", slug]);
    }
    let ran = fleet.run(&arguments, &format!("{PASSWORD}\n")).await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    Ok(())
}

/// Onboards the harbour with its right credentials, to where the bank asks for a code.
async fn set_up(fleet: &Fleet, integrator: &Integrator) -> Result<String, Box<dyn std::error::Error>> {
    Ok(integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?)
}

/// A connection that nobody has given credentials.
async fn draft(integrator: &Integrator) -> Result<String, Box<dyn std::error::Error>> {
    let entity = integrator.default_entity().await?;
    let asked = serde_json::json!({ "entityId": entity, "institutionId": "harbour" });
    let connection: Value = integrator.post("/v1/connections", &asked).await?;
    Ok(connection["id"].as_str().unwrap_or_default().to_owned())
}
