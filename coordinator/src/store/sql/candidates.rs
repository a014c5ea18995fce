//! What is being set at banks. A candidate is kept with the intent that sets it, and stays until somebody knows what the
//! bank made of it:
//!
//! ```text
//! declared ──accepted, or what signs in with it is let in──▶ in the place of what was kept
//!    │ ├─────refused, or what signs in without it is let in──▶ forgotten
//!    │ └─────other ones are given, or the connection is revoked──▶ forgotten
//!    └──else──▶ in doubt: of two passwords the one is tried that was tried less often, or is likelier
//! ```
//!
//! Not here: which passwords may be submitted at all (`lockout`).

use async_trait::async_trait;
use domain::audit::Action;
use domain::id::{ConnectionId, IntentId, OrganizationId, RunId};
use domain::run::{Effect, EffectOutcome};
use jiff::Timestamp;
use protocol::lease::{Proof, Verdict};
use sqlx::FromRow;
use uuid::Uuid;

use super::held::{HeldRun, hold};
use super::{SqlStore, Tx, authenticators, failed, from_word, lockout, to_ms};
use crate::store::{Act, Candidates, NewCandidate, REFUSALS_ALLOWED, Refused, Setting, StoreError};

/// A password that may or may not be the bank's.
#[derive(FromRow)]
struct Doubtful {
    intent_id: Uuid,
    run_id: Uuid,
    fence: i64,
    sealed: Vec<u8>,
    login: Option<Vec<u8>>,
    whole: Option<Vec<u8>>,
    old_whole: Option<Vec<u8>>,
    likely: String,
    tries_new: i64,
    tries_old: i64,
}

/// A candidate of one connection.
#[derive(FromRow)]
struct CandidateRow {
    connection_id: Uuid,
    organization_id: Uuid,
    effect: String,
    sealed: Vec<u8>,
    login: Option<Vec<u8>>,
    whole: Option<Vec<u8>>,
    old_whole: Option<Vec<u8>>,
}

/// The password that a run is given while nobody knows which one is the bank's.
pub(super) struct Chosen {
    pub(super) sealed: Vec<u8>,
    pub(super) login: Option<Vec<u8>>,
    pub(super) whole: Option<Vec<u8>>,
}

/// What follows from a refused password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    /// There is another one that it may be.
    Untried,
    /// There is none.
    None,
}

async fn doubtful(tx: &mut Tx, connection: ConnectionId) -> Result<Option<Doubtful>, StoreError> {
    sqlx::query_as(
        "SELECT intent_id, run_id, fence, sealed, login, whole, old_whole, likely, tries_new, tries_old
         FROM candidates WHERE connection_id = $1 AND effect = 'newPassword'",
    )
    .bind(connection.0)
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("read a password that is being set"))
}

/// Keeps what is to be set by an intent, in place of what the same connection was to set before.
pub(super) async fn keep(
    tx: &mut Tx,
    intent: IntentId,
    (run, proof, effect): (RunId, Proof, Effect),
    new: &NewCandidate,
) -> Result<(), StoreError> {
    let (login, whole) = lockout::columns(new.fingerprints.map(|(new, _)| new));
    let (_, old_whole) = lockout::columns(new.fingerprints.map(|(_, old)| old));
    for (connection, sealed) in &new.sealed {
        sqlx::query(
            "INSERT INTO candidates (connection_id, effect, intent_id, run_id, fence, sealed, login, whole, old_whole,
                                     likely, tries_new, tries_old, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'new', 0, 0, $10)
             ON CONFLICT (connection_id, effect) DO UPDATE
             SET intent_id = excluded.intent_id, run_id = excluded.run_id, fence = excluded.fence,
                 sealed = excluded.sealed, login = excluded.login, whole = excluded.whole,
                 old_whole = excluded.old_whole, likely = 'new', tries_new = 0, tries_old = 0,
                 created_at = excluded.created_at",
        )
        .bind(connection.0)
        .bind(effect.as_str())
        .bind(intent.0)
        .bind(run.0)
        .bind(proof.fence.to_i64())
        .bind(sealed.clone())
        .bind(login.clone())
        .bind(whole.clone())
        .bind(old_whole.clone())
        .bind(to_ms(new.made_at))
        .execute(&mut **tx)
        .await
        .map_err(failed("keep what is to be set"))?;
    }
    Ok(())
}

/// What a connection is to set by an intent.
pub(super) async fn of_intent(
    tx: &mut Tx,
    intent: IntentId,
    connection: ConnectionId,
) -> Result<Option<Vec<u8>>, StoreError> {
    sqlx::query_scalar("SELECT sealed FROM candidates WHERE intent_id = $1 AND connection_id = $2")
        .bind(intent.0)
        .bind(connection.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(failed("read what is to be set"))
}

/// Which password a run of the connection gets, where it isn't the one that is kept.
pub(super) async fn choose(tx: &mut Tx, run: RunId, connection: ConnectionId) -> Result<Option<Chosen>, StoreError> {
    let Some(doubtful) = doubtful(tx, connection).await? else { return Ok(None) };
    let is_old_refused = lockout::was_refused(tx, doubtful.old_whole.as_deref()).await?;
    let is_new = is_old_refused
        || doubtful.tries_new < doubtful.tries_old
        || (doubtful.tries_new == doubtful.tries_old && doubtful.likely == "new");
    if !is_new {
        return Ok(None);
    }
    let Doubtful { sealed, login, whole, .. } = doubtful;
    sqlx::query("UPDATE runs SET login = $2, whole = $3 WHERE id = $1")
        .bind(run.0)
        .bind(login.clone())
        .bind(whole.clone())
        .execute(&mut **tx)
        .await
        .map_err(failed("keep which password a run has"))?;
    Ok(Some(Chosen { sealed, login, whole }))
}

/// Counts that a run is about to submit one of two passwords.
pub(super) async fn count_try(tx: &mut Tx, run: RunId, connection: ConnectionId) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE candidates
         SET tries_new = tries_new + CASE WHEN whole = (SELECT whole FROM runs WHERE id = $1) THEN 1 ELSE 0 END,
             tries_old = tries_old + CASE WHEN whole = (SELECT whole FROM runs WHERE id = $1) THEN 0 ELSE 1 END
         WHERE effect = 'newPassword' AND connection_id = $2",
    )
    .bind(run.0)
    .bind(connection.0)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("count which password is tried"))
}

/// Nobody submitted it: the session that was to do so still shows the page.
pub(super) async fn unsubmitted(tx: &mut Tx, intent: IntentId) -> Result<(), StoreError> {
    sqlx::query("UPDATE candidates SET likely = 'old' WHERE intent_id = $1")
        .bind(intent.0)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("keep that something wasn't set"))
}

/// The bank said no to it.
pub(super) async fn drop_of(tx: &mut Tx, intent: IntentId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM candidates WHERE intent_id = $1")
        .bind(intent.0)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("forget what the bank refused"))
}

/// Forgets what a connection is to set by one effect.
pub(super) async fn forget(tx: &mut Tx, connection: ConnectionId, effect: Effect) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM candidates WHERE connection_id = $1 AND effect = $2")
        .bind(connection.0)
        .bind(effect.as_str())
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("forget what was to be set"))
}

/// Forgets all that a connection has set or is to set.
pub(super) async fn forget_all(tx: &mut Tx, connection: ConnectionId) -> Result<(), StoreError> {
    for statement in
        ["DELETE FROM candidates WHERE connection_id = $1", "DELETE FROM security_answers WHERE connection_id = $1"]
    {
        let forgotten = sqlx::query(statement).bind(connection.0).execute(&mut **tx).await;
        forgotten.map_err(failed("forget what was set"))?;
    }
    Ok(())
}

/// What the holder of a run says became of what it was to set.
pub(super) async fn settle(
    tx: &mut Tx,
    run: RunId,
    intent: IntentId,
    outcome: EffectOutcome,
    now: Timestamp,
) -> Result<Vec<Act>, StoreError> {
    match outcome {
        EffectOutcome::Accepted => promote(tx, run, intent, now).await,
        EffectOutcome::Refused => drop_of(tx, intent).await.map(|()| Vec::new()),
        EffectOutcome::Absent => unsubmitted(tx, intent).await.map(|()| Vec::new()),
        EffectOutcome::Happened => Ok(Vec::new()),
    }
}

/// Puts it in the place of what was kept, for every connection that it is for; what is to be written down of it.
async fn promote(tx: &mut Tx, run: RunId, intent: IntentId, now: Timestamp) -> Result<Vec<Act>, StoreError> {
    let rows = sqlx::query_as::<_, CandidateRow>(
        "SELECT k.connection_id, c.organization_id, k.effect, k.sealed, k.login, k.whole, k.old_whole
         FROM candidates k JOIN connections c ON c.id = k.connection_id WHERE k.intent_id = $1 ORDER BY k.connection_id",
    );
    let rows = rows.bind(intent.0).fetch_all(&mut **tx).await.map_err(failed("read what was set"))?;
    let mut acts = Vec::new();
    for row in rows {
        let connection = ConnectionId(row.connection_id);
        let action = match from_word(&row.effect, "effect")? {
            Effect::NewPassword => {
                replace_password(tx, run, &row, now).await?;
                Action::ConnectionPasswordChanged
            }
            Effect::Enrol => {
                authenticators::put(tx, connection, row.sealed, now).await?;
                Action::ConnectionAuthenticatorEnrolled
            }
            _ => {
                put_answers(tx, connection, row.sealed, now).await?;
                Action::ConnectionAnswersSet
            }
        };
        acts.push(Act::new(action).of(OrganizationId(row.organization_id)).on(connection).to(run));
    }
    drop_of(tx, intent).await?;
    Ok(acts)
}

/// The credentials with the new password, unless others were given since. Those without it are no good any more, whoever
/// has them.
async fn replace_password(tx: &mut Tx, run: RunId, row: &CandidateRow, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE credentials SET sealed = $2, refused = NULL, given_at = $3, login = $4, whole = $5, printed_at = $3
         WHERE connection_id = $1 AND whole = $6 AND printed_at = given_at",
    )
    .bind(row.connection_id)
    .bind(row.sealed.clone())
    .bind(to_ms(now))
    .bind(row.login.clone())
    .bind(row.whole.clone())
    .bind(row.old_whole.clone())
    .execute(&mut **tx)
    .await
    .map_err(failed("keep a password that was set"))?;
    sqlx::query("UPDATE runs SET whole = $3 WHERE id = $1 AND connection_id = $2")
        .bind(run.0)
        .bind(row.connection_id)
        .bind(row.whole.clone())
        .execute(&mut **tx)
        .await
        .map_err(failed("keep which password a run has"))?;
    lockout::note_refused(tx, row.old_whole.clone(), now).await
}

async fn put_answers(tx: &mut Tx, id: ConnectionId, sealed: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO security_answers (connection_id, sealed, set_at, refusals) VALUES ($1, $2, $3, 0)
         ON CONFLICT (connection_id) DO UPDATE SET sealed = excluded.sealed, set_at = excluded.set_at, refusals = 0",
    )
    .bind(id.0)
    .bind(sealed)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep answers that were set"))
}

/// Whoever the run's password let in says which of two is the bank's. Called where the bank has let the run in beyond doubt.
pub(super) async fn resolve(tx: &mut Tx, run_id: RunId, run: &HeldRun, now: Timestamp) -> Result<Vec<Act>, StoreError> {
    let (given, session) = sqlx::query_as::<_, (Option<Vec<u8>>, i64)>("SELECT whole, session FROM runs WHERE id = $1")
        .bind(run_id.0)
        .fetch_one(&mut **tx)
        .await
        .map_err(failed("read which password a run has"))?;
    let mut acts = Vec::new();
    if let Some(password) = doubtful(tx, run.connection_id).await? {
        let intent = IntentId(password.intent_id);
        let was_set_here = password.run_id == run_id.0 && password.fence >= session;
        if given == password.whole {
            acts = promote(tx, run_id, intent, now).await?;
        } else if given == password.old_whole && !was_set_here {
            drop_of(tx, intent).await?;
        }
    }
    // What else this session has set, and went on from.
    let others = sqlx::query_scalar::<_, Uuid>(
        "SELECT k.intent_id FROM candidates k JOIN intents i ON i.id = k.intent_id
         WHERE k.connection_id = $1 AND k.run_id = $2 AND k.fence >= $3 AND i.outcome = 'happened'",
    );
    let others = others.bind(run.connection_id.0).bind(run_id.0).bind(session).fetch_all(&mut **tx).await;
    for intent in others.map_err(failed("look for what a run has set"))? {
        acts.extend(promote(tx, run_id, IntentId(intent), now).await?);
    }
    Ok(acts)
}

/// Keeps that the bank refused the password of a run, and looks whether it may be the other one.
pub(super) async fn refused(tx: &mut Tx, run_id: RunId, run: &HeldRun, now: Timestamp) -> Result<Other, StoreError> {
    let Some(password) = doubtful(tx, run.connection_id).await? else { return Ok(Other::None) };
    let (_, given) = lockout::of_run(tx, run_id).await?;
    if given.is_none() || !lockout::submitted(tx, run_id).await? {
        return Ok(Other::None);
    }
    lockout::note_refused(tx, given.clone(), now).await?;
    let is_new = given == password.whole;
    let other = if is_new { &password.old_whole } else { &password.whole };
    let other = match lockout::was_refused(tx, other.as_deref()).await? {
        true => Other::None,
        false => Other::Untried,
    };
    if is_new || other == Other::None {
        drop_of(tx, IntentId(password.intent_id)).await?;
    }
    Ok(other)
}

/// Counts what a bank made of an answer that was agreed on.
pub(super) async fn count_answer(tx: &mut Tx, connection: Uuid, verdict: Verdict) -> Result<(), StoreError> {
    let statement = match verdict {
        Verdict::Accepted => "UPDATE security_answers SET refusals = 0 WHERE connection_id = $1 AND refusals > 0",
        Verdict::Rejected => "UPDATE security_answers SET refusals = refusals + 1 WHERE connection_id = $1",
    };
    let counted = sqlx::query(statement).bind(connection).execute(&mut **tx).await;
    counted.map(|_| ()).map_err(failed("count refused answers"))
}

/// What the bank made of a code or an answer says what became of what was being set, where that is where it came from.
pub(super) async fn told_by_answer(
    tx: &mut Tx,
    run: RunId,
    (connection, effect): (Uuid, Effect),
    verdict: Verdict,
    now: Timestamp,
) -> Result<Vec<Act>, StoreError> {
    let intent =
        sqlx::query_scalar::<_, Uuid>("SELECT intent_id FROM candidates WHERE connection_id = $1 AND effect = $2");
    let intent = intent.bind(connection).bind(effect.as_str()).fetch_optional(&mut **tx).await;
    match (intent.map_err(failed("look for what is being set"))?, verdict) {
        (Some(intent), Verdict::Accepted) => promote(tx, run, IntentId(intent), now).await,
        (Some(intent), Verdict::Rejected) => drop_of(tx, IntentId(intent)).await.map(|()| Vec::new()),
        (None, _) => Ok(Vec::new()),
    }
}

#[async_trait]
impl Candidates for SqlStore {
    async fn setting(&self, run_id: RunId, proof: Proof) -> Result<Setting, Refused> {
        let mut tx = self.begin().await?;
        let run = hold(&mut tx, run_id, proof).await?;
        let (given, key) =
            sqlx::query_as::<_, (Option<Vec<u8>>, String)>("SELECT whole, agent_key FROM runs WHERE id = $1")
                .bind(run_id.0)
                .fetch_one(&mut *tx)
                .await
                .map_err(failed("read which password a run has"))?;
        let kept = sqlx::query_scalar::<_, Vec<u8>>("SELECT sealed FROM credentials WHERE connection_id = $1");
        let kept = kept.bind(run.connection_id.0).fetch_optional(&mut *tx).await.map_err(failed("read credentials"))?;
        let doubtful = doubtful(&mut tx, run.connection_id).await?;
        let credentials = match doubtful {
            Some(doubtful) if given.is_some() && doubtful.whole == given => Some(doubtful.sealed),
            _ => kept,
        };
        let siblings = sqlx::query_scalar::<_, Uuid>(
            "SELECT c.id FROM connections c JOIN credentials k ON k.connection_id = c.id
             LEFT JOIN candidates n ON n.connection_id = c.id AND n.effect = 'newPassword'
             WHERE c.organization_id = $1 AND c.id <> $2 AND k.printed_at = k.given_at AND (k.whole = $3 OR n.whole = $3)
             ORDER BY c.id",
        );
        let siblings = siblings.bind(run.organization_id.0).bind(run.connection_id.0).bind(given);
        let siblings = siblings.fetch_all(&mut *tx).await.map_err(failed("look for connections of the same user"))?;
        Ok(Setting {
            organization_id: run.organization_id,
            connection_id: run.connection_id,
            institution_id: run.institution_id,
            agent_key: from_word(&key, "agent's key")?,
            credentials,
            siblings: siblings.into_iter().map(ConnectionId).collect(),
        })
    }

    async fn security_answers(&self, id: ConnectionId) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed = sqlx::query_scalar(
            "SELECT COALESCE(n.sealed, a.sealed) FROM connections c
             LEFT JOIN candidates n ON n.connection_id = c.id AND n.effect = 'newAnswers'
             LEFT JOIN security_answers a ON a.connection_id = c.id AND a.refusals < $2
             WHERE c.id = $1 AND (n.sealed IS NOT NULL OR a.sealed IS NOT NULL)",
        );
        let sealed = sealed.bind(id.0).bind(REFUSALS_ALLOWED).fetch_optional(&self.read).await;
        sealed.map_err(failed("read answers that were agreed on"))
    }
}
