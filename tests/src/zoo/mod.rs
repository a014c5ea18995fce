//! The zoo: every bank that has a script and a simulated portal, read by every driver that its
//! record allows and held against the portal's own truth; and every fault that its portal can
//! have, with what the run says of it.
//!
//! | here | is |
//! |---|---|
//! | `banks` | which banks there are, and what is other at one of them than usual |
//! | `person` | who answers what a bank asks |
//! | `reading` | a bank by a driver: its records, and what they cost |
//! | `faulting` | a bank and its faults: the code that each is told by |
//!
//! A new script needs nothing here, unless its bank shows less than others or a fault means
//! something else there: then a line in `banks`.
//!
//! Not here: what is special to one bank; that has a test of its own (`tests/tests/zoo/`).

pub mod banks;
pub mod faulting;
pub mod person;
pub mod reading;

use fixtures::portal::RunningPortal;

use self::banks::{Bank, Driver};
use crate::integrator::Integrator;
use crate::rows::Row;
use crate::world::{Fleet, Plan};

/// Whatever kept the zoo from being seen.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// One bank alone.
    pub portal: Option<String>,
    /// One driver alone; faults are seen by what the bank prefers all the same.
    pub driver: Option<Driver>,
}

/// Reads every bank by every driver, then has each of them fail; `tell` hears how far it is.
///
/// # Errors
/// [`Failure`] where there is no such bank, or a record can't be read.
pub async fn visit(wanted: &Wanted, tell: impl Fn(String)) -> Result<Vec<Row>, Failure> {
    let banks: Vec<Bank> = banks::all()?.into_iter().filter(|bank| wanted.has(bank)).collect();
    if banks.is_empty() {
        let named = wanted.portal.as_deref().unwrap_or_default();
        return Err(format!("no bank of scripts/ with a simulated portal is called {named}").into());
    }
    let mut rows = Vec::new();
    for bank in &banks {
        for driver in bank.drivers.iter().copied().filter(|driver| wanted.driver.is_none_or(|only| only == *driver)) {
            tell(format!("{} by {driver}", bank.name()));
            let read = reading::rows(bank, driver).await;
            rows.extend(read.unwrap_or_else(|error| not_seen(format!("{} by {driver}", bank.name()), &error, &tell)));
        }
    }
    for bank in &banks {
        tell(format!("the faults of {}", bank.name()));
        let outcomes = faulting::outcomes(bank, &tell).await;
        rows.extend(match outcomes {
            Ok(outcomes) => outcomes.iter().map(faulting::Outcome::row).collect(),
            Err(error) => not_seen(format!("the faults of {}", bank.name()), &error, &tell),
        });
    }
    Ok(rows)
}

/// What stands for a bank that came to no end, so that the others are seen all the same.
fn not_seen(what: String, error: &Failure, tell: impl Fn(String)) -> Vec<Row> {
    tell(format!("{what}: {error}"));
    vec![Row::count(format!("{what}: seen to the end"), 0, "").at_least(1.0)]
}

impl Wanted {
    fn has(&self, bank: &Bank) -> bool {
        self.portal.as_deref().is_none_or(|name| name == bank.name())
    }
}

/// A fleet that finds a portal where it runs, and whose one agent has these drivers.
///
/// # Errors
/// [`Failure`] where it couldn't be started.
pub async fn fleet_of(
    plan: Plan,
    portal: &RunningPortal,
    drivers: &[&str],
) -> Result<(Fleet, Integrator), crate::world::WorldError> {
    let address = format!("development.portal_urls.{}", portal.name());
    // Whoever waits asks often.
    let plan = plan.with("rate_limit.requests_per_second", "1000000").with("rate_limit.burst", "1000000");
    let fleet = plan.with(&address, portal.url()).agents_are_told(drivers).start().await?;
    let integrator = fleet.integrator("default").await?;
    Ok((fleet, integrator))
}
