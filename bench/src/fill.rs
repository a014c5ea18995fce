//! A ledger full of transactions, handed in through the lease protocol as agents do.
//!
//! Not here: SQL; the bench knows no more of the store than an agent does.

use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::world::Fleet;
use tokio::time::Instant;

use crate::Failure;
use crate::progress::Progress;

/// How many accounts a connection has.
const ACCOUNTS: usize = 10;

/// How many transactions an account has.
const PER_ACCOUNT: usize = 5_000;

/// Makes connections until the ledger holds `transactions`; returns how many were handed
/// in a second, the time on the wire included.
pub(crate) async fn fill(
    fleet: &Fleet,
    integrator: &Integrator,
    transactions: usize,
    progress: &Progress,
) -> Result<f64, Failure> {
    let agent = BareAgent::of(fleet)?;
    let (mut handed_in, mut seconds) = (0, 0.0);
    while handed_in < transactions {
        progress.say(format!("filling the ledger: {handed_in} of {transactions} transactions"));
        let name = format!("bench-{handed_in}");
        connect(integrator, &name).await?;
        let held = agent.acquire(20_000).await?.ok_or("a lease")?;
        let per_account = PER_ACCOUNT.min((transactions - handed_in).div_ceil(ACCOUNTS));
        let records = accounts(ACCOUNTS, per_account, &name);
        let start = Instant::now();
        agent.complete(&held, &records).await?;
        seconds += start.elapsed().as_secs_f64();
        handed_in += ACCOUNTS * per_account;
    }
    Ok(handed_in as f64 / seconds)
}

/// A connection of an entity of its own whose first run waits for an agent; its id.
pub(crate) async fn connect(integrator: &Integrator, name: &str) -> Result<String, Failure> {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": name })).await?;
    let asked = json!({ "entityId": entity["entityId"], "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let id = connection["id"].as_str().unwrap_or_default().to_owned();
    let credentials = json!({ "bankUsername": name, "password": "unused" });
    integrator.put(&format!("/v1/connections/{id}/credentials"), &credentials).await?;
    integrator.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
    Ok(id)
}
