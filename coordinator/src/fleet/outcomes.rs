//! How runs ended, by hour and institution: counted here in memory and added to the store every few
//! seconds, so that no run waits for a row that all runs of a bank share. What a coordinator that is
//! killed hadn't added yet is missing; nothing but the console's plots hangs on it.
//!
//! Not here: metrics, which each coordinator shows of itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::failure::Fault;
use jiff::Timestamp;

use super::{Error, Fleet};
use crate::clock;

/// Runs that ended since the last round.
#[derive(Default)]
pub struct Outcomes(Mutex<BTreeMap<(String, Option<Fault>), u32>>);

impl Outcomes {
    /// A run at an institution ended; by whose doing, where it failed.
    pub(super) fn note(&self, institution: &str, fault: Option<Fault>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((institution.to_owned(), fault)).or_default();
        *count = count.saturating_add(1);
    }

    fn take(&self) -> BTreeMap<(String, Option<Fault>), u32> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, taken: BTreeMap<(String, Option<Fault>), u32>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (of, runs) in taken {
            let count = counts.entry(of).or_default();
            *count = count.saturating_add(runs);
        }
    }
}

/// The hour that a moment is in, counted from 1970.
#[must_use]
pub fn hour_of(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(3_600)
}

/// Adds what was counted to the store.
pub struct Bookkeeper(pub Arc<Fleet>);

impl Bookkeeper {
    /// One round.
    ///
    /// # Errors
    /// [`Error`]; what was counted is added with the next round.
    pub async fn run_once(&self) -> Result<(), Error> {
        let taken = self.0.outcomes.take();
        if taken.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = taken.iter().map(|((at, fault), runs)| (at.clone(), *fault, *runs)).collect();
        if let Err(error) = self.0.store.add_outcomes(hour_of(clock::now()), &rows).await {
            self.0.outcomes.put_back(taken);
            return Err(error.into());
        }
        Ok(())
    }
}
