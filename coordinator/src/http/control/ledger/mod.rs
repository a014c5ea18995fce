//! The ledger as operators see it: why a transaction is the one that it is, what was
//! decided, what readings are kept, what files were taken in, and how far references are
//! trusted.
//!
//! Not here: what any of it does (`store`), or the sentences (`fleet`).

pub(super) mod decisions;
pub(super) mod explain;
pub(super) mod imports;
pub(super) mod readings;
pub(super) mod references;

use serde::Serialize;
use serde_json::Value;

use crate::store;

/// An explanation as it is shown, to commands too.
#[must_use]
pub fn explanation(explanation: &store::Explanation) -> Value {
    shown(explain::Explanation::of(explanation))
}

/// A decision as it is shown, to commands too.
#[must_use]
pub fn decision(decision: store::Decision) -> Value {
    shown(decisions::Decision::from(decision))
}

/// What was measured of references as it is shown, to commands too.
#[must_use]
pub fn references(references: store::InstitutionReferences) -> Value {
    shown(references::References::from(references))
}

/// A reading as it is shown, to commands too.
#[must_use]
pub fn reading(reading: store::KeptReading) -> Value {
    shown(readings::Observation::from(reading))
}

/// An import as it is shown, to commands too.
#[must_use]
pub fn import(import: store::Import) -> Value {
    shown(imports::Import::from(import))
}

/// What taking an import back did as it is shown, to commands too.
#[must_use]
pub fn taken_back(taken_back: store::TakenBack, keeping: store::Keeping) -> Value {
    shown(imports::TakenBack::of(taken_back, keeping))
}

fn shown(shape: impl Serialize) -> Value {
    // What has a schema can be written as JSON.
    serde_json::to_value(shape).unwrap_or_default()
}
