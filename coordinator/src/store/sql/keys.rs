//! API keys, each read together with the organization that it belongs to.
//!
//! Not here: a key's secret; only its hash comes here.

use async_trait::async_trait;
use domain::audit::Action;
use domain::id::OrganizationId;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::commit_act;
use super::{SqlStore, Tx, failed, found, from_json, from_ms, from_word, to_json, to_ms};
use crate::store::{
    Act, ApiKey, KeyFilter, KeyPageRequest, KeyPosition, Keys, NewApiKey, Refused, RotatedKey, StoreError,
};

/// Keys with their organization: `l` is the live tenant of `t`, which may be the same.
const SELECT: &str =
    "SELECT k.id, k.organization_id, k.environment, k.name, k.scopes, k.secret_hash, k.replaces, k.created_at,
         k.expires_at, k.revoked_at, k.last_used_at, l.id AS live_id, l.slug
     FROM api_keys k JOIN organizations t ON t.id = k.organization_id
     JOIN organizations l ON l.id = COALESCE(t.live_id, t.id) WHERE ";

#[derive(FromRow)]
struct KeyRow {
    id: String,
    organization_id: Uuid,
    live_id: Uuid,
    slug: String,
    environment: String,
    name: String,
    scopes: String,
    secret_hash: Vec<u8>,
    replaces: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl KeyRow {
    fn read(self) -> Result<ApiKey, StoreError> {
        Ok(ApiKey {
            id: self.id,
            organization_id: OrganizationId(self.live_id),
            organization_slug: self.slug,
            tenant_id: OrganizationId(self.organization_id),
            environment: from_word(&self.environment, "key's environment")?,
            name: self.name,
            scopes: from_json(&self.scopes, "key's scopes")?,
            secret_hash: self.secret_hash,
            replaces: self.replaces,
            created_at: from_ms(self.created_at)?,
            expires_at: self.expires_at.map(from_ms).transpose()?,
            revoked_at: self.revoked_at.map(from_ms).transpose()?,
            last_used_at: self.last_used_at.map(from_ms).transpose()?,
        })
    }
}

#[async_trait]
impl Keys for SqlStore {
    async fn create_key(&self, key: NewApiKey, now: Timestamp) -> Result<ApiKey, Refused> {
        let mut tx = self.begin().await?;
        insert(&mut tx, &key, None, now).await?;
        let made = read(&mut tx, &key.id).await?;
        let act = Act::new(Action::KeyCreated).of(made.tenant_id).to(&made.id);
        let detail = json!({ "name": made.name, "scopes": made.scopes, "expiresAt": made.expires_at });
        commit_act(tx, act.with(detail), now).await?;
        Ok(made)
    }

    async fn keys(&self, filter: KeyFilter, page: KeyPageRequest) -> Result<Vec<ApiKey>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("1 = 1");
        if let Some(organization) = filter.organization_id {
            query.push(" AND l.id = ").push_bind(organization.0);
        }
        if let Some(environment) = filter.environment {
            query.push(" AND k.environment = ").push_bind(environment.as_str());
        }
        if let Some(KeyPosition(created_at, id)) = page.after {
            query.push(" AND (k.created_at, k.id) > (").push_bind(created_at).push(", ").push_bind(id).push(")");
        }
        query.push(" ORDER BY k.created_at, k.id LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<KeyRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list API keys"))?.into_iter().map(KeyRow::read).collect()
    }

    async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        // Three look-ups by primary key in one statement: this is asked at every request.
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("k.id = ").push_bind(id.to_owned());
        let row = query.build_query_as::<KeyRow>().fetch_optional(&self.read).await;
        row.map_err(failed("read an API key"))?.map(KeyRow::read).transpose()
    }

    async fn touch_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1")
            .bind(id)
            .bind(to_ms(now))
            .execute(&self.write)
            .await
            .map(|_| ())
            .map_err(failed("note the use of an API key"))
    }

    async fn rotate_key(
        &self,
        id: &str,
        new: RotatedKey,
        old_ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<ApiKey, Refused> {
        let mut tx = self.begin().await?;
        let old = lock_in_force(&mut tx, id, now).await?;
        let replaced = sqlx::query_scalar::<_, String>("SELECT id FROM api_keys WHERE replaces = $1").bind(id);
        if replaced.fetch_optional(&mut *tx).await.map_err(failed("look for a key's successor"))?.is_some() {
            return Err(Refused::KeyReplaced);
        }
        let ends_at = old.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at));
        set_end(&mut tx, id, ends_at).await?;
        let expires_at = old.expires_at.map(|end| {
            let made_for = end.duration_since(old.created_at);
            now.saturating_add(made_for).unwrap_or(Timestamp::MAX)
        });
        let key = NewApiKey {
            id: new.id,
            tenant_id: old.tenant_id,
            environment: old.environment,
            name: old.name,
            scopes: old.scopes,
            secret_hash: new.secret_hash,
            expires_at,
        };
        insert(&mut tx, &key, Some(id), now).await?;
        let made = read(&mut tx, &key.id).await?;
        let act = Act::new(Action::KeyRotated).of(made.tenant_id).to(id);
        commit_act(tx, act.with(json!({ "successor": made.id, "worksUntil": ends_at })), now).await?;
        Ok(made)
    }

    async fn expire_key(&self, id: &str, at: Timestamp, now: Timestamp) -> Result<ApiKey, Refused> {
        let mut tx = self.begin().await?;
        lock_in_force(&mut tx, id, now).await?;
        set_end(&mut tx, id, at).await?;
        let key = read(&mut tx, id).await?;
        let act = Act::new(Action::KeyEndSet).of(key.tenant_id).to(id);
        commit_act(tx, act.with(json!({ "expiresAt": at })), now).await?;
        Ok(key)
    }

    async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<ApiKey, Refused> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1")
            .bind(id)
            .bind(to_ms(now))
            .execute(&mut *tx)
            .await
            .map_err(failed("revoke an API key"))?;
        let key = read(&mut tx, id).await?;
        commit_act(tx, Act::new(Action::KeyRevoked).of(key.tenant_id).to(id), now).await?;
        Ok(key)
    }
}

async fn insert(tx: &mut Tx, key: &NewApiKey, replaces: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO api_keys (id, organization_id, environment, name, scopes, secret_hash, replaces, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&key.id)
    .bind(key.tenant_id.0)
    .bind(key.environment.as_str())
    .bind(&key.name)
    .bind(to_json(&key.scopes, "key's scopes")?)
    .bind(&key.secret_hash)
    .bind(replaces)
    .bind(to_ms(now))
    .bind(key.expires_at.map(to_ms))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep an API key"))
}

async fn read(tx: &mut Tx, id: &str) -> Result<ApiKey, Refused> {
    let mut query = QueryBuilder::<Db>::new(SELECT);
    query.push("k.id = ").push_bind(id.to_owned());
    let row = query.build_query_as::<KeyRow>().fetch_optional(&mut **tx).await;
    Ok(found(row, "read an API key")?.read()?)
}

/// Takes a key's row; it has to be in force.
async fn lock_in_force(tx: &mut Tx, id: &str, now: Timestamp) -> Result<ApiKey, Refused> {
    sqlx::query("UPDATE api_keys SET name = name WHERE id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await
        .map_err(failed("take an API key's row"))?;
    let key = read(tx, id).await?;
    if key.is_in_force(now) { Ok(key) } else { Err(Refused::KeyEnded) }
}

async fn set_end(tx: &mut Tx, id: &str, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_keys SET expires_at = $2 WHERE id = $1")
        .bind(id)
        .bind(to_ms(at))
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("set an API key's end"))
}
