//! Calling people to a challenge: at once, or where a message may answer it by itself once none came for a while.
//!
//! Not here: what may answer a challenge ([`super::sources`]).

use domain::challenge::{AnswerSource, ChallengeState, Question};
use domain::event::EventType;
use domain::id::{ChallengeId, ConnectionId, OrganizationId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::resends::AskedBefore;
use super::{SqlStore, Tx, commit, failed, from_json, from_ms, to_ms, webhooks};
use crate::store::{NewChallenge, StoreError};

/// How many are called to in one transaction.
const AT_ONCE: i64 = 100;

/// A challenge that people are called to.
#[derive(FromRow)]
struct CalledRow {
    id: Uuid,
    organization_id: Uuid,
    connection_id: Uuid,
    question: String,
    state: String,
    expires_at: i64,
}

/// When people are called to a challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    /// Never: it is answered in any case.
    Nobody,
    /// As soon as it is there.
    AtOnce,
    /// When no message has answered it by then.
    At(Timestamp),
}

impl Calls {
    /// By what may answer, and whether a person is there already.
    pub(super) fn of(
        sources: &[AnswerSource],
        new: &NewChallenge,
        before: Option<&AskedBefore>,
        now: Timestamp,
    ) -> Self {
        if sources.iter().any(|source| source.is_sure()) {
            return Self::Nobody;
        }
        let may_come_in = sources.iter().any(|source| matches!(source, AnswerSource::Email | AnswerSource::Sms));
        // Whose answer the bank refused, or who gave the wheel back to the same question, is there.
        let is_somebody_there = before.is_some_and(|before| before.by_person);
        if !may_come_in || is_somebody_there || new.people_at <= now { Self::AtOnce } else { Self::At(new.people_at) }
    }

    /// As it is kept.
    pub(super) fn kept(self) -> Option<i64> {
        match self {
            Self::At(moment) => Some(to_ms(moment)),
            Self::Nobody | Self::AtOnce => None,
        }
    }
}

/// Tells of a challenge that people are to answer.
pub(super) async fn call(
    tx: &mut Tx,
    organization: OrganizationId,
    connection: ConnectionId,
    id: ChallengeId,
    question: &Question,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let data = json!({
        "connectionId": connection,
        "challengeId": id,
        "kind": question.kind,
        "expiresAt": expires_at,
    });
    webhooks::emit(tx, organization, EventType::ChallengeOpened, data, now).await
}

/// Calls people to the challenges that nothing has answered by itself in time; how many.
pub(super) async fn call_to_unanswered(store: &SqlStore, now: Timestamp) -> Result<u64, StoreError> {
    // Looked for every second, and nearly always in vain: nothing is written for that. While somebody holds the wheel
    // nobody else is heard.
    let due = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM challenges WHERE people_at <= $1 AND (held_until IS NULL OR held_until <= $1)",
    );
    let due = due.bind(to_ms(now)).fetch_one(&store.read).await;
    if due.map_err(failed("look for challenges that nobody was called to"))? == 0 {
        return Ok(0);
    }
    let mut tx = store.begin().await?;
    let due = sqlx::query_as::<_, CalledRow>(
        "UPDATE challenges SET people_at = NULL, updated_at = CASE WHEN state = 'open' THEN $1 ELSE updated_at END
         WHERE people_at <= $1 AND (held_until IS NULL OR held_until <= $1) AND id IN (
             SELECT id FROM challenges WHERE people_at <= $1 AND (held_until IS NULL OR held_until <= $1)
             ORDER BY people_at LIMIT $2)
         RETURNING id, organization_id, connection_id, question, state, expires_at",
    );
    let due = due.bind(to_ms(now)).bind(AT_ONCE).fetch_all(&mut *tx).await.map_err(failed("call people"))?;
    let mut count = 0;
    // Nobody is needed any more where it was answered, or is over.
    for row in due.into_iter().filter(|row| row.state == ChallengeState::Open.as_str()) {
        let Ok(question) = from_json::<Question>(&row.question, "question") else {
            tracing::error!(challenge_id = %row.id, "nobody is called to a challenge whose question can't be read");
            continue;
        };
        let (organization, connection) = (OrganizationId(row.organization_id), ConnectionId(row.connection_id));
        let expires_at = from_ms(row.expires_at)?;
        call(&mut tx, organization, connection, ChallengeId(row.id), &question, expires_at, now).await?;
        count += 1;
    }
    commit(tx).await?;
    Ok(count)
}
