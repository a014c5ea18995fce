//! One bank and its faults, one after the other: what a run says of each.
//!
//! Not here: what each should come to (`banks`).

use fixtures::faults::Switch;
use fixtures::portal::RunningPortal;
use fixtures::zoo::Wishes;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::banks::{Bank, Driver, Meaning, SWITCHES};
use super::person::Person;
use super::{Failure, fleet_of};
use crate::integrator::Integrator;
use crate::rows::Row;
use crate::world::Plan;

/// What stands for all being read.
const READ: &str = "all is read";

/// What a run said of a fault.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which bank.
    pub bank: &'static str,
    /// Which fault.
    pub switch: Switch,
    /// What it should say.
    pub expected: Meaning,
    /// The code that it said; none where all was read.
    pub came: Option<String>,
}

impl Outcome {
    /// Whether it is what it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.expected {
            Meaning::Read => self.came.is_none(),
            Meaning::Code(code) => self.came.as_deref() == Some(code),
            Meaning::Untried(_) => true,
        }
    }

    /// One row: 1 if it is, and what came in the place of a peer.
    #[must_use]
    pub fn row(&self) -> Row {
        let should = match self.expected {
            Meaning::Read => READ,
            Meaning::Code(code) => code,
            Meaning::Untried(why) => why,
        };
        let name = format!("{}, {}: {should}", self.bank, self.switch.name());
        let row = Row::count(name, usize::from(self.holds()), "").at_least(1.0);
        Row { peer: Some(self.came.clone().unwrap_or_else(|| READ.to_owned())), ..row }
    }
}

/// Has `bank` fail in each way that it can and that is tried; what its runs say.
///
/// # Errors
/// [`Failure`] where a run comes to no end at all.
pub async fn outcomes(bank: &Bank, tell: impl Fn(String)) -> Result<Vec<Outcome>, Failure> {
    let portal = bank.portal.start(Wishes::default()).await?;
    let drivers = if bank.drivers.contains(&Driver::Http) { "cdp,http" } else { "cdp" };
    let (fleet, integrator) = fleet_of(Plan::new(), &portal, &["--drivers", drivers]).await?;
    let operator = fleet.operator()?;
    let mut outcomes = Vec::new();
    for (number, switch) in SWITCHES.into_iter().enumerate() {
        let expected = bank.meaning(switch);
        if matches!(expected, Meaning::Untried(_)) {
            continue;
        }
        // Before the bank's door may be shut.
        heal(&portal).await?;
        let credentials = Person::of(&portal).credentials().await?;
        if !fail(&portal, switch).await? {
            continue;
        }
        let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": format!("fault-{number}") })).await?;
        let entity = entity["entityId"].as_str().ok_or("an entity")?;
        let came = ended(&integrator, &portal, entity, &credentials).await?;
        let outcome = Outcome { bank: bank.name(), switch, expected, came };
        if !outcome.holds() {
            let came = outcome.came.as_deref().unwrap_or(READ);
            tell(format!("{}, {}: {expected:?} was expected, and {came} came", bank.name(), switch.name()));
        }
        outcomes.push(outcome);
        // The breaker counts failures, which are on purpose here.
        let breaker = format!("/control/v1/institutions/{}/breaker/reset", bank.name());
        operator.post(&breaker, &Value::Null).await?;
    }
    Ok(outcomes)
}

/// Sets a connection up and waits for the end of its first run; the code that it failed with.
async fn ended(
    integrator: &Integrator,
    portal: &RunningPortal,
    entity: &str,
    credentials: &Value,
) -> Result<Option<String>, Failure> {
    let id = integrator.set_up_with(entity, portal.name(), credentials).await?;
    let is_told = |now: &Value| now["status"] == "active" || now["setup"]["lastFailure"]["code"].is_string();
    let connection = Person::of(portal).until(integrator, &id, is_told).await?;
    // A run that is tried again would meet the next fault, and be in its way.
    integrator.post(&format!("/v1/connections/{id}/revoke"), &Value::Null).await?;
    Ok(connection["setup"]["lastFailure"]["code"].as_str().map(str::to_owned))
}

/// Switches all faults off.
async fn heal(portal: &RunningPortal) -> Result<(), Failure> {
    let request =
        crate::client::client().build().unwrap_or_default().put(format!("{}_faults", portal.url())).json(&json!({}));
    Ok(request.send().await?.error_for_status().map(|_| ())?)
}

/// Switches on this fault alone; whether the portal has it.
async fn fail(portal: &RunningPortal, switch: Switch) -> Result<bool, Failure> {
    let how = match switch {
        Switch::Slow => json!(200),
        Switch::DropSession => json!(1),
        Switch::Hoard => json!(64),
        _ => json!(true),
    };
    let request = crate::client::client()
        .build()
        .unwrap_or_default()
        .put(format!("{}_faults", portal.url()))
        .json(&json!({ switch.name(): how }));
    let answer = request.send().await?;
    if answer.status() == StatusCode::UNPROCESSABLE_ENTITY {
        return Ok(false);
    }
    answer.error_for_status()?;
    Ok(true)
}
