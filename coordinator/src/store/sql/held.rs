//! A run that a transaction holds: its row was taken, and the proof that was shown for
//! it is the current one. Nothing is stored for a lease without it.

use domain::id::{ConnectionId, OrganizationId, RunId};
use domain::rollout::Part;
use domain::run::RunKind;
use protocol::lease::Proof;
use uuid::Uuid;

use super::revisions::run_revision;
use super::{Tx, failed, from_word};
use crate::store::{Refused, RunRevision, StoreError, fence_of};

/// A run whose row this transaction holds.
pub(super) struct HeldRun {
    pub(super) organization_id: OrganizationId,
    pub(super) connection_id: ConnectionId,
    pub(super) institution_id: String,
    pub(super) kind: RunKind,
    pub(super) attempt: i64,
    /// By what it was given out.
    pub(super) by: Option<RunRevision>,
}

impl HeldRun {
    /// Whether it goes by a revision on trial.
    pub(super) fn is_canary(&self) -> bool {
        self.by.as_ref().is_some_and(|by| by.part == Part::Canary)
    }
}

/// What [`HeldRun`] is read from, in the order in which the columns are returned.
pub(super) type HeldRow = (Uuid, Uuid, String, String, i64, Option<String>, Option<String>, Option<String>);

/// Reads a row that was taken.
pub(super) fn held(row: HeldRow) -> Result<HeldRun, StoreError> {
    let (organization_id, connection_id, institution_id, kind, attempt, revision, part, shadow) = row;
    Ok(HeldRun {
        organization_id: OrganizationId(organization_id),
        connection_id: ConnectionId(connection_id),
        institution_id,
        kind: from_word(&kind, "run's kind")?,
        attempt,
        by: run_revision((revision, part, shadow))?,
    })
}

/// Takes the run's row for this transaction, if the proof is good.
pub(super) async fn hold(tx: &mut Tx, run_id: RunId, proof: Proof) -> Result<HeldRun, Refused> {
    let (agent, fence) = fence_of(proof);
    let row = sqlx::query_as::<_, HeldRow>(
        "UPDATE runs SET attempt = attempt WHERE id = $1 AND finished_at IS NULL AND started_at IS NOT NULL AND agent_id = $2 AND fence = $3
         RETURNING organization_id, connection_id, institution_id, kind, attempt, revision, part, shadow",
    )
    .bind(run_id.0)
    .bind(agent.0)
    .bind(fence)
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("take a run"))?;
    Ok(held(row.ok_or(Refused::LeaseLost)?)?)
}

/// Takes the row of the run's connection, before the run's own: whoever takes both
/// takes them in this order, so that two never wait for each other.
pub(super) async fn take_connection_of(tx: &mut Tx, run_id: RunId) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE connections SET updated_at = updated_at WHERE id = (SELECT connection_id FROM runs WHERE id = $1)",
    )
    .bind(run_id.0)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("take a run's connection"))
}
