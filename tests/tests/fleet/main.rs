//! What the whole fleet does, seen from outside: real processes, a real browser, a
//! simulated bank that counts what it is asked.
//!
//! Not here: anything that can be seen in one crate alone; that crate has the test.

mod authenticators;
mod bad_input;
mod bad_luck;
mod bank_says_no;
mod catalogs;
mod control;
mod demo;
mod environments;
mod files;
mod first_logins;
mod history;
mod imports;
mod inbound;
mod ledger;
mod local_pool;
mod main_job;
mod migrations;
mod one_user;
mod operations;
mod readme;
mod repairs;
mod resends;
mod rollouts;
mod secrets;
mod simplefin;
mod stores;
mod webhooks;

use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::verdict::Verdict;
use tests::world::Fleet;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Onboards the harbour with its right credentials, to where the bank asks for a code.
async fn set_up(fleet: &Fleet, integrator: &Integrator) -> Result<String, Box<dyn std::error::Error>> {
    Ok(integrator.set_up("harbour", fleet.portal.username(), fleet.portal.password()).await?)
}

/// Answers the `count`th text message of the bank; returns the challenge's id.
async fn answer(
    fleet: &Fleet,
    integrator: &Integrator,
    connection: &str,
    seen: Option<&str>,
    count: usize,
) -> Result<String, Box<dyn std::error::Error>> {
    let challenge = integrator.open_challenge(connection, seen).await?;
    let code = fleet.code(count).await.ok_or("no text message came")?;
    integrator.answer(connection, &challenge, &code).await?;
    Ok(challenge["id"].as_str().unwrap_or_default().to_owned())
}

/// Waits for the connection to be active; a failed activation ends the wait at once.
async fn active(integrator: &Integrator, connection: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let ended = |now: &Value| now["status"] != "pendingActivation";
    let connection = integrator.connection(connection, "the end of the activation", ended).await?;
    assert_eq!(connection["status"], "active", "{connection}");
    Ok(connection)
}

/// Waits for a failed activation, and returns the set-up that shows it.
async fn failed(integrator: &Integrator, connection: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let ended = |now: &Value| now["status"] != "pendingActivation";
    let connection = integrator.connection(connection, "the end of the activation", ended).await?;
    assert_eq!(connection["status"], "draft", "{connection}");
    Ok(connection["setup"].clone())
}

/// Holds everything that the API has against the portal's truth.
async fn verdict(fleet: &Fleet, integrator: &Integrator) -> Result<Verdict, Box<dyn std::error::Error>> {
    let accounts = integrator.list("/v1/accounts").await?;
    let transactions = integrator.list("/v1/transactions?limit=77").await?;
    assert!(transactions.len() > 250, "{} transactions", transactions.len());
    Ok(Verdict::of(&json!(fleet.portal.truth()), &accounts, &transactions))
}
