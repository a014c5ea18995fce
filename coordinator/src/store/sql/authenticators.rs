//! Authenticators: given with a connection's credentials, forgotten with them, and set aside
//! when the bank refuses their codes.
//!
//! Not here: making codes.

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::AuthenticatorState;
use domain::connection::ConnectionEvent;
use domain::id::{ConnectionId, OrganizationId};
use domain::run::Effect;
use jiff::Timestamp;
use protocol::lease::Verdict;
use serde_json::json;
use uuid::Uuid;

use super::audit::commit_act;
use super::transition::take;
use super::{SqlStore, Tx, candidates, failed, to_ms};
use crate::store::{Act, Authenticators, REFUSALS_ALLOWED, Refused, StoreError};

/// How an authenticator fares of whose codes so many were refused, one after the other.
pub(super) const fn state(refusals: i64) -> AuthenticatorState {
    match refusals {
        ..REFUSALS_ALLOWED => AuthenticatorState::Ready,
        _ => AuthenticatorState::Doubtful,
    }
}

/// Counts what a bank made of a code.
pub(super) async fn count(tx: &mut Tx, connection: Uuid, verdict: Verdict) -> Result<(), StoreError> {
    let statement = match verdict {
        Verdict::Accepted => "UPDATE authenticators SET refusals = 0 WHERE connection_id = $1 AND refusals > 0",
        Verdict::Rejected => "UPDATE authenticators SET refusals = refusals + 1 WHERE connection_id = $1",
    };
    let counted = sqlx::query(statement).bind(connection).execute(&mut **tx).await;
    counted.map(|_| ()).map_err(failed("count an authenticator's refusals"))
}

/// Keeps a sealed secret in place of the one before.
pub(super) async fn put(tx: &mut Tx, id: ConnectionId, sealed: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO authenticators (connection_id, sealed, given_at, refusals) VALUES ($1, $2, $3, 0)
         ON CONFLICT (connection_id) DO UPDATE
         SET sealed = excluded.sealed, given_at = excluded.given_at, refusals = 0",
    )
    .bind(id.0)
    .bind(sealed)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep an authenticator"))
}

/// Forgets a connection's secret.
pub(super) async fn forget(tx: &mut Tx, id: ConnectionId) -> Result<(), StoreError> {
    let forgotten =
        sqlx::query("DELETE FROM authenticators WHERE connection_id = $1").bind(id.0).execute(&mut **tx).await;
    forgotten.map(|_| ()).map_err(failed("forget an authenticator"))
}

#[async_trait]
impl Authenticators for SqlStore {
    async fn give_authenticator(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        take(&mut tx, organization, id).await?.on(ConnectionEvent::CredentialsGiven)?;
        put(&mut tx, id, sealed, now).await?;
        candidates::forget(&mut tx, id, Effect::Enrol).await?;
        let act = Act::new(Action::ConnectionCredentialsGiven).of(organization).on(id);
        Ok(commit_act(tx, act.with(json!({ "given": "totpSecret" })), now).await?)
    }

    async fn authenticator(&self, id: ConnectionId) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed = sqlx::query_scalar(
            "SELECT COALESCE(n.sealed, a.sealed) FROM connections c
             LEFT JOIN candidates n ON n.connection_id = c.id AND n.effect = 'enrol'
             LEFT JOIN authenticators a ON a.connection_id = c.id
             WHERE c.id = $1 AND (n.sealed IS NOT NULL OR a.sealed IS NOT NULL)",
        );
        sealed.bind(id.0).fetch_optional(&self.read).await.map_err(failed("read an authenticator"))
    }

    async fn use_authenticator(&self, fingerprint: [u8; 32], good_until: i64) -> Result<bool, StoreError> {
        sqlx::query(
            "INSERT INTO authenticator_uses (fingerprint, used_until) VALUES ($1, $2)
             ON CONFLICT (fingerprint) DO UPDATE SET used_until = excluded.used_until
             WHERE authenticator_uses.used_until < excluded.used_until",
        )
        .bind(fingerprint.to_vec())
        .bind(good_until)
        .execute(&self.write)
        .await
        .map(|done| done.rows_affected() == 1)
        .map_err(failed("keep that a code was used"))
    }
}
