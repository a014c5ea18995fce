//! What goes on at institutions, in SQL: a row for each of which anything is known.
//!
//! Not here: what a breaker does (the domain).

use async_trait::async_trait;
use domain::audit::Action;
use domain::breaker::{Breaker, BreakerEvent};
use jiff::Timestamp;
use serde_json::json;
use sqlx::FromRow;

use super::audit::commit_act;
use super::{SqlStore, Tx, commit, failed, from_json, from_ms, to_json, to_ms};
use crate::store::{Act, BreakerChange, InstitutionState, Institutions, Pause, StoreError};

#[derive(FromRow)]
struct StateRow {
    institution_id: String,
    breaker: Option<String>,
    paused_at: Option<i64>,
    pause_reason: Option<String>,
}

impl StateRow {
    fn read(self) -> Result<InstitutionState, StoreError> {
        let pause = self.paused_at.map(from_ms).transpose()?.map(|at| Pause { at, reason: self.pause_reason });
        Ok(InstitutionState { breaker: breaker(self.breaker)?, institution_id: self.institution_id, pause })
    }
}

fn breaker(kept: Option<String>) -> Result<Breaker, StoreError> {
    kept.map_or(Ok(Breaker::NEW), |kept| from_json(&kept, "breaker"))
}

/// Takes an institution's row, which is made if there is none; returns its breaker.
async fn take(tx: &mut Tx, id: &str, now: Timestamp) -> Result<Breaker, StoreError> {
    let kept = sqlx::query_scalar::<_, Option<String>>(
        "INSERT INTO institution_states (institution_id, updated_at) VALUES ($1, $2)
         ON CONFLICT (institution_id) DO UPDATE SET updated_at = excluded.updated_at RETURNING breaker",
    );
    let kept = kept.bind(id.to_owned()).bind(to_ms(now)).fetch_one(&mut **tx).await;
    breaker(kept.map_err(failed("take an institution's state"))?)
}

#[async_trait]
impl Institutions for SqlStore {
    async fn institution_states(&self) -> Result<Vec<InstitutionState>, StoreError> {
        let rows = sqlx::query_as::<_, StateRow>(
            "SELECT institution_id, breaker, paused_at, pause_reason FROM institution_states ORDER BY institution_id",
        );
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list institutions' states"))?;
        rows.into_iter().map(StateRow::read).collect()
    }

    async fn pause_institution(&self, id: &str, reason: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        take(&mut tx, id, now).await?;
        sqlx::query(
            "UPDATE institution_states SET paused_at = COALESCE(paused_at, $2), pause_reason = COALESCE($3, pause_reason)
             WHERE institution_id = $1",
        )
        .bind(id.to_owned())
        .bind(to_ms(now))
        .bind(reason.map(str::to_owned))
        .execute(&mut *tx)
        .await
        .map_err(failed("pause an institution"))?;
        let act = Act::new(Action::InstitutionPaused).to(id).with(json!({ "reason": reason }));
        commit_act(tx, act, now).await
    }

    async fn resume_institution(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE institution_states SET paused_at = NULL, pause_reason = NULL, updated_at = $2
             WHERE institution_id = $1",
        )
        .bind(id.to_owned())
        .bind(to_ms(now))
        .execute(&mut *tx)
        .await
        .map_err(failed("resume an institution"))?;
        commit_act(tx, Act::new(Action::InstitutionResumed).to(id), now).await
    }

    async fn tell_breaker(&self, id: &str, event: BreakerEvent, now: Timestamp) -> Result<BreakerChange, StoreError> {
        // Most runs tell a bank that is well that it is well, and change nothing.
        let kept =
            sqlx::query_scalar::<_, Option<String>>("SELECT breaker FROM institution_states WHERE institution_id = $1");
        let kept = kept.bind(id.to_owned()).fetch_optional(&self.read).await;
        let before = breaker(kept.map_err(failed("read a breaker"))?.flatten())?;
        let is_by_hand = event == BreakerEvent::Reset;
        if before.on(event, now) == before && !is_by_hand {
            return Ok(BreakerChange { before, after: before });
        }
        let mut tx = self.begin().await?;
        let before = take(&mut tx, id, now).await?;
        let after = before.on(event, now);
        if after != before {
            sqlx::query("UPDATE institution_states SET breaker = $2 WHERE institution_id = $1")
                .bind(id.to_owned())
                .bind(to_json(&after, "breaker")?)
                .execute(&mut *tx)
                .await
                .map_err(failed("keep a breaker"))?;
        }
        if is_by_hand {
            commit_act(tx, Act::new(Action::InstitutionBreakerReset).to(id), now).await?;
        } else {
            commit(tx).await?;
        }
        Ok(BreakerChange { before, after })
    }
}
