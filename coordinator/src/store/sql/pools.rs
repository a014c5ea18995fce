//! Pools in SQL. The row of an address is the lock on it: whoever puts it there first has it.
//!
//! Not here: which addresses there are.

use async_trait::async_trait;
use domain::challenge::Medium;
use domain::connection::{Actor, ConnectionState};
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::super::Db;
use super::transition::{Happening, note};
use super::{SqlStore, Tx, commit, failed, from_json, from_word, to_json, to_ms};
use crate::store::{Instructions, PoolCounts, Pools, Reached, StoreError, Supply};

/// Gives a new connection what there is for it, and keeps that it waits for what there isn't.
pub(super) async fn allocate(
    tx: &mut Tx,
    id: ConnectionId,
    instructions: &mut Instructions,
    supply: &Supply,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let (None, Some(alias)) = (&instructions.email, &supply.alias)
        && take(tx, alias, Medium::Email, id, supply, now).await?
    {
        instructions.email = Some(alias.clone());
    }
    // Where there is no number yet, one that is added later is its.
    if instructions.phone_number.is_none() {
        instructions.phone_number = number(tx, id, supply, now).await?;
        if instructions.phone_number.is_none() {
            sqlx::query("INSERT INTO awaited_numbers (connection_id, since) VALUES ($1, $2)")
                .bind(id.0)
                .bind(to_ms(now))
                .execute(&mut **tx)
                .await
                .map_err(failed("keep that a number is waited for"))?;
        }
    }
    Ok(())
}

/// Gives back what a connection had.
pub(super) async fn release(tx: &mut Tx, id: ConnectionId, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE pool_addresses SET released_at = $2 WHERE connection_id = $1 AND released_at IS NULL")
        .bind(id.0)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map_err(failed("give addresses back"))?;
    await_none(tx, id).await
}

/// Has a connection wait for no number any more.
pub(super) async fn await_none(tx: &mut Tx, id: ConnectionId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM awaited_numbers WHERE connection_id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("wait for no number any more"))
}

/// A number that is nobody's.
async fn number(tx: &mut Tx, id: ConnectionId, supply: &Supply, now: Timestamp) -> Result<Option<String>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT address FROM pool_addresses WHERE medium = 'sms'");
    query.push(" AND (released_at IS NULL OR released_at > ").push_bind(to_ms(supply.given_back_before)).push(")");
    let taken = query.build_query_scalar::<String>().fetch_all(&mut **tx).await;
    let taken: std::collections::HashSet<String> = taken.map_err(failed("list numbers"))?.into_iter().collect();
    for number in supply.numbers.iter().filter(|number| !taken.contains(*number)) {
        // Somebody else may have taken it since.
        if take(tx, number, Medium::Sms, id, supply, now).await? {
            return Ok(Some(number.clone()));
        }
    }
    Ok(None)
}

/// Takes an address, unless it is somebody's or was until a while ago.
async fn take(
    tx: &mut Tx,
    address: &str,
    medium: Medium,
    id: ConnectionId,
    supply: &Supply,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query(
        "INSERT INTO pool_addresses (address, medium, connection_id, allocated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (address) DO UPDATE
         SET connection_id = excluded.connection_id, allocated_at = excluded.allocated_at, released_at = NULL
         WHERE pool_addresses.released_at <= $5",
    )
    .bind(address.to_owned())
    .bind(medium.as_str())
    .bind(id.0)
    .bind(to_ms(now))
    .bind(to_ms(supply.given_back_before))
    .execute(&mut **tx)
    .await
    .map(|done| done.rows_affected() == 1)
    .map_err(failed("take an address"))
}

#[async_trait]
impl Pools for SqlStore {
    async fn allocate_awaited(&self, supply: &Supply, limit: u32, now: Timestamp) -> Result<u64, StoreError> {
        let mut given = 0;
        for _ in 0..limit {
            let mut tx = self.begin().await?;
            let first = sqlx::query_scalar::<_, Uuid>(
                // Whose credentials were given before that ended the wait has another number at the bank.
                "SELECT a.connection_id FROM awaited_numbers a
                 WHERE NOT EXISTS (SELECT 1 FROM credentials k WHERE k.connection_id = a.connection_id)
                 ORDER BY a.since, a.connection_id LIMIT 1",
            );
            let first = first.fetch_optional(&mut *tx).await;
            let Some(id) = first.map_err(failed("look who waits for a number"))? else { break };
            // The connection's row comes first, as for whoever ends it.
            let row = sqlx::query_as::<_, (String, String)>(
                "UPDATE connections SET updated_at = $2 WHERE id = $1 RETURNING state, instructions",
            );
            let row = row.bind(id).bind(to_ms(now)).fetch_optional(&mut *tx).await;
            let Some((state, instructions)) = row.map_err(failed("take a connection"))? else { continue };
            let waits = sqlx::query("DELETE FROM awaited_numbers WHERE connection_id = $1").bind(id);
            let waits = waits.execute(&mut *tx).await.map_err(failed("wait for no number any more"))?;
            if waits.rows_affected() == 0 {
                // Another coordinator was faster, or it was ended.
                continue;
            }
            let state: ConnectionState = from_json(&state, "connection's state")?;
            let instructions: Instructions = from_json(&instructions, "connection's instructions")?;
            let Some(number) = number(&mut tx, ConnectionId(id), supply, now).await? else { break };
            let instructions = Instructions { phone_number: Some(number), ..instructions };
            sqlx::query("UPDATE connections SET instructions = $2 WHERE id = $1")
                .bind(id)
                .bind(to_json(&instructions, "connection's instructions")?)
                .execute(&mut *tx)
                .await
                .map_err(failed("keep a connection's number"))?;
            let (connection_id, actor) = (ConnectionId(id), Actor::Platform);
            let happening = Happening { connection_id, cause: "phoneNumberProvisioned", actor, run_id: None };
            note(&mut tx, Some(&state), &state, None, happening, now).await?;
            commit(tx).await?;
            given += 1;
        }
        Ok(given)
    }

    async fn pool_counts(&self) -> Result<PoolCounts, StoreError> {
        let counts = sqlx::query_as::<_, (i64, i64, i64)>(
            "SELECT (SELECT COUNT(*) FROM pool_addresses WHERE medium = 'sms' AND released_at IS NULL),
                    (SELECT COUNT(*) FROM pool_addresses WHERE medium = 'sms' AND released_at IS NOT NULL),
                    (SELECT COUNT(*) FROM awaited_numbers a
                     WHERE NOT EXISTS (SELECT 1 FROM credentials k WHERE k.connection_id = a.connection_id))",
        );
        let (allocated, released, awaited) =
            counts.fetch_one(&self.read).await.map_err(failed("count the pool of numbers"))?;
        let [allocated, released, awaited] = [allocated, released, awaited].map(i64::unsigned_abs);
        Ok(PoolCounts { allocated, released, awaited })
    }

    async fn reached_at(&self, address: &str) -> Result<Option<Reached>, StoreError> {
        let row = sqlx::query_as::<_, (Uuid, Uuid, Option<String>, String)>(
            "SELECT c.organization_id, c.id, c.institution_id, p.medium
             FROM pool_addresses p JOIN connections c ON c.id = p.connection_id
             WHERE p.address = $1 AND p.released_at IS NULL",
        );
        let row = row.bind(address.to_owned()).fetch_optional(&self.read).await;
        let row = row.map_err(failed("look whose an address is"))?;
        row.map(|(organization, connection, institution_id, medium)| {
            Ok(Reached {
                organization_id: OrganizationId(organization),
                connection_id: ConnectionId(connection),
                institution_id,
                medium: from_word(&medium, "medium")?,
            })
        })
        .transpose()
    }
}
