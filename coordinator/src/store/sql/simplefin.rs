//! SimpleFIN tokens.
//!
//! Not here: what they open; callers read with the tenant and the entity that stand here.

use async_trait::async_trait;
use domain::audit::Action;
use domain::id::{EntityId, OrganizationId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::commit_act;
use super::{SqlStore, failed, found, from_ms, to_ms};
use crate::store::{Act, NewSimpleFinToken, Refused, SimpleFin, SimpleFinToken, StoreError};

const SELECT: &str = "
    SELECT s.id, s.organization_id, s.entity_id, s.name, s.claim_expires_at, s.claimed_at, s.secret_hash,
        s.created_at, s.revoked_at, s.last_used_at, o.slug
    FROM simplefin_tokens s JOIN organizations o ON o.id = s.organization_id";

#[derive(FromRow)]
struct TokenRow {
    id: Uuid,
    organization_id: Uuid,
    slug: String,
    entity_id: Option<Uuid>,
    name: String,
    claim_expires_at: i64,
    claimed_at: Option<i64>,
    secret_hash: Option<Vec<u8>>,
    created_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TokenRow {
    fn read(self) -> Result<SimpleFinToken, StoreError> {
        Ok(SimpleFinToken {
            id: self.id,
            tenant_id: OrganizationId(self.organization_id),
            tenant_slug: self.slug,
            entity_id: self.entity_id.map(EntityId),
            name: self.name,
            claim_expires_at: from_ms(self.claim_expires_at)?,
            claimed_at: self.claimed_at.map(from_ms).transpose()?,
            created_at: from_ms(self.created_at)?,
            revoked_at: self.revoked_at.map(from_ms).transpose()?,
            last_used_at: self.last_used_at.map(from_ms).transpose()?,
        })
    }
}

impl SqlStore {
    async fn token_row(&self, id: Uuid) -> Result<Option<TokenRow>, sqlx::Error> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push(" WHERE s.id = ").push_bind(id);
        query.build_query_as::<TokenRow>().fetch_optional(&self.read).await
    }
}

#[async_trait]
impl SimpleFin for SqlStore {
    async fn create_simplefin_token(&self, new: NewSimpleFinToken, now: Timestamp) -> Result<SimpleFinToken, Refused> {
        let entity = new.entity_id.map(|entity| entity.0);
        let mut tx = self.begin().await?;
        let added = sqlx::query(
            "INSERT INTO simplefin_tokens (id, organization_id, entity_id, name, claim_hash, claim_expires_at, created_at)
             SELECT $1, o.id, $3, $4, $5, $6, $7 FROM organizations o WHERE o.id = $2
                AND ($3 IS NULL OR EXISTS (SELECT 1 FROM entities e WHERE e.id = $3 AND e.organization_id = o.id))",
        )
        .bind(new.id)
        .bind(new.tenant_id.0)
        .bind(entity)
        .bind(&new.name)
        .bind(&new.claim_hash)
        .bind(to_ms(new.claim_expires_at))
        .bind(to_ms(now))
        .execute(&mut *tx)
        .await
        .map_err(failed("keep a SimpleFIN token"))?;
        if added.rows_affected() == 0 {
            return Err(Refused::NotFound);
        }
        let act = Act::new(Action::SimplefinTokenCreated).of(new.tenant_id).to(new.id);
        commit_act(tx, act.with(json!({ "name": new.name, "entityId": new.entity_id })), now).await?;
        Ok(found(self.token_row(new.id).await, "read a SimpleFIN token")?.read()?)
    }

    async fn simplefin_tokens(&self) -> Result<Vec<SimpleFinToken>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push(" ORDER BY s.id");
        let rows = query.build_query_as::<TokenRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list SimpleFIN tokens"))?.into_iter().map(TokenRow::read).collect()
    }

    async fn simplefin_token(&self, id: Uuid) -> Result<Option<(SimpleFinToken, Vec<u8>)>, StoreError> {
        let row = self.token_row(id).await.map_err(failed("read a SimpleFIN token"))?;
        let Some(mut row) = row else { return Ok(None) };
        let Some(secret_hash) = row.secret_hash.take() else { return Ok(None) };
        Ok(Some((row.read()?, secret_hash)))
    }

    async fn claim_simplefin_token(
        &self,
        claim_hash: &[u8],
        secret_hash: &[u8],
        now: Timestamp,
    ) -> Result<Uuid, Refused> {
        let claimed = sqlx::query_scalar::<_, Uuid>(
            "UPDATE simplefin_tokens SET claimed_at = $3, secret_hash = $2
             WHERE claim_hash = $1 AND claimed_at IS NULL AND revoked_at IS NULL AND claim_expires_at > $3 RETURNING id",
        )
        .bind(claim_hash)
        .bind(secret_hash)
        .bind(to_ms(now));
        found(claimed.fetch_optional(&self.write).await, "claim a SimpleFIN token")
    }

    async fn touch_simplefin_token(&self, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE simplefin_tokens SET last_used_at = $2 WHERE id = $1")
            .bind(id)
            .bind(to_ms(now))
            .execute(&self.write)
            .await
            .map(|_| ())
            .map_err(failed("note the use of a SimpleFIN token"))
    }

    async fn revoke_simplefin_token(&self, id: Uuid, now: Timestamp) -> Result<SimpleFinToken, Refused> {
        let mut tx = self.begin().await?;
        let tenant = sqlx::query_scalar::<_, Uuid>(
            "UPDATE simplefin_tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1 RETURNING organization_id",
        );
        let tenant = tenant.bind(id).bind(to_ms(now)).fetch_optional(&mut *tx).await;
        let tenant = OrganizationId(found(tenant, "revoke a SimpleFIN token")?);
        commit_act(tx, Act::new(Action::SimplefinTokenRevoked).of(tenant).to(id), now).await?;
        Ok(found(self.token_row(id).await, "read a SimpleFIN token")?.read()?)
    }
}
