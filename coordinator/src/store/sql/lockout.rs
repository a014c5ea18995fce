//! The lockout budget: which passwords may be submitted, whoever's connection it is. Banks
//! lock a user after a few wrong ones, and don't ask for which customer of ours they were.
//!
//! What a run was given counts for the run, also when other credentials are given meanwhile.
//! A login's row is taken last of all rows, so that two connections of the same user at a
//! bank go one after the other.
//!
//! Not here: what counts as refused; `domain::failure` says that.

use domain::failure::FailureCode;
use domain::id::{ConnectionId, RunId};
use domain::run::DOUBTS_ALLOWED;
use jiff::Timestamp;
use sqlx::FromRow;

use super::{Tx, failed, pools, to_ms};
use crate::store::{Fingerprints, Refused, StoreError};

/// What is kept of a connection's credentials; fingerprints only where they are of these.
#[derive(FromRow)]
struct KeptRow {
    refused: Option<String>,
    given_at: i64,
    login: Option<Vec<u8>>,
    whole: Option<Vec<u8>>,
}

/// Whether the connection has credentials that no bank refused as far as is known.
pub(super) async fn usable(tx: &mut Tx, connection: ConnectionId) -> Result<(), Refused> {
    let kept = kept(tx, connection).await?.ok_or(Refused::CredentialsMissing)?;
    let is_spent = kept.refused.is_some()
        || was_refused(tx, kept.whole.as_deref()).await?
        || is_locked(tx, kept.login.as_deref(), kept.given_at).await?;
    if is_spent { Err(Refused::BudgetSpent) } else { Ok(()) }
}

/// Whether a run's password may be submitted: no other session of the same user is under way, no
/// bank refused it, none locked the user since somebody gave it, and not too many of that user's
/// were left without an answer since they were given or last worked.
pub(super) async fn may_submit(
    tx: &mut Tx,
    run: RunId,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<(), Refused> {
    let Some(kept) = kept(tx, connection).await? else { return Err(Refused::BudgetSpent) };
    let (login, whole) = of_run(tx, run).await?;
    if let Some(login) = &login {
        // Keeps every other connection of the login out until we are done.
        sqlx::query(
            "INSERT INTO logins (fingerprint, used_at) VALUES ($1, $2)
             ON CONFLICT (fingerprint) DO UPDATE SET used_at = excluded.used_at",
        )
        .bind(login)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("take a login"))?;
    }
    // Before it is looked for what was refused: a run that ends in between is seen either here or there.
    if sessions_elsewhere(tx, login.as_deref(), connection).await? > 0 {
        return Err(Refused::LoginInUse);
    }
    let is_refused = was_refused(tx, whole.as_deref()).await?;
    if is_refused && kept.whole.is_some() && kept.whole != whole && kept.refused.is_none() {
        // Another connection of the user has set another password since the run was handed out, or it is another that is
        // tried: the run gets it when it is handed out anew.
        return Err(Refused::LoginInUse);
    }
    if kept.refused.is_some() || is_refused {
        return Err(Refused::BudgetSpent);
    }
    let is_locked = is_locked(tx, login.as_deref(), kept.given_at).await?;
    if is_locked || doubts(tx, connection).await? >= i64::from(DOUBTS_ALLOWED) {
        return Err(Refused::DoubtSpent);
    }
    Ok(())
}

/// Keeps new credentials, unless a bank refused the very same before. Who gives some says that
/// the bank doesn't keep them from being used.
pub(super) async fn replace(
    tx: &mut Tx,
    connection: ConnectionId,
    sealed: Vec<u8>,
    fingerprints: Option<Fingerprints>,
    now: Timestamp,
) -> Result<(), Refused> {
    let (login, whole) = columns(fingerprints);
    if was_refused(tx, whole.as_deref()).await? {
        return Err(Refused::BudgetSpent);
    }
    // The user is at the bank by now, with another number.
    pools::await_none(tx, connection).await?;
    sqlx::query(
        "INSERT INTO credentials (connection_id, sealed, refused, given_at, login, whole, printed_at)
         VALUES ($1, $2, NULL, $3, $4, $5, $3)
         ON CONFLICT (connection_id) DO UPDATE
         SET sealed = excluded.sealed, refused = NULL, given_at = excluded.given_at,
             login = excluded.login, whole = excluded.whole, printed_at = excluded.printed_at",
    )
    .bind(connection.0)
    .bind(sealed)
    .bind(to_ms(now))
    .bind(login)
    .bind(whole)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep credentials"))
    .map_err(Refused::from)
}

/// Keeps the same credentials once more, unless the bank refused them as wrong: whoever gives
/// them has looked at the bank, and doubts are counted from now on.
pub(super) async fn give_again(
    tx: &mut Tx,
    connection: ConnectionId,
    sealed: Vec<u8>,
    fingerprints: Option<Fingerprints>,
    now: Timestamp,
) -> Result<(), Refused> {
    let refused = kept(tx, connection).await?.and_then(|kept| kept.refused);
    if refused.as_deref() == Some(FailureCode::CredentialsInvalid.as_str()) {
        return Err(Refused::BudgetSpent);
    }
    replace(tx, connection, sealed, fingerprints, now).await
}

/// Freezes the credentials of the connection, if they are still those that the run was given.
/// What a bank made of a password counts for every connection: wrong credentials are wrong for
/// all that have the same, and a lock is every one's of that login. A run that submitted none
/// has nothing to say of it.
pub(super) async fn freeze(
    tx: &mut Tx,
    run: RunId,
    connection: ConnectionId,
    code: FailureCode,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (login, whole) = of_run(tx, run).await?;
    sqlx::query(
        "UPDATE credentials SET refused = $2
         WHERE connection_id = $1 AND (whole IS NULL OR $3 IS NULL OR whole = $3)",
    )
    .bind(connection.0)
    .bind(code.as_str())
    .bind(whole.clone())
    .execute(&mut **tx)
    .await
    .map_err(failed("freeze credentials"))?;
    let (statement, fingerprint) = match code {
        FailureCode::CredentialsInvalid => (
            "INSERT INTO refused_credentials (fingerprint, refused_at) VALUES ($1, $2) ON CONFLICT (fingerprint) DO NOTHING",
            whole,
        ),
        FailureCode::Locked => (
            "INSERT INTO logins (fingerprint, locked_at, used_at) VALUES ($1, $2, $2)
             ON CONFLICT (fingerprint) DO UPDATE SET locked_at = excluded.locked_at",
            login,
        ),
        // They say something of the connection alone, or nobody knows what.
        _ => return Ok(()),
    };
    let Some(fingerprint) = fingerprint else { return Ok(()) };
    if submitted(tx, run).await? {
        let noted = sqlx::query(statement).bind(fingerprint).bind(to_ms(now)).execute(&mut **tx).await;
        noted.map_err(failed("keep what a bank refused"))?;
    }
    Ok(())
}

/// Keeps that a bank takes these credentials no more.
pub(super) async fn note_refused(tx: &mut Tx, whole: Option<Vec<u8>>, now: Timestamp) -> Result<(), StoreError> {
    let Some(whole) = whole else { return Ok(()) };
    let noted = sqlx::query(
        "INSERT INTO refused_credentials (fingerprint, refused_at) VALUES ($1, $2) ON CONFLICT (fingerprint) DO NOTHING",
    );
    let noted = noted.bind(whole).bind(to_ms(now)).execute(&mut **tx).await;
    noted.map(|_| ()).map_err(failed("keep what a bank refused"))
}

/// Whether a password was submitted in the run's session, as far as is known.
pub(super) async fn submitted(tx: &mut Tx, run: RunId) -> Result<bool, StoreError> {
    let count = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM intents i JOIN runs r ON r.id = i.run_id
         WHERE r.id = $1 AND i.effect = 'password' AND i.fence >= r.session
           AND (i.outcome IS NULL OR i.outcome = 'happened')",
    );
    let count = count.bind(run.0).fetch_one(&mut **tx).await.map_err(failed("look for a submitted password"))?;
    Ok(count > 0)
}

/// Whether the user that a run signs in as at its bank has a session there for another connection. It is looked at before
/// a page of the bank is opened; [`may_submit`] is what two can't pass at once. A run that may have submitted a password
/// itself looks what became of it, whatever others do.
pub(super) async fn is_signed_in_elsewhere(
    tx: &mut Tx,
    run: RunId,
    connection: ConnectionId,
) -> Result<bool, StoreError> {
    let own = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM intents WHERE run_id = $1 AND effect = 'password' AND outcome IS NULL",
    );
    if own.bind(run.0).fetch_one(&mut **tx).await.map_err(failed("look for a password on its way"))? > 0 {
        return Ok(false);
    }
    let (login, _) = of_run(tx, run).await?;
    Ok(sessions_elsewhere(tx, login.as_deref(), connection).await? > 0)
}

/// How many other connections' runs have signed in, or are about to, as the same user.
async fn sessions_elsewhere(tx: &mut Tx, login: Option<&[u8]>, connection: ConnectionId) -> Result<i64, StoreError> {
    let Some(login) = login else { return Ok(0) };
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM runs r JOIN intents i ON i.run_id = r.id
         WHERE r.login = $1 AND r.connection_id <> $2 AND r.finished_at IS NULL AND i.effect = 'password'
           AND (i.outcome IS NULL OR (i.fence >= r.session AND r.started_at IS NOT NULL))",
    )
    .bind(login.to_vec())
    .bind(connection.0)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("look for other sessions of a login"))
}

async fn doubts(tx: &mut Tx, connection: ConnectionId) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM credentials ours
         JOIN credentials k ON k.connection_id = ours.connection_id OR k.login = ours.login
         JOIN connections c ON c.id = k.connection_id
         JOIN runs r ON r.connection_id = c.id
         JOIN intents i ON i.run_id = r.id
         WHERE ours.connection_id = $1 AND i.effect = 'password' AND i.outcome = 'absent'
           AND i.created_at >= ours.given_at AND i.created_at >= k.given_at
           AND i.created_at >= COALESCE(c.last_synced_at, 0)",
    )
    .bind(connection.0)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("count doubtful effects"))
}

async fn kept(tx: &mut Tx, connection: ConnectionId) -> Result<Option<KeptRow>, StoreError> {
    sqlx::query_as(
        "SELECT refused, given_at, CASE WHEN printed_at = given_at THEN login END AS login,
             CASE WHEN printed_at = given_at THEN whole END AS whole
         FROM credentials WHERE connection_id = $1",
    )
    .bind(connection.0)
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("read credentials"))
}

/// Of what the run's holder was given.
pub(super) async fn of_run(tx: &mut Tx, run: RunId) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>), StoreError> {
    sqlx::query_as("SELECT login, whole FROM runs WHERE id = $1")
        .bind(run.0)
        .fetch_one(&mut **tx)
        .await
        .map_err(failed("read what a run was given"))
}

/// Whether a bank locked the user after somebody said that it isn't.
async fn is_locked(tx: &mut Tx, login: Option<&[u8]>, given_at: i64) -> Result<bool, StoreError> {
    let Some(login) = login else { return Ok(false) };
    let locked = sqlx::query_scalar::<_, Option<i64>>("SELECT locked_at FROM logins WHERE fingerprint = $1");
    let locked = locked.bind(login.to_vec()).fetch_optional(&mut **tx).await.map_err(failed("look at a login"))?;
    Ok(locked.flatten().is_some_and(|locked| locked > given_at))
}

pub(super) async fn was_refused(tx: &mut Tx, whole: Option<&[u8]>) -> Result<bool, StoreError> {
    let Some(whole) = whole else { return Ok(false) };
    let refused = sqlx::query_scalar::<_, i64>("SELECT refused_at FROM refused_credentials WHERE fingerprint = $1");
    let refused = refused.bind(whole.to_vec()).fetch_optional(&mut **tx).await;
    Ok(refused.map_err(failed("look for refused credentials"))?.is_some())
}

pub(super) fn columns(fingerprints: Option<Fingerprints>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    fingerprints.map(|prints| (prints.login.to_vec(), prints.whole.to_vec())).unzip()
}

/// What the two columns say; none unless both do.
pub(super) fn fingerprints(login: Option<Vec<u8>>, whole: Option<Vec<u8>>) -> Result<Option<Fingerprints>, StoreError> {
    let Some((login, whole)) = login.zip(whole) else { return Ok(None) };
    let read = |bytes: Vec<u8>| bytes.try_into().map_err(|_| StoreError::Unreadable { what: "fingerprint" });
    Ok(Some(Fingerprints { login: read(login)?, whole: read(whole)? }))
}
