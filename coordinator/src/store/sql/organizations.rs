//! Organizations and API keys.
//!
//! Not here: a key's secret; only its hash comes here.

use async_trait::async_trait;
use domain::id::OrganizationId;
use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::{SqlStore, commit, failed, found, from_json, from_ms, from_word, is_duplicate, to_json, to_ms};
use crate::store::{ApiKey, NewOrganization, Organization, Organizations, Refused, StoreError};

/// The id by which every organization's default entity goes.
const DEFAULT_ENTITY: &str = "default";

#[derive(FromRow)]
struct KeyRow {
    id: String,
    organization_id: Uuid,
    environment: String,
    name: String,
    scopes: String,
    secret_hash: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl KeyRow {
    fn read(self) -> Result<ApiKey, StoreError> {
        Ok(ApiKey {
            id: self.id,
            organization_id: OrganizationId(self.organization_id),
            environment: from_word(&self.environment, "key's environment")?,
            name: self.name,
            scopes: from_json(&self.scopes, "key's scopes")?,
            secret_hash: self.secret_hash,
            created_at: from_ms(self.created_at)?,
            expires_at: self.expires_at.map(from_ms).transpose()?,
            revoked_at: self.revoked_at.map(from_ms).transpose()?,
            last_used_at: self.last_used_at.map(from_ms).transpose()?,
        })
    }
}

#[async_trait]
impl Organizations for SqlStore {
    async fn create_organization(&self, new: NewOrganization, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        let insert = sqlx::query("INSERT INTO organizations (id, slug, data_key, created_at) VALUES ($1, $2, $3, $4)")
            .bind(new.id.0)
            .bind(&new.slug)
            .bind(&new.data_key)
            .bind(to_ms(now));
        match insert.execute(&mut *tx).await {
            Err(error) if is_duplicate(&error) => return Err(Refused::Duplicate),
            other => other.map_err(failed("add an organization"))?,
        };
        sqlx::query(
            "INSERT INTO entities (id, organization_id, external_entity_id, is_default, contact_emails, metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, '[]', '{}', $5, $5)",
        )
        .bind(Uuid::now_v7())
        .bind(new.id.0)
        .bind(DEFAULT_ENTITY)
        .bind(true)
        .bind(to_ms(now))
        .execute(&mut *tx)
        .await
        .map_err(failed("add a default entity"))?;
        Ok(commit(tx).await?)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let rows = sqlx::query_as::<_, (Uuid, String, i64)>(
            "SELECT id, slug, created_at FROM organizations ORDER BY created_at, id",
        );
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list organizations"))?;
        let read = |(id, slug, created_at): (Uuid, String, i64)| {
            Ok(Organization { id: OrganizationId(id), slug, created_at: from_ms(created_at)? })
        };
        rows.into_iter().map(read).collect()
    }

    async fn data_key(&self, organization: OrganizationId) -> Result<Vec<u8>, Refused> {
        let key = sqlx::query_scalar("SELECT data_key FROM organizations WHERE id = $1").bind(organization.0);
        found(key.fetch_optional(&self.read).await, "read a data key")
    }

    async fn create_key(&self, key: ApiKey) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO api_keys (id, organization_id, environment, name, scopes, secret_hash, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&key.id)
        .bind(key.organization_id.0)
        .bind(key.environment.as_str())
        .bind(&key.name)
        .bind(to_json(&key.scopes, "key's scopes")?)
        .bind(&key.secret_hash)
        .bind(to_ms(key.created_at))
        .bind(key.expires_at.map(to_ms))
        .execute(&self.write)
        .await
        .map(|_| ())
        .map_err(failed("keep an API key"))
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows = sqlx::query_as::<_, KeyRow>("SELECT * FROM api_keys ORDER BY created_at, id");
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list API keys"))?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        let row = sqlx::query_as::<_, KeyRow>("SELECT * FROM api_keys WHERE id = $1").bind(id);
        let row = row.fetch_optional(&self.read).await.map_err(failed("read an API key"))?;
        row.map(KeyRow::read).transpose()
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

    async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<(), Refused> {
        let revoked = sqlx::query("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1")
            .bind(id)
            .bind(to_ms(now))
            .execute(&self.write)
            .await
            .map_err(failed("revoke an API key"))?;
        if revoked.rows_affected() == 0 { Err(Refused::NotFound) } else { Ok(()) }
    }
}
