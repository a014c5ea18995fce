//! What was measured of each institution's references.
//!
//! One row for an institution and source, which every run there adds to: taken as late in
//! a transaction as can be, and left alone once it says nothing new.
//!
//! Not here: what follows from it; `domain::ledger::references` says that.

use domain::ledger::references::ReferenceRecord;
use domain::observation::Source;
use jiff::Timestamp;

use super::{Tx, failed, to_ms};
use crate::store::StoreError;

/// Beyond so many that were kept, more of them say nothing new.
const PLENTY: u64 = 100_000;

/// What was measured before.
pub(super) async fn record(tx: &mut Tx, institution: &str, source: Source) -> Result<ReferenceRecord, StoreError> {
    let row = sqlx::query_as::<_, (i64, i64, Option<i64>)>(
        "SELECT kept, broken, demoted_at FROM reference_records WHERE institution_id = $1 AND source = $2",
    );
    let row = row.bind(institution.to_owned()).bind(source.as_str()).fetch_optional(&mut **tx).await;
    Ok(row.map_err(failed("read what was measured of references"))?.map(read).unwrap_or_default())
}

fn read((kept, broken, demoted_at): (i64, i64, Option<i64>)) -> ReferenceRecord {
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    ReferenceRecord { kept: count(kept), broken: count(broken), demoted: demoted_at.is_some() }
}

/// Adds what a run measured; returns what of it counts. A kind of reference that is found
/// broken raises an alert.
pub(super) async fn add(
    tx: &mut Tx,
    institution: &str,
    source: Source,
    measured: ReferenceRecord,
    now: Timestamp,
) -> Result<ReferenceRecord, StoreError> {
    let before = record(tx, institution, source).await?;
    let is_nothing_new = measured.broken == 0 && (measured.kept == 0 || before.kept >= PLENTY);
    if is_nothing_new {
        return Ok(ReferenceRecord::default());
    }
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row = sqlx::query_as::<_, (i64, i64, Option<i64>)>(
        "INSERT INTO reference_records (institution_id, source, kept, broken) VALUES ($1, $2, $3, $4)
         ON CONFLICT (institution_id, source) DO UPDATE SET
             kept = reference_records.kept + excluded.kept, broken = reference_records.broken + excluded.broken
         RETURNING kept, broken, demoted_at",
    );
    let row = row.bind(institution.to_owned()).bind(source.as_str()).bind(count(measured.kept));
    let row = row.bind(count(measured.broken)).fetch_one(&mut **tx).await;
    let after = read(row.map_err(failed("keep what was measured of references"))?);
    let judged = after.with(ReferenceRecord::default());
    if judged.demoted && !after.demoted {
        sqlx::query("UPDATE reference_records SET demoted_at = $3 WHERE institution_id = $1 AND source = $2")
            .bind(institution.to_owned())
            .bind(source.as_str())
            .bind(to_ms(now))
            .execute(&mut **tx)
            .await
            .map_err(failed("demote references"))?;
        tracing::warn!(
            institution_id = institution,
            source = source.as_str(),
            kept = judged.kept,
            broken = judged.broken,
            "the bank's references don't stay with their transactions; they are not believed any more",
        );
        metrics::counter!("bursar_references_demoted_total", "institution" => institution.to_owned()).increment(1);
    }
    Ok(measured)
}

/// Takes back what a file measured, and that it demoted them.
pub(super) async fn subtract(
    tx: &mut Tx,
    institution: &str,
    source: Source,
    (kept, broken): (i64, i64),
    at: i64,
) -> Result<(), StoreError> {
    // A person may have them measured anew since.
    sqlx::query(
        "UPDATE reference_records SET
             kept = CASE WHEN kept > $3 THEN kept - $3 ELSE 0 END,
             broken = CASE WHEN broken > $4 THEN broken - $4 ELSE 0 END,
             demoted_at = CASE WHEN demoted_at = $5 THEN NULL ELSE demoted_at END
         WHERE institution_id = $1 AND source = $2",
    )
    .bind(institution.to_owned())
    .bind(source.as_str())
    .bind(kept)
    .bind(broken)
    .bind(at)
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("take back what was measured of references"))
}
