//! `/control/v1/transactions/{transactionId}/explain`.
//!
//! Not here: the sentences (`fleet`), or what an operator can do about it (`decisions`).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::id::TransactionId;
use domain::ledger::references::Trust;
use domain::ledger::{RemovalCause, Rule};
use domain::observation::Source;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::decisions::Decision;
use crate::fleet::{Story, changes, rivals};
use crate::http::App;
use crate::http::body::Ids;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// How a transaction came to be what it is; each part has a sentence for a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Explanation {
    id: Uuid,
    account_id: Uuid,
    /// Where the account is.
    #[schema(required, example = "harbour")]
    institution_id: Option<String>,
    /// What is known of it, as it was read.
    #[schema(schema_with = schema::metadata)]
    transaction: Value,
    /// Its description in the other source, of pages and files.
    #[schema(required)]
    alias: Option<String>,
    first_read: FirstRead,
    /// Why rows were taken for it that were known otherwise, oldest first.
    matches: Vec<Match>,
    /// What operators decided of it, oldest first, with what was taken back.
    decisions: Vec<ToldDecision>,
    absences: Absences,
    /// Why it isn't in the ledger, if it isn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    removed: Option<Removed>,
    latest: Latest,
    references: MeasuredReferences,
}

/// When and where it was first read.
#[derive(Serialize, ToSchema)]
struct FirstRead {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The row, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sighting: Option<Sighting>,
    text: String,
}

/// Where it stands in the latest reading that is kept.
#[derive(Serialize, ToSchema)]
struct Latest {
    /// The row, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sighting: Option<Sighting>,
    text: String,
}

/// A row of a reading.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sighting {
    observation_id: Uuid,
    /// The run that read it; null of a file, and where the reading isn't kept any more.
    #[schema(required)]
    run_id: Option<Uuid>,
    /// The script's revision.
    #[schema(required)]
    revision: Option<String>,
    /// When it was handed in; null where the reading isn't kept any more.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    observed_at: Option<Timestamp>,
    /// Where it stands, from 0.
    row: i64,
    /// Of how many rows.
    #[schema(required)]
    rows: Option<usize>,
    /// What it was read from, where that is kept.
    cells: Vec<Cell>,
}

/// A cell of a page.
#[derive(Serialize, ToSchema)]
struct Cell {
    header: String,
    text: String,
}

/// Why a row was taken for the transaction.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Match {
    /// What a split can name.
    id: Uuid,
    #[schema(schema_with = schema::word_with_meanings::<Rule>)]
    rule: Rule,
    /// How alike the words are.
    #[schema(minimum = 0, maximum = 100)]
    likeness: u32,
    /// How many days later the row is than what was known.
    days: i32,
    /// How far apart both are in the rule's own measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cost: Option<u32>,
    /// What changed, by field.
    changed: BTreeMap<String, Change>,
    /// What the row could also have been; of `keptApart` alone.
    rivals: Vec<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    sighting: Sighting,
    text: String,
}

/// What a field was, and what the row showed.
#[derive(Serialize, ToSchema)]
struct Change {
    /// Null where nothing was known.
    #[schema(required)]
    before: Option<String>,
    /// Null where nothing was shown, absent where the reading isn't kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    after: Option<Option<String>>,
}

/// A decision, from this transaction's side.
#[derive(Serialize, ToSchema)]
struct ToldDecision {
    #[serde(flatten)]
    decision: Decision,
    text: String,
}

/// How many readings in a row should have shown it and didn't.
#[derive(Serialize, ToSchema)]
struct Absences {
    count: u32,
    /// If there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
}

/// Why a transaction isn't in the ledger.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Removed {
    #[schema(schema_with = schema::word_with_meanings::<RemovalCause>)]
    cause: RemovalCause,
    /// What it was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    merged_into: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    text: String,
}

/// What was measured of the references of its institution and source.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeasuredReferences {
    #[schema(schema_with = schema::word::<Source>)]
    source: Source,
    /// How often a row that was shown again had its reference still.
    kept: u64,
    /// How often it had another.
    broken: u64,
    is_trusted: bool,
    text: String,
}

/// Say why a transaction is the one that it is.
#[utoipa::path(get, path = "/transactions/{transactionId}/explain", operation_id = "explainTransaction",
    tag = "Ledger", security(("operator" = [])),
    params(("transactionId" = Uuid, Path, description = "The transaction, in the ledger or removed from it.")),
    responses((status = 200, description = "All that is known of how it came to be.", body = Explanation)))]
pub(in crate::http::control) async fn show(
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Explanation>, Problem> {
    let explanation = app.fleet.store.explanation(TransactionId(id)).await?;
    Ok(Json(Explanation::of(&explanation)))
}

impl Explanation {
    pub(super) fn of(explanation: &store::Explanation) -> Self {
        let story = Story::of(explanation);
        let record = explanation.references;
        Self {
            id: explanation.id.0,
            account_id: explanation.account_id.0,
            institution_id: explanation.institution_id.clone(),
            transaction: serde_json::to_value(&explanation.row).unwrap_or_default(),
            alias: explanation.alias.clone(),
            first_read: FirstRead {
                at: explanation.created_at,
                sighting: explanation.origin.as_ref().map(Sighting::of),
                text: story.first_read,
            },
            matches: explanation.matches.iter().zip(story.matches).map(|(one, text)| Match::of(one, text)).collect(),
            decisions: explanation
                .decisions
                .iter()
                .zip(story.decisions)
                .map(|(one, text)| ToldDecision { decision: one.clone().into(), text })
                .collect(),
            absences: Absences { count: explanation.absences, text: story.absences },
            removed: explanation.removed.as_ref().zip(story.removed).map(|(removed, text)| Removed {
                cause: removed.cause,
                merged_into: removed.merged_into.map(|id| id.0),
                at: removed.at,
                text,
            }),
            latest: Latest { sighting: explanation.latest.as_ref().map(Sighting::of), text: story.latest },
            references: MeasuredReferences {
                source: explanation.source,
                kept: record.kept,
                broken: record.broken,
                is_trusted: record.trust() == Trust::Trusted,
                text: story.references,
            },
        }
    }
}

impl Sighting {
    fn of(sighting: &store::Sighting) -> Self {
        Self {
            observation_id: sighting.observation_id,
            run_id: sighting.run_id.map(|id| id.0),
            revision: sighting.revision.clone(),
            observed_at: sighting.observed_at,
            row: sighting.row,
            rows: sighting.rows,
            cells: sighting
                .cells
                .iter()
                .map(|(header, text)| Cell { header: header.clone(), text: text.clone() })
                .collect(),
        }
    }
}

impl Match {
    fn of(matched: &store::MatchedRow, text: String) -> Self {
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let changed = changes(matched)
            .into_iter()
            .map(|(field, before, after)| (field, Change { before: word(&before), after: after.as_ref().map(word) }));
        let found = &matched.found;
        Self {
            id: found.id,
            rule: found.grounds.rule,
            likeness: found.grounds.likeness,
            days: found.grounds.days,
            cost: found.grounds.cost,
            changed: changed.collect(),
            rivals: rivals(&found.changed).into_iter().map(|id| id.0).collect(),
            at: found.at,
            sighting: Sighting::of(&matched.sighting),
            text,
        }
    }
}
