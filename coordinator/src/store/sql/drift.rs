//! Known pages and their distances in SQL: a row for each page, and one for each of a day.
//!
//! Not here: how long days are kept; the pruner says that.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::report::KnownDigest;
use script::drift::Distance;
use sqlx::FromRow;

use super::{SqlStore, Tx, commit, failed, from_ms, from_word, to_ms};
use crate::store::{Drift, KeptPage, PageDay, PageKept, PageLook, PageNote, StoreError};

/// How many pages are kept of an institution; scripts know a dozen.
const PAGES_KEPT: i64 = 200;

#[derive(FromRow)]
struct PageRow {
    page: String,
    revision: String,
    reference: String,
    reference_digest: String,
    reference_at: i64,
    latest: String,
    latest_digest: String,
    latest_at: i64,
    distance: i64,
}

impl PageRow {
    fn read(self) -> Result<KeptPage, StoreError> {
        let look = |html, digest, at| Ok::<_, StoreError>(PageLook { html, digest, at: from_ms(at)? });
        Ok(KeptPage {
            page: self.page,
            revision: self.revision,
            reference: look(self.reference, self.reference_digest, self.reference_at)?,
            latest: look(self.latest, self.latest_digest, self.latest_at)?,
            distance: thousandths(self.distance),
        })
    }
}

/// A distance as it is kept.
pub(super) fn thousandths(kept: i64) -> Distance {
    Distance::of_thousandths(u16::try_from(kept).unwrap_or(u16::MAX))
}

/// Keeps what a run showed of a page.
async fn keep(tx: &mut Tx, institution: &str, note: &PageNote, now: Timestamp) -> Result<(), StoreError> {
    let PageNote { page, distance, kept } = note;
    let distance = i64::from(distance.thousandths());
    let query = match kept {
        PageKept::Nothing => return Ok(()),
        PageKept::Reference(revision, look) => sqlx::query(
            "INSERT INTO known_pages (institution_id, page, revision, reference, reference_digest, reference_at, latest,
                 latest_digest, latest_at, distance)
             SELECT $1, $2, $3, $4, $5, $6, $4, $5, $6, $7
             WHERE (SELECT COUNT(*) FROM known_pages WHERE institution_id = $1) < $8
             ON CONFLICT (institution_id, page) DO UPDATE SET revision = excluded.revision,
                 reference = excluded.reference, reference_digest = excluded.reference_digest,
                 reference_at = excluded.reference_at, latest = excluded.latest,
                 latest_digest = excluded.latest_digest, latest_at = excluded.latest_at, distance = excluded.distance",
        )
        .bind(institution.to_owned())
        .bind(page.clone())
        .bind(revision.clone())
        .bind(look.html.clone())
        .bind(look.digest.clone())
        .bind(to_ms(look.at))
        .bind(distance)
        .bind(PAGES_KEPT),
        PageKept::Latest(look) => sqlx::query(
            "UPDATE known_pages SET latest = $3, latest_digest = $4, latest_at = $5, distance = $6
             WHERE institution_id = $1 AND page = $2",
        )
        .bind(institution.to_owned())
        .bind(page.clone())
        .bind(look.html.clone())
        .bind(look.digest.clone())
        .bind(to_ms(look.at))
        .bind(distance),
        PageKept::LatestIsReference(revision) => sqlx::query(
            "UPDATE known_pages SET revision = $3, reference = latest, reference_digest = latest_digest,
                 reference_at = $4, latest_at = $4, distance = $5
             WHERE institution_id = $1 AND page = $2",
        )
        .bind(institution.to_owned())
        .bind(page.clone())
        .bind(revision.clone())
        .bind(to_ms(now))
        .bind(distance),
    };
    query.execute(&mut **tx).await.map(|_| ()).map_err(failed("keep how a page is built"))
}

#[async_trait]
impl Drift for SqlStore {
    async fn known_digests(&self, institution: &str) -> Result<Vec<KnownDigest>, StoreError> {
        let rows = sqlx::query_as::<_, (String, String)>(
            "SELECT page, latest_digest FROM known_pages WHERE institution_id = $1 ORDER BY page",
        );
        let rows = rows.bind(institution.to_owned()).fetch_all(&self.read).await;
        let rows = rows.map_err(failed("list how pages are built"))?;
        Ok(rows.into_iter().map(|(page, digest)| KnownDigest { page, digest }).collect())
    }

    async fn known_pages(&self, institution: &str) -> Result<Vec<KeptPage>, StoreError> {
        let rows = sqlx::query_as::<_, PageRow>(
            "SELECT page, revision, reference, reference_digest, reference_at, latest, latest_digest, latest_at, distance
             FROM known_pages WHERE institution_id = $1 ORDER BY page",
        );
        let rows = rows.bind(institution.to_owned()).fetch_all(&self.read).await;
        rows.map_err(failed("list known pages"))?.into_iter().map(PageRow::read).collect()
    }

    async fn note_pages(&self, institution: &str, pages: &[PageNote], at: Timestamp) -> Result<(), StoreError> {
        let day = at.to_zoned(TimeZone::UTC).date().to_string();
        let mut tx = self.begin().await?;
        // In one order, so that two runs that saw the same pages never wait for each other.
        let mut pages: Vec<&PageNote> = pages.iter().collect();
        pages.sort_by(|one, other| one.page.cmp(&other.page));
        for note in pages {
            keep(&mut tx, institution, note, at).await?;
            let distance = i64::from(note.distance.thousandths());
            sqlx::query(
                "INSERT INTO page_distances (institution_id, day, page, runs, changed, distance_sum, distance_max)
                 SELECT $1, $2, $3, 1, $4, $5, $5
                 WHERE (SELECT COUNT(*) FROM page_distances WHERE institution_id = $1 AND day = $2) < $6
                 ON CONFLICT (institution_id, day, page) DO UPDATE SET runs = page_distances.runs + 1,
                     changed = page_distances.changed + excluded.changed,
                     distance_sum = page_distances.distance_sum + excluded.distance_sum,
                     distance_max = CASE WHEN page_distances.distance_max < excluded.distance_max
                         THEN excluded.distance_max ELSE page_distances.distance_max END",
            )
            .bind(institution.to_owned())
            .bind(day.clone())
            .bind(note.page.clone())
            .bind(i64::from(distance > 0))
            .bind(distance)
            .bind(PAGES_KEPT)
            .execute(&mut *tx)
            .await
            .map_err(failed("count how far a page is"))?;
        }
        commit(tx).await
    }

    async fn page_days(&self, institution: &str, since: Date) -> Result<Vec<PageDay>, StoreError> {
        let rows = sqlx::query_as::<_, (String, String, i64, i64, i64, i64)>(
            "SELECT page, day, runs, changed, distance_sum, distance_max FROM page_distances
             WHERE institution_id = $1 AND day >= $2 ORDER BY page, day",
        );
        let rows = rows.bind(institution.to_owned()).bind(since.to_string()).fetch_all(&self.read).await;
        let read = |(page, day, runs, changed, sum, most): (String, String, i64, i64, i64, i64)| {
            Ok(PageDay {
                page,
                day: from_word(&day, "day")?,
                runs: runs.unsigned_abs(),
                changed: changed.unsigned_abs(),
                mean: thousandths(sum / runs.max(1)),
                most: thousandths(most),
            })
        };
        rows.map_err(failed("list how far pages are"))?.into_iter().map(read).collect()
    }

    async fn prune_page_days(&self, before: Date, limit: u32) -> Result<u64, StoreError> {
        let pruned = sqlx::query(
            "DELETE FROM page_distances WHERE (institution_id, day, page) IN
                 (SELECT institution_id, day, page FROM page_distances WHERE day < $1 ORDER BY day LIMIT $2)",
        );
        let pruned = pruned.bind(before.to_string()).bind(i64::from(limit)).execute(&self.write).await;
        Ok(pruned.map_err(failed("prune how far pages were"))?.rows_affected())
    }
}
