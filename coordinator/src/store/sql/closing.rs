//! How challenges end, each with the wheel that somebody held in it.
//!
//! Not here: what is answered (`challenges`), and a wheel that is handed back (`wheel`).

use domain::audit::Action;
use domain::challenge::ClosingReason;
use domain::id::{ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use serde_json::json;

use super::challenges::{ChallengeRow, challenge_columns};
use super::{Tx, failed, to_ms};
use crate::store::{Act, StoreError};

/// What was closed of a run.
#[must_use]
pub(super) struct Closed {
    /// How many challenges.
    pub(super) count: u64,
    /// The wheels that ended with them, to be written down last.
    pub(super) acts: Vec<Act>,
}

/// Closes whatever the run still waits for. What a person handed back is closed for that.
pub(super) async fn cancel_pending(
    tx: &mut Tx,
    run_id: RunId,
    reason: ClosingReason,
    now: Timestamp,
) -> Result<Closed, StoreError> {
    let held = sqlx::query_as::<_, ChallengeRow>(concat!(
        "UPDATE challenges SET state = state WHERE run_id = $1 AND state || '' = 'open' AND holder_id IS NOT NULL RETURNING ",
        challenge_columns!()
    ));
    let held = held.bind(run_id.0).fetch_all(&mut **tx).await.map_err(failed("look for a wheel"))?;
    let done = sqlx::query(
        "UPDATE challenges SET state = 'cancelled', answer_sealed = NULL, updated_at = $2,
             closed_for = CASE WHEN state = 'answered' AND answer_sealed IS NULL THEN $4 ELSE $3 END,
             holder_id = NULL, holder_name = NULL, seat = NULL, held_until = NULL
         WHERE run_id = $1 AND state || '' IN ('open', 'answered')",
    )
    .bind(run_id.0)
    .bind(to_ms(now))
    .bind(reason.as_str())
    // What ends the run, or had it lost, says more than that.
    .bind(if reason == ClosingReason::AskedAnew { ClosingReason::HandedBack } else { reason }.as_str())
    .execute(&mut **tx)
    .await
    .map_err(failed("cancel challenges"))?;
    Ok(Closed { count: done.rows_affected(), acts: came_back(&held, reason.as_str()) })
}

/// Closes what nobody answered in time; returns how many those are, and what is to be written down of them.
pub(super) async fn expire(tx: &mut Tx, now: Timestamp) -> Result<Closed, StoreError> {
    let held = sqlx::query_as::<_, ChallengeRow>(concat!(
        "UPDATE challenges SET state = state WHERE state = 'open' AND expires_at <= $1 AND holder_id IS NOT NULL RETURNING ",
        challenge_columns!()
    ));
    let held = held.bind(to_ms(now)).fetch_all(&mut **tx).await.map_err(failed("look for wheels"))?;
    let done = sqlx::query(
        "UPDATE challenges SET state = 'expired', answer_sealed = NULL, closed_for = 'expired', updated_at = $1,
             holder_id = NULL, holder_name = NULL, seat = NULL, held_until = NULL
         WHERE state = 'open' AND expires_at <= $1",
    );
    let done = done.bind(to_ms(now)).execute(&mut **tx).await.map_err(failed("expire challenges"))?;
    Ok(Closed { count: done.rows_affected(), acts: came_back(&held, ClosingReason::Expired.as_str()) })
}

/// That wheels came back which somebody had been given, and how.
pub(super) fn came_back(held: &[ChallengeRow], how: &str) -> Vec<Act> {
    let given = held.iter().filter(|row| row.holder_id.is_some() && row.wheel_given > 0);
    given.map(|row| handed_back(row, how)).collect()
}

/// That a wheel is the run's again, and how it came to be.
pub(super) fn handed_back(row: &ChallengeRow, how: &str) -> Act {
    let act = Act::new(Action::RunHandedBack).of(OrganizationId(row.organization_id));
    let act = act.on(ConnectionId(row.connection_id)).to(row.run_id);
    // Of whom the agent hasn't answered yet nobody knows whether they had it.
    let holder = row.holder_name.as_ref().filter(|_| row.wheel_given == row.wheel_turn);
    act.with(json!({ "challengeId": row.id, "holder": holder, "how": how }))
}
