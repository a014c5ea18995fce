//! Challenges: opened by a run, answered by a person, settled by the run.
//!
//! Not here: what an answer says; only sealed bytes come here.

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::{
    AnswerSource, ChallengeEvent, ChallengeKind, ChallengeState, ClosingReason, IllegalChallengeEvent, Question,
    TermsPolicy,
};
use domain::connection::Actor;
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId};
use domain::run::Effect;
use jiff::Timestamp;
use protocol::lease::{Proof, Verdict};
use protocol::sealed::PublicKey;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::{commit_act, write};
use super::held::{HeldRun, hold, take_connection_of};
use super::transition::{Happening, note};
use super::{
    SqlStore, Tx, authenticators, candidates, commit, failed, found, from_json, from_ms, from_word, push_page, to_json,
    to_ms, webhooks,
};
use crate::store::{
    Act, Agreed, Challenge, Challenges, Connections as _, NewChallenge, PageRequest, REFUSALS_ALLOWED, Refused,
    StoreError, fence_of,
};
use domain::event::EventType;
use domain::failure::{Failure, FailureCode, Stage};

#[derive(FromRow)]
pub(super) struct ChallengeRow {
    id: Uuid,
    organization_id: Uuid,
    connection_id: Uuid,
    run_id: Uuid,
    question: String,
    state: String,
    answer_sealed: Option<Vec<u8>>,
    may_answer: Option<String>,
    source: Option<String>,
    closed_for: Option<String>,
    created_at: i64,
    expires_at: i64,
    updated_at: i64,
}

/// The columns of a challenge.
macro_rules! columns {
    () => {
        "id, organization_id, connection_id, run_id, question, state, answer_sealed, may_answer, source,
         closed_for, created_at, expires_at, updated_at"
    };
}

impl ChallengeRow {
    /// All that is known of challenges.
    pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM challenges");

    pub(super) fn read(self) -> Result<Challenge, StoreError> {
        let question: Question = from_json(&self.question, "question")?;
        let may_answer = match &self.may_answer {
            Some(words) => {
                words.split_whitespace().map(|word| from_word(word, "answer's source")).collect::<Result<_, _>>()?
            }
            None => may_answer(&question, None),
        };
        Ok(Challenge {
            may_answer,
            source: self.source.map(|word| from_word(&word, "answer's source")).transpose()?,
            id: ChallengeId(self.id),
            organization_id: OrganizationId(self.organization_id),
            connection_id: ConnectionId(self.connection_id),
            run_id: RunId(self.run_id),
            question,
            state: from_word(&self.state, "challenge's state")?,
            closed_for: self.closed_for.map(|word| from_word(&word, "challenge's end")).transpose()?,
            created_at: from_ms(self.created_at)?,
            expires_at: from_ms(self.expires_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

/// What may answer a question, with what answers it without a person.
fn may_answer(question: &Question, by_itself: Option<AnswerSource>) -> Vec<AnswerSource> {
    let person = question.kind.takes_answer().then_some(AnswerSource::Person);
    by_itself.into_iter().chain(person).collect()
}

/// What answers a question without a person.
async fn by_itself(
    tx: &mut Tx,
    run_id: RunId,
    run: &HeldRun,
    new: &NewChallenge,
) -> Result<Option<AnswerSource>, StoreError> {
    match new.question.kind {
        ChallengeKind::Terms => {
            let policy = sqlx::query_scalar::<_, Option<String>>("SELECT terms FROM organizations WHERE id = $1");
            let policy = policy.bind(run.organization_id.0).fetch_one(&mut **tx).await;
            let policy = policy.map_err(failed("read what is said of terms"))?;
            Ok((policy.as_deref() == Some(TermsPolicy::Accept.as_str())).then_some(AnswerSource::Policy))
        }
        ChallengeKind::SecurityQuestion if new.agreed == Agreed::Known => {
            let refused = was_refused(tx, run_id, AnswerSource::Agreed).await?;
            Ok((!refused).then_some(AnswerSource::Agreed))
        }
        _ => authenticator(tx, run_id, &new.question).await,
    }
}

/// Whether the bank refused what this gave in the very same run.
async fn was_refused(tx: &mut Tx, run_id: RunId, source: AnswerSource) -> Result<bool, StoreError> {
    let refused = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM challenges WHERE run_id = $1 AND source = $2 AND state || '' = 'rejected'",
    );
    let refused = refused.bind(run_id.0).bind(source.as_str()).fetch_one(&mut **tx).await;
    Ok(refused.map_err(failed("look for refused answers"))? > 0)
}

/// The connection's authenticator, if it may answer: unless the bank refused its codes, or one in this very run.
async fn authenticator(tx: &mut Tx, run_id: RunId, question: &Question) -> Result<Option<AnswerSource>, StoreError> {
    if !question.is_of_authenticator() {
        return Ok(None);
    }
    if was_refused(tx, run_id, AnswerSource::Totp).await? {
        return Ok(None);
    }
    let usable = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM runs r
         LEFT JOIN authenticators a ON a.connection_id = r.connection_id AND a.refusals < $2
         LEFT JOIN candidates n ON n.connection_id = r.connection_id AND n.effect = 'enrol'
         WHERE r.id = $1 AND (a.connection_id IS NOT NULL OR n.connection_id IS NOT NULL)",
    );
    let usable = usable.bind(run_id.0).bind(REFUSALS_ALLOWED).fetch_one(&mut **tx).await;
    let usable = usable.map_err(failed("look for an authenticator"))?;
    Ok((usable > 0).then_some(AnswerSource::Totp))
}

/// That the holder of a run accepts terms, as is to be written down before it does; refused unless somebody said so.
pub(super) async fn accepting(tx: &mut Tx, run_id: RunId, run: &HeldRun, proof: Proof) -> Result<Act, Refused> {
    let row = sqlx::query_as::<_, ChallengeRow>(concat!(
        "SELECT ",
        columns!(),
        " FROM challenges WHERE run_id = $1 AND fence = $2 AND state || '' = 'answered' ORDER BY id DESC LIMIT 1"
    ));
    let row = row.bind(run_id.0).bind(proof.fence.to_i64()).fetch_optional(&mut **tx).await;
    let challenge = found(row, "look for who accepts terms")?.read()?;
    let terms = challenge.question.terms.ok_or(Refused::NotFound)?;
    let by = challenge.source.map(AnswerSource::as_str);
    let act = Act::new(Action::ConnectionTermsAccepted).of(run.organization_id).on(run.connection_id).to(challenge.id);
    Ok(act.with(json!({ "title": terms.title, "sha256": terms.sha256, "by": by })))
}

/// Closes whatever the run still waits for; returns how many that were.
pub(super) async fn cancel_pending(
    tx: &mut Tx,
    run_id: RunId,
    reason: ClosingReason,
    now: Timestamp,
) -> Result<u64, StoreError> {
    sqlx::query(
        "UPDATE challenges SET state = 'cancelled', answer_sealed = NULL, closed_for = $3, updated_at = $2
         WHERE run_id = $1 AND state || '' IN ('open', 'answered')",
    )
    .bind(run_id.0)
    .bind(to_ms(now))
    .bind(reason.as_str())
    .execute(&mut **tx)
    .await
    .map(|done| done.rows_affected())
    .map_err(failed("cancel challenges"))
}

/// Takes a challenge's row for this transaction.
async fn take(tx: &mut Tx, id: ChallengeId) -> Result<ChallengeRow, Refused> {
    let row = sqlx::query_as::<_, ChallengeRow>(concat!(
        "UPDATE challenges SET state = state WHERE id = $1 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await;
    found(row, "take a challenge")
}

async fn change(
    tx: &mut Tx,
    row: ChallengeRow,
    event: ChallengeEvent,
    answer: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<Challenge, Refused> {
    let state: ChallengeState = from_word(&row.state, "challenge's state")?;
    let question: Question = from_json(&row.question, "question")?;
    let closed_for = match event {
        ChallengeEvent::Expire => Some(ClosingReason::Expired),
        ChallengeEvent::Accept if state == ChallengeState::Open => Some(ClosingReason::AnsweredElsewhere),
        _ => None,
    };
    let state = question.kind.after(state, event)?;
    sqlx::query("UPDATE challenges SET state = $2, answer_sealed = $3, updated_at = $4, closed_for = $5 WHERE id = $1")
        .bind(row.id)
        .bind(state.as_str())
        .bind(answer)
        .bind(to_ms(now))
        .bind(closed_for.map(ClosingReason::as_str))
        .execute(&mut **tx)
        .await
        .map_err(failed("change a challenge"))?;
    Ok(Challenge { state, closed_for, updated_at: now, ..row.read()? })
}

#[async_trait]
impl Challenges for SqlStore {
    async fn open_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        new: NewChallenge,
        now: Timestamp,
    ) -> Result<Challenge, Refused> {
        let mut tx = self.begin().await?;
        let run = hold(&mut tx, run_id, proof).await?;
        let question = to_json(&new.question, "question")?;
        let same = sqlx::query_as::<_, ChallengeRow>(concat!(
            "SELECT ",
            columns!(),
            "
             FROM challenges WHERE run_id = $1 AND fence = $2 AND question = $3 AND state || '' = 'open'"
        ))
        .bind(run_id.0)
        .bind(proof.fence.to_i64())
        .bind(question.clone())
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed("read challenges"))?;
        if let Some(row) = same {
            // The same call again, after an answer that was lost on the way.
            return Ok(row.read()?);
        }
        cancel_pending(&mut tx, run_id, ClosingReason::AskedAnew, now).await?;
        let by_itself = by_itself(&mut tx, run_id, &run, &new).await?;
        let sources = may_answer(&new.question, by_itself);
        let row = sqlx::query_as::<_, ChallengeRow>(concat!(
            "INSERT INTO challenges (id, organization_id, connection_id, run_id, fence, question, state, created_at,
                                         expires_at, updated_at, may_answer)
                 VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $7, $9) RETURNING ",
            columns!()
        ))
        .bind(new.id.0)
        .bind(run.organization_id.0)
        .bind(run.connection_id.0)
        .bind(run_id.0)
        .bind(proof.fence.to_i64())
        .bind(question)
        .bind(to_ms(now))
        .bind(to_ms(new.expires_at))
        .bind(sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(" "))
        .fetch_one(&mut *tx)
        .await
        .map_err(failed("open a challenge"))?;
        let data = json!({
            "connectionId": run.connection_id,
            "challengeId": new.id,
            "kind": new.question.kind,
            "expiresAt": new.expires_at,
        });
        // Nobody is called for what is answered by itself.
        if by_itself.is_none() {
            webhooks::emit(&mut tx, run.organization_id, EventType::ChallengeOpened, data, now).await?;
        }
        commit(tx).await?;
        Ok(row.read()?)
    }

    async fn challenge_of_run(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
    ) -> Result<(Challenge, Option<Vec<u8>>, PublicKey), Refused> {
        // Asked again and again while a person thinks, so nothing is taken or written.
        let (agent, fence) = fence_of(proof);
        let key = sqlx::query_scalar::<_, String>(
            "SELECT agent_key FROM runs
             WHERE id = $1 AND finished_at IS NULL AND started_at IS NOT NULL AND agent_id = $2 AND fence = $3",
        )
        .bind(run_id.0)
        .bind(agent.0)
        .bind(fence)
        .fetch_optional(&self.read)
        .await
        .map_err(failed("read an agent's key"))?
        .ok_or(Refused::LeaseLost)?;
        let row = sqlx::query_as::<_, ChallengeRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM challenges WHERE id = $1 AND run_id = $2"
        ))
        .bind(id.0)
        .bind(run_id.0)
        .fetch_optional(&self.read)
        .await;
        let mut row = found(row, "read a challenge")?;
        let answer = row.answer_sealed.take();
        Ok((row.read()?, answer, from_word(&key, "agent's key")?))
    }

    async fn settle_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        hold(&mut tx, run_id, proof).await?;
        let row = take(&mut tx, id).await?;
        if row.run_id != run_id.0 {
            return Err(Refused::NotFound);
        }
        let (event, settled) = match verdict {
            Verdict::Accepted => (ChallengeEvent::Accept, ChallengeState::Accepted),
            Verdict::Rejected => (ChallengeEvent::Reject, ChallengeState::Rejected),
        };
        // The same verdict again, after an answer that was lost on the way.
        let mut acts = Vec::new();
        if row.state != settled.as_str() {
            let source: Option<AnswerSource> =
                row.source.as_deref().map(|word| from_word(word, "answer's source")).transpose()?;
            let of_first_login = match source {
                Some(AnswerSource::Totp) => {
                    authenticators::count(&mut tx, row.connection_id, verdict).await?;
                    Some(Effect::Enrol)
                }
                Some(AnswerSource::Agreed) => {
                    candidates::count_answer(&mut tx, row.connection_id, verdict).await?;
                    Some(Effect::NewAnswers)
                }
                Some(AnswerSource::Policy | AnswerSource::Person) | None => None,
            };
            if let Some(effect) = of_first_login {
                let of = (row.connection_id, effect);
                acts = candidates::told_by_answer(&mut tx, run_id, of, verdict, now).await?;
            }
            change(&mut tx, row, event, None, now).await?;
        }
        write(&mut tx, acts, now).await?;
        Ok(commit(tx).await?)
    }

    async fn challenges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<Challenge>, Refused> {
        self.connection(organization, connection).await?;
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", columns!(), " FROM challenges WHERE connection_id = "));
        query.push_bind(connection.0);
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<ChallengeRow>().fetch_all(&self.read).await;
        let rows = rows.map_err(failed("list challenges"))?;
        Ok(rows.into_iter().map(ChallengeRow::read).collect::<Result<_, _>>()?)
    }

    async fn challenge(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
    ) -> Result<Challenge, Refused> {
        let row = sqlx::query_as::<_, ChallengeRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM challenges WHERE id = $1 AND connection_id = $2 AND organization_id = $3"
        ));
        let row = row.bind(id.0).bind(connection.0).bind(organization.0).fetch_optional(&self.read).await;
        Ok(found(row, "read a challenge")?.read()?)
    }

    async fn waiting_challenges(&self) -> Result<Vec<Challenge>, StoreError> {
        let rows = sqlx::query_as::<_, ChallengeRow>(concat!(
            "SELECT ",
            columns!(),
            " FROM challenges WHERE state = 'open' ORDER BY id LIMIT 1000"
        ));
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list challenges"))?;
        rows.into_iter().map(ChallengeRow::read).collect()
    }

    async fn answer_challenge(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
        sealed: Vec<u8>,
        source: AnswerSource,
        now: Timestamp,
    ) -> Result<Challenge, Refused> {
        let mut tx = self.begin().await?;
        let row = take(&mut tx, id).await?;
        if row.organization_id != organization.0 || row.connection_id != connection.0 {
            return Err(Refused::NotFound);
        }
        if to_ms(now) >= row.expires_at && row.state == ChallengeState::Open.as_str() {
            let expired = change(&mut tx, row, ChallengeEvent::Expire, None, now).await?;
            commit(tx).await?;
            return Err(IllegalChallengeEvent { state: expired.state, event: ChallengeEvent::Answer }.into());
        }
        let challenge = change(&mut tx, row, ChallengeEvent::Answer, Some(sealed), now).await?;
        sqlx::query("UPDATE challenges SET source = $2 WHERE id = $1")
            .bind(id.0)
            .bind(source.as_str())
            .execute(&mut *tx)
            .await
            .map_err(failed("keep what answered"))?;
        match source {
            AnswerSource::Person => {
                let act = Act::new(Action::ChallengeAnswered).of(organization).on(connection).to(id);
                commit_act(tx, act.with(json!({ "kind": challenge.question.kind })), now).await?;
            }
            AnswerSource::Totp | AnswerSource::Agreed | AnswerSource::Policy => commit(tx).await?,
        }
        Ok(Challenge { source: Some(source), ..challenge })
    }

    async fn close_challenge_of_silent(&self, run_id: RunId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        take_connection_of(&mut tx, run_id).await?;
        if cancel_pending(&mut tx, run_id, ClosingReason::AgentGone, now).await? == 0 {
            return Ok(());
        }
        let state = sqlx::query_as::<_, (Uuid, String)>(
            "SELECT c.id, c.state FROM connections c JOIN runs r ON r.connection_id = c.id WHERE r.id = $1",
        );
        let (connection, state) =
            state.bind(run_id.0).fetch_one(&mut *tx).await.map_err(failed("read a run's connection"))?;
        let state = from_json(&state, "connection's state")?;
        let happening = Happening {
            connection_id: ConnectionId(connection),
            cause: "challengeClosed",
            actor: Actor::Platform,
            run_id: Some(run_id),
        };
        let failure = Failure::new(FailureCode::AgentGone, Stage::Challenge);
        note(&mut tx, Some(&state), &state, Some(&failure), happening, now).await?;
        commit(tx).await
    }

    async fn expire_challenges(&self, now: Timestamp) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE challenges SET state = 'expired', answer_sealed = NULL, closed_for = 'expired', updated_at = $1
             WHERE state = 'open' AND expires_at <= $1",
        )
        .bind(to_ms(now))
        .execute(&self.write)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("expire challenges"))
    }
}
