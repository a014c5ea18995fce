//! How ways fared, in SQL: a row for each of a day.
//!
//! Not here: how long they are kept; the pruner says that.

use async_trait::async_trait;
use jiff::civil::Date;
use protocol::lease::WayCount;
use sqlx::{FromRow, QueryBuilder};

use super::super::Db;
use super::{SqlStore, commit, failed, from_word};
use crate::store::{StoreError, WaySum, Ways, WaysOf};

/// How many rows an institution has for one day; scripts that are tried have a few dozen.
const ROWS_LIMIT: i64 = 2_000;

/// How many are listed.
const LISTED: i64 = 5_000;

#[derive(FromRow)]
struct SumRow {
    institution_id: String,
    revision: String,
    target: String,
    way: String,
    found: i64,
    missing: i64,
    disagreed: i64,
    last_found_on: Option<String>,
    last_lost_on: Option<String>,
}

impl SumRow {
    fn read(self) -> Result<WaySum, StoreError> {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let day = |day: Option<String>| day.map(|day| from_word(&day, "day")).transpose();
        Ok(WaySum {
            institution_id: self.institution_id,
            revision: self.revision,
            found: count(self.found),
            missing: count(self.missing),
            disagreed: count(self.disagreed),
            target: self.target,
            way: self.way,
            last_found_on: day(self.last_found_on)?,
            last_lost_on: day(self.last_lost_on)?,
        })
    }
}

#[async_trait]
impl Ways for SqlStore {
    async fn count_ways(&self, at: WaysOf<'_>, counts: &[WayCount]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // In one order, so that two who count the same ways never wait for each other.
        let mut counts: Vec<&WayCount> = counts.iter().collect();
        counts.sort_by(|one, other| (&one.target, &one.way).cmp(&(&other.target, &other.way)));
        for WayCount { target, way, found, missing, disagreed } in counts {
            sqlx::query(
                "INSERT INTO way_counts (institution_id, revision, day, target, way, found, missing, disagreed)
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8
                 WHERE (SELECT COUNT(*) FROM way_counts WHERE institution_id = $1 AND day = $3) < $9
                 ON CONFLICT (institution_id, day, revision, target, way) DO UPDATE SET
                     found = way_counts.found + excluded.found, missing = way_counts.missing + excluded.missing,
                     disagreed = way_counts.disagreed + excluded.disagreed",
            )
            .bind(at.institution.to_owned())
            .bind(at.revision.to_owned())
            .bind(at.day.to_string())
            .bind(target.clone())
            .bind(way.clone())
            .bind(i64::from(*found))
            .bind(i64::from(*missing))
            .bind(i64::from(*disagreed))
            .bind(ROWS_LIMIT)
            .execute(&mut *tx)
            .await
            .map_err(failed("count how ways fared"))?;
        }
        commit(tx).await
    }

    async fn ways(&self, institution: Option<&str>, since: Date) -> Result<Vec<WaySum>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT institution_id, revision, target, way, CAST(SUM(found) AS BIGINT) AS found,
                 CAST(SUM(missing) AS BIGINT) AS missing, CAST(SUM(disagreed) AS BIGINT) AS disagreed,
                 MAX(CASE WHEN found > 0 THEN day END) AS last_found_on,
                 MAX(CASE WHEN missing + disagreed > 0 THEN day END) AS last_lost_on
             FROM way_counts WHERE day >= ",
        );
        query.push_bind(since.to_string());
        if let Some(institution) = institution {
            query.push(" AND institution_id = ").push_bind(institution.to_owned());
        }
        query.push(
            " GROUP BY institution_id, revision, target, way
              ORDER BY SUM(missing + disagreed) DESC, institution_id, target, way, revision LIMIT ",
        );
        query.push_bind(LISTED);
        let rows = query.build_query_as::<SumRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list how ways fared"))?.into_iter().map(SumRow::read).collect()
    }

    async fn prune_ways(&self, before: Date, limit: u32) -> Result<u64, StoreError> {
        let pruned = sqlx::query(
            "DELETE FROM way_counts WHERE (institution_id, day, revision, target, way) IN
                 (SELECT institution_id, day, revision, target, way FROM way_counts WHERE day < $1 ORDER BY day LIMIT $2)",
        );
        let pruned = pruned.bind(before.to_string()).bind(i64::from(limit)).execute(&self.write).await;
        Ok(pruned.map_err(failed("prune how ways fared"))?.rows_affected())
    }
}
