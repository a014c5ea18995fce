//! Entities.
//!
//! Not here: the default entity, which comes with its organization.

use async_trait::async_trait;
use domain::id::{EntityId, OrganizationId};
use jiff::Timestamp;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::{SqlStore, failed, found, from_json, from_ms, is_duplicate, push_page, to_json, to_ms};
use crate::store::{Entities, Entity, NewEntity, PageRequest, Refused, StoreError};

#[derive(FromRow)]
struct EntityRow {
    id: Uuid,
    external_entity_id: String,
    is_default: bool,
    name: Option<String>,
    contact_emails: String,
    metadata: String,
    created_at: i64,
    updated_at: i64,
}

impl EntityRow {
    fn read(self) -> Result<Entity, StoreError> {
        Ok(Entity {
            id: EntityId(self.id),
            external_entity_id: self.external_entity_id,
            is_default: self.is_default,
            name: self.name,
            contact_emails: from_json(&self.contact_emails, "entity's e-mail addresses")?,
            metadata: from_json(&self.metadata, "entity's metadata")?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[async_trait]
impl Entities for SqlStore {
    async fn create_entity(&self, new: NewEntity, now: Timestamp) -> Result<Entity, Refused> {
        let row = sqlx::query_as::<_, EntityRow>(
            "INSERT INTO entities (id, organization_id, external_entity_id, is_default, name, contact_emails, metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING *",
        )
        .bind(new.id.0)
        .bind(new.organization_id.0)
        .bind(&new.external_entity_id)
        .bind(false)
        .bind(&new.name)
        .bind(to_json(&new.contact_emails, "entity's e-mail addresses")?)
        .bind(to_json(&new.metadata, "entity's metadata")?)
        .bind(to_ms(now))
        .fetch_one(&self.write)
        .await;
        match row {
            Err(error) if is_duplicate(&error) => Err(Refused::Duplicate),
            row => Ok(row.map_err(failed("add an entity"))?.read()?),
        }
    }

    async fn entities(
        &self,
        organization: OrganizationId,
        external_entity_id: Option<&str>,
        page: PageRequest,
    ) -> Result<Vec<Entity>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT * FROM entities WHERE organization_id = ");
        query.push_bind(organization.0);
        if let Some(external) = external_entity_id {
            query.push(" AND external_entity_id = ").push_bind(external.to_owned());
        }
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<EntityRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list entities"))?.into_iter().map(EntityRow::read).collect()
    }

    async fn entity(&self, organization: OrganizationId, id: EntityId) -> Result<Entity, Refused> {
        let row = sqlx::query_as::<_, EntityRow>("SELECT * FROM entities WHERE organization_id = $1 AND id = $2")
            .bind(organization.0)
            .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read an entity")?.read()?)
    }
}
