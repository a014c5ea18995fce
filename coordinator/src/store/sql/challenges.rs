//! Challenges: opened by a run, answered by a person, settled by the run.
//!
//! Not here: what an answer says; only sealed bytes come here.

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::{AnswerSource, ChallengeEvent, ChallengeState, ClosingReason, IllegalChallengeEvent, Question};
use domain::connection::Actor;
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId, UserId};
use domain::run::Effect;
use jiff::Timestamp;
use protocol::lease::{Proof, Verdict};
use protocol::sealed::PublicKey;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::write;
use super::calling::Calls;
use super::closing::{came_back, cancel_pending, expire};
use super::held::{HeldRun, hold, take_connection_of};
use super::transition::{Happening, note};
use super::{
    SqlStore, Tx, authenticators, calling, candidates, commit, failed, found, from_json, from_ms, from_word, inbound,
    push_page, resends, sources, to_json, to_ms,
};
use crate::store::{
    Act, Challenge, Challenges, Connections as _, HandsBack, NewChallenge, PageRequest, Refused, StoreError, Wheel,
    fence_of,
};
use domain::failure::{Failure, FailureCode, Stage};

#[derive(FromRow)]
pub(super) struct ChallengeRow {
    pub(super) id: Uuid,
    pub(super) organization_id: Uuid,
    pub(super) connection_id: Uuid,
    pub(super) run_id: Uuid,
    question: String,
    pub(super) state: String,
    answer_sealed: Option<Vec<u8>>,
    may_answer: Option<String>,
    source: Option<String>,
    closed_for: Option<String>,
    resends: i64,
    resends_left: Option<i64>,
    resend_after: Option<i64>,
    created_at: i64,
    pub(super) expires_at: i64,
    people_at: Option<i64>,
    updated_at: i64,
    pub(super) holder_id: Option<Uuid>,
    pub(super) holder_name: Option<String>,
    pub(super) seat: Option<Uuid>,
    pub(super) held_until: Option<i64>,
    pub(super) wheel_turn: i64,
    pub(super) wheel_given: i64,
}

/// The columns of a challenge.
macro_rules! challenge_columns {
    () => {
        "id, organization_id, connection_id, run_id, question, state, answer_sealed, may_answer, source,
         closed_for, resends, resends_left, resend_after, created_at, expires_at, people_at, updated_at, holder_id,
         holder_name, seat, held_until, wheel_turn, wheel_given"
    };
}

pub(super) use challenge_columns;

impl ChallengeRow {
    /// Whether a run asked it.
    pub(super) fn is_of(&self, run: RunId) -> bool {
        self.run_id == run.0
    }

    /// Whether it is about this connection of this tenant.
    pub(super) fn is_owned(&self, organization: OrganizationId, connection: ConnectionId) -> bool {
        self.organization_id == organization.0 && self.connection_id == connection.0
    }

    /// Whether nobody has answered.
    pub(super) fn is_open(&self) -> bool {
        self.state == ChallengeState::Open.as_str()
    }

    /// Who holds the wheel, or held it until they weren't heard of any more.
    pub(super) fn wheel(&self) -> Result<Option<Wheel>, StoreError> {
        let (Some(user), Some(seat), Some(until)) = (self.holder_id, self.seat, self.held_until) else {
            return Ok(None);
        };
        let name = self.holder_name.clone().unwrap_or_default();
        Ok(Some(Wheel { user: UserId(user), name, seat, until: from_ms(until)? }))
    }

    /// All that is known of challenges.
    pub(super) const SELECT: &str = concat!("SELECT ", challenge_columns!(), " FROM challenges");

    pub(super) fn read(self) -> Result<Challenge, StoreError> {
        let question: Question = from_json(&self.question, "question")?;
        let wheel = self.wheel()?;
        let may_answer = match &self.may_answer {
            Some(words) => {
                words.split_whitespace().map(|word| from_word(word, "answer's source")).collect::<Result<_, _>>()?
            }
            None => sources::may_answer(&question, Vec::new()),
        };
        let resends_left = count(self.resends_left.unwrap_or(0));
        Ok(Challenge {
            may_answer,
            resends: count(self.resends),
            resends_left,
            resend_after: self.resend_after.filter(|_| resends_left > 0).map(from_ms).transpose()?,
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
            people_at: self.people_at.map(from_ms).transpose()?,
            updated_at: from_ms(self.updated_at)?,
            wheel,
        })
    }
}

fn count(kept: i64) -> u32 {
    u32::try_from(kept).unwrap_or(0)
}

/// That the holder of a run accepts terms, as is to be written down before it does; refused unless somebody said so.
pub(super) async fn accepting(tx: &mut Tx, run_id: RunId, run: &HeldRun, proof: Proof) -> Result<Act, Refused> {
    let row = sqlx::query_as::<_, ChallengeRow>(concat!(
        "SELECT ",
        challenge_columns!(),
        " FROM challenges WHERE run_id = $1 AND fence = $2 AND state || '' = 'answered' ORDER BY id DESC LIMIT 1"
    ));
    let row = row.bind(run_id.0).bind(proof.fence.to_i64()).fetch_optional(&mut **tx).await;
    let challenge = found(row, "look for who accepts terms")?.read()?;
    let terms = challenge.question.terms.ok_or(Refused::NotFound)?;
    let by = challenge.source.map(AnswerSource::as_str);
    let act = Act::new(Action::ConnectionTermsAccepted).of(run.organization_id).on(run.connection_id).to(challenge.id);
    Ok(act.with(json!({ "title": terms.title, "sha256": terms.sha256, "by": by })))
}

/// Takes a challenge's row for this transaction.
pub(super) async fn take(tx: &mut Tx, id: ChallengeId) -> Result<ChallengeRow, Refused> {
    let row = sqlx::query_as::<_, ChallengeRow>(concat!(
        "UPDATE challenges SET state = state WHERE id = $1 RETURNING ",
        challenge_columns!()
    ))
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await;
    found(row, "take a challenge")
}

pub(super) async fn change(
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
        ChallengeEvent::Accept | ChallengeEvent::Reject
            if row.answer_sealed.is_none() && state == ChallengeState::Answered =>
        {
            Some(ClosingReason::HandedBack)
        }
        _ => None,
    };
    let state = question.kind.after(state, event)?;
    // Whatever happens to a challenge, nobody holds the wheel after it.
    sqlx::query(
        "UPDATE challenges SET state = $2, answer_sealed = $3, updated_at = $4, closed_for = $5, holder_id = NULL,
             holder_name = NULL, seat = NULL, held_until = NULL WHERE id = $1",
    )
    .bind(row.id)
    .bind(state.as_str())
    .bind(answer)
    .bind(to_ms(now))
    .bind(closed_for.map(ClosingReason::as_str))
    .execute(&mut **tx)
    .await
    .map_err(failed("change a challenge"))?;
    Ok(Challenge { state, closed_for, updated_at: now, wheel: None, ..row.read()? })
}

/// Who holds the wheel at this moment.
pub(super) fn held_by(row: &ChallengeRow, now: Timestamp) -> Option<String> {
    let is_held = row.held_until.is_some_and(|until| until > to_ms(now));
    is_held.then(|| row.holder_name.clone().unwrap_or_default())
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
            challenge_columns!(),
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
        let closed = cancel_pending(&mut tx, run_id, ClosingReason::AskedAnew, now).await?;
        let by_itself = sources::by_itself(&mut tx, run_id, &run, &new).await?;
        let resends_left = resends::left(&mut tx, run_id, &new).await?;
        let before = resends::asked_before(&mut tx, run_id, &new.question).await?;
        let resend_after = resends::after(&new, before.as_ref());
        let sources = sources::may_answer(&new.question, by_itself);
        let calls = Calls::of(&sources, &new, before.as_ref(), now);
        let row = sqlx::query_as::<_, ChallengeRow>(concat!(
            "INSERT INTO challenges (id, organization_id, connection_id, run_id, fence, question, state, created_at,
                                         expires_at, updated_at, may_answer, resends_left, resend_after, people_at)
                 VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $7, $9, $10, $11, $12) RETURNING ",
            challenge_columns!()
        ))
        .bind(new.id.0)
        .bind(run.organization_id.0)
        .bind(run.connection_id.0)
        .bind(run_id.0)
        .bind(proof.fence.to_i64())
        .bind(question)
        .bind(to_ms(now))
        .bind(to_ms(new.expires_at))
        .bind(sources::kept(&sources))
        .bind(resends_left)
        .bind(resend_after)
        .bind(calls.kept())
        .fetch_one(&mut *tx)
        .await
        .map_err(failed("open a challenge"))?;
        if calls == Calls::AtOnce {
            let (owner, connection) = (run.organization_id, run.connection_id);
            calling::call(&mut tx, owner, connection, new.id, &new.question, new.expires_at, now).await?;
        }
        write(&mut tx, closed.acts, now).await?;
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
            challenge_columns!(),
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
                Some(AnswerSource::Policy | AnswerSource::Email | AnswerSource::Sms | AnswerSource::Person) | None => {
                    None
                }
            };
            if let Some(effect) = of_first_login {
                let of = (row.connection_id, effect);
                acts = candidates::told_by_answer(&mut tx, run_id, of, verdict, now).await?;
            }
            acts.extend(came_back(std::slice::from_ref(&row), ClosingReason::AnsweredElsewhere.as_str()));
            let until = from_ms(row.updated_at)?;
            let challenge = change(&mut tx, row, event, None, now).await?;
            if verdict == Verdict::Accepted {
                // Whoever passed the page at the wheel, or elsewhere, had no use for what came in before.
                inbound::forget(&mut tx, challenge.connection_id, &challenge.question, until).await?;
            }
        }
        write(&mut tx, acts, now).await?;
        Ok(commit(tx).await?)
    }

    async fn challenges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        states: &[ChallengeState],
        page: PageRequest,
    ) -> Result<Vec<Challenge>, Refused> {
        self.connection(organization, connection).await?;
        let mut query = QueryBuilder::<Db>::new(concat!(
            "SELECT ",
            challenge_columns!(),
            " FROM challenges WHERE connection_id = "
        ));
        query.push_bind(connection.0);
        if !states.is_empty() {
            let mut words = query.push(" AND state || '' IN (").separated(", ");
            for state in states {
                words.push_bind(state.as_str());
            }
            query.push(")");
        }
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
            challenge_columns!(),
            " FROM challenges WHERE id = $1 AND connection_id = $2 AND organization_id = $3"
        ));
        let row = row.bind(id.0).bind(connection.0).bind(organization.0).fetch_optional(&self.read).await;
        Ok(found(row, "read a challenge")?.read()?)
    }

    async fn waiting_challenges(&self) -> Result<Vec<Challenge>, StoreError> {
        let rows = sqlx::query_as::<_, ChallengeRow>(concat!(
            "SELECT ",
            challenge_columns!(),
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
            let acts = came_back(std::slice::from_ref(&row), ClosingReason::Expired.as_str());
            let expired = change(&mut tx, row, ChallengeEvent::Expire, None, now).await?;
            write(&mut tx, acts, now).await?;
            commit(tx).await?;
            return Err(IllegalChallengeEvent { state: expired.state, event: ChallengeEvent::Answer }.into());
        }
        if let Some(by) = held_by(&row, now) {
            return Err(Refused::WheelHeld { by });
        }
        // Whoever held it and isn't heard of any more has it back before the next round would say so.
        let mut acts = came_back(std::slice::from_ref(&row), HandsBack::Silence.as_str());
        let challenge = change(&mut tx, row, ChallengeEvent::Answer, Some(sealed), now).await?;
        sqlx::query("UPDATE challenges SET source = $2 WHERE id = $1")
            .bind(id.0)
            .bind(source.as_str())
            .execute(&mut *tx)
            .await
            .map_err(failed("keep what answered"))?;
        inbound::forget(&mut tx, connection, &challenge.question, now).await?;
        if source == AnswerSource::Person {
            let act = Act::new(Action::ChallengeAnswered).of(organization).on(connection).to(id);
            acts.push(act.with(json!({ "kind": challenge.question.kind })));
        }
        write(&mut tx, acts, now).await?;
        commit(tx).await?;
        Ok(Challenge { source: Some(source), ..challenge })
    }

    async fn close_challenge_of_silent(&self, run_id: RunId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        take_connection_of(&mut tx, run_id).await?;
        let closed = cancel_pending(&mut tx, run_id, ClosingReason::AgentGone, now).await?;
        if closed.count == 0 {
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
        write(&mut tx, closed.acts, now).await?;
        commit(tx).await
    }

    async fn call_people(&self, now: Timestamp) -> Result<u64, StoreError> {
        calling::call_to_unanswered(self, now).await
    }

    async fn expire_challenges(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let closed = expire(&mut tx, now).await?;
        write(&mut tx, closed.acts, now).await?;
        commit(tx).await?;
        Ok(closed.count)
    }
}
