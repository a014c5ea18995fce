//! Runs: made, granted under a fence, and ended once.
//!
//! A proof is checked in the same statement that takes the run's row, so nothing is
//! stored under a fence that isn't the current one.

use async_trait::async_trait;
use domain::challenge::ClosingReason;
use domain::completeness::Grade;
use domain::connection::{Actor, ConnectionEvent, ConnectionState};
use domain::failure::{Failure, FailureCode, Stage};
use domain::id::{ConnectionId, EvidenceId, IntentId, OrganizationId, RunId};
use domain::run::{RunClass, RunKind, RunState};
use domain::shortfall::shortfall;
use jiff::Timestamp;
use protocol::lease::{Evidence, OpenIntent, Proof};
use protocol::sealed::PublicKey;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::again::{was_completed_by, was_failed_by};
use super::audit::write;
use super::candidates::Other;
use super::closing::cancel_pending;
use super::held::{HeldRow, HeldRun, held, hold, take_connection_of};
use super::transition::{Happening, apply, note, take};
use super::{
    SqlStore, Tx, candidates, commit, evidence, failed, from_ms, from_word, ledger, lockout, past, permissions,
    repairs, revisions, straying, stream, to_json, to_ms,
};
use crate::store::{
    Act, AfterFailure, Completed, Grant, GrantedRun, HandedIn, Holder, Kept, QueuedRun, Refused, Runs, StoreError,
    Told, fence_of,
};

#[derive(FromRow)]
struct QueuedRow {
    id: Uuid,
    organization_id: Uuid,
    connection_id: Uuid,
    institution_id: String,
    class: String,
    not_before: i64,
    started_at: Option<i64>,
}

impl QueuedRow {
    fn read(self) -> Result<QueuedRun, StoreError> {
        Ok(QueuedRun {
            id: RunId(self.id),
            organization_id: OrganizationId(self.organization_id),
            connection_id: ConnectionId(self.connection_id),
            institution_id: self.institution_id,
            class: from_word(&self.class, "run's class")?,
            not_before: from_ms(self.not_before)?,
            holder: if self.started_at.is_some() { Holder::Perhaps } else { Holder::None },
        })
    }
}

/// Adds an open run; refused while the connection has one.
pub(super) async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    connection: ConnectionId,
    run_id: RunId,
    (kind, class): (RunKind, RunClass),
    now: Timestamp,
) -> Result<QueuedRun, Refused> {
    let row = sqlx::query_as::<_, QueuedRow>(
        "INSERT INTO runs (id, organization_id, connection_id, institution_id, kind, class, state, attempt, crashes,
                           not_before, fence, created_at)
         SELECT $1, c.organization_id, c.id, c.institution_id, $3, $5, 'open', 0, 0, $4, 0, $4
         FROM connections c WHERE c.id = $2 AND c.institution_id IS NOT NULL
         ON CONFLICT (connection_id) WHERE state = 'open' DO NOTHING
         RETURNING id, organization_id, connection_id, institution_id, class, not_before, started_at",
    )
    .bind(run_id.0)
    .bind(connection.0)
    .bind(kind.as_str())
    .bind(to_ms(now))
    .bind(class.as_str())
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("add a run"))?;
    debug_assert!(row.as_ref().is_none_or(|row| row.organization_id == organization.0));
    Ok(row.ok_or(Refused::RunUnderWay)?.read()?)
}

/// Ends the connection's open run, with the challenge that it waits for; which run that was, and what is to be written down last.
pub(super) async fn end_open(
    tx: &mut Tx,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<(Option<RunId>, Vec<Act>), StoreError> {
    let run = sqlx::query_scalar::<_, Uuid>(
        "UPDATE runs SET state = 'failed', finished_at = $2 WHERE connection_id = $1 AND finished_at IS NULL RETURNING id",
    )
    .bind(connection.0)
    .bind(to_ms(now))
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("end a run"))?
    .map(RunId);
    let acts = match run {
        Some(run) => cancel_pending(tx, run, ClosingReason::RunCancelled, now).await?.acts,
        None => Vec::new(),
    };
    Ok((run, acts))
}

#[async_trait]
impl Runs for SqlStore {
    async fn generation(&self) -> Result<u32, StoreError> {
        let generation = sqlx::query_scalar::<_, i64>("SELECT generation FROM fleet");
        let generation = generation.fetch_one(&self.read).await.map_err(failed("read the generation"))?;
        u32::try_from(generation).map_err(|_| StoreError::Unreadable { what: "generation" })
    }

    async fn advance_generation(&self, seen: u32) -> Result<u32, StoreError> {
        sqlx::query("UPDATE fleet SET generation = generation + 1 WHERE generation = $1")
            .bind(i64::from(seen))
            .execute(&self.write)
            .await
            .map_err(failed("advance the generation"))?;
        self.generation().await
    }

    async fn open_runs(&self, after: Option<RunId>, limit: u32) -> Result<Vec<QueuedRun>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT id, organization_id, connection_id, institution_id, class, not_before, started_at FROM runs
             WHERE state = 'open'",
        );
        let page = crate::store::PageRequest { after: after.map(|run| run.0), limit };
        super::push_page(&mut query, "id", page);
        let rows = query.build_query_as::<QueuedRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list open runs"))?.into_iter().map(QueuedRow::read).collect()
    }

    async fn grant(
        &self,
        run_id: RunId,
        proof: Proof,
        agent_key: &PublicKey,
        now: Timestamp,
    ) -> Result<Grant, StoreError> {
        let (agent, fence) = fence_of(proof);
        let mut tx = self.begin().await?;
        let row = sqlx::query_as::<_, HeldRow>(
            "UPDATE runs SET agent_id = $2, fence = $3, session = $3, agent_key = $4, attempt = attempt + 1, started_at = $5,
                 (login, whole) = (SELECT k.login, k.whole FROM credentials k
                     WHERE k.connection_id = runs.connection_id AND k.printed_at = k.given_at)
             WHERE id = $1 AND finished_at IS NULL AND fence < $3 AND not_before <= $5
             RETURNING organization_id, connection_id, institution_id, kind, attempt, revision, part, shadow",
        )
        .bind(run_id.0)
        .bind(agent.0)
        .bind(fence)
        .bind(agent_key.to_string())
        .bind(to_ms(now))
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("grant a run"))?;
        let Some(row) = row else {
            let due = sqlx::query_scalar::<_, i64>(
                "SELECT not_before FROM runs WHERE id = $1 AND finished_at IS NULL AND fence < $2",
            )
            .bind(run_id.0)
            .bind(fence)
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed("read a run"))?;
            return due.map_or(Ok(Grant::Refused), |due| from_ms(due).map(Grant::NotDue));
        };
        let run = held(row)?;
        if lockout::is_signed_in_elsewhere(&mut tx, run_id, run.connection_id).await? {
            return Ok(Grant::LoginInUse);
        }
        // Whoever asked under an older fence is gone, and its session with it.
        let closed = cancel_pending(&mut tx, run_id, ClosingReason::AgentGone, now).await?;
        let (portal_url, past, all_read_at, class) =
            sqlx::query_as::<_, (String, Option<String>, Option<i64>, String)>(
                "SELECT c.portal_url, c.past, COALESCE(c.all_read_at, c.last_synced_at), r.class
                 FROM connections c JOIN runs r ON r.connection_id = c.id WHERE r.id = $1",
            )
            .bind(run_id.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(failed("read what a run is about"))?;
        let credentials = sqlx::query_as::<_, (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>)>(
            "SELECT k.sealed, r.login, r.whole FROM runs r JOIN credentials k ON k.connection_id = r.connection_id
             WHERE r.id = $1",
        )
        .bind(run_id.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("read credentials"))?;
        let (mut credentials, mut login, mut whole) =
            credentials.map_or((None, None, None), |(sealed, login, whole)| (Some(sealed), login, whole));
        if let Some(chosen) = candidates::choose(&mut tx, run_id, run.connection_id).await? {
            (credentials, login, whole) = (Some(chosen.sealed), chosen.login, chosen.whole);
        }
        let open_intents = sqlx::query_as::<_, (Uuid, String)>(
            "SELECT i.id, i.effect FROM intents i JOIN runs r ON r.id = i.run_id
             WHERE r.connection_id = $1 AND i.outcome IS NULL ORDER BY i.id",
        )
        .bind(run.connection_id.0)
        .fetch_all(&mut *tx)
        .await
        .map_err(failed("read open intents"))?;
        let by = revisions::assign(&mut tx, run_id, &run).await?;
        write(&mut tx, closed.acts, now).await?;
        commit(tx).await?;
        let intent = |(id, effect): (Uuid, String)| {
            Ok(OpenIntent { intent_id: IntentId(id), effect: from_word(&effect, "effect")? })
        };
        Ok(Grant::Granted(Box::new(GrantedRun {
            kind: run.kind,
            organization_id: run.organization_id,
            connection_id: run.connection_id,
            institution_id: run.institution_id,
            portal_url: from_word(&portal_url, "portal URL")?,
            attempt: u32::try_from(run.attempt).unwrap_or(u32::MAX),
            open_intents: open_intents.into_iter().map(intent).collect::<Result<_, StoreError>>()?,
            credentials,
            class: from_word(&class, "run's class")?,
            past: past::of_column(past.as_deref())?,
            all_read_at: all_read_at.map(from_ms).transpose()?,
            fingerprints: lockout::fingerprints(login, whole)?,
            by,
        })))
    }

    async fn is_open(&self, run_id: RunId) -> Result<bool, StoreError> {
        let open = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM runs WHERE id = $1 AND finished_at IS NULL");
        let open = open.bind(run_id.0).fetch_one(&self.read).await.map_err(failed("read a run"))?;
        Ok(open > 0)
    }

    async fn attempt(&self, run_id: RunId) -> Result<u32, StoreError> {
        let attempt = sqlx::query_scalar::<_, i64>("SELECT attempt FROM runs WHERE id = $1").bind(run_id.0);
        let attempt = attempt.fetch_optional(&self.read).await.map_err(failed("read a run"))?;
        Ok(attempt.and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or(0))
    }

    async fn count_crash(&self, run_id: RunId) -> Result<u32, StoreError> {
        count(self, run_id, "UPDATE runs SET crashes = crashes + 1 WHERE id = $1 RETURNING crashes").await
    }

    async fn count_lapse(&self, run_id: RunId) -> Result<u32, StoreError> {
        count(self, run_id, "UPDATE runs SET lapses = lapses + 1 WHERE id = $1 RETURNING lapses").await
    }

    async fn release(&self, run_id: RunId, proof: Proof, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        match hold(&mut tx, run_id, proof).await {
            Err(Refused::LeaseLost) if was_failed_by(&mut tx, run_id, proof).await? => return Ok(()),
            held => held?,
        };
        let closed = cancel_pending(&mut tx, run_id, ClosingReason::SessionEnded, now).await?;
        sqlx::query("UPDATE runs SET attempt = attempt - 1, started_at = NULL WHERE id = $1")
            .bind(run_id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("release a run"))?;
        write(&mut tx, closed.acts, now).await?;
        Ok(commit(tx).await?)
    }

    async fn complete(
        &self,
        run_id: RunId,
        proof: Proof,
        handed_in: HandedIn<'_>,
        now: Timestamp,
    ) -> Result<Option<Completed>, Refused> {
        let mut tx = self.begin().await?;
        take_connection_of(&mut tx, run_id).await?;
        let run = match hold(&mut tx, run_id, proof).await {
            Err(Refused::LeaseLost) if was_completed_by(&mut tx, run_id, proof).await? => {
                return Ok(None);
            }
            held => held?,
        };
        let accounts = match run.is_canary() {
            true => Some(straying::before(&mut tx, run.connection_id).await?),
            false => None,
        };
        let before = past::read(&mut tx, run_id, run.connection_id).await?;
        let stored = ledger::store(&mut tx, &run, run_id, handed_in, now).await?;
        if let Some(accounts) = accounts {
            let compared = (accounts, &stored);
            let strayed = straying::strayed(&mut tx, run.connection_id, compared, handed_in.accounts).await?;
            if !strayed.is_nothing() {
                // The transaction is rolled back with it.
                return Err(Refused::Strayed(strayed));
            }
        }
        let past = before.past.after_reading(before.class, &before.known, handed_in.accounts);
        let all_read_at = handed_in.accounts.iter().all(|account| account.failure.is_none()).then_some(to_ms(now));
        let broken = stored.grades.iter().filter(|(_, grade)| *grade == Grade::Broken).count();
        let shortfall = shortfall(handed_in.accounts, broken);
        end(&mut tx, run_id, RunState::Succeeded, shortfall.as_ref(), now).await?;
        let is_whole = shortfall.is_none();
        evidence::keep_steps(&mut tx, run_id, handed_in.steps, now).await?;
        let before = take(&mut tx, run.organization_id, run.connection_id).await?;
        let happening = Happening {
            connection_id: run.connection_id,
            cause: "runSucceeded",
            actor: Actor::Portal,
            run_id: Some(run_id),
        };
        apply(&mut tx, run.organization_id, &before, ConnectionEvent::RunSucceeded, happening, now).await?;
        let shortfall = shortfall.map(|failure| to_json(&failure, "failure")).transpose()?;
        sqlx::query(
            "UPDATE connections SET last_synced_at = $2, last_failure = $3, next_sync_at = NULL, past = $4,
                 all_read_at = COALESCE($5, all_read_at), permissions = COALESCE($6, permissions),
                 permissions_at = CASE WHEN $6 IS NULL THEN permissions_at ELSE $2 END
             WHERE id = $1",
        )
        .bind(run.connection_id.0)
        .bind(to_ms(now))
        .bind(shortfall)
        .bind(past::write(past))
        .bind(all_read_at)
        .bind(handed_in.permissions.map(permissions::write))
        .execute(&mut *tx)
        .await
        .map_err(failed("mark a connection as synced"))?;
        // Whoever has read all was let in.
        let acts = candidates::resolve(&mut tx, run_id, &run, now).await?;
        ledger::announce(&mut tx, (run.organization_id, run.connection_id), &stored.grades, now).await?;
        stream::publish(&mut tx, run.organization_id, &stored.changes, now).await?;
        if is_whole {
            repairs::mend(&mut tx, &run, now).await?;
        }
        write(&mut tx, acts, now).await?;
        commit(tx).await?;
        Ok(Some(stored.completed))
    }

    async fn fail(
        &self,
        run_id: RunId,
        proof: Proof,
        mut failure: Failure,
        kept: Kept<'_>,
        then: AfterFailure,
        now: Timestamp,
    ) -> Result<Told, Refused> {
        let mut tx = self.begin().await?;
        take_connection_of(&mut tx, run_id).await?;
        let run = match hold(&mut tx, run_id, proof).await {
            Err(Refused::LeaseLost) if was_failed_by(&mut tx, run_id, proof).await? => {
                return Ok(Told::Before);
            }
            held => held?,
        };
        let closed = cancel_pending(&mut tx, run_id, ClosingReason::SessionEnded, now).await?;
        if let Some(page) = kept.page {
            failure.evidence_id = Some(evidence::keep_page(&mut tx, run_id, &page, now).await?);
        }
        evidence::keep_steps(&mut tx, run_id, kept.steps, now).await?;
        let other = match failure.code {
            FailureCode::CredentialsInvalid => candidates::refused(&mut tx, run_id, &run, now).await?,
            _ => Other::None,
        };
        let (then, told) = match other {
            // Which of two passwords is the bank's wasn't known, and now it is the other one.
            Other::Untried => (AfterFailure::TryAgain { not_before: now }, Told::TriedAgain),
            Other::None => (then, Told::Now),
        };
        if other == Other::None && failure.code.freezes_credentials() {
            lockout::freeze(&mut tx, run_id, run.connection_id, failure.code, now).await?;
        }
        let told_of = failure.clone();
        conclude(&mut tx, run_id, &run, failure, then, Actor::Portal, now).await?;
        if let (AfterFailure::End, Some(ticket)) = (then, kept.ticket) {
            repairs::open(&mut tx, &run, &told_of, ticket, now).await?;
        }
        write(&mut tx, closed.acts, now).await?;
        commit(tx).await?;
        Ok(told)
    }

    async fn abandon(&self, run_id: RunId, code: FailureCode, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        take_connection_of(&mut tx, run_id).await?;
        let row = sqlx::query_as::<_, HeldRow>(
            "UPDATE runs SET attempt = attempt WHERE id = $1 AND finished_at IS NULL
             RETURNING organization_id, connection_id, institution_id, kind, attempt, revision, part, shadow",
        )
        .bind(run_id.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("take a run"))?;
        let Some(row) = row else { return Ok(()) };
        let run = held(row)?;
        let closed = cancel_pending(&mut tx, run_id, ClosingReason::AgentGone, now).await?;
        let failure = Failure::new(code, Stage::Connect);
        sqlx::query("UPDATE runs SET dead_at = $2 WHERE id = $1")
            .bind(run_id.0)
            .bind(to_ms(now))
            .execute(&mut *tx)
            .await
            .map_err(failed("set a run aside"))?;
        match conclude(&mut tx, run_id, &run, failure, AfterFailure::End, Actor::Platform, now).await {
            Err(Refused::Store(error)) => Err(error),
            _ => {
                write(&mut tx, closed.acts, now).await?;
                commit(tx).await
            }
        }
    }

    async fn evidence(&self, id: EvidenceId) -> Result<Option<Evidence>, StoreError> {
        let row = sqlx::query_as::<_, (String, String)>("SELECT url, html FROM evidence WHERE id = $1").bind(id.0);
        let row = row.fetch_optional(&self.read).await.map_err(failed("read evidence"))?;
        Ok(row.map(|(url, html)| Evidence { url, html }))
    }
}

/// Counts something of a run up; returns the count.
async fn count(store: &SqlStore, run_id: RunId, statement: &'static str) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar::<_, i64>(statement).bind(run_id.0).fetch_optional(&store.write).await;
    let count = count.map_err(failed("count what became of a lease"))?;
    Ok(count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0))
}

/// Ends the run or puts it off, and tells the connection.
async fn conclude(
    tx: &mut Tx,
    run_id: RunId,
    run: &HeldRun,
    failure: Failure,
    then: AfterFailure,
    actor: Actor,
    now: Timestamp,
) -> Result<(), Refused> {
    let before = take(tx, run.organization_id, run.connection_id).await?;
    let happening = |cause| Happening { connection_id: run.connection_id, cause, actor, run_id: Some(run_id) };
    match then {
        AfterFailure::End => {
            end(tx, run_id, RunState::Failed, Some(&failure), now).await?;
            sqlx::query("UPDATE connections SET last_failure = $2, next_sync_at = NULL WHERE id = $1")
                .bind(run.connection_id.0)
                .bind(to_json(&failure, "failure")?)
                .execute(&mut **tx)
                .await
                .map_err(failed("keep why a run came to nothing"))?;
            match before {
                ConnectionState::Revoked { .. } => Ok(()),
                _ => {
                    let event = ConnectionEvent::RunFailed(failure);
                    let happening = happening("runFailed");
                    apply(tx, run.organization_id, &before, event, happening, now).await.map(|_| ())
                }
            }
        }
        AfterFailure::TryAgain { not_before } => {
            sqlx::query("UPDATE runs SET not_before = $2, failure = $3, started_at = NULL WHERE id = $1")
                .bind(run_id.0)
                .bind(to_ms(not_before))
                .bind(to_json(&failure, "failure")?)
                .execute(&mut **tx)
                .await
                .map_err(failed("put a run off"))?;
            let happening = happening("runPutOff");
            Ok(note(tx, Some(&before), &before, Some(&failure), happening, now).await?)
        }
    }
}

async fn end(
    tx: &mut Tx,
    run_id: RunId,
    state: RunState,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE runs SET state = $2, failure = $3, finished_at = $4 WHERE id = $1")
        .bind(run_id.0)
        .bind(state.as_str())
        .bind(failure.map(|failure| to_json(failure, "failure")).transpose()?)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("end a run"))
}
