//! Control tokens in SQL: kept, listed, touched, ended.
//!
//! Not here: a token's secret; only its hash comes here.

use async_trait::async_trait;
use domain::audit::Action;
use jiff::Timestamp;
use serde_json::json;
use sqlx::FromRow;

use super::audit::commit_act;
use super::{SqlStore, failed, from_ms, from_word, to_ms};
use crate::store::{Act, ControlToken, ControlTokens, NewControlToken, Refused, StoreError};

#[derive(FromRow)]
struct TokenRow {
    id: String,
    name: String,
    role: String,
    secret_hash: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

/// The columns of a control token.
macro_rules! columns {
    () => {
        "id, name, role, secret_hash, created_at, expires_at, revoked_at, last_used_at"
    };
}

impl TokenRow {
    fn read(self) -> Result<ControlToken, StoreError> {
        Ok(ControlToken {
            id: self.id,
            name: self.name,
            role: from_word(&self.role, "control token's role")?,
            secret_hash: self.secret_hash,
            created_at: from_ms(self.created_at)?,
            expires_at: self.expires_at.map(from_ms).transpose()?,
            revoked_at: self.revoked_at.map(from_ms).transpose()?,
            last_used_at: self.last_used_at.map(from_ms).transpose()?,
        })
    }
}

#[async_trait]
impl ControlTokens for SqlStore {
    async fn create_control_token(&self, token: NewControlToken, now: Timestamp) -> Result<ControlToken, StoreError> {
        let mut tx = self.begin().await?;
        let made = sqlx::query_as::<_, TokenRow>(concat!(
            "INSERT INTO control_tokens (id, name, role, secret_hash, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING ",
            columns!()
        ))
        .bind(token.id)
        .bind(token.name)
        .bind(token.role.as_str())
        .bind(token.secret_hash)
        .bind(to_ms(now))
        .bind(token.expires_at.map(to_ms))
        .fetch_one(&mut *tx)
        .await;
        let made = made.map_err(failed("keep a control token"))?.read()?;
        let act = Act::new(Action::ControlTokenCreated).to(&made.id);
        let detail = json!({ "name": made.name, "role": made.role, "expiresAt": made.expires_at });
        commit_act(tx, act.with(detail), now).await?;
        Ok(made)
    }

    async fn control_tokens(&self) -> Result<Vec<ControlToken>, StoreError> {
        let rows = sqlx::query_as::<_, TokenRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM control_tokens ORDER BY created_at, id"
        ));
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list control tokens"))?;
        rows.into_iter().map(TokenRow::read).collect()
    }

    async fn control_token(&self, id: &str) -> Result<Option<ControlToken>, StoreError> {
        let row = sqlx::query_as::<_, TokenRow>(concat!("SELECT ", columns!(), " FROM control_tokens WHERE id = $1"))
            .bind(id);
        let row = row.fetch_optional(&self.read).await.map_err(failed("read a control token"))?;
        row.map(TokenRow::read).transpose()
    }

    async fn touch_control_token(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE control_tokens SET last_used_at = $2 WHERE id = $1")
            .bind(id)
            .bind(to_ms(now))
            .execute(&self.write)
            .await
            .map(|_| ())
            .map_err(failed("note the use of a control token"))
    }

    async fn revoke_control_token(&self, id: &str, now: Timestamp) -> Result<ControlToken, Refused> {
        let mut tx = self.begin().await?;
        let revoked = sqlx::query_as::<_, TokenRow>(concat!(
            "UPDATE control_tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1 RETURNING ",
            columns!()
        ))
        .bind(id)
        .bind(to_ms(now))
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("end a control token"))?;
        let revoked = revoked.ok_or(Refused::NotFound)?.read()?;
        commit_act(tx, Act::new(Action::ControlTokenRevoked).to(&revoked.id), now).await?;
        Ok(revoked)
    }
}
