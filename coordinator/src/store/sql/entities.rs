//! Entities.
//!
//! Not here: the default entity, which comes with its organization.

use async_trait::async_trait;
use domain::audit::Action;
use domain::id::{ConnectionId, EntityId, OrganizationId};
use jiff::Timestamp;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::write;
use super::{
    SqlStore, Tx, commit, failed, found, from_json, from_ms, is_duplicate, pools, push_page, schedules, stream,
    to_json, to_ms, transition,
};
use crate::store::{Act, Entities, Entity, EntityPatch, NewEntity, NewName, PageRequest, Refused, StoreError};

#[derive(FromRow)]
struct EntityRow {
    id: Uuid,
    external_entity_id: String,
    is_default: bool,
    name: Option<String>,
    contact_emails: String,
    metadata: String,
    attended: Option<String>,
    created_at: i64,
    updated_at: i64,
}

/// The columns of an entity.
macro_rules! columns {
    () => {
        "id, external_entity_id, is_default, name, contact_emails, metadata, attended, created_at, updated_at"
    };
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
            attended: self.attended.map(|kept| from_json(&kept, "attended hours")).transpose()?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[async_trait]
impl Entities for SqlStore {
    async fn create_entity(&self, new: NewEntity, now: Timestamp) -> Result<Entity, Refused> {
        let row = sqlx::query_as::<_, EntityRow>(concat!(
            "INSERT INTO entities (id, organization_id, external_entity_id, is_default, name, contact_emails, metadata,
                                       created_at, updated_at, attended)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) RETURNING ",
            columns!()
        ))
        .bind(new.id.0)
        .bind(new.organization_id.0)
        .bind(&new.external_entity_id)
        .bind(false)
        .bind(&new.name)
        .bind(to_json(&new.contact_emails, "entity's e-mail addresses")?)
        .bind(to_json(&new.metadata, "entity's metadata")?)
        .bind(to_ms(now))
        .bind(new.attended.as_ref().map(|hours| to_json(hours, "attended hours")).transpose()?)
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
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", columns!(), " FROM entities WHERE organization_id = "));
        query.push_bind(organization.0);
        if let Some(external) = external_entity_id {
            query.push(" AND external_entity_id = ").push_bind(external.to_owned());
        }
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<EntityRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list entities"))?.into_iter().map(EntityRow::read).collect()
    }

    async fn entity(&self, organization: OrganizationId, id: EntityId) -> Result<Entity, Refused> {
        let row = sqlx::query_as::<_, EntityRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM entities WHERE organization_id = $1 AND id = $2"
        ))
        .bind(organization.0)
        .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read an entity")?.read()?)
    }

    async fn update_entity(
        &self,
        organization: OrganizationId,
        id: EntityId,
        patch: EntityPatch,
        now: Timestamp,
    ) -> Result<Entity, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, organization, id).await?.read()?;
        let name = match patch.name {
            Some(NewName::Set(name)) => Some(name),
            Some(NewName::Cleared) => None,
            None => before.name.clone(),
        };
        let contact_emails = patch.contact_emails.unwrap_or_else(|| before.contact_emails.clone());
        let metadata = patch.metadata.unwrap_or_else(|| before.metadata.clone());
        let attended = patch.attended.unwrap_or_else(|| before.attended.clone());
        let is_attended_otherwise = attended != before.attended;
        if (&name, &contact_emails, &metadata) == (&before.name, &before.contact_emails, &before.metadata)
            && !is_attended_otherwise
        {
            return Ok(before);
        }
        let row = sqlx::query_as::<_, EntityRow>(
            concat!("UPDATE entities SET name = $2, contact_emails = $3, metadata = $4, updated_at = $5, attended = $6 WHERE id = $1 RETURNING ", columns!()),
        )
        .bind(id.0)
        .bind(name)
        .bind(to_json(&contact_emails, "entity's e-mail addresses")?)
        .bind(to_json(&metadata, "entity's metadata")?)
        .bind(to_ms(now))
        .bind(attended.as_ref().map(|hours| to_json(hours, "attended hours")).transpose()?)
        .fetch_one(&mut *tx)
        .await
        .map_err(failed("change an entity"))?;
        if is_attended_otherwise {
            schedules::reconsider_of(&mut tx, organization, Some(id)).await?;
        }
        commit(tx).await?;
        Ok(row.read()?)
    }

    async fn delete_entity(&self, organization: OrganizationId, id: EntityId, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        if take(&mut tx, organization, id).await?.is_default {
            return Err(Refused::DefaultEntity);
        }
        // No connection is added from here on: that takes the entity's row, too.
        let connections =
            sqlx::query_scalar::<_, Uuid>("SELECT id FROM connections WHERE entity_id = $1 ORDER BY id").bind(id.0);
        let connections = connections.fetch_all(&mut *tx).await.map_err(failed("list an entity's connections"))?;
        for connection in &connections {
            transition::take(&mut tx, organization, ConnectionId(*connection)).await?;
            pools::release(&mut tx, ConnectionId(*connection), now).await?;
        }
        let open = sqlx::query_scalar::<_, i64>(
            "SELECT COUNT(*) FROM runs r JOIN connections c ON c.id = r.connection_id
             WHERE c.entity_id = $1 AND r.finished_at IS NULL",
        );
        if open.bind(id.0).fetch_one(&mut *tx).await.map_err(failed("look for open runs"))? > 0 {
            return Err(Refused::EntitySyncing);
        }
        stream::publish_removal(&mut tx, organization, id.0, now).await?;
        sqlx::query("DELETE FROM entities WHERE id = $1")
            .bind(id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("delete an entity"))?;
        let deleted = |connection| Act::new(Action::ConnectionDeleted).of(organization).on(ConnectionId(connection));
        let mut acts: Vec<Act> = connections.into_iter().map(deleted).collect();
        acts.push(Act::new(Action::EntityDeleted).of(organization).to(id));
        write(&mut tx, acts, now).await?;
        Ok(commit(tx).await?)
    }
}

/// Takes the entity's row for this transaction, before any of its connections'.
async fn take(tx: &mut Tx, organization: OrganizationId, id: EntityId) -> Result<EntityRow, Refused> {
    let row = sqlx::query_as::<_, EntityRow>(concat!(
        "UPDATE entities SET updated_at = updated_at WHERE organization_id = $1 AND id = $2 RETURNING ",
        columns!()
    ))
    .bind(organization.0)
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await;
    found(row, "take an entity")
}
