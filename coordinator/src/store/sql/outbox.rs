//! What the dispatcher takes out of the outbox, and what it brings back.
//!
//! An endpoint whose last try came to nothing is left alone for a while and then probed
//! by one delivery; whoever probes leaves it alone for everybody until the claim ends.
//! So deliveries wait in the table, and the index by endpoint passes over them at once.
//!
//! Not here: what is put in (`webhooks`), or how long an endpoint is left alone; the
//! dispatcher says that.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::event::{DeliveryState, DisabledReason, EventType};
use domain::id::{OrganizationId, WebhookId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::webhooks::{emit, fail_pending};
use super::{HOLD, SKIP_HELD, SqlStore, Tx, commit, failed, from_json, from_ms, from_word, to_ms};
use crate::store::{
    Claim, Delivery, DeliveryOutcome, DisabledWebhook, DueEndpoint, Outbox, Refusal, Settled, StoreError,
};

/// How fine the time of the last arrival is kept.
const ARRIVALS: SignedDuration = SignedDuration::from_secs(1);

#[derive(FromRow)]
struct DeliveryRow {
    id: Uuid,
    organization_id: Uuid,
    webhook_id: Uuid,
    url: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
    previous_secret_until: Option<i64>,
    event_id: Uuid,
    event_type: String,
    data: String,
    created_at: i64,
    queued_at: i64,
    attempt: i64,
    failures: i64,
}

impl DeliveryRow {
    fn read(self, now: Timestamp) -> Result<Delivery, StoreError> {
        let overlaps = self.previous_secret_until.is_some_and(|until| until > to_ms(now));
        Ok(Delivery {
            id: self.id,
            organization_id: OrganizationId(self.organization_id),
            webhook_id: WebhookId(self.webhook_id),
            url: from_word(&self.url, "webhook URL")?,
            secret_sealed: self.secret_sealed,
            previous_secret_sealed: self.previous_secret_sealed.filter(|_| overlaps),
            event_id: self.event_id,
            event_type: self.event_type,
            data: from_json(&self.data, "event")?,
            created_at: from_ms(self.created_at)?,
            queued_at: from_ms(self.queued_at)?,
            attempt: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
        })
    }
}

/// Takes the rows of endpoints before those of their deliveries: whoever takes both takes
/// them in this order, so that two never wait for each other.
async fn take_endpoints(tx: &mut Tx, settled: &[Settled]) -> Result<(), StoreError> {
    let endpoints: BTreeSet<WebhookId> = settled.iter().map(|settled| settled.delivery.webhook_id).collect();
    let mut query = QueryBuilder::<Db>::new("SELECT id FROM webhooks WHERE id IN (");
    let mut ids = query.separated(", ");
    for id in endpoints {
        ids.push_bind(id.0);
    }
    query.push(") ORDER BY id").push(HOLD);
    let taken = query.build_query_scalar::<Uuid>().fetch_all(&mut **tx).await;
    taken.map(|_| ()).map_err(failed("take webhooks"))
}

/// Leaves an endpoint that fails alone until `until`; false if another is probing it.
async fn begin_probe(tx: &mut Tx, id: WebhookId, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let mut query = QueryBuilder::<Db>::new("WITH free AS MATERIALIZED (SELECT id FROM webhooks WHERE id = ");
    query.push_bind(id.0).push(" AND active AND quiet_until <= ").push_bind(to_ms(now)).push(SKIP_HELD);
    query.push(") UPDATE webhooks SET quiet_until = ").push_bind(to_ms(until));
    query.push(" WHERE id IN (SELECT id FROM free)");
    let taken = query.build().execute(&mut **tx).await.map_err(failed("probe a webhook"))?;
    Ok(taken.rows_affected() > 0)
}

/// Ends a probe that found nothing to send.
async fn end_probe(tx: &mut Tx, id: WebhookId, until: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE webhooks SET quiet_until = 0 WHERE id = $1 AND quiet_until = $2")
        .bind(id.0)
        .bind(to_ms(until))
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("end a probe"))
}

/// Takes what is due for one endpoint.
async fn claim(
    tx: &mut Tx,
    id: WebhookId,
    at_most: u32,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<Uuid>, StoreError> {
    // PostgreSQL might choose the rows more than once without a step of their own.
    let mut query =
        QueryBuilder::<Db>::new("WITH due AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE webhook_id = ");
    query.push_bind(id.0).push(" AND state = 'pending' AND due_at <= ").push_bind(to_ms(now));
    query.push(" ORDER BY due_at, id LIMIT ").push_bind(i64::from(at_most)).push(SKIP_HELD);
    query.push(") UPDATE webhook_deliveries SET attempt = attempt + 1, due_at = ").push_bind(to_ms(until));
    query.push(" WHERE id IN (SELECT id FROM due) RETURNING id");
    query.build_query_scalar::<Uuid>().fetch_all(&mut **tx).await.map_err(failed("claim deliveries"))
}

/// Fails a delivery that can't be read.
async fn fail_unreadable(tx: &mut Tx, id: Uuid, error: &StoreError, now: Timestamp) -> Result<(), StoreError> {
    tracing::error!(delivery_id = %id, error = error as &dyn std::error::Error, "a delivery can't be read and fails");
    sqlx::query("UPDATE webhook_deliveries SET state = 'failed', last_error = $2, settled_at = $3 WHERE id = $1")
        .bind(id)
        .bind("it can't be read any more")
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("fail a delivery"))
}

/// What is kept with a delivery once it was tried.
struct Mark<'a> {
    state: DeliveryState,
    due_at: Timestamp,
    status: Option<u16>,
    error: Option<&'a str>,
}

/// False if the delivery isn't this worker's any more.
async fn mark(tx: &mut Tx, delivery: &Delivery, mark: Mark<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let marked = sqlx::query(
        "UPDATE webhook_deliveries SET state = $2, due_at = $3, last_status = $4, last_error = $5, settled_at = $6
         WHERE id = $1 AND settled_at IS NULL AND attempt = $7",
    )
    .bind(delivery.id)
    .bind(mark.state.as_str())
    .bind(to_ms(mark.due_at))
    .bind(mark.status.map(i64::from))
    .bind(mark.error)
    .bind((mark.state != DeliveryState::Pending).then(|| to_ms(now)))
    .bind(i64::from(delivery.attempt))
    .execute(&mut **tx)
    .await
    .map_err(failed("settle a delivery"))?;
    Ok(marked.rows_affected() > 0)
}

/// Makes a delivery due again that wasn't tried; the try isn't counted.
async fn give_back(tx: &mut Tx, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhook_deliveries SET due_at = $2, attempt = attempt - 1 WHERE id = $1 AND settled_at IS NULL AND attempt = $3",
    )
    .bind(delivery.id)
    .bind(to_ms(now))
    .bind(i64::from(delivery.attempt))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("give a delivery back"))
}

/// Something arrived at an endpoint: it doesn't fail, and since when that is known.
async fn note_arrival(tx: &mut Tx, id: WebhookId, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhooks SET last_delivered_at = $2, failures = 0, quiet_until = 0
         WHERE id = $1 AND (failures > 0 OR quiet_until > 0 OR last_delivered_at IS NULL OR last_delivered_at <= $3)",
    )
    .bind(id.0)
    .bind(to_ms(now))
    .bind(to_ms(now - ARRIVALS))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("note an arrival"))
}

/// A try came to nothing. Of several that were under way at once only the first counts,
/// and none that went to an address of before.
async fn note_failure(tx: &mut Tx, delivery: &Delivery, refusal: &Refusal) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhooks SET failures = failures + 1, quiet_until = $3 WHERE id = $1 AND failures = $2 AND url = $4",
    )
    .bind(delivery.webhook_id.0)
    .bind(i64::from(delivery.failures))
    .bind(to_ms(refusal.quiet_until))
    .bind(delivery.url.as_str())
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("note a failure"))
}

/// Switches an endpoint off, unless something arrived there since the delivery was
/// queued or the receiver itself says that it is gone.
async fn disable(
    tx: &mut Tx,
    delivery: &Delivery,
    reason: DisabledReason,
    now: Timestamp,
) -> Result<Option<DisabledWebhook>, StoreError> {
    let (arrived_before, said) = match reason {
        DisabledReason::Gone => (i64::MAX, "the endpoint was switched off: its receiver answered 410"),
        DisabledReason::GivenUp => {
            (to_ms(delivery.queued_at), "the endpoint was switched off: a delivery was given up and none arrived")
        }
    };
    let organization = sqlx::query_scalar::<_, Uuid>(
        "UPDATE webhooks SET active = FALSE, disabled_at = $2, updated_at = $2
         WHERE id = $1 AND active AND url = $4 AND (last_delivered_at IS NULL OR last_delivered_at < $3)
         RETURNING organization_id",
    )
    .bind(delivery.webhook_id.0)
    .bind(to_ms(now))
    .bind(arrived_before)
    .bind(delivery.url.as_str())
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("switch a webhook off"))?;
    let Some(organization) = organization else { return Ok(None) };
    fail_pending(tx, delivery.webhook_id, said, now).await?;
    let data = json!({ "webhookId": delivery.webhook_id, "reason": reason, "disabledAt": now });
    emit(tx, OrganizationId(organization), EventType::WebhookDisabled, data, now).await?;
    Ok(Some(DisabledWebhook { webhook_id: delivery.webhook_id, reason }))
}

#[async_trait]
impl Outbox for SqlStore {
    async fn due_endpoints(
        &self,
        after: Option<WebhookId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<DueEndpoint>, StoreError> {
        // Goes from endpoint to endpoint in the index, however much each of them waits for.
        let rows = sqlx::query_as::<_, (Uuid, i64)>(
            "WITH RECURSIVE waiting (id) AS (
                 SELECT (SELECT d.webhook_id FROM webhook_deliveries d
                         WHERE d.state = 'pending' AND d.webhook_id > $1 ORDER BY d.webhook_id LIMIT 1)
                 UNION ALL
                 SELECT (SELECT d.webhook_id FROM webhook_deliveries d
                         WHERE d.state = 'pending' AND d.webhook_id > waiting.id ORDER BY d.webhook_id LIMIT 1)
                 FROM waiting WHERE waiting.id IS NOT NULL)
             SELECT w.id, w.failures FROM waiting JOIN webhooks w ON w.id = waiting.id
             WHERE w.active AND w.quiet_until <= $2 AND EXISTS (
                 SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'pending' AND d.due_at <= $2)
             ORDER BY w.id LIMIT $3",
        )
        .bind(after.map_or(Uuid::nil(), |after| after.0))
        .bind(to_ms(now))
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await
        .map_err(failed("look for due deliveries"))?;
        let read = |(id, failures)| DueEndpoint {
            webhook_id: WebhookId(id),
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn claim_deliveries(
        &self,
        claims: &[Claim],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut tx = self.begin().await?;
        let mut claimed = Vec::new();
        for Claim { endpoint, at_most } in claims {
            let (id, is_probe) = (endpoint.webhook_id, endpoint.failures > 0);
            if is_probe && !begin_probe(&mut tx, id, until, now).await? {
                continue;
            }
            let at_most = if is_probe { 1.min(*at_most) } else { *at_most };
            let ids = claim(&mut tx, id, at_most, until, now).await?;
            if is_probe && ids.is_empty() {
                end_probe(&mut tx, id, until).await?;
            }
            claimed.extend(ids);
        }
        if claimed.is_empty() {
            commit(tx).await?;
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Db>::new(
            "SELECT d.id, w.organization_id, d.webhook_id, w.url, w.secret_sealed, w.previous_secret_sealed,
                    w.previous_secret_until, d.event_id, e.type AS event_type, e.data, e.created_at,
                    d.created_at AS queued_at, d.attempt, w.failures
             FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN webhook_events e ON e.id = d.event_id
             WHERE d.id IN (",
        );
        let mut ids = query.separated(", ");
        for id in claimed {
            ids.push_bind(id);
        }
        query.push(") ORDER BY d.id");
        let rows = query.build_query_as::<DeliveryRow>().fetch_all(&mut *tx).await;
        let mut deliveries = Vec::new();
        for row in rows.map_err(failed("read deliveries"))? {
            let id = row.id;
            match row.read(now) {
                Ok(delivery) => deliveries.push(delivery),
                Err(error) => fail_unreadable(&mut tx, id, &error, now).await?,
            }
        }
        commit(tx).await?;
        Ok(deliveries)
    }

    async fn settle_deliveries(&self, settled: &[Settled], now: Timestamp) -> Result<Vec<DisabledWebhook>, StoreError> {
        let mut tx = self.begin().await?;
        take_endpoints(&mut tx, settled).await?;
        let (mut arrived, mut disabled) = (BTreeSet::new(), Vec::new());
        for Settled { delivery, outcome } in settled {
            let (again_at, refusal, reason) = match outcome {
                DeliveryOutcome::Untried => {
                    give_back(&mut tx, delivery, now).await?;
                    continue;
                }
                DeliveryOutcome::Delivered { status } => {
                    let state = DeliveryState::Delivered;
                    let delivered = Mark { state, due_at: now, status: Some(*status), error: None };
                    mark(&mut tx, delivery, delivered, now).await?;
                    arrived.insert(delivery.webhook_id);
                    continue;
                }
                DeliveryOutcome::TryAgain { at, refusal } => (Some(*at), refusal, None),
                DeliveryOutcome::GivenUp { refusal } => (None, refusal, Some(DisabledReason::GivenUp)),
                DeliveryOutcome::Gone { refusal } => (None, refusal, Some(DisabledReason::Gone)),
            };
            if arrived.remove(&delivery.webhook_id) {
                note_arrival(&mut tx, delivery.webhook_id, now).await?;
            }
            let refused = Mark {
                state: if again_at.is_some() { DeliveryState::Pending } else { DeliveryState::Failed },
                due_at: again_at.unwrap_or(now),
                status: refusal.status,
                error: Some(&refusal.error),
            };
            if !mark(&mut tx, delivery, refused, now).await? {
                continue;
            }
            note_failure(&mut tx, delivery, refusal).await?;
            if let Some(reason) = reason {
                disabled.extend(disable(&mut tx, delivery, reason, now).await?);
            }
        }
        for id in arrived {
            note_arrival(&mut tx, id, now).await?;
        }
        commit(tx).await?;
        Ok(disabled)
    }

    async fn oldest_pending(&self) -> Result<Option<Timestamp>, StoreError> {
        let oldest = sqlx::query_scalar::<_, Option<i64>>(
            "SELECT MIN(created_at) FROM webhook_deliveries WHERE state = 'pending'",
        );
        let oldest = oldest.fetch_one(&self.read).await.map_err(failed("read the oldest delivery"))?;
        oldest.map(from_ms).transpose()
    }
}
