//! Effects: declared before they happen, settled by whoever looked at the portal.
//!
//! Not here: which steps have an effect; the script says that.

use async_trait::async_trait;
use domain::id::{IntentId, RunId};
use domain::run::{Effect, EffectOutcome};
use jiff::Timestamp;
use protocol::lease::Proof;
use uuid::Uuid;

use super::held::hold;
use super::{SqlStore, commit, failed, lockout, to_ms};
use crate::store::{Intents, Refused};

#[async_trait]
impl Intents for SqlStore {
    async fn declare_intent(
        &self,
        run_id: RunId,
        proof: Proof,
        intent_id: IntentId,
        effect: Effect,
        now: Timestamp,
    ) -> Result<IntentId, Refused> {
        let mut tx = self.begin().await?;
        let run = hold(&mut tx, run_id, proof).await?;
        let open = sqlx::query_as::<_, (Uuid, i64, String)>(
            "SELECT i.id, i.fence, i.effect FROM intents i JOIN runs r ON r.id = i.run_id
             WHERE r.connection_id = $1 AND i.outcome IS NULL",
        )
        .bind(run.connection_id.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("read open intents"))?;
        match open {
            // The same call again, after an answer that was lost on the way.
            Some((id, fence, open)) if fence == proof.fence.to_i64() && open == effect.as_str() => {
                return Ok(IntentId(id));
            }
            Some(_) => return Err(Refused::IntentOpen),
            None => {}
        }
        if effect == Effect::Password {
            lockout::may_submit(&mut tx, run_id, run.connection_id, now).await?;
        }
        sqlx::query("INSERT INTO intents (id, run_id, fence, effect, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(intent_id.0)
            .bind(run_id.0)
            .bind(proof.fence.to_i64())
            .bind(effect.as_str())
            .bind(to_ms(now))
            .execute(&mut *tx)
            .await
            .map_err(failed("keep an intent"))?;
        commit(tx).await?;
        Ok(intent_id)
    }

    async fn settle_intents(
        &self,
        run_id: RunId,
        proof: Proof,
        outcome: EffectOutcome,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        let run = hold(&mut tx, run_id, proof).await?;
        sqlx::query(
            "UPDATE intents SET outcome = $2, settled_at = $3
             WHERE outcome IS NULL AND run_id IN (SELECT id FROM runs WHERE connection_id = $1)",
        )
        .bind(run.connection_id.0)
        .bind(outcome.as_str())
        .bind(to_ms(now))
        .execute(&mut *tx)
        .await
        .map_err(failed("settle intents"))?;
        Ok(commit(tx).await?)
    }
}
