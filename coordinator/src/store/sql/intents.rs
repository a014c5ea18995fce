//! Effects: declared before they happen, settled by whoever looked at the portal.
//!
//! Not here: which steps have an effect; the script says that.

use async_trait::async_trait;
use domain::id::{IntentId, RunId};
use domain::run::{Effect, EffectOutcome};
use jiff::Timestamp;
use protocol::lease::Proof;
use uuid::Uuid;

use super::audit::write;
use super::held::hold;
use super::{SqlStore, candidates, challenges, commit, failed, lockout, to_ms};
use crate::store::{Declared, Intents, NewCandidate, Refused};

#[async_trait]
impl Intents for SqlStore {
    async fn declare_intent(
        &self,
        run_id: RunId,
        proof: Proof,
        intent_id: IntentId,
        effect: Effect,
        candidate: Option<NewCandidate>,
        now: Timestamp,
    ) -> Result<Declared, Refused> {
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
                let intent_id = IntentId(id);
                let candidate = candidates::of_intent(&mut tx, intent_id, run.connection_id).await?;
                return Ok(Declared { intent_id, candidate });
            }
            Some(_) => return Err(Refused::IntentOpen),
            None => {}
        }
        if effect == Effect::Password {
            lockout::may_submit(&mut tx, run_id, run.connection_id, now).await?;
            candidates::count_try(&mut tx, run_id, run.connection_id).await?;
        }
        let mut acts = match effect.proves_sign_in() {
            true => candidates::resolve(&mut tx, run_id, &run, now).await?,
            false => Vec::new(),
        };
        if effect == Effect::AcceptTerms {
            acts.push(challenges::accepting(&mut tx, run_id, &run, proof).await?);
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
        if let Some(candidate) = &candidate {
            candidates::keep(&mut tx, intent_id, (run_id, proof, effect), candidate).await?;
        }
        write(&mut tx, acts, now).await?;
        commit(tx).await?;
        let own = candidate.and_then(|candidate| candidate.sealed.into_iter().next());
        Ok(Declared { intent_id, candidate: own.map(|(_, sealed)| sealed) })
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
        let settled = sqlx::query_as::<_, (Uuid, i64)>(
            "UPDATE intents SET outcome = $2, settled_at = $3
             WHERE outcome IS NULL AND run_id IN (SELECT id FROM runs WHERE connection_id = $1) RETURNING id, fence",
        )
        .bind(run.connection_id.0)
        .bind(outcome.as_str())
        .bind(to_ms(now))
        .fetch_all(&mut *tx)
        .await
        .map_err(failed("settle intents"))?;
        let mut acts = Vec::new();
        let session = sqlx::query_scalar::<_, i64>("SELECT session FROM runs WHERE id = $1").bind(run_id.0);
        let session = session.fetch_one(&mut *tx).await.map_err(failed("read when a session began"))?;
        // Of what an earlier holder was to set a later one sees nothing.
        for (id, _) in settled.into_iter().filter(|(_, fence)| *fence >= session) {
            acts.extend(candidates::settle(&mut tx, run_id, IntentId(id), outcome, now).await?);
        }
        write(&mut tx, acts, now).await?;
        Ok(commit(tx).await?)
    }
}
