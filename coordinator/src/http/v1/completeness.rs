//! `completeness` of an account: how sure it is that what was read is all there is.
//!
//! Not here: the checks and what a grade means; `domain::completeness` has them.

use domain::completeness::{self, CheckName, Detail, Edge, End, Grade, Outcome};
use domain::id::TransactionId;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::schema;
use crate::store::Graded;

/// How sure it is that what was read of an account is all there is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Completeness {
    #[schema(schema_with = schema::word_with_meanings::<Grade>)]
    grade: Grade,
    /// What was checked, and what came of it.
    checks: Vec<CompletenessCheck>,
    /// The first contradiction; only of a `broken` one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    broken: Option<CompletenessBreak>,
    /// The first day that the proof covers; only of a `proven` one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::date, required = false)]
    proven_from: Option<Date>,
    /// The day of the balance, or else of the newest row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::date, required = false)]
    as_of: Option<Date>,
}

/// One check and what came of it.
#[derive(Serialize, ToSchema)]
struct CompletenessCheck {
    #[schema(schema_with = schema::word_with_meanings::<CheckName>)]
    name: CheckName,
    #[schema(schema_with = schema::word_with_meanings::<Outcome>)]
    outcome: Outcome,
    /// What there is to say of the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word_with_meanings::<Detail>, required = false)]
    detail: Option<Detail>,
}

/// Where things don't fit.
#[derive(Serialize, ToSchema)]
struct CompletenessBreak {
    /// The older side, then the newer.
    #[schema(min_items = 2, max_items = 2)]
    between: Vec<CompletenessEnd>,
    /// The sum of what is missing there, money in positive; of what is too much, its negative.
    #[schema(schema_with = schema::decimal)]
    gap: String,
}

/// One side of a break: a row, or the word of what else it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CompletenessEnd {
    /// Where the row stands in the list as the portal showed it, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    row: Option<u32>,
    /// The transaction that the row is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transaction_id: Option<Uuid>,
    /// What it is in place of a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word_with_meanings::<Edge>, required = false)]
    edge: Option<Edge>,
}

impl From<Graded> for Completeness {
    fn from(graded: Graded) -> Self {
        let Graded { completeness, broken_at } = graded;
        let broken = completeness.broken.map(|broken| CompletenessBreak {
            between: vec![
                CompletenessEnd::of(broken.between.0, broken_at.0),
                CompletenessEnd::of(broken.between.1, broken_at.1),
            ],
            gap: broken.gap.to_string(),
        });
        Self {
            grade: completeness.grade,
            checks: completeness.checks.into_iter().map(CompletenessCheck::from).collect(),
            broken,
            proven_from: completeness.proven_from,
            as_of: completeness.as_of,
        }
    }
}

impl From<completeness::Check> for CompletenessCheck {
    fn from(check: completeness::Check) -> Self {
        Self { name: check.name, outcome: check.outcome, detail: check.detail }
    }
}

impl CompletenessEnd {
    fn of(end: End, id: Option<TransactionId>) -> Self {
        let transaction_id = id.map(|id| id.0);
        match end {
            End::Row(row) => Self { row: Some(row), transaction_id, edge: None },
            End::Edge(edge) => Self { row: None, transaction_id, edge: Some(edge) },
        }
    }
}
