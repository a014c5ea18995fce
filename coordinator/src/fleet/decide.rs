//! What an operator decides of transactions that the rules took for one, or for two.
//!
//! Not here: what a decision does (`store`), or how it outranks the rules
//! (`domain::ledger`).

use domain::id::TransactionId;
use domain::ledger::DecisionKind;
use jiff::Timestamp;
use uuid::Uuid;

use super::Error;
use crate::store::{Decision, NewDecision, Store, Wish};

const LONGEST_REASON: usize = 1_000;

/// A decision as it is asked for.
pub struct DecisionRequest {
    /// What is wanted.
    pub kind: DecisionKind,
    /// What it is about; what stays, of a merge.
    pub transaction: TransactionId,
    /// The other one, of a merge or of two that are kept apart.
    pub other: Option<TransactionId>,
    /// The match that is taken back, of a split.
    pub by: Option<Uuid>,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

impl DecisionRequest {
    /// Carries it out, and keeps it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if parts are missing or too many, otherwise what the store says.
    pub async fn decide(self, store: &dyn Store, now: Timestamp) -> Result<Decision, Error> {
        let reason = self.reason.filter(|reason| !reason.trim().is_empty());
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            return Err(Error::Invalid { field: "/reason", reason: "use 1,000 characters at most".into() });
        }
        let transaction = self.transaction;
        let wish = match (self.kind, self.other, self.by) {
            (DecisionKind::Merge, Some(other), None) => Wish::Merge { transaction, other },
            (DecisionKind::KeepApart, Some(other), None) => Wish::KeepApart { transaction, other },
            (DecisionKind::Split, None, by) => Wish::Split { transaction, by, new: TransactionId(Uuid::now_v7()) },
            (DecisionKind::Split, Some(_), _) => {
                return Err(Error::Invalid { field: "/otherId", reason: "a split makes the other one itself".into() });
            }
            (_, None, _) => {
                return Err(Error::Invalid { field: "/otherId", reason: "name the other transaction".into() });
            }
            (_, Some(_), Some(_)) => {
                return Err(Error::Invalid { field: "/matchId", reason: "only a split takes back a match".into() });
            }
        };
        Ok(store.decide(NewDecision { id: Uuid::now_v7(), wish, reason }, now).await?)
    }
}
