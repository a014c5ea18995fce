//! The wheel of a run in SQL: it stands in the row of the challenge that the run waits for.
//!
//! Not here: what else becomes of a challenge (`challenges`).

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::{AnswerSource, ChallengeEvent, ChallengeState, IllegalChallengeEvent};
use domain::fence::Fence;
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId};
use jiff::Timestamp;
use protocol::lease::Proof;
use serde_json::json;
use uuid::Uuid;

use super::audit::commit_act;
use super::challenges::{ChallengeRow, change, held_by, take};
use super::closing::handed_back;
use super::{SqlStore, Tx, commit, failed, from_word, to_ms};
use crate::store::{Act, Confirmed, HandsBack, Over, Refused, StoreError, Taken, Wheel, Wheels, fence_of};

/// Answers a challenge without words, as whoever has the wheel hands it back.
async fn hand_back(mut tx: Tx, row: ChallengeRow, how: HandsBack, now: Timestamp) -> Result<bool, StoreError> {
    let (id, act) = (row.id, handed_back(&row, how.as_str()));
    match change(&mut tx, row, ChallengeEvent::HandBack, None, now).await {
        Ok(_) => {}
        Err(Refused::Store(error)) => return Err(error),
        Err(_) => return Ok(false),
    }
    sqlx::query("UPDATE challenges SET source = $2 WHERE id = $1")
        .bind(id)
        .bind(AnswerSource::Person.as_str())
        .execute(&mut *tx)
        .await
        .map_err(failed("keep what answered"))?;
    commit_act(tx, act, now).await?;
    Ok(true)
}

/// Puts somebody at the wheel, or nobody.
async fn seat(tx: &mut Tx, id: ChallengeId, wheel: Option<&Wheel>, turn: i64) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE challenges SET holder_id = $2, holder_name = $3, seat = $4, held_until = $5, wheel_turn = $6 WHERE id = $1",
    )
    .bind(id.0)
    .bind(wheel.map(|wheel| wheel.user.0))
    .bind(wheel.map(|wheel| wheel.name.clone()))
    .bind(wheel.map(|wheel| wheel.seat))
    .bind(wheel.map(|wheel| to_ms(wheel.until)))
    .bind(turn)
    .execute(&mut **tx)
    .await;
    done.map(|_| ()).map_err(failed("seat somebody at the wheel"))
}

#[async_trait]
impl Wheels for SqlStore {
    async fn take_wheel(&self, id: ChallengeId, wheel: Wheel, over: Over, now: Timestamp) -> Result<Taken, Refused> {
        let mut tx = self.begin().await?;
        let row = take(&mut tx, id).await?;
        let state: ChallengeState = from_word(&row.state, "challenge's state")?;
        if state != ChallengeState::Open || to_ms(now) >= row.expires_at {
            return Err(IllegalChallengeEvent { state, event: ChallengeEvent::HandBack }.into());
        }
        let anothers = held_by(&row, now).filter(|_| row.holder_id != Some(wheel.user.0));
        if let (Some(by), Over::Oneself) = (anothers, over) {
            return Err(Refused::WheelHeld { by });
        }
        let turn = row.wheel_turn + 1;
        let is_given = row.wheel_given == row.wheel_turn;
        let before = row.wheel()?.filter(|before| is_given && before.until > now);
        seat(&mut tx, id, Some(&wheel), turn).await?;
        commit(tx).await?;
        Ok(Taken { turn: turn.unsigned_abs(), before })
    }

    async fn confirm_wheel(
        &self,
        id: ChallengeId,
        seat: Uuid,
        from: Option<String>,
        now: Timestamp,
    ) -> Result<Confirmed, StoreError> {
        let mut tx = self.begin().await?;
        let row = match take(&mut tx, id).await {
            Ok(row) => row,
            Err(Refused::Store(error)) => return Err(error),
            Err(_) => return Ok(Confirmed::Closed),
        };
        if from_word::<ChallengeState>(&row.state, "challenge's state")? != ChallengeState::Open {
            return Ok(Confirmed::Closed);
        }
        if row.seat != Some(seat) {
            return Ok(Confirmed::Overtaken);
        }
        sqlx::query("UPDATE challenges SET wheel_given = wheel_turn WHERE id = $1")
            .bind(id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("note that the wheel was given"))?;
        let act = Act::new(Action::RunTaken).of(OrganizationId(row.organization_id));
        let act = act.on(ConnectionId(row.connection_id)).to(row.run_id);
        commit_act(tx, act.with(json!({ "challengeId": id, "from": from })), now).await?;
        Ok(Confirmed::Given)
    }

    async fn keep_wheel(&self, id: ChallengeId, seat: Uuid, until: Timestamp) -> Result<bool, StoreError> {
        sqlx::query("UPDATE challenges SET held_until = $3 WHERE id = $1 AND seat = $2 AND state || '' = 'open'")
            .bind(id.0)
            .bind(seat)
            .bind(to_ms(until))
            .execute(&self.write)
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(failed("keep the wheel"))
    }

    async fn return_wheel(&self, id: ChallengeId, page: Uuid, before: Option<Wheel>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        match take(&mut tx, id).await {
            Ok(row) if row.seat == Some(page) => {
                seat(&mut tx, id, before.as_ref(), row.wheel_turn + 1).await?;
                if before.is_some() {
                    // It was given to them by the agent, which has it no more from anybody since.
                    sqlx::query("UPDATE challenges SET wheel_given = wheel_turn WHERE id = $1")
                        .bind(id.0)
                        .execute(&mut *tx)
                        .await
                        .map_err(failed("give the wheel back"))?;
                }
                commit(tx).await
            }
            Err(Refused::Store(error)) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn hand_back(&self, id: ChallengeId, seat: Uuid, how: HandsBack, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        match take(&mut tx, id).await {
            Ok(row) if row.seat == Some(seat) => hand_back(tx, row, how, now).await,
            Err(Refused::Store(error)) => Err(error),
            Ok(_) | Err(_) => Ok(false),
        }
    }

    async fn hand_back_lapsed(&self, now: Timestamp) -> Result<u64, StoreError> {
        let lapsed = sqlx::query_scalar::<_, Uuid>(
            "SELECT id FROM challenges WHERE held_until IS NOT NULL AND held_until <= $1 AND state || '' = 'open'
             ORDER BY held_until LIMIT 100",
        );
        let lapsed = lapsed.bind(to_ms(now)).fetch_all(&self.read).await.map_err(failed("look for wheels"))?;
        let mut count = 0;
        for id in lapsed {
            let mut tx = self.begin().await?;
            match take(&mut tx, ChallengeId(id)).await {
                // Whoever came back meanwhile has it still.
                Ok(row) if row.held_until.is_some_and(|until| until <= to_ms(now)) => {
                    count += u64::from(hand_back(tx, row, HandsBack::Silence, now).await?);
                }
                Err(Refused::Store(error)) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(count)
    }

    async fn holds(&self, run_id: RunId, proof: Proof) -> Result<bool, StoreError> {
        let (agent, fence) = fence_of(proof);
        sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM runs WHERE id = $1 AND agent_id = $2 AND fence = $3 AND started_at IS NOT NULL
             AND finished_at IS NULL",
        )
        .bind(run_id.0)
        .bind(agent.0)
        .bind(fence)
        .fetch_one(&self.read)
        .await
        .map(|count| count > 0)
        .map_err(failed("see who holds a run"))
    }

    async fn refence(&self, run_id: RunId, proof: Proof, fence: Fence) -> Result<(), Refused> {
        let (agent, before) = fence_of(proof);
        let done = sqlx::query(
            "UPDATE runs SET fence = $4 WHERE id = $1 AND finished_at IS NULL AND started_at IS NOT NULL AND agent_id = $2
             AND (fence = $3 OR fence = $4) AND $4 > $3",
        )
        .bind(run_id.0)
        .bind(agent.0)
        .bind(before)
        .bind(fence.to_i64())
        .execute(&self.write)
        .await
        .map_err(failed("take another fence"))?;
        if done.rows_affected() == 0 { Err(Refused::LeaseLost) } else { Ok(()) }
    }
}
