//! Brings the tables up to date, or says what is missing.
//!
//! Not here: what the steps are.

use std::collections::BTreeMap;

use sqlx::migrate::MigrateError;

use super::super::{Db, HAS_STEPS, STEPS};
use super::failed;
use crate::store::{Step, StepState, StoreError, Tables};

/// The step that brought `fleet.oldest_step`.
const OLDEST_STEP_SINCE: i64 = 2;

type Pool = sqlx::Pool<Db>;

/// Makes sure that this program can work on the tables.
pub(in crate::store) async fn settle(pool: &Pool, tables: Tables) -> Result<(), StoreError> {
    let steps = list(pool).await?;
    let newest = STEPS.iter().map(|step| step.version).max().unwrap_or_default();
    let is_there = |number: i64| steps.iter().any(|step| step.number == number && step.state != StepState::Pending);
    if is_there(OLDEST_STEP_SINCE) {
        let oldest = sqlx::query_scalar::<_, i64>("SELECT oldest_step FROM fleet");
        let oldest = oldest.fetch_one(pool).await.map_err(failed("read which programs may use it"))?;
        if oldest > newest {
            return Err(StoreError::TooNew { oldest, newest });
        }
    }
    match tables {
        Tables::BroughtUpToDate => STEPS.run(pool).await.map_err(StoreError::Migration),
        Tables::LeftAlone => match steps.iter().filter(|step| step.state == StepState::Pending).count() {
            0 => Ok(()),
            missing => Err(StoreError::StepsMissing { missing }),
        },
    }
}

/// All steps in order, those that this program knows and those that the store has taken;
/// nothing is changed.
pub(in crate::store) async fn list(pool: &Pool) -> Result<Vec<Step>, StoreError> {
    let doing = "list the steps of its tables";
    let has_steps = sqlx::query_scalar::<_, bool>(HAS_STEPS).fetch_one(pool).await.map_err(failed(doing))?;
    let taken = if has_steps {
        let taken = sqlx::query_as::<_, (i64, String, bool, Vec<u8>)>(
            "SELECT version, description, success, checksum FROM _sqlx_migrations",
        );
        taken.fetch_all(pool).await.map_err(failed(doing))?
    } else {
        Vec::new()
    };
    let known = STEPS.iter().map(|step| (step.version, (step.description.to_string(), StepState::Pending)));
    let mut steps: BTreeMap<i64, (String, StepState)> = known.collect();
    for (number, name, success, checksum) in taken {
        if !success {
            return Err(StoreError::Migration(MigrateError::Dirty(number)));
        }
        let state = match STEPS.iter().find(|step| step.version == number) {
            Some(step) if *step.checksum != *checksum => {
                return Err(StoreError::Migration(MigrateError::VersionMismatch(number)));
            }
            Some(_) => StepState::Applied,
            None => StepState::AppliedByNewer,
        };
        steps.insert(number, (name, state));
    }
    Ok(steps.into_iter().map(|(number, (name, state))| Step { number, name, state }).collect())
}
