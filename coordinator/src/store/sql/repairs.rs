//! Repair tickets in SQL: one open row for all runs that fail alike, and a row for each connection of theirs.
//!
//! A ticket's row is taken last in a run's transaction, and several of them by the order of their ids.
//!
//! Not here: when a failure is a ticket's; whoever hands it in says so.

use async_trait::async_trait;
use domain::audit::{Action, ActorKind};
use domain::failure::Failure;
use domain::id::RepairTicketId;
use domain::repair::TicketState;
use jiff::Timestamp;
use protocol::lease::Evidence;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::commit_act;
use super::drift::thousandths;
use super::held::HeldRun;
use super::{SqlStore, Tx, failed, found, from_ms, from_word, to_ms};
use crate::store::{Act, NewTicket, Refused, RepairTicket, Repairs, StoreError, TicketFilter, TicketPages, actor};

#[derive(FromRow)]
struct TicketRow {
    id: Uuid,
    institution_id: String,
    revision: String,
    code: String,
    stage: String,
    message: String,
    page: String,
    target: String,
    nearest_page: Option<String>,
    nearest_distance: Option<i64>,
    state: String,
    runs: i64,
    connections: i64,
    first_seen_at: i64,
    last_seen_at: i64,
    ended_at: Option<i64>,
    mending_revision: Option<String>,
    mended_by: Option<String>,
    closed_by: Option<String>,
    closed_because: Option<String>,
}

/// What a ticket is read from.
const SELECT: &str =
    "SELECT id, institution_id, revision, code, stage, message, page, target, nearest_page, nearest_distance, state,
         runs, (SELECT COUNT(*) FROM repair_ticket_connections c WHERE c.ticket_id = repair_tickets.id) AS connections,
         first_seen_at, last_seen_at, ended_at, mending_revision, mended_by, closed_by, closed_because
     FROM repair_tickets WHERE ";

impl TicketRow {
    fn read(self) -> Result<RepairTicket, StoreError> {
        let there = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(RepairTicket {
            id: RepairTicketId(self.id),
            institution_id: self.institution_id,
            revision: self.revision,
            code: from_word(&self.code, "failure's code")?,
            stage: from_word(&self.stage, "stage")?,
            message: self.message,
            page: there(self.page),
            target: there(self.target),
            nearest: self.nearest_page.zip(self.nearest_distance.map(thousandths)),
            state: from_word(&self.state, "ticket's state")?,
            runs: self.runs.unsigned_abs(),
            connections: self.connections.unsigned_abs(),
            first_seen_at: from_ms(self.first_seen_at)?,
            last_seen_at: from_ms(self.last_seen_at)?,
            ended_at: self.ended_at.map(from_ms).transpose()?,
            mending_revision: self.mending_revision,
            mended_by: self.mended_by,
            closed_by: self.closed_by,
            closed_because: self.closed_because,
        })
    }
}

/// Opens a ticket for a run that just failed, or counts it where one is open. Nothing where nobody knows by which revision it
/// went.
pub(super) async fn open(
    tx: &mut Tx,
    run: &HeldRun,
    failure: &Failure,
    new: NewTicket,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(by) = &run.by else { return Ok(()) };
    let (nearest_page, nearest_distance) = new.nearest.unzip();
    let id = sqlx::query_scalar::<_, Uuid>(
        "INSERT INTO repair_tickets (id, institution_id, revision, code, stage, message, page, target, nearest_page,
             nearest_distance, before_html, evidence_id, state, runs, first_seen_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open', 1, $13, $13)
         ON CONFLICT (institution_id, revision, code, page, target) WHERE state = 'open' DO UPDATE SET
             runs = repair_tickets.runs + 1, last_seen_at = excluded.last_seen_at,
             before_html = COALESCE(repair_tickets.before_html, excluded.before_html),
             evidence_id = COALESCE(excluded.evidence_id, repair_tickets.evidence_id)
         RETURNING id",
    )
    .bind(Uuid::now_v7())
    .bind(run.institution_id.clone())
    .bind(by.revision.clone())
    .bind(failure.code.as_str())
    .bind(failure.stage.as_str())
    .bind(failure.message.clone())
    .bind(new.page.unwrap_or_default())
    .bind(new.target.unwrap_or_default())
    .bind(nearest_page)
    .bind(nearest_distance.map(|distance| i64::from(distance.thousandths())))
    .bind(new.before)
    .bind(failure.evidence_id.map(|evidence| evidence.0))
    .bind(to_ms(now))
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("open a repair ticket"))?;
    sqlx::query(
        "INSERT INTO repair_ticket_connections (ticket_id, connection_id) VALUES ($1, $2)
         ON CONFLICT (connection_id, ticket_id) DO NOTHING",
    )
    .bind(id)
    .bind(run.connection_id.0)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("count a repair ticket's connections"))
}

/// Ends the tickets of a connection that was just read whole by another revision than the one that they are about.
pub(super) async fn mend(tx: &mut Tx, run: &HeldRun, now: Timestamp) -> Result<(), StoreError> {
    let Some(by) = &run.by else { return Ok(()) };
    let touched = sqlx::query_scalar::<_, Uuid>(
        "SELECT t.id FROM repair_ticket_connections c JOIN repair_tickets t ON t.id = c.ticket_id
         WHERE c.connection_id = $1 AND t.ended_at IS NULL AND t.institution_id = $2 AND t.revision <> $3 ORDER BY t.id",
    );
    let touched = touched.bind(run.connection_id.0).bind(run.institution_id.clone()).bind(by.revision.clone());
    for id in touched.fetch_all(&mut **tx).await.map_err(failed("list repair tickets"))? {
        sqlx::query(
            "UPDATE repair_tickets SET state = 'mended', ended_at = $2, mended_by = $3 WHERE id = $1 AND ended_at IS NULL",
        )
        .bind(id)
        .bind(to_ms(now))
        .bind(by.revision.clone())
        .execute(&mut **tx)
        .await
        .map_err(failed("end a repair ticket"))?;
    }
    Ok(())
}

/// Notes on an open ticket which revision was published to mend it.
pub(super) async fn note_mending(
    tx: &mut Tx,
    institution: &str,
    id: RepairTicketId,
    revision: &str,
) -> Result<(), Refused> {
    let noted = sqlx::query(
        "UPDATE repair_tickets SET mending_revision = $3 WHERE id = $1 AND institution_id = $2 AND ended_at IS NULL",
    );
    let noted = noted.bind(id.0).bind(institution.to_owned()).bind(revision.to_owned()).execute(&mut **tx).await;
    match noted.map_err(failed("note what mends a ticket"))?.rows_affected() {
        0 => Err(Refused::NotFound),
        _ => Ok(()),
    }
}

#[async_trait]
impl Repairs for SqlStore {
    async fn repair_tickets(&self, filter: TicketFilter<'_>, limit: u32) -> Result<Vec<RepairTicket>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("1 = 1");
        if let Some(institution) = filter.institution {
            query.push(" AND institution_id = ").push_bind(institution.to_owned());
        }
        if let Some(state) = filter.state {
            query.push(" AND state = ").push_bind(state.as_str());
        }
        query.push(" ORDER BY last_seen_at DESC, id DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build_query_as::<TicketRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list repair tickets"))?.into_iter().map(TicketRow::read).collect()
    }

    async fn repair_ticket(&self, id: RepairTicketId) -> Result<RepairTicket, Refused> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("id = ").push_bind(id.0);
        let row = query.build_query_as::<TicketRow>().fetch_optional(&self.read).await;
        Ok(found(row, "read a repair ticket")?.read()?)
    }

    async fn ticket_pages(&self, id: RepairTicketId) -> Result<TicketPages, Refused> {
        let row = sqlx::query_as::<_, (Option<String>, Option<String>, Option<String>)>(
            "SELECT t.before_html, e.url, e.html FROM repair_tickets t LEFT JOIN evidence e ON e.id = t.evidence_id
             WHERE t.id = $1",
        );
        let row = row.bind(id.0).fetch_optional(&self.read).await;
        let (before, url, html) = found(row, "read a repair ticket's pages")?;
        Ok(TicketPages { before, now: url.zip(html).map(|(url, html)| Evidence { url, html }) })
    }

    async fn close_ticket(&self, id: RepairTicketId, because: &str, now: Timestamp) -> Result<RepairTicket, Refused> {
        let by = actor();
        let by = (by.kind != ActorKind::System).then(|| by.name.unwrap_or_else(|| by.kind.to_string()));
        let mut tx = self.begin().await?;
        let closed = sqlx::query_scalar::<_, String>(
            "UPDATE repair_tickets SET state = $2, ended_at = $3, closed_by = $4, closed_because = $5
             WHERE id = $1 AND ended_at IS NULL RETURNING institution_id",
        )
        .bind(id.0)
        .bind(TicketState::Closed.as_str())
        .bind(to_ms(now))
        .bind(by)
        .bind(because.to_owned())
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("close a repair ticket"))?;
        if let Some(institution) = closed {
            let detail = json!({ "institution": institution, "because": because });
            commit_act(tx, Act::new(Action::RepairTicketClosed).to(id).with(detail), now).await?;
        }
        self.repair_ticket(id).await
    }

    async fn prune_tickets(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let pruned = sqlx::query(
            "DELETE FROM repair_tickets WHERE id IN (
                 SELECT id FROM repair_tickets WHERE ended_at IS NOT NULL AND ended_at < $1 ORDER BY ended_at LIMIT $2)",
        );
        let pruned = pruned.bind(to_ms(before)).bind(i64::from(limit)).execute(&self.write).await;
        Ok(pruned.map_err(failed("prune repair tickets"))?.rows_affected())
    }
}
