//! Answers that are given again.
//!
//! Not here: what is in them; they are sealed.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqlStore, commit, failed, to_ms};
use crate::store::{Begun, Idempotency, IdempotentAnswer, IdempotentRequest, StoreError};

#[async_trait]
impl Idempotency for SqlStore {
    async fn begin_idempotent(
        &self,
        request: &IdempotentRequest,
        stale_before: Timestamp,
        kept_since: Timestamp,
    ) -> Result<Begun, StoreError> {
        let mut tx = self.begin().await?;
        // Taken if it is new, was left without an answer, or is too old to be kept; the
        // row's lock makes a second request wait until then.
        let taken = sqlx::query(
            "INSERT INTO idempotency_keys (key_id, idempotency_key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (key_id, idempotency_key) DO UPDATE
             SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = NULL, answer_sealed = NULL
             WHERE idempotency_keys.created_at < $6
                OR (idempotency_keys.status IS NULL AND idempotency_keys.created_at < $5
                    AND idempotency_keys.fingerprint = excluded.fingerprint)",
        )
        .bind(&request.key_id)
        .bind(&request.idempotency_key)
        .bind(&request.fingerprint)
        .bind(to_ms(request.begun_at))
        .bind(to_ms(stale_before))
        .bind(to_ms(kept_since))
        .execute(&mut *tx)
        .await
        .map_err(failed("take an idempotency key"))?;
        if taken.rows_affected() > 0 {
            commit(tx).await?;
            return Ok(Begun::First);
        }
        let kept = sqlx::query_as::<_, (Vec<u8>, Option<i64>, Option<Vec<u8>>)>(
            "SELECT fingerprint, status, answer_sealed FROM idempotency_keys WHERE key_id = $1 AND idempotency_key = $2",
        )
        .bind(&request.key_id)
        .bind(&request.idempotency_key)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("read an idempotency key"))?;
        Ok(match kept {
            // Given free in between.
            None => Begun::UnderWay,
            Some((fingerprint, ..)) if fingerprint != request.fingerprint => Begun::Different,
            Some((_, Some(status), Some(sealed))) => {
                let status = u16::try_from(status).map_err(|_| StoreError::Unreadable { what: "status" })?;
                Begun::Answered(IdempotentAnswer { status, sealed })
            }
            Some(_) => Begun::UnderWay,
        })
    }

    async fn answer_idempotent(&self, request: &IdempotentRequest, answer: IdempotentAnswer) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE idempotency_keys SET status = $4, answer_sealed = $5
             WHERE key_id = $1 AND idempotency_key = $2 AND created_at = $3",
        )
        .bind(&request.key_id)
        .bind(&request.idempotency_key)
        .bind(to_ms(request.begun_at))
        .bind(i64::from(answer.status))
        .bind(answer.sealed)
        .execute(&self.write)
        .await
        .map(|_| ())
        .map_err(failed("keep an answer"))
    }

    async fn abandon_idempotent(&self, request: &IdempotentRequest) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotency_keys WHERE key_id = $1 AND idempotency_key = $2 AND created_at = $3")
            .bind(&request.key_id)
            .bind(&request.idempotency_key)
            .bind(to_ms(request.begun_at))
            .execute(&self.write)
            .await
            .map(|_| ())
            .map_err(failed("give an idempotency key free"))
    }

    async fn prune_idempotent(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        sqlx::query(
            "DELETE FROM idempotency_keys WHERE (key_id, idempotency_key) IN (
                 SELECT key_id, idempotency_key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        )
        .bind(to_ms(before))
        .bind(i64::from(limit))
        .execute(&self.write)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("forget answers"))
    }
}
