//! How complete each reading found an account, and the anchor that the next one is held
//! against.
//!
//! Not here: the checks; `domain::completeness` has them.

use std::collections::BTreeMap;

use domain::completeness::{Anchor, Checked, Completeness, End, Grade, Known, assess};
use domain::id::{AccountId, TransactionId};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Tx, failed, from_json, to_json, to_ms};
use crate::store::{Graded, StoreError};

/// Holds the reading against what is known by now, and keeps what comes of it. `ids` says
/// which transaction each row is, so that a break can be found by a person.
pub(super) async fn keep(
    tx: &mut Tx,
    checked: &Checked<'_>,
    account: AccountId,
    posted: &BTreeMap<Date, Decimal>,
    through: Option<Date>,
    ids: &[Option<TransactionId>],
    now: Timestamp,
) -> Result<Grade, StoreError> {
    let anchor = sqlx::query_scalar::<_, Option<String>>("SELECT anchor FROM accounts WHERE id = $1");
    let anchor = anchor.bind(account.0).fetch_one(&mut **tx).await.map_err(failed("read an account's anchor"))?;
    let anchor: Option<Anchor> = anchor.map(|anchor| from_json(&anchor, "account's anchor")).transpose()?;
    let known = Known { anchor: anchor.as_ref(), posted, through };
    let assessment = assess(&checked.reading(), &known);
    let anchor = assessment.anchor.map(|anchor| to_json(&anchor, "account's anchor")).transpose()?;
    let grade = assessment.completeness.grade;
    let shown = to_json(&graded(assessment.completeness, ids), "account's completeness")?;
    sqlx::query(
        "UPDATE accounts SET anchor = $3, completeness = $2,
             updated_at = CASE WHEN completeness IS DISTINCT FROM $2 THEN $4 ELSE updated_at END
         WHERE id = $1",
    )
    .bind(account.0)
    .bind(shown)
    .bind(anchor)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map_err(failed("keep an account's completeness"))?;
    Ok(grade)
}

/// Names the transactions that a break is between.
fn graded(completeness: Completeness, ids: &[Option<TransactionId>]) -> Graded {
    let id = |end| match end {
        End::Row(row) => usize::try_from(row).ok().and_then(|row| ids.get(row).copied().flatten()),
        End::Edge(_) => None,
    };
    let broken_at = completeness.broken.map_or((None, None), |found| (id(found.between.0), id(found.between.1)));
    Graded { completeness, broken_at }
}

/// Forgets the anchor of an account whose bookings were changed by a person: the next
/// reading sets another.
pub(super) async fn drop_anchor(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET anchor = NULL WHERE id = $1")
        .bind(account.0)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("forget an account's anchor"))
}

/// Reads what is kept.
pub(super) fn read(text: Option<String>) -> Result<Option<Graded>, StoreError> {
    text.map(|text| from_json(&text, "account's completeness")).transpose()
}
