//! Webhook endpoints, and what goes into the outbox.
//!
//! Not here: what is taken out of it (`outbox`).

use async_trait::async_trait;
use domain::audit::Action;
use domain::event::{DeliveryState, EventType};
use domain::id::{OrganizationId, WebhookId};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::commit_act;
use super::{HOLD, SqlStore, Tx, failed, found, from_json, from_ms, from_word, push_page, to_json, to_ms};
use crate::store::{
    Act, DeliveryRecord, NewWebhook, PageRequest, Refused, StoreError, Webhook, WebhookPatch, Webhooks,
};

/// Why a delivery fails whose endpoint somebody switched off.
const SWITCHED_OFF: &str = "the endpoint was switched off";

/// What [`WebhookRow`] is read from.
macro_rules! columns {
    () => {
        "id, url, events, active, metadata, last_delivered_at, disabled_at, previous_secret_until, created_at, updated_at"
    };
}

#[derive(FromRow)]
struct WebhookRow {
    id: Uuid,
    url: String,
    events: String,
    active: bool,
    metadata: String,
    last_delivered_at: Option<i64>,
    disabled_at: Option<i64>,
    previous_secret_until: Option<i64>,
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
            last_delivered_at: self.last_delivered_at.map(from_ms).transpose()?,
            disabled_at: self.disabled_at.map(from_ms).transpose()?,
            previous_secret_until: self.previous_secret_until.map(from_ms).transpose()?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

/// What [`RecordRow`] is read from.
const RECORDS: &str = "SELECT d.id, d.event_id, e.type AS event_type, d.state, d.attempt, d.last_status, d.last_error, \
     d.created_at, d.due_at, d.settled_at, d.redelivers \
     FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE ";

#[derive(FromRow)]
struct RecordRow {
    id: Uuid,
    event_id: Uuid,
    event_type: String,
    state: String,
    attempt: i64,
    last_status: Option<i64>,
    last_error: Option<String>,
    created_at: i64,
    due_at: i64,
    settled_at: Option<i64>,
    redelivers: Option<Uuid>,
}

impl RecordRow {
    fn read(self) -> Result<DeliveryRecord, StoreError> {
        let state = from_word(&self.state, "delivery's state")?;
        Ok(DeliveryRecord {
            id: self.id,
            event_id: self.event_id,
            event_type: from_word(&self.event_type, "event's type")?,
            state,
            attempts: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            last_status: self.last_status.and_then(|status| u16::try_from(status).ok()),
            last_error: self.last_error,
            created_at: from_ms(self.created_at)?,
            due_at: (state == DeliveryState::Pending).then(|| from_ms(self.due_at)).transpose()?,
            settled_at: self.settled_at.map(from_ms).transpose()?,
            redelivers: self.redelivers,
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
    let event_id = keep_event(tx, organization, event_type, &data, now).await?;
    let endpoints = sqlx::query_as::<_, (Uuid, String)>(
        "SELECT id, events FROM webhooks WHERE organization_id = $1 AND active ORDER BY id",
    )
    .bind(organization.0)
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read webhooks"))?;
    for (webhook_id, events) in endpoints {
        let events: Vec<String> = from_json(&events, "webhook's events")?;
        if events.iter().any(|wanted| wanted == event_type.as_str()) {
            queue(tx, webhook_id, event_id, None, now).await?;
        }
    }
    Ok(())
}

async fn keep_event(
    tx: &mut Tx,
    organization: OrganizationId,
    event_type: EventType,
    data: &Value,
    now: Timestamp,
) -> Result<Uuid, StoreError> {
    let event_id = Uuid::now_v7();
    sqlx::query("INSERT INTO webhook_events (id, organization_id, type, data, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(event_id)
        .bind(organization.0)
        .bind(event_type.as_str())
        .bind(to_json(data, "event")?)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("keep an event"))?;
    Ok(event_id)
}

/// Adds a delivery of an event; its id.
async fn queue(
    tx: &mut Tx,
    webhook_id: Uuid,
    event_id: Uuid,
    redelivers: Option<Uuid>,
    now: Timestamp,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, state, attempt, due_at, created_at, redelivers)
         VALUES ($1, $2, $3, 'pending', 0, $4, $4, $5)",
    )
    .bind(id)
    .bind(webhook_id)
    .bind(event_id)
    .bind(to_ms(now))
    .bind(redelivers)
    .execute(&mut **tx)
    .await
    .map_err(failed("queue a delivery"))?;
    Ok(id)
}

/// Fails what is pending for an endpoint.
pub(super) async fn fail_pending(
    tx: &mut Tx,
    webhook_id: WebhookId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhook_deliveries SET state = 'failed', last_error = $2, settled_at = $3
         WHERE webhook_id = $1 AND state = 'pending'",
    )
    .bind(webhook_id.0)
    .bind(reason)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("fail pending deliveries"))
}

/// Takes an endpoint's row for this transaction; the endpoint must be active. Its events.
async fn take_active(tx: &mut Tx, organization: OrganizationId, id: WebhookId) -> Result<Vec<String>, Refused> {
    let row = sqlx::query_as::<_, (bool, String)>(
        "UPDATE webhooks SET updated_at = updated_at WHERE organization_id = $1 AND id = $2 RETURNING active, events",
    )
    .bind(organization.0)
    .bind(id.0);
    let (active, events) = found(row.fetch_optional(&mut **tx).await, "take a webhook")?;
    if !active {
        return Err(Refused::WebhookInactive);
    }
    Ok(from_json(&events, "webhook's events")?)
}

async fn record(tx: &mut Tx, id: Uuid) -> Result<DeliveryRecord, StoreError> {
    let mut query = QueryBuilder::<Db>::new(RECORDS);
    query.push("d.id = ").push_bind(id);
    let row = query.build_query_as::<RecordRow>().fetch_one(&mut **tx).await;
    row.map_err(failed("read a delivery"))?.read()
}

#[async_trait]
impl Webhooks for SqlStore {
    async fn create_webhook(&self, new: NewWebhook, at_most: u32, now: Timestamp) -> Result<Webhook, Refused> {
        let mut tx = self.begin().await?;
        // The organization's row is taken, so that two can't both be the last.
        sqlx::query("UPDATE organizations SET slug = slug WHERE id = $1")
            .bind(new.organization_id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("take an organization"))?;
        let count = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM webhooks WHERE organization_id = $1");
        let count = count.bind(new.organization_id.0).fetch_one(&mut *tx).await.map_err(failed("count webhooks"))?;
        if count >= i64::from(at_most) {
            return Err(Refused::WebhookLimit);
        }
        let row = sqlx::query_as::<_, WebhookRow>(concat!(
            "INSERT INTO webhooks (id, organization_id, url, events, secret_sealed, active, metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, TRUE, $6, $7, $7) RETURNING ",
            columns!()
        ))
        .bind(new.id.0)
        .bind(new.organization_id.0)
        .bind(new.url.as_str())
        .bind(to_json(&new.events, "webhook's events")?)
        .bind(&new.secret_sealed)
        .bind(to_json(&new.metadata, "webhook's metadata")?)
        .bind(to_ms(now))
        .fetch_one(&mut *tx)
        .await
        .map_err(failed("add a webhook"))?;
        let webhook = row.read()?;
        let act = Act::new(Action::WebhookCreated).of(new.organization_id).to(new.id);
        commit_act(tx, act.with(json!({ "host": webhook.url.host_str(), "events": webhook.events })), now).await?;
        Ok(webhook)
    }

    async fn webhooks(&self, organization: OrganizationId, page: PageRequest) -> Result<Vec<Webhook>, StoreError> {
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", columns!(), " FROM webhooks WHERE organization_id = "));
        query.push_bind(organization.0);
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<WebhookRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list webhooks"))?.into_iter().map(WebhookRow::read).collect()
    }

    async fn webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<Webhook, Refused> {
        let row = sqlx::query_as::<_, WebhookRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM webhooks WHERE organization_id = $1 AND id = $2"
        ))
        .bind(organization.0)
        .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read a webhook")?.read()?)
    }

    async fn change_webhook(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        patch: WebhookPatch,
        now: Timestamp,
    ) -> Result<Webhook, Refused> {
        let mut tx = self.begin().await?;
        let events = patch.events.map(|events| to_json(&events, "webhook's events")).transpose()?;
        let metadata = patch.metadata.map(|metadata| to_json(&metadata, "webhook's metadata")).transpose()?;
        let mut held = QueryBuilder::<Db>::new("SELECT active FROM webhooks WHERE organization_id = ");
        held.push_bind(organization.0).push(" AND id = ").push_bind(id.0).push(HOLD);
        let held = held.build_query_scalar::<bool>().fetch_optional(&mut *tx).await;
        let was_active = found(held, "take a webhook")?;
        // Failures count against an address and a time of being active.
        let row = sqlx::query_as::<_, WebhookRow>(concat!(
            "UPDATE webhooks SET
                 failures = CASE WHEN ($3 IS NULL OR $3 = url) AND ($5 IS NULL OR $5 = active) THEN failures ELSE 0 END,
                 quiet_until = CASE WHEN ($3 IS NULL OR $3 = url) AND ($5 IS NULL OR $5 = active) THEN quiet_until ELSE 0 END,
                 disabled_at = CASE WHEN $5 = TRUE THEN NULL ELSE disabled_at END,
                 url = COALESCE($3, url), events = COALESCE($4, events), active = COALESCE($5, active),
                 metadata = COALESCE($6, metadata), updated_at = $7
             WHERE organization_id = $1 AND id = $2 RETURNING ",
            columns!()
        ))
        .bind(organization.0)
        .bind(id.0)
        .bind(patch.url.as_ref().map(url::Url::as_str))
        .bind(events)
        .bind(patch.active)
        .bind(metadata)
        .bind(to_ms(now))
        .fetch_optional(&mut *tx)
        .await;
        let row = found(row, "change a webhook")?;
        // What was queued while it was being switched off doesn't wait for years, either.
        if !row.active || !was_active {
            fail_pending(&mut tx, id, SWITCHED_OFF, now).await?;
        }
        let webhook = row.read()?;
        let detail = json!({ "host": webhook.url.host_str(), "events": webhook.events, "active": webhook.active });
        commit_act(tx, Act::new(Action::WebhookChanged).of(organization).to(id).with(detail), now).await?;
        Ok(webhook)
    }

    async fn rotate_webhook_secret(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        secret_sealed: Vec<u8>,
        overlap_until: Timestamp,
        now: Timestamp,
    ) -> Result<Webhook, Refused> {
        let mut tx = self.begin().await?;
        let row = sqlx::query_as::<_, WebhookRow>(concat!(
            "UPDATE webhooks SET previous_secret_sealed = secret_sealed, previous_secret_until = $3, secret_sealed = $4,
                 updated_at = $5
             WHERE organization_id = $1 AND id = $2 RETURNING ",
            columns!()
        ))
        .bind(organization.0)
        .bind(id.0)
        .bind(to_ms(overlap_until))
        .bind(secret_sealed)
        .bind(to_ms(now));
        let webhook = found(row.fetch_optional(&mut *tx).await, "rotate a webhook's secret")?.read()?;
        commit_act(tx, Act::new(Action::WebhookSecretRotated).of(organization).to(id), now).await?;
        Ok(webhook)
    }

    async fn delete_webhook(&self, organization: OrganizationId, id: WebhookId, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query("DELETE FROM webhooks WHERE organization_id = $1 AND id = $2")
            .bind(organization.0)
            .bind(id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("delete a webhook"))?;
        if deleted.rows_affected() == 0 {
            return Err(Refused::NotFound);
        }
        Ok(commit_act(tx, Act::new(Action::WebhookDeleted).of(organization).to(id), now).await?)
    }

    async fn test_webhook(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        now: Timestamp,
    ) -> Result<DeliveryRecord, Refused> {
        let mut tx = self.begin().await?;
        let events = take_active(&mut tx, organization, id).await?;
        if !events.iter().any(|wanted| wanted == EventType::Test.as_str()) {
            return Err(Refused::NotSubscribed(EventType::Test));
        }
        let data = json!({ "webhookId": id });
        let event_id = keep_event(&mut tx, organization, EventType::Test, &data, now).await?;
        let delivery = queue(&mut tx, id.0, event_id, None, now).await?;
        let record = record(&mut tx, delivery).await?;
        commit_act(tx, Act::new(Action::WebhookTested).of(organization).to(id), now).await?;
        Ok(record)
    }

    async fn deliveries(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        page: PageRequest,
    ) -> Result<Vec<DeliveryRecord>, Refused> {
        let one = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM webhooks WHERE organization_id = $1 AND id = $2")
            .bind(organization.0)
            .bind(id.0);
        if one.fetch_one(&self.read).await.map_err(failed("read a webhook"))? == 0 {
            return Err(Refused::NotFound);
        }
        let mut query = QueryBuilder::<Db>::new(RECORDS);
        query.push("d.webhook_id = ").push_bind(id.0);
        if let Some(after) = page.after {
            query.push(" AND d.id < ").push_bind(after);
        }
        query.push(" ORDER BY d.id DESC LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<RecordRow>().fetch_all(&self.read).await;
        let rows = rows.map_err(failed("list deliveries"))?;
        Ok(rows.into_iter().map(RecordRow::read).collect::<Result<_, _>>()?)
    }

    async fn redeliver(
        &self,
        organization: OrganizationId,
        id: WebhookId,
        delivery: Uuid,
        now: Timestamp,
    ) -> Result<DeliveryRecord, Refused> {
        let mut tx = self.begin().await?;
        take_active(&mut tx, organization, id).await?;
        // The row is taken, so that it isn't pruned with its event meanwhile.
        let event_id = sqlx::query_scalar::<_, Uuid>(
            "UPDATE webhook_deliveries SET attempt = attempt WHERE id = $1 AND webhook_id = $2 RETURNING event_id",
        )
        .bind(delivery)
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await;
        let event_id = found(event_id, "take a delivery")?;
        let again = queue(&mut tx, id.0, event_id, Some(delivery), now).await?;
        let record = record(&mut tx, again).await?;
        let act = Act::new(Action::DeliveryRepeated).of(organization).to(delivery);
        commit_act(tx, act.with(json!({ "webhookId": id })), now).await?;
        Ok(record)
    }
}
