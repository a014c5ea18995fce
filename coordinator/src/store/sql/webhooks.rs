//! Webhook endpoints and the outbox.
//!
//! Not here: sending; the dispatcher takes what is due from here.

use async_trait::async_trait;
use domain::id::{OrganizationId, WebhookId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::{SqlStore, Tx, commit, failed, found, from_json, from_ms, from_word, push_page, to_json, to_ms};
use crate::store::{Delivery, DeliveryOutcome, NewWebhook, PageRequest, Refused, StoreError, Webhook, Webhooks};
use domain::event::EventType;

#[derive(FromRow)]
struct WebhookRow {
    id: Uuid,
    url: String,
    events: String,
    active: bool,
    metadata: String,
    created_at: i64,
    updated_at: i64,
}

impl WebhookRow {
    fn read(self) -> Result<Webhook, StoreError> {
        Ok(Webhook {
            id: WebhookId(self.id),
            url: from_word(&self.url, "webhook URL")?,
            events: from_json(&self.events, "webhook's events")?,
            active: self.active,
            metadata: from_json(&self.metadata, "webhook's metadata")?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
struct DeliveryRow {
    id: Uuid,
    organization_id: Uuid,
    webhook_id: Uuid,
    url: String,
    secret_sealed: Vec<u8>,
    event_id: Uuid,
    event_type: String,
    data: String,
    created_at: i64,
    attempt: i64,
}

impl DeliveryRow {
    fn read(self) -> Result<Delivery, StoreError> {
        Ok(Delivery {
            id: self.id,
            organization_id: OrganizationId(self.organization_id),
            webhook_id: WebhookId(self.webhook_id),
            url: from_word(&self.url, "webhook URL")?,
            secret_sealed: self.secret_sealed,
            event_id: self.event_id,
            event_type: self.event_type,
            data: from_json(&self.data, "event")?,
            created_at: from_ms(self.created_at)?,
            attempt: u32::try_from(self.attempt).unwrap_or(u32::MAX),
        })
    }
}

/// Puts an event into the outbox, with a delivery for every endpoint that wants it.
pub(super) async fn emit(
    tx: &mut Tx,
    organization: OrganizationId,
    event_type: EventType,
    data: Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event_id = Uuid::now_v7();
    sqlx::query("INSERT INTO webhook_events (id, organization_id, type, data, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(event_id)
        .bind(organization.0)
        .bind(event_type.as_str())
        .bind(to_json(&data, "event")?)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("keep an event"))?;
    let endpoints = sqlx::query_as::<_, (Uuid, String)>(
        "SELECT id, events FROM webhooks WHERE organization_id = $1 AND active ORDER BY id",
    )
    .bind(organization.0)
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read webhooks"))?;
    for (webhook_id, events) in endpoints {
        let events: Vec<String> = from_json(&events, "webhook's events")?;
        if !events.iter().any(|wanted| wanted == event_type.as_str()) {
            continue;
        }
        sqlx::query(
            "INSERT INTO webhook_deliveries (id, webhook_id, event_id, state, attempt, due_at, created_at)
             VALUES ($1, $2, $3, 'pending', 0, $4, $4)",
        )
        .bind(Uuid::now_v7())
        .bind(webhook_id)
        .bind(event_id)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("queue a delivery"))?;
    }
    Ok(())
}

#[async_trait]
impl Webhooks for SqlStore {
    async fn create_webhook(&self, new: NewWebhook, now: Timestamp) -> Result<Webhook, Refused> {
        let row = sqlx::query_as::<_, WebhookRow>(
            "INSERT INTO webhooks (id, organization_id, url, events, secret_sealed, active, metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
             RETURNING id, url, events, active, metadata, created_at, updated_at",
        )
        .bind(new.id.0)
        .bind(new.organization_id.0)
        .bind(new.url.as_str())
        .bind(to_json(&new.events, "webhook's events")?)
        .bind(&new.secret_sealed)
        .bind(true)
        .bind(to_json(&new.metadata, "webhook's metadata")?)
        .bind(to_ms(now))
        .fetch_one(&self.write)
        .await;
        Ok(row.map_err(failed("add a webhook"))?.read()?)
    }

    async fn webhooks(&self, organization: OrganizationId, page: PageRequest) -> Result<Vec<Webhook>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT id, url, events, active, metadata, created_at, updated_at FROM webhooks WHERE organization_id = ",
        );
        query.push_bind(organization.0);
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<WebhookRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list webhooks"))?.into_iter().map(WebhookRow::read).collect()
    }

    async fn webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<Webhook, Refused> {
        let row = sqlx::query_as::<_, WebhookRow>(
            "SELECT id, url, events, active, metadata, created_at, updated_at FROM webhooks WHERE organization_id = $1 AND id = $2",
        )
        .bind(organization.0)
        .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read a webhook")?.read()?)
    }

    async fn delete_webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<(), Refused> {
        let deleted = sqlx::query("DELETE FROM webhooks WHERE organization_id = $1 AND id = $2")
            .bind(organization.0)
            .bind(id.0)
            .execute(&self.write)
            .await
            .map_err(failed("delete a webhook"))?;
        if deleted.rows_affected() == 0 { Err(Refused::NotFound) } else { Ok(()) }
    }

    async fn claim_deliveries(
        &self,
        limit: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut tx = self.begin().await?;
        // A second claim of the same rows waits for the first and then finds that they
        // aren't due any more.
        let claimed = sqlx::query_scalar::<_, Uuid>(
            "UPDATE webhook_deliveries SET due_at = $2, attempt = attempt + 1
             WHERE state = 'pending' AND due_at <= $1 AND id IN (
                 SELECT id FROM webhook_deliveries WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at, id LIMIT $3)
             RETURNING id",
        )
        .bind(to_ms(now))
        .bind(to_ms(until))
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await
        .map_err(failed("claim deliveries"))?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Db>::new(
            "SELECT d.id, w.organization_id, d.webhook_id, w.url, w.secret_sealed, d.event_id, e.type AS event_type,
                    e.data, e.created_at, d.attempt
             FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN webhook_events e ON e.id = d.event_id
             WHERE d.id IN (",
        );
        let mut ids = query.separated(", ");
        for id in claimed {
            ids.push_bind(id);
        }
        query.push(") ORDER BY d.id");
        let rows = query.build_query_as::<DeliveryRow>().fetch_all(&mut *tx).await;
        let rows = rows.map_err(failed("read deliveries"))?;
        commit(tx).await?;
        rows.into_iter().map(DeliveryRow::read).collect()
    }

    async fn settle_delivery(
        &self,
        delivery: &Delivery,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (state, due_at, status, error) = match outcome {
            DeliveryOutcome::Delivered { status } => ("delivered", now, Some(status), None),
            DeliveryOutcome::TryAgain { at, status, error } => ("pending", at, status, Some(error)),
            DeliveryOutcome::GivenUp { status, error } => ("failed", now, status, Some(error)),
        };
        sqlx::query(
            "UPDATE webhook_deliveries SET state = $2, due_at = $3, last_status = $4, last_error = $5, settled_at = $6
             WHERE id = $1 AND state = 'pending' AND attempt = $7",
        )
        .bind(delivery.id)
        .bind(state)
        .bind(to_ms(due_at))
        .bind(status.map(i64::from))
        .bind(error)
        .bind((state != "pending").then(|| to_ms(now)))
        .bind(i64::from(delivery.attempt))
        .execute(&self.write)
        .await
        .map(|_| ())
        .map_err(failed("settle a delivery"))
    }

    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due =
            sqlx::query_scalar::<_, Option<i64>>("SELECT MIN(due_at) FROM webhook_deliveries WHERE state = 'pending'");
        let due = due.fetch_one(&self.read).await.map_err(failed("read the next delivery"))?;
        due.map(from_ms).transpose()
    }
}
