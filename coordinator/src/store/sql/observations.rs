//! What was read, with the cells that it was read from: kept beside what follows from it,
//! so that the ledger can be explained and read again. Cells never change; what they say
//! changes with a replay that is kept, as the ledger does.
//!
//! Bodies are JSON, compressed. Readings with the same content share one body, so a bank
//! that shows nothing new costs a short row.
//!
//! Not here: what follows from a reading (`ledger`).

use std::io::{Read as _, Write as _};

use domain::account::ObservedAccount;
use domain::id::{AccountId, RunId};
use domain::observation::Source;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use sqlx::{FromRow, QueryBuilder};
use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;

use super::super::Db;
use super::super::HOLD;
use super::{Tx, failed, from_ms, from_word, to_ms};
use crate::store::{KeptReading, Observation, PageRequest, Reread, StoreError};

/// A reading that is to be kept.
pub(super) struct NewObservation<'a> {
    pub(super) account_id: AccountId,
    pub(super) account: &'a ObservedAccount,
    pub(super) source: Source,
    /// None for a file that a person handed in.
    pub(super) run_id: Option<RunId>,
    pub(super) revision: Option<&'a str>,
    pub(super) today: Date,
}

/// A reading on its way into the store. It has its id at once; its content is packed while
/// the database is at work on what follows from it.
pub(super) struct Keeping {
    pub(super) id: Uuid,
    content: Content,
}

/// What was read, as JSON.
enum Content {
    /// The same is kept already.
    Kept(Uuid),
    New {
        digest: Vec<u8>,
        body: JoinHandle<Result<Vec<u8>, StoreError>>,
    },
}

/// Begins to keep a reading.
pub(super) async fn begin(tx: &mut Tx, new: &NewObservation<'_>) -> Result<Keeping, StoreError> {
    Ok(Keeping { id: Uuid::now_v7(), content: Content::of(tx, new.account_id, new.account).await? })
}

impl Keeping {
    /// Keeps the reading.
    pub(super) async fn end(self, tx: &mut Tx, new: &NewObservation<'_>, now: Timestamp) -> Result<(), StoreError> {
        let content_id = self.content.keep(tx, new.account_id).await?;
        sqlx::query(
            "INSERT INTO observations (id, account_id, content_id, run_id, revision, source, today, row_count, observed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(self.id)
        .bind(new.account_id.0)
        .bind(content_id)
        .bind(new.run_id.map(|run| run.0))
        .bind(new.revision.map(str::to_owned))
        .bind(new.source.as_str())
        .bind(new.today.to_string())
        .bind(i64::try_from(new.account.transactions.len()).unwrap_or(i64::MAX))
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("keep a reading"))
    }
}

impl Content {
    /// Finds the same content if it is kept, or begins to pack it.
    async fn of(tx: &mut Tx, account_id: AccountId, account: &ObservedAccount) -> Result<Self, StoreError> {
        let json = serde_json::to_vec(account).map_err(|_| StoreError::Unreadable { what: "reading" })?;
        let digest = Sha256::digest(&json).to_vec();
        // Held, so that it isn't forgotten before this reading refers to it.
        let same = sqlx::query_scalar::<_, Uuid>(sqlx::AssertSqlSafe(format!(
            "SELECT c.id FROM observation_contents c WHERE c.account_id = $1 AND c.digest = $2 ORDER BY c.id LIMIT 1{HOLD}",
        )));
        let same = same.bind(account_id.0).bind(digest.clone()).fetch_optional(&mut **tx).await;
        Ok(match same.map_err(failed("look for a reading"))? {
            Some(id) => Self::Kept(id),
            None => Self::New { digest, body: spawn_blocking(move || packed(&json)) },
        })
    }

    async fn keep(self, tx: &mut Tx, account_id: AccountId) -> Result<Uuid, StoreError> {
        let (digest, body) = match self {
            Self::Kept(id) => return Ok(id),
            Self::New { digest, body } => (digest, body),
        };
        let body = body.await.map_err(|_| StoreError::Unreadable { what: "reading" })??;
        let id = Uuid::now_v7();
        sqlx::query("INSERT INTO observation_contents (id, account_id, digest, body) VALUES ($1, $2, $3, $4)")
            .bind(id)
            .bind(account_id.0)
            .bind(digest)
            .bind(body)
            .execute(&mut **tx)
            .await
            .map_err(failed("keep a reading's content"))?;
        Ok(id)
    }
}

/// Lets a reading say what its cells say to another revision. The cells stay.
pub(super) async fn replace(tx: &mut Tx, account_id: AccountId, reread: &Reread) -> Result<(), StoreError> {
    let content_id = Content::of(tx, account_id, &reread.after).await?.keep(tx, account_id).await?;
    sqlx::query("UPDATE observations SET content_id = $3, revision = $4 WHERE id = $1 AND account_id = $2")
        .bind(reread.observation_id)
        .bind(account_id.0)
        .bind(content_id)
        .bind(reread.revision.clone())
        .execute(&mut **tx)
        .await
        .map_err(failed("keep what a reading says now"))?;
    forget_unused(tx, account_id).await
}

/// Forgets contents that no reading of the account has any more.
pub(super) async fn forget_unused(tx: &mut Tx, account_id: AccountId) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM observation_contents WHERE account_id = $1
             AND NOT EXISTS (SELECT 1 FROM observations o WHERE o.content_id = observation_contents.id)",
    )
    .bind(account_id.0)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("forget what readings said before"))
}

fn packed(json: &[u8]) -> Result<Vec<u8>, StoreError> {
    let unpackable = |_| StoreError::Unreadable { what: "reading" };
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json).map_err(unpackable)?;
    encoder.finish().map_err(unpackable)
}

fn unpacked(body: &[u8]) -> Result<ObservedAccount, StoreError> {
    let unreadable = || StoreError::Unreadable { what: "reading" };
    let mut json = Vec::new();
    DeflateDecoder::new(body).read_to_end(&mut json).map_err(|_| unreadable())?;
    serde_json::from_slice(&json).map_err(|_| unreadable())
}

#[derive(FromRow)]
pub(super) struct ObservationRow {
    id: Uuid,
    run_id: Option<Uuid>,
    revision: Option<String>,
    source: String,
    today: String,
    observed_at: i64,
    body: Vec<u8>,
}

impl ObservationRow {
    pub(super) const COLUMNS: &str = "o.id, o.run_id, o.revision, o.source, o.today, o.observed_at, c.body
         FROM observations o JOIN observation_contents c ON c.id = o.content_id";

    pub(super) fn read(self) -> Result<Observation, StoreError> {
        Ok(Observation {
            id: self.id,
            run_id: self.run_id.map(RunId),
            revision: self.revision,
            source: from_word(&self.source, "reading's source")?,
            today: self.today.parse().map_err(|_| StoreError::Unreadable { what: "reading's day" })?,
            observed_at: from_ms(self.observed_at)?,
            account: unpacked(&self.body)?,
        })
    }
}

/// One reading, if it is kept.
pub(super) async fn one(tx: &mut Tx, id: Uuid) -> Result<Option<Observation>, StoreError> {
    let sql = format!("SELECT {} WHERE o.id = $1", ObservationRow::COLUMNS);
    let row = sqlx::query_as::<_, ObservationRow>(sqlx::AssertSqlSafe(sql)).bind(id);
    let row = row.fetch_optional(&mut **tx).await.map_err(failed("read a reading"))?;
    row.map(ObservationRow::read).transpose()
}

#[derive(FromRow)]
struct KeptRow {
    id: Uuid,
    run_id: Option<Uuid>,
    revision: Option<String>,
    source: String,
    today: String,
    row_count: i64,
    observed_at: i64,
}

/// The readings of an account, latest first, without what was read.
pub(super) async fn list(tx: &mut Tx, account: AccountId, page: PageRequest) -> Result<Vec<KeptReading>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT id, run_id, revision, source, today, row_count, observed_at FROM observations WHERE account_id = ",
    );
    query.push_bind(account.0);
    if let Some(after) = page.after {
        query.push(" AND id < ").push_bind(after);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(page.limit));
    let rows = query.build_query_as::<KeptRow>().fetch_all(&mut **tx).await;
    let read = |row: KeptRow| {
        Ok(KeptReading {
            id: row.id,
            run_id: row.run_id.map(RunId),
            revision: row.revision,
            source: from_word(&row.source, "reading's source")?,
            today: row.today.parse().map_err(|_| StoreError::Unreadable { what: "reading's day" })?,
            rows: u64::try_from(row.row_count).unwrap_or_default(),
            observed_at: from_ms(row.observed_at)?,
        })
    };
    rows.map_err(failed("list readings"))?.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{packed, unpacked};
    use crate::store::tests::account;

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let account = account(vec![crate::store::tests::transaction("bean")]);
        let json = serde_json::to_vec(&account).expect("JSON");
        assert_eq!(unpacked(&packed(&json).expect("packed")).expect("unpacked"), account);
        assert!(unpacked(b"no deflate").is_err());
    }
}
