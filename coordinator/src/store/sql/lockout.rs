//! The lockout budget: which passwords may be submitted, whoever's connection it is. Banks
//! lock a user after a few wrong ones, and don't ask for which customer of ours they were.
//!
//! A login's row is taken last of all rows, so that two connections of the same user at a
//! bank go one after the other.
//!
//! Not here: what counts as refused; `domain::failure` says that.

use domain::failure::FailureCode;
use domain::id::ConnectionId;
use domain::run::DOUBTS_ALLOWED;
use jiff::Timestamp;

use super::{Tx, failed, to_ms};
use crate::store::{Fingerprints, Refused, StoreError};

type KeptCredentials = (Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);

/// Whether the connection has credentials that the bank hasn't refused as far as is known.
pub(super) async fn usable(tx: &mut Tx, connection: ConnectionId) -> Result<(), Refused> {
    let (refused, login, whole) = kept(tx, connection).await?.ok_or(Refused::CredentialsMissing)?;
    if refused.is_some() || is_locked(tx, login.as_deref()).await? || was_refused(tx, whole.as_deref()).await? {
        return Err(Refused::BudgetSpent);
    }
    Ok(())
}

/// Whether the connection's password may be submitted: no bank refused it, no other session
/// of the same user is under way, and not too many of that user's were left without an answer
/// since they were given or last worked.
pub(super) async fn may_submit(tx: &mut Tx, connection: ConnectionId, now: Timestamp) -> Result<(), Refused> {
    let Some((refused, login, whole)) = kept(tx, connection).await? else { return Err(Refused::BudgetSpent) };
    let is_locked = match &login {
        None => false,
        // This also keeps every other connection of the login out until we are done.
        Some(login) => sqlx::query_scalar::<_, Option<i64>>(
            "INSERT INTO logins (fingerprint, used_at) VALUES ($1, $2)
             ON CONFLICT (fingerprint) DO UPDATE SET used_at = excluded.used_at RETURNING locked_at",
        )
        .bind(login)
        .bind(to_ms(now))
        .fetch_one(&mut **tx)
        .await
        .map_err(failed("take a login"))?
        .is_some(),
    };
    if refused.is_some() || is_locked || was_refused(tx, whole.as_deref()).await? {
        return Err(Refused::BudgetSpent);
    }
    let elsewhere = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM credentials k
         JOIN runs r ON r.connection_id = k.connection_id AND r.state = 'open'
         JOIN intents i ON i.run_id = r.id
         WHERE k.login = $1 AND k.connection_id <> $2
           AND i.effect = 'password' AND (i.outcome IS NULL OR i.fence = r.fence)",
    )
    .bind(login)
    .bind(connection.0)
    .fetch_one(&mut **tx)
    .await
    .map_err(failed("look for other sessions of a login"))?;
    if elsewhere > 0 {
        return Err(Refused::LoginInUse);
    }
    let doubts = sqlx::query_scalar::<_, i64>(
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
    .map_err(failed("count doubtful effects"))?;
    if doubts >= i64::from(DOUBTS_ALLOWED) { Err(Refused::DoubtSpent) } else { Ok(()) }
}

/// Keeps new credentials, unless a bank refused the very same before. Who gives some says that
/// the login isn't locked any more.
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
    sqlx::query(
        "INSERT INTO credentials (connection_id, sealed, refused, given_at, login, whole) VALUES ($1, $2, NULL, $3, $4, $5)
         ON CONFLICT (connection_id) DO UPDATE
         SET sealed = excluded.sealed, refused = NULL, given_at = excluded.given_at,
             login = excluded.login, whole = excluded.whole",
    )
    .bind(connection.0)
    .bind(sealed)
    .bind(to_ms(now))
    .bind(login)
    .bind(whole)
    .execute(&mut **tx)
    .await
    .map_err(failed("keep credentials"))?;
    Ok(unlock(tx, connection).await?)
}

/// Lifts what keeps the credentials from being used, unless they are wrong: whoever gives the
/// same again has looked at the bank, and doubts are counted from now on.
pub(super) async fn lift(tx: &mut Tx, connection: ConnectionId, now: Timestamp) -> Result<(), Refused> {
    let wrong = FailureCode::CredentialsInvalid.as_str();
    let kept = kept(tx, connection).await?;
    let (refused, whole) = kept.map(|(refused, _, whole)| (refused, whole)).unwrap_or_default();
    if refused.as_deref() == Some(wrong) || was_refused(tx, whole.as_deref()).await? {
        return Err(Refused::BudgetSpent);
    }
    sqlx::query("UPDATE credentials SET refused = NULL, given_at = $2 WHERE connection_id = $1")
        .bind(connection.0)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("keep credentials"))?;
    Ok(unlock(tx, connection).await?)
}

/// Freezes the credentials of the connection; wrong ones are wrong for every connection that
/// has the same, and a lock is every connection's of that login.
pub(super) async fn freeze(
    tx: &mut Tx,
    connection: ConnectionId,
    code: FailureCode,
    now: Timestamp,
) -> Result<(), StoreError> {
    let frozen = sqlx::query_as::<_, (Option<Vec<u8>>, Option<Vec<u8>>)>(
        "UPDATE credentials SET refused = $2 WHERE connection_id = $1 RETURNING login, whole",
    )
    .bind(connection.0)
    .bind(code.as_str())
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("freeze credentials"))?;
    let (login, whole) = frozen.unwrap_or_default();
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
        _ => return Ok(()),
    };
    let Some(fingerprint) = fingerprint else { return Ok(()) };
    let noted = sqlx::query(statement).bind(fingerprint).bind(to_ms(now)).execute(&mut **tx).await;
    noted.map(|_| ()).map_err(failed("keep what a bank refused"))
}

async fn unlock(tx: &mut Tx, connection: ConnectionId) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE logins SET locked_at = NULL
         WHERE fingerprint = (SELECT login FROM credentials WHERE connection_id = $1)",
    )
    .bind(connection.0)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("unlock a login"))
}

async fn kept(tx: &mut Tx, connection: ConnectionId) -> Result<Option<KeptCredentials>, StoreError> {
    sqlx::query_as("SELECT refused, login, whole FROM credentials WHERE connection_id = $1")
        .bind(connection.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(failed("read credentials"))
}

async fn is_locked(tx: &mut Tx, login: Option<&[u8]>) -> Result<bool, StoreError> {
    let Some(login) = login else { return Ok(false) };
    let locked = sqlx::query_scalar::<_, Option<i64>>("SELECT locked_at FROM logins WHERE fingerprint = $1");
    let locked = locked.bind(login.to_vec()).fetch_optional(&mut **tx).await.map_err(failed("look at a login"))?;
    Ok(locked.flatten().is_some())
}

async fn was_refused(tx: &mut Tx, whole: Option<&[u8]>) -> Result<bool, StoreError> {
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
