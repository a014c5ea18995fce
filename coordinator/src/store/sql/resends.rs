//! New codes that persons have banks send, within what is left to a run.
//!
//! Not here: having one sent; the run's agent does.

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::{AnswerSource, ChallengeEvent, ChallengeState, ClosingReason, Medium, Question};
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use protocol::lease::Proof;
use serde_json::json;

use super::audit::commit_act;
use super::challenges::{ChallengeRow, challenge_columns, held_by, take};
use super::held::hold;
use super::{SqlStore, Tx, commit, failed, found, from_json, sources, to_json, to_ms};
use crate::store::{Act, Challenge, NewChallenge, Refused, Resends, StoreError};

/// How many new codes may be asked for while a challenge is open: what the script allows, within what is left
/// to the run. What was asked for in an earlier session of it counts.
pub(super) async fn left(tx: &mut Tx, run_id: RunId, new: &NewChallenge) -> Result<i64, StoreError> {
    let spent = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(COALESCE(SUM(resends), 0) AS BIGINT) FROM challenges WHERE run_id = $1",
    );
    let spent = spent.bind(run_id.0).fetch_one(&mut **tx).await.map_err(failed("count new codes"))?;
    Ok((i64::from(new.resends_a_run) - spent).clamp(0, i64::from(new.question.resends_left)))
}

/// What was asked last in a session.
pub(super) struct AskedBefore {
    /// From when on a new code could be asked for, in milliseconds of the epoch.
    resend_after: Option<i64>,
    /// Whether a person's answer was refused, or they gave the wheel back.
    pub(super) by_person: bool,
}

/// The question that the session asked last, if it is the same once more: the bank sends nothing new for that.
pub(super) async fn asked_before(
    tx: &mut Tx,
    run_id: RunId,
    question: &Question,
) -> Result<Option<AskedBefore>, StoreError> {
    let before = sqlx::query_as::<_, (String, Option<i64>, Option<String>, String, Option<String>)>(
        "SELECT q.question, q.resend_after, q.source, q.state, q.closed_for
         FROM challenges q JOIN runs r ON r.id = q.run_id
         WHERE q.run_id = $1 AND q.fence >= r.session ORDER BY q.id DESC LIMIT 1",
    );
    let before = before.bind(run_id.0).fetch_optional(&mut **tx).await.map_err(failed("read what was asked before"))?;
    let Some((text, resend_after, source, state, closed_for)) = before else { return Ok(None) };
    let before: Question = from_json(&text, "question")?;
    let is_same = before.is_answered_as(question) && before.masked_target == question.masked_target;
    let is_persons = source.as_deref() == Some(AnswerSource::Person.as_str());
    let is_refused = state == ChallengeState::Rejected.as_str();
    let is_back = closed_for.as_deref() == Some(ClosingReason::HandedBack.as_str());
    Ok(is_same.then_some(AskedBefore { resend_after, by_person: is_persons && (is_refused || is_back) }))
}

/// From when on a new code may be asked for, in milliseconds of the epoch: what was waited for the same one counts.
pub(super) fn after(new: &NewChallenge, before: Option<&AskedBefore>) -> i64 {
    let next = to_ms(new.resend_after);
    before.and_then(|before| before.resend_after).map_or(next, |after| next.min(after))
}

#[async_trait]
impl Resends for SqlStore {
    async fn continue_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        question: Question,
        now: Timestamp,
    ) -> Result<Option<Challenge>, Refused> {
        let mut tx = self.begin().await?;
        hold(&mut tx, run_id, proof).await?;
        let row = take(&mut tx, id).await?;
        if !row.is_of(run_id) {
            return Err(Refused::NotFound);
        }
        let is_open = row.is_open();
        let challenge = row.read()?;
        let is_usable = matches!(challenge.state, ChallengeState::Open | ChallengeState::Answered);
        if is_usable && !challenge.question.is_answered_as(&question) {
            return Ok(None);
        }
        if !is_open {
            // Answered meanwhile, or closed: the wait says so.
            return Ok(Some(challenge));
        }
        sqlx::query("UPDATE challenges SET question = $2, updated_at = $3 WHERE id = $1")
            .bind(id.0)
            .bind(to_json(&question, "question")?)
            .bind(to_ms(now))
            .execute(&mut *tx)
            .await
            .map_err(failed("go on with a challenge"))?;
        commit(tx).await?;
        Ok(Some(Challenge { question, updated_at: now, ..challenge }))
    }

    async fn request_resend(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
        heard: &[Medium],
        next: Timestamp,
        now: Timestamp,
    ) -> Result<Challenge, Refused> {
        let mut tx = self.begin().await?;
        let row = take(&mut tx, id).await?;
        if !row.is_owned(organization, connection) {
            return Err(Refused::NotFound);
        }
        if let Some(by) = held_by(&row, now) {
            return Err(Refused::WheelHeld { by });
        }
        let challenge = row.read()?;
        let is_late = now >= challenge.expires_at && challenge.state == ChallengeState::Open;
        let state = if is_late { ChallengeState::Expired } else { challenge.state };
        state.on(ChallengeEvent::Resend)?;
        match challenge.resend_after {
            None if challenge.question.resends_left == 0 && challenge.resends == 0 => {
                return Err(Refused::ResendImpossible);
            }
            None => return Err(Refused::ResendsSpent),
            Some(after) if now < after => return Err(Refused::ResendTooSoon(after)),
            Some(_) => {}
        }
        let sources = sources::once_sent_anew(&mut tx, &challenge, heard).await?;
        let row = sqlx::query_as::<_, ChallengeRow>(concat!(
            "UPDATE challenges SET resends = resends + 1, resends_left = resends_left - 1, resend_after = $2,
                 updated_at = $3, may_answer = $4
             WHERE id = $1 RETURNING ",
            challenge_columns!()
        ));
        let row = row.bind(id.0).bind(to_ms(next)).bind(to_ms(now)).bind(sources::kept(&sources));
        let row = row.fetch_optional(&mut *tx).await;
        let challenge = found(row, "ask for a new code")?.read()?;
        let act = Act::new(Action::ChallengeResendRequested).of(organization).on(connection).to(id);
        commit_act(tx, act.with(json!({ "kind": challenge.question.kind })), now).await?;
        Ok(challenge)
    }
}
