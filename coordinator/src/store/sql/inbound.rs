//! What came in, in SQL.
//!
//! Not here: what a code says; only sealed bytes come here.

use async_trait::async_trait;
use domain::challenge::{Medium, Question};
use domain::connection::{Actor, ConnectionState};
use domain::id::{ChallengeId, ConnectionId};
use jiff::Timestamp;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::super::Db;
use super::transition::{Happening, note};
use super::{SqlStore, Tx, commit, failed, from_json, from_ms, from_word, to_ms};
use crate::store::{Inbound, StoreError, TakenIn, WaitingCode, WaitingCodes};

/// Forgets the codes that came in by these ways until a question for one was answered: they were for that one, and the bank
/// takes none of them for the next.
pub(super) async fn forget(
    tx: &mut Tx,
    connection: ConnectionId,
    question: &Question,
    until: Timestamp,
) -> Result<(), StoreError> {
    for medium in [Medium::Email, Medium::Sms].into_iter().filter(|medium| question.comes_by(*medium)) {
        sqlx::query("DELETE FROM inbound_codes WHERE connection_id = $1 AND medium = $2 AND received_at <= $3")
            .bind(connection.0)
            .bind(medium.as_str())
            .bind(to_ms(until))
            .execute(&mut **tx)
            .await
            .map_err(failed("forget codes"))?;
    }
    Ok(())
}

#[async_trait]
impl Inbound for SqlStore {
    async fn take_in(&self, fingerprint: [u8; 32], what: TakenIn, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_new = sqlx::query(
            "INSERT INTO inbound_messages (fingerprint, received_at) VALUES ($1, $2) ON CONFLICT (fingerprint) DO NOTHING",
        );
        let is_new = is_new.bind(fingerprint.to_vec()).bind(to_ms(now)).execute(&mut *tx).await;
        if is_new.map_err(failed("keep that a message came in"))?.rows_affected() == 0 {
            return Ok(false);
        }
        match what {
            TakenIn::Nobodys => {}
            TakenIn::Code { connection, medium, sealed } => {
                sqlx::query(
                    "INSERT INTO inbound_codes (id, connection_id, medium, sealed, received_at) VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(Uuid::now_v7())
                .bind(connection.0)
                .bind(medium.as_str())
                .bind(sealed)
                .bind(to_ms(now))
                .execute(&mut *tx)
                .await
                .map_err(failed("keep a code that came in"))?;
            }
            TakenIn::Ignored { connection } => {
                let state = sqlx::query_scalar::<_, String>("SELECT state FROM connections WHERE id = $1");
                let state = state.bind(connection.0).fetch_optional(&mut *tx).await;
                if let Some(state) = state.map_err(failed("read a connection's state"))? {
                    let state: ConnectionState = from_json(&state, "connection's state")?;
                    let (connection_id, actor) = (connection, Actor::Platform);
                    let happening = Happening { connection_id, cause: "messageIgnored", actor, run_id: None };
                    note(&mut tx, Some(&state), &state, None, happening, now).await?;
                }
            }
        }
        commit(tx).await?;
        Ok(true)
    }

    async fn codes_for(
        &self,
        challenge: ChallengeId,
        media: &[Medium],
        since: Timestamp,
    ) -> Result<WaitingCodes, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT i.medium, i.sealed, i.received_at FROM challenges q
             JOIN runs r ON r.id = q.run_id JOIN inbound_codes i ON i.connection_id = q.connection_id
             WHERE i.received_at >= COALESCE(r.started_at, 0) AND i.received_at >= ",
        );
        query.push_bind(to_ms(since)).push(" AND q.id = ").push_bind(challenge.0).push(" AND i.medium IN (");
        let mut words = query.separated(", ");
        for medium in media {
            words.push_bind(medium.as_str());
        }
        words.push_unseparated(if media.is_empty() { "NULL)" } else { ")" });
        query.push(" ORDER BY i.received_at DESC, i.id DESC");
        let rows = query.build_query_as::<(String, Vec<u8>, i64)>().fetch_all(&self.read).await;
        let rows = rows.map_err(failed("look for codes that came in"))?;
        let read = |(medium, sealed, received_at): (String, Vec<u8>, i64)| {
            Ok(WaitingCode { medium: from_word(&medium, "medium")?, sealed, received_at: from_ms(received_at)? })
        };
        let codes = rows.into_iter().map(read).collect::<Result<_, StoreError>>()?;
        let (resends, refused) = sqlx::query_as::<_, (i64, i64)>(
            "SELECT CAST(COALESCE(SUM(e.resends), 0) AS BIGINT),
                    CAST(COALESCE(SUM(CASE WHEN e.state = 'rejected' AND e.source IN ('email', 'sms') THEN 1 ELSE 0 END), 0)
                        AS BIGINT)
             FROM challenges q JOIN runs r ON r.id = q.run_id
             JOIN challenges e ON e.run_id = q.run_id AND e.fence >= r.session
                AND e.created_at > COALESCE((SELECT MAX(a.created_at) FROM challenges a
                                             WHERE a.run_id = q.run_id AND a.state || '' = 'accepted'), 0)
             WHERE q.id = $1",
        )
        .bind(challenge.0)
        .fetch_one(&self.read)
        .await
        .map_err(failed("count the codes that were sent"))?;
        let [resends, refused] = [resends, refused].map(|count| usize::try_from(count).unwrap_or(0));
        Ok(WaitingCodes { codes, sent: resends + 1, refused })
    }

    async fn prune_inbound(&self, codes: Timestamp, messages: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (statement, before) in [
            (
                "DELETE FROM inbound_codes WHERE id IN (
                     SELECT id FROM inbound_codes WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
                codes,
            ),
            (
                "DELETE FROM inbound_messages WHERE fingerprint IN (
                     SELECT fingerprint FROM inbound_messages WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
                messages,
            ),
        ] {
            let pruned = sqlx::query(statement).bind(to_ms(before)).bind(i64::from(limit)).execute(&self.write).await;
            removed += pruned.map_err(failed("forget what came in"))?.rows_affected();
        }
        Ok(removed)
    }
}
